//! The monitoring wrapper, run by real shells against real, dead and hanging sinks.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/inject/wrapper.sh");

/// The shells that the wrapper must work in; a missing one is skipped visibly.
const SHELLS: &[&[&str]] = &[&["dash"], &["bash"], &["busybox", "ash"]];

fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn for_each_shell(test: impl Fn(&[&str]) + Sync) {
    thread::scope(|scope| {
        for shell in SHELLS {
            if which(shell[0]).is_none() {
                crate::corpus::skipped(format_args!("no `{}` here", shell[0]));
                continue;
            }
            let test = &test;
            thread::Builder::new().name(shell.join(" ")).spawn_scoped(scope, move || test(shell)).unwrap();
        }
    });
}

/// What a sink does with a request.
#[derive(Clone, Copy)]
enum Manner {
    Answers,
    Refuses,
    Hangs,
}

/// An HTTP server that keeps the events it was sent.
struct Sink {
    url: String,
    events: Arc<Mutex<Vec<Value>>>,
}

impl Sink {
    fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let events = Arc::new(Mutex::new(Vec::new()));
        let kept = events.clone();
        thread::spawn(move || {
            let mut hanging = Vec::new();
            for stream in listener.incoming().flatten() {
                match manner {
                    Manner::Hangs => hanging.push(stream),
                    _ => serve(stream, manner, &kept),
                }
            }
        });
        Self { url, events }
    }

    fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap().clone()
    }

    fn types(&self) -> Vec<String> {
        self.events().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }
}

