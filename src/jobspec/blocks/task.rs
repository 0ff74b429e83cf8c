//! `task` and what stands only there, apart from templates, resources and services.

use super::{AFFINITY, ARTIFACT, CONSTRAINT, CONSUL, RESOURCES, RESTART, SERVICE, TASK_SCALING, TEMPLATE};
use crate::jobspec::declare::{BlockType, Default, Field, MapForm, NullMember, Width};

/// One process, container or machine.
#[rustfmt::skip]
pub static TASK: BlockType = BlockType::new("task", "Task", "One process, container or machine", &[
    Field::string("", "Name", "Name of the task"),
    Field::string("driver", "Driver", "What runs it: `docker`, `exec`, `raw_exec`, `java`, …"),
    Field::string("user", "User", "System user that it runs as"),
    Field::block("lifecycle", "Lifecycle", &LIFECYCLE, "When it runs in relation to the main tasks"),
    Field::any("config", "Config", "What the driver is told"),
    Field::blocks("constraint", "Constraints", &CONSTRAINT, "Conditions that a node must meet"),
    Field::blocks("affinity", "Affinities", &AFFINITY, "Preferences among nodes"),
    Field::map("env", "Env", MapForm::Either, "Environment variables"),
    Field::blocks("service", "Services", &SERVICE, "Services that it offers"),
    Field::block("resources", "Resources", &RESOURCES, "CPU, memory and devices that it needs").default(Default::Block),
    Field::block("restart", "RestartPolicy", &RESTART, "How it is restarted when it fails; the group's unless written"),
    Field::map("meta", "Meta", MapForm::Either, "Free metadata, seen as `NOMAD_META_*`"),
    Field::duration("kill_timeout", "KillTimeout", "Time between the stop signal and the kill").null().default(Default::Seconds(5)),
    Field::block("logs", "LogConfig", &LOGS, "How its output is kept").default(Default::Block),
    Field::blocks("artifact", "Artifacts", &ARTIFACT, "Files that are fetched before it starts"),
    Field::block("vault", "Vault", &VAULT, "Vault access"),
    Field::block("consul", "Consul", &CONSUL, "Consul cluster that it talks to"),
    Field::blocks("template", "Templates", &TEMPLATE, "Files that are rendered before it starts"),
    Field::block("dispatch_payload", "DispatchPayload", &DISPATCH_PAYLOAD, "Where the payload of a dispatch is put"),
    Field::blocks("volume_mount", "VolumeMounts", &VOLUME_MOUNT, "Volumes of the group that it sees"),
    Field::block("csi_plugin", "CSIPluginConfig", &CSI_PLUGIN, "Makes the task a CSI plugin").absent(),
    Field::bool("leader", "Leader", "Whether the other tasks stop when this one ends"),
    Field::duration("shutdown_delay", "ShutdownDelay", "Pause between leaving the service catalogue and stopping"),
    Field::string("kill_signal", "KillSignal", "Signal that asks it to stop, as in `SIGTERM`"),
    Field::string("kind", "Kind", "What the task is in a service mesh; set by the server"),
    Field::blocks("scaling", "ScalingPolicies", &TASK_SCALING, "Limits for an autoscaler (Nomad Enterprise)"),
    Field::blocks("secret", "Secrets", &SECRET, "Secrets that are fetched before it starts"),
    Field::block("", "Identity", &IDENTITY, "Its default workload identity: the `identity` without a name"),
    Field::blocks("identity", "Identities", &IDENTITY, "Workload identities").null_member(NullMember::Dropped),
    Field::blocks("action", "Actions", &ACTION, "Commands that can be run in it from outside"),
    Field::block("schedule", "Schedule", &SCHEDULE, "When it may run (Nomad Enterprise)"),
]).labels(&["Name"]);

/// When a task runs in relation to the main tasks.
#[rustfmt::skip]
pub static LIFECYCLE: BlockType = BlockType::new("lifecycle", "Lifecycle", "When a task runs in relation to the main tasks", &[
    Field::string("hook", "Hook", "When it starts: `prestart`, `poststart` or `poststop`").required(),
    Field::bool("sidecar", "Sidecar", "Whether it runs as long as the main tasks"),
]);

/// How the output of a task is kept.
#[rustfmt::skip]
pub static LOGS: BlockType = BlockType::new("logs", "LogConfig", "How the output of a task is kept", &[
    Field::int("max_files", "MaxFiles", Width::Int, "Files that are kept, for each of stdout and stderr").null().default(Default::Int(10)),
    Field::int("max_file_size", "MaxFileSizeMB", Width::Int, "Size of each in MB").null().default(Default::Int(10)),
    Field::bool("enabled", "Enabled", "Whether output is kept (deprecated: `disabled`)").null().not_kept(),
    Field::bool("disabled", "Disabled", "Whether output is not kept").null().default(Default::Bool(false)),
]);

