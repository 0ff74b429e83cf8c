//! `exec` with a terminal, on a real Nomad: the test sits at the other end of it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::agent;
use crate::e2e::{Project, sleeper};

const STAGE: &str = "--stage=real";

/// `exec` on a terminal of its own.
struct Session {
    child: Child,
    keys: File,
    /// The other end, as the command left it.
    terminal: OwnedFd,
    shown: Arc<Mutex<Vec<u8>>>,
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

impl Session {
    fn start(project: &Project, command: &[&str]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let terminal = rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&master, size(33, 77)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_platy-manage"))
            .args([&["exec", "shell", STAGE, "--"], command].concat())
            .current_dir(project.folder.path())
            .stdin(terminal.try_clone().unwrap())
            .stdout(terminal.try_clone().unwrap())
            .stderr(terminal.try_clone().unwrap())
            .spawn()
            .unwrap();
        let keys = File::from(master);
        let shown: Arc<Mutex<Vec<u8>>> = Arc::default();
        let (mut from, into) = (keys.try_clone().unwrap(), shown.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = from.read(&mut buffer) {
                into.lock().unwrap().extend_from_slice(&buffer[..read]);
            }
        });
        Self { child, keys, terminal, shown }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    #[track_caller]
    fn shows(&mut self, text: &str) {
        let began = Instant::now();
        while !self.text().contains(text) {
            if began.elapsed() > Duration::from_secs(30) {
                let _ = self.child.kill();
                panic!("no `{text}` in {}", self.text());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    #[track_caller]
    fn ends(mut self, code: i32) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > Duration::from_secs(30) {
                let _ = self.child.kill();
                panic!("it goes on: {}", self.text());
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(status.code(), Some(code), "{}", self.text());
        // The terminal is as it was: it shows what is typed.
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG), "{modes:?}");
    }
}

#[test]
fn a_command_has_our_terminal() {
    let Some(agent) = agent::shared() else { return };
    let project = Project::new(&agent.address, "http://127.0.0.1:1/events");
    project.job("shell", &sleeper("server", "raw_exec", ""));
    project.ends(0, &["create", "shell", STAGE]);
    let mut session = Session::start(&project, &["/bin/sh"]);
    session.types("test -t 0 && test -t 1 && stty size && echo first $((1+1))\r");
    session.shows("first 2");
    assert!(session.text().contains("33 77"), "{}", session.text());
    tcsetwinsize(&session.keys, size(44, 99)).unwrap();
    // It is told within a moment; a key that comes before it is no reason to fail.
    for _ in 0..50 {
        session.types("stty size\r");
        std::thread::sleep(Duration::from_millis(200));
        if session.text().contains("44 99") {
            break;
        }
    }
    session.shows("44 99");
    // Ctrl-C is for what runs there.
    session.types("sleep 300\r");
    std::thread::sleep(Duration::from_millis(500));
    session.types("\x03");
    session.types("echo second $((1+2))\r");
    session.shows("second 3");
    session.types("exit 5\r");
    session.ends(5);

    let mut session = Session::start(&project, &["/bin/sh", "-c", "echo asleep; exec sleep 300"]);
    session.shows("asleep");
    session.types("\r~.");
    session.ends(130);

    // Without a terminal there is none to pass on.
    let text = project.ends(64, &["exec", "shell", STAGE, "--tty", "--", "true"]);
    assert!(text.contains("no terminal that could be passed on"), "{text}");
    project.ends(0, &["stop", "shell", STAGE, "--yes", "--purge"]);
}
