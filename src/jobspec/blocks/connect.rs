//! The service mesh of Consul: `connect`, its sidecar, proxy and upstreams.

use super::{GATEWAY, IDENTITY, LOGS, RESOURCES, VOLUME_MOUNT};
use crate::jobspec::declare::{BlockType, Default, Field, MapForm, NullMember, Width};

/// A service's place in the mesh.
#[rustfmt::skip]
pub static CONNECT: BlockType = BlockType::new("connect", "ConsulConnect", "A service's place in the service mesh of Consul", &[
    Field::bool("native", "Native", "Whether the task itself speaks the mesh's protocol"),
    Field::block("gateway", "Gateway", &GATEWAY, "Makes the service a gateway"),
    Field::block("sidecar_service", "SidecarService", &SIDECAR_SERVICE, "The proxy's own service"),
    Field::block("sidecar_task", "SidecarTask", &SIDECAR_TASK, "The proxy's task, where it differs from what Nomad makes"),
]);

/// The proxy's own service.
#[rustfmt::skip]
pub static SIDECAR_SERVICE: BlockType = BlockType::new("sidecar_service", "SidecarService", "The service of the proxy beside the task", &[
    Field::strings("tags", "Tags", "Tags in the catalogue"),
    Field::string("port", "Port", "Label of its port"),
    Field::block("proxy", "Proxy", &PROXY, "How the proxy works"),
    Field::bool("disable_default_tcp_check", "DisableDefaultTCPCheck", "Whether the port is not checked"),
    Field::map("meta", "Meta", MapForm::Block, "Free metadata in Consul"),
]);

/// The proxy's task.
#[rustfmt::skip]
pub static SIDECAR_TASK: BlockType = BlockType::new("sidecar_task", "SidecarTask", "The task of the proxy, where it differs from what Nomad makes", &[
    Field::string("name", "Name", "Name of the task"),
    Field::string("driver", "Driver", "What runs it"),
    Field::string("user", "User", "System user that it runs as"),
    Field::any("config", "Config", "What the driver is told"),
    Field::map("env", "Env", MapForm::Block, "Environment variables"),
    Field::block("resources", "Resources", &RESOURCES, "CPU and memory that it needs").default(Default::Block),
    Field::map("meta", "Meta", MapForm::Block, "Free metadata"),
    Field::duration("kill_timeout", "KillTimeout", "Time between the stop signal and the kill").null().default(Default::Seconds(5)),
    Field::block("logs", "LogConfig", &LOGS, "How its output is kept").default(Default::Block),
    Field::duration("shutdown_delay", "ShutdownDelay", "Pause between leaving the service catalogue and stopping").null().default(Default::Int(0)),
    Field::string("kill_signal", "KillSignal", "Signal that asks it to stop"),
    Field::blocks("volume_mount", "VolumeMounts", &VOLUME_MOUNT, "Volumes of the group that it sees"),
    Field::blocks("identity", "Identities", &IDENTITY, "Workload identities").null_member(NullMember::Dropped),
]);

/// How a proxy works.
#[rustfmt::skip]
pub static PROXY: BlockType = BlockType::new("proxy", "ConsulProxy", "How the proxy beside a task works", &[
    Field::string("local_service_address", "LocalServiceAddress", "Address of the task"),
    Field::int("local_service_port", "LocalServicePort", Width::Int, "Port of the task"),
    Field::block("expose", "Expose", &EXPOSE, "Paths that are open without the mesh"),
    Field::block("", "ExposeConfig", &EXPOSE, "The same under the name of older clients").not_kept(),
    Field::blocks("upstreams", "Upstreams", &UPSTREAM, "Services that the task calls"),
    Field::block("transparent_proxy", "TransparentProxy", &TRANSPARENT_PROXY, "Sends all traffic of the task through the proxy"),
    Field::any("config", "Config", "What the proxy is told"),
]);

/// Paths that are open without the mesh.
#[rustfmt::skip]
pub static EXPOSE: BlockType = BlockType::new("expose", "Expose", "Paths that are open without the mesh", &[
    Field::blocks("path", "Paths", &EXPOSE_PATH, "The paths").null_member(NullMember::Block),
    Field::blocks("", "Path", &EXPOSE_PATH, "The same under the name of older clients").not_kept(),
]);

/// A path that is open without the mesh.
#[rustfmt::skip]
pub static EXPOSE_PATH: BlockType = BlockType::new("path", "Paths", "A path that is open without the mesh", &[
    Field::string("path", "Path", "The path"),
    Field::string("protocol", "Protocol", "`http` or `http2`"),
    Field::int("local_path_port", "LocalPathPort", Width::Int, "Port of the task"),
    Field::string("listener_port", "ListenerPort", "Label of the port on which it is open"),
]);

/// A service that the task calls through the proxy.
#[rustfmt::skip]
pub static UPSTREAM: BlockType = BlockType::new("upstreams", "ConsulUpstreams", "A service that the task calls through the proxy", &[
    Field::string("destination_name", "DestinationName", "Name of the service"),
    Field::string("destination_namespace", "DestinationNamespace", "Its Consul namespace"),
    Field::string("destination_peer", "DestinationPeer", "Its cluster peer"),
    Field::string("destination_partition", "DestinationPartition", "Its admin partition"),
    Field::string("destination_type", "DestinationType", "`service` or `prepared_query`"),
    Field::int("local_bind_port", "LocalBindPort", Width::Int, "Port on which the task reaches it"),
    Field::string("datacenter", "Datacenter", "Its Consul datacenter"),
    Field::string("local_bind_address", "LocalBindAddress", "Address on which the task reaches it"),
    Field::string("local_bind_socket_path", "LocalBindSocketPath", "Unix socket on which the task reaches it"),
    Field::string("local_bind_socket_mode", "LocalBindSocketMode", "Mode of the socket, octal"),
    Field::block("mesh_gateway", "MeshGateway", &MESH_GATEWAY, "How other datacenters are reached").default(Default::Block),
    Field::any("config", "Config", "What the proxy is told about it"),
]);

/// How other datacenters are reached.
#[rustfmt::skip]
pub static MESH_GATEWAY: BlockType = BlockType::new("mesh_gateway", "MeshGateway", "How other datacenters are reached", &[
    Field::string("mode", "Mode", "`local`, `remote` or `none`"),
]);

/// Sends all traffic of the task through the proxy.
#[rustfmt::skip]
pub static TRANSPARENT_PROXY: BlockType = BlockType::new("transparent_proxy", "TransparentProxy", "Sends all traffic of the task through the proxy", &[
    Field::string("uid", "UID", "User that the proxy runs as"),
    Field::int("outbound_port", "OutboundPort", Width::U16, "Port of the proxy for outgoing traffic"),
    Field::strings("exclude_inbound_ports", "ExcludeInboundPorts", "Incoming ports that stay as they are"),
    Field::ints("exclude_outbound_ports", "ExcludeOutboundPorts", Width::U16, "Outgoing ports that stay as they are"),
    Field::strings("exclude_outbound_cidrs", "ExcludeOutboundCIDRs", "Address ranges that stay as they are"),
    Field::strings("exclude_uids", "ExcludeUIDs", "Users whose traffic stays as it is"),
    Field::bool("no_dns", "NoDNS", "Whether DNS stays as it is"),
]);
