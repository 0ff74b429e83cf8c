//! The agent that sends requests: certificates, server name, timeouts.

use std::path::Path;
use std::sync::Arc;

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::connection::Connection;
use crate::cluster::BAD_CONNECTION;
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Result};

/// Where systems keep the authorities that they trust.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The agent, and what its URLs begin with.
///
/// Where the certificate's name is not that of the host, the URL has the certificate's name (so
/// that it is checked and sent as SNI), and the resolver leads it to the host.
pub(super) fn agent(connection: &Connection) -> Result<(Agent, String)> {
    let uri = connection.uri()?;
    let secure = uri.scheme_str() == Some("https");
    let mut builder = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(concat!("platy-manage/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(connection.timing.connect))
        .timeout_resolve(Some(connection.timing.connect))
        .max_idle_connections(64)
        .max_idle_connections_per_host(64);
    if secure {
        builder = builder.tls_config(tls_config(connection)?);
    }
    let config = builder.build();
    let path = uri.path().trim_end_matches('/');
    match (&connection.tls_server_name, uri.authority()) {
        (Some(name), Some(authority)) if secure => {
            let port = authority.port_u16().unwrap_or(443);
            let base = format!("https://{name}:{port}{path}");
            if base.parse::<Uri>().is_err() || name.contains(['/', '@', ':']) {
                return Err(refuse(format!("`{name}` cannot be the name of a server")));
            }
            let resolver = Fixed { uri, inner: DefaultResolver::default() };
            Ok((Agent::with_parts(config, DefaultConnector::default(), resolver), base))
        }
        _ => Ok((Agent::new_with_config(config), connection.address.clone())),
    }
}

/// Leads every name to one host.
#[derive(Debug)]
struct Fixed {
    uri: Uri,
    inner: DefaultResolver,
}

impl Resolver for Fixed {
    fn resolve(
        &self,
        _: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> std::result::Result<ResolvedSocketAddrs, ureq::Error> {
        self.inner.resolve(&self.uri, config, timeout)
    }
}

fn tls_config(connection: &Connection) -> Result<TlsConfig> {
    let mut builder = TlsConfig::builder().disable_verification(connection.skip_verify);
    let roots = match &connection.ca_cert {
        Some(path) => Some(certificates(path, "ca_cert")?),
        None => SYSTEM_BUNDLES.iter().find_map(|path| certificates(Path::new(path), "ca_cert").ok()),
    };
    if let Some(roots) = roots {
        builder = builder.root_certs(RootCerts::Specific(Arc::new(roots)));
    }
    match (&connection.client_cert, &connection.client_key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate, "client_cert")?;
            let key = PrivateKey::from_pem(&read(key, "client_key")?)
                .map_err(|_| refuse(format!("`client_key`: `{}` has no private key", key.display())))?;
            builder = builder.client_cert(Some(ClientCert::new_with_certs(&chain, key)));
        }
        (None, None) => {}
        _ => {
            return Err(refuse(
                "half a client certificate is given: `client_cert` and `client_key` belong together"
                    .to_owned(),
            ));
        }
    }
    Ok(builder.build())
}

/// The authorities that are trusted, in PEM form; empty where the system has none.
pub(super) fn roots(connection: &Connection) -> Result<Vec<u8>> {
    match &connection.ca_cert {
        Some(path) => read(path, "ca_cert"),
        None => Ok(SYSTEM_BUNDLES.iter().find_map(|path| std::fs::read(path).ok()).unwrap_or_default()),
    }
}

fn certificates(path: &Path, key: &str) -> Result<Vec<Certificate<'static>>> {
    let pem = read(path, key)?;
    let items = parse_pem(&pem).filter_map(std::result::Result::ok);
    let found: Vec<_> = items
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate.to_owned()),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(refuse(format!("`{key}`: `{}` has no certificate", path.display())));
    }
    Ok(found)
}

/// A file of the connection.
pub(super) fn read(path: &Path, key: &str) -> Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| refuse(format!("`{key}`: `{}` cannot be read: {error}", path.display())))
}

/// Refuses a setting.
pub(super) fn refuse(message: String) -> Failure {
    let diagnostic = Diagnostic::error(&BAD_CONNECTION, message)
        .hint("certificates and keys are files in PEM form, named in platy.yaml or by `NOMAD_*`");
    Failure::new(FailureKind::Other, diagnostic)
}

/// What to do about an error of TLS, by its text.
pub(super) fn hint(error: &str) -> &'static str {
    if error.contains("InvalidContentType") || error.contains("corrupt message") {
        "the agent there may speak plain HTTP: write `http://` in the address"
    } else if error.contains("NotValidForName") || error.contains("not valid for name") {
        "set `tls_server_name` to a name in the certificate, such as `server.global.nomad`"
    } else if error.contains("UnknownIssuer") {
        "set `ca_cert` to the authority that signed the server's certificate"
    } else if error.contains("peer certificate: Expired")
        || error.contains("peer certificate: certificate expired")
    {
        "the server's certificate has expired: its operators must renew it (or the clock here is wrong)"
    } else if error.contains("CertificateExpired")
        || error.contains("BadCertificate")
        || error.contains("UnknownCA")
    {
        "the server refuses our certificate: check that `client_cert` is valid and of the server's authority"
    } else if error.contains("CertificateRequired") || error.contains("HandshakeFailure") {
        "the server may ask for a client certificate: set `client_cert` and `client_key`"
    } else {
        "check `ca_cert`, `client_cert` and `tls_server_name` of the cluster"
    }
}
