//! What a task needs of its node: `resources`, `network`, `device`, `numa`.

use super::{AFFINITY, CONSTRAINT};
use crate::jobspec::declare::{BlockType, Default, Field, MapForm, NullMember, Width};

/// CPU, memory and devices of a task.
#[rustfmt::skip]
pub static RESOURCES: BlockType = BlockType::new("resources", "Resources", "CPU, memory and devices that a task needs", &[
    Field::int("cpu", "CPU", Width::Int, "CPU in MHz; 100 unless `cores` is set").null(),
    Field::int("cores", "Cores", Width::Int, "Whole cores").null().default(Default::Int(0)),
    Field::int("memory", "MemoryMB", Width::Int, "Memory in MB").null().default(Default::Int(300)),
    Field::int("memory_max", "MemoryMaxMB", Width::Int, "Memory in MB that it may use where the node has it to spare").null().default(Default::Int(0)),
    Field::int("disk", "DiskMB", Width::Int, "Disk in MB (deprecated: `ephemeral_disk`)").null().default(Default::Int(0)).not_kept(),
    Field::blocks("network", "Networks", &NETWORK, "Network of the task (deprecated: the group's)"),
    Field::blocks("device", "Devices", &DEVICE, "Devices that it needs"),
    Field::block("numa", "NUMA", &NUMA, "How cores are chosen"),
    Field::int("secrets", "SecretsMB", Width::Int, "Size of its folder of secrets in MB").null().default(Default::Int(0)),
    Field::int("iops", "IOPS", Width::Int, "Without effect (deprecated)").null().default(Default::Int(0)),
]);

/// Network mode and ports.
#[rustfmt::skip]
pub static NETWORK: BlockType = BlockType::new("network", "Network", "Network mode and ports", &[
    Field::string("mode", "Mode", "Kind of network: `host`, `bridge`, `none` or `cni/NAME`"),
    Field::string("device", "Device", "Network interface; set by the server").not_kept(),
    Field::string("cidr", "CIDR", "Address range; set by the server"),
    Field::string("ip", "IP", "Address; set by the server"),
    Field::block("dns", "DNS", &DNS, "How names are resolved"),
    Field::blocks("reserved_ports", "ReservedPorts", &RESERVED_PORT, "Ports with a number of their own").null_member(NullMember::Block),
    Field::blocks("port", "DynamicPorts", &PORT, "Ports whose number Nomad chooses").null_member(NullMember::Block),
    Field::string("hostname", "Hostname", "Host name of the group"),
    Field::int("mbits", "MBits", Width::Int, "Bandwidth (deprecated)").null().default(Default::Int(0)),
    Field::block("cni", "CNI", &CNI, "What the network plugin is told"),
]);

/// How names are resolved.
#[rustfmt::skip]
pub static DNS: BlockType = BlockType::new("dns", "DNS", "How names are resolved in the group", &[
    Field::strings("servers", "Servers", "Addresses of name servers").empty_is_set(),
    Field::strings("searches", "Searches", "Domains that are searched").empty_is_set(),
    Field::strings("options", "Options", "Options of the resolver").empty_is_set(),
]);

/// A port with a label.
pub static PORT: BlockType =
    BlockType::new("port", "Dynamic Port", "A port with a name", PORT_FIELDS).labels(&["Label"]);

/// A port with a number of its own.
pub static RESERVED_PORT: BlockType =
    BlockType::new("reserved_ports", "Static Port", "A port with a number of its own", PORT_FIELDS)
        .labels(&["Label"]);

#[rustfmt::skip]
const PORT_FIELDS: &[Field] = &[
    Field::string("", "Label", "Name of the port"),
    Field::int("static", "Value", Width::Int, "Number on the node; Nomad chooses one unless written"),
    Field::int("to", "To", Width::Int, "Number inside the group's network; -1 for the same as outside"),
    Field::string("host_network", "HostNetwork", "Network of the node on which it is opened").default(Default::Str("default")),
    Field::bool("ignore_collision", "IgnoreCollision", "Whether several allocations may have the same number on a node"),
];

/// What the network plugin is told.
#[rustfmt::skip]
pub static CNI: BlockType = BlockType::new("cni", "CNIConfig", "What the network plugin is told", &[
    Field::map("args", "Args", MapForm::Attribute, "Arguments").empty_is_set(),
]);

/// A device such as a GPU.
#[rustfmt::skip]
pub static DEVICE: BlockType = BlockType::new("device", "Device", "A device such as a GPU", &[
    Field::string("", "Name", "What it is: `TYPE`, `VENDOR/TYPE` or `VENDOR/TYPE/MODEL`"),
    Field::int("count", "Count", Width::U64, "How many").null().default(Default::Int(1)),
    Field::blocks("constraint", "Constraints", &CONSTRAINT, "Conditions that the device must meet"),
    Field::blocks("affinity", "Affinities", &AFFINITY, "Preferences among devices"),
]).labels(&["Name"]);

/// How cores are chosen.
#[rustfmt::skip]
pub static NUMA: BlockType = BlockType::new("numa", "NUMA", "How cores are chosen on a machine of several NUMA nodes", &[
    Field::string("affinity", "Affinity", "Whether they must be near each other: `none`, `prefer` or `require`").default(Default::Str("none")),
    Field::strings("devices", "Devices", "Devices that must be near them"),
]);
