//! The names in the code of a template: those that an expression reads, those that a template gives.

use std::collections::HashSet;

/// What must not be taken for the name of a value.
const WORDS: &[&str] = &["and", "else", "false", "if", "in", "is", "none", "not", "or", "true"];

/// The dotted names that an expression reads, without those of filters, tests, functions and
/// arguments.
pub(super) fn read(code: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let bytes = code.as_bytes();
    // The last sign or word before a name tells what the name is.
    let (mut before, mut at) = ("", 0);
    while at < bytes.len() {
        let rest = &code[at..];
        let length = match bytes[at] {
            quote @ (b'"' | b'\'') => quoted(rest, quote),
            b if b.is_ascii_alphanumeric() || b == b'_' => {
                let length = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.'));
                let length = length.unwrap_or(rest.len());
                let name = rest[..length].trim_end_matches('.');
                let after = rest[length..].trim_start();
                let called = after.starts_with('(');
                let argument = after.starts_with('=') && !after.starts_with("==");
                let other = matches!(before, "|" | "is" | ".") || (before == "not" && WORDS.contains(&name));
                if !(called || argument || other || WORDS.contains(&name) || b.is_ascii_digit()) {
                    names.push(name);
                }
                length
            }
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        let piece = &rest[..length];
        if !piece.trim().is_empty() {
            before = piece;
        }
        at += length;
    }
    names
}

/// The length of a quoted text, quotes included.
fn quoted(text: &str, quote: u8) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

/// The names to which a statement of the template gives a value of its own: `set`, `for`, `macro`,
/// `with`, `import`.
pub(super) fn given(template: &str) -> HashSet<String> {
    let statements = template.split("[[%").skip(1).filter_map(|rest| {
        let code = rest.split("%]]").next().unwrap_or_default().trim_start_matches(['-', '+']).trim_start();
        let (word, code) = code.split_once(char::is_whitespace).unwrap_or((code, ""));
        match word {
            "set" | "with" => code.split('=').next(),
            "for" => code.split(" in ").next(),
            "macro" | "import" | "from" | "call" => Some(code),
            _ => None,
        }
    });
    let words = |text: &'_ str| {
        text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned).collect::<Vec<_>>()
    };
    statements.flat_map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_reads_names_and_no_others() {
        let read = |code| read(code).join(" ");
        assert_eq!(
            read("[[ update.max_parallel | default([count // 4, 1] | max) ]]"),
            "update.max_parallel count"
        );
        assert_eq!(read("[[- 5 if disk >= 100 else 1 -]]"), "disk");
        assert_eq!(read(r#"[[ "a b" if health.type in ["grpc", 'it\'s'] else none ]]"#), "health.type");
        assert_eq!(read("[[ not overlap and x is defined and f(y, k=z) ]]"), "overlap x y z");
        assert_eq!(read("[[ \"é\" ~ é ]]"), "");
        assert_eq!(read("[[ \"open"), "");
    }

    #[test]
    fn a_template_gives_names() {
        let template = "[[% set a = b %]] [[%- for c, d in e -%]] [[% macro f(g, h=1) %]] [[% if i %]]";
        let names = given(template);
        let given = "abcdefghi".chars().filter(|name| names.contains(&name.to_string())).collect::<String>();
        assert_eq!(given, "acdfgh");
    }
}
