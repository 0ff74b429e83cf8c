//! References: names, what is taken from them, and those that only Nomad knows.

use std::collections::BTreeMap;

use super::expression::{Evaluated, Evaluator, INDEX, Scope};
use super::value::{Value, nfc};
use crate::diagnostic::nearest;
use crate::jobspec::syntax::{Expr, ExprKind, Ident, Span, Splat, Step, TemplatePart};

/// Bytes that a reference may grow to by the braces behind it.
const MAX_REFERENCE: usize = 64 << 10;

/// How deep a value may be nested that is copied by its name.
const MAX_DEPTH: usize = 200;

/// How large a value is.
#[derive(Default)]
struct Size {
    values: u64,
    bytes: usize,
}

impl Size {
    /// Adds a value at this depth; false if it is nested too deep.
    fn add(&mut self, value: &Value, depth: usize) -> bool {
        self.values += 1;
        if depth > MAX_DEPTH {
            return false;
        }
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
            Value::String(text) => {
                self.bytes += text.len();
                true
            }
            Value::List(values) | Value::Set(values) | Value::Tuple(values) => {
                values.iter().all(|value| self.add(value, depth + 1))
            }
            Value::Map(members) | Value::Object(members) => members.iter().all(|(name, value)| {
                self.bytes += name.len();
                self.add(value, depth + 1)
            }),
        }
    }
}

