//! A project in a folder of its own, and the real binary run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
use tempfile::TempDir;

/// The binary in a temporary project.
pub struct Cli {
    folder: TempDir,
    /// What the output shows as `[ADDRESS]`.
    address: String,
}

/// What a run printed, and its exit code.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Panics with all that was printed unless this is the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Panics with all that was printed unless stdout or stderr has this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "no `{text}` in\nstdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// The result as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stdout))
    }
}

impl Cli {
    /// A project with these files.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let cli = Self { folder: tempfile::tempdir().unwrap(), address: String::new() };
        std::fs::create_dir(cli.root()).unwrap();
        for (path, text) in files {
            cli.write(path, text);
        }
        cli
    }

    /// A copy of a folder; `[ADDRESS]` in its platy.yaml becomes the address.
    pub fn copy_of(folder: &Path, address: &str) -> Self {
        let cli = Self { address: address.to_owned(), ..Self::new(&[]) };
        copy(folder, &cli.root());
        let file = cli.root().join("platy.yaml");
        if let Ok(text) = std::fs::read_to_string(&file) {
            std::fs::write(file, text.replace("[ADDRESS]", address)).unwrap();
        }
        cli
    }

    /// The folder of the project.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Writes a file of the project.
    pub fn write(&self, path: &str, text: &str) {
        let file = self.root().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// The binary in the project, with an environment that says nothing.
    pub fn command(&self) -> Command {
        let mut command = Command::cargo_bin("platy-manage").unwrap();
        self.quiet(&mut command);
        command
    }

    fn quiet(&self, command: &mut Command) {
        command.current_dir(self.root()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs([("NO_COLOR", "1"), ("USER", "tester"), ("GIT_CONFIG_NOSYSTEM", "1")]);
        command.env("HOME", self.folder.path());
        // The projects of the cases are in no repository, wherever the temporary folder is.
        command.env("GIT_CEILING_DIRECTORIES", self.folder.path());
    }

    /// Runs the binary with these arguments, which are split at blanks.
    pub fn run(&self, line: &str) -> Run {
        let mut command = self.command();
        command.args(line.split_whitespace());
        self.finish(command.output().unwrap())
    }

    /// Takes apart what a command gave.
    pub fn finish(&self, output: Output) -> Run {
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            let text = text.replace(&self.root().display().to_string(), "[PROJECT]");
            if self.address.is_empty() { text } else { text.replace(&self.address, "[ADDRESS]") }
        };
        let code = output.status.code().expect("the process ended by itself");
        Run { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// A run as the cases write it down.
    pub fn transcript(&self, line: &str) -> String {
        let run = self.run(line);
        let part = |name: &str, text: &str| {
            let text = text.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>();
            if text.is_empty() { text } else { format!("--- {name}\n{text}") }
        };
        format!(
            "$ platy-manage {line}\n{}{}--- exit code {}\n",
            part("stdout", &run.stdout),
            part("stderr", &run.stderr),
            run.code
        )
    }

    /// Runs git in the project; gives what it printed.
    #[track_caller]
    pub fn git(&self, line: &str) -> String {
        let mut command = Command::new("git");
        self.quiet(&mut command);
        command.args(["-c", "user.name=Tester", "-c", "user.email=tester@example.com"]);
        let run = self.finish(command.args(line.split_whitespace()).output().unwrap()).exits(0);
        run.stdout.trim().to_owned()
    }

    /// Puts the project into a repository whose branch `main` is pushed to an upstream.
    pub fn push_to_upstream(&self) {
        self.write(".gitignore", ".platy/\n");
        self.git("init --quiet --bare --initial-branch=main ../upstream.git");
        self.git("init --quiet --initial-branch=main");
        self.git("add -A");
        self.git("commit --quiet -m Start");
        self.git("remote add origin ../upstream.git");
        self.git("push --quiet -u origin main");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else if name != "cmd" && name != "expected" {
            std::fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}
