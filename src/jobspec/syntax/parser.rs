//! The parser's view of the tokens, its errors, and how it finds its way after a mistake.
//!
//! An error stands where HashiCorp's parser puts its own. Afterwards that parser keeps quiet
//! about most things; this one finds the end of the broken item and listens again.

use super::error::{self, SyntaxError};
use super::lexer::{Comments, lex};
use super::token::{Kind, Token};
use super::{Expr, ExprKind, Ident, MAX_DEPTH, MAX_ERRORS, Span};

/// The state of parsing one text.
pub(super) struct Parser<'s> {
    pub(super) text: &'s str,
    tokens: Vec<Token>,
    pos: usize,
    /// Whether line breaks are tokens here; inside brackets they are blanks.
    newlines: bool,
    /// The position in the tokens is a guess: keep quiet until the item ends.
    pub(super) recovery: bool,
    /// A closing bracket was looked for past other things: nesting is not to be trusted any more.
    pub(super) lost: bool,
    pub(super) errors: Vec<SyntaxError>,
    /// How many errors there were, listed or not.
    pub(super) failures: usize,
    /// How many of them were left out because the list is full.
    unlisted: usize,
    /// How deep in blocks and expressions.
    pub(super) depth: u32,
    /// How high the tree of the last expression is.
    pub(super) height: u32,
}

/// The tokens, and errors.
impl<'s> Parser<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        let lexed = lex(text, Comments::Drop);
        let mut parser = Self {
            text,
            tokens: Vec::new(),
            pos: 0,
            newlines: true,
            recovery: false,
            lost: false,
            errors: Vec::new(),
            failures: 0,
            unlisted: 0,
            depth: 0,
            height: 0,
        };
        error::unknown_tokens(&lexed, text, |error| parser.report(error));
        parser.tokens = lexed.tokens;
        parser
    }

    /// The errors, in the order in which HashiCorp's parser gives them.
    pub(super) fn finish(self) -> Vec<SyntaxError> {
        let mut errors = self.errors;
        if let (1.., Some(last)) = (self.unlisted, errors.last()) {
            let detail = format!("{} more are not listed", self.unlisted);
            errors.push(SyntaxError::new(&error::TOO_MANY, last.span, "Too many mistakes", detail));
        }
        errors
    }

    /// Lists an error.
    pub(super) fn report(&mut self, error: SyntaxError) {
        self.report_at(self.errors.len(), error);
    }

    /// Lists an error, unless the position is a guess.
    pub(super) fn report_if_sure(&mut self, error: impl FnOnce() -> SyntaxError) {
        if !self.recovery {
            self.report(error());
        }
    }

    /// Lists an error before those from `index` on. What the lexer has said of the same bytes is
    /// not said again.
    pub(super) fn report_at(&mut self, index: usize, error: SyntaxError) {
        self.failures += 1;
        let same = self.tokens.binary_search_by_key(&error.span.start, |token| token.start);
        if same.is_ok_and(|at| self.tokens[at].kind.is_unknown()) {
            return;
        }
        if self.errors.len() < MAX_ERRORS {
            self.errors.insert(index.min(self.errors.len()), error);
        } else {
            self.unlisted += 1;
        }
    }

    /// The next token and its index.
    #[inline]
    fn next(&self) -> (Token, usize) {
        let mut at = self.pos;
        loop {
            let token = self.tokens[at];
            if token.kind == Kind::Newline && !self.newlines {
                at += 1;
                continue;
            }
            return (token, at);
        }
    }

    /// The next token.
    #[inline]
    pub(super) fn peek(&self) -> Token {
        self.next().0
    }

    /// Takes the next token; the last one, the end of the file, stays.
    #[inline]
    pub(super) fn read(&mut self) -> Token {
        let (token, at) = self.next();
        self.pos = if token.kind == Kind::Eof { at } else { at + 1 };
        token
    }

    /// Takes the next token if it is of this kind.
    #[inline]
    pub(super) fn eat(&mut self, kind: Kind) -> Option<Token> {
        let (token, at) = self.next();
        (token.kind == kind && kind != Kind::Eof).then(|| {
            self.pos = at + 1;
            token
        })
    }

    /// The two tokens from here on, if the first can be read at all.
    #[inline]
    pub(super) fn ahead(&self) -> [Token; 2] {
        let (first, at) = self.next();
        [first, self.tokens.get(at + 1).copied().unwrap_or(first)]
    }

    /// Skips `count` tokens that [`Self::ahead`] has shown.
    #[inline]
    pub(super) fn skip(&mut self, count: usize) {
        self.pos = self.next().1 + count;
    }

    /// The token that was read last.
    pub(super) fn previous(&self) -> Span {
        self.pos.checked_sub(1).map_or_else(|| self.peek().span(), |at| self.tokens[at].span())
    }

    /// The two tokens that follow this one.
    pub(super) fn after(&self, token: Token) -> Option<&[Token]> {
        let at = self.tokens.binary_search_by_key(&token.start, |token| token.start).ok()?;
        self.tokens.get(at + 1..at + 3)
    }

    /// Whether the next token is this word.
    #[inline]
    pub(super) fn at_word(&self, word: &str) -> bool {
        let token = self.peek();
        token.kind == Kind::Ident && token.text(self.text) == word
    }

    /// A token as a name.
    #[inline]
    pub(super) fn ident(&self, token: Token) -> Ident<'s> {
        Ident { name: token.text(self.text), span: token.span() }
    }

    /// Decides whether line breaks are tokens; returns what was so before.
    #[inline]
    pub(super) fn set_newlines(&mut self, newlines: bool) -> bool {
        std::mem::replace(&mut self.newlines, newlines)
    }

    /// Counts one level of nesting, or reports that there are too many.
    #[inline]
    pub(super) fn enter(&mut self, span: Span) -> bool {
        if self.depth < MAX_DEPTH {
            self.depth += 1;
            return true;
        }
        self.too_deep(span);
        false
    }

    /// Reports that the nesting is deeper than what we read.
    pub(super) fn too_deep(&mut self, span: Span) {
        self.report_if_sure(|| {
            let detail = format!("at most {MAX_DEPTH} levels are read");
            SyntaxError::new(&error::TOO_DEEP, span, "Nested too deeply", detail)
        });
        self.recovery = true;
    }

    /// What stands for an expression that could not be read.
    pub(super) fn placeholder(&mut self, span: Span) -> Expr<'s> {
        self.height = 1;
        Expr { kind: ExprKind::Null, span }
    }
}

