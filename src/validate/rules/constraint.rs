//! Where allocations may and should run.

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::go_regex;
use crate::validate::formats::version::{self, Form};
use crate::validate::view::Block;

const COMPARISONS: [&str; 9] = ["=", "==", "is", "!=", "not", "<", "<=", ">", ">="];
const SETS: [&str; 3] = ["set_contains", "set_contains_all", "set_contains_any"];
const OPERATORS: [&str; 19] = [
    "=",
    "==",
    "is",
    "!=",
    "not",
    "<",
    "<=",
    ">",
    ">=",
    "set_contains",
    "set_contains_all",
    "set_contains_any",
    "regexp",
    "version",
    "semver",
    "distinct_hosts",
    "distinct_property",
    "is_set",
    "is_not_set",
];
const EXACT: [&str; 5] =
    ["${node.unique.id}", "${node.datacenter}", "${node.unique.name}", "${node.class}", "${node.pool}"];
const PREFIXES: [&str; 3] = ["${attr.", "${device.", "${meta."];

rules! {
    CONSTRAINT {
        Error OPERATOR = "P0587", operator, "a constraint's operator is one that Nomad knows", "structs.Constraint.Validate";
        Error VALUE_MISSING = "P0588", value_missing, "a comparison or set has a value to compare with", "structs.Constraint.Validate";
        Error REGEXP = "P0589", regexp, "the value of regexp is a regular expression of Go", "structs.Constraint.Validate";
        Error VERSION = "P0590", versions, "the value of version is a version constraint", "structs.Constraint.Validate";
        Error SEMVER = "P0591", semvers, "the value of semver is a semantic version constraint", "structs.Constraint.Validate";
        Error DISTINCT_COUNT = "P0592", distinct_count, "the value of distinct_property is a count of at least 1", "structs.Constraint.Validate";
        Error IS_SET_VALUE = "P0593", is_set, "is_set and is_not_set have no value", "structs.Constraint.Validate";
        Error ATTRIBUTE_MISSING = "P0594", attribute_missing, "a constraint names an attribute", "structs.Constraint.Validate";
        Error ATTRIBUTE_UNKNOWN = "P0595", attribute_unknown, "a constraint's attribute is of a node, its attr, meta or device", "structs.validateConstraintAttribute";
    }
    TASK_CONSTRAINT {
        Error DISTINCT_IN_TASK = "P0596", distinct_in_task, "distinct_hosts and distinct_property stand in a job or group", "structs.Task.Validate";
    }
    DEVICE_CONSTRAINT {
        Error DISTINCT_IN_DEVICE = "P0597", distinct_in_device, "distinct_hosts and distinct_property do not stand in a device", "structs.RequestedDevice.Validate";
    }
    AFFINITY {
        Error AFFINITY_OPERATOR = "P0598", affinity_operator, "an affinity's operator is one that Nomad knows", "structs.Affinity.Validate";
        Error AFFINITY_VALUE = "P0599", value_missing, "an affinity has a value to compare with", "structs.Affinity.Validate";
        Error AFFINITY_REGEXP = "P0600", regexp, "the value of an affinity's regexp is a regular expression of Go", "structs.Affinity.Validate";
        Error AFFINITY_VERSION = "P0601", affinity_versions, "the value of an affinity's version or semver is a version constraint", "structs.Affinity.Validate";
        Error AFFINITY_ATTRIBUTE = "P0602", affinity_attribute, "an affinity names an attribute", "structs.Affinity.Validate";
        Error AFFINITY_WEIGHT = "P0603", weight, "an affinity's weight is from -100 to 100 and not 0", "structs.Affinity.Validate";
    }
    SYSTEM_AFFINITY {
        Error AFFINITY_IN_SYSTEM = "P0604", affinity_in_system, "a system job has no affinity", "structs.Job.Validate";
    }
    SPREAD {
        Error SPREAD_ATTRIBUTE = "P0605", spread_attribute, "a spread names an attribute", "structs.Spread.Validate";
        Error SPREAD_WEIGHT = "P0606", spread_weight, "a spread's weight is from 1 to 100", "structs.Spread.Validate";
        Error SPREAD_TARGET_TWICE = "P0607", target_twice, "each target of a spread has a value of its own", "structs.Spread.Validate";
        Error SPREAD_PERCENT = "P0608", percent, "the percentages of a spread are at most 100 in all", "structs.Spread.Validate";
    }
    SYSTEM_SPREAD {
        Error SPREAD_IN_SYSTEM = "P0609", spread_in_system, "a system job has no spread", "structs.Job.Validate";
    }
}

fn operand<'a>(block: &Block<'a>) -> &'a str {
    block.str("Operand")
}