fn serve(stream: TcpStream, manner: Manner, events: &Mutex<Vec<Value>>) {
    let mut reader = BufReader::new(stream);
    let (mut length, mut kind, mut first) = (0, String::new(), String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end();
        if first.is_empty() {
            first = line.to_owned();
        }
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            match name.to_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "content-type" => kind = value.to_owned(),
                _ => {}
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    assert_eq!(first, "POST /events HTTP/1.1");
    assert_eq!(kind, "application/cloudevents+json");
    let answer = if matches!(manner, Manner::Answers) {
        events.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    } else {
        "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    };
    let _ = reader.get_mut().write_all(answer.as_bytes());
}

/// A task: its folders and its environment.
struct Task {
    folder: tempfile::TempDir,
}

impl Task {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["alloc", "task/local", "bin"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The wrapper in this shell, in the environment that Nomad and the passes give a task.
    fn command(&self, shell: &[&str], url: &str, command: &[&str]) -> Command {
        let mut wrapper = Command::new(which(shell[0]).unwrap());
        wrapper.args(&shell[1..]).arg(SCRIPT).args(command);
        wrapper
            .env_remove("http_proxy")
            .env("NOMAD_ALLOC_DIR", self.path("alloc"))
            .env("NOMAD_TASK_DIR", self.path("task/local"))
            .env("NOMAD_ALLOC_ID", "5fc98185-17ff-26bc-a802-0c74fa471c99")
            .env("NOMAD_TASK_NAME", "main")
            .env("NOMAD_NAMESPACE", "default")
            .env("NOMAD_JOB_ID", "nightly-prod/periodic-1700000000")
            .env("PLATY_JOB", "nightly")
            .env("PLATY_JOB_KEY", "bb/cbp/prod/nightly")
            .env("PLATY_STAGE", "prod")
            .env("PLATY_CLUSTER", "bb")
            .env("PLATY_USER", "cbp")
            .env("PLATY_BUILD", "ABC123")
            .env("PLATY_EVENTS_URL", url)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        wrapper
    }

    /// The events that could not be sent.
    fn kept(&self) -> Vec<Value> {
        let Ok(entries) = std::fs::read_dir(self.path("alloc/platy/events")) else { return Vec::new() };
        let mut kept: Vec<Value> = entries
            .map(|entry| serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap())
            .collect();
        kept.sort_by_key(|event: &Value| event["id"].to_string());
        kept
    }

    /// A folder for PATH that has these programs and no other.
    fn tools(&self, programs: &[&str]) -> PathBuf {
        let folder = self.path("bin");
        for program in programs {
            if let Some(file) = which(program) {
                std::os::unix::fs::symlink(file, folder.join(program)).unwrap();
            }
        }
        folder
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Reads the first line that the command prints.
fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    let mut byte = [0];
    let stdout = child.stdout.as_mut().unwrap();
    while stdout.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {
        line.push(char::from(byte[0]));
    }
    line
}

#[test]
fn a_task_that_succeeds_is_reported() {
    for_each_shell(|shell| {
        let (task, sink) = (Task::new(), Sink::new(Manner::Answers));
        let output = task.command(shell, &sink.url, &["sh", "-c", "sleep 0.2"]).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
        assert_eq!(sink.types(), ["platy.job.started", "platy.job.succeeded"]);
        let event = &sink.events()[1];
        for (path, expected) in [
            ("/specversion", "1.0"),
            ("/id", "5fc98185-17ff-26bc-a802-0c74fa471c99.main.1.succeeded"),
            ("/source", "/platy/bb/default/nightly"),
            ("/subject", "bb/cbp/prod/nightly"),
            ("/datacontenttype", "application/json"),
            ("/data/job", "nightly"),
            ("/data/stage", "prod"),
            ("/data/cluster", "bb"),
            ("/data/namespace", "default"),
            ("/data/user", "cbp"),
            ("/data/run", "nightly-prod/periodic-1700000000"),
            ("/data/allocation", "5fc98185-17ff-26bc-a802-0c74fa471c99"),
            ("/data/task", "main"),
            ("/data/build", "ABC123"),
        ] {
            assert_eq!(event.pointer(path).and_then(Value::as_str), Some(expected), "{path} in {event}");
        }
        assert!(event["data"]["owner"].is_null() && event["data"]["signal"].is_null());
        assert_eq!(
            (event["data"]["attempt"].as_i64(), event["data"]["exit_code"].as_i64()),
            (Some(1), Some(0))
        );
        let duration = event["data"]["duration_ms"].as_i64().unwrap();
        assert!((190..5000).contains(&duration), "{duration}");
        event["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert!(!event["data"]["host"].as_str().unwrap().is_empty());
        assert_eq!(task.kept().len(), 0);
    });
}

#[test]
fn a_task_that_fails_is_reported_and_keeps_its_exit_code() {
    for_each_shell(|shell| {
        let (task, sink) = (Task::new(), Sink::new(Manner::Answers));
        for attempt in 1..=2 {
            let output = task.command(shell, &sink.url, &["sh", "-c", "exit 7"]).output().unwrap();
            assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(7), ""));
            let event = sink.events().pop().unwrap();
            assert_eq!(event["type"], "platy.job.failed");
            assert_eq!(event["data"]["exit_code"], 7);
            assert_eq!(event["data"]["attempt"], attempt, "a restart in the same allocation is counted");
        }
        let output = task.command(shell, &sink.url, &["no-such-program"]).output().unwrap();
        assert_eq!(output.status.code(), Some(127));
    });
}

#[test]
fn any_text_is_escaped_as_json() {
    for_each_shell(|shell| {
        let (task, sink) = (Task::new(), Sink::new(Manner::Answers));
        let odd = "a \"b\" \\ c\\n\nd\te\rf\u{1}\u{1b}\u{7f}é€😀%s$(x)`y`${z}'*?[a]";
        let output = task.command(shell, &sink.url, &["true"]).env("PLATY_OWNER", odd).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
        assert_eq!(sink.events()[0]["data"]["owner"], odd);
    });
}

#[test]
fn input_output_arguments_and_environment_pass_through() {
    for_each_shell(|shell| {
        let (task, sink) = (Task::new(), Sink::new(Manner::Answers));
        let script = "cat; printf '%s|' \"$@\"; printf '%s' \"$url $status $IFS_TEST\" >&2";
        let mut wrapper =
            task.command(shell, &sink.url, &["sh", "-c", script, "sh", "a b", "", "*", "-l", "$x\n"]);
        wrapper.env("url", "mine").env("status", "too").stdin(Stdio::piped());
        let mut child = wrapper.spawn().unwrap();
        let input: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let mut stdin = child.stdin.take().unwrap();
        let copy = input.clone();
        let writer = thread::spawn(move || stdin.write_all(&copy).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.stdout.starts_with(&input));
        assert_eq!(&output.stdout[input.len()..], b"a b||*|-l|$x\n|");
        assert_eq!(stderr(&output), "mine too ");
    });
}

#[test]
fn signals_reach_the_command() {
    for_each_shell(|shell| {
        for (name, code) in [("TERM", 143), ("INT", 130)] {
            let (task, sink) = (Task::new(), Sink::new(Manner::Answers));
            // One that handles it, as a server does.
            let script = format!("trap 'echo caught; exit 9' {name}; echo up; while :; do sleep 0.1; done");
            let mut child = task.command(shell, &sink.url, &["sh", "-c", &script]).spawn().unwrap();
            assert_eq!(first_line(&mut child), "up");
            signal(&child, name);
            let output = child.wait_with_output().unwrap();
            assert_eq!(
                (output.status.code(), &*output.stdout, &*stderr(&output)),
                (Some(9), &b"caught\n"[..], "")
            );
            // One that it kills.
            let mut child =
                task.command(shell, &sink.url, &["sh", "-c", "echo up; exec sleep 30"]).spawn().unwrap();
            assert_eq!(first_line(&mut child), "up");
            thread::sleep(Duration::from_millis(100));
            signal(&child, name);
            let output = child.wait_with_output().unwrap();
            assert_eq!((output.status.code(), &*stderr(&output)), (Some(code), ""), "{name}");
            let event = sink.events().pop().unwrap();
            assert_eq!((&event["data"]["exit_code"], &event["data"]["signal"]), (&code.into(), &name.into()));
        }
    });
}

#[test]
fn a_command_that_does_not_stop_is_killed_and_reported() {
    for_each_shell(|shell| {
        let (task, sink) = (Task::new(), Sink::new(Manner::Answers));
        let script = "trap '' TERM; echo up; while :; do sleep 0.1; done";
        let mut child = task
            .command(shell, &sink.url, &["sh", "-c", script])
            .env("PLATY_KILL_SIGNAL", "TERM")
            .env("PLATY_KILL_AFTER", "1.0")
            .spawn()
            .unwrap();
        assert_eq!(first_line(&mut child), "up");
        let stopped = Instant::now();
        signal(&child, "TERM");
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*stderr(&output)), (Some(137), ""));
        assert!((900..3000).contains(&stopped.elapsed().as_millis()), "{:?}", stopped.elapsed());
        let event = sink.events().pop().unwrap();
        assert_eq!((&event["type"], &event["data"]["signal"]), (&"platy.job.failed".into(), &"KILL".into()));
    });
}

#[test]
fn int_ends_the_command_where_nothing_undoes_that_shells_ignore_it() {
    for_each_shell(|shell| {
        let (task, sink) = (Task::new(), Sink::new(Manner::Answers));
        // An `env` as on Alpine, which cannot reset signals.
        let tools = task.tools(&["sh", "sleep", "date", "uname", "mkdir", "curl", "rm", "kill"]);
        std::fs::write(tools.join("env"), "#!/bin/sh\nexit 125\n").unwrap();
        make_executable(&tools.join("env"));
        let mut child = task
            .command(shell, &sink.url, &["sh", "-c", "echo up; exec sleep 30"])
            .env("PATH", &tools)
            .spawn()
            .unwrap();
        assert_eq!(first_line(&mut child), "up");
        thread::sleep(Duration::from_millis(100));
        signal(&child, "INT");
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*stderr(&output)), (Some(130), ""));
        assert_eq!(sink.events().pop().unwrap()["data"]["signal"], "INT");
    });
}