impl Evaluator<'_> {
    /// A name with what is taken from it.
    pub(super) fn traversal(&self, expr: &Expr<'_>, scope: &Scope<'_>) -> Evaluated {
        // `for` variables and `var.x` are looked up in place: only what is asked for is copied.
        if let Some(value) = self.resolve(expr, scope) {
            return self.copy(value, expr.span);
        }
        if let Some(name) = root(expr)
            && scope.get(name).is_none()
            && !self.roots.contains_key(name)
        {
            return self.unknown(expr, name);
        }
        match &expr.kind {
            ExprKind::GetAttr(inner, name) => {
                let value = self.eval(inner, scope)?;
                self.get_attr(value, *name)
            }
            ExprKind::Index(inner, key) => {
                let (value, key_value) = (self.eval(inner, scope), self.eval(key, scope));
                self.index(value?, key_value?, key.span, inner.span.to(expr.span))
            }
            _ => None,
        }
    }

    /// A copy of a value that has a name. It is paid for: values that hold the ones before them twice
    /// would double with each name.
    fn copy(&self, value: &Value, span: Span) -> Evaluated {
        let mut size = Size::default();
        if !size.add(value, 0) {
            return self.fail(
                &INDEX,
                span,
                format!("this value is nested more than {MAX_DEPTH} levels deep"),
            );
        }
        self.charge(span, size.values, size.bytes).then(|| value.clone())
    }

    pub(super) fn resolve<'v>(&'v self, expr: &Expr<'_>, scope: &Scope<'v>) -> Option<&'v Value> {
        match &expr.kind {
            ExprKind::Variable(name) => scope.get(name).or_else(|| self.roots.get(*name)),
            ExprKind::GetAttr(inner, name) => self.resolve(inner, scope)?.members()?.get(name.name),
            _ => None,
        }
    }

    pub(super) fn unknown(&self, expr: &Expr<'_>, name: &str) -> Evaluated {
        if self.keeps_unknown {
            return Some(Value::String(nfc(as_written(self.source.text(), expr.span))));
        }
        let span = Span { start: expr.span.start, end: expr.span.start + name.len() as u32 };
        self.fail(&INDEX, span, format!("Variables not allowed: `{name}` cannot be used here"))
    }

    pub(super) fn get_attr(&self, value: Value, name: Ident<'_>) -> Evaluated {
        let span = Span { start: name.span.start.saturating_sub(1), end: name.span.end };
        let known = |members: &BTreeMap<String, Value>| {
            let hint = nearest(name.name, members.keys().map(String::as_str));
            hint.map(|near| format!("did you mean `{near}`?"))
        };
        let (message, hint) = match value {
            Value::Map(mut members) | Value::Object(mut members) => match members.remove(name.name) {
                Some(value) => return Some(value),
                None => {
                    (format!("Unsupported attribute: there is no attribute `{}`", name.name), known(&members))
                }
            },
            Value::Null => {
                ("Attempt to get attribute from null value: null has no attributes".to_owned(), None)
            }
            other => (
                format!("Unsupported attribute: a {} has no attributes", other.kind()),
                other.elements().map(|_| "name one element with `[0]`, or all of them with `[*]`".to_owned()),
            ),
        };
        let diagnostic = self.error(&INDEX, span, message);
        self.report(match hint {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        });
        None
    }

    pub(super) fn index(&self, value: Value, key: Value, key_span: Span, whole: Span) -> Evaluated {
        // The place is that of the brackets, or of the dot.
        let text = self.source.text();
        let before = &text[..key_span.start as usize];
        // An index may also be written behind a dot: `a.0`.
        let open =
            if before.ends_with('.') { before.len() - 1 } else { before.rfind('[').unwrap_or(before.len()) };
        let span = Span { start: open as u32, end: whole.end.max(key_span.end) };
        let invalid = |why: &str| self.fail(&INDEX, span, format!("Invalid index: {why}"));
        if key.is_null() {
            return invalid("null cannot be an index");
        }
        match value {
            Value::Null => self.fail(&INDEX, span, "Attempt to index null value: null has no indices"),
            Value::List(mut items) | Value::Tuple(mut items) => {
                let Some(number) = key.to_number() else { return invalid("a number is required") };
                if !number.is_whole() {
                    return invalid("a whole number is required, and this one has a fractional part");
                }
                if number.is_negative() {
                    return invalid("a negative number is not a valid index");
                }
                match number.as_i64().and_then(|i| usize::try_from(i).ok()).filter(|i| *i < items.len()) {
                    Some(i) => Some(items.swap_remove(i)),
                    None if items.is_empty() => invalid("the collection has no elements"),
                    None => invalid(&format!("the collection has only {} elements", items.len())),
                }
            }
            Value::Map(mut members) | Value::Object(mut members) => {
                let Some(name) = key.to_text() else { return invalid("a string is required") };
                match members.remove(&name) {
                    Some(value) => Some(value),
                    None => invalid(&format!("there is no element with the key `{name}`")),
                }
            }
            Value::Set(_) => invalid("the elements of a set have no indices"),
            _ => invalid("this value does not have any indices"),
        }
    }

    pub(super) fn splat(&self, splat: &Splat<'_>, scope: &Scope<'_>) -> Evaluated {
        let source = self.eval(&splat.source, scope)?;
        self.splat_value(source, &splat.each, splat.source.span.to(splat.marker), scope)
    }

    pub(super) fn splat_value(
        &self,
        source: Value,
        each: &[Step<'_>],
        span: Span,
        scope: &Scope<'_>,
    ) -> Evaluated {
        let is_list = matches!(source, Value::List(_) | Value::Set(_));
        let items = match source.into_elements() {
            Ok(items) => items,
            Err(Value::Null) => Vec::new(),
            Err(single) => vec![single],
        };
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            if !self.step(span, 0) {
                return None;
            }
            values.push(each.iter().try_fold(item, |value, step| self.apply(value, step, span, scope))?);
        }
        Some(if is_list { Value::List(values) } else { Value::Tuple(values) })
    }

    pub(super) fn apply(&self, value: Value, step: &Step<'_>, span: Span, scope: &Scope<'_>) -> Evaluated {
        match step {
            Step::Attr(name) => self.get_attr(value, *name),
            Step::Index(key) => {
                let key_value = self.eval(key, scope)?;
                self.index(value, key_value, key.span, key.span)
            }
            Step::Splat(each, _) => self.splat_value(value, each, span, scope),
        }
    }

    /// Where HashiCorp's parser says that an expression starts: what a type error points at.
    pub fn start(&self, expr: &Expr<'_>) -> Span {
        let byte = |at: u32| Span { start: at, end: at + 1 };
        match &expr.kind {
            ExprKind::Call(call) => Span { start: call.name.span.start, end: call.name.span.end + 1 },
            ExprKind::Conditional(parts) => self.start(&parts[0]),
            ExprKind::Binary(_, left, _) => self.start(left),
            ExprKind::Parens(inner) => self.start(inner),
            ExprKind::Splat(splat) => splat.marker,
            ExprKind::Tuple(_) | ExprKind::Object(_) | ExprKind::For(_) | ExprKind::Unary(..) => {
                byte(expr.span.start)
            }
            ExprKind::Index(inner, key) if !is_literal_key(key) => byte(self.bracket(inner, key)),
            // The text in the quotes, or the first line of a heredoc; behind it if it is empty.
            ExprKind::String(text) if text.is_empty() => Span { start: expr.span.end, end: expr.span.end },
            ExprKind::String(_) => {
                let text = self.source.text().get(expr.span.range()).unwrap_or_default();
                let skipped = if text.starts_with('"') { 1 } else { text.find('\n').map_or(0, |at| at + 1) };
                let start = expr.span.start + skipped as u32;
                let end = if skipped == 1 { expr.span.end.saturating_sub(1) } else { expr.span.end };
                Span { start, end: end.max(start) }
            }
            ExprKind::Template(parts) => match parts.first() {
                Some(TemplatePart::Literal(_, span)) => *span,
                // One interpolation alone is not a text, and starts where its quotes do.
                Some(TemplatePart::Interpolation(..)) if parts.len() == 1 => expr.span,
                Some(TemplatePart::Interpolation(inner, _)) => self.start(inner),
                Some(TemplatePart::If(branch)) => self.start(&branch.condition),
                Some(TemplatePart::For(form)) => form.span,
                None => expr.span,
            },
            _ => expr.span,
        }
    }

    /// Where the bracket before a key stands.
    fn bracket(&self, inner: &Expr<'_>, key: &Expr<'_>) -> u32 {
        let between = self.source.text().get(inner.span.end as usize..key.span.start as usize);
        inner.span.end + between.and_then(|text| text.find('[')).unwrap_or(0) as u32
    }
}

