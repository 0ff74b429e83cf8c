//! What a connection does without a real agent: settings, tokens, and servers that misbehave.

use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use platy_manage::cluster::Cluster;
use platy_manage::cluster::nomad::{Connection, NomadCluster};
use platy_manage::diagnostic::FailureKind;
use serde_json::json;

use crate::cli_project::{Cli, Run};
use crate::cluster::nomad;
use crate::fake_nomad::{Fake, Reply};

const JOB: &str = "file: server\nconfig: {user: tester, driver: raw_exec, command: /bin/true}\n";

fn empty() -> Fake {
    Fake::start(|request, _| match request.key().as_str() {
        "GET /v1/jobs" => Reply::json(&json!([]), 5),
        _ => Reply::text(404, "job not found"),
    })
}

fn project(cluster: &str, stage: &str) -> Cli {
    let platy = format!("clusters:\n  far: {{{cluster}}}\nstages:\n  far: {{cluster: far{stage}}}\n");
    Cli::new(&[("platy.yaml", &platy), ("jobs/web.yaml", JOB)])
}

fn status(cli: &Cli, environment: &[(&str, &str)]) -> Run {
    let mut command = cli.command();
    command.args(["status", "web", "--stage=far"]).envs(environment.iter().copied());
    cli.finish(command.output().unwrap())
}

/// A leftover `NOMAD_ADDR` sends no protected stage elsewhere; the request shows where it went.
#[test]
fn a_protected_stage_stays_at_its_address() {
    let (own, other) = (empty(), empty());
    let settings = format!("address: \"{}\"", own.address);
    let environment = [("NOMAD_ADDR", other.address.as_str()), ("NOMAD_NAMESPACE", "elsewhere")];
    status(&project(&settings, ", protected: true"), &environment).exits(0);
    assert!(!own.keys().is_empty() && other.keys().is_empty());
    assert!(own.requests.lock().unwrap().iter().all(|request| request.target.contains("namespace=default")));
    status(&project(&settings, ""), &environment).exits(0);
    assert!(!other.keys().is_empty());
    let requests = other.requests.lock().unwrap();
    assert!(requests.iter().all(|request| request.target.contains("namespace=elsewhere")));
}

#[test]
fn what_the_environment_says_reaches_the_request() {
    let fake = empty();
    let cli = project(&format!("address: \"{}\"", fake.address), "");
    let said = [("NOMAD_TOKEN", "a-token"), ("NOMAD_REGION", "europe"), ("NOMAD_NAMESPACE", "mine")];
    status(&cli, &said).exits(0);
    let request = fake.requests.lock().unwrap()[0].clone();
    assert_eq!(request.headers["x-nomad-token"], "a-token");
    assert!(request.target.contains("region=europe") && request.target.contains("namespace=mine"));
    for (name, key) in [
        ("NOMAD_CACERT", "ca_cert"),
        ("NOMAD_CLIENT_CERT", "client_cert"),
        ("NOMAD_CLIENT_KEY", "client_key"),
    ] {
        // Files are read for `https` only; half a pair is refused.
        let cli = project("address: \"https://127.0.0.1:9\"", "");
        let run = status(&cli, &[(name, "missing.pem")]);
        assert!(run.stderr.contains(key), "{name}: {}", run.stderr);
        assert_ne!(run.code, 0);
    }
}

#[test]
fn a_token_is_a_file_or_a_command_and_never_text() {
    let fake = empty();
    let address = format!("address: \"{}\"", fake.address);
    let cli = project(&format!("{address}, token: s3cret-text"), "");
    let run = status(&cli, &[]).exits(3).says("token_file");
    assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);

    let cli = project(&format!("{address}, token_file: here.token"), "");
    let run = status(&cli, &[]).exits(7).says("here.token").says("readable by you only");
    assert!(run.stderr.contains("P0908"), "{}", run.stderr);
    cli.write("here.token", "from-a-file\n");
    status(&cli, &[]).exits(0);
    assert_eq!(fake.requests.lock().unwrap().last().unwrap().headers["x-nomad-token"], "from-a-file");

    let command = |script: &str| project(&format!("{address}, token_command: [sh, -c, {script:?}]"), "");
    status(&command("echo from-a-command"), &[]).exits(0);
    assert_eq!(fake.requests.lock().unwrap().last().unwrap().headers["x-nomad-token"], "from-a-command");
    // A shell that traces writes the token to stderr.
    for script in ["set -x; echo s3cret; exit 3", "set -x; echo s3cret two words", "echo s3cret >&2"] {
        let run = status(&command(script), &[]).exits(7).says("the token command `sh`");
        assert!(!format!("{}{}", run.stdout, run.stderr).contains("s3cret"), "{script}: {}", run.stderr);
    }
}

