//! The cluster trait: one suite over the embedded registry, a fake Nomad made of recorded
//! answers, and a real agent; then what a Nomad that misbehaves comes to.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use base64::Engine;
use platy_manage::cluster::local::LocalCluster;
use platy_manage::cluster::nomad::{Connection, NomadCluster};
use platy_manage::cluster::{
    Cluster, DispatchRequest, ExecIo, ExecRequest, LogMark, LogRequest, LogStart, Origin, Stream, Submission,
    Wait,
};
use platy_manage::deploy::watch::{self, Options, Outcome};
use platy_manage::diagnostic::{Failure, FailureKind, text};
use serde_json::{Value, json};

use crate::agent;
use crate::corpus::corpus;
use crate::fake_nomad::{Fake, Reply, Request};

/// A service that runs wherever there is a shell.
pub fn service(id: &str, count: u64, workers: &str) -> Value {
    json!({
        "ID": id, "Name": id, "Type": "service", "Datacenters": ["*"],
        "TaskGroups": [{
            "Name": "fooserver", "Count": count,
            "Update": {
                "MaxParallel": 1, "MinHealthyTime": 1_000_000_000_u64, "HealthyDeadline": 30_000_000_000_u64,
                "ProgressDeadline": 60_000_000_000_u64, "AutoRevert": true, "HealthCheck": "task_states",
            },
            "Tasks": [{
                "Name": "server", "Driver": "raw_exec",
                "Config": {"command": "/bin/sh", "args": ["-c", "echo started; exec sleep 600"]},
                "Env": {"WORKERS": workers}, "Resources": {"CPU": 20, "MemoryMB": 16},
            }],
        }],
    })
}

pub fn submission(source: &str) -> Submission {
    let origin =
        Origin { tool: "platy-manage test".to_owned(), time: source.to_owned(), ..Origin::default() };
    Submission::new(source, &origin)
}

pub fn nomad(address: &str) -> NomadCluster {
    let mut connection = Connection::plain(address, "default").unwrap();
    connection.timing.pause = Duration::from_millis(5);
    connection.timing.answer = Duration::from_millis(1500);
    NomadCluster::new(connection).unwrap()
}

