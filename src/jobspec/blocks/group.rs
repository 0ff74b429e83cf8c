//! `group` and what stands only there: `ephemeral_disk`, `volume`, `consul`.

use super::{
    AFFINITY, CONSTRAINT, DISCONNECT, MIGRATE, NETWORK, RESCHEDULE, RESTART, SCALING, SECRET, SERVICE,
    SPREAD, TASK, UPDATE, VAULT,
};
use crate::jobspec::declare::{BlockType, Default, Field, MapForm, NullMember, Width};

/// Tasks that run together on one node.
#[rustfmt::skip]
pub static GROUP: BlockType = BlockType::new("group", "TaskGroup", "Tasks that run together on one node", &[
    Field::string("", "Name", "Name of the group").null().default(Default::Str("")),
    Field::int("count", "Count", Width::Int, "How many allocations run; 1, or the least of `scaling`, unless written").null(),
    Field::blocks("constraint", "Constraints", &CONSTRAINT, "Conditions that a node must meet"),
    Field::blocks("affinity", "Affinities", &AFFINITY, "Preferences among nodes"),
    Field::blocks("task", "Tasks", &TASK, "What runs"),
    Field::blocks("spread", "Spreads", &SPREAD, "How allocations are spread over nodes"),
    Field::block_map("volume", "Volumes", &VOLUME, "Volumes that tasks may mount").null_member(NullMember::Dropped),
    Field::block("restart", "RestartPolicy", &RESTART, "How failed tasks are restarted on their node"),
    Field::block("disconnect", "Disconnect", &DISCONNECT, "What happens when the node loses its servers"),
    Field::block("reschedule", "ReschedulePolicy", &RESCHEDULE, "How failed allocations move to other nodes"),
    Field::block("ephemeral_disk", "EphemeralDisk", &EPHEMERAL_DISK, "The allocation's disk").default(Default::Block),
    Field::block("update", "Update", &UPDATE, "How a new version is rolled out"),
    Field::block("migrate", "Migrate", &MIGRATE, "How allocations leave a draining node"),
    Field::blocks("network", "Networks", &NETWORK, "Network mode and ports of the group"),
    Field::map("meta", "Meta", MapForm::Either, "Free metadata, seen by tasks as `NOMAD_META_*`"),
    Field::blocks("service", "Services", &SERVICE, "Services that the group offers"),
    Field::duration("shutdown_delay", "ShutdownDelay", "Pause between leaving the service catalogue and stopping").null(),
    Field::duration("max_run_duration", "MaxRunDuration", "When an allocation is stopped at the latest").null(),
    Field::duration("stop_after_client_disconnect", "StopAfterClientDisconnect", "When a node without servers stops the group (deprecated)").null().not_kept(),
    Field::duration("max_client_disconnect", "MaxClientDisconnect", "How long a node without servers keeps the group (deprecated)").null().not_kept(),
    Field::block("scaling", "Scaling", &SCALING, "Limits between which an autoscaler may set the count"),
    Field::block("consul", "Consul", &CONSUL, "Consul cluster of the group"),
    Field::bool("prevent_reschedule_on_lost", "PreventRescheduleOnLost", "Whether lost allocations are not replaced (deprecated)").null().default(Default::Bool(false)).not_kept(),
]).labels(&["Name"]).inherited(&[
    Field::block("vault", "", &VAULT, "Vault access of every task that has none of its own"),
    Field::blocks("secret", "", &SECRET, "Secrets of every task"),
]);

/// The disk that the tasks of an allocation share.
#[rustfmt::skip]
pub static EPHEMERAL_DISK: BlockType = BlockType::new("ephemeral_disk", "EphemeralDisk", "The disk that the tasks of an allocation share", &[
    Field::bool("sticky", "Sticky", "Whether a new version is placed where the old one was").null().default(Default::Bool(false)),
    Field::bool("migrate", "Migrate", "Whether data moves along to another node").null().default(Default::Bool(false)),
    Field::int("size", "SizeMB", Width::Int, "Its size in MB").null().default(Default::Int(300)),
]);

/// A volume that the group asks for.
#[rustfmt::skip]
pub static VOLUME: BlockType = BlockType::new("volume", "Volume", "A volume that the group asks for", &[
    Field::string("", "Name", "Name of the volume in this group"),
    Field::string("type", "Type", "Kind of volume: `host` or `csi`"),
    Field::string("source", "Source", "Name of the volume on the node or in the registry"),
    Field::bool("read_only", "ReadOnly", "Whether it is only read"),
    Field::bool("sticky", "Sticky", "Whether an allocation gets the same volume again"),
    Field::string("access_mode", "AccessMode", "How many nodes read or write it"),
    Field::string("attachment_mode", "AttachmentMode", "Whether it is a `file-system` or a `block-device`"),
    Field::block("mount_options", "MountOptions", &MOUNT_OPTIONS, "How a CSI volume is mounted"),
    Field::bool("per_alloc", "PerAlloc", "Whether each allocation has its own, with its index in the name"),
]).labels(&["Name"]);

/// How a CSI volume is mounted.
#[rustfmt::skip]
pub static MOUNT_OPTIONS: BlockType = BlockType::new("mount_options", "MountOptions", "How a CSI volume is mounted", &[
    Field::string("fs_type", "FSType", "File system of the volume"),
    Field::strings("mount_flags", "MountFlags", "Flags for the mount").empty_is_set(),
]);

/// The Consul cluster that a group or task talks to.
#[rustfmt::skip]
pub static CONSUL: BlockType = BlockType::new("consul", "Consul", "The Consul cluster that a group or task talks to", &[
    Field::string("namespace", "Namespace", "Consul namespace (Consul Enterprise)"),
    Field::string("cluster", "Cluster", "Name of the Consul cluster").default(Default::Str("default")),
    Field::string("partition", "Partition", "Consul admin partition (Consul Enterprise)"),
]);
