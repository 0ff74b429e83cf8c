//! The job itself: identity, type, where it may run.

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::name::is_word;
use crate::validate::view::Block;

/// What `type` may be.
pub const TYPES: [&str; 4] = ["service", "batch", "system", "sysbatch"];
/// The longest description in bytes.
const MAX_DESCRIPTION: usize = 1000;
/// The most allocations of a job, as a server is configured if nobody says otherwise.
const MAX_COUNT: i64 = 50_000;

rules! {
    JOB {
        Error REGION_MISSING = "P0500", region, "a job's region is not empty", "structs.Job.Validate";
        Error ID_MISSING = "P0501", id_missing, "a job has an ID", "structs.Job.Validate";
        Error ID_CHARACTERS = "P0502", id_characters, "a job's ID has no space and no null character", "structs.Job.Validate";
        Error NAME = "P0503", name, "a job's name is not empty and has no null character", "structs.Job.Validate";
        Error TYPE = "P0504", kind, "a job's type is service, batch, system or sysbatch", "structs.Job.Validate";
        Error DATACENTER_EMPTY = "P0505", datacenters, "no datacenter is an empty text", "structs.Job.Validate";
        Error NO_GROUPS = "P0506", no_groups, "a job has at least one group", "structs.Job.Validate";
        Error UI_DESCRIPTION = "P0507", ui_description, "a `ui` description has at most 1000 bytes", "structs.Job.Validate";
        Error TAG_DESCRIPTION = "P0508", tag_description, "a version tag's description has at most 1000 bytes", "structs.Job.Validate";
        Error GROUP_NAMES = "P0509", group_names, "each group of a job has a name of its own", "structs.Job.Validate";
        Error GROUP_SHUTDOWN_DELAY = "P0510", group_shutdown_delay, "a group's shutdown_delay is not negative", "structs.Job.Validate";
        Error SYSTEM_COUNT = "P0511", system_count, "a system job runs one allocation a node, so a count is at most 1", "structs.Job.Validate";
        Error PAYLOAD = "P0512", payload, "a job is not submitted with a payload, only dispatched with one", "nomad.jobValidate.Validate";
        Error PRIORITY = "P0513", priority, "a job's priority is in 1-100", "nomad.jobValidate.Validate";
        Error NODE_POOL_NAME = "P0514", node_pool_name, "a node pool's name has only letters, digits, `-` and `_`, at most 128", "structs.ValidateNodePoolName";
        Error NAMESPACE_NAME = "P0515", namespace_name, "a namespace's name has only letters, digits and `-`, at most 128", "structs.Namespace.Validate";
        Error MULTIREGION = "P0516", multiregion, "`multiregion` needs Nomad Enterprise", "structs.Multiregion.Validate (CE)";
        Error NUMA_ENTERPRISE = "P0517", numa_enterprise, "`numa` other than `none` needs Nomad Enterprise", "nomad.jobNumaHook.Validate (CE)";
        Error SCHEDULE_ENTERPRISE = "P0518", schedule_enterprise, "`schedule` needs Nomad Enterprise", "nomad.jobSchedHook.Validate (CE)";
        Error CONSUL_CLUSTER = "P0519", consul_cluster, "a Consul cluster other than `default` needs Nomad Enterprise", "nomad.jobConsulHook.Validate (CE)";
        Error TOTAL_COUNT = "P0743", total_count, "all groups of a job have at most 50000 allocations, unless the server's job_max_count differs", "nomad.jobValidate.Validate";
        Warning AUTO_PROMOTE_PARTLY = "P0520", auto_promote, "auto_promote works only if every group with canaries has it", "structs.Job.Warnings";
        Warning CRON_DEPRECATED = "P0521", cron_deprecated, "`cron` is deprecated in favour of `crons`", "structs.Job.Warnings";
    }
}

fn region(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    if job.get("Region").as_str() == Some("") && job.is_null("Multiregion") {
        out.say(job.at("Region"), "the job's region is empty")
            .hint("leave `region` out to use the agent's region");
    }
}

fn id_missing(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    if job.str("ID").is_empty() {
        out.say(job.at("ID"), "the job has no ID").hint("write it as the label: `job \"name\" {`");
    }
}

