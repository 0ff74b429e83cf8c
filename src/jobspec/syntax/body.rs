//! Bodies: arguments and blocks.

use std::collections::HashMap;

use super::error::{self, SyntaxError};
use super::parser::Parser;
use super::token::{Kind, Token};
use super::{Attribute, Block, BlockLabel, Body, Ident, Span, Structure};

impl<'s> Parser<'s> {
    /// The body of a whole file.
    pub(super) fn file(&mut self) -> Body<'s> {
        let (mut body, _) = self.body(Kind::Eof, Span::default());
        body.span = Span::new(0, self.text.len());
        body
    }

    /// A body up to and with its `end`; `open` is the brace before it. Returns the closing brace.
    fn body(&mut self, end: Kind, open: Span) -> (Body<'s>, Span) {
        let mut structures = Vec::new();
        let mut names = Names::default();
        let close = loop {
            let next = self.peek();
            match next.kind {
                kind if kind == end => break self.read().span(),
                Kind::Newline => {
                    self.read();
                }
                Kind::Ident => {
                    self.recovery = false;
                    if let Some(structure) = self.item() {
                        if let Structure::Attribute(attribute) = &structure {
                            self.check_redefined(&mut names, &structures, attribute.name);
                        }
                        structures.push(structure);
                    }
                }
                Kind::Eof => {
                    if !self.lost {
                        self.report(unclosed_block(open));
                    }
                    self.lost = true;
                    break next.span();
                }
                _ => self.no_item(next),
            }
        };
        (Body { structures, span: Span { start: open.end, end: close.start } }, close)
    }

    /// Reports a token that begins no item, and finds the end of what it begins.
    fn no_item(&mut self, next: Token) {
        self.recovery = false;
        if self.lost && next.kind == Kind::CBrace {
            self.read();
            return;
        }
        let error = if next.kind == Kind::OQuote {
            let error = SyntaxError::new(
                &error::DEFINITION,
                next.span(),
                "Invalid argument name",
                "argument names must not be quoted",
            );
            match self.quoted_name(next) {
                Some(name) => error.hint(format!(
                    "write `{name} = …`; names that need quotes are possible only in a map: `meta = {{ \"a.b\" = 1 }}`"
                )),
                None => error,
            }
        } else if next.kind == Kind::CBrace {
            SyntaxError::new(
                &error::DEFINITION,
                next.span(),
                "Argument or block definition required",
                "this brace closes nothing",
            )
        } else {
            SyntaxError::new(
                &error::DEFINITION,
                next.span(),
                "Argument or block definition required",
                "the name of an argument or of a block is expected here",
            )
        };
        self.report(error);
        self.read();
        self.recover_after_item(Some(next.kind));
    }

    /// The text in the quotes that begin with this token, if it is plain.
    fn quoted_name(&self, quote: Token) -> Option<&'s str> {
        match self.after(quote)? {
            [name, close] if name.kind == Kind::QuotedLit && close.kind == Kind::CQuote => {
                Some(name.text(self.text))
            }
            _ => None,
        }
    }

    /// Reports a name that the body has already.
    fn check_redefined(&mut self, names: &mut Names<'s>, before: &[Structure<'s>], name: Ident<'s>) {
        if let Some(first) = names.add(before, name) {
            let detail = format!("`{}` is already set, and each argument may be set only once", name.name);
            self.report(
                SyntaxError::new(&error::REDEFINED, name.span, "Attribute redefined", detail)
                    .related(first, "first set here"),
            );
        }
    }

    /// An argument or a block.
    fn item(&mut self) -> Option<Structure<'s>> {
        let name = self.read();
        let next = self.peek();
        match next.kind {
            Kind::Equal => Some(Structure::Attribute(self.attribute(name, false).0)),
            Kind::OQuote | Kind::OBrace | Kind::Ident => self.block(name).map(Structure::Block),
            _ => {
                self.report(self.no_definition(name, next));
                self.recover_after_item(None);
                None
            }
        }
    }

    /// The error of a name that is followed by neither `=` nor the rest of a block's header.
    fn no_definition(&self, name: Token, next: Token) -> SyntaxError {
        let word = name.text(self.text);
        let error = SyntaxError::new(
            &error::DEFINITION,
            name.span(),
            "Argument or block definition required",
            format!("`{word}` is followed by neither `=` nor a block"),
        );
        match next.kind {
            Kind::Colon => error.hint(format!("write `{word} = …`: HCL uses `=`, not `:`")),
            Kind::Dot => error.hint("a name has no dots; in a map it can be quoted: `{ \"a.b\" = 1 }`"),
            _ => error.hint(format!("write `{word} = …` to set an argument, `{word} {{ … }}` for a block")),
        }
    }

    /// `name = expr`, and the end of its line unless it stands alone in a block of one line.
    /// After an error, also the token at which HashiCorp's parser goes on.
    fn attribute(&mut self, name: Token, single_line: bool) -> (Attribute<'s>, Option<Token>) {
        self.read();
        let failures = self.failures;
        let mut next = None;
        let expr = self.expression();
        if self.recovery && self.failures > failures {
            next = Some(self.recover_after_item(None));
        } else if !single_line {
            let end = self.peek();
            if end.kind == Kind::Newline || end.kind == Kind::Eof {
                self.read();
            } else {
                self.report_if_sure(|| end_of_argument(end));
                self.recover_after_item(None);
            }
        }
        (Attribute { name: self.ident(name), expr }, next)
    }

    /// The rest of a block after its type.
    fn block(&mut self, ident: Token) -> Option<Block<'s>> {
        let mut labels = Vec::new();
        let open = loop {
            let next = self.peek();
            match next.kind {
                Kind::OBrace => break self.read().span(),
                Kind::OQuote => labels.push(self.quoted_label()),
                Kind::Ident => {
                    self.read();
                    labels.push(BlockLabel { text: next.text(self.text).into(), span: next.span() });
                }
                _ => {
                    let error = || bad_header(next).related(ident.span(), "this block");
                    // These two are certain even after a label that is wrong.
                    match next.kind {
                        Kind::Equal | Kind::Newline => self.report(error()),
                        _ => self.report_if_sure(error),
                    }
                    self.recover_after_item(None);
                    return None;
                }
            }
        };
        if !self.enter(open) {
            self.recover(Kind::CBrace);
            self.recover_after_item(None);
            return None;
        }
        let (body, close) = match self.peek().kind {
            Kind::Newline | Kind::Eof | Kind::CBrace => self.body(Kind::CBrace, open),
            _ => self.single_line_body(open),
        };
        self.depth -= 1;
        let end = self.peek();
        match end.kind {
            Kind::Newline | Kind::Eof => {
                self.read();
            }
            Kind::CBrace if self.depth > 0 => self.report_if_sure(|| after_block(end)),
            _ => {
                self.report_if_sure(|| after_block(end));
                self.recover_after_item(None);
            }
        }
        Some(Block { ident: self.ident(ident), labels, open, body, close })
    }

    /// The body of `block { name = expr }`, and the closing brace.
    fn single_line_body(&mut self, open: Span) -> (Body<'s>, Span) {
        let index = self.errors.len();
        let (attribute, next) = self.single_line_item();
        let next = next.unwrap_or_else(|| self.peek());
        let wrong = |detail: &'static str| {
            SyntaxError::new(&error::BLOCK, next.span(), "Invalid single-argument block definition", detail)
                .hint("write each argument and each nested block on a line of its own")
        };
        match next.kind {
            Kind::CBrace => {}
            Kind::Comma => {
                self.report_at(index, wrong("a block on one line has one argument, and no commas"));
            }
            Kind::Newline => self.report_at(
                index,
                wrong("a block whose argument is on the line of its `{` must be closed on that line"),
            ),
            Kind::Eof if !self.recovery => self.report_at(index, unclosed_block(open)),
            _ if !self.recovery => {
                self.report_at(index, wrong("a block on one line must end with `}` after its argument"));
            }
            _ => {}
        }
        let close = match self.eat(Kind::CBrace) {
            Some(brace) => brace,
            None => self.recover(Kind::CBrace),
        };
        let structures = attribute.map(Structure::Attribute).into_iter().collect();
        (Body { structures, span: Span { start: open.end, end: close.start } }, close.span())
    }

    /// The one argument of such a body. After an error, also the token at which HashiCorp's
    /// parser goes on.
    fn single_line_item(&mut self) -> (Option<Attribute<'s>>, Option<Token>) {
        let name = self.read();
        let error = if name.kind == Kind::Ident {
            let next = self.peek();
            match next.kind {
                Kind::Equal => {
                    let (attribute, next) = self.attribute(name, true);
                    return (Some(attribute), next);
                }
                Kind::OQuote | Kind::OBrace | Kind::Ident => SyntaxError::new(
                    &error::BLOCK,
                    name.span().to(next.span()),
                    "Argument definition required",
                    "a block on one line has one argument, and no nested block",
                )
                .hint(format!(
                    "put `{0}` on a line of its own, or write `{0} = …` to set an argument",
                    name.text(self.text)
                )),
                _ => self.no_definition(name, next),
            }
        } else {
            SyntaxError::new(
                &error::DEFINITION,
                name.span(),
                "Argument or block definition required",
                "the name of an argument is expected here",
            )
        };
        self.report(error);
        (None, Some(self.recover_after_item(None)))
    }

    /// A quoted label of a block: plain text.
    fn quoted_label(&mut self) -> BlockLabel<'s> {
        let open = self.read();
        let mut text = std::borrow::Cow::Borrowed("");
        let end = loop {
            let token = self.read();
            match token.kind {
                Kind::CQuote => break token.span(),
                Kind::QuotedLit => {
                    let part = self.unescape(token);
                    if text.is_empty() {
                        text = part;
                    } else {
                        text.to_mut().push_str(&part);
                    }
                }
                Kind::Interp | Kind::Control => {
                    let sign = if token.kind == Kind::Interp { '$' } else { '%' };
                    self.report(
                        SyntaxError::new(
                            &error::TEMPLATE,
                            token.span(),
                            "Invalid string literal",
                            "a label is plain text, without interpolation or directives",
                        )
                        .hint(format!("write `{sign}{sign}{{` for the text `{sign}{{`")),
                    );
                    self.recover(Kind::SeqEnd);
                }
                Kind::Eof => {
                    self.report(
                        SyntaxError::new(
                            &error::UNCLOSED,
                            token.span(),
                            "Unterminated string literal",
                            "the closing quote is missing",
                        )
                        .related(open.span(), "opened here"),
                    );
                    self.lost = true;
                    break token.span();
                }
                _ => {
                    self.report(SyntaxError::new(
                        &error::TEMPLATE,
                        token.span(),
                        "Invalid string literal",
                        "this cannot stand in a label",
                    ));
                    self.recover(Kind::CQuote);
                    break token.span();
                }
            }
        };
        BlockLabel { text, span: open.span().to(end) }
    }
}

