//! Functions on text. A character is a grapheme cluster where one counts.

use unicode_segmentation::UnicodeSegmentation;

use super::{Args, MAX_TEXT, Outcome, bounded, fail, fail_at, too_long};
use crate::jobspec::eval::value::Value;

/// The capital of a letter, if that is one letter too.
fn to_upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => c,
    }
}

/// The small form of a letter.
fn to_lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// `upper(str)`
pub(super) fn upper(args: Args) -> Outcome {
    Ok(args.text(0).chars().map(to_upper).collect::<String>().into())
}

/// `lower(str)`
pub(super) fn lower(args: Args) -> Outcome {
    Ok(args.text(0).chars().map(to_lower).collect::<String>().into())
}

/// `title(str)`
pub(super) fn title(args: Args) -> Outcome {
    let mut previous = ' ';
    let capital = |c| {
        let start = is_separator(previous);
        previous = c;
        if start { to_upper(c) } else { c }
    };
    Ok(args.text(0).chars().map(capital).collect::<String>().into())
}

/// Whether a letter after this one begins a word.
fn is_separator(c: char) -> bool {
    if c.is_ascii() {
        return !(c.is_ascii_alphanumeric() || c == '_');
    }
    !c.is_alphanumeric() && c.is_whitespace()
}

/// `reverse(str)` and `strrev(str)`
pub(super) fn reverse(args: Args) -> Outcome {
    Ok(args.text(0).graphemes(true).rev().collect::<String>().into())
}

/// `strlen(str)`
pub(super) fn strlen(args: Args) -> Outcome {
    Ok(Value::int(args.text(0).graphemes(true).count() as i64))
}

/// `substr(str, offset, length)`
pub(super) fn substr(args: Args) -> Outcome {
    let text = args.text(0);
    let (offset, length) = (args.int(1)?, args.int(2)?);
    let skip = if offset < 0 {
        // As in Nomad: more than there is means from the start, and a length of 0 means all.
        (offset + text.graphemes(true).count() as i64).max(0)
    } else if length == 0 {
        return Ok("".into());
    } else {
        offset
    };
    let from = text.grapheme_indices(true).nth(skip as usize).map_or(text.len(), |(at, _)| at);
    let rest = &text[from..];
    if length <= 0 {
        return Ok(rest.into());
    }
    let to = rest.grapheme_indices(true).nth(length as usize).map_or(rest.len(), |(at, _)| at);
    Ok(rest[..to].into())
}

/// `join(separator, lists...)`
pub(super) fn join(args: Args) -> Outcome {
    if args.len() < 2 {
        return fail("at least one list is required");
    }
    let separator = args.text(0);
    let mut out = String::new();
    let mut first = true;
    for list in 1..args.len() {
        for (i, element) in args.elements(list).iter().enumerate() {
            let Some(text) = element.as_str() else {
                return fail_at(list, format!("element {i} is null"));
            };
            if !std::mem::take(&mut first) {
                out.push_str(separator);
            }
            out.push_str(text);
            if out.len() > MAX_TEXT {
                return too_long();
            }
        }
    }
    Ok(out.into())
}

/// `split(separator, str)`
pub(super) fn split(args: Args) -> Outcome {
    let (separator, text) = (args.text(0), args.text(1));
    let parts: Vec<Value> = if separator.is_empty() {
        text.chars().map(|c| c.to_string().into()).collect()
    } else {
        text.split(separator).map(Value::from).collect()
    };
    Ok(Value::List(parts))
}

/// `replace(str, substr, replace)`
pub(super) fn replace(args: Args) -> Outcome {
    let (text, from, to) = (args.text(0), args.text(1), args.text(2));
    let count = text.matches(from).count();
    if text.len().saturating_add(count.saturating_mul(to.len())) > MAX_TEXT {
        return too_long();
    }
    Ok(text.replace(from, to).into())
}

/// `chomp(str)`
pub(super) fn chomp(args: Args) -> Outcome {
    Ok(args.text(0).trim_end_matches(['\r', '\n']).into())
}

/// `indent(spaces, str)`
pub(super) fn indent(args: Args) -> Outcome {
    let Ok(spaces) = usize::try_from(args.int(0)?) else {
        return fail("the number of blanks must not be negative");
    };
    let text = args.text(1);
    let breaks = text.matches('\n').count();
    if text.len().saturating_add(breaks.saturating_mul(spaces)) > MAX_TEXT || spaces > MAX_TEXT {
        return too_long();
    }
    bounded(text.replace('\n', &format!("\n{}", " ".repeat(spaces))))
}

/// `trim(str, cutset)`
pub(super) fn trim(args: Args) -> Outcome {
    let cut: Vec<char> = args.text(1).chars().collect();
    Ok(args.text(0).trim_matches(&cut[..]).into())
}

/// `trimprefix(str, prefix)`
pub(super) fn trimprefix(args: Args) -> Outcome {
    let text = args.text(0);
    Ok(text.strip_prefix(args.text(1)).unwrap_or(text).into())
}

/// `trimsuffix(str, suffix)`
pub(super) fn trimsuffix(args: Args) -> Outcome {
    let text = args.text(0);
    Ok(text.strip_suffix(args.text(1)).unwrap_or(text).into())
}

/// `trimspace(str)`
pub(super) fn trimspace(args: Args) -> Outcome {
    Ok(args.text(0).trim().into())
}
