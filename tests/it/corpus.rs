//! Where what a real Nomad says was recorded; see the README there.

use std::path::{Path, PathBuf};

/// The corpus, or `None` after saying that the test is skipped.
pub fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("PLATY_NOMAD_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/nomad"), PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    crate::corpus::skipped(format_args!("no Nomad corpus at {} (set PLATY_NOMAD_CORPUS)", path.display()));
    None
}

/// The files of a folder of the corpus with this extension, sorted.
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    files
}

/// The objects of a file with one a line.
pub fn lines(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Says that a test is skipped, and why, so that it is seen: the test runner keeps what `eprintln!`
/// says of a test that passes to itself.
pub fn skipped(why: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}
