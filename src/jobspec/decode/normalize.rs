//! What Nomad's parser does with a job once it is decoded (jobspec2, `normalizeJob`).

use super::{Decoder, SCALING};
use crate::jobspec::blocks::{GROUP, RESERVED_PORT, TASK, TASK_SCALING};
use crate::jobspec::syntax::Span;
use crate::jobspec::tree::{Node, Object, Value};

/// Blocks that a group or job hands down to the tasks inside, by their HCL names.
pub(super) type Handed = Vec<(&'static str, Object)>;

/// A nested block that is complete: what its kind needs beyond its declaration.
pub(super) fn inside(decoder: &Decoder<'_>, object: &mut Object, handed: Handed) {
    if std::ptr::eq(object.ty, &raw const GROUP) {
        group(decoder, object, handed);
    } else if std::ptr::eq(object.ty, &raw const TASK) {
        task(decoder, object);
    }
}

/// The whole job.
///
/// `label` is that of its block: its ID and its name where they are not written.
pub(super) fn job(decoder: &Decoder<'_>, root: &mut Object, label: Node, handed: Handed) {
    for json in ["ID", "Name"] {
        if let Some(node) = root.get_mut(json).filter(|node| node.is_null()) {
            *node = label.clone();
        }
    }
    if let Some(periodic) = root.block_mut("Periodic")
        && (!periodic.get("Spec").is_null() || !periodic.get("Specs").is_null())
    {
        periodic.set("SpecType", "cron".into());
    }
    let mut vault = None;
    let (mut secrets, mut alone) = (Vec::new(), Vec::new());
    for (name, mut object) in handed {
        match name {
            "vault" => vault = Some(object),
            "secret" => secrets.push(object),
            _ => {
                inside(decoder, &mut object, Vec::new());
                alone.push(object);
            }
        }
    }
    if !alone.is_empty() {
        let groups = alone.into_iter().map(|task| {
            let mut group = Object::new(&GROUP);
            group.span = task.span;
            if let Some(name) = group.get_mut("Name") {
                *name = task.get("Name").clone();
            }
            group.set("Tasks", Value::List(vec![node(task)]));
            node(group)
        });
        let mut groups: Vec<Node> = groups.collect();
        if let Some(slot) = root.get_mut("TaskGroups") {
            if let Value::List(others) = std::mem::take(&mut slot.value) {
                groups.extend(others);
            }
            slot.value = Value::List(groups);
        }
    }
    if vault.is_none() && secrets.is_empty() {
        return;
    }
    for group in root.blocks_mut("TaskGroups") {
        for task in group.blocks_mut("Tasks") {
            hand_vault(task, vault.as_ref());
            append_secrets(task, &secrets);
        }
    }
}

fn node(object: Object) -> Node {
    let span = object.span;
    Node { value: Value::Object(Box::new(object)), span }
}

fn hand_vault(task: &mut Object, vault: Option<&Object>) {
    if let Some(vault) = vault
        && task.get("Vault").is_null()
        && let Some(slot) = task.get_mut("Vault")
    {
        *slot = node(vault.clone());
    }
}

fn append_secrets(task: &mut Object, secrets: &[Object]) {
    if secrets.is_empty() {
        return;
    }
    let added = secrets.iter().cloned().map(node);
    if let Some(slot) = task.get_mut("Secrets") {
        match &mut slot.value {
            Value::List(own) => own.extend(added),
            value => *value = Value::List(added.collect()),
        }
    }
}

fn group(decoder: &Decoder<'_>, group: &mut Object, handed: Handed) {
    group.blocks_mut("Networks").for_each(ports);
    let (mut vault, mut secrets) = (None, Vec::new());
    for (name, object) in handed {
        match name {
            "vault" => vault = Some(object),
            _ => secrets.push(object),
        }
    }
    for task in group.blocks_mut("Tasks") {
        hand_vault(task, vault.as_ref());
        if secrets.is_empty() {
            continue;
        }
        // Nomad's parser appends a task's own secrets to themselves here, and not the group's.
        let own: Vec<Object> = task.blocks("Secrets").cloned().collect();
        if own.is_empty() {
            append_secrets(task, &secrets);
        } else {
            append_secrets(task, &own);
        }
    }
    let Some(scaling) = group.block("Scaling") else { return };
    let kind = scaling.get("Type");
    if kind.as_str().is_some_and(|kind| !matches!(kind, "" | "horizontal")) {
        let span = kind.span.or(scaling.span).unwrap_or_default();
        decoder.evaluator.report(
            decoder
                .evaluator
                .error(
                    &SCALING,
                    span,
                    format!("Invalid group scaling type: `{}`", kind.as_str().unwrap_or_default()),
                )
                .hint("the scaling of a group is `horizontal`"),
        );
    }
    if scaling.get("Max").span.is_none() {
        // What is missing is missed at the brace that opens the block.
        let header = scaling.span.unwrap_or_default();
        let rest = decoder.evaluator.source.text().get(header.end as usize..).unwrap_or_default();
        let open = header.end + rest.find('{').unwrap_or(0) as u32;
        decoder.evaluator.report(
            decoder
                .evaluator
                .error(
                    &super::MISSING,
                    Span { start: open, end: open + 1 },
                    "Missing required argument: the argument `max` is required, but no definition was found",
                )
                .hint("set the highest count: `max = 10`"),
        );
    }
}

fn task(decoder: &Decoder<'_>, task: &mut Object) {
    if let Some(resources) = task.block_mut("Resources") {
        resources.blocks_mut("Networks").for_each(ports);
    }
    // The identity without a name is the task's own.
    if let Some(Value::List(identities)) = task.get_mut("Identities").map(|node| &mut node.value)
        && let Some(i) = identities.iter().position(|node| {
            node.as_object().is_some_and(|identity| matches!(identity.str("Name"), "" | "default"))
        })
    {
        let own = identities.remove(i);
        if let Some(slot) = task.get_mut("Identity") {
            *slot = own;
        }
    }
    let mut seen: Vec<&str> = Vec::new();
    for policy in task.blocks("ScalingPolicies") {
        let kind = policy.str("Type");
        let span = policy.get("Type").span.or(policy.span).unwrap_or_default();
        if TASK_SCALING.label_words.iter().all(|(_, value)| *value != kind) {
            decoder.evaluator.report(
                decoder
                    .evaluator
                    .error(&SCALING, span, format!("Invalid scaling policy name: `{kind}`"))
                    .hint("the scaling of a task is `cpu` or `mem`"),
            );
        } else if seen.contains(&kind) {
            decoder.evaluator.report(decoder.evaluator.error(
                &super::DUPLICATE_BLOCK,
                span,
                format!("Duplicate scaling block: only one for `{kind}` is allowed"),
            ));
        }
        seen.push(kind);
    }
}

/// A port with a number of its own is a reserved one.
fn ports(network: &mut Object) {
    let Some(slot) = network.get_mut("DynamicPorts") else { return };
    let Value::List(ports) = std::mem::take(&mut slot.value) else { return };
    let fixed =
        |port: &Node| port.as_object().is_some_and(|port| port.int("Value").is_some_and(|value| value > 0));
    let (mut reserved, dynamic): (Vec<_>, Vec<_>) = ports.into_iter().partition(fixed);
    for port in &mut reserved {
        if let Value::Object(port) = &mut port.value {
            port.ty = &RESERVED_PORT;
        }
    }
    let list = |ports: Vec<Node>| if ports.is_empty() { Value::Null } else { Value::List(ports) };
    slot.value = list(dynamic);
    network.set("ReservedPorts", list(reserved));
}
