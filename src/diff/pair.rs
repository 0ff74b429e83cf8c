//! Which block of one job is which of the other.

use super::equal::same_blocks;
use crate::jobspec::tree::Object;

/// What tells blocks of one kind from each other: keys to try in turn, each made of fields.
///
/// A label is the key where a block has one. Kinds that are not listed go by their first field, and
/// those without text in it by position.
fn keys(block: &Object) -> &'static [&'static [&'static str]] {
    match block.ty.name {
        "affinity" | "constraint" => &[&["LTarget", "Operand"], &["LTarget"]],
        "artifact" => &[&["GetterSource"], &["RelativeDest"]],
        "check" => &[&["Name"], &["Type", "Path"]],
        "network" => &[],
        "service" if block.ty.by_json("PortLabel").is_some() => {
            &[&["Name", "PortLabel"], &["Name"], &["PortLabel"]]
        }
        // A service that a gateway leads to.
        "service" => &[&["Name"]],
        "template" => &[&["DestPath"]],
        "volume_mount" => &[&["Destination"], &["Volume"]],
        "link" => &[&["Label"], &["URL"]],
        "upstreams" => &[&["DestinationName", "Datacenter"], &["DestinationName"]],
        _ => &[],
    }
}

/// The fields of a block that its title shows, by their JSON names.
pub(super) fn title_fields(block: &Object, alone: bool) -> &'static [&'static str] {
    match block.ty.name {
        // A whole condition reads best on one line.
        "affinity" | "constraint" if alone => &["LTarget", "Operand", "RTarget"],
        _ if !block.ty.labels.is_empty() => block.ty.labels,
        _ => match keys(block) {
            [first, ..] => &first[..1],
            [] if matches!(block.ty.name, "identity") => &["Name"],
            [] if matches!(block.ty.name, "spread") => &["Attribute"],
            [] if matches!(block.ty.name, "path") => &["Path"],
            [] => &[],
        },
    }
}

/// What a block is called among its kind: `web`, `local/app.conf`, `${attr.kernel.name} = linux`.
pub(super) fn title(block: &Object, alone: bool) -> Option<String> {
    let parts: Vec<&str> = title_fields(block, alone).iter().map(|field| block.str(field)).collect();
    let title = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then_some(title)
}

/// The positions of an old block and of the new one that it became.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// Pairs the blocks of two lists: equal ones, then those of one key, then, where there is no key, by
/// position. In the order of the new list, with what is gone at its old place before.
pub(super) fn pairs(old: &[&Object], new: &[&Object]) -> Vec<Pair> {
    let mut of_new: Vec<Option<usize>> = vec![None; new.len()];
    let mut taken = vec![false; old.len()];
    let mut pair_up = |matches: &dyn Fn(&Object, &Object) -> bool| {
        for (i, slot) in of_new.iter_mut().enumerate().filter(|(_, slot)| slot.is_none()) {
            let found = (0..old.len()).find(|j| !taken[*j] && matches(old[*j], new[i]));
            if let Some(j) = found {
                taken[j] = true;
                *slot = Some(j);
            }
        }
    };
    pair_up(&same_blocks);
    if let Some(block) = new.first() {
        let labels = [block.ty.labels];
        let keys = if block.ty.labels.is_empty() { keys(block) } else { &labels };
        for key in keys {
            pair_up(&|old, new| {
                key.iter().all(|field| old.get(field) == new.get(field))
                    && key.iter().any(|field| !new.str(field).is_empty())
            });
        }
        if keys.is_empty() {
            let named = title_fields(block, false);
            pair_up(&|old, new| named.iter().all(|field| old.get(field) == new.get(field)));
        }
    }
    let mut pairs: Vec<Pair> = Vec::with_capacity(old.len().max(new.len()));
    let mut gone = (0..old.len()).filter(|j| !taken[*j]).peekable();
    for (i, slot) in of_new.iter().enumerate() {
        while let (Some(j), Some(here)) = (gone.peek(), slot) {
            if j > here {
                break;
            }
            pairs.push((gone.next(), None));
        }
        pairs.push((*slot, Some(i)));
    }
    pairs.extend(gone.map(|j| (Some(j), None)));
    pairs
}
