//! What drivers demand of single values, beyond their types.

use super::{Entry, driver, values};
use crate::jobspec::tree::Value;
use crate::validate::report::Out;
use crate::validate::rules::Cx;
use crate::validate::view::Block;

const DRIVE_INTERFACES: [&str; 8] = ["ide", "scsi", "sd", "mtd", "floppy", "pflash", "virtio", "none"];

/// The conditions of every driver.
pub fn check(cx: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    let Some(driver) = driver(task) else { return };
    let config = Entry::root(task);
    match driver.name {
        "docker" => {
            published_ports(cx, &config, out);
            mounts(&config, out);
            ulimits(&config, out);
            cpu_period(&config, out);
            duration(&config, "image_pull_timeout", out);
            values::docker(&config, out);
        }
        "podman" => {
            published_ports(cx, &config, out);
            ulimits(&config, out);
            cpu_period(&config, out);
            duration(&config, "image_pull_timeout", out);
            values::podman(&config, out);
        }
        "exec" => {
            one_of(&config, "pid_mode", &["private", "host"], out);
            one_of(&config, "ipc_mode", &["private", "host"], out);
            absolute(&config, "work_dir", out);
        }
        "raw_exec" => raw_exec(&config, out),
        "java" => {
            java(&config, out);
            one_of(&config, "pid_mode", &["private", "host"], out);
            one_of(&config, "ipc_mode", &["private", "host"], out);
            absolute(&config, "work_dir", out);
        }
        "qemu" => {
            one_of(&config, "drive_interface", &DRIVE_INTERFACES, out);
            machine_memory(task, out);
        }
        _ => {}
    }
}

/// The text of a key, if it is one and no reference hides what it will be.
pub(super) fn fixed<'a>(config: &Entry<'a>, key: &str) -> Option<(&'a str, Entry<'a>)> {
    let entry = config.get(key)?;
    let text = entry.node.as_str().filter(|text| !text.is_empty() && !text.contains("${"))?;
    Some((text, entry))
}

pub(super) fn one_of(config: &Entry<'_>, key: &str, words: &[&str], out: &mut Out<'_>) {
    if let Some((text, entry)) = fixed(config, key)
        && !words.contains(&text)
    {
        out.say(entry.site(), format!("`{key}` cannot be `{text}`"))
            .did_you_mean(text, words.iter().copied())
            .hint(format!("use one of: {}", words.join(", ")));
    }
}

fn absolute(config: &Entry<'_>, key: &str, out: &mut Out<'_>) {
    if let Some((text, entry)) = fixed(config, key)
        && !text.starts_with('/')
        && !text.get(1..3).is_some_and(|rest| rest == ":\\" || rest == ":/")
    {
        out.say(entry.site(), format!("`{key}` is a relative path, `{text}`")).hint("use an absolute path");
    }
}

fn duration(config: &Entry<'_>, key: &str, out: &mut Out<'_>) {
    if let Some((text, entry)) = fixed(config, key)
        && crate::jobspec::duration::parse(text).is_none()
    {
        out.say(entry.site(), format!("`{text}` is no duration")).hint("write it like \"5m\"");
    }
}

fn published_ports(cx: &Cx<'_>, config: &Entry<'_>, out: &mut Out<'_>) {
    let (Some(group), Some(ports)) = (cx.group, config.get("ports")) else { return };
    let Value::List(list) = &ports.node.value else { return };
    let mut known: Vec<String> = Vec::new();
    for network in group.blocks("Networks") {
        for json in ["ReservedPorts", "DynamicPorts"] {
            known.extend(network.blocks(json).iter().map(|port| port.str("Label").to_owned()));
        }
    }
    for (i, node) in list.iter().enumerate() {
        let Some(label) = node.as_str().filter(|label| !label.contains("${")) else { continue };
        if !known.iter().any(|known| known == label) {
            let finding =
                out.say(ports.item(i, node).site(), format!("the group's network has no port `{label}`"));
            finding.did_you_mean(label, known.iter().map(String::as_str));
            if known.is_empty() {
                finding.hint(format!("declare it in the group: `network {{ port \"{label}\" {{}} }}`"));
            } else {
                finding.hint(format!("its ports are: {}", known.join(", ")));
            }
        }
    }
}

