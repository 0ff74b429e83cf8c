//! The way through a job: which rules run on which block.

use super::volume::is_known;
use super::{
    Cx, artifact, check as checks, cluster, connect, constraint, csi, gateway, group, identity, job,
    lifetime, network, periodic, resources, restart, secret, service, task, template, update, volume,
};
use crate::validate::report::Report;
use crate::validate::view::Block;

/// Runs every rule on the blocks that it is for.
pub fn check(block: &Block<'_>, report: &mut Report) {
    let cx = Cx { job: block, group: None, task: None, service: None };
    report.run(connect::MESH_JOB, &cx, block);
    report.run(connect::EXPOSE_JOB, &cx, block);
    report.run(job::JOB, &cx, block);
    report.run(cluster::CLUSTER, &cx, block);
    placement(&cx, block, report);
    if let Some(periodic) = block.block("Periodic")
        && periodic.get("Enabled").value != crate::jobspec::tree::Value::Bool(false)
    {
        report.run(periodic::PERIODIC, &cx, &periodic);
    }
    // A server does not take over `Dispatched` from whoever submits the job.
    if let Some(parameterized) = block.block("ParameterizedJob") {
        report.run(periodic::PARAMETERIZED, &cx, &parameterized);
    }
    for group in block.blocks("TaskGroups") {
        in_group(&Cx { group: Some(&group), ..cx }, &group, report);
    }
}

/// Constraints, affinities and spreads of a job, group or task.
fn placement(cx: &Cx<'_>, block: &Block<'_>, report: &mut Report) {
    for each in block.blocks("Constraints") {
        report.run(constraint::CONSTRAINT, cx, &each);
        if cx.task.is_some() {
            report.run(constraint::TASK_CONSTRAINT, cx, &each);
        }
    }
    if cx.job_type() == "system" {
        report.run(constraint::SYSTEM_AFFINITY, cx, block);
        report.run(constraint::SYSTEM_SPREAD, cx, block);
        return;
    }
    for each in block.blocks("Affinities") {
        report.run(constraint::AFFINITY, cx, &each);
    }
    for each in block.blocks("Spreads") {
        report.run(constraint::SPREAD, cx, &each);
    }
}

fn in_group(cx: &Cx<'_>, block: &Block<'_>, report: &mut Report) {
    report.run(group::GROUP, cx, block);
    placement(cx, block, report);
    let single = [
        ("Disconnect", restart::DISCONNECT),
        ("RestartPolicy", restart::RESTART),
        ("ReschedulePolicy", restart::RESCHEDULE),
        ("EphemeralDisk", group::DISK),
        ("Update", update::UPDATE),
        ("Migrate", update::MIGRATE),
        ("Scaling", group::SCALING),
    ];
    for (json, rules) in single {
        if let Some(nested) = block.block(json) {
            report.run(rules, cx, &nested);
        }
    }
    for each in block.blocks("Volumes") {
        let rules = if is_known(&each) { volume::VOLUME } else { volume::UNKNOWN_VOLUME };
        report.run(rules, cx, &each);
    }
    report.run(network::NETWORKS, cx, block);
    for each in block.blocks("Networks") {
        report.run(network::NETWORK, cx, &each);
    }
    report.run(service::GROUP_SERVICES, cx, block);
    for each in block.blocks("Services") {
        group_service(cx, &each, report);
    }
    for each in block.blocks("Tasks") {
        in_task(&Cx { task: Some(&each), ..*cx }, &each, report);
    }
}

fn group_service(cx: &Cx<'_>, block: &Block<'_>, report: &mut Report) {
    let cx = Cx { service: Some(block), ..*cx };
    // What is wrong with the service itself hides what is wrong with its place in the group.
    if !service_is_wrong(&cx, block, report) {
        report.run(service::GROUP_SERVICE, &cx, block);
        for each in block.blocks("Checks") {
            report.run(checks::GROUP_CHECK, &cx, &each);
        }
    }
    for each in block.blocks("Checks") {
        report.run(checks::SCRIPT_CHECK, &cx, &each);
    }
}

/// Runs the rules of a service; whether the server refuses it.
fn service_is_wrong(cx: &Cx<'_>, block: &Block<'_>, report: &mut Report) -> bool {
    let before = report.errors();
    report.run(service::SERVICE, cx, block);
    if matches!(block.str("Provider"), "" | "consul" | "nomad") {
        for each in block.blocks("Checks") {
            report.run_first(checks::CHECK, cx, &each);
        }
        report.run(service::AFTER_CHECKS, cx, block);
        if let Some(connect) = block.block("Connect")
            && service::is_consul(block)
        {
            if !report.run_first(connect::CONNECT, cx, &connect)
                && let Some(gateway) = connect.block("Gateway")
            {
                report.run_first(gateway::GATEWAY, cx, &gateway);
            }
            report.run(connect::NATIVE, cx, block);
        }
    }
    report.run(service::SERVICE_END, cx, block);
    let after = report.errors();
    if let Some(identity) = block.block("Identity") {
        report.run(identity::IDENTITY_WARNINGS, cx, &identity);
    }
    after > before
}

fn in_device(cx: &Cx<'_>, device: &Block<'_>, report: &mut Report) {
    report.run(resources::DEVICE, cx, device);
    for each in device.blocks("Constraints") {
        if !report.run_first(constraint::DEVICE_CONSTRAINT, cx, &each) {
            report.run(constraint::CONSTRAINT, cx, &each);
        }
    }
    for each in device.blocks("Affinities") {
        report.run(constraint::AFFINITY, cx, &each);
    }
}

fn in_task(cx: &Cx<'_>, block: &Block<'_>, report: &mut Report) {
    report.run(task::TASK, cx, block);
    placement(cx, block, report);
    report.run(lifetime::LIFETIME, cx, block);
    if let Some(nested) = block.block("Resources") {
        report.run(resources::RESOURCES, cx, &nested);
        report.run(resources::OLD_RESOURCES, cx, &nested);
        for device in nested.blocks("Devices") {
            in_device(cx, &device, report);
        }
    }
    report.run(identity::IDENTITIES, cx, block);
    for each in block.blocks("Identity") {
        report.run(identity::IDENTITY, cx, &each);
    }
    for each in block.blocks("Identities") {
        report.run(identity::IDENTITY, cx, &each);
        report.run(identity::IDENTITY_WARNINGS, cx, &each);
    }
    for each in block.blocks("Services") {
        let cx = Cx { service: Some(&each), ..*cx };
        service_is_wrong(&cx, &each, report);
        report.run(service::TASK_SERVICE, &cx, &each);
    }
    report.run(service::TASK_SERVICES, cx, block);
    report.run(template::TEMPLATES, cx, block);
    report.run(secret::ACTIONS, cx, block);
    report.run(secret::SECRETS, cx, block);
    let lists = [
        ("LogConfig", resources::LOGS),
        ("VolumeMounts", volume::MOUNT),
        ("Artifacts", artifact::ARTIFACT),
        ("Templates", template::TEMPLATE),
        ("Actions", secret::ACTION),
        ("Secrets", secret::SECRET),
        ("Vault", identity::VAULT),
        ("CSIPluginConfig", csi::CSI_PLUGIN),
    ];
    for (json, rules) in lists {
        for each in block.blocks(json) {
            report.run(rules, cx, &each);
        }
    }
}
