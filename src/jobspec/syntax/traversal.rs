//! What is taken from a value: `.name`, `[key]`, the legacy `.0`, and splats.

use super::error::{self, SyntaxError};
use super::parser::Parser;
use super::token::{Kind, Token};
use super::{Expr, ExprKind, Ident, MAX_DEPTH, Span, Splat, Step};

impl<'s> Parser<'s> {
    /// The steps that follow a term.
    pub(super) fn traversals(&mut self, term: Expr<'s>) -> Expr<'s> {
        let mut expr = term;
        loop {
            let height = self.height;
            let start = expr.span;
            let (kind, end) = match self.peek().kind {
                Kind::Dot => match self.dot() {
                    Some(Dotted::Attr(name)) => (ExprKind::GetAttr(Box::new(expr), name), name.span),
                    Some(Dotted::Index(number)) => {
                        let end = number.span;
                        (ExprKind::Index(Box::new(expr), Box::new(number)), end)
                    }
                    Some(Dotted::Splat { each, marker, end }) => {
                        (ExprKind::Splat(Box::new(Splat { source: expr, each, marker })), end)
                    }
                    None => continue,
                },
                Kind::OBrack => match self.bracket() {
                    Bracketed::Index(key, close) => (ExprKind::Index(Box::new(expr), Box::new(key)), close),
                    Bracketed::Splat { each, marker, end } => {
                        (ExprKind::Splat(Box::new(Splat { source: expr, each, marker })), end)
                    }
                },
                _ => return expr,
            };
            let span = start.to(end);
            if !self.raise(height.max(self.height), span) {
                return self.placeholder(span);
            }
            expr = Expr { kind, span };
        }
    }

    /// What follows a dot.
    fn dot(&mut self) -> Option<Dotted<'s>> {
        let dot = self.read().span();
        let next = self.peek();
        match next.kind {
            Kind::Ident => {
                self.read();
                Some(Dotted::Attr(self.ident(next)))
            }
            Kind::Number => {
                self.read();
                Some(Dotted::Index(self.legacy_index(next, "")))
            }
            Kind::Star => {
                self.read();
                self.attribute_splat(dot, next.span())
            }
            _ => {
                // Only the first of these: those that follow come from the same mistake.
                self.report(SyntaxError::new(
                    &error::EXPRESSION,
                    next.span(),
                    "Invalid attribute name",
                    "the name of an attribute is expected after the dot",
                ));
                self.recovery = true;
                None
            }
        }
    }

