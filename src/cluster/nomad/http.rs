//! Requests: what is sent, how often, and what an answer that is none means.

use std::fmt::Write as _;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::{HeaderMap, Method, Request, Response};
use ureq::{Agent, Body};

use super::connection::Connection;
use super::tls;
use super::trouble::{Trouble, is_no_token, is_passing, unreachable};
use crate::cluster::{DENIED, Observed, RUBBISH, Wait};
use crate::diagnostic::{Diagnostic, Result};

/// The most that an answer may be; Nomad's own lists of thousands of jobs stay below.
const LARGEST_ANSWER: u64 = 64 * 1024 * 1024;

/// The longest pause that a server's `Retry-After` can ask for: somebody waits for the answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// One request.
pub(super) struct Call<'c> {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<&'c Value>,
    wait: Wait,
    /// Whether a repetition changes nothing.
    pub safe: bool,
    /// For messages: `read the job `x``.
    pub what: String,
    /// What the token must be allowed.
    pub capability: &'static str,
}

impl<'c> Call<'c> {
    /// A read. `path` begins with `/v1`, its segments are encoded by [`segment`].
    pub fn get(path: String, what: impl Into<String>, capability: &'static str) -> Self {
        let (query, body) = (Vec::new(), None);
        let what = what.into();
        Self { method: Method::GET, path, query, body, wait: Wait::NOW, safe: true, what, capability }
    }

    /// A request with a body.
    pub fn put(path: String, body: &'c Value, what: impl Into<String>, capability: &'static str) -> Self {
        Self { method: Method::PUT, body: Some(body), safe: false, ..Self::get(path, what, capability) }
    }

    /// A removal.
    pub fn delete(path: String, what: impl Into<String>, capability: &'static str) -> Self {
        Self { method: Method::DELETE, safe: false, ..Self::get(path, what, capability) }
    }

    /// It changes nothing, though it has a body.
    pub fn safe(self) -> Self {
        Self { safe: true, ..self }
    }

    /// A parameter.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// A blocking query.
    pub fn wait(self, wait: Wait) -> Self {
        Self { wait, ..self }
    }
}

/// An answer with a status below 300.
#[derive(Debug)]
pub(super) struct Answer {
    /// `X-Nomad-Index`, 0 if there is none.
    pub index: u64,
    /// The body.
    pub body: Vec<u8>,
}

/// Sends requests to one Nomad.
pub(super) struct Http {
    agent: Agent,
    base: String,
    pub connection: Connection,
}

impl Http {
    /// # Errors
    /// `BAD_CONNECTION` where a certificate or key cannot be read.
    pub fn new(connection: Connection) -> Result<Self> {
        let (agent, base) = tls::agent(&connection)?;
        Ok(Self { agent, base, connection })
    }

    /// Sends a request and reads the answer as JSON.
    pub fn json<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<Observed<T>> {
        let what = call.what.clone();
        let answer = self.send(call).map_err(Trouble::failure)?;
        self.decode(&answer, &what)
    }

    /// The same, and `None` where Nomad has no such thing.
    pub fn json_if_any<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<Option<Observed<T>>> {
        let what = call.what.clone();
        match self.send(call) {
            Ok(answer) => self.decode(&answer, &what).map(Some),
            Err(Trouble::Refused { status: 404, text, .. }) if text.contains("not found") => Ok(None),
            Err(trouble) => Err(trouble.failure()),
        }
    }

    /// An answer as JSON.
    pub fn decode<T: DeserializeOwned>(&self, answer: &Answer, what: &str) -> Result<Observed<T>> {
        match serde_json::from_slice(&answer.body) {
            Ok(value) => Ok(Observed { value, index: answer.index }),
            Err(error) => {
                let start: String = String::from_utf8_lossy(&answer.body).chars().take(60).collect();
                let message =
                    format!("could not {what}: {} answered with something else than JSON", self.name());
                let problem = if error.is_eof() {
                    Diagnostic::error(
                        &RUBBISH,
                        format!("could not {what}: the answer of {} is cut off", self.name()),
                    )
                } else if answer.body.first() == Some(&b'<') {
                    return Err(self.web_page(what, 200));
                } else if error.is_data() {
                    Diagnostic::error(
                        &RUBBISH,
                        format!("could not {what}: {} answered in an unknown shape", self.name()),
                    )
                    .hint(format!("JSON: {error}"))
                } else {
                    Diagnostic::error(&RUBBISH, message)
                        .hint(format!("it begins with `{}`", self.scrub(&start).escape_debug()))
                };
                Err(unreachable(problem.hint("check that the address is that of Nomad's HTTP API")))
            }
        }
    }