/// What every cluster does with a service, in the order in which the answers were recorded.
fn life_of_a_service(cluster: &dyn Cluster, follows: bool) {
    let id = "fooserver";
    let job = |workers: &str| service(id, 2, workers);
    let plan = cluster.plan(&job("10"), true).unwrap();
    assert_eq!((plan.job_modify_index, plan.groups[id].place), (0, 2));
    assert_eq!(plan.diff["Type"], "Added");
    assert!(cluster.read_job(id).unwrap().is_none());

    let registered = cluster.register(&job("10"), Some(0), &submission("first")).unwrap();
    assert!(registered.job_modify_index > 0 && registered.eval_id.is_some());
    let again = cluster.register(&job("11"), Some(0), &submission("again")).unwrap_err();
    assert_eq!(again.kind, FailureKind::Stale, "{again}");
    if follows {
        let interrupted = AtomicBool::new(false);
        let options = Options::for_job(&job("10"), &interrupted);
        let outcome = watch::watch(cluster, id, &registered, &options, &mut |_| {}).unwrap();
        assert!(matches!(outcome, Outcome::Successful(_)), "{outcome:?}");
    }

    let running = cluster.read_job(id).unwrap().unwrap();
    assert_eq!((running.version, running.stopped, running.kind.as_str()), (0, false, "service"));
    assert_eq!(running.job_modify_index, registered.job_modify_index);
    let allocations = cluster.allocations(id, Wait::NOW).unwrap().value;
    assert_eq!(allocations.len(), 2);
    assert!(allocations.iter().all(|found| found.client_status == "running" && found.task_group == id));
    let deployment = cluster.latest_deployment(id, Wait::NOW).unwrap().value.unwrap();
    assert_eq!((deployment.status.as_str(), deployment.task_groups[id].healthy_allocs), ("successful", 2));

    let plan = cluster.plan(&job("10"), true).unwrap();
    assert_eq!((plan.diff["Type"].as_str(), plan.groups[id].ignore), (Some("None"), 2));
    let plan = cluster.plan(&job("34"), true).unwrap();
    assert_eq!((plan.groups[id].destructive_update, plan.groups[id].ignore), (1, 1));
    assert_eq!(plan.job_modify_index, registered.job_modify_index);
    let more = cluster.plan(&service(id, 3, "10"), true).unwrap();
    assert_eq!((more.groups[id].in_place_update, more.groups[id].place), (2, 1));

    let stale = cluster.register(&job("34"), Some(3), &submission("stale")).unwrap_err();
    assert_eq!(stale.kind, FailureKind::Stale, "{stale}");
    let updated = cluster.register(&job("34"), Some(plan.job_modify_index), &submission("second")).unwrap();
    assert!(updated.job_modify_index > registered.job_modify_index);
    let versions = cluster.versions(id).unwrap();
    assert!(versions.len() >= 2 && versions[0].version > versions[1].version);
    assert!(!cluster.submission(id, 0).unwrap().unwrap().source.is_empty());

    let stopped = cluster.deregister(id, false).unwrap();
    assert!(stopped.job_modify_index > updated.job_modify_index);
    assert!(cluster.read_job(id).unwrap().unwrap().stopped);
    if follows {
        // Until they have ended the scheduler counts the old allocations.
        let began = std::time::Instant::now();
        let runs = |status: &str| matches!(status, "pending" | "running");
        while cluster.allocations(id, Wait::NOW).unwrap().value.iter().any(|found| runs(&found.client_status))
        {
            assert!(began.elapsed() < Duration::from_secs(60), "the old allocations go on");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    let plan = cluster.plan(&job("34"), true).unwrap();
    assert_eq!((plan.diff["Type"].as_str(), plan.groups[id].place), (Some("Edited"), 2));
}

/// What a cluster does with jobs that are started by hand.
fn life_of_instances(cluster: &dyn Cluster) {
    let batch = |id: &str, key: &str, block: Value| {
        let mut job = service(id, 1, "1");
        job["Type"] = "batch".into();
        job[key] = block;
        let group = &mut job["TaskGroups"][0];
        group.as_object_mut().unwrap().remove("Update");
        group["Tasks"][0]["Config"]["args"] = json!(["-c", "echo done"]);
        job
    };
    let periodic = json!({"Enabled": true, "Spec": "0 3 * * *", "SpecType": "cron"});
    let registered =
        cluster.register(&batch("nightly", "Periodic", periodic), None, &submission("p")).unwrap();
    assert_eq!(registered.eval_id, None);
    let forced = cluster.force_periodic("nightly").unwrap();
    assert!(forced.eval_id.is_some());
    let listed = cluster.list("nightly").unwrap();
    assert!(listed[0].periodic && listed[0].id == "nightly", "{listed:?}");
    assert!(listed[1].id.starts_with("nightly/periodic-"), "{listed:?}");

    let parameters = json!({"MetaRequired": ["date"]});
    cluster.register(&batch("rerunme", "ParameterizedJob", parameters), None, &submission("d")).unwrap();
    let mut request = DispatchRequest { job: "rerunme".to_owned(), ..DispatchRequest::default() };
    let missing = cluster.dispatch(&request).unwrap_err();
    assert!(missing.to_string().contains("date"), "{missing}");
    request.meta.insert("date".to_owned(), "2026-11-01".to_owned());
    request.idempotency_token = Some("abc".to_owned());
    let first = cluster.dispatch(&request).unwrap();
    assert!(first.job.starts_with("rerunme/dispatch-") && first.eval_id.is_some(), "{first:?}");
    let second = cluster.dispatch(&request).unwrap();
    assert_eq!((&second.job, second.eval_id), (&first.job, None));
}

/// Versions can be named, and gone back to.
fn history(cluster: &dyn Cluster) {
    let id = "history";
    let job = |workers: &str| service(id, 1, workers);
    cluster.register(&job("1"), Some(0), &submission("one")).unwrap();
    let index = cluster.read_job(id).unwrap().unwrap().job_modify_index;
    cluster.tag_version(id, 0, "commit-abc", "words").unwrap();
    let tagged = cluster.read_job(id).unwrap().unwrap();
    assert_eq!(tagged.job_modify_index, index, "a tag must restart nothing");
    assert_eq!(cluster.versions(id).unwrap()[0].tag.as_ref().unwrap().name, "commit-abc");
    cluster.register(&job("2"), Some(index), &submission("two")).unwrap();
    let moved = cluster.revert(id, 0, Some(7)).unwrap_err();
    assert_eq!(moved.kind, FailureKind::Stale, "{moved}");
    cluster.revert(id, 0, Some(1)).unwrap();
    let now = cluster.read_job(id).unwrap().unwrap();
    assert_eq!(now.version, 2);
    assert_eq!(now.job["TaskGroups"][0]["Tasks"][0]["Env"]["WORKERS"], "1");
    assert!(cluster.revert(id, 99, None).is_err());
    cluster.untag_version(id, "commit-abc").unwrap();
    assert!(cluster.versions(id).unwrap().iter().all(|version| version.tag.is_none()));
    cluster.deregister(id, true).unwrap();
    assert!(cluster.read_job(id).unwrap().is_none());
    let plan = cluster.plan(&job("1"), true).unwrap();
    assert_eq!((plan.job_modify_index, plan.diff["Type"].as_str()), (0, Some("Added")));
}

/// What every cluster does for the tasks of a job that runs: gives what they print, and runs a command in them. `runs` is
/// whether there are tasks at all.
fn life_of_a_task(cluster: &dyn Cluster, id: &str, runs: bool) {
    let allocation = cluster.allocations(id, Wait::NOW).unwrap().value[0].id.clone();
    let interrupted = AtomicBool::new(false);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let command = ["/bin/sh", "-c", "echo hello; echo trouble >&2; exit 3"].map(str::to_owned).to_vec();
    let request =
        ExecRequest { allocation: allocation.clone(), task: "server".to_owned(), command, tty: false };
    let mut output = |stream, bytes: &[u8]| match stream {
        Stream::Stdout => out.extend_from_slice(bytes),
        Stream::Stderr => err.extend_from_slice(bytes),
    };
    let mut io = ExecIo { input: None, output: &mut output, size: None, interrupted: &interrupted };
    let code = cluster.exec(&request, &mut io);
    let log = |from| LogRequest {
        allocation: allocation.clone(),
        task: "server".to_owned(),
        stderr: false,
        from,
        limit: 100,
    };
    if !runs {
        // A refusal that says why, from each.
        let refused = [
            code.unwrap_err(),
            cluster.logs(&log(LogStart::End(10))).unwrap_err(),
            cluster.log_end(&log(LogStart::End(0))).unwrap_err(),
            cluster.follow_logs(&log(LogStart::End(10)), &mut |_| true).unwrap_err(),
        ];
        for failure in refused {
            assert!(failure.to_string().contains("runs nothing"), "{failure}");
        }
        assert_eq!(cluster.checks(&allocation).unwrap(), []);
        return;
    }
    assert_eq!((code.unwrap(), &out[..], &err[..]), (Some(3), &b"hello\n"[..], &b"trouble\n"[..]));

    // `started` and a line break were printed.
    assert_eq!(cluster.logs(&log(LogStart::End(4))).unwrap().bytes, b"ted\n");
    let end = cluster.log_end(&log(LogStart::End(0))).unwrap();
    assert_eq!(end, LogMark { file: 0, offset: 8 });
    let before = LogRequest { limit: 3, ..log(LogStart::Before(end)) };
    assert_eq!(cluster.logs(&before).unwrap().bytes, b"ed\n");
    let follow = |from| {
        let (mut bytes, mut last) = (Vec::new(), None);
        let followed = cluster.follow_logs(&log(from), &mut |part| {
            bytes.extend_from_slice(part.bytes);
            last = part.end;
            // A sign of life is the end of what was printed by now.
            !part.bytes.is_empty()
        });
        followed.unwrap();
        (String::from_utf8(bytes).unwrap(), last)
    };
    assert_eq!(follow(LogStart::Mark(LogMark::default())), ("started\n".to_owned(), Some(end)));
    assert_eq!(follow(LogStart::Mark(LogMark { file: 0, offset: 5 })), ("ed\n".to_owned(), Some(end)));
    assert_eq!(follow(LogStart::Mark(end)), (String::new(), Some(end)));
    // How far it is from the beginning is not known here.
    assert_eq!(follow(LogStart::End(3)), ("ed\n".to_owned(), None));
}

/// A service with one allocation, for [`life_of_a_task`].
fn with_a_task(cluster: &dyn Cluster, runs: bool) {
    let id = "tasks";
    let registered = cluster.register(&service(id, 1, "1"), Some(0), &submission("tasks")).unwrap();
    let interrupted = AtomicBool::new(false);
    let options = Options::for_job(&service(id, 1, "1"), &interrupted);
    watch::watch(cluster, id, &registered, &options, &mut |_| {}).unwrap();
    life_of_a_task(cluster, id, runs);
    cluster.deregister(id, true).unwrap();
}

/// A task as a fake shows it, in the shapes of an agent's answers: none of them was recorded.
fn fake_task(request: &Request) -> Reply {
    const LOG: &[u8] = b"started\n";
    let parameter = |name: &str| {
        let query = request.target.split_once('?')?.1;
        query.split('&').find_map(|one| one.strip_prefix(&format!("{name}=")).map(str::to_owned))
    };
    match request.key().as_str() {
        "GET /v1/job/tasks/allocations" => Reply::json(&json!([{"ID": "a1", "JobID": "tasks"}]), 7),
        "GET /v1/client/fs/ls/a1" => {
            let file = |name: &str, size| json!({"Name": name, "IsDir": false, "Size": size});
            Reply::json(&json!([file("server.stderr.0", 0), file("server.stdout.0", LOG.len())]), 7)
        }
        "GET /v1/client/fs/logs/a1" => {
            let offset: usize = parameter("offset").unwrap().parse().unwrap();
            let at_end = parameter("origin").as_deref() == Some("end");
            let part = &LOG[if at_end { LOG.len() - offset } else { offset }..];
            if parameter("follow").is_none() {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", part.len());
                return Reply::Raw([head.as_bytes(), part].concat());
            }
            let data = base64::engine::general_purpose::STANDARD.encode(part);
            let frame = json!({"File": "alloc/logs/server.stdout.0", "Data": data, "Offset": LOG.len()});
            let frames = if part.is_empty() { "{}".to_owned() } else { format!("{frame}{{}}") };
            Reply::Raw(format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{frames}").into_bytes())
        }
        "GET /v1/client/allocation/a1/exec" => Reply::Raw(fake_exec(&request.headers["sec-websocket-key"])),
        key => Reply::text(404, &format!("{key} not found")),
    }
}

/// A websocket in which a command says something on both streams and ends with 3.
fn fake_exec(key: &str) -> Vec<u8> {
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \
         {accept}\r\n\r\n"
    );
    let mut bytes = head.into_bytes();
    for frame in [
        json!({"stdout": {"data": "aGVsbG8K"}}),
        json!({"stderr": {"data": "dHJvdWJsZQo="}}),
        json!({"exited": true, "result": {"exit_code": 3}}),
    ] {
        let text = frame.to_string();
        // One frame of text, not masked (RFC 6455, 5.2).
        bytes.extend([0x81, u8::try_from(text.len()).unwrap()]);
        bytes.extend(text.into_bytes());
    }
    bytes
}

#[test]
fn the_suite_on_the_local_registry() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = LocalCluster::new(folder.path(), folder.path(), "default");
    life_of_a_service(&cluster, true);
    life_of_instances(&cluster);
    history(&cluster);
    with_a_task(&cluster, false);
}

#[test]
fn the_suite_on_a_task_of_a_fake() {
    let fake = Fake::start(|request, _| fake_task(request));
    life_of_a_task(&nomad(&fake.address), "tasks", true);
}

#[test]
fn the_suite_on_recorded_answers() {
    let Some(corpus) = corpus() else { return };
    let record = |number: &u32| {
        let prefix = format!("{number:02}-");
        let mut entries = std::fs::read_dir(corpus.join("api")).unwrap().map(|entry| entry.unwrap().path());
        let path =
            entries.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&prefix)).unwrap();
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let numbers = [5, 6, 7, 8, 12, 13, 15, 16, 17, 18, 20, 21, 27, 28, 32, 33, 34];
    life_of_a_service(&nomad(&Fake::replay(numbers.iter().map(record).collect()).address), false);
    let numbers = [36, 37, 38, 43, 44, 45, 46];
    life_of_instances(&nomad(&Fake::replay(numbers.iter().map(record).collect()).address));
}

