//! `logs` on a real Nomad, through the binary: the bytes as they are, and logs that are followed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::agent;
use crate::e2e::{Project, sleeper};

const STAGE: &str = "--stage=real";

/// Nobody listens there: no event is waited for.
const NO_SINK: &str = "http://127.0.0.1:1/events";

/// A server that runs this before it sleeps.
fn printer(script: &str, more: &str) -> String {
    sleeper("server", "raw_exec", more).replace("exec sleep 600", &format!("{script}; exec sleep 600"))
}

/// `logs -f` that runs, and what it has written so far.
struct Follower {
    child: Child,
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Vec<u8>>>,
}

impl Follower {
    fn start(project: &Project, name: &str, more: &[&str]) -> Self {
        let mut child = project.start(&[&["logs", name, STAGE, "-f"], more].concat());
        let stdout = gather(child.stdout.take().unwrap());
        let stderr = gather(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout.lock().unwrap()).into_owned()
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().unwrap()).into_owned()
    }

    #[track_caller]
    fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            if began.elapsed() > Duration::from_secs(60) {
                let _ = self.child.kill();
                panic!("{what} never came\nstdout:\n{}\nstderr:\n{}", self.text(), self.said());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    #[track_caller]
    fn shows(&mut self, text: &str) {
        self.until(text, |follower| follower.text().contains(text));
    }

    #[track_caller]
    fn ends(&mut self, code: i32) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > Duration::from_secs(60) {
                let _ = self.child.kill();
                panic!("the log is followed on\nstdout:\n{}\nstderr:\n{}", self.text(), self.said());
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(status.code(), Some(code), "{}\n{}", self.text(), self.said());
    }
}

fn gather(mut from: impl Read + Send + 'static) -> Arc<Mutex<Vec<u8>>> {
    let all: Arc<Mutex<Vec<u8>>> = Arc::default();
    let into = all.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            into.lock().unwrap().extend_from_slice(&buffer[..read]);
        }
    });
    all
}

/// The lines came out of place, and as text, where the last one had no line break or was not UTF-8.
#[test]
fn a_log_is_shown_byte_for_byte() {
    let Some(agent) = agent::shared() else { return };
    let project = Project::new(&agent.address, NO_SINK);
    project.job("raw", &printer(r"printf 'one\\r\\n\\377\\376\\r\\nlast'", ""));
    project.ends(0, &["create", "raw", STAGE]);
    let show = |more: &[&str]| project.run(&[&["logs", "raw", STAGE][..], more].concat()).stdout;
    assert_eq!(show(&[]), b"one\r\n\xff\xfe\r\nlast");
    assert_eq!(show(&["-n", "1"]), b"last");
    assert_eq!(show(&["-n", "2"]), b"\xff\xfe\r\nlast");
    assert_eq!(show(&["-n", "0"]), b"");
    let json: Value = serde_json::from_slice(&show(&["-n", "2", "--format=json"])).unwrap();
    assert_eq!(json["logs"][0]["lines"], serde_json::json!(["\u{fffd}\u{fffd}", "last"]));
    for (lines, bytes) in [("1", &b"last"[..]), ("2", b"\xff\xfe\r\nlast"), ("9", b"one\r\n\xff\xfe\r\nlast")]
    {
        let mut follower = Follower::start(&project, "raw", &["-n", lines]);
        follower.until("the end of the log", |follower| *follower.stdout.lock().unwrap() == bytes);
        // Ctrl-C ends it, as a signal does.
        let id = follower.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        follower.ends(130);
        assert_eq!(*follower.stdout.lock().unwrap(), bytes);
    }
    project.ends(0, &["stop", "raw", STAGE, "--yes", "--purge"]);
}

#[test]
fn allocations_that_come_later_are_followed_until_the_job_is_stopped() {
    let Some(agent) = agent::shared() else { return };
    let project = Project::new(&agent.address, NO_SINK);
    let update = |word: &str| printer(&format!("echo word {word}; printf rest"), "");
    project.job("relay", &update("one"));
    project.ends(0, &["create", "relay", STAGE]);
    let mut follower = Follower::start(&project, "relay", &[]);
    let mut json = Follower::start(&project, "relay", &["--format=json"]);
    follower.shows("word one\nrest");
    project.job("relay", &update("two"));
    project.ends(0, &["update", "relay", STAGE]);
    follower.shows(" relay  word two\n");
    project.ends(0, &["restart", "relay", STAGE]);
    follower.shows("restword two\n");
    project.ends(0, &["stop", "relay", STAGE, "--yes"]);
    follower.ends(0);
    json.ends(0);
    let text = follower.text();
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(text.starts_with("word one\nrest\n"), "{text}");
    let said = follower.said();
    assert!(said.contains("version 1 has begun") && said.contains(": has ended"), "{said}");
    assert!(said.contains("relay is stopped: that is all"), "{said}");
    let lines: Vec<Value> = json.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 5, "{}", json.text());
    let line = |i: usize| (lines[i]["task"].as_str().unwrap(), lines[i]["line"].as_str().unwrap());
    assert!((0..5).any(|i| line(i) == ("relay", "word two")), "{lines:?}");
    assert_eq!((line(0), &lines[0]["stream"]), (("relay", "word one"), &"stdout".into()));
    assert_ne!(lines[0]["allocation"], lines[4]["allocation"]);
    // Of what is stopped the end is shown, and nothing is waited for.
    let mut follower = Follower::start(&project, "relay", &["-n", "1"]);
    follower.ends(0);
    assert_eq!(follower.text(), "rest");
    project.ends(0, &["stop", "relay", STAGE, "--yes", "--purge"]);
}

/// Passes connections on to an agent until they are cut.
struct Proxy {
    address: String,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    fn start(agent: &str) -> Self {
        let agent = agent.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let open: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let all = open.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(&agent) else { continue };
                all.lock().unwrap().extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
                pass(near.try_clone().unwrap(), far.try_clone().unwrap());
                pass(far, near);
            }
        });
        Self { address, open }
    }

    /// Cuts all connections.
    fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}

#[test]
fn a_broken_stream_goes_on_where_it_broke() {
    let Some(agent) = agent::shared() else { return };
    let proxy = Proxy::start(&agent.address);
    let project = Project::new(&proxy.address, NO_SINK);
    // Lines that are all alike would hide what is lost or shown twice.
    let count = "i=0; while [ $i -lt 150 ]; do i=$((i+1)); echo $i; sleep 0.05; done";
    project.job("counter", &printer(count, ""));
    project.ends(0, &["create", "counter", STAGE, "--detach"]);
    let mut follower = Follower::start(&project, "counter", &["-n", "1000"]);
    for last in ["\n10\n", "\n40\n", "\n80\n"] {
        follower.shows(last);
        proxy.cut();
    }
    follower.shows("\n150\n");
    project.ends(0, &["stop", "counter", STAGE, "--yes", "--purge"]);
    follower.ends(0);
    let expected: String = (1..=150).map(|i| format!("{i}\n")).collect();
    assert_eq!(follower.text(), expected, "{}", follower.said());
    assert!(follower.said().contains("the stream broke off, and is opened again"), "{}", follower.said());
}
