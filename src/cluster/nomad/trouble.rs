//! What an answer means that is none: a connection that broke, a status, a page of something between.

use std::time::Duration;

use ureq::http::HeaderMap;

use super::http::{Call, Http, header};
use super::tls;
use crate::cluster::{BAD_REQUEST, DENIED, NOT_FOUND, RUBBISH, SERVER_ERROR, STALE, UNREACHABLE};
use crate::diagnostic::{Code, Diagnostic, Failure, FailureKind};

/// Why there is no [`Answer`](super::http::Answer).
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nothing was sent.
    NotSent(Failure),
    /// It was sent, and how it ended is not known.
    Lost(Failure),
    /// Nomad refused it with this text.
    Refused {
        /// The status.
        status: u16,
        /// The text.
        text: String,
        /// How long the server asks to wait before the next request.
        retry_after: Option<Duration>,
        /// What it means.
        failure: Failure,
    },
}

impl Trouble {
    /// What to show.
    pub fn failure(self) -> Failure {
        match self {
            Self::NotSent(failure) | Self::Lost(failure) | Self::Refused { failure, .. } => failure,
        }
    }
}

impl Http {
    /// The connection failed before, while or after the request was sent.
    pub(super) fn broken(&self, call: &Call<'_>, error: &ureq::Error, at_most: Duration) -> Trouble {
        use std::io::ErrorKind;
        use ureq::{Error, Timeout};
        let name = self.name();
        let what = &call.what;
        let (sent, message, hint) = match error {
            Error::HostNotFound => (
                false,
                format!("{name} cannot be reached: there is no such host"),
                "check the name in the address",
            ),
            Error::ConnectionFailed => (
                false,
                format!("{name} cannot be reached: no connection"),
                "check the address and the network",
            ),
            Error::Timeout(Timeout::Resolve | Timeout::Connect) => (
                false,
                format!(
                    "{name} cannot be reached: no connection within {} s",
                    self.connection.timing.connect.as_secs_f32()
                ),
                "check the address and the network",
            ),
            Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => (
                false,
                format!("{name} cannot be reached: nothing listens there"),
                "check the address, and that the agent runs",
            ),
            Error::Timeout(_) => (
                true,
                format!("could not {what}: {name} did not answer within {} s", at_most.as_secs_f32()),
                "the agent may be overloaded, or something between swallows the answer",
            ),
            Error::BodyExceedsLimit(limit) => (
                true,
                format!("could not {what}: the answer of {name} is larger than {} MiB", limit >> 20),
                "check that the address is that of Nomad's HTTP API",
            ),
            Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => (
                true,
                format!("could not {what}: the answer of {name} is cut off"),
                "the agent may be restarting",
            ),
            Error::Tls(_) | Error::Rustls(_) => (
                false,
                format!("no TLS with {name}: {}", self.scrub(&error.to_string())),
                tls::hint(&error.to_string()),
            ),
            Error::Io(error) if is_tls(error) => (
                false,
                format!("no TLS with {name}: {}", self.scrub(&error.to_string())),
                tls::hint(&error.to_string()),
            ),
            Error::Protocol(error) => (
                true,
                format!(
                    "could not {what}: {name} answered with something else than HTTP ({})",
                    self.scrub(&error.to_string())
                ),
                "check that the address is that of Nomad's HTTP API, and `http` against `https`",
            ),
            error => (
                true,
                format!(
                    "could not {what}: the connection to {name} broke ({})",
                    self.scrub(&error.to_string())
                ),
                "the agent may be restarting",
            ),
        };
        let code = if matches!(error, Error::Protocol(_) | Error::BodyExceedsLimit(_)) {
            &RUBBISH
        } else {
            &UNREACHABLE
        };
        let mut diagnostic = Diagnostic::error(code, message).hint(hint);
        if sent && !call.safe {
            diagnostic = diagnostic.hint("whether it was done is not known: look before you repeat it");
        }
        let failure = unreachable(diagnostic);
        if sent { Trouble::Lost(failure) } else { Trouble::NotSent(failure) }
    }