#[test]
fn a_token_is_not_sent_in_the_clear() {
    let cli = project("address: \"http://nomad.example.com:4646\"", "");
    let run = status(&cli, &[("NOMAD_TOKEN", "s3cret")]).exits(6).says("P0909").says("https://");
    assert!(!run.stderr.contains("s3cret"));
}

#[test]
fn a_unix_socket_is_refused_with_a_way_out() {
    status(&project("address: \"unix:///run/nomad.sock\"", ""), &[]).exits(3).says("http or https URL");
    let cli = project("address: \"http://127.0.0.1:9\"", "");
    status(&cli, &[("NOMAD_ADDR", "unix:///run/nomad.sock")])
        .exits(1)
        .says("Unix sockets are not supported")
        .says("tunnel");
}

/// Nomad's CLI follows these variables; a leftover one must not decide where a job goes.
#[test]
fn variables_of_proxies_change_nothing() {
    let (fake, proxy) = (empty(), empty());
    let cli = project(&format!("address: \"{}\"", fake.address), "");
    let proxies: Vec<_> =
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
            .map(|name| (name, proxy.address.as_str()))
            .into();
    status(&cli, &proxies).exits(0);
    assert!(proxy.keys().is_empty() && !fake.keys().is_empty());
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let fake = Fake::start(|_, before| match before {
        0 => Reply::Raw(
            b"HTTP/1.1 429 X\r\nRetry-After: 1\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n\r\nbusy"
                .to_vec(),
        ),
        _ => Reply::json(&json!({"ID": "foo", "Version": 3}), 7),
    });
    let began = Instant::now();
    assert_eq!(nomad(&fake.address).read_job("foo").unwrap().unwrap().version, 3);
    assert!(began.elapsed() >= Duration::from_secs(1), "it came back sooner than it was told");
}

/// A redirect to another host once could have taken the token along.
#[test]
fn a_redirect_takes_no_token_along() {
    let elsewhere = empty();
    let to = elsewhere.address.clone();
    let fake = Fake::start(move |_, _| {
        Reply::Raw(
            format!("HTTP/1.1 307 X\r\nLocation: {to}/v1/job/foo\r\nContent-Length: 0\r\n\r\n").into_bytes(),
        )
    });
    let connection = Connection::plain(&fake.address, "default").unwrap().with_token("s3cret").unwrap();
    let failure = NomadCluster::new(connection).unwrap().read_job("foo").unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.to_string().contains("redirects elsewhere"), "{failure}");
    assert!(elsewhere.keys().is_empty());
}

#[test]
fn no_compressed_answer_is_asked_for() {
    let fake = empty();
    let _ = nomad(&fake.address).read_job("foo");
    let request = fake.requests.lock().unwrap()[0].clone();
    assert!(!request.headers.get("accept-encoding").is_some_and(|text| text.contains("gzip")), "{request:?}");
    // One that comes all the same is no JSON.
    let body = b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00";
    let fake = Fake::start(|_, _| Reply::Raw(body.to_vec()));
    let failure = nomad(&fake.address).read_job("foo").unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.to_string().contains("something else than JSON"), "{failure}");
}

#[test]
fn an_answer_without_end_is_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[");
            let piece = vec![b' '; 1 << 20];
            while stream.write_all(&piece).is_ok() {}
        }
    });
    let mut connection = Connection::plain(&address, "default").unwrap();
    connection.timing.attempts = 1;
    connection.timing.answer = Duration::from_secs(60);
    let failure = NomadCluster::new(connection).unwrap().read_job("foo").unwrap_err();
    assert!(failure.to_string().contains("larger than 64 MiB"), "{failure}");
}