#[test]
fn the_suite_on_a_real_agent() {
    let Some(agent) = agent::shared() else { return };
    let mut connection = Connection::plain(&agent.address, "default").unwrap();
    connection.timing.pause = Duration::from_millis(20);
    let cluster = NomadCluster::new(connection).unwrap();
    assert!(!cluster.info().unwrap().leader.is_empty());
    life_of_a_service(&cluster, true);
    life_of_instances(&cluster);
    history(&cluster);
    with_a_task(&cluster, true);
}

/// The drawing of the failure, without the port.
fn drawn(failure: &Failure, address: &str) -> String {
    text::render(&failure.diagnostics, false).replace(address, "ADDRESS")
}

fn fault(reply: impl Fn() -> Reply + Send + Sync + 'static) -> (FailureKind, String) {
    let fake = Fake::start(move |_, _| reply());
    let failure = nomad(&fake.address).read_job("foo").unwrap_err();
    (failure.kind, drawn(&failure, &fake.address))
}

#[test]
fn a_nomad_that_misbehaves_is_told_apart() {
    let mut told = String::new();
    let mut tell = |name: &str, (kind, text): (FailureKind, String)| {
        told.push_str(&format!("# {name}: {kind:?}\n{text}\n"));
    };
    tell("403", fault(|| Reply::text(403, "Permission denied")));
    tell("500", fault(|| Reply::text(500, "something broke")));
    tell("no leader", fault(|| Reply::text(500, "No cluster leader")));
    tell("429", fault(|| Reply::text(429, "Too many requests")));
    tell("web page", fault(|| Reply::Answer(502, "text/html", "<html>Bad Gateway</html>".to_owned(), 0)));
    tell(
        "web page as success",
        fault(|| Reply::Answer(200, "text/html", "<html>Log in</html>".to_owned(), 0)),
    );
    tell("rubbish", fault(|| Reply::Answer(200, "application/json", "hello".to_owned(), 0)));
    tell("half of JSON", fault(|| Reply::Answer(200, "application/json", "{\"ID\": ".to_owned(), 0)));
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"ID\": \"foo\"";
    tell("cut off", fault(|| Reply::Raw(cut.to_vec())));
    tell("no HTTP", fault(|| Reply::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())));
    let redirect = b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere/\r\nContent-Length: 0\r\n\r\n";
    tell("redirect", fault(|| Reply::Raw(redirect.to_vec())));
    tell("closed", fault(|| Reply::Close));
    let refused = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let failure = nomad(&refused).read_job("foo").unwrap_err();
    tell("refused", (failure.kind, drawn(&failure, &refused)));
    insta::assert_snapshot!(told);
}

