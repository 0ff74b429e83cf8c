//! Jobs on a real Nomad, through the binary: created, refused, updated, stopped, watched, reported.
//!
//! Skipped, and says so, where no Nomad is found (`NOMAD_BIN`, or `nomad` in the `PATH`).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use platy_manage::cluster::{self, Environment, Origin};
use platy_manage::compile::Compiler;
use platy_manage::deploy::submit;
use platy_manage::diagnostic::FailureKind;
use platy_manage::merge::SetArg;
use serde_json::{Value, json};

use crate::agent;

/// A sink of events: what was posted to it.
struct Sink {
    url: String,
    events: Arc<Mutex<Vec<Value>>>,
}

impl Sink {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let events = Arc::new(Mutex::new(Vec::new()));
        let sink = events.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let mut length = 0;
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|read| read > 0) && !line.trim().is_empty() {
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap_or(0);
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                if reader.read_exact(&mut body).is_ok()
                    && let Ok(event) = serde_json::from_slice(&body)
                {
                    sink.lock().unwrap().push(event);
                }
                let answer = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                let _ = reader.into_inner().write_all(answer);
            }
        });
        Self { url, events }
    }

    /// The first event of this type about this job; waits for it.
    fn wait_for(&self, kind: &str, job: &str) -> Value {
        let began = Instant::now();
        loop {
            let found = self.events.lock().unwrap().iter().find_map(|event| {
                let about =
                    event["subject"].as_str().is_some_and(|subject| subject.ends_with(&format!("/{job}")));
                (about && event["type"] == kind).then(|| event.clone())
            });
            if let Some(event) = found {
                return event;
            }
            let seen = self.events.lock().unwrap().clone();
            assert!(began.elapsed() < Duration::from_secs(60), "no {kind} of {job}; seen: {seen:#?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A project whose stage `real` is the agent.
pub struct Project {
    /// Its folder.
    pub folder: tempfile::TempDir,
    address: String,
}

impl Project {
    pub fn new(address: &str, events: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("jobs")).unwrap();
        let platy = format!(
            "clusters:\n  real: {{address: \"{address}\"}}\nstages:\n  real:\n    cluster: real\n    id: \"e2e-{{name}}\"\n    \
             monitoring: {{events: \"{events}\"}}\ndefaults:\n  config:\n    user: e2e\n    update: {{min_healthy_time: 1s, \
             healthy_deadline: 20s, progress_deadline: 30s, health_check: task_states}}\n    restart: {{attempts: 0}}\n"
        );
        std::fs::write(folder.path().join("platy.yaml"), platy).unwrap();
        Self { folder, address: address.to_owned() }
    }

    pub fn job(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(format!("jobs/{name}.yaml")), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_platy-manage"));
        command.args(arguments).current_dir(self.folder.path()).env("NO_COLOR", "1");
        command.env_remove("NOMAD_ADDR").env_remove("NOMAD_TOKEN");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts a command, whose input and output are pipes.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a command that must end with this code; gives both streams.
    pub fn ends(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{text}");
        text
    }

    pub fn put(&self, path: &str, body: &Value) -> Value {
        let mut answer = ureq::put(format!("{}{path}", self.address)).send(body.to_string()).unwrap();
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }

    pub fn get(&self, path: &str) -> Value {
        let mut answer = ureq::get(format!("{}{path}", self.address)).call().unwrap();
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }
}

/// A job that runs until it is stopped.
pub fn sleeper(template: &str, driver: &str, more: &str) -> String {
    format!(
        "file: {template}\nconfig:\n  driver: {driver}\n  command: /bin/sh\n  args: [\"-c\", \"exec sleep 600\"]\n  \
         kill_timeout: 2s\n{more}"
    )
}

/// A job that runs this script when it is dispatched.
fn script(driver: &str, script: &str, more: &str) -> String {
    format!(
        "file: worker\nconfig:\n  driver: {driver}\n  command: /bin/sh\n  args: [\"-c\", {script:?}]\n  \
         parameters: {{}}\n{more}"
    )
}

#[test]
fn each_pattern_lives_through_its_life() {
    let Some(agent) = agent::shared() else { return };
    let sink = Sink::start();
    let project = Project::new(&agent.address, &sink.url);
    for (name, template, driver, more) in [
        ("life-server", "server", "raw_exec", ""),
        ("life-worker", "worker", agent.exec_driver(), ""),
        (
            "life-consumer",
            "consumer",
            "raw_exec",
            "  consume: {stream: orders, group: billing, parallelism: 2}\n",
        ),
    ] {
        project.job(name, &sleeper(template, driver, more));
        let stage = "--stage=real";
        project.ends(1, &["update", name, stage]);
        let text = project.ends(0, &["create", name, stage]);
        assert!(text.contains("deployment successful"), "{text}");
        assert!(project.ends(0, &["create", name, stage]).contains("nothing changes"));
        let text = project.ends(1, &["create", name, stage, "--set", "num_instances=2"]);
        assert!(text.contains("count = 1 → 2") && text.contains("platy-manage update"), "{text}");
        let text = project.ends(0, &["update", name, stage, "--set", "num_instances=2"]);
        assert!(text.contains("count = 1 → 2"), "{text}");
        assert!(project.ends(0, &["status", name, stage]).contains("differs from its file"));
        assert_eq!(project.run(&["diff", name, stage, "--exit-code"]).status.code(), Some(2));
        project.ends(0, &["apply", name, stage]);
        assert!(project.ends(0, &["status", name, stage]).contains("as its file says"));
        let file = format!("jobs/{name}.yaml");
        assert!(project.ends(0, &["status", name, stage]).contains(&format!("from        {file}")));
        // Somebody edits the job by hand: that is not credited to the file.
        let mut job = project.get(&format!("/v1/job/e2e-{name}"));
        job["Priority"] = 51.into();
        project.put("/v1/jobs", &json!({ "Job": job }));
        let text = project.ends(0, &["status", name, stage]);
        assert!(text.contains("differs from its file") && !text.contains(&file), "{text}");
        project.ends(64, &["stop", name, stage]);
        project.ends(0, &["stop", name, stage, "--yes"]);
        project.ends(0, &["stop", name, stage, "--yes", "--purge"]);
        project.ends(1, &["stop", name, stage, "--yes"]);
    }
}

#[test]
fn scheduled_and_parameterized_jobs_report_how_they_ended() {
    let Some(agent) = agent::shared() else { return };
    let sink = Sink::start();
    let project = Project::new(&agent.address, &sink.url);
    let scheduled = "file: worker\nconfig:\n  driver: raw_exec\n  command: /bin/sh\n  args: [\"-c\", \"echo done\"]\n  \
                     schedule: \"0 0 1 1 *\"\n  timezone: Europe/Berlin\n";
    project.job("runs-at-times", scheduled);
    project.job("ends-well", &script(agent.exec_driver(), "exit 0", ""));
    project.job("ends-badly", &script("raw_exec", "echo it broke >&2; exit 7", ""));
    project.job(
        "never-ends",
        &script("raw_exec", "trap '' TERM; while :; do sleep 0.2; done", "  kill_timeout: 2s\n"),
    );
    for name in ["runs-at-times", "ends-well", "ends-badly", "never-ends"] {
        project.ends(0, &["create", name, "--stage=real"]);
    }
    project.put("/v1/job/e2e-runs-at-times/periodic/force", &json!({}));
    for name in ["ends-well", "ends-badly"] {
        project.put(&format!("/v1/job/e2e-{name}/dispatch"), &json!({}));
    }
    let child = project.put("/v1/job/e2e-never-ends/dispatch", &json!({}));
    for (name, kind, code) in
        [("runs-at-times", "succeeded", 0), ("ends-well", "succeeded", 0), ("ends-badly", "failed", 7)]
    {
        let started = sink.wait_for("platy.job.started", name);
        assert_eq!(started["specversion"], "1.0");
        assert_eq!(started["data"]["stage"], "real");
        let ended = sink.wait_for(&format!("platy.job.{kind}"), name);
        assert_eq!(ended["data"]["exit_code"], code, "{ended:#}");
        assert_eq!(ended["data"]["run_id"], started["data"]["run_id"]);
    }
    // One that ignores the signal is killed by its timeout, and that is reported too.
    sink.wait_for("platy.job.started", "never-ends");
    let id = child["DispatchedJobID"].as_str().unwrap().replace('/', "%2F");
    ureq::delete(format!("{}/v1/job/{id}", project.address)).call().unwrap();
    let killed = sink.wait_for("platy.job.failed", "never-ends");
    assert_eq!(killed["data"]["exit_code"], 137, "{killed:#}");
}

#[test]
fn a_sink_that_is_down_changes_nothing() {
    let Some(agent) = agent::shared() else { return };
    // A port that nobody listens on.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let project = Project::new(&agent.address, &format!("http://{dead}/events"));
    project.job("unheard", &script("raw_exec", "exit 0", ""));
    project.ends(0, &["create", "unheard", "--stage=real"]);
    let child = project.put("/v1/job/e2e-unheard/dispatch", &json!({}));
    let id = child["DispatchedJobID"].as_str().unwrap().replace('/', "%2F");
    let began = Instant::now();
    let allocation = loop {
        let allocations = project.get(&format!("/v1/job/{id}/allocations"));
        if let Some(done) =
            allocations.as_array().unwrap().iter().find(|found| found["ClientStatus"] == "complete")
        {
            break done["ID"].as_str().unwrap().to_owned();
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{allocations:#}");
        std::thread::sleep(Duration::from_millis(200));
    };
    let folder = "/alloc/platy/events";
    let files = project.get(&format!("/v1/client/fs/ls/{allocation}?path={folder}"));
    let mut kinds = Vec::new();
    for file in files.as_array().unwrap() {
        let name = file["Name"].as_str().unwrap();
        let event = project.get(&format!("/v1/client/fs/cat/{allocation}?path={folder}/{name}"));
        kinds.push(event["type"].as_str().unwrap().to_owned());
    }
    kinds.sort();
    assert_eq!(kinds, ["platy.job.started", "platy.job.succeeded"], "both events are kept");
}

#[test]
fn a_failure_is_told_with_its_code() {
    let Some(agent) = agent::shared() else { return };
    let project = Project::new(&agent.address, "http://127.0.0.1:9/");
    let stage = "--stage=real";
    project.job("breaks", &sleeper("server", "raw_exec", ""));
    project.ends(0, &["create", "breaks", stage]);
    let broken = "file: server\nconfig:\n  driver: raw_exec\n  command: /bin/sh\n  \
                  args: [\"-c\", \"echo cannot open the database; exit 3\"]\n  kill_timeout: 2s\n";
    project.job("breaks", broken);
    let text = project.ends(4, &["update", "breaks", stage]);
    assert!(text.contains("exit code 3") && text.contains("cannot open the database"), "{text}");
    assert!(text.contains("runs again"), "the built-in server goes back by itself: {text}");
    project.job("huge", &sleeper("server", "raw_exec", "  ram: 4TB\n"));
    let text = project.ends(8, &["create", "huge", stage, "--timeout=60s"]);
    assert!(text.contains("memory"), "{text}");
    let nowhere = Project::new("http://127.0.0.1:9", "http://127.0.0.1:9/");
    nowhere.job("breaks", &sleeper("server", "raw_exec", ""));
    nowhere.ends(7, &["create", "breaks", stage]);
}

#[test]
fn a_job_that_moved_since_its_plan_is_refused() {
    let Some(agent) = agent::shared() else { return };
    let here = Project::new(&agent.address, "http://127.0.0.1:9/");
    here.job("moves", &sleeper("server", "raw_exec", ""));
    here.ends(0, &["create", "moves", "--stage=real"]);
    let project = platy_manage::project::Project::open(here.folder.path()).unwrap();
    let stage = project.stage("real").unwrap();
    let cluster =
        cluster::open(project.cluster(stage).unwrap(), stage, &Environment::default(), &project.root)
            .unwrap();
    let set = SetArg::parse("num_instances=3").unwrap();
    let compiled =
        Compiler::new(&project, jiff::civil::date(2026, 1, 1)).job("moves", stage, &[set]).unwrap();
    let planned = submit::plan(&*cluster, compiled.job().to_value(), submit::KeepCounts::No).unwrap();
    // Somebody else is faster.
    here.ends(0, &["update", "moves", "--stage=real", "--set", "num_instances=2"]);
    let refused = submit::register(&*cluster, &planned, "", &Origin::default()).unwrap_err();
    assert_eq!(refused.kind, FailureKind::Stale);
    let counts = here.get("/v1/job/e2e-moves")["TaskGroups"][0]["Count"].clone();
    assert_eq!(counts, 2, "nothing was submitted");
}

#[test]
fn a_real_nomad_takes_the_whole_sample_fleet() {
    let Some(agent) = agent::shared() else { return };
    let Some(nomad) = agent::binary() else { return };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let platy = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_platy-manage")).args(arguments).current_dir(repository).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let mut judged = 0;
    for stage in ["devel", "qa", "prod"] {
        let list: Value =
            serde_json::from_str(&platy(&["list", "--stage", stage, "--format", "json"])).unwrap();
        for job in list["jobs"].as_array().unwrap() {
            let name = job["job"].as_str().unwrap();
            let file = folder.path().join(format!("{name}-{stage}.nomad.hcl"));
            std::fs::write(&file, platy(&["render", name, "--stage", stage])).unwrap();
            let output = Command::new(&nomad)
                .args(["job", "validate", "-address", &agent.address])
                .arg(&file)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success(),
                "{name} in {stage}: {said}{}",
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(!said.contains("Warning"), "{name} in {stage}: {said}");
            judged += 1;
        }
    }
    println!("a real Nomad takes {judged} jobs without a warning");
    assert!(judged >= 100);
}
