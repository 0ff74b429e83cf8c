//! A job in the shape of Nomad's API, every value with the place it came from.
//!
//! The tree is generic: an [`Object`] is a declared block and its values in the order of the
//! declaration's fields. Passes reach fields by their JSON name.

use indexmap::IndexMap;

use super::declare::{BlockType, Unset};
use super::syntax::Span;

/// A value and where it was written.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands in the text of the job file; `None` for what no file says
    /// (defaults, injected values).
    pub span: Option<Span>,
}

/// A value in a job.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// Nothing was written (what JSON shows is the field's `unset`).
    #[default]
    Null,
    /// A truth.
    Bool(bool),
    /// A whole number; a duration in nanoseconds.
    Int(i64),
    /// A fraction.
    Float(f64),
    /// Text.
    Str(String),
    /// A list: of texts, of free values, or of [`Value::Object`]s.
    List(Vec<Node>),
    /// A free map (`env`, `meta`, driver `config`), or blocks keyed by label; as written (JSON
    /// sorts the keys).
    Map(IndexMap<String, Node>),
    /// A declared block.
    Object(Box<Object>),
}

/// A declared block with its values.
#[derive(Debug, Clone)]
pub struct Object {
    /// What it is.
    pub ty: &'static BlockType,
    /// One node for each of `ty.fields`, in that order.
    pub fields: Vec<Node>,
    /// The block's header (`task "web"`) in the text.
    pub span: Option<Span>,
}

/// Equal values are equal wherever they were written.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// Where Nomad cannot tell "not written" from zero, neither do we.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.ty, other.ty)
            && self.ty.fields.iter().zip(self.fields.iter().zip(&other.fields)).all(|(field, (a, b))| {
                a.value == b.value || (field.unset == Unset::Zero && a.value.is_zero() && b.value.is_zero())
            })
    }
}

impl Value {
    /// Whether it is null, `""`, `0` or `false`.
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Null | Self::Bool(false) | Self::Int(0) => true,
            Self::Float(number) => *number == 0.0,
            Self::Str(text) => text.is_empty(),
            _ => false,
        }
    }

    /// Whether it is null, or a list or map without members.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.is_empty(),
            _ => false,
        }
    }
}

/// What absent things read as.
static NULL: Node = Node { value: Value::Null, span: None };

impl Object {
    /// An object of this type with nothing set.
    pub fn new(ty: &'static BlockType) -> Self {
        Self { ty, fields: ty.fields.iter().map(|_| Node::default()).collect(), span: None }
    }

    /// The index of a field by its JSON name.
    fn index(&self, json: &str) -> Option<usize> {
        let found = self.ty.fields.iter().position(|field| field.json == json);
        debug_assert!(found.is_some(), "`{}` has no field `{json}`", self.ty.name);
        found
    }

    /// A field by its JSON name; null where it is not set.
    pub fn get(&self, json: &str) -> &Node {
        self.index(json).map_or(&NULL, |i| &self.fields[i])
    }

    /// A field to change, by its JSON name; `None` only for a name that the type does not have.
    pub fn get_mut(&mut self, json: &str) -> Option<&mut Node> {
        self.index(json).map(|i| &mut self.fields[i])
    }

    /// Sets a field that no file says.
    pub fn set(&mut self, json: &str, value: Value) {
        if let Some(node) = self.get_mut(json) {
            *node = Node { value, span: None };
        }
    }

    /// A text field, `""` where it is not set.
    pub fn str(&self, json: &str) -> &str {
        self.get(json).as_str().unwrap_or_default()
    }

    /// A number or duration field.
    pub fn int(&self, json: &str) -> Option<i64> {
        self.get(json).as_int()
    }

    /// A truth field.
    pub fn bool(&self, json: &str) -> Option<bool> {
        self.get(json).as_bool()
    }

    /// The nested block, if there is one.
    pub fn block(&self, json: &str) -> Option<&Object> {
        self.get(json).as_object()
    }

    /// The nested block to change, if there is one.
    pub fn block_mut(&mut self, json: &str) -> Option<&mut Object> {
        match self.get_mut(json).map(|node| &mut node.value) {
            Some(Value::Object(object)) => Some(object),
            _ => None,
        }
    }

    /// The nested blocks of a list or labelled map.
    pub fn blocks(&self, json: &str) -> impl Iterator<Item = &Object> {
        let (list, map) = match &self.get(json).value {
            Value::List(list) => (Some(list), None),
            Value::Map(map) => (None, Some(map)),
            _ => (None, None),
        };
        let list = list.into_iter().flatten();
        list.chain(map.into_iter().flat_map(IndexMap::values)).filter_map(Node::as_object)
    }

    /// The nested blocks of a list, to change.
    pub fn blocks_mut(&mut self, json: &str) -> impl Iterator<Item = &mut Object> {
        let list = match self.get_mut(json).map(|node| &mut node.value) {
            Some(Value::List(list)) => Some(list),
            _ => None,
        };
        list.into_iter().flatten().filter_map(|node| match &mut node.value {
            Value::Object(object) => Some(&mut **object),
            _ => None,
        })
    }

    /// Whether a field says something: not null, and not the zero of a type without null.
    pub fn is_set(&self, json: &str) -> bool {
        self.index(json).is_some_and(|i| match self.ty.fields[i].unset {
            Unset::Zero => !self.fields[i].value.is_zero(),
            Unset::Null | Unset::Absent => !self.fields[i].is_null(),
        })
    }

    /// The texts of a list.
    pub fn strings(&self, json: &str) -> impl Iterator<Item = &str> {
        let list = match &self.get(json).value {
            Value::List(list) => Some(list),
            _ => None,
        };
        list.into_iter().flatten().filter_map(Node::as_str)
    }

    /// The entries of a free map.
    pub fn map(&self, json: &str) -> Option<&IndexMap<String, Node>> {
        match &self.get(json).value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }
}

impl Node {
    /// Text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self.value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    /// A truth, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// A block, if it is one.
    pub fn as_object(&self) -> Option<&Object> {
        match &self.value {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Whether nothing is set.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self { value, span: None }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(Box::new(object))
    }
}
