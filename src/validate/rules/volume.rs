//! Volumes of a group and where tasks mount them.

use super::rules;
use super::{Cx, Out};
use crate::validate::view::Block;

const HOST_MODES: [&str; 4] = [
    "single-node-reader-only",
    "single-node-writer",
    "single-node-single-writer",
    "single-node-multi-writer",
];
const PROPAGATION: [&str; 3] = ["private", "host-to-task", "bidirectional"];

rules! {
    VOLUME {
        Error VOLUME_SOURCE = "P0617", source, "a volume has a source", "structs.VolumeRequest.Validate";
        Error PER_ALLOC = "P0618", per_alloc, "per_alloc goes with neither system jobs, canaries nor sticky", "structs.VolumeRequest.Validate";
        Error HOST_MOUNT_OPTIONS = "P0619", host_mount_options, "a host volume has no mount options", "structs.VolumeRequest.Validate";
        Error HOST_ACCESS_MODE = "P0620", host_access_mode, "a host volume has an access mode of a single node", "structs.VolumeRequest.Validate";
        Error CSI_ATTACHMENT_MODE = "P0621", attachment_mode, "a CSI volume has an attachment mode", "structs.VolumeRequest.Validate";
        Error BLOCK_MOUNT_OPTIONS = "P0622", block_mount_options, "a block device has no mount options", "structs.VolumeRequest.Validate";
        Error CSI_ACCESS_MODE = "P0623", access_mode, "a CSI volume has an access mode", "structs.VolumeRequest.Validate";
        Error READER_READ_ONLY = "P0624", read_only, "a volume with a reader-only access mode is read-only", "structs.VolumeRequest.Validate";
        Error VOLUME_SHARED = "P0625", shared, "only one allocation uses a volume whose access mode is for one", "structs.VolumeRequest.Validate";
    }
    MOUNT {
        Error MOUNT_UNDEFINED = "P0626", undefined, "a volume_mount names a volume of the group", "structs.Task.Validate";
        Error MOUNT_EMPTY = "P0627", empty, "a volume_mount names a volume", "structs.VolumeMount.Validate";
        Error MOUNT_PROPAGATION = "P0628", propagation, "propagation_mode is private, host-to-task or bidirectional", "structs.VolumeMount.Validate";
        Error MOUNT_SELINUX = "P0629", selinux, "selinux_label is z or Z", "structs.VolumeMount.Validate";
        Error MOUNT_DESTINATION = "P0749", destination, "a volume_mount has a destination; a server breaks off at one without", "agent.ApiTaskToStructsTask";
    }
    UNKNOWN_VOLUME {
        Note VOLUME_TYPE = "P0630", unknown_type, "a volume's type is host or csi; the server drops others unread", "agent.ApiTgToStructsTG";
    }
}

fn kind<'a>(volume: &Block<'a>) -> &'a str {
    volume.str("Type")
}

/// Whether the server looks at the volume at all.
pub fn is_known(volume: &Block<'_>) -> bool {
    matches!(kind(volume), "host" | "csi")
}

fn unknown_type(_: &Cx<'_>, volume: &Block<'_>, out: &mut Out<'_>) {
    let kind = kind(volume);
    if !is_known(volume) {
        out.say(volume.at("Type"), format!("not checked: the server drops a volume of type `{kind}` unread"))
            .did_you_mean(kind, ["host", "csi"])
            .hint("the types are host and csi");
    }
}

fn source(_: &Cx<'_>, volume: &Block<'_>, out: &mut Out<'_>) {
    if volume.str("Source").is_empty() {
        out.say(volume.at("Source"), format!("the volume `{}` has no source", volume.label()))
            .hint("set `source` to the name of the volume on the node, or its ID");
    }
}

fn per_alloc(cx: &Cx<'_>, volume: &Block<'_>, out: &mut Out<'_>) {
    if !volume.bool("PerAlloc") {
        return;
    }
    let kind = cx.job_type();
    if matches!(kind, "system" | "sysbatch") {
        out.say(volume.at("PerAlloc"), format!("`per_alloc` cannot be used in a job of type `{kind}`"))
            .related(cx.job.at("Type"), "the type");
    }
    if let Some(group) = cx.group
        && let Some(update) = group.block("Update")
        && update.int("Canary").is_some_and(|canaries| canaries > 0)
    {
        out.say(volume.at("PerAlloc"), "`per_alloc` cannot be used with canaries")
            .related(update.at("Canary"), "the canaries");
    }
    if volume.bool("Sticky") {
        out.say(volume.at("PerAlloc"), "`per_alloc` and `sticky` exclude each other")
            .related(volume.at("Sticky"), "`sticky`");
    }
}

fn host_mount_options(_: &Cx<'_>, volume: &Block<'_>, out: &mut Out<'_>) {
    if kind(volume) == "host" && !volume.is_null("MountOptions") {
        out.say(volume.at("MountOptions"), "a host volume has no mount options")
            .hint("remove `mount_options`");
    }
}