    /// A status of 300 and above.
    pub(super) fn refused(&self, call: &Call<'_>, status: u16, headers: &HeaderMap, body: &[u8]) -> Trouble {
        let what = &call.what;
        let text = String::from_utf8_lossy(&body[..body.len().min(16 * 1024)]);
        let text = self.scrub(text.trim());
        let is_page = header(headers, "content-type").is_some_and(|kind| kind.starts_with("text/html"));
        let failure = if (is_page || text.starts_with('<')) && !(status == 404 && text.is_empty()) {
            self.web_page(what, status)
        } else if (300..400).contains(&status) {
            unreachable(
                Diagnostic::error(
                    &RUBBISH,
                    format!("could not {what}: {} redirects elsewhere (status {status})", self.name()),
                )
                .hint("a redirect is not followed, so that no token goes there: give the final address"),
            )
        } else if status == 401 || status == 403 {
            self.denied(call, is_no_token(&text))
        } else if text.starts_with("Enforcing job modify index") {
            Failure::new(
                FailureKind::Stale,
                Diagnostic::error(
                    &STALE,
                    format!("could not {what}: the running job moved since it was read"),
                )
                .hint(format!("Nomad says: {}", one_line(&text)))
                .hint("look at the difference again, then repeat"),
            )
        } else {
            let (code, kind): (&'static Code, _) = match status {
                404 => (&NOT_FOUND, FailureKind::Other),
                400..500 if status != 429 => (&BAD_REQUEST, FailureKind::Other),
                429 | 502..=504 => (&UNREACHABLE, FailureKind::Unreachable),
                _ if is_passing(&text) => (&UNREACHABLE, FailureKind::Unreachable),
                _ => (&SERVER_ERROR, FailureKind::Other),
            };
            let words = match one_line(&text) {
                words if words.is_empty() => format!("status {status}"),
                words => words,
            };
            let diagnostic = Diagnostic::error(code, format!("could not {what}: {words}"));
            let diagnostic = if text.contains("HTTP request to an HTTPS server") {
                diagnostic.hint("write `https://` in the address")
            } else if code.id == UNREACHABLE.id {
                diagnostic.hint(format!("{} has no leader or is overloaded: try again later", self.name()))
            } else {
                diagnostic
            };
            Failure::new(kind, diagnostic)
        };
        // Seconds; the other form, a date, is not worth the doubt about clocks (RFC 9110, 10.2.3).
        let retry_after = header(headers, "retry-after").and_then(|text| text.trim().parse().ok());
        Trouble::Refused { status, text, retry_after: retry_after.map(Duration::from_secs), failure }
    }

    pub(super) fn denied(&self, call: &Call<'_>, unknown: bool) -> Failure {
        let what = &call.what;
        let token = self.connection.token.is_some();
        let message = if unknown {
            format!("could not {what}: {} does not know the token, or it has expired", self.name())
        } else {
            format!("could not {what}: {} denied permission", self.name())
        };
        let diagnostic = Diagnostic::error(&DENIED, message);
        let diagnostic = if !unknown && !call.capability.is_empty() {
            let scope = match call.capability.contains(':') {
                true => String::new(),
                false => format!(" in the namespace `{}`", self.connection.namespace),
            };
            diagnostic.hint(format!("it needs the capability `{}`{scope}", call.capability))
        } else {
            diagnostic
        };
        unreachable(if unknown {
            diagnostic.hint("get a new one, and check where it comes from: `NOMAD_TOKEN`, or `token_file` or `token_command` of the cluster")
        } else if token {
            diagnostic.hint("`nomad acl token self` shows what the token may do")
        } else {
            diagnostic.hint("no token was sent: set `NOMAD_TOKEN`, or `token_file` or `token_command` of the cluster in platy.yaml")
        })
    }

    pub(super) fn web_page(&self, what: &str, status: u16) -> Failure {
        unreachable(
            Diagnostic::error(
                &RUBBISH,
                format!("could not {what}: {} answered with a web page (status {status})", self.name()),
            )
            .hint("something between answers in Nomad's place, such as a proxy or a login page: check the address"),
        )
    }
}

/// Whether the server says that the token is unknown, or was once.
pub(super) fn is_no_token(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("token not found") || text.contains("token expired")
}

/// An error of the servers among themselves, which passes.
pub(super) fn is_passing(text: &str) -> bool {
    [
        "No cluster leader",
        "rpc error",
        "No path to region",
        "leadership lost",
        "connection refused",
        "raft",
        "Timed out",
    ]
    .iter()
    .any(|part| text.contains(part))
}

/// Whether an error of the connection is one of TLS: rustls wraps its own in these kinds.
fn is_tls(error: &std::io::Error) -> bool {
    let text = error.to_string();
    error.kind() == std::io::ErrorKind::InvalidData
        || text.contains("certificate")
        || text.contains("fatal alert")
        || text.contains("corrupt message")
}

pub(super) fn unreachable(diagnostic: Diagnostic) -> Failure {
    Failure::new(FailureKind::Unreachable, diagnostic)
}

/// The text in one line, at most 300 characters.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() > 300 { line.chars().take(299).chain(['…']).collect() } else { line }
}
