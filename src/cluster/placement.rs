//! Why allocations find no place, in words.

use super::model::PlacementFailure;

/// The reasons, one sentence each, the most telling first.
///
/// They follow what the scheduler counts: nodes that a constraint ruled out, nodes without room,
/// datacenters and pools without nodes.
pub fn reasons(failure: &PlacementFailure) -> Vec<String> {
    let mut reasons = Vec::new();
    if failure.nodes_evaluated == 0 {
        let empty: Vec<_> = failure.nodes_available.iter().filter(|(_, count)| **count == 0).collect();
        if failure.nodes_in_pool == 0 && !failure.node_pool.is_empty() {
            reasons.push(format!("there is no node in the node pool `{}`", failure.node_pool));
        } else if !empty.is_empty() && empty.len() == failure.nodes_available.len() {
            let names: Vec<_> = empty.iter().map(|(name, _)| format!("`{name}`")).collect();
            let noun = if names.len() == 1 { "the datacenter" } else { "the datacenters" };
            reasons.push(format!("there is no ready node in {noun} {}", names.join(", ")));
        } else {
            reasons.push("no ready node is eligible".to_owned());
        }
    }
    for (constraint, count) in &failure.constraint_filtered {
        reasons.push(format!("{} ruled out by the constraint `{constraint}`", nodes(*count)));
    }
    for (class, count) in &failure.class_filtered {
        reasons.push(format!("{} of class `{class}` ruled out by a constraint", nodes(*count)));
    }
    for (dimension, count) in &failure.dimension_exhausted {
        reasons.push(format!("{} without enough {}", nodes(*count), dimension_words(dimension)));
    }
    for (class, count) in &failure.class_exhausted {
        reasons.push(format!("{} of class `{class}` without room", nodes(*count)));
    }
    for quota in &failure.quota_exhausted {
        reasons.push(format!("the quota is used up: {quota}"));
    }
    if reasons.is_empty() {
        if failure.nodes_exhausted > 0 {
            reasons.push(format!("{} without room", nodes(failure.nodes_exhausted)));
        } else if failure.nodes_filtered > 0 {
            reasons.push(format!("{} ruled out", nodes(failure.nodes_filtered)));
        } else {
            reasons.push("the scheduler gives no reason".to_owned());
        }
    }
    reasons
}

fn nodes(count: u64) -> String {
    if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") }
}

fn dimension_words(dimension: &str) -> String {
    match dimension {
        "cpu" => "CPU".to_owned(),
        "memory" | "disk" | "cores" | "devices" | "bandwidth" => dimension.to_owned(),
        other => match other.strip_prefix("network: ") {
            Some(rest) => format!("network ({rest})"),
            None => format!("`{other}`"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(json: &str) -> Vec<String> {
        reasons(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn what_is_missing_is_named() {
        let memory = r#"{"NodesEvaluated": 1, "NodesExhausted": 1, "DimensionExhausted": {"memory": 1}, "ClassFiltered": null}"#;
        assert_eq!(words(memory), ["1 node without enough memory"]);
        let nowhere =
            r#"{"NodesEvaluated": 0, "NodesInPool": 3, "NodePool": "default", "NodesAvailable": {"dc9": 0}}"#;
        assert_eq!(words(nowhere), ["there is no ready node in the datacenter `dc9`"]);
        let constraint = r#"{"NodesEvaluated": 2, "NodesFiltered": 2, "ConstraintFiltered": {"${attr.kernel.name} = windows": 2}}"#;
        assert_eq!(
            words(constraint),
            ["2 nodes ruled out by the constraint `${attr.kernel.name} = windows`"]
        );
    }
}
