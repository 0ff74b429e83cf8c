//! A job as HCL, as an experienced user writes it and `nomad fmt` leaves it.
//!
//! The text parses back to the same job: references that only a node can resolve
//! (`${NOMAD_PORT_http}`) stand as they are, everything else that looks like a template is
//! escaped. What was not written and what already the parser fills in is not shown. What HCL
//! cannot say (a dotted key in the `meta` of a service) is left out, and told.

pub(crate) mod escape;
mod lost;
mod print;

use super::Job;
use super::declare::{BlockType, Default, Field, MapForm, Type, Unset};
use super::defaults::older;
use super::syntax::Span;
use super::tree::{Node, Object, Value};
use crate::codes;
use crate::diagnostic::{Diagnostic, Severity};
use print::{Expr, Item};

codes! {
    /// The job says something in JSON that the language has no words for.
    NOT_IN_HCL = "P0475", "HCL has no way to say this, it is left out", "Nomad documentation, job specification";
}

/// A job as HCL.
#[derive(Debug, Clone)]
pub struct Hcl {
    /// The text, formatted.
    pub text: String,
    /// What it does not say, as warnings.
    pub left_out: Vec<Diagnostic>,
}

impl Job {
    /// The job as formatted HCL.
    pub fn to_hcl(&self) -> String {
        self.write().0
    }

    /// The job as formatted HCL, with what that leaves out: what HCL has no words for, and what reads back as
    /// something else.
    pub fn emit(&self) -> Hcl {
        let (text, unsaid) = self.write();
        let warning = |message: String, span| {
            let mut diagnostic = Diagnostic::error(&NOT_IN_HCL, message);
            diagnostic.severity = Severity::Warning;
            match self.place(span) {
                Some(place) => diagnostic.at(place),
                None => diagnostic,
            }
        };
        let is_told =
            |path: &str| unsaid.iter().any(|(told, _)| told.starts_with(path) || path.starts_with(told));
        let lost: Vec<Diagnostic> = match lost::lost(self, &text) {
            Ok(lost) => lost
                .into_iter()
                .filter(|(path, _)| !is_told(path))
                .map(|(path, span)| {
                    warning(format!("HCL has no way to say this `{path}`; it reads as another one"), span)
                })
                .collect(),
            Err(problems) => problems
                .iter()
                .map(|problem| {
                    warning(
                        format!("Nomad's parser refuses this job in HCL: {}", problem.message),
                        self.root.span,
                    )
                })
                .collect(),
        };
        let mut left_out: Vec<Diagnostic> = unsaid
            .iter()
            .map(|(path, span)| warning(format!("HCL has no way to say `{path}`; it is left out"), *span))
            .collect();
        left_out.extend(lost);
        Hcl { text, left_out }
    }

    /// The text, and the paths to what has no words in it.
    fn write(&self) -> (String, Vec<(String, Option<Span>)>) {
        let mut emitter = Emitter { path: Vec::new(), left_out: Vec::new() };
        let id = self.id();
        let mut root = self.root.clone();
        older::rename(&mut root);
        let mut items = emitter.fields(&root);
        // The label says both.
        items.retain(|item| !item.is("name") || root.get("Name").as_str() != Some(id));
        let job = Item::Block { name: "job".to_owned(), labels: vec![id.to_owned()], items };
        (print::print(&[job]), emitter.left_out)
    }
}

/// Blocks that stand after all others in the block that holds them, as their reader expects.
const LAST: &[&str] = &["resources", "task", "group"];

/// Keys of a driver's `config` that stand before all others.
const FIRST: &[&str] = &["image", "command", "entrypoint", "args", "ports"];

struct Emitter {
    /// The JSON keys down to here.
    path: Vec<String>,
    left_out: Vec<(String, Option<Span>)>,
}

impl Emitter {
    fn leave_out(&mut self, node: &Node) {
        self.left_out.push((self.path.join("."), node.span));
    }

    /// The attributes, then the blocks of an object.
    fn fields(&mut self, object: &Object) -> Vec<Item> {
        let mut items = Vec::new();
        for (field, node) in object.ty.fields.iter().zip(&object.fields) {
            if object.ty.labels.contains(&field.json) || !is_shown(field, node) {
                continue;
            }
            self.path.push(field.json.to_owned());
            self.field(object, field, node, &mut items);
            self.path.pop();
        }
        let rank = |item: &Item| match item {
            Item::Attribute { .. } => 0,
            Item::Block { name, .. } => {
                LAST.iter().position(|last| last == name).map_or(1, |position| position + 2)
            }
        };
        items.sort_by_key(rank);
        items
    }

    fn field(&mut self, object: &Object, field: &Field, node: &Node, items: &mut Vec<Item>) {
        if field.hcl.is_empty() {
            return self.without_name(field, node, items);
        }
        let name = field.hcl.to_owned();
        match (&node.value, field.ty) {
            (Value::Int(number), Type::Duration) => {
                let text = super::duration::format(*number);
                items.push(Item::Attribute { name, value: Expr::Word(format!("\"{text}\"")) });
            }
            (Value::Map(map), Type::StringMap(form)) => {
                let names = map.keys().all(|key| escape::is_name(key));
                let members = || map.iter().map(|(key, node)| (key.clone(), Expr::new(&node.value)));
                if names && form != MapForm::Attribute {
                    let items_of = members().map(|(name, value)| Item::Attribute { name, value });
                    items.push(Item::Block { name, labels: Vec::new(), items: items_of.collect() });
                } else if form != MapForm::Block {
                    items.push(Item::Attribute { name, value: Expr::Map(members().collect()) });
                } else {
                    self.named_members(name, map, items);
                }
            }
            (Value::Map(map), Type::ListMap) => self.named_members(name, map, items),
            (Value::Map(map), Type::Any) => {
                let items_of = self.free_body(map, true);
                items.push(Item::Block { name, labels: Vec::new(), items: items_of });
            }
            (Value::Object(block), Type::Block(_)) => items.push(self.block(name, block)),
            (Value::List(list), Type::Blocks(ty)) if ty.name == "port" || ty.name == "reserved_ports" => {
                self.ports(object, ty, list, items);
            }
            (Value::List(list), Type::Blocks(_)) => {
                let blocks = list.iter().filter_map(Node::as_object);
                items.extend(blocks.map(|block| self.block(name.clone(), block)));
            }
            (Value::Map(map), Type::BlockMap(_)) => {
                for (label, node) in map {
                    let Some(block) = node.as_object() else { continue };
                    let items_of = self.fields(block);
                    items.push(Item::Block {
                        name: name.clone(),
                        labels: vec![label.clone()],
                        items: items_of,
                    });
                }
            }
            (value, _) => items.push(Item::Attribute { name, value: Expr::new(value) }),
        }
    }