fn id_characters(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    let id = job.str("ID");
    if id.contains(' ') {
        out.say(job.at("ID"), format!("the job ID `{id}` contains a space"))
            .hint(format!("use `{}`", id.replace(' ', "-")));
    } else if id.contains('\0') {
        out.say(job.at("ID"), "the job ID contains a null character");
    }
}

fn name(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    // Without a name a job takes its ID.
    let name = job.get("Name").as_str().unwrap_or_else(|| job.str("ID"));
    if name.is_empty() {
        out.say(job.at("Name"), "the job has no name").hint("leave `name` out to use the job's ID");
    } else if name.contains('\0') {
        out.say(job.at("Name"), "the job's name contains a null character");
    }
}

fn kind(cx: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    let kind = cx.job_type();
    if kind == "core" {
        out.say(job.at("Type"), "the job's type is `core`, which only Nomad itself may use");
    } else if kind.is_empty() {
        out.say(job.at("Type"), "the job's type is empty")
            .hint("leave `type` out for a service, or use one of: service, batch, system, sysbatch");
    } else if !TYPES.contains(&kind) {
        out.say(job.at("Type"), format!("`{kind}` is no type of job"))
            .did_you_mean(kind, TYPES)
            .hint("the types are service, batch, system and sysbatch");
    }
}

fn datacenters(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    for (i, datacenter) in job.strs("Datacenters") {
        if datacenter.is_empty() {
            out.say(job.at_index("Datacenters", i), "a datacenter is an empty text")
                .hint("use `\"*\"` for any datacenter");
        }
    }
}

fn no_groups(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    if !job.has_any("TaskGroups") {
        out.say(job.here(), "the job has no group").hint("add `group \"name\" { … }`");
    }
}

fn ui_description(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    if let Some(ui) = job.block("UI") {
        let len = ui.str("Description").len();
        if len > MAX_DESCRIPTION {
            out.say(ui.at("Description"), format!("the description has {len} bytes, over {MAX_DESCRIPTION}"));
        }
    }
}

fn tag_description(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    if let Some(tag) = job.block("VersionTag") {
        let len = tag.str("Description").len();
        if len > MAX_DESCRIPTION {
            out.say(
                tag.at("Description"),
                format!("the description has {len} bytes, over {MAX_DESCRIPTION}"),
            );
        }
    }
}

fn group_names(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    let groups = job.blocks("TaskGroups");
    for (i, group) in groups.iter().enumerate() {
        let name = group.str("Name");
        if name.is_empty() {
            out.say(group.at("Name"), format!("group {} has no name", i + 1));
        } else if let Some(other) = groups[..i].iter().find(|other| other.str("Name") == name) {
            out.say(group.here(), format!("a second group is named `{name}`"))
                .related(other.here(), "the first");
        }
    }
}

fn group_shutdown_delay(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    for group in job.blocks("TaskGroups") {
        if group.int("ShutdownDelay").is_some_and(|delay| delay < 0) {
            out.say(group.at("ShutdownDelay"), "the group's shutdown_delay is negative");
        }
    }
}

fn system_count(cx: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    if cx.job_type() != "system" {
        return;
    }
    for group in job.blocks("TaskGroups") {
        if let Some(count) = group.int("Count").filter(|count| *count > 1) {
            let name = group.str("Name");
            out.say(group.at("Count"), format!("group `{name}` of a system job has count {count}"))
                .hint("a system job runs one allocation on every node that fits: leave `count` out");
        }
    }
}

fn payload(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    if !job.str("Payload").is_empty() {
        out.say(job.at("Payload"), "the job holds a payload")
            .hint("a payload is given when a parameterized job is dispatched");
    }
}

fn priority(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    // 0 means that the server's default applies.
    if let Some(priority) = job.int("Priority").filter(|p| *p != 0 && !(1..=100).contains(p)) {
        out.say(job.at("Priority"), format!("the priority {priority} is not in 1-100"))
            .hint("a server with a higher `job_max_priority` takes more than 100");
    }
}

fn total_count(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    let counts = job.blocks("TaskGroups");
    let counts = counts.iter().filter_map(|group| group.int("Count"));
    // Go adds with overflow.
    let total = counts.fold(0i64, i64::wrapping_add);
    if total > MAX_COUNT {
        out.say(job.here(), format!("the groups of the job have {total} allocations, over {MAX_COUNT}"))
            .hint("a server with a higher `job_max_count` takes more");
    }
}