#[test]
fn a_stall_ends_in_bounded_time() {
    let fake = Fake::start(|_, _| Reply::Stall(Duration::from_secs(20)));
    let mut connection = Connection::plain(&fake.address, "default").unwrap();
    connection.timing.answer = Duration::from_millis(200);
    connection.timing.attempts = 2;
    let began = std::time::Instant::now();
    let failure = NomadCluster::new(connection).unwrap().read_job("foo").unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.to_string().contains("did not answer within 0.2 s"), "{failure}");
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[test]
fn reads_are_repeated_and_writes_are_not() {
    let fake = Fake::start(|_, before| match before {
        0 => Reply::text(503, "busy"),
        1 => Reply::Close,
        _ => Reply::json(&json!({"ID": "foo", "Version": 3}), 7),
    });
    assert_eq!(nomad(&fake.address).read_job("foo").unwrap().unwrap().version, 3);
    let fake = Fake::start(|_, _| Reply::text(503, "busy"));
    nomad(&fake.address).scale("foo", "g", 2, "").unwrap_err();
    assert_eq!(fake.keys(), ["PUT /v1/job/foo/scale"]);
}

/// The token went into the text of an error once it was echoed by a proxy.
#[test]
fn the_token_is_in_no_error() {
    let fake = Fake::start(|request, _| {
        let token = &request.headers["x-nomad-token"];
        Reply::text(500, &format!("cannot handle the token {token}"))
    });
    let connection = Connection::plain(&fake.address, "default").unwrap().with_token("s3cret-token").unwrap();
    let failure = NomadCluster::new(connection).unwrap().scale("foo", "g", 1, "").unwrap_err();
    assert_eq!(
        failure.to_string(),
        "could not scale the group `g` of `foo`: cannot handle the token … [P0904]"
    );
}

