//! From JSON to the tree, by the declarations.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::text::{self, Json, JsonNode};
use crate::codes;
use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::jobspec::Job;
use crate::jobspec::blocks::JOB;
use crate::jobspec::declare::{BlockType, Field, NullMember, Type, Width};
use crate::jobspec::syntax::Span;
use crate::jobspec::tree::{Node, Object, Value};

codes! {
    /// The text is not JSON.
    JSON_SYNTAX = "P0470", "a job file in JSON is not JSON", "RFC 8259";
    /// The text is larger than a job can be.
    JSON_TOO_LARGE = "P0471", "a job file in JSON is too large", "";
    /// A value is not of the type that Nomad's API has there.
    JSON_TYPE = "P0472", "a value in a JSON job has the wrong type", "Nomad API, JSON jobs";
    /// Nomad's API has no such key and ignores it.
    JSON_UNKNOWN_KEY = "P0473", "a key in a JSON job is not known and is ignored", "Nomad API, JSON jobs";
    /// A key stands twice and only the last value counts.
    JSON_DUPLICATE_KEY = "P0474", "a key stands twice in a JSON job", "RFC 8259, 4";
    /// A null stands where Nomad reads a block and breaks off the request.
    JSON_NULL_BLOCK = "P0750", "no null stands among the blocks of a JSON job", "agent.ApiJobToStructJob";
}

/// The largest text that is read, in bytes.
const MAX_SIZE: usize = 64 << 20;

/// How many mistakes are collected before reading stops.
const MAX_ERRORS: usize = 100;

impl Job {
    /// Reads a job in the JSON of Nomad's API: `{"Job": {…}}`, or the job itself.
    ///
    /// A job that a server returned is read too. Keys that Nomad does not know are ignored, as
    /// Nomad does; [`Job::notes`] has them.
    ///
    /// # Errors
    ///
    /// A text that is not JSON, or every value of a wrong type.
    pub fn from_json(source: &Source) -> Result<Self, Vec<Diagnostic>> {
        let size = source.text().len();
        if size > MAX_SIZE {
            let message = format!("the file has {size} bytes; at most {MAX_SIZE} are read");
            return Err(vec![Diagnostic::error(&JSON_TOO_LARGE, message).at(source.place(0..0))]);
        }
        let node = text::parse(source.text()).map_err(|error| {
            let diagnostic = Diagnostic::error(&JSON_SYNTAX, format!("not valid JSON: {}", error.message));
            vec![diagnostic.at(source.place(error.span.range()))]
        })?;
        let mut reader = Reader { source, diagnostics: Vec::new() };
        let root = reader.object(&JOB, unwrap_job(node), "the job");
        let (errors, notes): (Vec<_>, Vec<_>) =
            reader.diagnostics.into_iter().partition(Diagnostic::is_error);
        match root {
            Some(root) if errors.is_empty() => Ok(Self { root, source: Some(source.clone()), notes }),
            _ => Err(errors),
        }
    }
}

