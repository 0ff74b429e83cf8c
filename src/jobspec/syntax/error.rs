//! What can be wrong with the text itself.
//!
//! The first words of each message are those of HashiCorp's parser, so that they can be looked
//! up; what follows them says more where more is known.

use std::borrow::Cow;

use super::token::{Kind, Token};
use super::{Lexed, Span};
use crate::diagnostic::{Code, Diagnostic, Source};

crate::codes! {
    /// A character, an operator or a line break that HCL does not have at this place.
    CHARACTER = "P0401", "a character that HCL does not use here", "HCL native syntax specification, Lexical Elements";
    /// An escape in a quoted string that does not exist.
    ESCAPE = "P0402", "an unknown escape sequence", "HCL native syntax specification, Template Expressions";
    /// Neither an argument nor a block, or a name that is not one.
    DEFINITION = "P0403", "an argument or block was expected", "HCL native syntax specification, Structural Elements";
    /// An argument that does not end where it must.
    ARGUMENT_END = "P0404", "an argument must end with its line", "HCL native syntax specification, Attribute Definitions";
    /// A block whose header or braces are wrong.
    BLOCK = "P0405", "a block is not well formed", "HCL native syntax specification, Blocks";
    /// Something opened and never closed.
    UNCLOSED = "P0406", "something is not closed", "HCL native syntax specification, Blocks";
    /// The same argument twice in one body.
    REDEFINED = "P0407", "an argument is set twice", "HCL native syntax specification, Attribute Definitions";
    /// An expression was expected, or one is not well formed.
    EXPRESSION = "P0408", "an expression is not well formed", "HCL native syntax specification, Expressions";
    /// A list or an object whose items are not separated as they must be.
    COLLECTION = "P0409", "a list or an object is not well formed", "HCL native syntax specification, Collection Values";
    /// A `for` expression that is not complete.
    FOR = "P0410", "a `for` expression is not well formed", "HCL native syntax specification, For Expressions";
    /// A function call that is not complete.
    CALL = "P0411", "a function call is not well formed", "HCL native syntax specification, Functions and Function Calls";
    /// A string, an interpolation or a directive that is not complete.
    TEMPLATE = "P0412", "a string or its template is not well formed", "HCL native syntax specification, Template Expressions";
    /// Deeper nesting than we read.
    TOO_DEEP = "P0413", "nested too deeply", "";
    /// More mistakes than we list.
    TOO_MANY = "P0414", "too many mistakes", "";
}

/// A mistake in the text of a file.
#[derive(Debug, Clone)]
pub struct SyntaxError {
    /// Its kind.
    pub code: &'static Code,
    /// What is wrong, in the words that Nomad uses too.
    pub summary: Cow<'static, str>,
    /// More on it; may be empty.
    pub detail: Cow<'static, str>,
    /// Where.
    pub span: Span,
    /// What to do.
    pub hint: Option<Cow<'static, str>>,
    /// A place that explains it, and what is there.
    pub related: Option<(Span, &'static str)>,
}

impl SyntaxError {
    /// An error without hint or related place.
    pub(super) fn new(
        code: &'static Code,
        span: Span,
        summary: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { code, summary: summary.into(), detail: detail.into(), span, hint: None, related: None }
    }

    /// Says what to do.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Points at what explains it.
    #[must_use]
    pub(super) fn related(mut self, span: Span, text: &'static str) -> Self {
        self.related = Some((span, text));
        self
    }

    /// As a diagnostic at its place in `source`, which must be the text that was parsed.
    pub fn to_diagnostic(&self, source: &Source) -> Diagnostic {
        let message = if self.detail.is_empty() {
            self.summary.to_string()
        } else {
            format!("{}: {}", self.summary, self.detail)
        };
        let mut diagnostic = Diagnostic::error(self.code, message).at(source.place(self.span.range()));
        if let Some((span, text)) = self.related {
            diagnostic = diagnostic.related(source.place(span.range()), text);
        }
        match &self.hint {
            Some(hint) => diagnostic.hint(hint.to_string()),
            None => diagnostic,
        }
    }
}

/// The errors of the tokens that the language does not have. The same mistake is not repeated
/// for ever: quote marks of another language come in pairs, and one hint on `;` is enough.
pub(super) fn unknown_tokens(lexed: &Lexed, text: &str, mut report: impl FnMut(SyntaxError)) {
    if !lexed.unknown {
        return;
    }
    let mut told = Told::default();
    for token in lexed.tokens.iter().filter(|token| token.kind.is_unknown()) {
        if let Some(error) = told.error(*token, text) {
            report(error);
        }
    }
}

/// How often each was reported.
#[derive(Default)]
struct Told {
    bitwise: u32,
    backtick: u32,
    apostrophe: u32,
    semicolon: bool,
}

impl Told {
    fn error(&mut self, token: Token, text: &str) -> Option<SyntaxError> {
        let character =
            |detail: &'static str| SyntaxError::new(&CHARACTER, token.span(), "Invalid character", detail);
        Some(match token.kind {
            Kind::BitAnd | Kind::BitOr | Kind::BitXor | Kind::BitNot => {
                self.bitwise += 1;
                if self.bitwise > 4 {
                    return None;
                }
                let error = SyntaxError::new(
                    &CHARACTER,
                    token.span(),
                    "Unsupported operator",
                    "HCL has no bitwise operators",
                );
                match token.kind {
                    Kind::BitAnd => error.hint("did you mean `&&`, the logical and?"),
                    Kind::BitOr => error.hint("did you mean `||`, the logical or?"),
                    Kind::BitNot => error.hint("did you mean `!`, the logical not?"),
                    _ => error,
                }
            }
            Kind::Backtick => {
                self.backtick = (self.backtick + 1).min(3);
                if self.backtick == 2 {
                    return None;
                }
                character("a backtick quotes nothing in HCL")
                    .hint("write text of several lines as a heredoc: `<<EOT`, the lines, `EOT`")
            }
            Kind::Apostrophe => {
                self.apostrophe = (self.apostrophe + 1).min(3);
                if self.apostrophe == 2 {
                    return None;
                }
                character("single quotes are not used in HCL").hint("enclose strings in double quotes")
            }
            Kind::Semicolon => {
                if std::mem::replace(&mut self.semicolon, true) {
                    return None;
                }
                character("`;` is not used in HCL")
                    .hint("separate arguments and blocks by newlines, items of lists and maps by commas")
            }
            Kind::QuotedNewline => SyntaxError::new(
                &CHARACTER,
                token.span(),
                "Invalid multi-line string",
                "a quoted string ends on the line where it began",
            )
            .hint("close the quote, write `\\n` for a newline, or use a heredoc: `<<EOT`, the lines, `EOT`"),
            _ => match token.text(text) {
                "“" | "”" => character("typographic quotes are not quotes in HCL")
                    .hint("replace them by straight double quotes"),
                "\r" => character("a carriage return without a newline"),
                "$" => character("`$` begins an interpolation only inside quotes")
                    .hint("write a reference without `${` and `}`"),
                _ => character("HCL does not use this character"),
            },
        })
    }
}
