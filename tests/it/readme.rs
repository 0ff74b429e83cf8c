//! The README: what its console blocks show is what the commands print.

use std::path::Path;
use std::process::Command;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn the_console_blocks_are_true() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    for part in ["jobs", "templates", "schemas"] {
        copy(&repository.join(part), &folder.path().join(part));
    }
    std::fs::copy(repository.join("platy.yaml"), folder.path().join("platy.yaml")).unwrap();
    let readme = std::fs::read_to_string(repository.join("README.md")).unwrap();
    let blocks: Vec<_> =
        readme.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 4, "the README shows the tool at work");
    for block in blocks {
        let (command, shown) = block.split_once('\n').unwrap();
        let mut words = command.trim_start_matches("$ ").split(' ');
        assert_eq!(words.next(), Some("platy-manage"), "{command}");
        // As on a terminal both streams appear together; a shell puts them into one.
        let script = format!("exec \"$0\" {} 2>&1", words.collect::<Vec<_>>().join(" "));
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_platy-manage")])
            .current_dir(folder.path())
            .env_remove("CLICOLOR_FORCE")
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), shown, "{command}");
    }
}
