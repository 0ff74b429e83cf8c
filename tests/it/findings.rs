//! The codes of findings: each means one thing, and the page of them is current.

use std::collections::BTreeMap;
use std::path::Path;

use platy_manage::diagnostic::catalog;

#[test]
fn no_code_is_used_twice() {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for code in catalog::all() {
        assert!(code.id.len() == 5 && code.id.starts_with('P'), "{}", code.id);
        if let Some(other) = seen.insert(code.id, code.title) {
            panic!("{} means two things: {other}; {}", code.id, code.title);
        }
    }
}

/// `docs/findings.md` is what the declarations say; `UPDATE_DOCS=1` writes it.
#[test]
fn the_page_of_findings_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings.md");
    let page = catalog::markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/findings.md is not current: run the tests with UPDATE_DOCS=1");
}
