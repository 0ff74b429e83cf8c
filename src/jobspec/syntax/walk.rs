//! Walking expressions.

use super::ast::{Expr, ExprKind, Step, TemplatePart};

/// Calls `found` for every reference: the whole traversal, its root's name, and the attribute
/// that is taken from the root, if one is. Names that `for` binds are references too.
pub fn references<'e, 's>(expr: &'e Expr<'s>, found: &mut dyn FnMut(&'e Expr<'s>, &'s str, Option<&'s str>)) {
    match &expr.kind {
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => {}
        ExprKind::Variable(name) => found(expr, name, None),
        ExprKind::GetAttr(inner, attribute) => match &inner.kind {
            ExprKind::Variable(name) => found(expr, name, Some(attribute.name)),
            _ => references(inner, found),
        },
        ExprKind::Index(inner, key) => {
            references(inner, found);
            references(key, found);
        }
        ExprKind::Template(parts) => template(parts, found),
        ExprKind::Tuple(items) => items.iter().for_each(|item| references(item, found)),
        ExprKind::Object(items) => {
            for item in items {
                if !matches!(item.key.kind, ExprKind::Variable(_)) {
                    references(&item.key, found);
                }
                references(&item.value, found);
            }
        }
        ExprKind::For(form) => {
            references(&form.collection, found);
            form.result_key.iter().for_each(|key| references(key, found));
            references(&form.result, found);
            form.condition.iter().for_each(|condition| references(condition, found));
        }
        ExprKind::Splat(splat) => {
            references(&splat.source, found);
            steps(&splat.each, found);
        }
        ExprKind::Call(call) => call.args.iter().for_each(|argument| references(argument, found)),
        ExprKind::Unary(_, inner) | ExprKind::Parens(inner) => references(inner, found),
        ExprKind::Binary(_, left, right) => {
            references(left, found);
            references(right, found);
        }
        ExprKind::Conditional(parts) => parts.iter().for_each(|part| references(part, found)),
    }
}

fn steps<'e, 's>(each: &'e [Step<'s>], found: &mut dyn FnMut(&'e Expr<'s>, &'s str, Option<&'s str>)) {
    for step in each {
        match step {
            Step::Attr(_) => {}
            Step::Index(key) => references(key, found),
            Step::Splat(each, _) => steps(each, found),
        }
    }
}

fn template<'e, 's>(
    parts: &'e [TemplatePart<'s>],
    found: &mut dyn FnMut(&'e Expr<'s>, &'s str, Option<&'s str>),
) {
    for part in parts {
        match part {
            TemplatePart::Literal(..) => {}
            TemplatePart::Interpolation(inner, _) => references(inner, found),
            TemplatePart::If(branch) => {
                references(&branch.condition, found);
                template(&branch.then, found);
                template(&branch.otherwise, found);
            }
            TemplatePart::For(form) => {
                references(&form.collection, found);
                template(&form.body, found);
            }
        }
    }
}
