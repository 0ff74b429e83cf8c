//! The keys of a job file, each declared once, with doc, unit and example; [`project`] has those of `platy.yaml`.
//!
//! The check on loading, the JSON Schemas in `schemas/` and the reference in `docs/job-file.md`
//! follow from these tables.

mod project;

pub use project::{CLUSTER, PROJECT, STAGE};

use super::shape::{Key, Shape};

/// A key in the tables below.
const fn key(
    name: &'static str,
    shape: Shape,
    unit: &'static str,
    example: &'static str,
    doc: &'static str,
) -> Key {
    Key { name, shape, doc, unit, example, required: false }
}

/// A key that must be there.
const fn required(key: Key) -> Key {
    Key { required: true, ..key }
}

const TEXTS: Shape = Shape::List(&Shape::Text);
const NAMES: Shape = Shape::List(&Shape::Name);
const TEXT_MAP: Shape = Shape::Map(&Shape::Text);
const PORT: Shape = Shape::Int(1, 65_535);

/// The keys of a job file.
pub const JOB: &[Key] = &[
    required(key(
        "file",
        Shape::Text,
        "",
        "server",
        "The template: `templates/NAME.nomad.hcl` of the project, or the built-in `server`, `worker` or `consumer`.",
    )),
    key(
        "user",
        Shape::Name,
        "",
        "cbe",
        "Who the job runs for: the second part of the job key, and the namespace of its artifacts.",
    ),
    key(
        "buildname",
        Shape::Text,
        "",
        "eightball",
        "The name of the build that the job runs; without it, the job's name.",
    ),
    key("hashtype", Shape::OneOf(&["git", "sha256", "none"]), "", "git", "What `githash` is a hash of."),
    key(
        "githash",
        Shape::Text,
        "",
        "4f2a91c",
        "The commit of the build, kept as it is written. May also stand in `config` or in a stage.",
    ),
    key("config", Shape::Record(CONFIG), "", "{cpu: 0.5, ram: 256}", "The values for all stages."),
    key(
        "envs",
        Shape::Map(&Shape::Record(CONFIG)),
        "",
        "{prod: {num_instances: 3}}",
        "The values for one stage, above those in `config`.",
    ),
    key(
        "needs",
        NAMES,
        "",
        "[migrations]",
        "Jobs that must be deployed before this one when several are applied together; jobs of the project, and in no circle.",
    ),
];

