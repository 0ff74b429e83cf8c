//! Tasks that are CSI plugins.

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::path::is_inside;
use crate::validate::view::Block;

const TYPES: [&str; 3] = ["node", "controller", "monolith"];

rules! {
    CSI_PLUGIN {
        Error CSI_ID = "P0740", id, "a CSI plugin has an ID", "structs.Task.Validate";
        Error CSI_TYPE = "P0741", kind, "a CSI plugin's type is node, controller or monolith", "structs.Task.Validate";
        Error CSI_FOLDERS = "P0742", folders, "stage_publish_base_dir does not lie in mount_dir", "structs.Task.Validate";
    }
}

fn id(_: &Cx<'_>, plugin: &Block<'_>, out: &mut Out<'_>) {
    if plugin.str("ID").is_empty() {
        out.say(plugin.at("ID"), "the CSI plugin has no ID").hint("set `id`");
    }
}

fn kind(_: &Cx<'_>, plugin: &Block<'_>, out: &mut Out<'_>) {
    let kind = plugin.str("Type");
    if !TYPES.contains(&kind) {
        out.say(plugin.at("Type"), format!("`{kind}` is no type of CSI plugin"))
            .did_you_mean(kind, TYPES)
            .hint("use node, controller or monolith");
    }
}

fn folders(_: &Cx<'_>, plugin: &Block<'_>, out: &mut Out<'_>) {
    let (stage, mount) = (plugin.str("StagePublishBaseDir"), plugin.str("MountDir"));
    if !stage.is_empty() && !mount.is_empty() && is_inside(mount, stage) {
        out.say(
            plugin.at("StagePublishBaseDir"),
            format!("`{stage}` lies in the plugin's `mount_dir`, `{mount}`"),
        )
        .related(plugin.at("MountDir"), "`mount_dir`");
    }
}
