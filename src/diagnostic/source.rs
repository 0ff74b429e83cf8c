//! Texts that were read, and places in them.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use unicode_segmentation::UnicodeSegmentation;

/// A text and the name it is shown under; cheap to clone.
#[derive(Clone)]
pub struct Source(Arc<Inner>);

struct Inner {
    name: String,
    text: String,
    is_file: bool,
    line_starts: OnceLock<Vec<usize>>,
}

impl Source {
    /// A text that came from `name`: a path as the user would write it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::with(name.into(), text.into(), true)
    }

    /// A text that stands in no file, such as that of `--set`: its lines are not worth naming.
    pub fn words(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::with(name.into(), text.into(), false)
    }

    fn with(name: String, text: String, is_file: bool) -> Self {
        Self(Arc::new(Inner { name, text, is_file, line_starts: OnceLock::new() }))
    }

    /// Whether it is a file, in which a line can be looked up.
    pub fn is_file(&self) -> bool {
        self.0.is_file
    }

    /// The name to show: usually a path relative to the working folder or the project.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// A place in this text, by byte offsets.
    pub fn place(&self, range: Range<usize>) -> Place {
        Place { source: self.clone(), start: range.start, end: range.end }
    }

    /// The byte offset at which each line begins.
    fn line_starts(&self) -> &[usize] {
        self.0.line_starts.get_or_init(|| {
            std::iter::once(0)
                .chain(self.0.text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1))
                .collect()
        })
    }

    /// The range of bytes of a line (1-based), without its line break; empty past the end.
    pub fn line(&self, number: usize) -> Range<usize> {
        let starts = self.line_starts();
        let len = self.0.text.len();
        let Some(start) = number.checked_sub(1).and_then(|i| starts.get(i)).copied() else {
            return len..len;
        };
        let end = starts.get(number).map_or(len, |next| next - 1);
        start..end
    }

    /// Line and column of a byte offset.
    pub fn position(&self, offset: usize) -> Position {
        let starts = self.line_starts();
        let mut offset = offset.min(self.0.text.len());
        while !self.0.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = starts.partition_point(|start| *start <= offset);
        let before = &self.0.text[starts[line - 1]..offset];
        let column = if before.is_ascii() { before.len() } else { before.graphemes(true).count() };
        Position { line, column: column + 1 }
    }

    /// Whether both are the same text in memory.
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.0.name)
    }
}

/// Line and column, both from 1; a column is a grapheme cluster, as HCL and editors count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

/// A range of bytes in a [`Source`].
#[derive(Clone)]
pub struct Place {
    /// The text.
    pub source: Source,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Place {
    /// Line and column of its first byte.
    pub fn position(&self) -> Position {
        self.source.position(self.start)
    }

    /// Line and column just past its last byte.
    pub fn end_position(&self) -> Position {
        self.source.position(self.end)
    }

    /// The text that it covers.
    pub fn text(&self) -> &str {
        self.source.text().get(self.start..self.end).unwrap_or_default()
    }
}

impl fmt::Display for Place {
    /// `FILE:LINE:COL`; the name alone for what is no file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.source.is_file() {
            return f.write_str(self.source.name());
        }
        let Position { line, column } = self.position();
        write!(f, "{}:{line}:{column}", self.source.name())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_one_and_by_grapheme() {
        let source = Source::new("a", "ab\ncé d\n");
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position(3), Position { line: 2, column: 1 });
        assert_eq!(source.position(6), Position { line: 2, column: 3 });
        assert_eq!(source.position(99), Position { line: 3, column: 1 });
        assert_eq!(&source.text()[source.line(2)], "cé d");
    }
}