    /// A block of free names, without those that are none in HCL.
    fn named_members(&mut self, name: String, map: &indexmap::IndexMap<String, Node>, items: &mut Vec<Item>) {
        let mut members = Vec::new();
        for (key, node) in map {
            if escape::is_name(key) {
                members.push(Item::Attribute { name: key.clone(), value: Expr::new(&node.value) });
            } else {
                self.path.push(key.clone());
                self.leave_out(node);
                self.path.pop();
            }
        }
        items.push(Item::Block { name, labels: Vec::new(), items: members });
    }

    fn block(&mut self, name: String, block: &Object) -> Item {
        let labels = block.ty.labels.iter().map(|json| {
            let value = block.str(json);
            let word = block.ty.label_words.iter().find(|(_, stands_for)| *stands_for == value);
            word.map_or(value, |(word, _)| word).to_owned()
        });
        Item::Block { name, labels: labels.collect(), items: self.fields(block) }
    }

    /// Ports, with or without a number, are all written as `port`: the parser sorts them, though not
    /// those of a sidecar's task.
    fn ports(&mut self, network: &Object, ty: &BlockType, list: &[Node], items: &mut Vec<Item>) {
        let others = network.blocks("DynamicPorts").next().is_some();
        let as_written = self.path.iter().any(|key| key == "SidecarTask");
        for port in list.iter().filter_map(Node::as_object) {
            let sorted = port.int("Value").unwrap_or_default() > 0;
            let name = if !as_written && (sorted || others) { "port" } else { ty.name };
            items.push(self.block(name.to_owned(), port));
        }
    }

    /// A field that HCL has no name for.
    fn without_name(&mut self, field: &Field, node: &Node, items: &mut Vec<Item>) {
        match (field.json, &node.value) {
            // The parser takes it from among the identities.
            ("Identity", Value::Object(identity)) => items.push(self.block("identity".to_owned(), identity)),
            ("ConsulNamespace" | "VaultNamespace", value) if !value.is_zero() => self.leave_out(node),
            // What the server notes about the job is no part of its specification.
            _ => {}
        }
    }

    /// A block of free values. A list of maps is what nested blocks parse to; a map alone would
    /// become such a list too, unless it is in parentheses.
    fn free_body(&mut self, map: &indexmap::IndexMap<String, Node>, top: bool) -> Vec<Item> {
        let mut items = Vec::new();
        let mut members: Vec<_> = map.iter().collect();
        members.sort_by_key(|(key, _)| FIRST.iter().position(|first| first == key).unwrap_or(FIRST.len()));
        for (key, node) in members {
            self.path.push(key.clone());
            // The parser forgets a null at the top, though not deeper.
            if !escape::is_name(key) || (top && node.is_null()) {
                self.leave_out(node);
            } else if let Some(blocks) = as_bodies(&node.value) {
                for block in blocks {
                    let name = key.clone();
                    items.push(Item::Block { name, labels: Vec::new(), items: self.free_body(block, false) });
                }
            } else {
                let value = Expr::new(&node.value);
                let value = if matches!(value, Expr::Map(_)) { Expr::Parens(Box::new(value)) } else { value };
                items.push(Item::Attribute { name: key.clone(), value });
            }
            self.path.pop();
        }
        items.sort_by_key(|item| matches!(item, Item::Block { .. }));
        items
    }
}

/// The maps of a list, if all their keys, at every depth that becomes blocks, are names.
fn as_bodies(value: &Value) -> Option<Vec<&indexmap::IndexMap<String, Node>>> {
    let Value::List(list) = value else { return None };
    let maps: Option<Vec<_>> = list
        .iter()
        .map(|node| match &node.value {
            Value::Map(map) if map.keys().all(|key| escape::is_name(key)) => Some(map),
            _ => None,
        })
        .collect();
    maps.filter(|maps| !maps.is_empty())
}

/// Whether a field says something that the parser would not say by itself.
fn is_shown(field: &Field, node: &Node) -> bool {
    if field.required {
        return true;
    }
    if node.is_null() || (field.unset == Unset::Zero && node.value.is_zero()) {
        return false;
    }
    !(field.parser_fills && equals_default(field.default, &node.value))
}

fn equals_default(default: Default, value: &Value) -> bool {
    match (default, value) {
        (Default::Str(text), Value::Str(value)) => text == value,
        (Default::Bool(truth), Value::Bool(value)) => truth == *value,
        (Default::Int(number), Value::Int(value)) => number == *value,
        (Default::Seconds(seconds), Value::Int(value)) => seconds.checked_mul(1_000_000_000) == Some(*value),
        (Default::Empty, value) => !matches!(value, Value::Null) && value.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
