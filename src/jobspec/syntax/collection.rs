//! Lists and objects, written out or by `for`.

use super::error::{self, SyntaxError};
use super::parser::Parser;
use super::token::{Kind, Token};
use super::{Expr, ExprKind, For, Ident, ObjectItem, Span};

impl<'s> Parser<'s> {
    /// `[a, b]` or `[for …]`
    pub(super) fn tuple(&mut self) -> Expr<'s> {
        let open = self.read();
        let newlines = self.set_newlines(false);
        let expr = if self.at_word("for") { self.for_expr(open) } else { self.tuple_items(open.span()) };
        self.set_newlines(newlines);
        expr
    }

    fn tuple_items(&mut self, open: Span) -> Expr<'s> {
        let mut items = Vec::new();
        let mut height = 0;
        let close = loop {
            if let Some(close) = self.eat(Kind::CBrack) {
                break close;
            }
            let failures = self.failures;
            items.push(self.expression());
            if self.failed_since(failures) {
                break self.recover(Kind::CBrack);
            }
            height = height.max(self.height);
            let next = self.peek();
            match next.kind {
                Kind::CBrack => break self.read(),
                Kind::Comma => {
                    self.read();
                }
                _ => {
                    self.report_if_sure(|| {
                        if next.kind == Kind::Eof {
                            return SyntaxError::new(
                                &error::UNCLOSED,
                                open,
                                "Unterminated tuple constructor expression",
                                "this list has no closing bracket before the end of the file",
                            );
                        }
                        SyntaxError::new(
                            &error::COLLECTION,
                            next.span(),
                            "Missing item separator",
                            "a comma or the closing bracket of the list is expected here",
                        )
                        .related(open, "the list begins here")
                    });
                    break self.recover(Kind::CBrack);
                }
            }
        };
        let span = open.to(close.span());
        if !self.raise(height, span) {
            return self.placeholder(span);
        }
        Expr { kind: ExprKind::Tuple(items), span }
    }

    /// `{ k = v }` or `{for …}`
    pub(super) fn object(&mut self) -> Expr<'s> {
        let open = self.read();
        let newlines = self.set_newlines(false);
        let expr = if self.at_word("for") {
            self.for_expr(open)
        } else {
            self.set_newlines(true);
            self.object_items(open.span())
        };
        self.set_newlines(newlines);
        expr
    }

    fn object_items(&mut self, open: Span) -> Expr<'s> {
        let mut items = Vec::new();
        let mut height = 0;
        let close = loop {
            match self.peek().kind {
                Kind::Newline => {
                    self.read();
                    continue;
                }
                Kind::CBrace => break self.read(),
                _ => {}
            }
            let failures = self.failures;
            let key = self.expression();
            if self.failed_since(failures) {
                break self.recover(Kind::CBrace);
            }
            height = height.max(self.height);
            let next = self.peek();
            if !matches!(next.kind, Kind::Equal | Kind::Colon) {
                self.report_if_sure(|| no_value(next, open));
                break self.recover(Kind::CBrace);
            }
            self.read();
            let failures = self.failures;
            let value = self.expression();
            if self.failed_since(failures) {
                break self.recover(Kind::CBrace);
            }
            height = height.max(self.height);
            items.push(ObjectItem { key, value });
            let next = self.peek();
            match next.kind {
                Kind::CBrace => break self.read(),
                Kind::Comma | Kind::Newline => {
                    self.read();
                }
                _ => {
                    self.report_if_sure(|| {
                        if next.kind == Kind::Eof {
                            return unclosed_object(open);
                        }
                        SyntaxError::new(
                            &error::COLLECTION,
                            next.span(),
                            "Missing attribute separator",
                            "a newline or a comma is expected before the next key",
                        )
                        .related(open, "the map begins here")
                    });
                    break self.recover(Kind::CBrace);
                }
            }
        };
        let span = open.to(close.span());
        if !self.raise(height, span) {
            return self.placeholder(span);
        }
        Expr { kind: ExprKind::Object(items), span }
    }

    /// A `for` expression after its opening bracket; the caller has switched line breaks off.
    fn for_expr(&mut self, open: Token) -> Expr<'s> {
        let object = open.kind == Kind::OBrace;
        let end = if object { Kind::CBrace } else { Kind::CBrack };
        self.read();
        match self.for_parts(open.span(), object, end) {
            Some((parts, close, height)) => {
                let span = open.span().to(close);
                if !self.raise(height, span) {
                    return self.placeholder(span);
                }
                Expr { kind: ExprKind::For(Box::new(parts)), span }
            }
            None => {
                let close = self.recover(end).span();
                self.placeholder(open.span().to(close))
            }
        }
    }

    /// What stands between the brackets of a `for`, the place of the closing one, and the height
    /// of the highest part.
    fn for_parts(&mut self, open: Span, object: bool, end: Kind) -> Option<(For<'s>, Span, u32)> {
        let (key, value) = self.for_names()?;
        let mut height = 0;
        let collection = self.for_part(&mut height)?;
        if self.eat(Kind::Colon).is_none() {
            self.for_error("a colon is expected after what is iterated");
            return None;
        }
        let failures = self.failures;
        let mut result_key = None;
        let mut result = self.expression();
        height = height.max(self.height);
        if self.eat(Kind::FatArrow).is_some() {
            result_key = Some(std::mem::replace(&mut result, self.expression()));
            height = height.max(self.height);
        }
        if self.failed_since(failures) {
            return None;
        }
        let ellipsis = self.eat(Kind::Ellipsis);
        let mut condition = None;
        if self.at_word("if") {
            self.read();
            condition = Some(self.for_part(&mut height)?);
        }
        let close = match self.eat(end) {
            Some(close) => close.span(),
            None => {
                self.for_error("the closing bracket of the `for` expression is expected here");
                self.recover(end).span()
            }
        };
        let wrong = |span, detail: &'static str| {
            SyntaxError::new(&error::FOR, span, "Invalid 'for' expression", detail)
                .related(open, "begins here")
        };
        if !object {
            if let Some(key) = &result_key {
                self.report(wrong(key.span, "a list has no keys").hint("use `{ }` to build a map"));
            }
            if let Some(ellipsis) = ellipsis {
                self.report(wrong(
                    ellipsis.span(),
                    "`...` groups the values of a map and has no use in a list",
                ));
            }
        } else if result_key.is_none() {
            self.report(wrong(result.span, "a map needs a key for each value").hint("write `key => value`"));
        }
        let parts = For { key, value, collection, result_key, result, condition, group: ellipsis.is_some() };
        Some((parts, close, height))
    }

    /// An expression in a `for`, unless it is broken.
    fn for_part(&mut self, height: &mut u32) -> Option<Expr<'s>> {
        let failures = self.failures;
        let expr = self.expression();
        *height = (*height).max(self.height);
        (!self.failed_since(failures)).then_some(expr)
    }

    /// `k, v in` or `v in`
    fn for_names(&mut self) -> Option<(Option<Ident<'s>>, Ident<'s>)> {
        let Some(first) = self.eat(Kind::Ident) else {
            self.for_error("the name of a variable is expected after `for`");
            return None;
        };
        let first = self.ident(first);
        let mut names = (None, first);
        if self.eat(Kind::Comma).is_some() {
            let Some(second) = self.eat(Kind::Ident) else {
                self.for_error("the name of the value's variable is expected after the comma");
                return None;
            };
            names = (Some(first), self.ident(second));
        }
        if !self.at_word("in") {
            self.for_error("`in` is expected after the names");
            return None;
        }
        self.read();
        Some(names)
    }

    /// Reports an error of a `for` expression at the next token.
    fn for_error(&mut self, detail: &'static str) {
        let span = self.peek().span();
        self.report_if_sure(|| SyntaxError::new(&error::FOR, span, "Invalid 'for' expression", detail));
    }
}

/// The error of a key in an object that is not followed by `=`.
fn no_value(token: Token, open: Span) -> SyntaxError {
    let error = |summary: &'static str, detail: &'static str| {
        SyntaxError::new(&error::COLLECTION, token.span(), summary, detail)
            .related(open, "the map begins here")
    };
    match token.kind {
        Kind::Eof => unclosed_object(open),
        Kind::Newline | Kind::Comma => error("Missing attribute value", "the key has no `= value`"),
        Kind::Ident => error("Missing key/value separator", "`=` is expected between the key and its value")
            .hint("a key with dots or blanks must be quoted"),
        Kind::OBrace => error("Missing key/value separator", "`=` is expected between the key and its value")
            .hint("`{ … }` is a map here, which has no blocks: write `key = { … }`, or remove the `=` before the outer `{`"),
        _ => error("Missing key/value separator", "`=` is expected between the key and its value"),
    }
}

/// The error of an object that the end of the file cuts off.
fn unclosed_object(open: Span) -> SyntaxError {
    SyntaxError::new(
        &error::UNCLOSED,
        open,
        "Unterminated object constructor expression",
        "this map has no closing brace before the end of the file",
    )
}