/// The registration is done, and its answer is lost: it must be found, not repeated.
#[test]
fn a_lost_answer_is_found_by_reading_the_job() {
    let ours = serde_json::to_value(submission("mine")).unwrap();
    let fake = Fake::start(move |request, _| match request.key().as_str() {
        "PUT /v1/jobs" => Reply::Close,
        "GET /v1/job/foo" => Reply::json(&json!({"ID": "foo", "Version": 4, "JobModifyIndex": 12}), 12),
        "GET /v1/job/foo/submission" => Reply::json(&ours, 12),
        _ => Reply::json(&json!([{"ID": "e1", "TriggeredBy": "job-register", "CreateIndex": 12}]), 12),
    });
    let registered =
        nomad(&fake.address).register(&service("foo", 1, "1"), Some(9), &submission("mine")).unwrap();
    assert!(registered.recovered);
    assert_eq!((registered.job_modify_index, registered.eval_id.as_deref()), (12, Some("e1")));
    assert_eq!(fake.keys().iter().filter(|key| *key == "PUT /v1/jobs").count(), 1);
    let sent: Value = serde_json::from_str(&fake.requests.lock().unwrap()[0].body).unwrap();
    assert_eq!((&sent["EnforceIndex"], &sent["JobModifyIndex"]), (&json!(true), &json!(9)));
}

