//! The layout of HCL: indentation, blank lines, aligned `=`, as `nomad fmt` leaves it.

use super::escape;
use crate::jobspec::tree::Value;

/// The width in columns that a list or map on one line may reach.
const WIDTH: usize = 100;

/// A member of a body.
#[derive(Debug)]
pub enum Item {
    /// `name = value`
    Attribute {
        /// Its name.
        name: String,
        /// Its value.
        value: Expr,
    },
    /// `name "label" { … }`
    Block {
        /// Its name.
        name: String,
        /// Its labels, not yet quoted.
        labels: Vec<String>,
        /// What it holds.
        items: Vec<Item>,
    },
}

impl Item {
    /// Whether it is the attribute of this name.
    pub fn is(&self, attribute: &str) -> bool {
        matches!(self, Self::Attribute { name, .. } if name == attribute)
    }
}

/// A value in HCL.
#[derive(Debug)]
pub enum Expr {
    /// On one line.
    Word(String),
    /// Text of several lines; `chomp` takes away the line break that a heredoc ends with.
    Heredoc {
        /// The word that ends it.
        marker: &'static str,
        /// Its lines, escaped, each with its line break.
        lines: String,
        /// Whether the text itself does not end with a line break.
        chomp: bool,
    },
    /// `[…]`
    List(Vec<Expr>),
    /// `{…}`; keys not yet quoted.
    Map(Vec<(String, Expr)>),
    /// `(…)`
    Parens(Box<Expr>),
}

impl Expr {
    /// A value of the tree.
    pub fn new(value: &Value) -> Self {
        match value {
            Value::Bool(truth) => Self::Word(truth.to_string()),
            Value::Int(number) => Self::Word(number.to_string()),
            Value::Float(number) => Self::Word(float(*number)),
            Value::Str(text) => Self::text(text),
            Value::List(list) => Self::List(list.iter().map(|node| Self::new(&node.value)).collect()),
            Value::Map(map) => {
                Self::Map(map.iter().map(|(key, node)| (key.clone(), Self::new(&node.value))).collect())
            }
            // A declared block is never inside a value.
            Value::Null | Value::Object(_) => Self::Word("null".to_owned()),
        }
    }

    fn text(text: &str) -> Self {
        let breaks = text.matches('\n').count();
        let heredoc = if text.ends_with('\n') {
            escape::heredoc(text).filter(|_| breaks > 1 || text.len() > 40)
        } else if breaks > 1 {
            escape::heredoc(&format!("{text}\n"))
        } else {
            None
        };
        match heredoc {
            Some((marker, lines)) => Self::Heredoc { marker, lines, chomp: !text.ends_with('\n') },
            None => Self::Word(escape::quoted(text)),
        }
    }

    /// The value on one line, if it can stand so.
    fn one_line(&self) -> Option<String> {
        match self {
            Self::Word(word) => Some(word.clone()),
            Self::Heredoc { .. } => None,
            Self::List(list) => {
                let items: Option<Vec<_>> = list.iter().map(Self::one_line).collect();
                Some(format!("[{}]", items?.join(", ")))
            }
            Self::Map(map) if map.is_empty() => Some("{}".to_owned()),
            Self::Map(map) => {
                let [(name, value)] = map.as_slice() else { return None };
                Some(format!("{{ {} = {} }}", key(name), value.one_line()?))
            }
            Self::Parens(inner) => Some(format!("({})", inner.one_line()?)),
        }
    }

    /// The value at this depth, after `before` columns on its first line.
    fn print(&self, depth: usize, before: usize) -> String {
        if let Some(line) = self.one_line()
            && (before + line.chars().count() <= WIDTH || matches!(self, Self::Word(_)))
        {
            return line;
        }
        let inner = depth + 1;
        match self {
            Self::Heredoc { marker, lines, chomp: false } => format!("<<{marker}\n{lines}{marker}"),
            Self::Heredoc { marker, lines, chomp: true } => {
                format!("chomp(<<{marker}\n{lines}{marker}\n{})", indent(depth))
            }
            Self::List(list) => {
                let mut out = "[\n".to_owned();
                for (i, item) in list.iter().enumerate() {
                    out.push_str(&indent(inner));
                    out.push_str(&item.print(inner, inner * 2 + 1));
                    // After a heredoc its marker must be alone on the line.
                    if let Self::Heredoc { chomp: false, .. } = item {
                        if i + 1 < list.len() {
                            out.push('\n');
                            out.push_str(&indent(inner));
                            out.push(',');
                        }
                    } else {
                        out.push(',');
                    }
                    out.push('\n');
                }
                out.push_str(&indent(depth));
                out.push(']');
                out
            }
            Self::Map(map) => {
                let members: Vec<_> = map.iter().map(|(name, value)| (key(name), value)).collect();
                format!("{{\n{}{}}}", attributes(&members, inner), indent(depth))
            }
            Self::Parens(value) => format!("({})", value.print(depth, before + 2)),
            Self::Word(word) => word.clone(),
        }
    }
}

/// A number with all the digits that it needs to read back as the same.
fn float(number: f64) -> String {
    let text = number.to_string();
    if text.len() > 24 { format!("{number:e}") } else { text }
}

fn key(name: &str) -> String {
    if escape::is_key(name) { name.to_owned() } else { escape::label(name) }
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

/// The text of a whole file.
pub fn print(items: &[Item]) -> String {
    body(items, 0)
}

fn body(items: &[Item], depth: usize) -> String {
    let split = items.iter().take_while(|item| matches!(item, Item::Attribute { .. })).count();
    let (first, blocks) = items.split_at(split);
    let first: Vec<_> = first
        .iter()
        .filter_map(|item| match item {
            Item::Attribute { name, value } => Some((name.clone(), value)),
            Item::Block { .. } => None,
        })
        .collect();
    let mut out = attributes(&first, depth);
    for item in blocks {
        let Item::Block { name, labels, items } = item else { continue };
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&indent(depth));
        out.push_str(name);
        for label in labels {
            out.push(' ');
            out.push_str(&escape::label(label));
        }
        if items.is_empty() {
            out.push_str(" {}\n");
        } else {
            out.push_str(" {\n");
            out.push_str(&body(items, depth + 1));
            out.push_str(&indent(depth));
            out.push_str("}\n");
        }
    }
    out
}

/// Attributes, one a line. The `=` of neighbours are aligned; a value that opens brackets over
/// several lines stands for itself.
fn attributes(members: &[(String, &Expr)], depth: usize) -> String {
    let mut out = String::new();
    let mut chain: Vec<(&str, String)> = Vec::new();
    for (name, value) in members {
        let text = value.print(depth, depth * 2 + name.chars().count() + 3);
        let alone = text.contains('\n') && !matches!(value, Expr::Heredoc { chomp: false, .. });
        if alone {
            flush(&mut chain, depth, &mut out);
            out.push_str(&format!("{}{name} = {text}\n", indent(depth)));
            continue;
        }
        chain.push((name, text));
    }
    flush(&mut chain, depth, &mut out);
    out
}

fn flush(chain: &mut Vec<(&str, String)>, depth: usize, out: &mut String) {
    let width = chain.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    for (name, text) in chain.drain(..) {
        let blanks = " ".repeat(width - name.chars().count());
        out.push_str(&format!("{}{name}{blanks} = {text}\n", indent(depth)));
    }
}
