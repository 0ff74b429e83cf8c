//! `dynamic "port" { for_each = …  content { … } }`: blocks made from a collection.

use std::borrow::Cow;

use super::body::{Decoded, Written, check_labels, label_names, may_repeat};
use super::{DUPLICATE_BLOCK, DYNAMIC, Decoder, MISSING, UNKNOWN_ATTRIBUTE};
use crate::jobspec::declare::BlockType;
use crate::jobspec::eval::expression::Scope;
use crate::jobspec::eval::value::Value;
use crate::jobspec::syntax::{Block, Expr, ExprKind, Span, Structure};

impl Decoder<'_> {
    /// Expands a `dynamic` block into the blocks that it makes.
    pub(super) fn dynamic(
        &self,
        ty: &'static BlockType,
        block: &Block<'_>,
        scope: &Scope<'_>,
        into: &mut Decoded,
    ) {
        if !check_labels(&self.evaluator, block, &["type"]) {
            return;
        }
        let Some(label) = block.labels.first() else { return };
        let Some(field) = self.block_field(ty, &label.text, label.span) else { return };
        let wanted = label_names(field).len();
        let Some(spec) = self.arguments(block, wanted > 0) else { return };
        let Some(spec) = self.spec(block, spec, wanted, scope) else { return };
        if spec.elements.len() > 1 && !may_repeat(field) {
            self.duplicate(field.hcl, block.header(), block.header());
            return;
        }
        let name = spec.iterator.unwrap_or(&label.text);
        for (key, value) in spec.elements {
            let iterator = Value::Object([("key".to_owned(), key), ("value".to_owned(), value)].into());
            let variables = [(name, iterator)];
            let scope = Scope::inside(scope, &variables);
            let before = self.evaluator.problem_count();
            if let Some(labels) = self.labels(spec.labels, &scope) {
                let made = Written {
                    header: block.header(),
                    labels,
                    open: spec.content.open,
                    body: &spec.content.body,
                };
                self.nested(ty, field, &made, &scope, into);
            }
            // What is wrong with the content is wrong with every block that it makes.
            if self.evaluator.problem_count() > before {
                return;
            }
        }
    }

    /// The arguments of a `dynamic` block, if they can be those of one.
    fn arguments<'b, 's>(&self, block: &'b Block<'s>, labelled: bool) -> Option<Arguments<'b, 's>> {
        let before = self.evaluator.problem_count();
        let mut found = Arguments { for_each: None, iterator: None, labels: None, contents: Vec::new() };
        for structure in &block.body.structures {
            match structure {
                Structure::Attribute(attribute) => match attribute.name.name {
                    "for_each" => found.for_each = Some(&attribute.expr),
                    "iterator" => found.iterator = Some(&attribute.expr),
                    "labels" if labelled => found.labels = Some(&attribute.expr),
                    other => {
                        let diagnostic = self.evaluator.error(
                            &UNKNOWN_ATTRIBUTE,
                            attribute.name.span,
                            format!("Unsupported argument: this dynamic block has no `{other}`"),
                        );
                        self.evaluator.report(if other == "labels" {
                            diagnostic.hint("the blocks that it makes have no label")
                        } else {
                            diagnostic.did_you_mean(other, ["for_each", "iterator", "labels"])
                        });
                    }
                },
                Structure::Block(inner) if inner.ident.name == "content" => {
                    if check_labels(&self.evaluator, inner, &[]) {
                        found.contents.push(inner);
                    }
                }
                Structure::Block(inner) => self.evaluator.report(
                    self.evaluator
                        .error(
                            &DYNAMIC,
                            inner.ident.span,
                            format!(
                                "Unsupported block type: a dynamic block has no `{}` block",
                                inner.ident.name
                            ),
                        )
                        .did_you_mean(inner.ident.name, ["content"]),
                ),
            }
        }
        let missing =
            [("for_each", found.for_each.is_none()), ("labels", labelled && found.labels.is_none())];
        for (name, _) in missing.iter().filter(|(_, missing)| *missing) {
            self.evaluator.report(self.evaluator.error(
                &MISSING,
                self.missing_at(block.open, &block.body),
                format!("Missing required argument: this dynamic block needs `{name}`"),
            ));
        }
        (self.evaluator.problem_count() == before).then_some(found)
    }

    /// What the arguments say, looked at in the order in which Nomad's parser does: the first
    /// mistake is the only one.
    fn spec<'b, 's>(
        &self,
        block: &Block<'s>,
        given: Arguments<'b, 's>,
        wanted: usize,
        scope: &Scope<'_>,
    ) -> Option<Spec<'b, 's>> {
        let refuse = |span: Span, why: &str| self.evaluator.report(self.evaluator.error(&DYNAMIC, span, why));
        let iterator = match given.iterator.map(|expr| (&expr.kind, expr.span)) {
            None => None,
            Some((ExprKind::Variable(name), _)) => Some(*name),
            Some((_, span)) => {
                refuse(span, "Invalid dynamic iterator name: it must be a single variable name");
                return None;
            }
        };
        let for_each = given.for_each?;
        let collection = self.evaluator.eval(for_each, scope)?;
        let Some(elements) = collection.into_pairs() else {
            refuse(for_each.span, "Invalid dynamic for_each value: a list, a set or a map is required");
            return None;
        };
        let labels = match given.labels.map(|expr| (&expr.kind, expr.span)) {
            None => &[][..],
            Some((ExprKind::Tuple(items), span)) => {
                let needs = |span| refuse(span, &format!("these blocks need {wanted} label(s)"));
                if let Some(extra) = items.get(wanted) {
                    needs(extra.span);
                    return None;
                }
                if items.len() < wanted {
                    needs(span);
                    return None;
                }
                &items[..]
            }
            Some((_, span)) => {
                refuse(span, "Invalid dynamic block labels: a list that is written out is required");
                return None;
            }
        };
        match given.contents[..] {
            [content] => Some(Spec { elements, iterator, labels, content }),
            [] => {
                let span = self.missing_at(block.open, &block.body);
                refuse(span, "Missing dynamic content block: a dynamic block needs a `content` block");
                None
            }
            [first, second, ..] => {
                let diagnostic = self.evaluator.error(
                    &DUPLICATE_BLOCK,
                    second.header(),
                    "Extraneous dynamic content block: only one is allowed",
                );
                let first = self.evaluator.source.place(first.header().range());
                self.evaluator.report(diagnostic.related(first, "first here"));
                None
            }
        }
    }

    /// The labels of one block that is made.
    fn labels<'l>(&self, exprs: &[Expr<'_>], scope: &Scope<'_>) -> Option<Vec<(Cow<'l, str>, Span)>> {
        let mut labels = Vec::with_capacity(exprs.len());
        for expr in exprs {
            let value = self.evaluator.eval(expr, scope)?;
            let Some(text) = value.to_text() else {
                self.evaluator.report(self.evaluator.error(
                    &DYNAMIC,
                    expr.span,
                    format!("Invalid dynamic block label: a {} cannot be a label", value.kind()),
                ));
                return None;
            };
            labels.push((Cow::Owned(text), expr.span));
        }
        Some(labels)
    }
}

/// What stands in a `dynamic` block.
struct Arguments<'b, 's> {
    for_each: Option<&'b Expr<'s>>,
    iterator: Option<&'b Expr<'s>>,
    labels: Option<&'b Expr<'s>>,
    contents: Vec<&'b Block<'s>>,
}

/// What a `dynamic` block says.
struct Spec<'b, 's> {
    elements: Vec<(Value, Value)>,
    iterator: Option<&'s str>,
    labels: &'b [Expr<'s>],
    content: &'b Block<'s>,
}
