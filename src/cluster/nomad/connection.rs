//! How a Nomad is reached: address, token, TLS, namespace; from `platy.yaml` and `NOMAD_*`.

use std::fmt;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ureq::http::Uri;

use crate::cluster::{BAD_CONNECTION, Environment, TOKEN_IN_THE_CLEAR};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};
use crate::project::{NomadConfig, Stage, TokenFrom};

/// A token; never shown.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The token for the header.
    pub(super) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// How long to wait, and how often to try.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// For a connection.
    pub connect: Duration,
    /// For a whole answer, beyond the wait of a blocking query.
    pub answer: Duration,
    /// Attempts of what is safe to repeat.
    pub attempts: u32,
    /// The pause after the first failure; it doubles, with jitter.
    pub pause: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(15),
            attempts: 4,
            pause: Duration::from_millis(250),
        }
    }
}

/// All that is known about reaching a Nomad. `Debug` leaves the token out.
#[derive(Debug, Clone)]
pub struct Connection {
    /// `http://HOST:PORT`, with the path of a proxy where there is one, without a slash at the end.
    pub address: String,
    /// The token, if there is one.
    pub token: Option<Token>,
    /// The namespace of every request.
    pub namespace: String,
    /// The region of every request, if set.
    pub region: Option<String>,
    /// The authority that signed the server's certificate.
    pub ca_cert: Option<PathBuf>,
    /// The certificate that we show.
    pub client_cert: Option<PathBuf>,
    /// Its key.
    pub client_key: Option<PathBuf>,
    /// The name in the server's certificate.
    pub tls_server_name: Option<String>,
    /// Whether any certificate is accepted.
    pub skip_verify: bool,
    /// How long to wait, and how often to try.
    pub timing: Timing,
}

impl Connection {
    /// A connection without TLS settings, token and region.
    ///
    /// # Errors
    /// `BAD_CONNECTION` for an address that is none.
    pub fn plain(address: &str, namespace: &str) -> Result<Self> {
        let connection = Self {
            address: address.trim_end_matches('/').to_owned(),
            token: None,
            namespace: namespace.to_owned(),
            region: None,
            ca_cert: None,
            client_cert: None,
            client_key: None,
            tls_server_name: None,
            skip_verify: false,
            timing: Timing::default(),
        };
        connection.uri()?;
        Ok(connection)
    }

    /// The connection of a stage.
    ///
    /// For a protected stage `platy.yaml` decides the address, namespace, region and TLS, and the
    /// environment only brings what is not set there: no leftover `NOMAD_ADDR` sends it elsewhere.
    /// For any other stage the environment wins, and where it names another address, the stage's
    /// own token stays at home.
    ///
    /// # Errors
    /// `BAD_CONNECTION`, and `TOKEN_IN_THE_CLEAR` for a token over plain HTTP to another host.
    pub fn resolve(config: &NomadConfig, stage: &Stage, environment: &Environment) -> Result<Self> {
        let free = !stage.protected;
        let home = environment.home.as_deref();
        let pick = |ours: Option<String>, theirs: &Option<String>| {
            if free { theirs.clone().or(ours) } else { ours.or_else(|| theirs.clone()) }
        };
        let file = |ours: &Option<PathBuf>, theirs: &Option<String>| {
            let theirs = theirs.as_ref().map(PathBuf::from);
            let path = if free { theirs.or_else(|| ours.clone()) } else { ours.clone().or(theirs) };
            path.map(|path| at_home(&path, home))
        };
        let own = config.address.trim_end_matches('/').to_owned();
        let address = match environment.address.as_deref().filter(|_| free) {
            Some(address) => address.trim_end_matches('/').to_owned(),
            None => own.clone(),
        };
        let namespace = match environment.namespace.as_ref().filter(|_| free && stage.namespace == "default")
        {
            Some(namespace) => namespace.clone(),
            None => stage.namespace.clone(),
        };
        let own_token = config.token.as_ref().filter(|_| address == own);
        let token = match (own_token, &environment.token) {
            (Some(from), _) => Some(read_token(from, home)?),
            (None, Some(text)) => Some(check_token(text, "`NOMAD_TOKEN`")?),
            (None, None) => None,
        };
        let connection = Self {
            token,
            region: pick(stage.region.clone().or_else(|| config.region.clone()), &environment.region),
            ca_cert: file(&config.ca_cert, &environment.ca_cert),
            client_cert: file(&config.client_cert, &environment.client_cert),
            client_key: file(&config.client_key, &environment.client_key),
            tls_server_name: pick(config.tls_server_name.clone(), &environment.tls_server_name),
            // For a protected stage only platy.yaml may switch the check of certificates off.
            skip_verify: config.skip_verify || (free && environment.skip_verify),
            ..Self::plain(&address, &namespace)?
        };
        connection.check_token_is_safe()?;
        Ok(connection)
    }

