//! What happens over time: `update`, `migrate`, `reschedule`, `restart`, `disconnect`, `scaling`.

use crate::jobspec::declare::{BlockType, Default, Field, MapForm, Width};

/// How a new version is rolled out.
#[rustfmt::skip]
pub static UPDATE: BlockType = BlockType::new("update", "Update", "How a new version of the job is rolled out", &[
    Field::duration("stagger", "Stagger", "Pause between the nodes of a system job, and between drained allocations").null().default(Default::Seconds(30)),
    Field::int("max_parallel", "MaxParallel", Width::Int, "Allocations replaced at once; 0 for all without a deployment").null().default(Default::Int(1)),
    Field::string("health_check", "HealthCheck", "What makes an allocation healthy: `checks`, `task_states` or `manual`").null().default(Default::Str("checks")),
    Field::duration("min_healthy_time", "MinHealthyTime", "How long an allocation must be healthy to count").null().default(Default::Seconds(10)),
    Field::duration("healthy_deadline", "HealthyDeadline", "When an allocation that is not healthy counts as failed").null().default(Default::Seconds(300)),
    Field::duration("progress_deadline", "ProgressDeadline", "When a deployment without a healthy allocation fails; 0 for at the first failure").null().default(Default::Seconds(600)),
    Field::int("canary", "Canary", Width::Int, "Allocations of the new version that run beside the old ones until promoted").null().default(Default::Int(0)),
    Field::bool("auto_revert", "AutoRevert", "Whether a failed deployment goes back to the last stable version").null().default(Default::Bool(false)),
    Field::bool("auto_promote", "AutoPromote", "Whether healthy canaries are promoted without asking").null().default(Default::Bool(false)),
]);

/// How allocations leave a draining node.
#[rustfmt::skip]
pub static MIGRATE: BlockType = BlockType::new("migrate", "Migrate", "How allocations leave a draining node", &[
    Field::int("max_parallel", "MaxParallel", Width::Int, "Allocations that move at once").null().default(Default::Int(1)),
    Field::string("health_check", "HealthCheck", "What makes an allocation healthy: `checks` or `task_states`").null().default(Default::Str("checks")),
    Field::duration("min_healthy_time", "MinHealthyTime", "How long an allocation must be healthy to count").null().default(Default::Seconds(10)),
    Field::duration("healthy_deadline", "HealthyDeadline", "When an allocation that is not healthy is given up").null().default(Default::Seconds(300)),
]);

/// How failed allocations move to other nodes.
#[rustfmt::skip]
pub static RESCHEDULE: BlockType = BlockType::new("reschedule", "ReschedulePolicy", "How failed allocations move to other nodes", &[
    Field::int("attempts", "Attempts", Width::Int, "How often in each interval").null(),
    Field::duration("interval", "Interval", "The time over which attempts are counted").null(),
    Field::duration("delay", "Delay", "Pause before the first attempt").null(),
    Field::string("delay_function", "DelayFunction", "How the pause grows: `constant`, `exponential` or `fibonacci`").null(),
    Field::duration("max_delay", "MaxDelay", "The longest pause").null(),
    Field::bool("unlimited", "Unlimited", "Whether attempts are not counted").null(),
]);

/// How failed tasks are restarted in place.
#[rustfmt::skip]
pub static RESTART: BlockType = BlockType::new("restart", "RestartPolicy", "How failed tasks are restarted on their node", &[
    Field::duration("interval", "Interval", "The time over which attempts are counted").null(),
    Field::int("attempts", "Attempts", Width::Int, "How often in each interval").null(),
    Field::duration("delay", "Delay", "Pause before a restart, plus up to a quarter").null(),
    Field::string("mode", "Mode", "What follows the last attempt: `fail`, or `delay` until the next interval").null(),
    Field::bool("render_templates", "RenderTemplates", "Whether templates are rendered again before a restart").null().default(Default::Bool(false)),
]);

/// What happens when a client loses its servers.
#[rustfmt::skip]
pub static DISCONNECT: BlockType = BlockType::new("disconnect", "Disconnect", "What happens to allocations of a node that lost its servers", &[
    Field::duration("lost_after", "LostAfter", "How long they count as unknown before they are lost").null().default(Default::Int(0)),
    Field::duration("stop_on_client_after", "StopOnClientAfter", "When the node stops them by itself").null(),
    Field::bool("replace", "Replace", "Whether others are started meanwhile").null().default(Default::Bool(true)),
    Field::string("reconcile", "Reconcile", "Which stay when the node is back: `best_score`, `longest_running`, `keep_original` or `keep_replacement`").null().default(Default::Str("best_score")),
]);

/// The limits between which an autoscaler may set a group's count.
#[rustfmt::skip]
pub static SCALING: BlockType = BlockType::new("scaling", "Scaling", "Limits between which an autoscaler may set the count", SCALING_FIELDS);

/// The limits between which an autoscaler may set a task's resource.
pub static TASK_SCALING: BlockType = BlockType::new(
    "scaling",
    "Scaling",
    "Limits between which an autoscaler may set a resource of the task (Nomad Enterprise)",
    SCALING_FIELDS,
)
.labels(&["Type"])
.label_words(&[("cpu", "vertical_cpu"), ("mem", "vertical_mem")]);

#[rustfmt::skip]
const SCALING_FIELDS: &[Field] = &[
    Field::int("min", "Min", Width::Int, "The least").null(),
    Field::int("max", "Max", Width::Int, "The most").null(),
    Field::any("policy", "Policy", "What the autoscaler is told").empty_is_set(),
    Field::bool("enabled", "Enabled", "Whether the autoscaler acts").null().default(Default::Bool(true)),
    Field::string("type", "Type", "What is scaled: `horizontal`, `vertical_cpu` or `vertical_mem`").default(Default::Str("horizontal")).by_parser(),
    Field::string("", "ID", "Identifier of the policy; the server makes it").not_kept(),
    Field::string("", "Namespace", "Namespace of the policy; the job's").not_kept(),
    Field::map("", "Target", MapForm::Block, "What the policy is about"),
    Field::int("", "CreateIndex", Width::U64, "Raft index at which it was made"),
    Field::int("", "ModifyIndex", Width::U64, "Raft index of its last change"),
];