/// Finding the way after a mistake.
impl Parser<'_> {
    /// Reads past the closing `end` of the bracket at hand, or to the end of the file; returns it.
    pub(super) fn recover(&mut self, end: Kind) -> Token {
        self.recovery = true;
        let mut nested = 0usize;
        loop {
            let token = self.read();
            if token.kind == end {
                if nested == 0 {
                    return token;
                }
                nested -= 1;
            } else if token.kind == Kind::Eof {
                self.lost = true;
                return token;
            } else if token.kind.closer() == Some(end) {
                nested += 1;
            }
        }
    }

    /// Reads past the next `start` and what closes it.
    pub(super) fn recover_over(&mut self, start: Kind) {
        loop {
            let kind = self.read().kind;
            if kind == start || kind == Kind::Eof {
                break;
            }
        }
        if let Some(end) = start.closer() {
            self.recover(end);
        }
    }

    /// Reads past the line break that ends a broken item, brackets and strings in it skipped.
    ///
    /// Stops before a brace that closes the enclosing block. Returns the next token as
    /// HashiCorp's parser sees it, which takes that brace for a part of the item.
    pub(super) fn recover_after_item(&mut self, opened: Option<Kind>) -> Token {
        self.recovery = true;
        let newlines = self.set_newlines(true);
        let mut open: Vec<Kind> = opened.and_then(Kind::closer).into_iter().collect();
        let mut stop = None;
        let next = loop {
            let before = self.pos;
            let token = self.read();
            match token.kind {
                Kind::Newline if open.is_empty() => break self.peek(),
                Kind::Eof => break token,
                Kind::CBrace if open.is_empty() => stop = stop.or(Some(before)),
                kind if kind.is_closer() => while open.pop().is_some_and(|closer| closer != kind) {},
                kind => open.extend(kind.closer()),
            }
        };
        if let (Some(at), 1..) = (stop, self.depth) {
            self.pos = at;
        }
        self.newlines = newlines;
        next
    }
}
