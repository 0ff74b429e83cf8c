//! The connection to a real agent: ACLs, TLS, a lost answer, a second writer, an agent that is killed.
//!
//! Skipped, and says so, where no Nomad is found (`NOMAD_BIN`, or `nomad` in the `PATH`).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use platy_manage::cluster::nomad::{Connection, NomadCluster};
use platy_manage::cluster::{
    Cluster, DispatchRequest, ExecIo, ExecRequest, LogMark, LogRequest, LogStart, Registered, Wait,
};
use platy_manage::deploy::watch::{self, Options, Outcome, WatchEvent};
use platy_manage::diagnostic::{self, Failure, FailureKind, text};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use crate::agent::{self, Agent, Settings};
use crate::cli_project::Cli;
use crate::cluster::{service, submission};
use crate::fake_nomad::{Fake, Reply, Request};

fn cluster(address: &str) -> NomadCluster {
    NomadCluster::new(connection(address)).unwrap()
}

fn connection(address: &str) -> Connection {
    let mut connection = Connection::plain(address, "default").unwrap();
    connection.timing.pause = Duration::from_millis(20);
    connection
}

pub fn send(method: &str, address: &str, path: &str, token: &str, body: &Value) -> Value {
    let request = ureq::http::Request::builder().method(method).uri(format!("{address}{path}"));
    let request = request.header("X-Nomad-Token", token).body(body.to_string()).unwrap();
    let mut answer = ureq::run(request).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// A project whose stage `real` is this address.
fn project(address: &str, more: &str) -> Cli {
    let platy = format!(
        "clusters:\n  real:\n    address: \"{address}\"\n{more}stages:\n  real: {{cluster: real, id: \"{{name}}\"}}\n\
         defaults:\n  config:\n    user: tester\n    update: {{min_healthy_time: 1s, healthy_deadline: 20s, \
         progress_deadline: 30s, health_check: task_states}}\n"
    );
    Cli::new(&[("platy.yaml", &platy)])
}

const SLEEPER: &str = "file: server\nconfig:\n  driver: raw_exec\n  command: /bin/sh\n  \
                       args: [\"-c\", \"exec sleep 600\"]\n  kill_timeout: 2s\n";

/// An agent with ACLs, and its management token.
fn with_acl() -> Option<(Agent, String)> {
    let more = "acl {\n  enabled = true\n  token_min_expiration_ttl = \"1s\"\n}\n";
    let agent = Agent::with(&Settings { more, ..Settings::default() })?;
    let began = Instant::now();
    loop {
        let made = send("PUT", &agent.address, "/v1/acl/bootstrap", "", &json!({}));
        if let Some(secret) = made["SecretID"].as_str() {
            let secret = secret.to_owned();
            return Some((agent, secret));
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{made}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// A token with these capabilities in the namespace `default`.
fn token(agent: &Agent, management: &str, name: &str, capabilities: &[&str], more: Value) -> String {
    let rules = format!("namespace \"default\" {{ capabilities = {} }}", json!(capabilities));
    let policy = json!({"Name": name, "Rules": rules});
    send("PUT", &agent.address, &format!("/v1/acl/policy/{name}"), management, &policy);
    let mut wanted = json!({"Name": name, "Type": "client", "Policies": [name]});
    for (key, value) in more.as_object().into_iter().flatten() {
        wanted[key] = value.clone();
    }
    let made = send("PUT", &agent.address, "/v1/acl/token", management, &wanted);
    made["SecretID"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

fn drawn(failure: &Failure) -> String {
    text::render(&failure.diagnostics, false)
}

/// Runs a command in the task of the allocation.
fn exec(cluster: &NomadCluster, allocation: &str) -> diagnostic::Result<Option<i64>> {
    let request = ExecRequest {
        allocation: allocation.to_owned(),
        task: "server".to_owned(),
        command: vec!["/bin/true".to_owned()],
        tty: false,
    };
    let interrupted = AtomicBool::new(false);
    cluster.exec(
        &request,
        &mut ExecIo { input: None, output: &mut |_, _| {}, size: None, interrupted: &interrupted },
    )
}

#[test]
fn each_operation_names_the_capability_that_is_missing() {
    let Some((agent, management)) = with_acl() else { return };
    let free = connection(&agent.address).with_token(&management).unwrap();
    let free = NomadCluster::new(free).unwrap();
    let job = service("watched", 1, "1");
    let registered = free.register(&job, Some(0), &submission("one")).unwrap();
    let interrupted = AtomicBool::new(false);
    let options = Options::for_job(&job, &interrupted);
    let outcome = watch::watch(&free, "watched", &registered, &options, &mut |_| {}).unwrap();
    let Outcome::Successful(deployment) = outcome else { panic!("{outcome:?}") };
    let allocation = free.allocations("watched", Wait::NOW).unwrap().value[0].id.clone();
    for (id, key, block) in [
        ("timed", "Periodic", json!({"Enabled": true, "Spec": "0 3 1 1 *", "SpecType": "cron"})),
        ("called", "ParameterizedJob", json!({})),
    ] {
        let mut job = service(id, 1, "1");
        job["Type"] = "batch".into();
        job[key] = block;
        job["TaskGroups"][0].as_object_mut().unwrap().remove("Update");
        free.register(&job, None, &submission(id)).unwrap();
    }
    let nothing = token(&agent, &management, "nothing", &["read-fs"], json!({}));
    let bare = connection(&agent.address).with_token(&nothing).unwrap();
    let bare = NomadCluster::new(bare).unwrap();
    let logs = LogRequest {
        allocation: allocation.clone(),
        task: "server".to_owned(),
        stderr: false,
        from: LogStart::Mark(LogMark::default()),
        limit: 100,
    };
    let dispatch = DispatchRequest { job: "called".to_owned(), ..DispatchRequest::default() };
    let eval = registered.eval_id.clone().unwrap();
    let denied: Vec<(&str, Failure)> = vec![
        ("read-job", bare.read_job("watched").unwrap_err()),
        ("read-job", bare.versions("watched").unwrap_err()),
        ("read-job", bare.submission("watched", 0).unwrap_err()),
        ("read-job", bare.evaluation(&eval, Wait::NOW).unwrap_err()),
        ("read-job", bare.evaluations("watched").unwrap_err()),
        ("read-job", bare.deployment(&deployment.id, Wait::NOW).unwrap_err()),
        ("read-job", bare.latest_deployment("watched", Wait::NOW).unwrap_err()),
        ("read-job", bare.allocations("watched", Wait::NOW).unwrap_err()),
        ("read-job", bare.validate(&job).unwrap_err()),
        ("list-jobs", bare.list("").unwrap_err()),
        ("plan-job", bare.plan(&job, true).unwrap_err()),
        ("submit-job", bare.register(&job, None, &submission("no")).unwrap_err()),
        ("submit-job", bare.deregister("watched", false).unwrap_err()),
        ("submit-job", bare.revert("watched", 0, None).unwrap_err()),
        ("submit-job", bare.tag_version("watched", 0, "name", "").unwrap_err()),
        ("submit-job", bare.promote(&deployment.id).unwrap_err()),
        ("submit-job", bare.fail(&deployment.id).unwrap_err()),
        ("submit-job", bare.force_periodic("timed").unwrap_err()),
        ("scale-job", bare.scale("watched", "fooserver", 2, "").unwrap_err()),
        ("dispatch-job", bare.dispatch(&dispatch).unwrap_err()),
        ("alloc-lifecycle", bare.restart(&allocation, None).unwrap_err()),
        ("alloc-exec", exec(&bare, &allocation).unwrap_err()),
    ];
    for (capability, failure) in &denied {
        assert_eq!(failure.kind, FailureKind::Unreachable, "{failure}");
        let text = drawn(failure);
        assert!(
            text.contains(&format!("it needs the capability `{capability}` in the namespace `default`")),
            "{capability}:\n{text}"
        );
        assert!(!text.contains(&nothing), "{text}");
    }
    // `read-fs` lets read the logs too; without it `read-logs` is what is missing.
    free.logs(&logs).unwrap();
    bare.logs(&logs).unwrap();
    let reader = token(&agent, &management, "reader", &["read-job"], json!({}));
    let reader = NomadCluster::new(connection(&agent.address).with_token(&reader).unwrap()).unwrap();
    let failure = reader.logs(&logs).unwrap_err();
    assert!(drawn(&failure).contains("`read-logs`"), "{failure}");
    let failure = reader.follow_logs(&logs, &mut |_| true).unwrap_err();
    assert!(drawn(&failure).contains("`read-logs`"), "{failure}");
    assert_eq!(exec(&free, &allocation).unwrap(), Some(0));

    // A token that is none is another sentence than one that may not.
    let unknown = connection(&agent.address).with_token("00000000-0000-0000-0000-000000000000").unwrap();
    let failure = NomadCluster::new(unknown).unwrap().read_job("watched").unwrap_err();
    assert!(failure.to_string().contains("does not know the token, or it has expired"), "{failure}");
    assert!(!drawn(&failure).contains("capability"), "{failure}");
    let short =
        token(&agent, &management, "short", &["read-job"], json!({"ExpirationTTL": 1_000_000_000_u64}));
    std::thread::sleep(Duration::from_secs(2));
    let short = NomadCluster::new(connection(&agent.address).with_token(&short).unwrap()).unwrap();
    let failure = short.read_job("watched").unwrap_err();
    assert!(failure.to_string().contains("does not know the token, or it has expired"), "{failure}");
    let nobody = cluster(&agent.address).read_job("watched").unwrap_err();
    assert!(drawn(&nobody).contains("no token was sent"), "{nobody}");
}

#[test]
fn looking_needs_only_plan_job_and_read_job() {
    let Some((agent, management)) = with_acl() else { return };
    let planner = token(&agent, &management, "planner", &["plan-job", "read-job"], json!({}));
    let cli = project(&agent.address, "    token_file: planner.token\n");
    cli.write("planner.token", &planner);
    cli.write("jobs/web.yaml", SLEEPER);
    cli.run("create web --stage=real --dry-run").exits(0).says("dry run: nothing was submitted");
    cli.run("status web --stage=real").exits(0);
    cli.run("plan web --stage=real").exits(0).says("is new");
    let refused = cli.run("create web --stage=real").exits(7).says("`submit-job`");
    assert!(!refused.stderr.contains(&planner) && !refused.stdout.contains(&planner));
    // The submitter may.
    let submitter = token(&agent, &management, "submitter", &["submit-job", "read-job"], json!({}));
    cli.write("planner.token", &submitter);
    cli.run("create web --stage=real").exits(0).says("deployment successful");
    cli.write("planner.token", &planner);
    cli.run("diff web --stage=real --set num_instances=2").exits(0).says("count = 1 → 2");
    cli.run("update web --stage=real --set num_instances=2 --dry-run").exits(0).says("count = 1 → 2");
    cli.run("status web --stage=real").exits(0).says("as its file says");
}

/// Certificates of one authority, in a folder.
struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
        Self { folder: folder.to_owned(), issuer: Issuer::new(params, key) }
    }

    /// `NAME.pem` and `NAME.key`.
    fn sign(&self, name: &str, hosts: &[&str], expired: bool) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(if expired { 2021 } else { 2100 }, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

fn tls(folder: &Path, server: &str) -> Option<Agent> {
    let folder = folder.display();
    let more = format!(
        "tls {{\n  http = true\n  verify_https_client = true\n  ca_file = \"{folder}/ca.pem\"\n  \
         cert_file = \"{folder}/{server}.pem\"\n  key_file = \"{folder}/{server}.key\"\n}}\n"
    );
    Agent::with(&Settings { more: &more, secure: true, ..Settings::default() })
}

#[test]
fn tls_says_what_to_set() {
    if agent::binary().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    let authority = Authority::new(folder, "ca");
    Authority::new(folder, "other").sign("stranger", &["somebody"], false);
    authority.sign("server", &["server.global.nomad"], false);
    authority.sign("client", &["client.global.nomad"], false);
    authority.sign("old", &["server.global.nomad"], true);
    let Some(agent) = tls(folder, "server") else { return };
    let with = |change: &dyn Fn(&mut Connection)| {
        let mut connection = connection(&agent.address);
        connection.ca_cert = Some(folder.join("ca.pem"));
        connection.client_cert = Some(folder.join("client.pem"));
        connection.client_key = Some(folder.join("client.key"));
        connection.tls_server_name = Some("server.global.nomad".to_owned());
        connection.timing.attempts = 1;
        change(&mut connection);
        NomadCluster::new(connection).and_then(|cluster| cluster.info())
    };
    assert!(!with(&|_| {}).unwrap().leader.is_empty());
    assert!(
        !with(&|c| (c.skip_verify, c.ca_cert, c.tls_server_name) = (true, None, None))
            .unwrap()
            .leader
            .is_empty()
    );
    // A websocket goes by the same settings: what is refused is the allocation, not the connection.
    let secure = |skip: bool| {
        let mut connection = connection(&agent.address);
        connection.client_cert = Some(folder.join("client.pem"));
        connection.client_key = Some(folder.join("client.key"));
        connection.skip_verify = skip;
        if !skip {
            connection.ca_cert = Some(folder.join("ca.pem"));
            connection.tls_server_name = Some("server.global.nomad".to_owned());
        }
        let cluster = NomadCluster::new(connection).unwrap();
        drawn(&exec(&cluster, "00000000-0000-0000-0000-000000000000").unwrap_err())
    };
    for skip in [false, true] {
        assert!(
            secure(skip).contains("alloc lookup failed") || secure(skip).contains("nknown allocation"),
            "{}",
            secure(skip)
        );
    }
    let fails = |name: &str, set: &str, change: &dyn Fn(&mut Connection)| {
        let failure = with(change).unwrap_err();
        let text = drawn(&failure);
        assert_eq!(failure.kind, FailureKind::Unreachable, "{name}:\n{text}");
        assert!(text.contains(set), "{name}: no `{set}` in\n{text}");
    };
    fails("wrong authority", "set `ca_cert`", &|c| c.ca_cert = Some(folder.join("other.pem")));
    fails("no authority", "set `ca_cert`", &|c| c.ca_cert = None);
    fails("no client certificate", "set `client_cert` and `client_key`", &|c| {
        (c.client_cert, c.client_key) = (None, None);
    });
    fails("a stranger's certificate", "`client_cert`", &|c| {
        (c.client_cert, c.client_key) =
            (Some(folder.join("stranger.pem")), Some(folder.join("stranger.key")));
    });
    fails("an expired client certificate", "`client_cert`", &|c| {
        (c.client_cert, c.client_key) = (Some(folder.join("old.pem")), Some(folder.join("old.key")));
    });
    fails("wrong name", "set `tls_server_name`", &|c| c.tls_server_name = None);
    fails("another wrong name", "set `tls_server_name`", &|c| {
        c.tls_server_name = Some("x.example".to_owned())
    });
    let plain = agent.address.replace("https", "http");
    let failure = cluster(&plain).read_job("foo").unwrap_err();
    assert!(drawn(&failure).contains("write `https://`"), "{failure}");
    drop(agent);

    let Some(old) = tls(folder, "old") else { return };
    let mut connection = connection(&old.address);
    connection.ca_cert = Some(folder.join("ca.pem"));
    connection.tls_server_name = Some("server.global.nomad".to_owned());
    connection.timing.attempts = 1;
    let failure = NomadCluster::new(connection).unwrap().info().unwrap_err();
    assert!(drawn(&failure).contains("certificate has expired"), "{}", drawn(&failure));
}

#[test]
fn https_to_a_port_that_speaks_http_is_said_so() {
    let Some(agent) = agent::shared() else { return };
    let failure = cluster(&agent.address.replace("http", "https")).read_job("foo").unwrap_err();
    assert!(drawn(&failure).contains("write `http://` in the address"), "{}", drawn(&failure));
}

/// Sends a request on to the agent, and gives its answer.
pub fn pass_on(address: &str, request: &Request) -> Reply {
    let builder = ureq::http::Request::builder()
        .method(request.method.as_str())
        .uri(format!("{address}{}", request.target));
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut answer = agent.run(builder.body(request.body.clone()).unwrap()).unwrap();
    let index = answer.headers().get("x-nomad-index").and_then(|text| text.to_str().ok()?.parse().ok());
    let status = answer.status().as_u16();
    let kind = if status == 200 { "application/json" } else { "text/plain" };
    Reply::Answer(status, kind, answer.body_mut().read_to_string().unwrap(), index.unwrap_or(0))
}

#[test]
fn a_lost_answer_of_a_real_agent_is_found() {
    let Some(agent) = agent::shared() else { return };
    let (address, cut) = (agent.address.clone(), AtomicBool::new(true));
    let between = Fake::start(move |request, _| {
        let answer = pass_on(&address, request);
        let first = request.key() == "PUT /v1/jobs" && cut.swap(false, Ordering::Relaxed);
        if first { Reply::Close } else { answer }
    });
    let cli = project(&between.address, "");
    cli.write("jobs/lost-answer.yaml", SLEEPER);
    cli.run("create lost-answer --stage=real")
        .exits(0)
        .says("the answer was lost on the way")
        .says("deployment successful");
    assert_eq!(between.keys().iter().filter(|key| *key == "PUT /v1/jobs").count(), 1);
    assert_eq!(cluster(&agent.address).versions("lost-answer").unwrap().len(), 1, "registered once");
    cluster(&agent.address).deregister("lost-answer", true).unwrap();
}

#[test]
fn a_second_writer_between_plan_and_registration_is_a_conflict() {
    let Some(agent) = agent::shared() else { return };
    let address = agent.address.clone();
    let cli = project(&agent.address, "");
    cli.write("jobs/two-writers.yaml", SLEEPER);
    cli.run("create two-writers --stage=real").exits(0);
    // The other writer comes right after the plan was made.
    let other = AtomicBool::new(true);
    let between = Fake::start(move |request, _| {
        let answer = pass_on(&address, request);
        if request.key() == "PUT /v1/job/two-writers/plan" && other.swap(false, Ordering::Relaxed) {
            let mut job = send("GET", &address, "/v1/job/two-writers", "", &Value::Null);
            job["Priority"] = 61.into();
            send("PUT", &address, "/v1/jobs", "", &json!({"Job": job}));
        }
        answer
    });
    let slow = project(&between.address, "");
    slow.write("jobs/two-writers.yaml", SLEEPER);
    slow.run("update two-writers --stage=real --set num_instances=2").exits(5).says("moved");
    let now = cluster(&agent.address).read_job("two-writers").unwrap().unwrap();
    assert_eq!((&now.job["Priority"], &now.job["TaskGroups"][0]["Count"]), (&json!(61), &json!(1)));
    assert_eq!(now.version, 1, "nothing was submitted");
    cluster(&agent.address).deregister("two-writers", true).unwrap();
}

#[test]
fn an_agent_that_is_killed_in_the_middle_of_a_watch() {
    let Some(mut agent) = Agent::with(&Settings { lasting: true, ..Settings::default() }) else { return };
    let nomad = cluster(&agent.address);
    let mut job = service("survivor", 2, "1");
    job["TaskGroups"][0]["Update"]["MinHealthyTime"] = 5_000_000_000_u64.into();
    let registered = nomad.register(&job, Some(0), &submission("one")).unwrap();
    let interrupted = AtomicBool::new(false);
    let options = Options::for_job(&job, &interrupted);
    let (mut placed, mut gone) = (false, false);
    let outcome = watch::watch(&nomad, "survivor", &registered, &options, &mut |event| match event {
        WatchEvent::Deployment(now) if !placed && now.task_groups["fooserver"].placed_allocs > 0 => {
            placed = true;
            agent.kill();
        }
        WatchEvent::Unreachable(_) if !gone => {
            gone = true;
            agent.restart();
        }
        _ => {}
    });
    let outcome = outcome.unwrap();
    assert!(matches!(&outcome, Outcome::Successful(now) if now.task_groups["fooserver"].healthy_allocs == 2));
    assert!(placed && gone, "the agent was killed and came back");

    // One that never comes back: the watch ends, and says that nothing answers.
    let again = Registered { job_modify_index: registered.job_modify_index, ..registered };
    agent.kill();
    let options = Options { timeout: Duration::from_secs(3), ..options };
    let failure = watch::watch(&nomad, "survivor", &again, &options, &mut |_| {}).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable, "{failure}");
    assert!(failure.to_string().contains("nothing listens there"), "{failure}");
}

fn follow(cluster: &dyn Cluster, job: &Value, check: Option<u64>) -> (Registered, Outcome) {
    let registered = cluster.register(job, check, &submission("s")).unwrap();
    let interrupted = AtomicBool::new(false);
    let options = Options::for_job(job, &interrupted);
    let id = job["ID"].as_str().unwrap();
    let outcome = watch::watch(cluster, id, &registered, &options, &mut |_| {}).unwrap();
    (registered, outcome)
}

#[test]
fn system_and_sysbatch_jobs_live_through_their_life() {
    let Some(agent) = agent::shared() else { return };
    let nomad = cluster(&agent.address);
    for (kind, script) in [("system", "exec sleep 600"), ("sysbatch", "echo done")] {
        let id = format!("each-node-{kind}");
        let job = |workers: &str| {
            let mut job = service(&id, 1, workers);
            job["Type"] = kind.into();
            let group = &mut job["TaskGroups"][0];
            group.as_object_mut().unwrap().remove("Update");
            group["Tasks"][0]["Config"]["args"] = json!(["-c", script]);
            job
        };
        let well = |outcome: &Outcome| {
            matches!(outcome, Outcome::NoDeployment(found) if found.len() == 1)
                || matches!(outcome, Outcome::Successful(_))
        };
        let (first, outcome) = follow(&nomad, &job("1"), Some(0));
        assert!(well(&outcome), "{kind}: {outcome:?}");
        let (second, outcome) = follow(&nomad, &job("2"), Some(first.job_modify_index));
        assert!(well(&outcome), "{kind}: {outcome:?}");
        assert!(second.job_modify_index > first.job_modify_index);
        let running = nomad.read_job(&id).unwrap().unwrap();
        assert_eq!((running.version, running.kind.as_str()), (1, kind));
        // One that breaks is told as that.
        let mut broken = job("3");
        let group = &mut broken["TaskGroups"][0];
        group["Tasks"][0]["Config"]["args"] = json!(["-c", "echo broken here; exit 9"]);
        group["RestartPolicy"] =
            json!({"Attempts": 0, "Mode": "fail", "Interval": 60_000_000_000_u64, "Delay": 1_000_000_000});
        let (_, outcome) = follow(&nomad, &broken, None);
        let Outcome::Failed { tasks, .. } = &outcome else { panic!("{kind}: {outcome:?}") };
        assert_eq!(tasks[0].log, ["broken here"], "{kind}");
        nomad.deregister(&id, false).unwrap();
        assert!(nomad.read_job(&id).unwrap().unwrap().stopped);
        nomad.deregister(&id, true).unwrap();
        assert!(nomad.read_job(&id).unwrap().is_none());
    }
}

/// The server's verdict is joined with ours, and nothing is said twice.
#[test]
fn validate_asks_the_cluster() {
    let Some(agent) = agent::shared() else { return };
    let cli = project(&agent.address, "");
    cli.write("jobs/fits.yaml", SLEEPER);
    cli.run("validate fits --cluster").exits(0).says("valid");
    // Both we and the server warn of this.
    let steep = format!("{SLEEPER}  num_instances: 2\n  update: {{max_parallel: 5}}\n");
    cli.write("jobs/steep.yaml", &steep);
    let offline = cli.run("validate steep").exits(0).says("1 warning");
    assert_eq!(cli.run("validate steep --cluster").exits(0).stderr, offline.stderr);
    // Only the cluster knows its nodes.
    cli.write("jobs/huge.yaml", &format!("{SLEEPER}  ram: 4TB\n"));
    cli.run("validate huge").exits(0);
    let run = cli.run("validate --all --cluster").exits(8);
    assert!(run.stderr.contains("P0834") && run.stderr.contains("without enough memory"), "{}", run.stderr);
    // Only the cluster knows its namespaces.
    let platy = std::fs::read_to_string(cli.root().join("platy.yaml")).unwrap();
    cli.write("platy.yaml", &platy.replace("{cluster: real,", "{cluster: real, namespace: nowhere,"));
    let run = cli.run("validate fits --cluster");
    assert_ne!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let away = project("http://127.0.0.1:9", "");
    away.write("jobs/fits.yaml", SLEEPER);
    away.run("validate fits --cluster").exits(7);
}
