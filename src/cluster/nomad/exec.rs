//! A command inside a task: Nomad speaks it over a websocket, in frames of JSON
//! (`/v1/client/allocation/ID/exec`).

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde::Deserialize;
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderMap;
use tungstenite::{HandshakeError, Message, WebSocket};

use super::http::{Call, Http, segment};
use super::{NomadCluster, tls};
use crate::cluster::{ExecIo, ExecRequest, Stream, UNREACHABLE};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};

/// How long a read waits, so that input and an interrupt are noticed.
const TURN: Duration = Duration::from_millis(50);

/// How often a sign of life is sent; Nomad's own client sends one as often.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A stream that is encrypted or not.
trait Duplex: Read + Write + Send {}

impl<T: Read + Write + Send> Duplex for T {}

/// What the server sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Frame {
    stdout: Option<Chunk>,
    stderr: Option<Chunk>,
    exited: bool,
    result: Option<ExitResult>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chunk {
    data: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ExitResult {
    exit_code: i64,
}

impl NomadCluster {
    /// Runs a command; gives its exit code, or `None` where we were interrupted.
    pub(super) fn exec_in_task(&self, request: &ExecRequest, io: &mut ExecIo<'_>) -> Result<Option<i64>> {
        let what = format!("run a command in the task `{}`", request.task);
        let path = format!("/v1/client/allocation/{}/exec", segment(&request.allocation));
        let call = Call::get(path, what, "alloc-exec")
            .with("task", &request.task)
            .with("tty", request.tty.to_string())
            .with("command", json!(request.command).to_string());
        let (mut socket, tcp) = self.http.websocket(&call)?;
        let lost = |why: &dyn std::fmt::Display| self.http.lost(&call, why);
        tcp.set_read_timeout(Some(TURN)).map_err(|error| lost(&error))?;
        let mut input_open = true;
        let mut alive = Instant::now();
        let mut size = None;
        loop {
            if io.interrupted.load(Ordering::Relaxed) {
                let _ = socket.close(None);
                return Ok(None);
            }
            let now = io.size.and_then(|size| size());
            if let Some((rows, columns)) = now.filter(|_| now != size) {
                size = now;
                let frame = json!({"tty_size": {"height": rows, "width": columns}});
                send(&mut socket, &frame).map_err(|error| lost(&error))?;
            }
            while input_open {
                let frame = match io.input.as_ref().map(std::sync::mpsc::Receiver::try_recv) {
                    Some(Ok(bytes)) => json!({"stdin": {"data": STANDARD.encode(bytes)}}),
                    Some(Err(TryRecvError::Empty)) => break,
                    Some(Err(TryRecvError::Disconnected)) | None => {
                        input_open = false;
                        json!({"stdin": {"close": true}})
                    }
                };
                send(&mut socket, &frame).map_err(|error| lost(&error))?;
            }
            if alive.elapsed() > HEARTBEAT {
                alive = Instant::now();
                send(&mut socket, &json!({})).map_err(|error| lost(&error))?;
            }
            let text = match socket.read() {
                Ok(Message::Text(text)) => text,
                Ok(Message::Close(Some(close))) if !close.reason.is_empty() => {
                    // Once the websocket is open, a refusal has no status.
                    let status = if close.reason.contains("Permission denied") { 403 } else { 500 };
                    let refused =
                        self.http.refused(&call, status, &HeaderMap::new(), close.reason.as_bytes());
                    return Err(self.http.judged(&call, refused).failure());
                }
                Ok(Message::Close(_)) => return Err(lost(&"the connection was closed")),
                Ok(_) => continue,
                Err(tungstenite::Error::Io(error)) if is_turn(&error) => continue,
                Err(error) => return Err(lost(&error)),
            };
            let frame: Frame = serde_json::from_str(&text).map_err(|error| lost(&error))?;
            for (stream, chunk) in [(Stream::Stdout, frame.stdout), (Stream::Stderr, frame.stderr)] {
                if let Some(data) = chunk.and_then(|chunk| chunk.data) {
                    let bytes = STANDARD.decode(data).map_err(|error| lost(&error))?;
                    (io.output)(stream, &bytes);
                }
            }
            if frame.exited {
                let _ = socket.close(None);
                return Ok(Some(frame.result.unwrap_or_default().exit_code));
            }
        }
    }
}

fn is_turn(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn send(socket: &mut WebSocket<Box<dyn Duplex>>, frame: &Value) -> tungstenite::Result<()> {
    match socket.send(Message::text(frame.to_string())) {
        // What does not go out at once is kept, and goes out with the next read.
        Err(tungstenite::Error::Io(error)) if is_turn(&error) => Ok(()),
        other => other,
    }
}

impl Http {
    /// Opens a websocket, under the same rules as every other request.
    fn websocket(&self, call: &Call<'_>) -> Result<(WebSocket<Box<dyn Duplex>>, TcpStream)> {
        let uri = self.connection.uri()?;
        let secure = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let timing = self.connection.timing;
        let tcp = connect(host, port, timing.connect).map_err(|error| self.lost(call, &error))?;
        tcp.set_read_timeout(Some(timing.answer)).map_err(|error| self.lost(call, &error))?;
        tcp.set_write_timeout(Some(timing.answer)).map_err(|error| self.lost(call, &error))?;
        let own = tcp.try_clone().map_err(|error| self.lost(call, &error))?;
        let stream: Box<dyn Duplex> = if secure {
            let name = self.connection.tls_server_name.as_deref().unwrap_or(host).to_owned();
            let name = ServerName::try_from(name).map_err(|error| self.lost(call, &error))?;
            let config = Arc::new(self.tls_config()?);
            let session = ClientConnection::new(config, name).map_err(|error| self.lost(call, &error))?;
            Box::new(StreamOwned::new(session, tcp))
        } else {
            Box::new(tcp)
        };
        // `http` becomes `ws`, `https` becomes `wss`.
        let url = self.url(call).replacen("http", "ws", 1);
        let mut request = url.into_client_request().map_err(|error| self.lost(call, &error))?;
        if let Some(token) = &self.connection.token {
            let secret = token.secret().parse().map_err(|_| self.lost(call, &"the token is no header"))?;
            request.headers_mut().insert("X-Nomad-Token", secret);
        }
        match tungstenite::client::client(request, stream) {
            Ok((socket, _)) => Ok((socket, own)),
            Err(HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
                let body = answer.body().as_deref().unwrap_or_default();
                let refused = self.refused(call, answer.status().as_u16(), answer.headers(), body);
                Err(self.judged(call, refused).failure())
            }
            Err(HandshakeError::Failure(error)) => Err(self.lost(call, &error)),
            Err(HandshakeError::Interrupted(_)) => Err(self.lost(call, &"no answer in time")),
        }
    }

    fn lost(&self, call: &Call<'_>, why: &dyn std::fmt::Display) -> Failure {
        let why = why.to_string();
        let message = format!("could not {}: {}: {why}", call.what, self.name());
        let problem = Diagnostic::error(&UNREACHABLE, message);
        let is_tls = why.contains("certificate") || why.contains("tls") || why.contains("corrupt message");
        let problem = if is_tls { problem.hint(tls::hint(&why)) } else { problem };
        Failure::new(FailureKind::Unreachable, problem)
    }

    fn tls_config(&self) -> Result<ClientConfig> {
        let connection = &self.connection;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| tls::refuse(format!("TLS cannot be set up: {error}")))?;
        let builder = if connection.skip_verify {
            let any = Arc::new(unverified::Unverified(provider));
            builder.dangerous().with_custom_certificate_verifier(any)
        } else {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(chain(tls::roots(connection)?.as_slice()));
            builder.with_root_certificates(roots)
        };
        let (Some(certificate), Some(key)) = (&connection.client_cert, &connection.client_key) else {
            return Ok(builder.with_no_client_auth());
        };
        let certificates = chain(&tls::read(certificate, "client_cert")?);
        let key_name = key.display();
        let key = PrivateKeyDer::from_pem_slice(&tls::read(key, "client_key")?)
            .map_err(|_| tls::refuse(format!("`client_key`: `{key_name}` has no private key")))?;
        builder
            .with_client_auth_cert(certificates, key)
            .map_err(|error| tls::refuse(format!("the client certificate cannot be used: {error}")))
    }
}

fn chain(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(std::result::Result::ok).collect()
}

fn connect(host: &str, port: u16, at_most: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "there is no such host");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, at_most) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// For `skip_verify`, which the user asked for.
mod unverified {
    use std::sync::Arc;

    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::crypto::CryptoProvider;
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use rustls::{DigitallySignedStruct, Error, SignatureScheme};

    /// Takes every certificate.
    #[derive(Debug)]
    pub struct Unverified(pub Arc<CryptoProvider>);

    impl ServerCertVerifier for Unverified {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let known = &self.0.signature_verification_algorithms;
            rustls::crypto::verify_tls12_signature(message, certificate, signed, known)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let known = &self.0.signature_verification_algorithms;
            rustls::crypto::verify_tls13_signature(message, certificate, signed, known)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    }
}