fn make_executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_dead_sink_changes_nothing_and_events_are_kept() {
    for_each_shell(|shell| {
        let task = Task::new();
        // A port on which nothing listens any more.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}/events");
        let started = Instant::now();
        let output = task.command(shell, &url, &["sh", "-c", "echo out; exit 3"]).output().unwrap();
        assert!(started.elapsed() < Duration::from_secs(2));
        assert_eq!((output.status.code(), &*output.stdout, &*stderr(&output)), (Some(3), &b"out\n"[..], ""));
        let kept = task.kept();
        assert_eq!(kept.len(), 2);
        assert_eq!(kept[0]["type"], "platy.job.failed");
        assert_eq!(kept[1]["type"], "platy.job.started");
    });
}

#[test]
fn a_refusing_sink_changes_nothing_and_events_are_kept() {
    for_each_shell(|shell| {
        let (task, sink) = (Task::new(), Sink::new(Manner::Refuses));
        let output = task.command(shell, &sink.url, &["true"]).output().unwrap();
        assert_eq!((output.status.code(), &*stderr(&output)), (Some(0), ""));
        assert_eq!(task.kept().len(), 2);
    });
}

#[test]
fn a_hanging_sink_delays_the_start_and_the_end_within_bounds() {
    for_each_shell(|shell| {
        for client in ["curl", "wget"] {
            if which(client).is_none() {
                crate::corpus::skipped(format_args!("no `{client}` here"));
                continue;
            }
            let (task, sink) = (Task::new(), Sink::new(Manner::Hangs));
            let tools = task.tools(&["sh", "sleep", "date", "uname", "mkdir", "rm", "env", client]);
            let began = Instant::now();
            let mut child = task
                .command(shell, &sink.url, &["sh", "-c", "echo up; exit 4"])
                .env("PATH", &tools)
                .spawn()
                .unwrap();
            assert_eq!(first_line(&mut child), "up");
            let start = began.elapsed();
            let output = child.wait_with_output().unwrap();
            let end = began.elapsed() - start;
            assert!(start <= Duration::from_secs(2), "the start took {start:?} with {client}");
            assert!(end <= Duration::from_secs(5), "the end took {end:?} with {client}");
            assert_eq!((output.status.code(), &*stderr(&output)), (Some(4), ""));
            assert_eq!(task.kept().len(), 2);
        }
    });
}