/// The job inside `{"Job": {…}}`, or the value itself.
fn unwrap_job(mut node: JsonNode<'_>) -> JsonNode<'_> {
    if let Json::Object(members) = &mut node.value {
        let inner = members.iter().position(|(key, _, value)| {
            key.eq_ignore_ascii_case("Job") && matches!(value.value, Json::Object(_))
        });
        if let Some(i) = inner {
            return members.swap_remove(i).2;
        }
    }
    node
}

struct Reader<'a> {
    source: &'a Source,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn report(&mut self, diagnostic: Diagnostic, span: Span) {
        if self.diagnostics.len() < MAX_ERRORS {
            self.diagnostics.push(diagnostic.at(self.source.place(span.range())));
        }
    }

    /// Reports a wrong type; nothing is set then.
    fn wrong<T>(&mut self, what: &str, wanted: &str, node: &JsonNode<'_>) -> Option<T> {
        let message = format!("{what} must be {wanted}, not {}", node.value.kind());
        self.report(Diagnostic::error(&JSON_TYPE, message), node.span);
        None
    }

    fn note(&mut self, diagnostic: Diagnostic, span: Span) {
        self.report(Diagnostic { severity: Severity::Note, ..diagnostic }, span);
    }

    fn object(&mut self, ty: &'static BlockType, node: JsonNode<'_>, what: &str) -> Option<Object> {
        let span = node.span;
        let Json::Object(members) = node.value else { return self.wrong(what, "an object", &node) };
        let mut object = Object::new(ty);
        object.span = Some(span);
        for (key, key_span, value) in members {
            let Some(i) = position(ty, &key) else {
                let diagnostic = Diagnostic::warning(
                    &JSON_UNKNOWN_KEY,
                    format!("Nomad knows no key `{key}` in `{}` and ignores it", ty.name),
                );
                let known = ty.fields.iter().map(|field| field.json);
                self.note(diagnostic.did_you_mean(&key, known), key_span);
                continue;
            };
            let field = &ty.fields[i];
            let span = value.span;
            if object.fields[i].span.is_some() {
                let message = format!("`{}` stands twice here; the last one counts", field.json);
                self.note(Diagnostic::warning(&JSON_DUPLICATE_KEY, message), key_span);
            }
            let value = self.field(field, value).unwrap_or_default();
            object.fields[i] = Node { value, span: Some(span) };
        }
        Some(object)
    }

    /// The value of a field; `None` after a report.
    fn field(&mut self, field: &'static Field, node: JsonNode<'_>) -> Option<Value> {
        if matches!(node.value, Json::Null) {
            return Some(Value::Null);
        }
        let what = format!("`{}`", field.json);
        match field.ty {
            Type::String => self.string(&what, node).map(Value::Str),
            Type::Bool => match node.value {
                Json::Bool(truth) => Some(Value::Bool(truth)),
                _ => self.wrong(&what, "`true` or `false`", &node),
            },
            Type::Int(width) => self.int(&what, "a whole number", width, &node),
            Type::Duration => self.int(&what, "a whole number of nanoseconds", Width::Int, &node),
            Type::Strings => {
                self.list(&what, "texts", node, |reader, item| reader.text(&what, item).map(Value::Str))
            }
            Type::Ints(width) => self.list(&what, "numbers", node, |reader, item| {
                // Nomad reads null as 0.
                if matches!(item.value, Json::Null) {
                    return Some(Value::Int(0));
                }
                reader.int(&what, "a list of whole numbers", width, &item)
            }),
            Type::StringMap(_) => {
                self.map(&what, node, |reader, _, item| reader.text(&what, item).map(Value::Str))
            }
            Type::ListMap => self.map(&what, node, |reader, _, item| {
                if matches!(item.value, Json::Null) {
                    return Some(Value::Null);
                }
                reader.list(&what, "texts", item, |reader, text| reader.text(&what, text).map(Value::Str))
            }),
            Type::Any => self.map(&what, node, |reader, _, item| reader.any(item)),
            Type::Block(ty) => self.object(ty, node, &what).map(Value::from),
            Type::Blocks(ty) => self.list(&what, "objects", node, |reader, item| {
                reader.member(field, ty, item, &format!("each of {what}"))
            }),
            Type::BlockMap(ty) => self.map(&what, node, |reader, key, item| {
                reader.member(field, ty, item, &format!("`{key}` in {what}"))
            }),
        }
    }

    /// One block of a list or map; `None` where the server passes over it, or after a report.
    fn member(
        &mut self,
        field: &'static Field,
        ty: &'static BlockType,
        node: JsonNode<'_>,
        what: &str,
    ) -> Option<Value> {
        if !matches!(node.value, Json::Null) {
            return self.object(ty, node, what).map(Value::from);
        }
        match field.null_member {
            NullMember::Dropped => None,
            NullMember::Block => {
                let mut object = Object::new(ty);
                object.span = Some(node.span);
                Some(object.into())
            }
            NullMember::Refused => {
                let message =
                    format!("{what} must be an object: a server does not answer where it reads null");
                let hint = "remove the `null`";
                self.report(Diagnostic::error(&JSON_NULL_BLOCK, message).hint(hint), node.span);
                None
            }
        }
    }

    fn string(&mut self, what: &str, node: JsonNode<'_>) -> Option<String> {
        match node.value {
            Json::String(text) => Some(text.into_owned()),
            _ => self.wrong(what, "text", &node),
        }
    }

    /// A member of a list or map of texts, where Nomad reads null as `""`.
    fn text(&mut self, what: &str, node: JsonNode<'_>) -> Option<String> {
        match node.value {
            Json::Null => Some(String::new()),
            Json::String(text) => Some(text.into_owned()),
            _ => self.wrong(&format!("each value in {what}"), "text", &node),
        }
    }

    fn int(&mut self, what: &str, wanted: &str, width: Width, node: &JsonNode<'_>) -> Option<Value> {
        let Json::Number(text) = node.value else { return self.wrong(what, wanted, node) };
        if let Ok(number) = text.parse::<i64>()
            && width.holds(number)
        {
            return Some(Value::Int(number));
        }
        let (least, greatest) = width.range();
        let greatest = greatest.min(i64::MAX.into());
        let message = format!("{what} must be {wanted} from {least} to {greatest}, not `{}`", shorten(text));
        self.report(Diagnostic::error(&JSON_TYPE, message), node.span);
        None
    }

    fn list(
        &mut self,
        what: &str,
        members: &str,
        node: JsonNode<'_>,
        mut item: impl FnMut(&mut Self, JsonNode<'_>) -> Option<Value>,
    ) -> Option<Value> {
        let Json::Array(items) = node.value else {
            return self.wrong(what, &format!("a list of {members}"), &node);
        };
        let read = items.into_iter().filter_map(|node| {
            let span = Some(node.span);
            item(self, node).map(|value| Node { value, span })
        });
        Some(Value::List(read.collect()))
    }

    fn map(
        &mut self,
        what: &str,
        node: JsonNode<'_>,
        mut item: impl FnMut(&mut Self, &str, JsonNode<'_>) -> Option<Value>,
    ) -> Option<Value> {
        let Json::Object(members) = node.value else { return self.wrong(what, "an object", &node) };
        let mut map = IndexMap::with_capacity(members.len());
        for (key, _, node) in members {
            let span = Some(node.span);
            if let Some(value) = item(self, &key, node) {
                map.insert(Cow::into_owned(key), Node { value, span });
            }
        }
        Some(Value::Map(map))
    }

    /// A free value.
    fn any(&mut self, node: JsonNode<'_>) -> Option<Value> {
        match node.value {
            Json::Null => Some(Value::Null),
            Json::Bool(truth) => Some(Value::Bool(truth)),
            Json::String(text) => Some(Value::Str(text.into_owned())),
            Json::Number(text) => {
                let value = number(text);
                if value.is_none() {
                    let message = format!("`{}` is too large for a number", shorten(text));
                    self.report(Diagnostic::error(&JSON_TYPE, message), node.span);
                }
                value
            }
            Json::Array(_) => self.list("the value", "values", node, Self::any),
            Json::Object(_) => self.map("the value", node, |reader, _, item| reader.any(item)),
        }
    }
}

/// The field of a JSON key, whose case does not matter to Nomad.
fn position(ty: &BlockType, key: &str) -> Option<usize> {
    let exact = ty.fields.iter().position(|field| field.json == key);
    exact.or_else(|| ty.fields.iter().position(|field| field.json.eq_ignore_ascii_case(key)))
}

/// A free number: whole if it is whole and fits, as Nomad's parser keeps it.
fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::Int(whole));
    }
    let float = text.parse::<f64>().ok().filter(|float| float.is_finite())?;
    // Up to here a float holds every whole number exactly.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = float.fract() == 0.0 && float.abs() <= EXACT;
    Some(if whole { Value::Int(float as i64) } else { Value::Float(float) })
}

/// A number as it was written, or its beginning.
fn shorten(text: &str) -> Cow<'_, str> {
    if text.len() <= 40 { text.into() } else { format!("{}…", &text[..40]).into() }
}
