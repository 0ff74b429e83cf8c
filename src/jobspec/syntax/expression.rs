//! Expressions: operators, terms and function calls.

use super::error::{self, SyntaxError};
use super::parser::Parser;
use super::token::{Kind, Token};
use super::{BinaryOp, Call, Expr, ExprKind, Ident, MAX_DEPTH, Span, UnaryOp};

/// The operator of a token and how strongly it binds (more is stronger).
#[inline]
fn operator(kind: Kind) -> Option<(BinaryOp, u8)> {
    Some(match kind {
        Kind::Or => (BinaryOp::Or, 1),
        Kind::And => (BinaryOp::And, 2),
        Kind::EqualOp => (BinaryOp::Eq, 3),
        Kind::NotEqual => (BinaryOp::NotEq, 3),
        Kind::Greater => (BinaryOp::Gt, 4),
        Kind::GreaterEq => (BinaryOp::GtEq, 4),
        Kind::Less => (BinaryOp::Lt, 4),
        Kind::LessEq => (BinaryOp::LtEq, 4),
        Kind::Plus => (BinaryOp::Add, 5),
        Kind::Minus => (BinaryOp::Sub, 5),
        Kind::Star => (BinaryOp::Mul, 6),
        Kind::Slash => (BinaryOp::Div, 6),
        Kind::Percent => (BinaryOp::Rem, 6),
        _ => return None,
    })
}

impl<'s> Parser<'s> {
    /// Whether something went wrong since `failures`, so badly that the position is a guess.
    #[inline]
    pub(super) fn failed_since(&self, failures: usize) -> bool {
        self.recovery && self.failures > failures
    }

    /// Notes the height of a tree made over one of height `below`; reports one that is too high
    /// for those who walk it.
    #[inline]
    pub(super) fn raise(&mut self, below: u32, span: Span) -> bool {
        self.height = below + 1;
        if self.height <= MAX_DEPTH {
            return true;
        }
        self.too_deep(span);
        false
    }