#[test]
fn a_task_that_is_stopped_while_it_starts_does_not_run() {
    for_each_shell(|shell| {
        let (task, sink) = (Task::new(), Sink::new(Manner::Hangs));
        let child = task.command(shell, &sink.url, &["sh", "-c", "echo ran"]).spawn().unwrap();
        thread::sleep(Duration::from_millis(400));
        signal(&child, "TERM");
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*output.stdout, &*stderr(&output)), (Some(143), &b""[..], ""));
        assert_eq!(task.kept().iter().filter(|event| event["type"] == "platy.job.failed").count(), 1);
    });
}

#[test]
fn wget_does_where_there_is_no_curl() {
    if which("wget").is_none() {
        crate::corpus::skipped(format_args!("no `wget` here"));
        return;
    }
    for_each_shell(|shell| {
        let (task, sink) = (Task::new(), Sink::new(Manner::Answers));
        let tools = task.tools(&["true", "sleep", "date", "uname", "mkdir", "rm", "wget"]);
        let output = task.command(shell, &sink.url, &["true"]).env("PATH", &tools).output().unwrap();
        assert_eq!((output.status.code(), &*stderr(&output)), (Some(0), ""));
        assert_eq!(sink.types(), ["platy.job.started", "platy.job.succeeded"]);
        assert_eq!(task.kept().len(), 0);
    });
}

#[test]
fn without_a_client_events_are_lines_on_stderr() {
    for_each_shell(|shell| {
        let task = Task::new();
        let tools = task.tools(&["true", "date", "uname", "mkdir"]);
        let url = "http://127.0.0.1:9/";
        let output = task.command(shell, url, &["true"]).env("PATH", &tools).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let events: Vec<Value> =
            stderr(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events.len(), 2);
        assert_eq!(events[1]["type"], "platy.job.succeeded");
    });
}

#[test]
fn a_folder_that_cannot_be_written_changes_nothing() {
    for_each_shell(|shell| {
        let (task, sink) = (Task::new(), Sink::new(Manner::Answers));
        let output = task
            .command(shell, &sink.url, &["sh", "-c", "exit 5"])
            .env("NOMAD_ALLOC_DIR", "/proc/nothing/here")
            .output()
            .unwrap();
        assert_eq!((output.status.code(), &*stderr(&output)), (Some(5), ""));
        assert_eq!(sink.types(), ["platy.job.started", "platy.job.failed"]);
    });
}

#[test]
fn commands_are_looked_up_as_the_exec_drivers_do() {
    for_each_shell(|shell| {
        let (task, sink) = (Task::new(), Sink::new(Manner::Answers));
        // An artifact: in the task's folder, and not executable.
        std::fs::write(task.path("task/local/app"), "#!/bin/sh\necho app \"$1\"\n").unwrap();
        let output = task.command(shell, &sink.url, &["-l", "app", "x y"]).output().unwrap();
        assert_eq!(
            (output.status.code(), &*output.stdout, &*stderr(&output)),
            (Some(0), &b"app x y\n"[..], "")
        );
        let output = task.command(shell, &sink.url, &["-l", "local/app", "z"]).output().unwrap();
        assert_eq!(&*output.stdout, b"app z\n");
        let output = task.command(shell, &sink.url, &["-l", "echo", "path"]).output().unwrap();
        assert_eq!(&*output.stdout, b"path\n");
    });
}

#[test]
fn children_of_others_are_reaped_as_process_one() {
    let unshare = |command: &[&str]| {
        let mut all = Command::new("unshare");
        all.args(["--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]).args(command);
        all
    };
    if !unshare(&["true"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        crate::corpus::skipped(format_args!("no `unshare` with a process namespace here"));
        return;
    }
    for_each_shell(|shell| {
        let task = Task::new();
        // Orphans that end while the command runs; zombies have state Z.
        let script = "for i in 1 2 3; do (sleep 0.2 &); done; sleep 0.6; \
                      cat /proc/[0-9]*/stat | grep -c ') Z '; exit 6";
        let inner = task.command(shell, "", &["sh", "-c", script]);
        let arguments: Vec<String> = std::iter::once(inner.get_program())
            .chain(inner.get_args())
            .map(|argument| argument.to_str().unwrap().to_owned())
            .collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = unshare(&arguments).env("NOMAD_ALLOC_DIR", task.path("alloc")).output().unwrap();
        assert_eq!((output.status.code(), &*output.stdout), (Some(6), &b"0\n"[..]), "{}", stderr(&output));
    });
}

#[test]
fn the_script_holds_nothing_that_a_nomad_template_would_take_for_its_own() {
    let script = std::fs::read_to_string(SCRIPT).unwrap();
    assert!(!script.contains("{{"), "Nomad would render this as a template");
}