    /// Sends a request, again if that is safe.
    pub fn send(&self, call: Call<'_>) -> std::result::Result<Answer, Trouble> {
        let timing = self.connection.timing;
        let mut pause = timing.pause;
        let mut attempt = 1;
        loop {
            let trouble = match self.send_once(&call) {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            let again = match &trouble {
                Trouble::NotSent(_) => true,
                Trouble::Lost(_) => call.safe,
                Trouble::Refused { status: 429 | 502..=504, .. } => call.safe,
                Trouble::Refused { status: 500, text, .. } => {
                    call.safe && (call.body.is_none() || is_passing(text))
                }
                Trouble::Refused { .. } => false,
            };
            if !again || attempt >= timing.attempts {
                return Err(self.judged(&call, trouble));
            }
            let asked = match &trouble {
                Trouble::Refused { retry_after: Some(asked), .. } => (*asked).min(LONGEST_PAUSE),
                _ => Duration::ZERO,
            };
            std::thread::sleep(jitter(pause).max(asked));
            pause = (pause * 2).min(Duration::from_secs(4));
            attempt += 1;
        }
    }

    /// Tells a token that may not from one that is none: Nomad answers both alike, except where the
    /// token asks about itself.
    pub fn judged(&self, call: &Call<'_>, trouble: Trouble) -> Trouble {
        match trouble {
            Trouble::Refused { status: status @ (401 | 403), text, retry_after, failure }
                if self.connection.token.is_some() && failure.has(&DENIED) =>
            {
                let own = Call::get("/v1/acl/token/self".to_owned(), "read the token", "");
                // Found, or (an identity of a workload) known and without a page of its own.
                let unknown = match self.send_once(&own) {
                    Err(Trouble::Refused { status: 401 | 403, .. }) => true,
                    Err(Trouble::Refused { status: 500, text, .. }) => is_no_token(&text),
                    _ => false,
                };
                let failure = if unknown { self.denied(call, true) } else { failure };
                Trouble::Refused { status, text, retry_after, failure }
            }
            trouble => trouble,
        }
    }

    pub fn url(&self, call: &Call<'_>) -> String {
        let mut url = format!("{}{}", self.base, call.path);
        let mut separator = '?';
        let mut add = |name: &str, value: &str| {
            let _ = write!(url, "{separator}{name}={}", segment(value));
            separator = '&';
        };
        add("namespace", &self.connection.namespace);
        if let Some(region) = &self.connection.region {
            add("region", region);
        }
        if call.wait.index > 0 {
            add("index", &call.wait.index.to_string());
            add("wait", &format!("{}ms", call.wait.at_most.as_millis().max(1)));
        }
        for (name, value) in &call.query {
            add(name, value);
        }
        url
    }

    fn send_once(&self, call: &Call<'_>) -> std::result::Result<Answer, Trouble> {
        let mut request = Request::builder().method(call.method.clone()).uri(self.url(call));
        if let Some(token) = &self.connection.token {
            request = request.header("X-Nomad-Token", token.secret());
        }
        // The server adds up to a sixteenth to the wait, so that not all come back at once.
        let waiting =
            if call.wait.index > 0 { call.wait.at_most + call.wait.at_most / 16 } else { Duration::ZERO };
        let at_most = self.connection.timing.answer + waiting;
        let sent = match call.body {
            Some(body) => {
                let text = body.to_string();
                let request = request.header("Content-Type", "application/json").body(text);
                request.map_err(ureq::Error::Http).and_then(|request| {
                    let request = self.agent.configure_request(request).timeout_global(Some(at_most)).build();
                    self.agent.run(request)
                })
            }
            None => request.body(()).map_err(ureq::Error::Http).and_then(|request| {
                let request = self.agent.configure_request(request).timeout_global(Some(at_most)).build();
                self.agent.run(request)
            }),
        };
        let mut response = sent.map_err(|error| self.broken(call, &error, at_most))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let read = response.body_mut().with_config().limit(LARGEST_ANSWER).read_to_vec();
        let body = read.map_err(|error| self.broken(call, &error, at_most))?;
        if (200..300).contains(&status) {
            let index = header(&headers, "x-nomad-index").and_then(|text| text.parse().ok()).unwrap_or(0);
            return Ok(Answer { index, body });
        }
        Err(self.refused(call, status, &headers, &body))
    }

    /// Sends a read once; its answer is read as it comes, for as long as it comes.
    pub fn open(&self, call: &Call<'_>) -> Result<Response<Body>> {
        let mut request = Request::builder().method(call.method.clone()).uri(self.url(call));
        if let Some(token) = &self.connection.token {
            request = request.header("X-Nomad-Token", token.secret());
        }
        let at_most = self.connection.timing.answer;
        let failed = |error: &ureq::Error| self.broken(call, error, at_most).failure();
        let request = request.body(()).map_err(|error| failed(&ureq::Error::Http(error)))?;
        let config = self.agent.configure_request(request).timeout_global(None);
        let request = config.timeout_recv_response(Some(at_most)).timeout_recv_body(None).build();
        let mut response = self.agent.run(request).map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(response);
        }
        let headers = response.headers().clone();
        let read = response.body_mut().with_config().limit(LARGEST_ANSWER).read_to_vec();
        let body = read.map_err(|error| failed(&error))?;
        let refused = self.refused(call, status, &headers, &body);
        Err(self.judged(call, refused).failure())
    }

    /// For messages.
    pub fn name(&self) -> String {
        format!("Nomad at {}", self.connection.address)
    }

    /// The text without the token.
    pub fn scrub(&self, text: &str) -> String {
        match &self.connection.token {
            Some(token) => text.replace(token.secret(), "…"),
            None => text.to_owned(),
        }
    }
}

/// A header, if it is text.
pub(super) fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Between half of the pause and all of it.
fn jitter(pause: Duration) -> Duration {
    let random = f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0;
    pause.mul_f64(0.5 + random / 2.0)
}

/// A segment of a path or a value of a query, percent-encoded (RFC 3986, unreserved).
pub(super) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
