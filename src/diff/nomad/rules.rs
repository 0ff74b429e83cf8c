//! What the server's diff shows of each block, where that does not follow from the block's declaration.
//!
//! By itself the server shows every attribute that is text, a number, a truth, a duration or a map of
//! texts, under its JSON name, so a new attribute needs no rule. Blocks and lists appear only where
//! the server has code for them; these tables list those (source: `nomad/structs/diff.go`). What no table
//! lists (`spread`, `lifecycle`, a task's `restart`, …) the server forgets.

use crate::jobspec::duration;
use crate::jobspec::tree::Object;

/// Writes a number.
type OfNumber = fn(i64) -> String;

/// Makes a value from a block and the job's namespace.
type OfBlock = fn(&Object, &str) -> String;

/// How one kind of block is compared.
pub(super) struct Rules {
    /// Whether unchanged attributes are listed beside the changed ones.
    pub context: bool,
    /// What makes it added, deleted or edited.
    pub typing: Typing,
    /// How its attributes become texts.
    pub flat: Flat,
    /// Attributes that are not shown.
    pub hidden: &'static [&'static str],
    /// Attributes that the server calls otherwise than the API: `(API, server)`.
    pub renamed: &'static [(&'static str, &'static str)],
    /// Attributes that are shown only where set.
    pub optional: &'static [&'static str],
    /// Attributes that are shown only where the block is on both sides, in their form.
    pub edited: &'static [(&'static str, OfNumber)],
    /// Attributes that the server has and the API does not.
    pub added: &'static [(&'static str, OfBlock)],
    /// The blocks and lists inside, in the server's order.
    pub objects: &'static [Nested],
}

/// What decides the type of an object's difference.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Typing {
    /// Whether it was there before, and is there now.
    Presence,
    /// As with `Presence`, where a block with nothing set counts as none.
    Filled,
    /// As with `Presence`, and a block that is on both sides always counts as edited.
    Restless,
    /// The types of its attributes' differences; without any, there is no object.
    Attributes,
}

