//! Objects and `for`: values that are made of others, element by element.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::expression::{Evaluated, Evaluator, ITERATION, Scope};
use super::reference::root;
use super::value::{Value, nfc};
use crate::jobspec::syntax::{Expr, ExprKind, For, ObjectItem, Span};

impl Evaluator<'_> {
    pub(super) fn object(&self, items: &[ObjectItem<'_>], scope: &Scope<'_>) -> Evaluated {
        let mut members = BTreeMap::new();
        let mut whole = true;
        for item in items {
            let key = self.object_key(&item.key, &item.value, scope);
            let value = self.eval(&item.value, scope);
            match (key, value) {
                (Some(key), Some(value)) => {
                    members.insert(nfc(key), value);
                }
                _ => whole = false,
            }
        }
        whole.then_some(Value::Object(members))
    }

    pub(super) fn object_key(&self, key: &Expr<'_>, value: &Expr<'_>, scope: &Scope<'_>) -> Option<String> {
        match &key.kind {
            ExprKind::Variable(name) => return Some((*name).to_owned()),
            ExprKind::Null => return Some("null".to_owned()),
            ExprKind::Bool(truth) => return Some(truth.to_string()),
            ExprKind::GetAttr(..) | ExprKind::Index(..) if root(key).is_some() => {
                self.report(
                    self.error(
                        &ITERATION,
                        key.span,
                        "Ambiguous attribute key: a name with periods can be meant in two ways",
                    )
                    .hint("wrap a reference in parentheses, or a literal name in quotes"),
                );
                return None;
            }
            _ => {}
        }
        match self.eval(key, scope)? {
            Value::Null => self.fail(&ITERATION, value.span, "Null value as key: a key cannot be null"),
            other => match other.to_text() {
                Some(text) => Some(text),
                None => self.fail(
                    &ITERATION,
                    key.span,
                    format!("Incorrect key type: a {} cannot be a key", other.kind()),
                ),
            },
        }
    }

    /// The keys and values of a collection.
    pub fn elements(&self, collection: Value, span: Span) -> Option<Vec<(Value, Value)>> {
        let (kind, null) = (collection.kind(), collection.is_null());
        match collection.into_pairs() {
            None if null => self.fail(&ITERATION, span, "Iteration over null value: null has no elements"),
            None => self.fail(
                &ITERATION,
                span,
                format!("Iteration over non-iterable value: a {kind} has no elements"),
            ),
            pairs => pairs,
        }
    }

    pub(super) fn for_each(&self, expr: &Expr<'_>, form: &For<'_>, scope: &Scope<'_>) -> Evaluated {
        let collection = self.eval(&form.collection, scope)?;
        let elements = self.elements(collection, form.collection.span)?;
        let mut values = Vec::new();
        let mut members: BTreeMap<String, Value> = BTreeMap::new();
        for (key, value) in elements {
            if !self.step(expr.span, 0) {
                return None;
            }
            let variables = [(form.key.map_or("", |key| key.name), key), (form.value.name, value)];
            let inner = Scope::inside(scope, &variables);
            if let Some(condition) = &form.condition {
                match self.eval(condition, &inner)? {
                    Value::Null => {
                        return self.fail(
                            &ITERATION,
                            condition.span,
                            "Invalid 'for' condition: it must not be null",
                        );
                    }
                    other => match other.to_bool() {
                        Some(true) => {}
                        Some(false) => continue,
                        None => {
                            let message = format!(
                                "Invalid 'for' condition: a bool is required, not a {}",
                                other.kind()
                            );
                            return self.fail(&ITERATION, condition.span, message);
                        }
                    },
                }
            }
            let Some(key) = &form.result_key else {
                values.push(self.eval(&form.result, &inner)?);
                continue;
            };
            let name = match self.eval(key, &inner)? {
                Value::Null => {
                    return self.fail(&ITERATION, key.span, "Invalid object key: it must not be null");
                }
                other => match other.to_text() {
                    Some(text) => text,
                    None => {
                        let message = format!("Invalid object key: a {} cannot be a key", other.kind());
                        return self.fail(&ITERATION, key.span, message);
                    }
                },
            };
            let value = self.eval(&form.result, &inner)?;
            if form.group {
                match members.entry(name).or_insert_with(|| Value::Tuple(Vec::new())) {
                    Value::Tuple(group) => group.push(value),
                    other => *other = Value::Tuple(vec![value]),
                }
                continue;
            }
            match members.entry(name) {
                Entry::Vacant(slot) => {
                    slot.insert(value);
                }
                Entry::Occupied(slot) => {
                    let message = format!("Duplicate object key: two items have the key `{}`", slot.key());
                    self.report(
                        self.error(&ITERATION, key.span, message)
                            .hint("write `...` after the value to collect all values of one key"),
                    );
                    return None;
                }
            }
        }
        Some(if form.result_key.is_some() { Value::Object(members) } else { Value::Tuple(values) })
    }
}