/// The keys of `config`, of each stage in `envs`, and of `defaults` in `platy.yaml`.
pub const CONFIG: &[Key] = &[
    key("num_instances", Shape::Int(0, 10_000), "", "3", "How many allocations run."),
    key(
        "cpu",
        Shape::Number(0.001, 1024.0),
        "cores",
        "0.5",
        "CPU share; becomes MHz by the stage's `mhz_per_core`.",
    ),
    key(
        "cores",
        Shape::Int(1, 1024),
        "cores",
        "2",
        "Whole cores that are reserved; takes the place of `cpu`.",
    ),
    key(
        "ram",
        Shape::Size,
        "MB",
        "512",
        "Memory, or a text with a unit (`512MiB`, `2GB`). Past it the task is killed.",
    ),
    key(
        "ram_max",
        Shape::Size,
        "MB",
        "1GB",
        "Memory that may be used while the node has it free; needs oversubscription in the cluster.",
    ),
    key("disk", Shape::Size, "MB", "5000", "Disk of the allocation, or a text with a unit."),
    key(
        "taskargs",
        Shape::Map(&Shape::Any),
        "",
        "{workers: 10}",
        "Values for the template; described by `schemas/TEMPLATE.schema.json` where there is one.",
    ),
    key("user", Shape::Name, "", "cbe", "Who the job runs for; also a key of the job file."),
    key("buildname", Shape::Text, "", "eightball", "The name of the build; also a key of the job file."),
    key(
        "hashtype",
        Shape::OneOf(&["git", "sha256", "none"]),
        "",
        "git",
        "What `githash` is a hash of; also a key of the job file.",
    ),
    key("githash", Shape::Text, "", "4f2a91c", "The commit of the build; also a key of the job file."),
    key(
        "driver",
        Shape::OneOf(&["docker", "podman", "exec", "raw_exec", "java", "qemu"]),
        "",
        "exec",
        "How the task runs; `docker` where an `image` is set, else `exec`.",
    ),
    key("image", Shape::Text, "", "registry.example.com/fooserver:1.4", "The container image."),
    key("command", Shape::Text, "", "bin/fooserver", "The program that runs."),
    key("args", TEXTS, "", "[\"--verbose\"]", "Its arguments."),
    key(
        "env",
        TEXT_MAP,
        "",
        "{LOG_LEVEL: info}",
        "Environment variables; each value is kept as it is written.",
    ),
    key(
        "ports",
        Shape::Either(&[NAMES, Shape::Map(&Shape::Either(&[PORT, Shape::Record(PORT_KEYS)]))]),
        "",
        "{http: 8080}",
        "Ports by name: a list of names for dynamic ports, or a map to the port inside the container.",
    ),
    key(
        "health",
        Shape::Either(&[Shape::Text, Shape::Record(HEALTH)]),
        "",
        "/healthz",
        "The health check: a path, or a map.",
    ),
    key(
        "schedule",
        Shape::Either(&[Shape::Text, TEXTS]),
        "",
        "\"15 3 * * *\"",
        "When a batch job runs: a cron expression, or a list of them.",
    ),
    key("timezone", Shape::Text, "", "Europe/Berlin", "The time zone of `schedule`; UTC unless set."),
    key(
        "overlap",
        Shape::Bool,
        "",
        "false",
        "Whether a scheduled run may begin while the last one still runs; false unless set.",
    ),
    key(
        "parameters",
        Shape::Record(PARAMETERS),
        "",
        "{required: [date]}",
        "Makes a job that runs when it is dispatched, with these parameters.",
    ),
    key("consume", Shape::Record(CONSUME), "", "{stream: orders, group: billing}", "What a consumer reads."),
    key(
        "owner",
        Shape::Text,
        "",
        "search-platform",
        "Who is asked about the job; goes into the events and the job's meta.",
    ),
    key("team", Shape::Text, "", "search", "The team of the owner."),
    key(
        "alerts",
        Shape::Map(&Shape::Either(&[Shape::Text, TEXTS])),
        "",
        "{page: search-oncall}",
        "Where alerts go, by kind.",
    ),
    key(
        "constraints",
        Shape::List(&Shape::Either(&[Shape::Text, Shape::Record(CONSTRAINT)])),
        "",
        "[{attribute: \"${attr.cpu.arch}\", value: amd64}]",
        "Where the job may run.",
    ),
    key("update", Shape::Record(UPDATE), "", "{max_parallel: 2}", "How a new version is rolled out."),
    key(
        "restart",
        Shape::Record(RESTART),
        "",
        "{attempts: 3}",
        "How often a failed task is restarted on its node.",
    ),
    key(
        "secrets",
        TEXT_MAP,
        "",
        "{DB_PASSWORD: \"nomad/jobs/fooserver#db_password\"}",
        "Environment variables from Nomad variables: `PATH#KEY`. The value itself never stands in a file.",
    ),
    key(
        "volumes",
        Shape::Map(&Shape::Record(VOLUME)),
        "",
        "{data: {type: host, source: data, mount: /data}}",
        "Volumes by name.",
    ),
    key("tags", TEXTS, "", "[public]", "Tags of the service."),
    key("meta", TEXT_MAP, "", "{tier: gold}", "The job's meta. A change restarts every allocation."),
    key("kill_timeout", Shape::Duration, "", "30s", "How long a task may take to end before it is killed."),
    key("kill_signal", Shape::Text, "", "SIGINT", "The signal that asks a task to end; SIGTERM unless set."),
    key(
        "shutdown_delay",
        Shape::Duration,
        "",
        "5s",
        "How long a task goes on after its service is deregistered.",
    ),
    key("priority", Shape::Int(1, 100), "", "50", "Who goes first when the cluster is full."),
    key(
        "monitoring",
        Shape::OneOf(&["inject", "image", "off"]),
        "",
        "inject",
        "The wrapper that reports start and end: `inject` puts it in (batch jobs have it unless told otherwise), `image` trusts the image to bring it, `off` leaves it out.",
    ),
    key(
        "artifact",
        Shape::Record(ARTIFACT),
        "",
        "{source: \"https://builds.example.com/eightball.tar.gz\"}",
        "What is downloaded before the task starts.",
    ),
    key(
        "scaling",
        Shape::Record(SCALING),
        "",
        "{min: 1, max: 10}",
        "The bounds within which an autoscaler may set the count.",
    ),
    key("datacenters", TEXTS, "", "[dc1]", "The datacenters the job may run in; the stage's unless set."),
    key("node_pool", Shape::Text, "", "gpu", "The node pool the job runs in; the stage's unless set."),
];

const PORT_KEYS: &[Key] = &[
    key("to", PORT, "", "8080", "The port inside the container or network namespace."),
    key("static", PORT, "", "443", "The port on the node, where it must be a certain one."),
    key("host_network", Shape::Text, "", "public", "The node's network that the port is on."),
];

