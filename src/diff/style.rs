//! How a diff is drawn: markers, colours, quoting. All of it can be understood without colour.

use std::borrow::Cow;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};

use super::change::Kind;

/// Whether a drawing has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    colour: bool,
}

impl Style {
    /// Without colours: for a pipe, a file, `NO_COLOR`.
    pub fn plain() -> Self {
        Self { colour: false }
    }

    /// With ANSI colours.
    pub fn coloured() -> Self {
        Self { colour: true }
    }

    /// The text in this style.
    fn paint(self, style: Ansi, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    pub(super) fn kind(self, kind: Option<Kind>, text: &str) -> String {
        let colour = match kind {
            Some(Kind::Added) => AnsiColor::Green,
            Some(Kind::Removed) => AnsiColor::Red,
            Some(Kind::Changed) => AnsiColor::Yellow,
            None => return text.to_owned(),
        };
        self.paint(colour.on_default(), text)
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint(Ansi::new().bold(), text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.paint(Ansi::new().dimmed(), text)
    }

    pub(super) fn hunk(self, text: &str) -> String {
        self.paint(AnsiColor::Cyan.on_default(), text)
    }
}

/// A text in quotes, on one line, with nothing in it that a terminal would obey.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            letter if is_unsafe(letter) => drop(write!(out, "\\u{:04x}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// A text as it is, but for what a terminal would obey.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|letter| is_unsafe(letter) && letter != '\t') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\t' => out.push(letter),
            letter if is_unsafe(letter) => drop(write!(out, "\\u{:04x}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    Cow::Owned(out)
}

/// Control characters, and those that turn the direction of what follows.
fn is_unsafe(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A key as a word of a path: quoted only where it would be misread.
pub(super) fn key(key: &str) -> Cow<'_, str> {
    let plain =
        |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '[' | ']' | '/' | ':' | '$');
    if !key.is_empty() && key.chars().all(plain) { Cow::Borrowed(key) } else { Cow::Owned(quote(key)) }
}
