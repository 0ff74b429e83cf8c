//! Paths of a task's files, cleaned without a file system.

/// Whether `path`, inside `prefix` of an allocation's folder, leads out of that folder.
///
/// Only `..` counts, as for a server, which has no file system to look at.
pub fn escapes_allocation(prefix: &str, path: &str) -> bool {
    // Clean `/alloc-dir/alloc-id/PREFIX/PATH`: `..` at the root stays at the root.
    let mut parts = vec!["alloc-dir", "alloc-id"];
    for part in prefix.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    match parts.strip_prefix(&["alloc-dir", "alloc-id"]) {
        // Nomad looks only at the first two bytes, so a folder named `..x` counts too.
        Some(inside) => inside.first().is_some_and(|first| first.starts_with("..")),
        None => true,
    }
}

/// Whether `path` is `parent` or lies in it, both absolute or both relative.
pub fn is_inside(parent: &str, path: &str) -> bool {
    if parent.starts_with('/') != path.starts_with('/') {
        return false;
    }
    let parent = clean(parent);
    let path = clean(path);
    if parent.first() == Some(&"..") && path.first() != Some(&"..") {
        return false;
    }
    path.starts_with(&parent) && path.get(parent.len()).is_none_or(|first| !first.starts_with(".."))
}

fn clean(path: &str) -> Vec<&str> {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            _ => parts.push(part),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_leaving_the_allocation_counts() {
        assert!(!escapes_allocation("task", "local/x"));
        assert!(!escapes_allocation("task", "../alloc/x"));
        assert!(!escapes_allocation("task/local/", "../secret"));
        assert!(!escapes_allocation("task", "/etc/passwd"));
        assert!(escapes_allocation("task", "../../x"));
        assert!(escapes_allocation("task", "a/../../../../../../root"));
        assert!(!escapes_allocation("task", ""));
    }

    #[test]
    fn a_folder_contains_itself_and_what_is_below() {
        assert!(is_inside("/csi", "/csi"));
        assert!(is_inside("/csi", "/csi/a/b"));
        assert!(!is_inside("/csi", "/csi2"));
        assert!(!is_inside("/csi", "csi"));
        assert!(!is_inside("/csi/a", "/csi"));
    }
}
