//! What older clients of Nomad call things in JSON (`api/services.go`, `Canonicalize`).

use crate::jobspec::tree::Object;

/// Moves everything in a job to the name that it has today.
pub(in crate::jobspec) fn rename(root: &mut Object) {
    for group in root.blocks_mut("TaskGroups") {
        group.blocks_mut("Services").for_each(names);
        group.blocks_mut("Tasks").for_each(|task| task.blocks_mut("Services").for_each(names));
    }
}

/// The names of older clients for exposed paths win where they are used; afterwards they are gone.
pub(super) fn names(service: &mut Object) {
    let sidecar = service.block_mut("Connect").and_then(|connect| connect.block_mut("SidecarService"));
    let Some(proxy) = sidecar.and_then(|sidecar| sidecar.block_mut("Proxy")) else { return };
    if proxy.block("ExposeConfig").is_some() {
        replace(proxy, "ExposeConfig", "Expose");
    }
    if let Some(expose) = proxy.block_mut("Expose").filter(|expose| !expose.get("Path").is_null()) {
        replace(expose, "Path", "Paths");
    }
}

/// Moves a field over another one of the same type.
fn replace(object: &mut Object, from: &str, to: &str) {
    let moved = object.get_mut(from).map(std::mem::take);
    if let (Some(moved), Some(slot)) = (moved, object.get_mut(to)) {
        *slot = moved;
    }
}