/// Access to Vault.
#[rustfmt::skip]
pub static VAULT: BlockType = BlockType::new("vault", "Vault", "Access to Vault", &[
    Field::strings("policies", "Policies", "Policies of the token").not_kept(),
    Field::string("role", "Role", "Role that the workload identity logs in with"),
    Field::string("namespace", "Namespace", "Vault namespace (Vault Enterprise)").null().default(Default::Str("")),
    Field::string("cluster", "Cluster", "Name of the Vault cluster").default(Default::Str("default")),
    Field::bool("env", "Env", "Whether `VAULT_TOKEN` is set").null().default(Default::Bool(true)).by_parser(),
    Field::bool("disable_file", "DisableFile", "Whether the token is not written to a file").null().default(Default::Bool(false)).by_parser(),
    Field::string("change_mode", "ChangeMode", "What a new token does: `restart`, `signal` or `noop`").null().default(Default::Str("restart")).by_parser(),
    Field::string("change_signal", "ChangeSignal", "Signal for the mode `signal`").null().default(Default::Str("SIGHUP")),
    Field::bool("allow_token_expiration", "AllowTokenExpiration", "Whether the token is not renewed").null().default(Default::Bool(false)),
]);

/// Where the payload of a dispatch is put.
#[rustfmt::skip]
pub static DISPATCH_PAYLOAD: BlockType = BlockType::new("dispatch_payload", "DispatchPayload", "Where the payload of a dispatch is put", &[
    Field::string("file", "File", "File in the task's `local/` folder"),
]);

/// A volume of the group that a task sees.
#[rustfmt::skip]
pub static VOLUME_MOUNT: BlockType = BlockType::new("volume_mount", "VolumeMount", "A volume of the group that a task sees", &[
    Field::string("volume", "Volume", "Name of the group's volume").null(),
    Field::string("destination", "Destination", "Where it appears").null(),
    Field::bool("read_only", "ReadOnly", "Whether it is only read").null().default(Default::Bool(false)),
    Field::string("propagation_mode", "PropagationMode", "How later mounts are seen: `private`, `host-to-task` or `bidirectional`").null().default(Default::Str("private")),
    Field::string("selinux_label", "SELinuxLabel", "SELinux label: `z` or `Z`").null().default(Default::Str("")),
]);

/// Makes the task a CSI plugin.
#[rustfmt::skip]
pub static CSI_PLUGIN: BlockType = BlockType::new("csi_plugin", "CSIPluginConfig", "Makes the task a plugin for storage", &[
    Field::string("id", "ID", "Identifier of the plugin"),
    Field::string("type", "Type", "What it is: `controller`, `node` or `monolith`"),
    Field::string("mount_dir", "MountDir", "Where its socket is in the task").default(Default::Str("/csi")),
    Field::string("stage_publish_base_dir", "StagePublishBaseDir", "Where volumes are mounted in the task").default(Default::Str("/local/csi")),
    Field::duration("health_timeout", "HealthTimeout", "When a plugin that does not answer is restarted").default(Default::Seconds(30)),
]);

/// A secret that is fetched before a task starts.
#[rustfmt::skip]
pub static SECRET: BlockType = BlockType::new("secret", "Secret", "A secret that is fetched before a task starts", &[
    Field::string("", "Name", "Name of the secret, as in `${secret.NAME.KEY}`"),
    Field::string("provider", "Provider", "Where it comes from: `nomad`, `vault` or a plugin"),
    Field::string("path", "Path", "Where it is there"),
    Field::any("config", "Config", "What the provider is told"),
    Field::map("env", "Env", MapForm::Block, "Environment of the provider's plugin"),
]).labels(&["Name"]);

/// An identity with which a task or service proves what it is.
#[rustfmt::skip]
pub static IDENTITY: BlockType = BlockType::new("identity", "Identity", "An identity with which a task or service proves what it is", &[
    Field::string("name", "Name", "Name of the identity"),
    Field::strings("aud", "Audience", "Who may accept it").empty_is_set(),
    Field::string("change_mode", "ChangeMode", "What a new token does: `restart`, `signal` or `noop`"),
    Field::string("change_signal", "ChangeSignal", "Signal for the mode `signal`"),
    Field::bool("env", "Env", "Whether `NOMAD_TOKEN_NAME` is set"),
    Field::bool("file", "File", "Whether it is written to a file"),
    Field::string("filepath", "Filepath", "Where it is written"),
    Field::string("service_name", "ServiceName", "Service that it stands for; set by the server"),
    Field::duration("ttl", "TTL", "How long it is valid before it is renewed"),
    Field::strings("extra_claims", "ExtraClaims", "Further claims in the token").empty_is_set(),
]);

/// A command that can be run in the task from outside.
#[rustfmt::skip]
pub static ACTION: BlockType = BlockType::new("action", "Action", "A command that can be run in the task from outside", &[
    Field::string("", "Name", "Name of the action"),
    Field::string("command", "Command", "The command").required(),
    Field::strings("args", "Args", "Its arguments").empty_is_set(),
]).labels(&["Name"]);

/// When a task may run.
#[rustfmt::skip]
pub static SCHEDULE: BlockType = BlockType::new("schedule", "Schedule", "When a task may run (Nomad Enterprise)", &[
    Field::block("cron", "Cron", &SCHEDULE_CRON, "The time of day"),
]);

/// The time of day at which a task may run.
#[rustfmt::skip]
pub static SCHEDULE_CRON: BlockType = BlockType::new("cron", "Schedule", "The time of day at which a task may run", &[
    Field::string("start", "Start", "When it starts: a cron expression"),
    Field::string("end", "End", "When it ends: minute and hour of a cron expression"),
    Field::string("timezone", "Timezone", "Time zone of both, as in `Europe/Berlin`"),
]);