    /// A connection without a stage: all but the address and the namespace is the environment's.
    ///
    /// # Errors
    /// As [`Connection::resolve`].
    pub fn bare(address: &str, namespace: &str, environment: &Environment) -> Result<Self> {
        let home = environment.home.as_deref();
        let file = |path: &Option<String>| path.as_ref().map(|path| at_home(Path::new(path), home));
        let token =
            environment.token.as_deref().map(|text| check_token(text, "`NOMAD_TOKEN`")).transpose()?;
        let connection = Self {
            token,
            region: environment.region.clone(),
            ca_cert: file(&environment.ca_cert),
            client_cert: file(&environment.client_cert),
            client_key: file(&environment.client_key),
            tls_server_name: environment.tls_server_name.clone(),
            skip_verify: environment.skip_verify,
            ..Self::plain(address, namespace)?
        };
        connection.check_token_is_safe()?;
        Ok(connection)
    }

    /// The same with a token.
    ///
    /// # Errors
    /// As [`Connection::resolve`].
    pub fn with_token(mut self, token: &str) -> Result<Self> {
        self.token = Some(check_token(token, "the token")?);
        self.check_token_is_safe()?;
        Ok(self)
    }

    fn check_token_is_safe(&self) -> Result<()> {
        let uri = self.uri()?;
        let plain = uri.scheme_str() == Some("http");
        if self.token.is_some() && plain && !is_loopback(uri.host().unwrap_or_default()) {
            return Err(Failure::new(
                FailureKind::Refused,
                Diagnostic::error(
                    &TOKEN_IN_THE_CLEAR,
                    format!("a token would be sent over plain HTTP to `{}`", self.address),
                )
                .hint("use an `https://` address, or reach that Nomad through a tunnel to this machine")
                .hint("without a token the request may be sent: unset `NOMAD_TOKEN`"),
            ));
        }
        Ok(())
    }

    /// The address, taken apart.
    pub(super) fn uri(&self) -> Result<Uri> {
        let address = &self.address;
        if address.contains('@') {
            // Not shown: what stands before the `@` is a secret.
            let message = "the address of a Nomad holds a user name or a password".to_owned();
            return Err(other(bad(message).hint("take it out, and use a token")));
        }
        let refuse = |why: &str, hint: &str| {
            let message = format!("`{address}` is no address of a Nomad: {why}");
            Err(other(bad(message).hint(hint.to_owned())))
        };
        let example = "write `http://HOST:4646` or `https://HOST:4646`";
        match address.parse::<Uri>() {
            _ if address.starts_with("unix:") => {
                refuse("Unix sockets are not supported", "give the agent a TCP address, or use a tunnel")
            }
            Ok(uri) if !matches!(uri.scheme_str(), Some("http" | "https")) => {
                refuse("it has no `http://` or `https://`", example)
            }
            Ok(uri) if uri.authority().is_none() => refuse("it has no host", example),
            Ok(uri) if uri.query().is_some() => refuse("it has a query", example),
            Ok(uri) => Ok(uri),
            Err(_) => refuse("it cannot be read", example),
        }
    }
}

fn bad(message: String) -> Diagnostic {
    Diagnostic::error(&BAD_CONNECTION, message)
}

fn other(diagnostic: Diagnostic) -> Failure {
    Failure::new(FailureKind::Other, diagnostic)
}

/// Without its token a cluster cannot be reached.
fn no_token(diagnostic: Diagnostic) -> Failure {
    Failure::new(FailureKind::Unreachable, diagnostic)
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn at_home(path: &Path, home: Option<&str>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => Path::new(home).join(rest),
        _ => path.to_owned(),
    }
}

fn check_token(text: &str, from: &str) -> Result<Token> {
    let token = text.trim();
    let message = if token.is_empty() {
        format!("{from} has no token")
    } else if token.len() > 4096 || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        format!("{from} has something that cannot be a token")
    } else {
        return Ok(Token(token.to_owned()));
    };
    Err(no_token(bad(message).hint("a token is one word, such as a UUID")))
}

fn read_token(from: &TokenFrom, home: Option<&str>) -> Result<Token> {
    match from {
        TokenFrom::File(path) => {
            let path = at_home(path, home);
            let text = std::fs::read_to_string(&path).map_err(|error| {
                no_token(
                    bad(format!("the token file `{}` cannot be read: {error}", path.display()))
                        .hint("write the token into it, readable by you only"),
                )
            })?;
            check_token(&text, &format!("the token file `{}`", path.display()))
        }
        TokenFrom::Command(command) => {
            let name = command.first().cloned().unwrap_or_default();
            let refuse = |why: String| {
                no_token(
                    bad(format!("the token command `{name}` {why}"))
                        .hint("it must print the token and end with 0, within 20 s")
                        .hint("run it by hand to see what it says: here its words are not shown, for they may hold the token"),
                )
            };
            let text = run(command, Duration::from_secs(20)).map_err(refuse)?;
            check_token(&text, &format!("the token command `{name}`"))
        }
    }
}