/// How the attributes of a block become texts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flat {
    /// Attributes and maps of texts.
    Plain,
    /// Everything, to any depth; what is not set is `nil`.
    Deep,
    /// The entries of this map, under their own names.
    Entries(&'static str),
    /// The attributes of this block inside.
    Inner(&'static str),
    /// Lists of texts, joined by commas; empty ones are left out.
    Joined,
    /// Numbers above zero.
    Positive,
}

/// A field whose value the server shows as objects.
pub(super) struct Nested {
    /// Its JSON name.
    pub field: &'static str,
    /// The objects' name.
    pub name: &'static str,
    /// What it holds.
    pub how: How,
}

/// What a nested field holds.
pub(super) enum How {
    /// At most one block.
    Block(&'static Rules),
    /// At most one block; where the block around it is new, it is compared to an empty one.
    OverEmpty(&'static Rules),
    /// At most one block, listed as unchanged where it is.
    Always(&'static Rules),
    /// Any number of blocks.
    Blocks(Key, &'static Rules),
    /// A list as a set of texts. `quiet` sets are left out where nothing changes.
    Texts {
        /// Whether an unchanged set is left out.
        quiet: bool,
    },
    /// A free map.
    Free {
        /// Whether unchanged entries are listed beside the changed ones.
        context: bool,
    },
    /// Addresses by name, each shown as `host:port`.
    Addresses,
}

/// What makes two blocks of a list the same block.
pub(super) enum Key {
    /// Equal values of these fields.
    Fields(&'static [&'static str]),
    /// Equal content: such blocks are added and deleted, never edited.
    Content,
    /// Their place in the list.
    Position,
    /// The name in the map.
    Name,
    /// A score of name, port and position.
    Service,
    /// This field; a list of one always matches a list of one.
    Lone(&'static str),
}

const fn field(field: &'static str, name: &'static str, how: How) -> Nested {
    Nested { field, name, how }
}

const TEXTS: How = How::Texts { quiet: false };
const QUIET_TEXTS: How = How::Texts { quiet: true };
const FREE: How = How::Free { context: true };

const PLAIN: Rules = Rules {
    context: true,
    typing: Typing::Presence,
    flat: Flat::Plain,
    hidden: &[],
    renamed: &[],
    optional: &[],
    edited: &[],
    added: &[],
    objects: &[],
};

/// A block without blocks, whose type follows from its attributes.
static ATTRIBUTES: Rules = Rules { typing: Typing::Attributes, ..PLAIN };
static BLOCK: Rules = PLAIN;

const CONSTRAINTS: Nested = field(
    "Constraints",
    "Constraint",
    How::Blocks(Key::Fields(&["LTarget", "Operand", "RTarget"]), &ATTRIBUTES),
);
const AFFINITIES: Nested = field(
    "Affinities",
    "Affinity",
    How::Blocks(Key::Fields(&["LTarget", "Operand", "RTarget", "Weight"]), &ATTRIBUTES),
);
const SERVICES: Nested = field("Services", "Service", How::Blocks(Key::Service, &SERVICE));
const VOLUME_MOUNTS: Nested = field("VolumeMounts", "VolumeMount", How::Blocks(Key::Position, &BLOCK));
const IDENTITIES: Nested = field("Identities", "Identity", How::Blocks(Key::Fields(&["Name"]), &IDENTITY));
const NETWORKS: Nested = field("Networks", "Network", How::Blocks(Key::Content, &NETWORK));

pub(super) static JOB: Rules = Rules {
    context: false,
    hidden: &["ID", "Payload", "ConsulToken"],
    objects: &[
        field("Datacenters", "Datacenters", QUIET_TEXTS),
        CONSTRAINTS,
        AFFINITIES,
        field("Periodic", "Periodic", How::Block(&PERIODIC)),
        field("ParameterizedJob", "ParameterizedJob", How::Block(&PARAMETERIZED)),
        field("Multiregion", "Multiregion", How::Block(&MULTIREGION)),
        field("UI", "UI", How::Block(&UI)),
    ],
    ..PLAIN
};

/// What the server forgets to show, of a job and of a group.
pub(super) static SPREADS: Nested =
    field("Spreads", "Spread", How::Blocks(Key::Fields(&["Attribute"]), &SPREAD));

static SPREAD: Rules = Rules {
    objects: &[field("SpreadTarget", "SpreadTarget", How::Blocks(Key::Fields(&["Value"]), &ATTRIBUTES))],
    ..PLAIN
};

static PERIODIC: Rules = Rules { objects: &[field("Specs", "Specs", QUIET_TEXTS)], ..PLAIN };

static PARAMETERIZED: Rules = Rules {
    objects: &[field("MetaOptional", "MetaOptional", TEXTS), field("MetaRequired", "MetaRequired", TEXTS)],
    ..PLAIN
};

static MULTIREGION: Rules = Rules {
    objects: &[
        field("Strategy", "Strategy", How::OverEmpty(&ATTRIBUTES)),
        field("Regions", "Region", How::Blocks(Key::Fields(&["Name"]), &REGION)),
    ],
    ..PLAIN
};

static REGION: Rules = Rules {
    typing: Typing::Attributes,
    objects: &[field("Datacenters", "Datacenters", QUIET_TEXTS)],
    ..PLAIN
};

static UI: Rules = Rules { objects: &[field("Links", "Link", How::Blocks(Key::Position, &LINK))], ..PLAIN };

static LINK: Rules = Rules { renamed: &[("URL", "Url")], ..PLAIN };

pub(super) static GROUP: Rules = Rules {
    context: false,
    hidden: &["Name", "ShutdownDelay", "MaxRunDuration", "StopAfterClientDisconnect", "MaxClientDisconnect"],
    edited: &[("ShutdownDelay", |nanoseconds| nanoseconds.to_string())],
    objects: &[
        CONSTRAINTS,
        AFFINITIES,
        field("RestartPolicy", "RestartPolicy", How::Block(&ATTRIBUTES)),
        field("Migrate", "Migrate", How::Block(&ATTRIBUTES)),
        field("ReschedulePolicy", "ReschedulePolicy", How::Block(&ATTRIBUTES)),
        field("EphemeralDisk", "EphemeralDisk", How::Block(&ATTRIBUTES)),
        field("Consul", "Consul", How::Block(&ATTRIBUTES)),
        field("Update", "Update", How::Block(&UPDATE)),
        field("Disconnect", "Disconnect", How::Block(&DISCONNECT)),
        NETWORKS,
        field("Scaling", "Scaling", How::Block(&SCALING)),
        SERVICES,
        field("Volumes", "Volume", How::Blocks(Key::Name, &VOLUME)),
    ],
    ..PLAIN
};

static UPDATE: Rules = Rules { typing: Typing::Attributes, hidden: &["Stagger"], ..PLAIN };

static DISCONNECT: Rules = Rules { flat: Flat::Deep, ..PLAIN };

/// The stored policy carries the index at which it was stored, so it never equals a submitted one.
static SCALING: Rules = Rules {
    context: false,
    typing: Typing::Restless,
    hidden: &["ID", "Type", "Target", "Namespace"],
    objects: &[field("Policy", "Policy", How::Free { context: false })],
    ..PLAIN
};

static VOLUME: Rules =
    Rules { objects: &[field("MountOptions", "MountOptions", How::Block(&MOUNT_OPTIONS))], ..PLAIN };

static MOUNT_OPTIONS: Rules = Rules { objects: &[field("MountFlags", "MountFlags", TEXTS)], ..PLAIN };

static NETWORK: Rules = Rules {
    hidden: &["Device", "CIDR", "IP", "MBits"],
    objects: &[
        field("ReservedPorts", "Static Port", How::Blocks(Key::Fields(&["Label"]), &ATTRIBUTES)),
        field("DynamicPorts", "Dynamic Port", How::Blocks(Key::Fields(&["Label"]), &DYNAMIC_PORT)),
        field("DNS", "DNS", How::Block(&DNS)),
        field("CNI", "CNIConfig", How::Block(&CNI)),
    ],
    ..PLAIN
};

static DYNAMIC_PORT: Rules =
    Rules { typing: Typing::Attributes, hidden: &["Value", "IgnoreCollision"], ..PLAIN };

static DNS: Rules = Rules { flat: Flat::Joined, ..PLAIN };

static CNI: Rules = Rules { typing: Typing::Attributes, flat: Flat::Entries("Args"), ..PLAIN };

pub(super) static TASK: Rules = Rules {
    context: false,
    hidden: &["Name"],
    objects: &[
        CONSTRAINTS,
        AFFINITIES,
        field("Config", "Config", FREE),
        field("Resources", "Resources", How::Block(&RESOURCES)),
        field("LogConfig", "LogConfig", How::Block(&LOGS)),
        field("DispatchPayload", "DispatchPayload", How::Block(&ATTRIBUTES)),
        field("Artifacts", "Artifact", How::Blocks(Key::Fields(&["RelativeDest"]), &ATTRIBUTES)),
        SERVICES,
        field("Vault", "Vault", How::Block(&BLOCK)),
        field("Secrets", "Secret", How::Blocks(Key::Fields(&["Name"]), &SECRET)),
        field("Consul", "Consul", How::Block(&ATTRIBUTES)),
        field("Templates", "Template", How::Blocks(Key::Lone("DestPath"), &TEMPLATE)),
        field("Identity", "Identity", How::Block(&IDENTITY)),
        IDENTITIES,
        field("Actions", "Action", How::Blocks(Key::Position, &ACTION)),
        VOLUME_MOUNTS,
        field("Schedule", "Schedule", How::Block(&SCHEDULE)),
    ],
    ..PLAIN
};

static LOGS: Rules = Rules { typing: Typing::Attributes, hidden: &["Enabled"], ..PLAIN };

static SECRET: Rules = Rules { flat: Flat::Deep, ..PLAIN };

static SCHEDULE: Rules = Rules { typing: Typing::Attributes, flat: Flat::Inner("Cron"), ..PLAIN };

static ACTION: Rules = Rules { objects: &[field("Args", "Args", TEXTS)], ..PLAIN };

static IDENTITY: Rules = Rules { objects: &[field("Audience", "Audience", TEXTS)], ..PLAIN };

static TEMPLATE: Rules = Rules {
    optional: &["Uid", "Gid"],
    objects: &[
        field("Wait", "Template", How::Block(&WAIT)),
        field("ChangeScript", "ChangeScript", How::Block(&CHANGE_SCRIPT)),
    ],
    ..PLAIN
};

static WAIT: Rules = Rules { flat: Flat::Deep, ..PLAIN };

static CHANGE_SCRIPT: Rules = Rules { objects: &[field("Args", "Args", TEXTS)], ..PLAIN };

static RESOURCES: Rules = Rules {
    objects: &[
        NETWORKS,
        field("Devices", "Device", How::Blocks(Key::Fields(&["Name"]), &BLOCK)),
        field("NUMA", "NUMA", How::Block(&BLOCK)),
    ],
    ..PLAIN
};

static SERVICE: Rules = Rules {
    added: &[("Namespace", |service, namespace| match service.str("Provider") {
        "nomad" => namespace.to_owned(),
        _ => "default".to_owned(),
    })],
    objects: &[
        field("CanaryTags", "CanaryTags", TEXTS),
        field("Tags", "Tags", TEXTS),
        field("Checks", "Check", How::Blocks(Key::Fields(&["Name"]), &CHECK)),
        field("Connect", "ConsulConnect", How::Block(&CONNECT)),
        field("Identity", "Identity", How::Block(&IDENTITY)),
        field("Weights", "Weights", How::Block(&WEIGHTS)),
    ],
    ..PLAIN
};

static WEIGHTS: Rules = Rules { flat: Flat::Positive, ..PLAIN };

static CHECK: Rules = Rules {
    hidden: &["Advertise"],
    objects: &[field("Header", "Header", FREE), field("CheckRestart", "CheckRestart", How::Block(&BLOCK))],
    ..PLAIN
};

static CONNECT: Rules = Rules {
    objects: &[
        field("SidecarService", "SidecarService", How::Block(&SIDECAR_SERVICE)),
        field("SidecarTask", "SidecarTask", How::Block(&SIDECAR_TASK)),
        field("Gateway", "Gateway", How::Block(&GATEWAY)),
    ],
    ..PLAIN
};

static SIDECAR_SERVICE: Rules =
    Rules { objects: &[field("Proxy", "ConsulProxy", How::Block(&PROXY))], ..PLAIN };

static SIDECAR_TASK: Rules = Rules {
    context: false,
    hidden: &["KillTimeout", "ShutdownDelay"],
    objects: &[
        field("Config", "Config", FREE),
        field("Resources", "Resources", How::Block(&RESOURCES)),
        IDENTITIES,
        field("LogConfig", "LogConfig", How::Block(&LOGS)),
        VOLUME_MOUNTS,
    ],
    ..PLAIN
};

static PROXY: Rules = Rules {
    objects: &[
        field(
            "Upstreams",
            "ConsulUpstreams",
            How::Blocks(Key::Fields(&["Datacenter", "DestinationName"]), &UPSTREAM),
        ),
        field("Expose", "Expose", How::Block(&EXPOSE)),
        field("TransparentProxy", "TransparentProxy", How::Always(&TRANSPARENT_PROXY)),
        field("Config", "Config", FREE),
    ],
    ..PLAIN
};

static UPSTREAM: Rules = Rules {
    typing: Typing::Filled,
    objects: &[field("MeshGateway", "MeshGateway", How::Block(&ATTRIBUTES))],
    ..PLAIN
};

static EXPOSE: Rules = Rules {
    typing: Typing::Filled,
    objects: &[field("Paths", "Paths", How::Blocks(Key::Content, &ATTRIBUTES))],
    ..PLAIN
};

static TRANSPARENT_PROXY: Rules = Rules {
    objects: &[
        field("ExcludeInboundPorts", "ExcludeInboundPorts", QUIET_TEXTS),
        field("ExcludeOutboundPorts", "ExcludeOutboundPorts", QUIET_TEXTS),
        field("ExcludeOutboundCIDRs", "ExcludeOutboundCIDRs", QUIET_TEXTS),
        field("ExcludeUIDs", "ExcludeUIDs", QUIET_TEXTS),
    ],
    ..PLAIN
};

static GATEWAY: Rules = Rules {
    objects: &[
        field("Proxy", "Proxy", How::Block(&GATEWAY_PROXY)),
        field("Ingress", "Ingress", How::Block(&INGRESS)),
        field("Terminating", "Terminating", How::Block(&TERMINATING)),
        field("Mesh", "Mesh", How::Block(&BLOCK)),
    ],
    ..PLAIN
};

static GATEWAY_PROXY: Rules = Rules {
    hidden: &["ConnectTimeout"],
    edited: &[("ConnectTimeout", duration::go)],
    objects: &[
        field("EnvoyGatewayBindAddresses", "EnvoyGatewayBindAddresses", How::Addresses),
        field("Config", "Config", FREE),
    ],
    ..PLAIN
};

static INGRESS: Rules = Rules {
    objects: &[
        field("TLS", "TLS", How::Block(&TLS)),
        field("Listeners", "Listener", How::Blocks(Key::Fields(&["Protocol", "Port"]), &LISTENER)),
    ],
    ..PLAIN
};

static TLS: Rules = Rules {
    objects: &[field("CipherSuites", "CipherSuites", TEXTS), field("SDS", "SDS", How::Block(&ATTRIBUTES))],
    ..PLAIN
};

static LISTENER: Rules = Rules {
    objects: &[field(
        "Services",
        "ConsulIngressService",
        How::Blocks(Key::Fields(&["Name"]), &INGRESS_SERVICE),
    )],
    ..PLAIN
};

static INGRESS_SERVICE: Rules = Rules {
    optional: &["MaxConnections", "MaxPendingRequests", "MaxConcurrentRequests"],
    objects: &[
        field("Hosts", "Hosts", TEXTS),
        field("TLS", "TLS", How::Block(&TLS)),
        field("RequestHeaders", "RequestHeaders", How::Block(&HEADERS)),
        field("ResponseHeaders", "ResponseHeaders", How::Block(&HEADERS)),
    ],
    ..PLAIN
};

static HEADERS: Rules = Rules { objects: &[field("Remove", "Remove", TEXTS)], ..PLAIN };

static TERMINATING: Rules =
    Rules { objects: &[field("Services", "Service", How::Blocks(Key::Fields(&["Name"]), &BLOCK))], ..PLAIN };
