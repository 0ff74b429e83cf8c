//! What only a cluster decides: never an error here, and never silence.

use super::rules;
use super::{Cx, Out};
use crate::validate::view::Block;

rules! {
    CLUSTER {
        Note NAMESPACE_EXISTS = "P0522", namespace, "whether the namespace exists, and what it allows", "nomad.jobNamespaceConstraintCheckHook";
        Note NODE_POOL_EXISTS = "P0523", node_pool, "whether the node pool exists", "nomad.jobNodePoolValidatingHook";
        Note VAULT_ENABLED = "P0524", vault, "whether the servers know the Vault cluster and the role or policies", "nomad.jobVaultHook";
        Note CONSUL_AVAILABLE = "P0525", consul, "whether a Consul agent runs beside the clients", "nomad.jobImpliedConstraints";
        Note OVERSUBSCRIPTION = "P0526", oversubscription, "whether memory oversubscription is enabled; else memory_max is ignored", "nomad.memoryOversubscriptionValidate";
        Note VOLUME_EXISTS = "P0527", volumes, "whether the volumes that groups ask for exist", "nomad.Job.Plan";
        Note VAULT_NAMESPACE = "P0744", vault_namespace, "whether the servers are Nomad Enterprise, which a namespace of Vault needs", "nomad.jobVaultHook.validateNamespaces (CE)";
        Note CONSUL_NAMESPACE = "P0745", consul_namespace, "whether Consul is Enterprise and knows the namespace and the partition", "nomad.jobConsulHook";
        Note SYSTEM_SCALING = "P0746", system_scaling, "a system job with `scaling` passes validation, but is refused when it is registered", "agent.HTTPServer.jobUpdate";
    }
}

fn namespace(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    let namespace = job.str("Namespace");
    if !matches!(namespace, "" | "default") {
        out.say(
            job.at("Namespace"),
            format!("not checked offline: whether the namespace `{namespace}` exists and allows the job's drivers and network modes"),
        );
    }
}

fn node_pool(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    let pool = job.str("NodePool");
    if !matches!(pool, "" | "default" | "all") {
        out.say(job.at("NodePool"), format!("not checked offline: whether the node pool `{pool}` exists"));
    }
}

fn vault(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    for group in job.blocks("TaskGroups") {
        for task in group.blocks("Tasks") {
            if let Some(vault) = task.block("Vault") {
                let cluster = match vault.str("Cluster") {
                    "" => "default",
                    cluster => cluster,
                };
                out.say(
                    vault.here(),
                    format!("not checked offline: whether the servers are connected to the Vault cluster `{cluster}` and it knows what the task asks for"),
                );
            }
        }
    }
}

fn consul(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    for group in job.blocks("TaskGroups") {
        let tasks = group.blocks("Tasks");
        let of_tasks = tasks.iter().flat_map(|task| task.blocks("Services"));
        let mut services: Vec<_> = group.blocks("Services");
        services.extend(of_tasks);
        let service = services.iter().find(|s| matches!(s.str("Provider"), "" | "consul"));
        if let Some(service) = service {
            let name = group.str("Name");
            out.say(
                service.here(),
                format!("not checked offline: whether nodes with Consul can take group `{name}`, whose services register there"),
            );
        }
    }
}

fn oversubscription(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    for group in job.blocks("TaskGroups") {
        for task in group.blocks("Tasks") {
            if let Some(resources) = task.block("Resources")
                && resources.int("MemoryMaxMB").unwrap_or(0) != 0
            {
                out.say(
                    resources.at("MemoryMaxMB"),
                    "not checked offline: whether the scheduler allows memory oversubscription; without it `memory_max` is ignored",
                );
            }
        }
    }
}

fn volumes(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    for group in job.blocks("TaskGroups") {
        for volume in group.blocks("Volumes") {
            let source = volume.str("Source");
            if !source.is_empty() {
                out.say(
                    volume.at("Source"),
                    format!("not checked offline: whether the volume `{source}` exists"),
                );
            }
        }
    }
}

fn vault_namespace(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    for group in job.blocks("TaskGroups") {
        for task in group.blocks("Tasks") {
            if let Some(vault) = task.block("Vault")
                && let namespace = vault.str("Namespace")
                && !namespace.is_empty()
            {
                out.say(
                    vault.at("Namespace"),
                    format!("not checked offline: whether the servers are Nomad Enterprise; others refuse the Vault namespace `{namespace}`"),
                );
            }
        }
    }
}

fn consul_namespace(_: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    for group in job.blocks("TaskGroups") {
        say_consul_namespace(&group, out);
        group.blocks("Tasks").iter().for_each(|task| say_consul_namespace(task, out));
    }
}

fn say_consul_namespace(block: &Block<'_>, out: &mut Out<'_>) {
    let Some(consul) = block.block("Consul") else { return };
    for (json, what) in [("Namespace", "namespace"), ("Partition", "partition")] {
        let name = consul.str(json);
        if !name.is_empty() {
            out.say(
                consul.at(json),
                format!("not checked offline: whether Consul is Enterprise and has the {what} `{name}`"),
            );
        }
    }
}

fn system_scaling(cx: &Cx<'_>, job: &Block<'_>, out: &mut Out<'_>) {
    if cx.job_type() != "system" {
        return;
    }
    for group in job.blocks("TaskGroups") {
        if let Some(scaling) = group.block("Scaling") {
            out.say(
                scaling.here(),
                "a server validates a system job with `scaling`, but refuses to register it",
            )
            .hint("remove `scaling`: a system job runs one allocation on every node that fits");
        }
    }
}