/// What a command prints. Its output is never part of an error: it may hold the token.
fn run(command: &[String], at_most: Duration) -> std::result::Result<String, String> {
    let [program, arguments @ ..] = command else { return Err("is empty".to_owned()) };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // It may hold the token, as a trace of the shell does.
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot be run: {error}"))?;
    let Some(stdout) = child.stdout.take() else { return Err("has no output".to_owned()) };
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.take(64 * 1024).read_to_string(&mut text);
        let _ = sender.send(read.map(|_| text));
    });
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break,
            Ok(Some(status)) => return Err(format!("failed ({status})")),
            Ok(None) if began.elapsed() < at_most => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("did not end within {} s", at_most.as_secs()));
            }
            Err(error) => return Err(format!("cannot be waited for: {error}")),
        }
    }
    match receiver.recv_timeout(Duration::from_secs(1)) {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(_)) => Err("printed something that is not text".to_owned()),
        Err(_) => Err("left its output open".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use crate::project::{Guards, Monitoring};

    fn stage(protected: bool) -> Stage {
        Stage {
            name: "prod".to_owned(),
            place: Source::new("platy.yaml", "").place(0..0),
            cluster: "bb".to_owned(),
            namespace: "default".to_owned(),
            region: None,
            datacenters: None,
            node_pool: None,
            protected,
            id: "{name}-{stage}".to_owned(),
            mhz_per_core: 1000,
            monitoring: Monitoring::default(),
            guards: Guards::default(),
            config: None,
        }
    }

    fn config(address: &str) -> NomadConfig {
        NomadConfig {
            address: address.to_owned(),
            region: None,
            ca_cert: None,
            client_cert: None,
            client_key: None,
            tls_server_name: None,
            skip_verify: false,
            token: None,
        }
    }

    /// A leftover `NOMAD_ADDR` once sent a protected stage's job to another cluster.
    #[test]
    fn a_protected_stage_keeps_its_address() {
        let environment = Environment {
            address: Some("http://127.0.0.1:1".to_owned()),
            namespace: Some("elsewhere".to_owned()),
            skip_verify: true,
            ..Environment::default()
        };
        let own = config("https://nomad.example.com:4646");
        let protected = Connection::resolve(&own, &stage(true), &environment).unwrap();
        assert_eq!(protected.address, "https://nomad.example.com:4646");
        assert_eq!(protected.namespace, "default");
        assert!(!protected.skip_verify);
        let free = Connection::resolve(&own, &stage(false), &environment).unwrap();
        assert_eq!((free.address.as_str(), free.namespace.as_str()), ("http://127.0.0.1:1", "elsewhere"));
    }

    #[test]
    fn a_token_travels_encrypted_or_not_at_all() {
        let environment = Environment { token: Some("s.ecret".to_owned()), ..Environment::default() };
        let resolve = |address: &str| Connection::resolve(&config(address), &stage(false), &environment);
        let failure = resolve("http://nomad.example.com:4646").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused);
        assert!(!failure.to_string().contains("ecret"), "{failure}");
        for safe in ["http://127.0.0.1:4646", "http://[::1]:4646", "http://localhost:4646", "https://x:4646"]
        {
            let connection = resolve(safe).unwrap();
            assert!(!format!("{connection:?} {environment:?}").contains("ecret"));
        }
    }

    #[test]
    fn an_address_from_the_environment_does_not_get_the_token_of_the_stage() {
        let mut own = config("https://nomad.example.com");
        own.token = Some(TokenFrom::Command(vec!["echo".to_owned(), "of-the-stage".to_owned()]));
        let environment =
            Environment { address: Some("https://other.example.com".to_owned()), ..Environment::default() };
        assert!(Connection::resolve(&own, &stage(false), &environment).unwrap().token.is_none());
        let kept = Connection::resolve(&own, &stage(true), &environment).unwrap();
        assert_eq!(kept.token.unwrap().secret(), "of-the-stage");
    }

    #[test]
    fn what_a_token_command_prints_is_in_no_error() {
        let command = |script: &str| ["sh", "-c", script].map(str::to_owned).to_vec();
        let failed = read_token(&TokenFrom::Command(command("echo s3cret; exit 3")), None).unwrap_err();
        assert_eq!(failed.to_string(), "the token command `sh` failed (exit status: 3) [P0908]");
        let two = read_token(&TokenFrom::Command(command("echo two words")), None).unwrap_err();
        assert_eq!(two.to_string(), "the token command `sh` has something that cannot be a token [P0908]");
    }

    #[test]
    fn bad_addresses_say_what_to_write() {
        for (address, message) in [
            (
                "nomad:4646",
                "`nomad:4646` is no address of a Nomad: it has no `http://` or `https://` [P0908]",
            ),
            ("unix:///x", "`unix:///x` is no address of a Nomad: Unix sockets are not supported [P0908]"),
            ("http://u:p w@h", "the address of a Nomad holds a user name or a password [P0908]"),
            ("http://u:p@h", "the address of a Nomad holds a user name or a password [P0908]"),
        ] {
            assert_eq!(Connection::plain(address, "default").unwrap_err().to_string(), message);
        }
    }
}
