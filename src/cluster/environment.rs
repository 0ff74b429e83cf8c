//! The `NOMAD_*` variables of the caller; the library itself never reads the environment.

use std::fmt;

/// What `NOMAD_*` says; an empty variable counts as unset.
#[derive(Clone, Default)]
pub struct Environment {
    /// `NOMAD_ADDR`.
    pub address: Option<String>,
    /// `NOMAD_TOKEN`; never shown.
    pub token: Option<String>,
    /// `NOMAD_NAMESPACE`.
    pub namespace: Option<String>,
    /// `NOMAD_REGION`.
    pub region: Option<String>,
    /// `NOMAD_CACERT`.
    pub ca_cert: Option<String>,
    /// `NOMAD_CLIENT_CERT`.
    pub client_cert: Option<String>,
    /// `NOMAD_CLIENT_KEY`.
    pub client_key: Option<String>,
    /// `NOMAD_TLS_SERVER_NAME`.
    pub tls_server_name: Option<String>,
    /// `NOMAD_SKIP_VERIFY`: any value that Go reads as true.
    pub skip_verify: bool,
    /// `HOME`, for paths that begin with `~/`.
    pub home: Option<String>,
}

impl Environment {
    /// The environment that `lookup` knows.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        Self {
            address: get("NOMAD_ADDR"),
            token: get("NOMAD_TOKEN"),
            namespace: get("NOMAD_NAMESPACE"),
            region: get("NOMAD_REGION"),
            ca_cert: get("NOMAD_CACERT"),
            client_cert: get("NOMAD_CLIENT_CERT"),
            client_key: get("NOMAD_CLIENT_KEY"),
            tls_server_name: get("NOMAD_TLS_SERVER_NAME"),
            skip_verify: get("NOMAD_SKIP_VERIFY")
                .is_some_and(|text| matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True")),
            home: get("HOME"),
        }
    }
}

/// The token is left out.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("address", &self.address)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("namespace", &self.namespace)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
