//! Files that are downloaded before a task starts.

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::name::has_reference;
use crate::validate::formats::path::escapes_allocation;
use crate::validate::view::Block;

const MODES: [&str; 3] = ["any", "file", "dir"];
const SUMS: [(&str, usize); 4] = [("md5", 32), ("sha1", 40), ("sha256", 64), ("sha512", 128)];

rules! {
    ARTIFACT {
        Error ARTIFACT_SOURCE = "P0714", source, "an artifact has a source", "structs.TaskArtifact.Validate";
        Error ARTIFACT_MODE = "P0715", mode, "an artifact's mode is any, file or dir", "structs.TaskArtifact.Validate";
        Error ARTIFACT_ESCAPES = "P0716", escapes, "an artifact's destination stays in the allocation", "structs.TaskArtifact.Validate";
        Error ARTIFACT_CHECKSUM = "P0717", checksum, "a checksum is TYPE:HEX of a known type and its length", "structs.TaskArtifact.validateChecksum";
    }
}

fn source(_: &Cx<'_>, artifact: &Block<'_>, out: &mut Out<'_>) {
    if artifact.str("GetterSource").is_empty() {
        out.say(artifact.at("GetterSource"), "the artifact has no source").hint("set `source`");
    }
}

fn mode(_: &Cx<'_>, artifact: &Block<'_>, out: &mut Out<'_>) {
    let mode = artifact.str("GetterMode");
    if !mode.is_empty() && !MODES.contains(&mode) {
        out.say(artifact.at("GetterMode"), format!("`{mode}` is no mode of an artifact"))
            .did_you_mean(mode, MODES)
            .hint("use any, file or dir");
    }
}

fn escapes(_: &Cx<'_>, artifact: &Block<'_>, out: &mut Out<'_>) {
    let path = artifact.str("RelativeDest");
    if escapes_allocation("task", path) {
        out.say(
            artifact.at("RelativeDest"),
            format!("the destination `{path}` lies outside of the allocation's folder"),
        )
        .hint("it is relative to the task's folder: use `local/…`");
    }
}

fn checksum(_: &Cx<'_>, artifact: &Block<'_>, out: &mut Out<'_>) {
    let Some((_, node)) = artifact.entries("GetterOptions").find(|(key, _)| *key == "checksum") else {
        return;
    };
    let text = node.as_str().unwrap_or_default();
    if has_reference(text) {
        return;
    }
    let sum = text.trim();
    let site = artifact.at_key("GetterOptions", "checksum");
    let parts: Vec<&str> = sum.split(':').collect();
    if sum.is_empty() {
        out.say(site, "the checksum is empty");
        return;
    }
    let [kind, hex] = parts.as_slice() else {
        out.say(site, format!("the checksum `{sum}` does not say its type"))
            .hint("write it as TYPE:HEX, such as `sha256:9f86…`");
        return;
    };
    let known = SUMS.iter().find(|(name, _)| name == kind);
    if !hex.bytes().all(|b| b.is_ascii_hexdigit()) || hex.len() % 2 != 0 {
        out.say(site, format!("the checksum `{hex}` is not written in hexadecimal"));
    } else if let Some((name, len)) = known {
        if hex.len() != *len {
            out.say(site, format!("a checksum of type {name} has {len} digits, not {}", hex.len()));
        }
    } else {
        out.say(site, format!("`{kind}` is no type of checksum"))
            .did_you_mean(kind, SUMS.map(|(name, _)| name))
            .hint("use md5, sha1, sha256 or sha512");
    }
}