fn operator(_: &Cx<'_>, constraint: &Block<'_>, out: &mut Out<'_>) {
    let operand = operand(constraint);
    if operand.is_empty() {
        // The server says twice that nothing is no operator.
        out.say(constraint.at("Operand"), "the constraint has no operator");
        out.say(constraint.at("Operand"), "an empty text is no operator")
            .hint(format!("use one of: {}", OPERATORS.join(", ")));
    } else if !OPERATORS.contains(&operand) {
        out.say(constraint.at("Operand"), format!("`{operand}` is no operator of a constraint"))
            .did_you_mean(operand, OPERATORS)
            .hint(format!("use one of: {}", OPERATORS.join(", ")));
    }
}

fn value_missing(_: &Cx<'_>, constraint: &Block<'_>, out: &mut Out<'_>) {
    let operand = operand(constraint);
    if constraint.str("RTarget").is_empty() && (COMPARISONS.contains(&operand) || SETS.contains(&operand)) {
        out.say(constraint.at("RTarget"), format!("the operator `{operand}` has no value to compare with"))
            .hint("set `value`");
    }
}

fn regexp(_: &Cx<'_>, constraint: &Block<'_>, out: &mut Out<'_>) {
    let pattern = constraint.str("RTarget");
    if operand(constraint) == "regexp"
        && let Err(why) = go_regex::check(pattern)
    {
        out.say(
            constraint.at("RTarget"),
            format!("the regular expression `{pattern}` does not compile: {why}"),
        );
    }
}

fn bad_version(constraint: &Block<'_>, form: Form, out: &mut Out<'_>) {
    let value = constraint.str("RTarget");
    if let Some(part) = version::first_bad(value, form) {
        let finding = out.say(
            constraint.at("RTarget"),
            format!(
                "`{}` is no {} constraint",
                part.trim(),
                if form == Form::Loose { "version" } else { "semver" }
            ),
        );
        if form == Form::Strict && part.contains("~>") {
            finding.hint("`semver` knows no `~>`: write `>= 1.2.0, < 2.0.0`, or use the operator `version`");
        } else {
            finding.hint("such a constraint is `>= 1.2.0, < 2.0.0`");
        }
    }
}

fn versions(_: &Cx<'_>, constraint: &Block<'_>, out: &mut Out<'_>) {
    if operand(constraint) == "version" {
        bad_version(constraint, Form::Loose, out);
    }
}

fn semvers(_: &Cx<'_>, constraint: &Block<'_>, out: &mut Out<'_>) {
    if operand(constraint) == "semver" {
        bad_version(constraint, Form::Strict, out);
    }
}

fn affinity_versions(cx: &Cx<'_>, affinity: &Block<'_>, out: &mut Out<'_>) {
    versions(cx, affinity, out);
    semvers(cx, affinity, out);
}

fn distinct_count(_: &Cx<'_>, constraint: &Block<'_>, out: &mut Out<'_>) {
    let count = constraint.str("RTarget");
    if operand(constraint) != "distinct_property" || count.is_empty() {
        return;
    }
    let plain = count.bytes().all(|b| b.is_ascii_digit());
    if !plain || !count.parse::<u64>().is_ok_and(|count| count >= 1) {
        out.say(constraint.at("RTarget"), format!("`{count}` is no count of at least 1"))
            .hint("the value of distinct_property says how many allocations may share the property");
    }
}

fn is_set(_: &Cx<'_>, constraint: &Block<'_>, out: &mut Out<'_>) {
    let operand = operand(constraint);
    if matches!(operand, "is_set" | "is_not_set") && !constraint.str("RTarget").is_empty() {
        out.say(constraint.at("RTarget"), format!("the operator `{operand}` takes no value"))
            .hint("remove `value`");
    }
}

fn attribute_missing(_: &Cx<'_>, constraint: &Block<'_>, out: &mut Out<'_>) {
    if operand(constraint) != "distinct_hosts" && constraint.str("LTarget").is_empty() {
        out.say(constraint.here(), "the constraint names no attribute")
            .hint("set `attribute`, such as \"${attr.kernel.name}\"");
    }
}

fn attribute_unknown(_: &Cx<'_>, constraint: &Block<'_>, out: &mut Out<'_>) {
    let target = constraint.str("LTarget");
    if operand(constraint) == "distinct_hosts" || !target.starts_with('$') {
        return;
    }
    let site = constraint.at("LTarget");
    if !target.starts_with("${") {
        out.say(site, format!("the attribute `{target}` has no opening brace"))
            .hint("a reference is written \"${attr.kernel.name}\"");
    } else if !target.ends_with('}') {
        out.say(site, format!("the attribute `{target}` has no closing brace"));
    } else if !EXACT.contains(&target) && !PREFIXES.iter().any(|prefix| target.starts_with(prefix)) {
        out.say(site, format!("`{target}` is no attribute that a constraint can use"))
            .did_you_mean(target, EXACT)
            .hint("use ${node.…}, ${attr.…}, ${meta.…} or ${device.…}");
    }
}