    /// A number after a dot, an index of old times.
    fn legacy_index(&mut self, number: Token, splat: &str) -> Expr<'s> {
        let text = number.text(self.text);
        if let Some((first, second)) = text.split_once('.') {
            self.report(
                SyntaxError::new(
                    &error::EXPRESSION,
                    number.span(),
                    "Invalid legacy index syntax",
                    format!("`{text}` is read as one number"),
                )
                .hint(format!("write `{splat}[{first}][{second}]`")),
            );
        }
        Expr { kind: ExprKind::Number(text), span: number.span() }
    }

    /// The attributes and legacy indexes after `.*`.
    fn attribute_splat(&mut self, dot: Span, star: Span) -> Option<Dotted<'s>> {
        let marker = dot.to(star);
        let mut each = Vec::new();
        let mut end = marker;
        while self.eat(Kind::Dot).is_some() {
            let next = self.peek();
            match next.kind {
                Kind::Ident => {
                    self.read();
                    each.push(Step::Attr(self.ident(next)));
                }
                Kind::Number => {
                    self.read();
                    each.push(Step::Index(self.legacy_index(next, "[*]")));
                }
                _ => {
                    self.report_if_sure(|| {
                        let (span, summary, detail) = if next.kind == Kind::Star {
                            (
                                next.span(),
                                "Nested splat expression not allowed",
                                "`.*` cannot stand inside another `.*`",
                            )
                        } else {
                            (
                                star,
                                "Invalid attribute name",
                                "the name of an attribute is expected after the dot",
                            )
                        };
                        SyntaxError::new(&error::EXPRESSION, span, summary, detail)
                    });
                    self.recovery = true;
                    return None;
                }
            }
            end = next.span();
            if each.len() > MAX_DEPTH as usize {
                self.too_deep(end);
                return None;
            }
        }
        Some(Dotted::Splat { each, marker, end })
    }

    /// What stands in brackets after a value.
    fn bracket(&mut self) -> Bracketed<'s> {
        let open = self.read().span();
        if self.eat(Kind::Star).is_some() {
            return self.full_splat(open);
        }
        let newlines = self.set_newlines(false);
        let failures = self.failures;
        let key = self.expression();
        let close = if self.failed_since(failures) {
            self.recover(Kind::CBrack)
        } else {
            let close = self.read();
            if close.kind == Kind::CBrack || self.recovery {
                close
            } else {
                let detail = "something else stands before the closing bracket of an index";
                self.unclosed_index("Missing close bracket on index", detail, open, close)
            }
        };
        self.set_newlines(newlines);
        Bracketed::Index(key, close.span())
    }

    /// Reports an index that is not closed where it must be. HashiCorp's parser gives the place
    /// at which it went on, and so do we; where it was expected is the related place.
    fn unclosed_index(
        &mut self,
        summary: &'static str,
        detail: &'static str,
        open: Span,
        at: Token,
    ) -> Token {
        let close = self.recover(Kind::CBrack);
        self.report(
            SyntaxError::new(&error::EXPRESSION, close.span(), summary, detail)
                .related(open.to(at.span()), "`]` is missing here"),
        );
        close
    }

    /// `[*]` and all the steps after it, which belong to each element.
    fn full_splat(&mut self, open: Span) -> Bracketed<'s> {
        let mut close = self.read();
        if close.kind != Kind::CBrack && !self.recovery {
            let detail = "`[*` is closed by `]` at once";
            close = self.unclosed_index("Missing close bracket on splat index", detail, open, close);
        }
        let marker = open.to(close.span());
        let mut end = marker;
        let mut height = 0;
        let each = if self.enter(marker) {
            let each = self.steps(&mut end, &mut height);
            self.depth -= 1;
            each
        } else {
            Vec::new()
        };
        self.height = height;
        Bracketed::Splat { each, marker, end }
    }

    /// All the steps at hand; moves `end` to the end of the last, `height` up to the highest key.
    fn steps(&mut self, end: &mut Span, height: &mut u32) -> Vec<Step<'s>> {
        let mut steps = Vec::new();
        loop {
            self.height = 0;
            let step = match self.peek().kind {
                Kind::Dot => match self.dot() {
                    Some(Dotted::Attr(name)) => {
                        *end = name.span;
                        Step::Attr(name)
                    }
                    Some(Dotted::Index(number)) => {
                        *end = number.span;
                        Step::Index(number)
                    }
                    Some(Dotted::Splat { each, marker, end: last }) => {
                        *end = last;
                        Step::Splat(each, marker)
                    }
                    None => continue,
                },
                Kind::OBrack => match self.bracket() {
                    Bracketed::Index(key, close) => {
                        *end = close;
                        Step::Index(key)
                    }
                    Bracketed::Splat { each, marker, end: last } => {
                        *end = last;
                        Step::Splat(each, marker)
                    }
                },
                _ => return steps,
            };
            steps.push(step);
            *height = (*height).max(self.height + 1);
            if steps.len() > MAX_DEPTH as usize {
                self.too_deep(*end);
                return steps;
            }
        }
    }
}

/// What can follow a dot.
enum Dotted<'s> {
    Attr(Ident<'s>),
    Index(Expr<'s>),
    Splat { each: Vec<Step<'s>>, marker: Span, end: Span },
}

/// What can stand in brackets after a value.
enum Bracketed<'s> {
    Index(Expr<'s>, Span),
    Splat { each: Vec<Step<'s>>, marker: Span, end: Span },
}
