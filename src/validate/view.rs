//! A job tree as the rules read it: fields by JSON name, each with its place and path.

use std::fmt::Write as _;

use crate::diagnostic::{Place, Source};
use crate::jobspec::syntax::Span;
use crate::jobspec::tree::{Node, Object, Value};

/// A block in a job: its values, and the way to it.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    object: &'a Object,
    parent: Option<&'a Block<'a>>,
    step: Step<'a>,
    source: Option<&'a Source>,
}

/// How a block is reached from its parent.
#[derive(Debug, Clone, Copy)]
struct Step<'a> {
    field: &'a str,
    label: Option<&'a str>,
    index: Option<usize>,
}

/// A place in a job: where it stands in the file, if it does, and its path.
#[derive(Debug, Clone)]
pub struct Site {
    /// Where in the file; `None` for a job that came from JSON.
    pub place: Option<Place>,
    /// By HCL names: `group.api.count`.
    pub path: String,
}

static NULL: Node = Node { value: Value::Null, span: None };

impl<'a> Block<'a> {
    /// The job itself.
    pub fn root(object: &'a Object, source: Option<&'a Source>) -> Self {
        let step = Step { field: "job", label: None, index: None };
        Self { object, parent: None, step, source }
    }

    /// What the block holds.
    pub fn object(&self) -> &'a Object {
        self.object
    }

    /// A field by its JSON name; null where it is not set, or the block has no such field.
    pub fn get(&self, json: &str) -> &'a Node {
        let found = self.object.ty.fields.iter().position(|field| field.json == json);
        found.and_then(|i| self.object.fields.get(i)).unwrap_or(&NULL)
    }

    /// Whether nothing is set.
    pub fn is_null(&self, json: &str) -> bool {
        self.get(json).is_null()
    }

    /// Text, `""` where it is not set.
    pub fn str(&self, json: &str) -> &'a str {
        self.get(json).as_str().unwrap_or_default()
    }

    /// A whole number, or a duration in nanoseconds.
    pub fn int(&self, json: &str) -> Option<i64> {
        self.get(json).as_int()
    }

    /// A truth; false where it is not set.
    pub fn bool(&self, json: &str) -> bool {
        matches!(self.get(json).value, Value::Bool(true))
    }

    /// The texts of a list, with their indices.
    pub fn strs(&self, json: &str) -> impl Iterator<Item = (usize, &'a str)> + use<'a> {
        self.list(json).iter().enumerate().filter_map(|(i, node)| Some((i, node.as_str()?)))
    }

    /// The nodes of a list.
    pub fn list(&self, json: &str) -> &'a [Node] {
        match &self.get(json).value {
            Value::List(list) => list,
            _ => &[],
        }
    }

    /// The entries of a map.
    pub fn entries(&self, json: &str) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        let map = match &self.get(json).value {
            Value::Map(map) => Some(map),
            _ => None,
        };
        map.into_iter().flatten().map(|(name, node)| (name.as_str(), node))
    }

    /// Whether a list or map has anything in it.
    pub fn has_any(&self, json: &str) -> bool {
        match &self.get(json).value {
            Value::List(list) => !list.is_empty(),
            Value::Map(map) => !map.is_empty(),
            Value::Object(_) => true,
            _ => false,
        }
    }

    /// The nested block, if there is one.
    pub fn block<'b>(&'b self, json: &'b str) -> Option<Block<'b>> {
        let object = self.get(json).as_object()?;
        Some(self.child(object, Step { field: json, label: None, index: None }))
    }

    /// The nested blocks of a list or of a map by label, in order.
    pub fn blocks<'b>(&'b self, json: &'b str) -> Vec<Block<'b>> {
        let mut blocks = Vec::new();
        match &self.get(json).value {
            Value::List(list) => {
                for (index, node) in list.iter().enumerate() {
                    if let Some(object) = node.as_object() {
                        let label = label(object);
                        let step = Step { field: json, label, index: Some(index) };
                        blocks.push(self.child(object, step));
                    }
                }
            }
            Value::Map(map) => {
                for (name, node) in map {
                    if let Some(object) = node.as_object() {
                        let step = Step { field: json, label: Some(name), index: None };
                        blocks.push(self.child(object, step));
                    }
                }
            }
            Value::Object(object) => {
                blocks.push(self.child(object, Step { field: json, label: None, index: None }));
            }
            _ => {}
        }
        blocks
    }

    fn child<'b>(&'b self, object: &'b Object, step: Step<'b>) -> Block<'b> {
        Block { object, parent: Some(self), step, source: self.source }
    }

    /// The label of this block in its parent's map, or its `Name`.
    pub fn label(&self) -> &'a str {
        self.step.label.unwrap_or_default()
    }

    /// The site of the block's header.
    pub fn here(&self) -> Site {
        self.site(self.object.span, "")
    }

    /// The site of a field's value; of the block where the field was not written.
    pub fn at(&self, json: &str) -> Site {
        self.site(self.get(json).span, &format!(".{}", hcl_name(self.object, json)))
    }

    /// The site of the first of several fields that stands in the file; else that of the first.
    pub fn at_written(&self, fields: &[&str]) -> Site {
        let written = fields.iter().find(|json| self.get(json).span.is_some());
        written.or(fields.first()).map_or_else(|| self.here(), |json| self.at(json))
    }

    /// The site of an element of a list.
    pub fn at_index(&self, json: &str, index: usize) -> Site {
        let node = self.get(json);
        let span = self.list(json).get(index).and_then(|item| item.span).or(node.span);
        self.site(span, &format!(".{}[{index}]", hcl_name(self.object, json)))
    }

    /// The site of an entry of a map.
    pub fn at_key(&self, json: &str, key: &str) -> Site {
        let node = self.get(json);
        let entry = self.entries(json).find(|(name, _)| *name == key);
        let span = entry.and_then(|(_, item)| item.span).or(node.span);
        self.site(span, &format!(".{}.{key}", hcl_name(self.object, json)))
    }

    /// A site in this block: of a span if there is one, else of the nearest block that has one.
    pub fn site(&self, span: Option<Span>, suffix: &str) -> Site {
        let mut path = String::new();
        self.write_path(&mut path);
        path.push_str(suffix);
        let path = path.strip_prefix('.').unwrap_or(&path).to_owned();
        let place = span.or_else(|| self.nearest_span()).and_then(|span| self.place(span));
        Site { place, path }
    }

    fn nearest_span(&self) -> Option<Span> {
        self.object.span.or_else(|| self.parent.and_then(|parent| parent.nearest_span()))
    }

    fn place(&self, span: Span) -> Option<Place> {
        let source = self.source?;
        let len = source.text().len();
        let start = (span.start as usize).min(len);
        Some(source.place(start..(span.end as usize).clamp(start, len)))
    }

    fn write_path(&self, path: &mut String) {
        let Some(parent) = self.parent else { return };
        parent.write_path(path);
        let name = hcl_name(parent.object, self.step.field);
        let _ = write!(path, ".{name}");
        match (self.step.label, self.step.index) {
            (Some(label), _) if !label.is_empty() => {
                let _ = write!(path, ".{label}");
            }
            (_, Some(index)) => {
                let _ = write!(path, "[{index}]");
            }
            _ => {}
        }
    }
}

/// The label of a block that has one.
fn label(object: &Object) -> Option<&str> {
    let json = object.ty.labels.first()?;
    let index = object.ty.fields.iter().position(|field| field.json == *json)?;
    object.fields.get(index)?.as_str()
}

fn hcl_name<'a>(object: &Object, json: &'a str) -> &'a str {
    let field = object.ty.fields.iter().find(|field| field.json == json);
    field.map(|field| field.hcl).filter(|hcl| !hcl.is_empty()).unwrap_or(json)
}
