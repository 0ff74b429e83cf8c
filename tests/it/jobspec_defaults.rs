//! A job with defaults is what a real server stores.

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use platy_manage::diagnostic::{Source, text};
use platy_manage::jobspec::Job;
use serde_json::Value;

use crate::corpus::{corpus, files, lines};

/// What only a server can know.
const STATE: &[&str] = &[
    "Status",
    "StatusDescription",
    "Stable",
    "Version",
    "SubmitTime",
    "CreateIndex",
    "ModifyIndex",
    "JobModifyIndex",
];

/// A job as the server stored it, without what only the server can know; empty is null.
fn comparable(job: &Value) -> Value {
    fn clean(value: &Value) -> Value {
        match value {
            Value::Object(map) if map.is_empty() => Value::Null,
            Value::Array(list) if list.is_empty() => Value::Null,
            Value::Object(map) => {
                // The server leaves a bandwidth of 0 out of its answers.
                let known = |key: &str, value: &Value| match key {
                    "MBits" => value.as_i64() != Some(0),
                    _ => !STATE.contains(&key),
                };
                let kept = map.iter().filter(|(key, value)| known(key, value));
                kept.map(|(key, value)| (key.clone(), clean(value))).collect()
            }
            Value::Array(list) => list.iter().map(clean).collect(),
            _ => value.clone(),
        }
    }
    let mut job = clean(job);
    for group in job["TaskGroups"].as_array_mut().into_iter().flatten() {
        // The identifier of a scaling policy is random.
        if group["Scaling"].is_object() {
            group["Scaling"]["ID"] = "".into();
        }
        for task in group["Tasks"].as_array_mut().into_iter().flatten() {
            for scaling in task["ScalingPolicies"].as_array_mut().into_iter().flatten() {
                scaling["ID"] = "".into();
            }
        }
    }
    job
}

fn read(json: &Value) -> Job {
    let job = Job::from_json(&Source::new("job", json.to_string()))
        .unwrap_or_else(|errors| panic!("{}", text::render(&errors, false)));
    assert!(job.notes.is_empty(), "{}", text::render(&job.notes, false));
    job
}

/// Where ours differs from what the server stored.
fn differences(path: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (key, value) in ours {
                let theirs = theirs.get(key).unwrap_or(&Value::Null);
                differences(&format!("{path}.{key}"), value, theirs, found);
            }
            for (key, value) in theirs.iter().filter(|(key, _)| !ours.contains_key(*key)) {
                differences(&format!("{path}.{key}"), &Value::Null, value, found);
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (i, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                differences(&format!("{path}[{i}]"), ours, theirs, found);
            }
        }
        _ if ours == theirs => {}
        _ => found.push(format!("{path}: ours {ours}, the server's {theirs}")),
    }
}

/// Compares ours with what was stored; a stored job must also stay as it is.
fn compare(job: &Value, stored: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let theirs = comparable(&read(stored).to_value());
    differences("", &comparable(&read(job).with_defaults().to_value()), &theirs, &mut found);
    differences("(again)", &comparable(&read(stored).with_defaults().to_value()), &theirs, &mut found);
    found
}

#[test]
fn recorded_answers_show_the_same_job() {
    let Some(corpus) = corpus() else { return };
    let mut registered: HashMap<String, Value> = HashMap::new();
    let mut compared = 0;
    for path in files(&corpus.join("api"), "json") {
        let exchange: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let (request, response) = (&exchange["request"], &exchange["response"]);
        let url = request["path"].as_str().unwrap();
        let id = url.strip_prefix("/v1/job/").map(|rest| rest.split(['?', '/']).next().unwrap());
        let job = &request["body"]["Job"];
        match (request["method"].as_str().unwrap(), id) {
            _ if response["status"] != 200 => {}
            ("PUT" | "POST", None) if url.starts_with("/v1/jobs") && job.is_object() => {
                registered.insert(job["ID"].as_str().unwrap().to_owned(), job.clone());
            }
            ("GET", Some(id)) if response["body"]["TaskGroups"].is_array() => {
                if let Some(job) = registered.get(id) {
                    assert_eq!(compare(job, &response["body"]), [""; 0], "{}", path.display());
                    compared += 1;
                }
            }
            // Scaled, reverted, stopped: no longer what was registered.
            ("PUT" | "POST" | "DELETE", Some(id)) if !url.contains("/plan") => {
                registered.remove(id);
            }
            _ => {}
        }
    }
    assert!(compared > 0);
}

/// A server without clients, so that nothing runs; ended when dropped.
struct Server {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(nomad: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [http, rpc, serf] = free.map(|listener| listener.local_addr().unwrap().port());
        let config = format!(
            r#"
            data_dir  = "{}"
            bind_addr = "127.0.0.1"
            disable_update_check = true
            advertise {{
              http = "127.0.0.1"
              rpc  = "127.0.0.1"
              serf = "127.0.0.1"
            }}
            ports {{
              http = {http}
              rpc  = {rpc}
              serf = {serf}
            }}
            server {{
              enabled          = true
              bootstrap_expect = 1
              default_scheduler_config {{
                memory_oversubscription_enabled = true
              }}
            }}
            vault {{
              enabled = true
              address = "http://127.0.0.1:9"
            }}
            "#,
            folder.path().join("data").display()
        );
        let path = folder.path().join("agent.hcl");
        std::fs::write(&path, config).unwrap();
        let process = Command::new(nomad)
            .args(["agent", "-config"])
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { process, address: format!("http://127.0.0.1:{http}"), _folder: folder };
        let deadline = Instant::now() + Duration::from_secs(60);
        while server.request("GET", "/v1/status/leader", None).is_none_or(|leader| leader == "") {
            assert!(Instant::now() < deadline, "the server elects no leader");
            std::thread::sleep(Duration::from_millis(200));
        }
        server
    }

    /// The answer, or `None` where the server refuses.
    fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Option<Value> {
        let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.address));
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut response = ureq::run(request.body(body).unwrap()).ok()?;
        response.body_mut().read_json().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_real_server_stores_the_same_job() {
    let (Some(corpus), Some(nomad)) = (corpus(), crate::agent::binary()) else { return };
    let parsed = files(&corpus.join("jobspecs/valid"), "json").into_iter().map(|path| {
        let job: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        job["Job"].clone()
    });
    let changed = lines(&corpus.join("diffs/plan-diffs.jsonl")).into_iter().map(|case| case["to"].clone());
    let broken = lines(&corpus.join("rules/broken-jobs.jsonl")).into_iter().map(|case| case["job"].clone());
    let server = Server::start(&nomad);
    let mut compared = 0;
    for (i, mut job) in parsed.chain(changed).chain(broken).enumerate() {
        // A new job each time, where the server has it.
        let id = format!("job-{i}");
        job["ID"] = id.as_str().into();
        job["Namespace"] = Value::Null;
        job["Region"] = Value::Null;
        let body = serde_json::json!({ "Job": job });
        if server.request("PUT", "/v1/jobs", Some(&body)).is_some_and(|answer| answer["EvalID"].is_string()) {
            let stored = server.request("GET", &format!("/v1/job/{id}"), None).unwrap();
            assert_eq!(compare(&job, &stored), [""; 0], "{}", job["Name"]);
            server.request("DELETE", &format!("/v1/job/{id}?purge=true"), None);
            compared += 1;
        }
    }
    assert!(compared > 600, "only {compared} jobs were accepted");
}
