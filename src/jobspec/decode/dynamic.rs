//! `dynamic "port" { for_each = …  content { … } }`: blocks made from a collection.

use super::body::Decoded;
use super::{DYNAMIC, Decoder, MISSING, UNKNOWN_ATTRIBUTE};
use crate::jobspec::declare::BlockType;
use crate::jobspec::eval::expression::Scope;
use crate::jobspec::eval::value::Value;
use crate::jobspec::syntax::{Block, Expr, ExprKind, Structure};

impl Decoder<'_> {
    /// Expands a `dynamic` block into the blocks that it makes.
    pub(super) fn dynamic(
        &self,
        ty: &'static BlockType,
        block: &Block<'_>,
        scope: &Scope<'_>,
        into: &mut Decoded,
    ) {
        let [label] = &block.labels[..] else {
            self.evaluator.report(
                self.evaluator
                    .error(&MISSING, block.open, "Missing type for dynamic: a dynamic block has one label")
                    .hint("name the kind of block that it makes: `dynamic \"port\" {`"),
            );
            return;
        };
        let Some(field) = self.block_field(ty, &label.text, label.span) else { return };
        let Some(inner) = field.block_type() else {
            self.evaluator.report(self.evaluator.error(
                &DYNAMIC,
                label.span,
                format!("`{}` cannot be made by a dynamic block", label.text),
            ));
            return;
        };
        let Some(spec) = self.spec(block) else { return };
        let Some(collection) = self.evaluator.eval(spec.for_each, scope) else { return };
        let Some(elements) = self.evaluator.elements(collection, spec.for_each.span) else { return };
        let name = spec.iterator.unwrap_or(&label.text);
        for (key, value) in elements {
            let iterator = Value::Object([("key".to_owned(), key), ("value".to_owned(), value)].into());
            let variables = [(name, iterator)];
            let scope = Scope::inside(scope, &variables);
            let before = self.evaluator.problem_count();
            let mut made = self.body(inner, &spec.content.body, spec.content.open, &scope);
            made.object.span = Some(block.header());
            let labels: Vec<&Expr<'_>> = spec.labels.iter().collect();
            if labels.len() != inner.labels.len() {
                self.evaluator.report(self.evaluator.error(
                    &DYNAMIC,
                    spec.labels.first().map_or(block.open, |label| label.span),
                    format!(
                        "`{}` blocks need {} label(s), and `labels` has {}",
                        label.text,
                        inner.labels.len(),
                        labels.len()
                    ),
                ));
                return;
            }
            for (expr, json) in labels.into_iter().zip(inner.labels) {
                let Some(value) = self.evaluator.eval(expr, &scope) else { continue };
                match value.to_text() {
                    Some(text) => self.label(inner, &mut made.object, json, &text, expr.span),
                    None => self.evaluator.report(self.evaluator.error(
                        &DYNAMIC,
                        expr.span,
                        "Invalid dynamic block label: it must be a text",
                    )),
                }
            }
            self.place(ty, field, made, into);
            // What is wrong with the content is wrong with every block that it makes.
            if self.evaluator.problem_count() > before {
                return;
            }
        }
    }

    fn spec<'b, 's>(&self, block: &'b Block<'s>) -> Option<Spec<'b, 's>> {
        let (mut for_each, mut iterator, mut labels, mut content) = (None, None, &[][..], None);
        for structure in &block.body.structures {
            match structure {
                Structure::Attribute(attribute) => match attribute.name.name {
                    "for_each" => for_each = Some(&attribute.expr),
                    "iterator" => match &attribute.expr.kind {
                        ExprKind::Variable(name) => iterator = Some(*name),
                        _ => {
                            self.evaluator.report(self.evaluator.error(
                                &DYNAMIC,
                                attribute.expr.span,
                                "Invalid dynamic iterator name: it must be a single variable name",
                            ));
                            return None;
                        }
                    },
                    "labels" => match &attribute.expr.kind {
                        ExprKind::Tuple(items) => labels = items,
                        _ => {
                            self.evaluator.report(self.evaluator.error(
                                &DYNAMIC,
                                attribute.expr.span,
                                "Invalid dynamic block labels: a list is required",
                            ));
                            return None;
                        }
                    },
                    other => self.evaluator.report(
                        self.evaluator
                            .error(
                                &UNKNOWN_ATTRIBUTE,
                                attribute.name.span,
                                format!("Unsupported argument: a dynamic block has no `{other}`"),
                            )
                            .did_you_mean(other, ["for_each", "iterator", "labels"]),
                    ),
                },
                Structure::Block(inner) if inner.ident.name == "content" => {
                    if let Some(first) = content {
                        self.duplicate(inner, first);
                    } else {
                        content = Some(inner);
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
        let missing = |what: &str| {
            self.evaluator.report(self.evaluator.error(
                &MISSING,
                block.open,
                format!("a dynamic block needs {what}"),
            ));
        };
        match (for_each, content) {
            (Some(for_each), Some(content)) => Some(Spec { for_each, iterator, labels, content }),
            (for_each, content) => {
                if for_each.is_none() {
                    missing("the argument `for_each`");
                }
                if content.is_none() {
                    missing("a `content` block");
                }
                None
            }
        }
    }
}

/// What a `dynamic` block says.
struct Spec<'b, 's> {
    for_each: &'b Expr<'s>,
    iterator: Option<&'s str>,
    labels: &'b [Expr<'s>],
    content: &'b Block<'s>,
}