const HEALTH: &[Key] = &[
    key(
        "type",
        Shape::OneOf(&["http", "tcp", "grpc", "script"]),
        "",
        "http",
        "The kind of check; `http` where a path is set, else `tcp`.",
    ),
    key("path", Shape::Text, "", "/healthz", "The path of an http check."),
    key("port", Shape::Name, "", "http", "The name of the port that is checked; the first one unless set."),
    key("interval", Shape::Duration, "", "10s", "How often."),
    key("timeout", Shape::Duration, "", "2s", "How long an answer may take."),
    key("command", Shape::Text, "", "/bin/check", "The program of a script check."),
    key("args", TEXTS, "", "[\"--fast\"]", "Its arguments."),
];

const PARAMETERS: &[Key] = &[
    key(
        "payload",
        Shape::OneOf(&["optional", "required", "forbidden"]),
        "",
        "optional",
        "Whether a dispatch brings a payload.",
    ),
    key("required", NAMES, "", "[date]", "Meta keys that every dispatch must bring."),
    key("optional", NAMES, "", "[dry_run]", "Meta keys that a dispatch may bring."),
];

const CONSUME: &[Key] = &[
    key("stream", Shape::Text, "", "orders", "The message stream, or topic."),
    key("group", Shape::Text, "", "billing", "The consumer group; the job's name unless set."),
    key("parallelism", Shape::Int(1, 10_000), "", "4", "Messages that one instance works on at once."),
];

const CONSTRAINT: &[Key] = &[
    key("attribute", Shape::Text, "", "${attr.kernel.name}", "What is compared; a node's attribute or meta."),
    key(
        "operator",
        Shape::Text,
        "",
        "=",
        "How: `=`, `!=`, `>`, `regexp`, `version`, `distinct_hosts`, …; `=` unless set.",
    ),
    key("value", Shape::Text, "", "linux", "What it is compared with."),
];

const UPDATE: &[Key] = &[
    key("max_parallel", Shape::Int(0, 10_000), "", "1", "Allocations that are replaced at once."),
    key(
        "canary",
        Shape::Int(0, 10_000),
        "",
        "1",
        "Allocations of the new version that run beside the old one until promoted.",
    ),
    key(
        "health_check",
        Shape::OneOf(&["checks", "task_states", "manual"]),
        "",
        "checks",
        "What tells that an allocation is healthy.",
    ),
    key("min_healthy_time", Shape::Duration, "", "10s", "How long it must be healthy to count."),
    key(
        "healthy_deadline",
        Shape::Duration,
        "",
        "5m",
        "When it counts as unhealthy if it is not healthy by then.",
    ),
    key(
        "progress_deadline",
        Shape::Duration,
        "",
        "10m",
        "When the deployment fails if nothing becomes healthy.",
    ),
    key(
        "auto_revert",
        Shape::Bool,
        "",
        "true",
        "Whether a failed deployment goes back to the last stable version.",
    ),
    key(
        "auto_promote",
        Shape::Bool,
        "",
        "false",
        "Whether healthy canaries are promoted without being asked.",
    ),
    key("stagger", Shape::Duration, "", "30s", "The pause between steps where no deployment tracks health."),
];

const RESTART: &[Key] = &[
    key("attempts", Shape::Int(0, 10_000), "", "3", "Restarts within the interval."),
    key("interval", Shape::Duration, "", "10m", "The time over which they are counted."),
    key("delay", Shape::Duration, "", "15s", "The pause before each."),
    key("mode", Shape::OneOf(&["fail", "delay"]), "", "fail", "What happens when they are used up."),
];

const VOLUME: &[Key] = &[
    key("type", Shape::OneOf(&["host", "csi"]), "", "host", "The kind of volume; `host` unless set."),
    key("source", Shape::Text, "", "data", "The volume's name in the cluster; its name here unless set."),
    required(key("mount", Shape::Text, "", "/data", "The folder it appears at inside the task.")),
    key("read_only", Shape::Bool, "", "false", "Whether it can only be read."),
];

const ARTIFACT: &[Key] = &[
    required(key(
        "source",
        Shape::Text,
        "",
        "https://builds.example.com/a.tar.gz",
        "Where it is downloaded from.",
    )),
    key("destination", Shape::Text, "", "local/", "The folder it is put in, within the task's own."),
    key(
        "mode",
        Shape::OneOf(&["any", "file", "dir"]),
        "",
        "any",
        "Whether it is an archive, a file or a folder.",
    ),
    key("checksum", Shape::Text, "", "sha256:…", "Its checksum, with the kind before a colon."),
];

const SCALING: &[Key] = &[
    required(key("min", Shape::Int(0, 10_000), "", "1", "The lowest count.")),
    required(key("max", Shape::Int(1, 10_000), "", "10", "The highest count.")),
];

/// The values that hold where nothing else is said: the lowest layer.
pub const BUILT_IN: &str = "\
num_instances: 1
cpu: 0.1
ram: 128
disk: 300
hashtype: git
kill_timeout: 30s
timezone: UTC
overlap: false
";