/// The error of a block that the end of the file closes.
fn unclosed_block(open: Span) -> SyntaxError {
    SyntaxError::new(
        &error::UNCLOSED,
        open,
        "Unclosed configuration block",
        "this block has no closing brace before the end of the file",
    )
    .hint("look for a missing `}` in this block or in those inside it")
}

/// The error of an argument that is followed by something on its line.
fn end_of_argument(end: Token) -> SyntaxError {
    if end.kind == Kind::Comma {
        return SyntaxError::new(
            &error::ARGUMENT_END,
            end.span(),
            "Unexpected comma after argument",
            "arguments are separated by newlines, not by commas",
        )
        .hint("remove the comma; put each argument on a line of its own");
    }
    SyntaxError::new(
        &error::ARGUMENT_END,
        end.span(),
        "Missing newline after argument",
        "an argument must end with its line",
    )
}

/// The error of a block that is followed by something on its line.
fn after_block(end: Token) -> SyntaxError {
    SyntaxError::new(
        &error::BLOCK,
        end.span(),
        "Missing newline after block definition",
        "a block must end with a newline",
    )
}

/// The error of a block's header that goes on with this token.
fn bad_header(token: Token) -> SyntaxError {
    let (detail, hint) = match token.kind {
        Kind::Equal => {
            ("`=` sets an argument and is not part of a block", Some("remove the `=` or the label"))
        }
        Kind::Newline => ("the `{` must be on the line of the block's header", None),
        _ => ("a label in quotes or `{` is expected here", None),
    };
    let error = SyntaxError::new(&error::BLOCK, token.span(), "Invalid block definition", detail);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// The names that are set in a body: looked up among the items while there are few, in a table
/// when there are many.
#[derive(Default)]
struct Names<'s> {
    table: Option<HashMap<&'s str, Span>>,
}

impl<'s> Names<'s> {
    /// Beyond so many items a table is faster.
    const FEW: usize = 24;

    /// The place of the same name in the items before, if it is there.
    fn add(&mut self, before: &[Structure<'s>], name: Ident<'s>) -> Option<Span> {
        let attributes = before.iter().filter_map(|structure| match structure {
            Structure::Attribute(attribute) => Some((attribute.name.name, attribute.name.span)),
            Structure::Block(_) => None,
        });
        if before.len() < Self::FEW {
            let mut attributes = attributes;
            return attributes.find(|(other, _)| *other == name.name).map(|(_, span)| span);
        }
        let table = self.table.get_or_insert_with(|| attributes.collect());
        match table.entry(name.name) {
            std::collections::hash_map::Entry::Occupied(entry) => Some(*entry.get()),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(name.span);
                None
            }
        }
    }
}