fn node_pool_name(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    let pool = job.str("NodePool");
    if !pool.is_empty() && !is_word(pool, "-_") {
        out.say(job.at("NodePool"), format!("no node pool can be named `{pool}`"))
            .hint("a node pool's name has letters, digits, `-` and `_`, at most 128");
    }
}

fn namespace_name(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    let namespace = job.str("Namespace");
    if !namespace.is_empty() && !is_word(namespace, "-") {
        out.say(job.at("Namespace"), format!("no namespace can be named `{namespace}`"))
            .hint("a namespace's name has letters, digits and `-`, at most 128");
    }
}

fn multiregion(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    if let Some(multiregion) = job.block("Multiregion")
        && multiregion.has_any("Regions")
    {
        out.say(multiregion.here(), "`multiregion` needs Nomad Enterprise")
            .hint("the Community Edition refuses the job");
    }
}

fn numa_enterprise(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    // The server stops at the first.
    for group in job.blocks("TaskGroups") {
        for task in group.blocks("Tasks") {
            let Some(resources) = task.block("Resources") else { continue };
            if let Some(numa) = resources.block("NUMA")
                && !matches!(numa.str("Affinity"), "" | "none")
            {
                out.say(numa.at("Affinity"), "NUMA scheduling needs Nomad Enterprise")
                    .hint("the Community Edition refuses the job; use `affinity = \"none\"`");
                return;
            }
        }
    }
}

fn schedule_enterprise(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    for group in job.blocks("TaskGroups") {
        for task in group.blocks("Tasks") {
            if let Some(schedule) = task.block("Schedule")
                && !schedule.is_null("Cron")
            {
                out.say(schedule.here(), "a task's `schedule` needs Nomad Enterprise")
                    .hint("the Community Edition refuses the job; a `periodic` job runs on a schedule too");
                return;
            }
        }
    }
}

fn consul_cluster(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    // The server stops at the first, and looks at partitions on the way.
    for group in job.blocks("TaskGroups") {
        let group_consul = group.block("Consul");
        if let Some(consul) = &group_consul
            && other_cluster(consul, out)
        {
            return;
        }
        if group.blocks("Services").iter().any(|service| other_service_cluster(service, out)) {
            return;
        }
        for task in group.blocks("Tasks") {
            if task.blocks("Services").iter().any(|service| other_service_cluster(service, out)) {
                return;
            }
            let Some(consul) = task.block("Consul") else { continue };
            let here = consul.str("Partition");
            let outer = group_consul.as_ref().map_or("", |consul| consul.str("Partition"));
            if !here.is_empty() && !outer.is_empty() && here != outer {
                out.say(
                    consul.at("Partition"),
                    format!("the task's Consul partition `{here}` is not the group's, `{outer}`"),
                );
                return;
            }
            if other_cluster(&consul, out) {
                return;
            }
        }
    }
}

fn other_service_cluster(service: &Block<'_>, out: &mut Out<'_>) -> bool {
    matches!(service.str("Provider"), "" | "consul") && other_cluster(service, out)
}

fn other_cluster(block: &Block<'_>, out: &mut Out<'_>) -> bool {
    let cluster = block.str("Cluster");
    let other = !matches!(cluster, "" | "default");
    if other {
        out.say(block.at("Cluster"), format!("the Consul cluster `{cluster}` needs Nomad Enterprise"))
            .hint("the Community Edition knows only the cluster `default`");
    }
    other
}

fn auto_promote(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    let groups = job.blocks("TaskGroups");
    let updates: Vec<_> = groups.iter().filter_map(|group| group.block("Update")).collect();
    let promoted = updates.iter().any(|update| update.bool("AutoPromote"));
    let by_hand =
        updates.iter().find(|update| update.int("Canary").unwrap_or(0) != 0 && !update.bool("AutoPromote"));
    if let (true, Some(update)) = (promoted, by_hand) {
        out.say(update.here(), "this group's canaries wait for a promotion by hand, others' do not")
            .hint("set `auto_promote = true` in every group with canaries, or in none");
    }
}

fn cron_deprecated(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    if let Some(periodic) = job.block("Periodic") {
        let spec = periodic.str("Spec");
        if !spec.is_empty() {
            out.say(periodic.at("Spec"), "`cron` is deprecated and may go in a later release")
                .hint(format!("use `crons = [\"{spec}\"]`"));
        }
    }
}