/// Nothing was done, the check index holds: the request may be sent again, once.
#[test]
fn a_lost_request_is_sent_again_only_under_its_check_index() {
    let start = || {
        Fake::start(|request, before| match request.key().as_str() {
            "PUT /v1/jobs" if before == 0 => Reply::Close,
            "PUT /v1/jobs" => Reply::json(&json!({"EvalID": "e2", "JobModifyIndex": 13}), 13),
            _ => Reply::json(&json!({"ID": "foo", "JobModifyIndex": 9}), 9),
        })
    };
    let fake = start();
    let registered =
        nomad(&fake.address).register(&service("foo", 1, "1"), Some(9), &submission("x")).unwrap();
    assert_eq!((registered.recovered, registered.job_modify_index), (false, 13));
    let fake = start();
    let failure = nomad(&fake.address).register(&service("foo", 1, "1"), None, &submission("x")).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert_eq!(fake.keys(), ["PUT /v1/jobs", "GET /v1/job/foo", "GET /v1/job/foo/submission"]);
}

#[test]
fn a_job_that_is_refused_lists_its_errors() {
    let words = "1 error occurred:\n\t* Task group g validation failed: 2 errors occurred:\n\t* bad count\n\t* no task\n\n";
    let fake = Fake::start(move |_, _| Reply::text(500, words));
    let failure =
        nomad(&fake.address).register(&service("foo", 1, "1"), Some(0), &submission("x")).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Invalid);
    assert_eq!(failure.diagnostics.len(), 2, "{failure}");
}