fn mounts(config: &Entry<'_>, out: &mut Out<'_>) {
    for key in ["mount", "mounts"] {
        for mount in config.get(key).map(|entry| entry.blocks()).unwrap_or_default() {
            one_of(&mount, "type", &["bind", "volume", "tmpfs"], out);
            let is_tmpfs = fixed(&mount, "type").is_some_and(|(kind, _)| kind == "tmpfs");
            if let Some((source, entry)) = fixed(&mount, "source")
                && is_tmpfs
            {
                out.say(entry.site(), format!("a tmpfs has no source, but `{source}` is set"))
                    .hint("remove `source`");
            }
        }
    }
}

fn ulimits(config: &Entry<'_>, out: &mut Out<'_>) {
    for block in config.get("ulimit").map(|entry| entry.blocks()).unwrap_or_default() {
        for (name, entry) in block.entries() {
            let Some(text) = entry.node.as_str().filter(|text| !text.contains("${")) else { continue };
            let (soft, hard) = text.split_once(':').unwrap_or((text, text));
            if soft.parse::<i64>().is_err() || hard.parse::<i64>().is_err() {
                out.say(entry.site(), format!("the limit `{name}` is `{text}`, which is no number"))
                    .hint("write it as SOFT or SOFT:HARD, such as \"1024:2048\"");
            }
        }
    }
}

fn cpu_period(config: &Entry<'_>, out: &mut Out<'_>) {
    let limited = config.get("cpu_hard_limit").is_some_and(|e| e.node.value == Value::Bool(true));
    if let Some(entry) = config.get("cpu_cfs_period")
        && let Some(period) = entry.node.as_int()
        && limited
        && !(0..=1_000_000).contains(&period)
    {
        out.say(entry.site(), format!("the period {period} is not in 0-1000000"));
    }
}

fn raw_exec(config: &Entry<'_>, out: &mut Out<'_>) {
    absolute(config, "work_dir", out);
    if let Some(entry) = config.get("oom_score_adj")
        && entry.node.as_int().is_some_and(|score| score < 0)
    {
        out.say(entry.site(), "`oom_score_adj` is negative");
    }
    let v1 = config
        .get("cgroup_v1_override")
        .filter(|entry| entry.blocks().iter().any(|block| !block.entries().is_empty()));
    if let (Some(v1), Some((_, v2))) = (v1, fixed(config, "cgroup_v2_override")) {
        out.say(v1.site(), "`cgroup_v1_override` and `cgroup_v2_override` are both set")
            .related(v2.site(), "`cgroup_v2_override`")
            .hint("keep the one that the nodes use");
    }
}

fn java(config: &Entry<'_>, out: &mut Out<'_>) {
    let set = |key: &str| {
        config.get(key).is_some_and(|entry| {
            !matches!(&entry.node.value, Value::Null)
                && entry.node.as_str().is_none_or(|text| !text.is_empty())
        })
    };
    if !set("class") && !set("jar_path") {
        out.say(config.site(), "the driver `java` needs `jar_path` or `class`")
            .hint("set `jar_path = \"local/app.jar\"`");
    }
}

/// The memory that the driver gives to a machine, in MB.
fn machine_memory(task: &Block<'_>, out: &mut Out<'_>) {
    const DEFAULT: i64 = 300;
    let Some(resources) = task.block("Resources") else { return };
    let memory = resources.int("MemoryMB").unwrap_or(DEFAULT);
    // Less than 10 is the server's to refuse.
    if memory >= 10 && !(128..=4_000_000).contains(&memory) {
        out.say(
            resources.at("MemoryMB"),
            format!("`memory` is {memory}, but a machine of QEMU takes 128 to 4000000 (MB)"),
        );
    }
}
