//! The tokens of HCL2, as small as they can be: a kind and the bytes.

use super::Span;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Kind {
    OBrace,
    CBrace,
    OBrack,
    CBrack,
    OParen,
    CParen,
    /// The `"` that begins a string.
    OQuote,
    /// The `"` that ends it.
    CQuote,
    /// `<<EOT` or `<<-EOT` with its line break.
    OHeredoc,
    /// The line that ends a heredoc, without its line break.
    CHeredoc,
    Star,
    Slash,
    Plus,
    Minus,
    Percent,
    Equal,
    EqualOp,
    NotEqual,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    And,
    Or,
    Bang,
    Dot,
    Comma,
    DoubleColon,
    Ellipsis,
    FatArrow,
    Question,
    Colon,
    /// `${` or `${~`
    Interp,
    /// `%{` or `%{~`
    Control,
    /// The `}` or `~}` that ends one of the two.
    SeqEnd,
    /// Text in a quoted string, escapes and all.
    QuotedLit,
    /// Text in a heredoc: as many lines as there are up to the next sequence.
    StringLit,
    Number,
    Ident,
    /// Only where the lexer was asked to keep comments.
    Comment,
    /// A line break, or a comment that ends with one.
    Newline,
    Eof,
    // What the language does not have, known so that it can be told apart.
    BitAnd,
    BitOr,
    BitNot,
    BitXor,
    Apostrophe,
    Backtick,
    Semicolon,
    Invalid,
    /// A line break inside a quoted string.
    QuotedNewline,
}

impl Kind {
    /// The kind that closes what this one opens.
    pub(super) fn closer(self) -> Option<Self> {
        Some(match self {
            Self::OBrace => Self::CBrace,
            Self::OBrack => Self::CBrack,
            Self::OParen => Self::CParen,
            Self::OQuote => Self::CQuote,
            Self::OHeredoc => Self::CHeredoc,
            Self::Interp | Self::Control => Self::SeqEnd,
            _ => return None,
        })
    }

    /// Whether this closes something.
    pub(super) fn is_closer(self) -> bool {
        matches!(
            self,
            Self::CBrace | Self::CBrack | Self::CParen | Self::CQuote | Self::CHeredoc | Self::SeqEnd
        )
    }

    /// Whether the lexer has already complained about such a token, or will.
    pub(super) fn is_unknown(self) -> bool {
        self as u8 >= Self::BitAnd as u8
    }
}

/// A token: its kind and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Token {
    /// Where it stands.
    pub(super) fn span(self) -> Span {
        Span { start: self.start, end: self.end }
    }

    /// Its text.
    pub(super) fn text(self, text: &str) -> &str {
        &text[self.start as usize..self.end as usize]
    }

    /// How many bytes it has.
    pub(super) fn len(self) -> u32 {
        self.end - self.start
    }
}