/// Whether a key is written out, so that it is part of a traversal.
fn is_literal_key(key: &Expr<'_>) -> bool {
    matches!(key.kind, ExprKind::Number(_) | ExprKind::String(_))
}

/// The name at the root of a traversal whose every step is written out.
pub(super) fn root<'s>(expr: &Expr<'s>) -> Option<&'s str> {
    match &expr.kind {
        ExprKind::Variable(name) => Some(name),
        ExprKind::GetAttr(inner, _) => root(inner),
        ExprKind::Index(inner, key) if is_literal_key(key) => root(inner),
        _ => None,
    }
}

/// A reference that Nomad resolves, as the text that it was written as, in `${` and `}`.
///
/// This is what Nomad's parser does to the letter (jobspec2, `UndefinedVariable`): blanks inside
/// the braces are kept, and a reference outside of any is put into them. The scan behind the
/// reference does not stop at the first `}`; two in a row give two.
fn as_written(text: &str, span: Span) -> String {
    let bytes = text.as_bytes();
    let (start, end) = (span.start as usize, span.end as usize);
    let reference = text.get(start..end).unwrap_or_default();
    let blanks = bytes[..start].iter().rev().take_while(|b| **b == b' ').count();
    let brace = start - blanks;
    if brace < 2 || &bytes[brace - 2..brace] != b"${" {
        return format!("${{{reference}}}");
    }
    let mut out = text.get(brace - 2..end).unwrap_or_default().to_owned();
    for (i, byte) in bytes.iter().enumerate().skip(end + 1) {
        match byte {
            // Thousands of braces in a row are nobody's reference, and would grow without end.
            b'}' if out.len() > MAX_REFERENCE => break,
            b'}' => out.push_str(text.get(end..i).unwrap_or_default()),
            b' ' => {}
            _ => {
                out.push('}');
                break;
            }
        }
    }
    out
}
