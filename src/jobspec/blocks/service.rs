//! What a group or task offers to others: `service` and its `check`.

use super::{CONNECT, IDENTITY};
use crate::jobspec::declare::{BlockType, Default, Field, MapForm, NullMember, Width};

/// A service in the catalogue of Nomad or Consul.
#[rustfmt::skip]
pub static SERVICE: BlockType = BlockType::new("service", "Service", "A service in the catalogue of Nomad or Consul", &[
    Field::string("name", "Name", "Name in the catalogue; `JOB-GROUP` or `JOB-GROUP-TASK` unless written"),
    Field::strings("tags", "Tags", "Tags in the catalogue"),
    Field::strings("canary_tags", "CanaryTags", "Tags while the allocation is a canary"),
    Field::bool("enable_tag_override", "EnableTagOverride", "Whether tags may be changed in Consul"),
    Field::string("port", "PortLabel", "Label or number of its port"),
    Field::string("address_mode", "AddressMode", "Which address is announced: `auto`, `host`, `alloc`, `alloc_ipv6` or `driver`").default(Default::Str("auto")),
    Field::string("address", "Address", "Address that is announced in place of the node's"),
    Field::blocks("check", "Checks", &CHECK, "How its health is found out").null_member(NullMember::Block),
    Field::block("check_restart", "CheckRestart", &CHECK_RESTART, "When failing checks restart the task").not_kept(),
    Field::block("connect", "Connect", &CONNECT, "Its place in the service mesh of Consul"),
    Field::map("meta", "Meta", MapForm::Block, "Free metadata in Consul"),
    Field::map("canary_meta", "CanaryMeta", MapForm::Block, "Metadata while the allocation is a canary"),
    Field::map("tagged_addresses", "TaggedAddresses", MapForm::Block, "Further addresses, by tag"),
    Field::string("task", "TaskName", "Task that it belongs to, for a service of the group"),
    Field::string("on_update", "OnUpdate", "Whether checks decide on a deployment: `require_healthy`, `ignore_warnings` or `ignore`").default(Default::Str("require_healthy")),
    Field::block("identity", "Identity", &IDENTITY, "Workload identity with which it is registered"),
    Field::block("weights", "Weights", &WEIGHTS, "Its share of the answers of Consul's DNS"),
    Field::string("provider", "Provider", "Which catalogue: `consul` or `nomad`").default(Default::Str("consul")),
    Field::string("cluster", "Cluster", "Name of the Consul cluster").default(Default::Str("default")),
    Field::string("kind", "Kind", "Kind of service in Consul, as in `api-gateway`"),
    Field::string("", "Namespace", "Namespace of the catalogue; set by the server").absent(),
]);

/// How the health of a service is found out.
#[rustfmt::skip]
pub static CHECK: BlockType = BlockType::new("check", "Check", "How the health of a service is found out", &[
    Field::string("name", "Name", "Name of the check; made from the service's unless written"),
    Field::string("type", "Type", "Kind of check: `http`, `tcp`, `grpc` or `script`"),
    Field::string("command", "Command", "Command of a script check"),
    Field::strings("args", "Args", "Its arguments"),
    Field::string("path", "Path", "Path of an HTTP check"),
    Field::string("protocol", "Protocol", "Protocol of an HTTP check: `http` or `https`"),
    Field::string("port", "PortLabel", "Label or number of the port; the service's unless written"),
    Field::bool("expose", "Expose", "Whether Envoy opens a path for it"),
    Field::string("address_mode", "AddressMode", "Which address is asked: `alloc`, `driver` or `host`"),
    Field::string("advertise", "Advertise", "Address that is shown for the check").not_kept(),
    Field::duration("interval", "Interval", "How often it is asked"),
    Field::duration("timeout", "Timeout", "How long an answer may take"),
    Field::string("initial_status", "InitialStatus", "State before the first answer: `passing`, `warning` or `critical`"),
    Field::string("notes", "Notes", "What it is about, for people"),
    Field::string("tls_server_name", "TLSServerName", "Name in the certificate"),
    Field::bool("tls_skip_verify", "TLSSkipVerify", "Whether the certificate is not checked"),
    Field::list_map("header", "Header", "Headers of an HTTP check"),
    Field::string("method", "Method", "Method of an HTTP check"),
    Field::block("check_restart", "CheckRestart", &CHECK_RESTART, "When its failure restarts the task"),
    Field::string("grpc_service", "GRPCService", "Service of a gRPC check"),
    Field::bool("grpc_use_tls", "GRPCUseTLS", "Whether a gRPC check uses TLS"),
    Field::string("task", "TaskName", "Task in which a script check runs"),
    Field::int("success_before_passing", "SuccessBeforePassing", Width::Int, "Good answers in a row that make it passing"),
    Field::int("failures_before_critical", "FailuresBeforeCritical", Width::Int, "Bad answers in a row that make it critical"),
    Field::int("failures_before_warning", "FailuresBeforeWarning", Width::Int, "Bad answers in a row that make it warning"),
    Field::string("body", "Body", "Body of an HTTP check"),
    Field::string("on_update", "OnUpdate", "Whether it decides on a deployment; the service's unless written"),
]);

/// When failing checks restart the task.
#[rustfmt::skip]
pub static CHECK_RESTART: BlockType = BlockType::new("check_restart", "CheckRestart", "When failing checks restart the task", &[
    Field::int("limit", "Limit", Width::Int, "Failures in a row; 0 for never"),
    Field::duration("grace", "Grace", "Time after a start in which failures do not count").null().default(Default::Seconds(1)),
    Field::bool("ignore_warnings", "IgnoreWarnings", "Whether warnings do not count"),
]);

/// The share of a service of the answers of Consul's DNS.
#[rustfmt::skip]
pub static WEIGHTS: BlockType = BlockType::new("weights", "Weights", "The share of a service of the answers of Consul's DNS", &[
    Field::int("passing", "Passing", Width::Int, "While it is passing").default(Default::Int(1)),
    Field::int("warning", "Warning", Width::Int, "While it is warning").default(Default::Int(1)),
]);
