//! Strings and heredocs: escapes, interpolations, directives, strip markers, and the
//! indentation that `<<-` removes.
//!
//! As in HashiCorp's parser a literal in a heredoc is one line: a strip marker eats blanks up to
//! the end of its line at most, and `<<-` looks at what begins a line after strip markers have
//! done their work.

use std::borrow::Cow;

use super::error::{self, SyntaxError};
use super::literal::{dedent_text, indentation, trim_start, unescape_template, without};
use super::parser::Parser;
use super::token::{Kind, Token};
use super::{Expr, ExprKind, Ident, MAX_DEPTH, Span, TemplateFor, TemplateIf, TemplatePart};
use crate::diagnostic::nearest;

/// A piece of a template before its directives are paired.
enum Piece<'s> {
    Literal(Cow<'s, str>, Span),
    Interpolation(Expr<'s>, Span),
    If(Expr<'s>, Span),
    For(Option<Ident<'s>>, Ident<'s>, Expr<'s>, Span),
    Else(Span),
    EndIf(Span),
    EndFor(Span),
}

/// A directive that is not closed yet, with what stands in it.
struct Open<'s> {
    piece: Piece<'s>,
    then: Vec<TemplatePart<'s>>,
    otherwise: Option<Vec<TemplatePart<'s>>>,
}

impl<'s> Parser<'s> {
    /// A quoted string or a heredoc.
    pub(super) fn string(&mut self, open: Token) -> Expr<'s> {
        let end = if open.kind == Kind::OQuote { Kind::CQuote } else { Kind::CHeredoc };
        let flush = open.kind == Kind::OHeredoc && open.text(self.text).starts_with("<<-");
        self.skip(1);
        // Most strings are one literal or nothing.
        let [first, second] = self.ahead();
        if first.kind == end {
            self.skip(1);
            return Expr { kind: ExprKind::String("".into()), span: open.span().to(first.span()) };
        }
        if matches!(first.kind, Kind::QuotedLit | Kind::StringLit) && second.kind == end {
            let text = if flush { dedent_text(first.text(self.text)) } else { self.unescape(first) };
            self.skip(2);
            return Expr { kind: ExprKind::String(text), span: open.span().to(second.span()) };
        }
        // The first line of it, for errors that point at where the text begins.
        let mut start = first.span();
        if let Some(len) = first.text(self.text).find('\n') {
            start.end = start.start + len as u32 + 1;
        }
        let mut height = 0;
        let (mut pieces, end_span) = self.pieces(end, start, &mut height);
        if flush {
            dedent(&mut pieces);
        }
        let mut parts = self.pair(pieces, end_span, &mut height);
        let span = open.span().to(self.previous());
        if !self.raise(height, span) {
            return self.placeholder(span);
        }
        let kind = match &mut parts[..] {
            [TemplatePart::Literal(text, _)] => ExprKind::String(std::mem::take(text)),
            _ => ExprKind::Template(parts),
        };
        Expr { kind, span }
    }

    /// The pieces up to and with `end`, and the place of that.
    fn pieces(&mut self, end: Kind, start: Span, height: &mut u32) -> (Vec<Piece<'s>>, Span) {
        let mut pieces = Vec::new();
        let mut trim_next = false;
        let end = loop {
            let next = self.read();
            let trim = std::mem::take(&mut trim_next);
            match next.kind {
                kind if kind == end => break next.span(),
                Kind::QuotedLit => {
                    let text = self.unescape(next);
                    let text = if trim { trim_start(text) } else { text };
                    pieces.push(Piece::Literal(text, next.span()));
                }
                Kind::StringLit => self.lines(next, trim, &mut pieces),
                Kind::Interp | Kind::Control => {
                    if next.len() == 3 {
                        trim_last(&mut pieces);
                    }
                    let newlines = self.set_newlines(false);
                    let sequence = if next.kind == Kind::Interp {
                        self.interpolation(next, end, start)
                    } else {
                        self.directive(next)
                    };
                    self.set_newlines(newlines);
                    *height = (*height).max(self.height);
                    if let Some((piece, trim)) = sequence {
                        trim_next = trim;
                        pieces.push(piece);
                    }
                }
                _ => {
                    self.report_if_sure(|| {
                        SyntaxError::new(
                            &error::TEMPLATE,
                            next.span(),
                            "Unterminated template string",
                            match end {
                                Kind::CHeredoc => "the line that ends the heredoc is missing",
                                _ => "the closing quote is missing",
                            },
                        )
                        .related(start, "the text begins here")
                    });
                    break self.recover(end).span();
                }
            }
        };
        (pieces, end)
    }

    /// `${ e }` after its beginning; whether its end is `~}`.
    fn interpolation(&mut self, open: Token, end: Kind, start: Span) -> Option<(Piece<'s>, bool)> {
        let expr = self.expression();
        let close = self.peek();
        let mut trim = false;
        if close.kind == Kind::SeqEnd {
            self.read();
            trim = close.len() == 2;
        } else {
            let quote = end == Kind::CQuote && matches!(close.kind, Kind::CQuote | Kind::OQuote);
            self.report_if_sure(|| after_interpolation(close, open, start, quote));
            self.recover(Kind::SeqEnd);
        }
        Some((Piece::Interpolation(expr, open.span().to(close.span())), trim))
    }

    /// `%{ … }` after its beginning; whether its end is `~}`.
    fn directive(&mut self, open: Token) -> Option<(Piece<'s>, bool)> {
        self.height = 0;
        let word = self.peek();
        let Some((piece, word)) = self.directive_piece(open, word) else {
            self.recover(Kind::SeqEnd);
            return None;
        };
        let close = self.peek();
        if close.kind == Kind::SeqEnd {
            self.read();
            return Some((piece, close.len() == 2));
        }
        self.report_if_sure(|| {
            SyntaxError::new(
                &error::TEMPLATE,
                close.span(),
                format!("Extra characters in {word} marker"),
                "the closing brace of the directive is expected here",
            )
            .related(open.span(), "the directive begins here")
        });
        self.recover(Kind::SeqEnd);
        Some((piece, false))
    }

    fn directive_piece(&mut self, open: Token, word: Token) -> Option<(Piece<'s>, &'s str)> {
        if word.kind != Kind::Ident {
            self.report_if_sure(|| {
                SyntaxError::new(
                    &error::TEMPLATE,
                    word.span(),
                    "Invalid template directive",
                    "`%{` begins a directive: `if`, `else`, `endif`, `for` or `endfor`",
                )
                .hint("write `%%{` for the text `%{`")
            });
            return None;
        }
        self.read();
        let name = word.text(self.text);
        let piece = match name {
            "if" => {
                let condition = self.expression();
                Piece::If(condition, open.span().to(self.peek().span()))
            }
            "for" => self.for_directive(open)?,
            "else" => Piece::Else(open.span().to(self.peek().span())),
            "endif" => Piece::EndIf(open.span().to(self.peek().span())),
            "endfor" => Piece::EndFor(open.span().to(self.peek().span())),
            _ => {
                self.report_if_sure(|| {
                    let detail = format!("`{name}` is none of `if`, `else`, `endif`, `for`, `endfor`");
                    let error = SyntaxError::new(
                        &error::TEMPLATE,
                        word.span(),
                        "Invalid template control keyword",
                        detail,
                    );
                    match nearest(name, ["if", "else", "endif", "for", "endfor"]) {
                        Some(near) => error.hint(format!("did you mean `{near}`?")),
                        None => error.hint("write `%%{` for the text `%{`"),
                    }
                });
                return None;
            }
        };
        Some((piece, name))
    }

    /// `for k, v in c` after the first word.
    fn for_directive(&mut self, open: Token) -> Option<Piece<'s>> {
        let mut names = Vec::with_capacity(2);
        loop {
            let Some(name) = self.eat(Kind::Ident) else {
                self.for_directive_error(match names.len() {
                    0 => "the name of a variable is expected after `for`",
                    _ => "the name of the value's variable is expected after the comma",
                });
                return None;
            };
            names.push(self.ident(name));
            if names.len() == 2 || self.eat(Kind::Comma).is_none() {
                break;
            }
        }
        if !self.at_word("in") {
            self.for_directive_error("`in` is expected after the names");
            return None;
        }
        self.read();
        let collection = self.expression();
        let value = names.pop()?;
        Some(Piece::For(names.pop(), value, collection, open.span().to(self.peek().span())))
    }

    fn for_directive_error(&mut self, detail: &'static str) {
        let span = self.peek().span();
        self.report_if_sure(|| SyntaxError::new(&error::FOR, span, "Invalid 'for' directive", detail));
    }

    /// The lines of a literal in a heredoc, a piece each.
    fn lines(&mut self, token: Token, trim: bool, pieces: &mut Vec<Piece<'s>>) {
        let mut start = token.start as usize;
        for (i, line) in token.text(self.text).split_inclusive('\n').enumerate() {
            let text = unescape_template(line);
            let text = if trim && i == 0 { trim_start(text) } else { text };
            pieces.push(Piece::Literal(text, Span::new(start, start + line.len())));
            start += line.len();
        }
    }

    /// Pairs the directives, and joins literals that stand side by side.
    fn pair(&mut self, pieces: Vec<Piece<'s>>, end: Span, height: &mut u32) -> Vec<TemplatePart<'s>> {
        let base = *height;
        let mut root: Vec<TemplatePart<'s>> = Vec::with_capacity(pieces.len().min(8));
        let mut open: Vec<Open<'s>> = Vec::new();
        for piece in pieces {
            let parts = match open.last_mut() {
                Some(Open { otherwise: Some(parts), .. }) => parts,
                Some(Open { then, .. }) => then,
                None => &mut root,
            };
            match piece {
                Piece::Literal(text, span) => match parts.last_mut() {
                    Some(TemplatePart::Literal(last, last_span)) => {
                        last.to_mut().push_str(&text);
                        last_span.end = span.end;
                    }
                    _ => parts.push(TemplatePart::Literal(text, span)),
                },
                Piece::Interpolation(expr, span) => parts.push(TemplatePart::Interpolation(expr, span)),
                Piece::If(_, span) | Piece::For(_, _, _, span) => {
                    if open.len() >= MAX_DEPTH as usize {
                        self.too_deep(span);
                        return root;
                    }
                    open.push(Open { piece, then: Vec::new(), otherwise: None });
                    *height = (*height).max(base + open.len() as u32);
                }
                Piece::Else(span) | Piece::EndIf(span) | Piece::EndFor(span) => {
                    let Some(last) = open.last_mut() else {
                        self.report(unexpected(&piece, span, "no directive is open"));
                        continue;
                    };
                    match (&last.piece, &piece) {
                        (Piece::If(..), Piece::Else(_)) if last.otherwise.is_none() => {
                            last.otherwise = Some(Vec::new());
                            continue;
                        }
                        (Piece::If(..), Piece::EndIf(_)) | (Piece::For(..), Piece::EndFor(_)) => {}
                        (opened, _) => {
                            let (detail, start) = match opened {
                                Piece::If(_, start) if last.otherwise.is_some() => {
                                    ("this `if` has its `else` and is closed by `endif`", *start)
                                }
                                Piece::If(_, start) => ("an `if` is closed by `endif`", *start),
                                Piece::For(_, _, _, start) => ("a `for` is closed by `endfor`", *start),
                                _ => ("no directive is open", span),
                            };
                            self.report(unexpected(&piece, span, detail).related(start, "this directive"));
                        }
                    }
                    if let Some(part) = open.pop().and_then(|last| close_directive(last, span)) {
                        match open.last_mut() {
                            Some(Open { otherwise: Some(parts), .. }) => parts.push(part),
                            Some(Open { then, .. }) => then.push(part),
                            None => root.push(part),
                        }
                    }
                }
            }
        }
        for last in open.iter().rev() {
            let (detail, start) = match last.piece {
                Piece::For(_, _, _, start) => ("a `for` directive has no `endfor`", start),
                Piece::If(_, start) => ("an `if` directive has no `endif`", start),
                _ => continue,
            };
            self.report(
                SyntaxError::new(&error::TEMPLATE, end, "Unexpected end of template", detail)
                    .related(start, "opened here"),
            );
        }
        root
    }
}

/// The part that a directive and its end make.
fn close_directive(open: Open<'_>, end: Span) -> Option<TemplatePart<'_>> {
    Some(match open.piece {
        Piece::If(condition, start) => TemplatePart::If(Box::new(TemplateIf {
            condition,
            then: open.then,
            otherwise: open.otherwise.unwrap_or_default(),
            span: start.to(end),
        })),
        Piece::For(key, value, collection, start) => TemplatePart::For(Box::new(TemplateFor {
            key,
            value,
            collection,
            body: open.then,
            span: start.to(end),
        })),
        _ => return None,
    })
}

/// The error of a directive that fits nothing that is open.
fn unexpected(piece: &Piece<'_>, span: Span, detail: &'static str) -> SyntaxError {
    let name = match piece {
        Piece::Else(_) => "else",
        Piece::EndFor(_) => "endfor",
        _ => "endif",
    };
    SyntaxError::new(&error::TEMPLATE, span, format!("Unexpected {name} directive"), detail)
}

/// The error of an interpolation that goes on where it should end.
fn after_interpolation(close: Token, open: Token, start: Span, quote: bool) -> SyntaxError {
    if quote || close.kind == Kind::Eof {
        return SyntaxError::new(
            &error::UNCLOSED,
            start,
            "Unclosed template interpolation sequence",
            if quote {
                "an interpolation in this string has no closing brace"
            } else {
                "an interpolation has no closing brace before the end of the file"
            },
        )
        .related(open.span(), "opened here");
    }
    let error = SyntaxError::new(
        &error::TEMPLATE,
        close.span(),
        "Extra characters after interpolation expression",
        if close.kind == Kind::Colon {
            "a colon cannot stand in an interpolation"
        } else {
            "the closing brace of the interpolation is expected here"
        },
    );
    error
        .related(open.span(), "the interpolation begins here")
        .hint("if this is for a shell or another language, write `$${` for the text `${`")
}

/// Removes the blanks at the end of the last piece, if that is a literal.
fn trim_last(pieces: &mut [Piece<'_>]) {
    if let Some(Piece::Literal(text, _)) = pieces.last_mut() {
        let len = text.trim_end().len();
        match text {
            Cow::Borrowed(text) => *text = &text[..len],
            Cow::Owned(text) => text.truncate(len),
        }
    }
}

/// Removes the common indentation of the lines that begin with a literal; none if a line begins
/// with an interpolation. Blank lines neither count nor change.
fn dedent(pieces: &mut [Piece<'_>]) {
    let mut at_line_start = true;
    let mut least = usize::MAX;
    let mut starts = Vec::new();
    for (i, piece) in pieces.iter().enumerate() {
        let literal = match piece {
            Piece::Literal(text, _) => Some(text),
            _ => None,
        };
        if at_line_start {
            at_line_start = false;
            match literal.map(|text| indentation(text)) {
                Some(Some(count)) => {
                    least = least.min(count);
                    starts.push(i);
                }
                Some(None) => {}
                None => least = 0,
            }
        }
        if literal.is_some_and(|text| text.ends_with('\n')) {
            at_line_start = true;
        }
    }
    for i in starts {
        if let Piece::Literal(text, span) = &mut pieces[i] {
            let cut = text.len() - without(text, least).len();
            match text {
                Cow::Borrowed(text) => *text = &text[cut..],
                Cow::Owned(text) => drop(text.drain(..cut)),
            }
            span.start += cut as u32;
        }
    }
}
