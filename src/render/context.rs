//! What a template sees: a tree of values that know where they were written.
//!
//! Maps and lists are minijinja objects of ours, so that an access can be traced; scalars are
//! plain values, so that templates can compute with them. A printed text is recognised by its
//! address, which stays the same from the tree to the formatter; a printed number or truth by
//! being the one read last. What a template computed has no origin of its own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::{Enumerator, Object, ObjectRepr, Value, ValueKind};

use crate::diagnostic::Place;

/// A value for templates, and where it was written.
#[derive(Debug, Clone)]
pub struct Item {
    /// The value.
    pub data: Data,
    /// Where it was written; `None` for what no file says.
    pub place: Option<Place>,
}

/// A value for templates.
#[derive(Debug, Clone)]
pub enum Data {
    /// Nothing.
    Null,
    /// A truth.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A fraction.
    Float(f64),
    /// Text.
    Text(Arc<str>),
    /// A list.
    List(Vec<Arc<Item>>),
    /// A map, in the order in which it was written.
    Map(IndexMap<String, Arc<Item>>),
}

impl Item {
    /// A value that no file says.
    pub fn new(data: impl Into<Data>) -> Arc<Self> {
        Arc::new(Self { data: data.into(), place: None })
    }

    /// A value and where it was written.
    pub fn placed(data: impl Into<Data>, place: Option<Place>) -> Arc<Self> {
        Arc::new(Self { data: data.into(), place })
    }

    /// The keys of a map, for hints.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let map = match &self.data {
            Data::Map(map) => Some(map),
            _ => None,
        };
        map.into_iter().flat_map(IndexMap::keys).map(String::as_str)
    }

    /// The value at `path`, keys only.
    pub(super) fn at<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<&Self> {
        path.into_iter().try_fold(self, |item, key| match &item.data {
            Data::Map(map) => map.get(key).map(|child| &**child),
            _ => None,
        })
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Data {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Data {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl<T: Into<Self>> From<Option<T>> for Data {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Vec<Arc<Item>>> for Data {
    fn from(list: Vec<Arc<Item>>) -> Self {
        Self::List(list)
    }
}

impl From<IndexMap<String, Arc<Item>>> for Data {
    fn from(map: IndexMap<String, Arc<Item>>) -> Self {
        Self::Map(map)
    }
}

/// A map or list as minijinja sees it.
#[derive(Debug)]
pub(super) struct Branch(pub Arc<Item>);

impl Object for Branch {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if matches!(self.0.data, Data::List(_)) { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match &self.0.data {
            Data::Map(map) => map.get(key.as_str()?).map(value),
            Data::List(list) => list.get(key.as_usize()?).map(value),
            _ => None,
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match &self.0.data {
            Data::Map(map) => map.get(key).map(value),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &self.0.data {
            Data::Map(map) => Enumerator::Values(map.keys().map(|key| Value::from(key.as_str())).collect()),
            Data::List(list) => Enumerator::Seq(list.len()),
            _ => Enumerator::Empty,
        }
    }
}

/// An item as a template reads it; the access is traced.
pub(super) fn value(item: &Arc<Item>) -> Value {
    match &item.data {
        Data::Null => Value::from(()),
        Data::Bool(truth) => {
            read(item);
            Value::from(*truth)
        }
        Data::Int(number) => {
            read(item);
            Value::from(*number)
        }
        Data::Float(number) => {
            read(item);
            Value::from(*number)
        }
        Data::Text(text) => {
            read(item);
            Value::from(text)
        }
        Data::List(_) | Data::Map(_) => Value::from_object(Branch(item.clone())),
    }
}

/// What was read and printed while one template renders.
#[derive(Default)]
struct Trace {
    /// Texts that were read, by their address; holding the item keeps the address taken.
    texts: HashMap<usize, Arc<Item>>,
    /// Numbers and truths read since something was printed.
    recent: Vec<Arc<Item>>,
    /// The origins of what was printed, in order.
    printed: Vec<Option<Place>>,
}

impl Trace {
    /// The origin of the number or truth of this value that was read last.
    fn read_last(&self, value: &Value) -> Option<Place> {
        let same = |item: &&Arc<Item>| match item.data {
            Data::Bool(truth) => *value == Value::from(truth),
            Data::Int(number) => *value == Value::from(number),
            Data::Float(number) => *value == Value::from(number),
            _ => false,
        };
        self.recent.iter().rev().find(same)?.place.clone()
    }
}

thread_local! {
    /// minijinja gives its formatter no state of ours, and one rendering is one call on one thread.
    static TRACE: RefCell<Trace> = RefCell::default();
}

/// More reads than this before anything is printed are a loop over something else.
const RECENT: usize = 64;

fn read(item: &Arc<Item>) {
    if item.place.is_none() {
        return;
    }
    TRACE.with_borrow_mut(|trace| {
        if let Data::Text(text) = &item.data {
            trace.texts.insert(address(text), item.clone());
        } else {
            if trace.recent.len() == RECENT {
                trace.recent.clear();
            }
            trace.recent.push(item.clone());
        }
    });
}

fn address(text: &str) -> usize {
    text.as_ptr().addr()
}

/// Begins a rendering on this thread.
pub(super) fn begin() {
    TRACE.with_borrow_mut(|trace| *trace = Trace::default());
}

/// Ends it: the origins of what was printed, by number.
pub(super) fn end() -> Vec<Option<Place>> {
    TRACE.with_borrow_mut(|trace| std::mem::take(trace).printed)
}

/// A number for the origin of a scalar that is being printed, if its origin is known.
pub(super) fn printed(value: &Value) -> Option<usize> {
    TRACE.with_borrow_mut(|trace| {
        let place = match value.kind() {
            ValueKind::String => {
                value.as_str().and_then(|text| trace.texts.get(&address(text))?.place.clone())
            }
            _ => trace.read_last(value),
        };
        trace.recent.clear();
        note(trace, place)
    })
}

/// A number for the origin of an item that is being printed.
pub(super) fn printed_item(item: &Item) -> Option<usize> {
    TRACE.with_borrow_mut(|trace| note(trace, item.place.clone()))
}

fn note(trace: &mut Trace, place: Option<Place>) -> Option<usize> {
    let place = place?;
    trace.printed.push(Some(place));
    Some(trace.printed.len() - 1)
}

/// A number or truth that a template holds, with its origin where that is known.
pub(super) fn recent(value: &Value) -> Option<Place> {
    TRACE.with_borrow(|trace| trace.read_last(value))
}

/// A text that was made from another, as a value that keeps the other's origin.
pub(super) fn derived(text: String, from: Option<&Place>) -> Value {
    let item = Item::placed(text, from.cloned());
    value(&item)
}
