//! Where what a real Nomad says was recorded; see the README there.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The corpus, or `None` after saying that the test is skipped.
pub fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("PLATY_NOMAD_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/nomad"), PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: no Nomad corpus at {} (set PLATY_NOMAD_CORPUS)", path.display());
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

/// A real Nomad: `PLATY_NOMAD`, or `nomad` on the `PATH`; `None` after saying that the test is
/// skipped.
pub fn nomad() -> Option<PathBuf> {
    let nomad = std::env::var_os("PLATY_NOMAD").map_or_else(|| PathBuf::from("nomad"), PathBuf::from);
    if Command::new(&nomad).arg("version").output().is_ok_and(|output| output.status.success()) {
        return Some(nomad);
    }
    eprintln!("skipped: no nomad binary (set PLATY_NOMAD)");
    None
}
