//! Gateways of Consul's service mesh.

use crate::jobspec::declare::{BlockType, Default, Field, MapForm, NullMember, Width};

/// Makes a service a gateway.
#[rustfmt::skip]
pub static GATEWAY: BlockType = BlockType::new("gateway", "Gateway", "Makes a service a gateway of the mesh", &[
    Field::block("proxy", "Proxy", &GATEWAY_PROXY, "How the gateway's proxy works"),
    Field::block("ingress", "Ingress", &INGRESS, "Lets traffic into the mesh"),
    Field::block("terminating", "Terminating", &TERMINATING, "Lets the mesh reach services outside"),
    Field::block("mesh", "Mesh", &MESH, "Connects meshes"),
]);

/// How a gateway's proxy works.
#[rustfmt::skip]
pub static GATEWAY_PROXY: BlockType = BlockType::new("proxy", "Proxy", "How a gateway's proxy works", &[
    Field::duration("connect_timeout", "ConnectTimeout", "How long a connection may take").null().default(Default::Seconds(5)),
    Field::bool("envoy_gateway_bind_tagged_addresses", "EnvoyGatewayBindTaggedAddresses", "Whether it listens on tagged addresses"),
    Field::block_map("envoy_gateway_bind_addresses", "EnvoyGatewayBindAddresses", &BIND_ADDRESS, "Further addresses on which it listens"),
    Field::bool("envoy_gateway_no_default_bind", "EnvoyGatewayNoDefaultBind", "Whether it does not listen on the default address"),
    Field::string("envoy_dns_discovery_type", "EnvoyDNSDiscoveryType", "How names are resolved: `STRICT_DNS` or `LOGICAL_DNS`"),
    Field::any("config", "Config", "What the proxy is told"),
]);

/// An address on which a gateway listens.
#[rustfmt::skip]
pub static BIND_ADDRESS: BlockType = BlockType::new("envoy_gateway_bind_addresses", "EnvoyGatewayBindAddresses", "An address on which a gateway listens", &[
    Field::string("", "Name", "Name of the address").not_kept(),
    Field::string("address", "Address", "The address"),
    Field::int("port", "Port", Width::Int, "The port"),
]).labels(&["Name"]);

/// Lets traffic into the mesh.
#[rustfmt::skip]
pub static INGRESS: BlockType = BlockType::new("ingress", "Ingress", "Lets traffic into the mesh", &[
    Field::block("tls", "TLS", &GATEWAY_TLS, "TLS of all listeners"),
    Field::blocks("listener", "Listeners", &LISTENER, "Ports and the services behind them"),
]);

/// TLS of a gateway.
#[rustfmt::skip]
pub static GATEWAY_TLS: BlockType = BlockType::new("tls", "TLS", "TLS of a gateway", &[
    Field::bool("enabled", "Enabled", "Whether it is used"),
    Field::string("tls_min_version", "TLSMinVersion", "The oldest version"),
    Field::string("tls_max_version", "TLSMaxVersion", "The newest version"),
    Field::strings("cipher_suites", "CipherSuites", "The cipher suites"),
    Field::block("sds", "SDS", &GATEWAY_SDS, "Where certificates come from"),
]);

/// Where certificates come from.
#[rustfmt::skip]
pub static GATEWAY_SDS: BlockType = BlockType::new("sds", "SDS", "Where the certificates of a gateway come from", &[
    Field::string("cluster_name", "ClusterName", "Envoy cluster that has them"),
    Field::string("cert_resource", "CertResource", "Name of the certificate there"),
]);

/// A port and the services behind it.
#[rustfmt::skip]
pub static LISTENER: BlockType = BlockType::new("listener", "Listener", "A port and the services behind it", &[
    Field::int("port", "Port", Width::Int, "The port"),
    Field::string("protocol", "Protocol", "`tcp`, `http`, `http2` or `grpc`").default(Default::Str("tcp")),
    Field::blocks("service", "Services", &INGRESS_SERVICE, "The services"),
]);

/// A service behind an ingress gateway.
#[rustfmt::skip]
pub static INGRESS_SERVICE: BlockType = BlockType::new("service", "ConsulIngressService", "A service behind an ingress gateway", &[
    Field::string("name", "Name", "Name of the service; `*` for all"),
    Field::strings("hosts", "Hosts", "Host names that lead to it"),
    Field::block("tls", "TLS", &GATEWAY_TLS, "TLS of this service"),
    Field::block("request_headers", "RequestHeaders", &HEADER_MODIFIERS, "Changes to the headers of requests"),
    Field::block("response_headers", "ResponseHeaders", &HEADER_MODIFIERS, "Changes to the headers of answers"),
    Field::int("max_connections", "MaxConnections", Width::U32, "Connections at once").null(),
    Field::int("max_pending_requests", "MaxPendingRequests", Width::U32, "Requests that wait").null(),
    Field::int("max_concurrent_requests", "MaxConcurrentRequests", Width::U32, "Requests at once").null(),
]);

/// Changes to headers.
#[rustfmt::skip]
pub static HEADER_MODIFIERS: BlockType = BlockType::new("headers", "HeaderModifiers", "Changes to headers", &[
    Field::map("add", "Add", MapForm::Block, "Headers that are added"),
    Field::map("set", "Set", MapForm::Block, "Headers that are set"),
    Field::strings("remove", "Remove", "Headers that are removed"),
]);

/// Lets the mesh reach services outside.
#[rustfmt::skip]
pub static TERMINATING: BlockType = BlockType::new("terminating", "Terminating", "Lets the mesh reach services outside", &[
    Field::blocks("service", "Services", &LINKED_SERVICE, "The services").null_member(NullMember::Dropped),
]);

/// A service outside the mesh.
#[rustfmt::skip]
pub static LINKED_SERVICE: BlockType = BlockType::new("service", "Service", "A service outside the mesh", &[
    Field::string("name", "Name", "Name of the service"),
    Field::string("ca_file", "CAFile", "File with the certificate authority"),
    Field::string("cert_file", "CertFile", "File with the certificate"),
    Field::string("key_file", "KeyFile", "File with the key"),
    Field::string("sni", "SNI", "Name in the certificate"),
]);

/// Connects meshes.
pub static MESH: BlockType = BlockType::new("mesh", "Mesh", "Connects meshes", &[]);
