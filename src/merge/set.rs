//! `--set PATH=VALUE`: the highest layer.

use super::BAD_SET;
use crate::diagnostic::{Diagnostic, Source};
use crate::load::{Entry, Kind, Node, yaml};

/// One value from the command line, as the map that it stands for.
#[derive(Debug, Clone)]
pub struct SetArg {
    /// `{taskargs: {workers: 8}}` for `taskargs.workers=8`.
    pub node: Node,
}

impl SetArg {
    /// Reads `PATH=VALUE`; the value is YAML: a scalar, `[a, b]`, `{k: v}`, `null`.
    ///
    /// # Errors
    /// A path that is empty, or a value that is no YAML.
    pub fn parse(text: &str) -> Result<Self, Box<Diagnostic>> {
        let source = Source::words("--set", text);
        let bad = |message: &str| {
            let diagnostic = Diagnostic::error(&BAD_SET, message.to_owned())
                .at(source.place(0..text.len()))
                .hint("write a path of keys with dots, `=`, and the value: `--set taskargs.workers=8`");
            Box::new(diagnostic)
        };
        let (path, value) = text.split_once('=').ok_or_else(|| bad("there is no `=`"))?;
        let start = path.len() + 1;
        // The value alone is parsed, and its places moved to where it stands in the argument.
        let mut node =
            yaml::parse(&Source::words("--set", value)).map_err(|_| bad("the value is not valid YAML"))?;
        if matches!(&node.kind, Kind::Map(entries) if entries.is_empty()) && value.trim() != "{}" {
            node.kind = Kind::Null;
        }
        relocate(&mut node, &source, start);
        let path = path.trim().strip_prefix("config.").unwrap_or(path.trim());
        let keys: Vec<&str> = path.split('.').collect();
        if keys.iter().any(|key| key.is_empty()) {
            return Err(bad("the path has an empty key"));
        }
        for key in keys.into_iter().rev() {
            let key_place = source.place(0..start - 1);
            let place = source.place(0..text.len());
            let entry = Entry { key: key.to_owned(), key_place, value: node };
            node = Node { kind: Kind::Map(vec![entry]), place, directive: None };
        }
        Ok(Self { node })
    }
}

fn relocate(node: &mut Node, source: &Source, by: usize) {
    node.place = source.place(node.place.start + by..node.place.end + by);
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|item| relocate(item, source, by)),
        Kind::Map(entries) => {
            for entry in entries {
                entry.key_place = source.place(entry.key_place.start + by..entry.key_place.end + by);
                relocate(&mut entry.value, source, by);
            }
        }
        _ => {}
    }
}
