//! Where the entries of maps and the elements of lists are written.
//!
//! A value does not know the expression it came from; where that writes a list or map out, each
//! member has an expression of its own. What is computed has the place of the whole expression.

use crate::jobspec::syntax::{Call, Expr, ExprKind, ObjectItem, Span};
use crate::jobspec::tree::{Node, Value};

/// Notes in every member of a value where it stands in the expression that it is the value of.
pub(super) fn note(value: &mut Value, expr: &Expr<'_>) {
    match (value, &expr.kind) {
        (value, ExprKind::Parens(inner)) => note(value, inner),
        (Value::List(nodes), ExprKind::Tuple(items)) if nodes.len() == items.len() => {
            nodes.iter_mut().zip(items).for_each(|(node, item)| place(node, item));
        }
        (Value::Map(map), ExprKind::Object(items)) => {
            if items.iter().any(|item| key(item).is_none()) {
                map.values_mut().for_each(|node| fill(node, expr.span));
            }
            for item in items {
                if let Some(node) = key(item).and_then(|key| map.get_mut(key)) {
                    place(node, &item.value);
                }
            }
        }
        (value @ (Value::List(_) | Value::Map(_)), ExprKind::Call(call)) => {
            members(value, expr.span);
            note_call(value, call);
        }
        (value, _) => members(value, expr.span),
    }
}

/// The functions that put lists or maps together and leave their members as they are.
fn note_call(value: &mut Value, call: &Call<'_>) {
    match (value, call.name.name, &*call.args) {
        (Value::List(nodes), "concat", args) if !call.expand => {
            let lists = args.iter().map(|arg| match &arg.kind {
                ExprKind::Tuple(items) => Some(items.iter()),
                _ => None,
            });
            let Some(lists) = lists.collect::<Option<Vec<_>>>() else { return };
            nodes.iter_mut().zip(lists.into_iter().flatten()).for_each(|(node, item)| place(node, item));
        }
        // The last one to have a key has it.
        (Value::Map(map), "merge", args) if !call.expand => {
            for arg in args {
                match &arg.kind {
                    ExprKind::Object(items) => {
                        for item in items {
                            if let Some(node) = key(item).and_then(|key| map.get_mut(key)) {
                                place(node, &item.value);
                            }
                        }
                    }
                    // What it has is not known here: it may be any of those before.
                    _ => map.values_mut().for_each(|node| fill(node, arg.span)),
                }
            }
        }
        (value, "tolist" | "tomap", [arg]) => note(value, arg),
        _ => {}
    }
}

/// The key of an entry, where it is written out.
fn key<'e>(item: &'e ObjectItem<'_>) -> Option<&'e str> {
    match &item.key.kind {
        ExprKind::Variable(name) => Some(name),
        ExprKind::String(text) => Some(text),
        _ => None,
    }
}

fn place(node: &mut Node, expr: &Expr<'_>) {
    node.span = Some(expr.span);
    note(&mut node.value, expr);
}

/// One place for a value and all that is in it.
fn fill(node: &mut Node, span: Span) {
    node.span = Some(span);
    members(&mut node.value, span);
}

fn members(value: &mut Value, span: Span) {
    match value {
        Value::List(nodes) => nodes.iter_mut().for_each(|node| fill(node, span)),
        Value::Map(map) => map.values_mut().for_each(|node| fill(node, span)),
        _ => {}
    }
}
