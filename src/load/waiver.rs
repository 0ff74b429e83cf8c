//! Where the comments stand that waive a finding, and which line each speaks of.
//!
//! What such a comment says is `validate::waive`'s business.

use crate::diagnostic::{Diagnostic, Place, Source};
use crate::validate::waive::{self, Comment, Waiver};

crate::codes! {
    /// A `# platy:` comment that says nothing we know.
    BAD_WAIVER = "P0130", "a `# platy:` comment cannot be read", "docs/validation.md";
}

/// A waiver and the line it speaks of.
#[derive(Debug, Clone)]
pub struct Waived {
    /// What it says.
    pub waiver: Waiver,
    /// Its own line, or the next one where the comment stands alone; from 1.
    pub line: usize,
    /// The comment.
    pub place: Place,
}

/// All waivers of a text, and what is wrong with them.
pub fn find(source: &Source) -> (Vec<Waived>, Vec<Diagnostic>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    if !source.text().contains("platy:") {
        return (found, problems);
    }
    let mut offset = 0;
    for (i, line) in source.text().split_inclusive('\n').enumerate() {
        let comment = line.match_indices('#').map(|(at, _)| at).find(|at| {
            let before = line[..*at].chars().next_back();
            before.is_none_or(char::is_whitespace) && line[at + 1..].trim_start().starts_with("platy:")
        });
        if let Some(at) = comment {
            let text = line[at..].trim_end();
            let place = source.place(offset + at..offset + at + text.len());
            let alone = line[..at].trim().is_empty();
            match waive::read(text) {
                Comment::Other => {}
                Comment::Waives(waivers) => found.extend(waivers.into_iter().map(|waiver| Waived {
                    waiver,
                    line: if alone { i + 2 } else { i + 1 },
                    place: place.clone(),
                })),
                Comment::Unreadable(why) => {
                    problems.push(
                        Diagnostic::error(&BAD_WAIVER, format!("this comment cannot be read: {why}"))
                            .at(place),
                    );
                }
            }
        }
        offset += line.len();
    }
    (found, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_speaks_of_its_line_or_of_the_next() {
        let source = Source::new(
            "a",
            "x: 1 # platy: allow P0421 (OPS-123) until 2027-01-31\n# platy: allow P0422 (always)\ny: 2\n",
        );
        let (found, problems) = find(&source);
        assert!(problems.is_empty());
        assert_eq!((found[0].line, &*found[0].waiver.code), (1, "P0421"));
        assert_eq!((found[1].line, &*found[1].waiver.reason), (3, "always"));
        assert_eq!(find(&Source::new("a", "# platy: allow P0421")).1.len(), 1);
    }
}