    /// An expression that is all there is.
    pub(super) fn whole_expression(&mut self) -> Expr<'s> {
        self.set_newlines(false);
        let expr = self.expression();
        let next = self.peek();
        if next.kind != Kind::Eof {
            self.report_if_sure(|| {
                SyntaxError::new(
                    &error::EXPRESSION,
                    next.span(),
                    "Extra characters after expression",
                    "the expression ends before this",
                )
            });
        }
        expr
    }

    /// An expression: operators, and `c ? a : b` around them.
    pub(super) fn expression(&mut self) -> Expr<'s> {
        let start = self.peek().span();
        if !self.enter(start) {
            return self.placeholder(start);
        }
        let expr = self.conditional(start);
        self.depth -= 1;
        expr
    }

    fn conditional(&mut self, start: Span) -> Expr<'s> {
        let failures = self.failures;
        let condition = self.binary(1);
        if self.peek().kind != Kind::Question || self.failed_since(failures) {
            return condition;
        }
        let mut height = self.height;
        self.read();
        let failures = self.failures;
        let then = self.expression();
        if self.failed_since(failures) {
            return condition;
        }
        height = height.max(self.height);
        let colon = self.peek();
        if colon.kind != Kind::Colon {
            self.report(SyntaxError::new(
                &error::EXPRESSION,
                colon.span(),
                "Missing false expression in conditional",
                "after `? …` comes `: …`, the value for when the condition is false",
            ));
            return condition;
        }
        self.read();
        let failures = self.failures;
        let otherwise = self.expression();
        if self.failed_since(failures) {
            return condition;
        }
        let span = start.to(otherwise.span);
        if !self.raise(height.max(self.height), span) {
            return self.placeholder(span);
        }
        Expr { kind: ExprKind::Conditional(Box::new([condition, then, otherwise])), span }
    }

    /// Operators that bind at least as strongly as `least`.
    fn binary(&mut self, least: u8) -> Expr<'s> {
        let failures = self.failures;
        let mut left = self.operand();
        while let Some((op, level)) = operator(self.peek().kind) {
            if level < least || self.failed_since(failures) {
                break;
            }
            let height = self.height;
            self.read();
            let failures = self.failures;
            let right = self.binary(level + 1);
            if self.failed_since(failures) {
                return left;
            }
            let span = left.span.to(right.span);
            if !self.raise(height.max(self.height), span) {
                return self.placeholder(span);
            }
            left = Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), span };
        }
        left
    }

    /// A term and what is taken from it.
    pub(super) fn operand(&mut self) -> Expr<'s> {
        let term = self.term();
        match self.peek().kind {
            Kind::Dot | Kind::OBrack => self.traversals(term),
            _ => term,
        }
    }

    fn term(&mut self) -> Expr<'s> {
        let start = self.peek();
        let span = start.span();
        self.height = 1;
        match start.kind {
            Kind::OQuote | Kind::OHeredoc => self.string(start),
            Kind::Number => {
                self.read();
                let text = start.text(self.text);
                if !is_number(text) {
                    self.report(SyntaxError::new(
                        &error::EXPRESSION,
                        span,
                        "Invalid number literal",
                        format!("`{text}` is not a number"),
                    ));
                }
                Expr { kind: ExprKind::Number(text), span }
            }
            Kind::Ident => {
                self.read();
                if matches!(self.peek().kind, Kind::OParen | Kind::DoubleColon) {
                    return self.call(start);
                }
                let kind = match start.text(self.text) {
                    "true" => ExprKind::Bool(true),
                    "false" => ExprKind::Bool(false),
                    "null" => ExprKind::Null,
                    name => ExprKind::Variable(name),
                };
                Expr { kind, span }
            }
            Kind::OBrack => self.tuple(),
            Kind::OBrace => self.object(),
            Kind::OParen => self.parens(),
            Kind::Minus => self.unary(UnaryOp::Neg),
            Kind::Bang => self.unary(UnaryOp::Not),
            _ => {
                self.report_if_sure(|| no_expression(start));
                self.recovery = true;
                self.placeholder(span)
            }
        }
    }

    /// `-e` or `!e`; binds more strongly than the operators on two values.
    fn unary(&mut self, op: UnaryOp) -> Expr<'s> {
        let sign = self.read().span();
        if !self.enter(sign) {
            return self.placeholder(sign);
        }
        let operand = self.operand();
        self.depth -= 1;
        let span = sign.to(operand.span);
        if !self.raise(self.height, span) {
            return self.placeholder(span);
        }
        Expr { kind: ExprKind::Unary(op, Box::new(operand)), span }
    }

    fn parens(&mut self) -> Expr<'s> {
        let open = self.read().span();
        let newlines = self.set_newlines(false);
        let failures = self.failures;
        let inner = self.expression();
        if self.failures > failures {
            self.recover(Kind::CParen);
            self.set_newlines(newlines);
            return inner;
        }
        let close = self.peek();
        if close.kind != Kind::CParen {
            self.report(
                SyntaxError::new(
                    &error::UNCLOSED,
                    close.span(),
                    "Unbalanced parentheses",
                    "the closing parenthesis is missing before this",
                )
                .related(open, "opened here"),
            );
            self.recovery = true;
        }
        let close = self.read().span();
        self.set_newlines(newlines);
        let span = open.to(close);
        if !self.raise(self.height, span) {
            return self.placeholder(span);
        }
        Expr { kind: ExprKind::Parens(Box::new(inner)), span }
    }

    /// A function call after the first part of its name.
    fn call(&mut self, name: Token) -> Expr<'s> {
        let mut name_span = name.span();
        let mut open = self.read();
        while open.kind == Kind::DoubleColon {
            let next = self.read();
            if next.kind != Kind::Ident {
                return self.broken_call(
                    name,
                    next,
                    "Missing function name",
                    "a name is expected after `::`",
                );
            }
            name_span = name_span.to(next.span());
            open = self.read();
        }
        if open.kind != Kind::OParen {
            let detail = "the name of a function is followed by its arguments in parentheses";
            return self.broken_call(name, open, "Missing open parenthesis", detail);
        }
        let newlines = self.set_newlines(false);
        let mut height = 0;
        let (args, expand, close) = self.call_args(name_span, open.span(), &mut height);
        self.set_newlines(newlines);
        let span = name.span().to(close.span());
        if !self.raise(height, span) {
            return self.placeholder(span);
        }
        let name = Ident { name: &self.text[name_span.range()], span: name_span };
        Expr { kind: ExprKind::Call(Box::new(Call { name, args, expand })), span }
    }

    fn broken_call(
        &mut self,
        name: Token,
        at: Token,
        summary: &'static str,
        detail: &'static str,
    ) -> Expr<'s> {
        self.report(SyntaxError::new(&error::CALL, at.span(), summary, detail));
        self.recover_over(Kind::OParen);
        self.placeholder(name.span().to(at.span()))
    }

    /// The arguments of a call, whether the last is expanded, and the closing parenthesis.
    fn call_args(&mut self, name: Span, open: Span, height: &mut u32) -> (Vec<Expr<'s>>, bool, Token) {
        let mut args = Vec::new();
        loop {
            if let Some(close) = self.eat(Kind::CParen) {
                return (args, false, close);
            }
            let failures = self.failures;
            args.push(self.expression());
            if self.failed_since(failures) {
                return (args, false, self.recover(Kind::CParen));
            }
            *height = (*height).max(self.height);
            let separator = self.read();
            match separator.kind {
                Kind::CParen => return (args, false, separator),
                Kind::Comma => {}
                Kind::Ellipsis => {
                    if let Some(close) = self.eat(Kind::CParen) {
                        return (args, true, close);
                    }
                    self.report_if_sure(|| {
                        SyntaxError::new(
                            &error::CALL,
                            separator.span(),
                            "Missing closing parenthesis",
                            "an expanded argument is the last one",
                        )
                        .hint("write `)` after the `...`")
                    });
                    return (args, true, self.recover(Kind::CParen));
                }
                Kind::Eof => {
                    self.report(SyntaxError::new(
                        &error::UNCLOSED,
                        name.to(open),
                        "Unterminated function call",
                        "this call has no closing parenthesis before the end of the file",
                    ));
                    return (args, false, self.recover(Kind::CParen));
                }
                _ => {
                    self.report(
                        SyntaxError::new(
                            &error::CALL,
                            separator.span(),
                            "Missing argument separator",
                            "a comma or the closing parenthesis of the call is expected here",
                        )
                        .related(name, "this call"),
                    );
                    return (args, false, self.recover(Kind::CParen));
                }
            }
        }
    }
}

/// Whether a token of digits, dots and exponents is one number: `12`, `1.5`, `1e3`, `1.5E-3`.
fn is_number(text: &str) -> bool {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => (text, "0"),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole) && digits(fraction) && digits(exponent) && !exponent.is_empty()
}

/// The error where an expression should begin.
fn no_expression(token: Token) -> SyntaxError {
    if token.kind == Kind::Eof {
        return SyntaxError::new(
            &error::EXPRESSION,
            token.span(),
            "Missing expression",
            "the file ends where a value is expected",
        );
    }
    let error = SyntaxError::new(
        &error::EXPRESSION,
        token.span(),
        "Invalid expression",
        match token.kind {
            Kind::Newline => "the line ends where a value is expected",
            _ => "a value is expected here",
        },
    );
    match token.kind {
        Kind::Less => {
            error.hint("a heredoc begins with `<<EOT` alone at the end of the line, without blanks")
        }
        Kind::Newline => error.hint("begin the value on the line of the `=`"),
        _ => error,
    }
}