fn distinct(constraint: &Block<'_>) -> bool {
    matches!(operand(constraint), "distinct_hosts" | "distinct_property")
}

fn distinct_in_task(_: &Cx<'_>, constraint: &Block<'_>, out: &mut Out<'_>) {
    if distinct(constraint) {
        out.say(constraint.here(), format!("`{}` cannot stand in a task", operand(constraint)))
            .hint("move it to the group or the job");
    }
}

fn distinct_in_device(_: &Cx<'_>, constraint: &Block<'_>, out: &mut Out<'_>) {
    if distinct(constraint) {
        out.say(constraint.here(), format!("`{}` cannot stand in a device", operand(constraint)))
            .hint("move it to the group or the job");
    }
}

fn affinity_operator(_: &Cx<'_>, affinity: &Block<'_>, out: &mut Out<'_>) {
    const NOT_FOR_AFFINITIES: [&str; 4] = ["distinct_hosts", "distinct_property", "is_set", "is_not_set"];
    let operand = operand(affinity);
    let known: Vec<&str> =
        OPERATORS.into_iter().filter(|known| !NOT_FOR_AFFINITIES.contains(known)).collect();
    if operand.is_empty() {
        out.say(affinity.at("Operand"), "the affinity has no operator");
        out.say(affinity.at("Operand"), "an empty text is no operator")
            .hint(format!("use one of: {}", known.join(", ")));
    } else if !known.contains(&operand) {
        out.say(affinity.at("Operand"), format!("`{operand}` is no operator of an affinity"))
            .did_you_mean(operand, known.iter().copied())
            .hint(format!("use one of: {}", known.join(", ")));
    }
}

fn affinity_attribute(_: &Cx<'_>, affinity: &Block<'_>, out: &mut Out<'_>) {
    if affinity.str("LTarget").is_empty() {
        out.say(affinity.here(), "the affinity names no attribute")
            .hint("set `attribute`, such as \"${node.datacenter}\"");
    }
}

fn weight(_: &Cx<'_>, affinity: &Block<'_>, out: &mut Out<'_>) {
    // An unset weight is 50.
    if let Some(weight) = affinity.int("Weight").filter(|w| *w == 0 || !(-100..=100).contains(w)) {
        out.say(affinity.at("Weight"), format!("the weight {weight} is not from -100 to 100, without 0"));
    }
}

fn affinity_in_system(cx: &Cx<'_>, block: &Block<'_>, out: &mut Out<'_>) {
    if cx.job_type() == "system" && block.has_any("Affinities") {
        let first = block.blocks("Affinities").first().map_or_else(|| block.here(), Block::here);
        out.say(first, "a system job has no affinity: it runs on every node that fits")
            .hint("use a `constraint`, or another type of job");
    }
}

fn spread_attribute(_: &Cx<'_>, spread: &Block<'_>, out: &mut Out<'_>) {
    if spread.str("Attribute").is_empty() {
        out.say(spread.here(), "the spread names no attribute")
            .hint("set `attribute`, such as \"${node.datacenter}\"");
    }
}

fn spread_weight(_: &Cx<'_>, spread: &Block<'_>, out: &mut Out<'_>) {
    if let Some(weight) = spread.int("Weight").filter(|weight| !(1..=100).contains(weight)) {
        out.say(spread.at("Weight"), format!("the weight {weight} is not from 1 to 100"));
    }
}

fn target_twice(_: &Cx<'_>, spread: &Block<'_>, out: &mut Out<'_>) {
    let targets = spread.blocks("SpreadTarget");
    for (i, target) in targets.iter().enumerate() {
        let value = target.str("Value");
        if let Some(other) = targets[..i].iter().find(|other| other.str("Value") == value) {
            out.say(target.here(), format!("the spread has a second target `{value}`"))
                .related(other.here(), "the first");
        }
    }
}

fn percent(_: &Cx<'_>, spread: &Block<'_>, out: &mut Out<'_>) {
    let mut sum = 0i64;
    for target in spread.blocks("SpreadTarget") {
        let percent = target.int("Percent").unwrap_or(0);
        sum = sum.saturating_add(percent);
        if !(0..=100).contains(&percent) {
            out.say(target.at("Percent"), format!("{percent} is no percentage"));
        }
    }
    if sum > 100 {
        out.say(spread.here(), format!("the targets of the spread make {sum} percent, over 100"));
    }
}

fn spread_in_system(cx: &Cx<'_>, block: &Block<'_>, out: &mut Out<'_>) {
    if cx.job_type() == "system" && block.has_any("Spreads") {
        let first = block.blocks("Spreads").first().map_or_else(|| block.here(), Block::here);
        out.say(first, "a system job has no spread: it runs on every node that fits");
    }
}
