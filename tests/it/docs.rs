//! The documentation: generated pages are current, and no link leads nowhere.

use std::path::{Path, PathBuf};

use platy_manage::cli::reference;
use platy_manage::diagnostic::catalog;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// `docs/commands.md` is what the command line declares; `UPDATE_DOCS=1` writes it.
#[test]
fn the_page_of_commands_is_current() {
    let path = repository().join("docs/commands.md");
    let page = reference::markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/commands.md is not current: run the tests with UPDATE_DOCS=1");
}

#[test]
fn every_page_that_a_finding_names_exists() {
    for code in catalog::all() {
        for word in code.origin.split([' ', ',', '#']).filter(|word| word.starts_with("docs/")) {
            assert!(repository().join(word).is_file(), "{} names {word}", code.id);
        }
    }
}

#[test]
fn no_link_leads_nowhere() {
    let mut pages = vec![repository().join("README.md"), repository().join("CONTRIBUTING.md")];
    pages.extend(std::fs::read_dir(repository().join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    for page in pages.iter().filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        let text = std::fs::read_to_string(page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.contains(' ') {
                continue;
            }
            let target = page.parent().unwrap_or(Path::new("")).join(file);
            assert!(target.exists(), "{}: {link}", page.display());
        }
    }
}