fn host_access_mode(_: &Cx<'_>, volume: &Block<'_>, out: &mut Out<'_>) {
    let mode = volume.str("AccessMode");
    if kind(volume) == "host" && !mode.is_empty() && !HOST_MODES.contains(&mode) {
        out.say(volume.at("AccessMode"), format!("a host volume cannot be mounted as `{mode}`"))
            .did_you_mean(mode, HOST_MODES)
            .hint(format!("use one of: {}", HOST_MODES.join(", ")));
    }
}

fn attachment_mode(_: &Cx<'_>, volume: &Block<'_>, out: &mut Out<'_>) {
    if kind(volume) == "csi" && volume.str("AttachmentMode").is_empty() {
        out.say(
            volume.at("AttachmentMode"),
            format!("the CSI volume `{}` has no attachment mode", volume.label()),
        )
        .hint("set `attachment_mode` to `file-system` or `block-device`");
    }
}

fn block_mount_options(_: &Cx<'_>, volume: &Block<'_>, out: &mut Out<'_>) {
    if kind(volume) == "csi"
        && volume.str("AttachmentMode") == "block-device"
        && !volume.is_null("MountOptions")
    {
        out.say(volume.at("MountOptions"), "a block device has no mount options")
            .related(volume.at("AttachmentMode"), "the mode");
    }
}

fn access_mode(_: &Cx<'_>, volume: &Block<'_>, out: &mut Out<'_>) {
    if kind(volume) == "csi" && volume.str("AccessMode").is_empty() {
        out.say(volume.at("AccessMode"), format!("the CSI volume `{}` has no access mode", volume.label()))
            .hint("set `access_mode`, such as `single-node-writer`");
    }
}

fn read_only(_: &Cx<'_>, volume: &Block<'_>, out: &mut Out<'_>) {
    let mode = volume.str("AccessMode");
    let reader = match kind(volume) {
        "host" => mode == "single-node-reader-only",
        "csi" => matches!(mode, "single-node-reader-only" | "multi-node-reader-only"),
        _ => false,
    };
    if reader && !volume.bool("ReadOnly") {
        out.say(volume.at("AccessMode"), format!("a volume with the access mode `{mode}` must be read-only"))
            .hint("set `read_only = true`");
    }
}

fn shared(cx: &Cx<'_>, volume: &Block<'_>, out: &mut Out<'_>) {
    let Some(group) = cx.group else { return };
    let count = group.int("Count").unwrap_or(1);
    if kind(volume) != "csi" || count <= 1 || volume.bool("PerAlloc") {
        return;
    }
    let mode = volume.str("AccessMode");
    let who = match mode {
        "single-node-reader-only" => "reader",
        "single-node-writer" => "reader or writer",
        "multi-node-single-writer" if !volume.bool("ReadOnly") => "writer",
        _ => return,
    };
    out.say(
        volume.at("AccessMode"),
        format!("the access mode `{mode}` allows only one {who}, but the group has {count} allocations"),
    )
    .related(group.at("Count"), "the count")
    .hint("set `per_alloc = true` to give each allocation a volume of its own");
}

fn undefined(cx: &Cx<'_>, mount: &Block<'_>, out: &mut Out<'_>) {
    let (Some(group), Some(name)) = (cx.group, mount.get("Volume").as_str()) else { return };
    let volumes = group.blocks("Volumes");
    let known: Vec<&str> = volumes.iter().filter(|v| is_known(v)).map(Block::label).collect();
    if !known.contains(&name) {
        let finding = out.say(mount.at("Volume"), format!("the group has no volume `{name}`"));
        finding.did_you_mean(name, known.iter().copied());
        if known.is_empty() {
            finding.hint("declare it with a `volume` block in the group");
        } else {
            finding.hint(format!("its volumes are: {}", known.join(", ")));
        }
    }
}

fn empty(_: &Cx<'_>, mount: &Block<'_>, out: &mut Out<'_>) {
    if mount.get("Volume").as_str() == Some("") {
        out.say(mount.at("Volume"), "the volume_mount names no volume");
    }
}

fn propagation(_: &Cx<'_>, mount: &Block<'_>, out: &mut Out<'_>) {
    let mode = mount.str("PropagationMode");
    if !mode.is_empty() && !PROPAGATION.contains(&mode) && mount.get("Volume").as_str().is_some() {
        out.say(mount.at("PropagationMode"), format!("`{mode}` is no propagation mode"))
            .did_you_mean(mode, PROPAGATION)
            .hint("use private, host-to-task or bidirectional");
    }
}

fn selinux(_: &Cx<'_>, mount: &Block<'_>, out: &mut Out<'_>) {
    let label = mount.str("SELinuxLabel");
    if !matches!(label, "" | "z" | "Z") && mount.get("Volume").as_str().is_some() {
        out.say(mount.at("SELinuxLabel"), format!("`{label}` is no SELinux label"))
            .hint("use `z` for a shared volume, `Z` for a private one");
    }
}

fn destination(_: &Cx<'_>, mount: &Block<'_>, out: &mut Out<'_>) {
    // Empty text passes; a mount that names no volume is not read so far.
    if let Some(volume) = mount.get("Volume").as_str()
        && mount.is_null("Destination")
    {
        out.say(mount.here(), format!("the mount of the volume `{volume}` has no destination"))
            .hint("set `destination` to the folder in the task where it appears");
    }
}
