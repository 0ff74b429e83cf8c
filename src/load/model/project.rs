//! The keys of `platy.yaml`: stages, clusters, guards and defaults.

use super::{CONFIG, TEXT_MAP, TEXTS, key, required};
use crate::load::shape::{Key, Shape};

/// The keys of `platy.yaml`.
pub const PROJECT: &[Key] = &[
    required(key(
        "stages",
        Shape::Map(&Shape::Record(STAGE)),
        "",
        "{devel: {cluster: local}}",
        "The named targets.",
    )),
    key(
        "default_stage",
        Shape::Name,
        "",
        "devel",
        "The stage where `--stage` is not given; may not be a protected one.",
    ),
    key(
        "clusters",
        Shape::Map(&Shape::Record(CLUSTER)),
        "",
        "{bb: {address: \"https://nomad.example.com:4646\"}}",
        "Where jobs run; `local`, the embedded registry, is always there.",
    ),
    key("defaults", Shape::Record(DEFAULTS), "", "{config: {ram: 128}}", "Values under those of every job."),
    key(
        "repositories",
        TEXT_MAP,
        "",
        "{eightball: ../eightball}",
        "The git repositories of builds, by build name: a guard looks there for the `githash`.",
    ),
    key(
        "vars",
        Shape::Map(&Shape::Any),
        "",
        "{artifacts: \"https://builds.example.com\"}",
        "Values that every template sees as `vars`.",
    ),
];

const DEFAULTS: &[Key] = &[
    key("config", Shape::Record(CONFIG), "", "{ram: 128}", "For all jobs in all stages."),
    key(
        "envs",
        Shape::Map(&Shape::Record(CONFIG)),
        "",
        "{prod: {priority: 70}}",
        "For all jobs in one stage.",
    ),
];

/// The keys of a stage in `platy.yaml`.
pub const STAGE: &[Key] = &[
    required(key(
        "cluster",
        Shape::Name,
        "",
        "bb",
        "The cluster of the stage: a name in `clusters`, or `local`.",
    )),
    key("namespace", Shape::Text, "", "default", "The namespace; `default` unless set."),
    key("region", Shape::Text, "", "global", "The region; the cluster's unless set."),
    key("datacenters", TEXTS, "", "[dc1]", "The datacenters that jobs may run in; all unless set."),
    key("node_pool", Shape::Text, "", "default", "The node pool that jobs run in."),
    key(
        "protected",
        Shape::Bool,
        "",
        "true",
        "Whether the stage is reached only by `--stage=NAME` on the command line, through all guards.",
    ),
    key(
        "id",
        Shape::Text,
        "",
        "\"{name}-{stage}\"",
        "The job's ID in Nomad, made from `{name}` and `{stage}`.",
    ),
    key("mhz_per_core", Shape::Int(1, 100_000), "MHz", "2500", "What one core of `cpu` is; 1000 unless set."),
    key(
        "monitoring",
        Shape::Record(MONITORING),
        "",
        "{events: \"https://events.example.com/\"}",
        "Where the wrapper reports to.",
    ),
    key(
        "guards",
        Shape::Record(GUARDS),
        "",
        "{upstream: origin/main}",
        "How the guards of a protected stage judge.",
    ),
    key(
        "config",
        Shape::Record(CONFIG),
        "",
        "{priority: 70}",
        "Values for the stage, above `defaults` and below the job's.",
    ),
];

const MONITORING: &[Key] = &[
    key("events", Shape::Url, "", "https://events.example.com/", "The URL that CloudEvents are posted to."),
    key("mode", Shape::OneOf(&["inject", "image", "off"]), "", "inject", "The mode of jobs that set none."),
];

const GUARDS: &[Key] = &[
    key(
        "upstream",
        Shape::Text,
        "",
        "origin/main",
        "The branch that must have the commit; the current branch's upstream unless set.",
    ),
    key("allow_dirty", Shape::Bool, "", "false", "Whether `--allow-dirty` may be used; its use is recorded."),
    key(
        "allow_unpushed",
        Shape::Bool,
        "",
        "false",
        "Whether `--allow-unpushed` may be used; its use is recorded.",
    ),
    key(
        "allow_unknown_githash",
        Shape::Bool,
        "",
        "false",
        "Whether `--allow-unknown-githash` may be used; its use is recorded.",
    ),
];

/// The keys of a cluster in `platy.yaml`.
pub const CLUSTER: &[Key] = &[
    key("address", Shape::Url, "", "https://nomad.example.com:4646", "The address of Nomad's HTTP API."),
    key(
        "path",
        Shape::Text,
        "",
        ".platy/local",
        "Instead of an address: the folder of an embedded registry, within the project.",
    ),
    key("region", Shape::Text, "", "global", "The region that requests are for."),
    key("ca_cert", Shape::Text, "", "certs/ca.pem", "The authority that signed the server's certificate."),
    key("client_cert", Shape::Text, "", "certs/client.pem", "The certificate that we show."),
    key("client_key", Shape::Text, "", "certs/client.key", "Its key."),
    key("tls_server_name", Shape::Text, "", "server.global.nomad", "The name in the server's certificate."),
    key(
        "skip_verify",
        Shape::Bool,
        "",
        "false",
        "Whether any certificate is accepted: for trying things out only.",
    ),
    key(
        "token_file",
        Shape::Text,
        "",
        "~/.nomad-token",
        "The file with the token. A token never stands here as text.",
    ),
    key(
        "token_command",
        TEXTS,
        "",
        "[vault, read, -field=secret_id, nomad/creds/deploy]",
        "The command that prints the token.",
    ),
];
