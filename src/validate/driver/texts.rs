//! The templates in a driver's config, which a client reads when the task starts.
//!
//! What the job file's own parser leaves of `$${…}` or `%%{…}` is a template again: Nomad reads
//! each text of the config a second time, with the environment of the task.

use super::{Entry, driver_in};
use crate::jobspec::syntax;
use crate::jobspec::tree::Value;
use crate::validate::report::Out;
use crate::validate::rules::Cx;
use crate::validate::view::Block;

/// Texts that are no template, such as those with the `${x:-y}` of a shell.
pub fn check(cx: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    if driver_in(cx, task).is_some() {
        texts_in(&Entry::root(task), out);
    }
}

fn texts_in(entry: &Entry<'_>, out: &mut Out<'_>) {
    match &entry.node.value {
        Value::Str(text) => say(text, entry, out),
        Value::List(list) => {
            list.iter().enumerate().for_each(|(i, node)| texts_in(&entry.item(i, node), out));
        }
        Value::Map(_) => {
            for (key, inner) in entry.entries() {
                say(key, &inner, out);
                texts_in(&inner, out);
            }
        }
        _ => {}
    }
}

fn say(text: &str, entry: &Entry<'_>, out: &mut Out<'_>) {
    let Some((mark, why)) = problem(text) else { return };
    let first = &mark[..1];
    out.say(entry.site(), format!("the driver cannot read the text as a template: {why}")).hint(format!(
        "for a plain `{mark}` the driver must get `{first}{mark}`, in HCL written as `{first}{first}{mark}`"
    ));
}

/// What is wrong with a text as a template, and the mark that makes it one.
fn problem(text: &str) -> Option<(&'static str, String)> {
    let mark = ["${", "%{"].into_iter().filter_map(|mark| Some((text.find(mark)?, mark))).min()?.1;
    // In a heredoc nothing but templates has a meaning.
    let longest = text.split(|c| c != '_').map(str::len).max().unwrap_or(0);
    let end = format!("END{}", "_".repeat(longest + 1));
    let heredoc = format!("<<{end}\n{text}\n{end}\n");
    let (_, errors) = syntax::parse_expression(&heredoc);
    let error = errors.into_iter().next()?;
    let why = if error.detail.is_empty() { error.summary } else { error.detail };
    Some((mark, why.trim_end_matches('.').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_read_as_nomad_reads_them() {
        for good in [
            "",
            "a",
            "$x %y",
            "${x}",
            "$${x:-y}",
            "%%{x}",
            "${NOMAD_PORT_http}",
            "%{ if true }a%{ endif }",
            "${upper(\"x\")}",
            "a\nEND\n${x}",
        ] {
            assert_eq!(problem(good), None, "{good}");
        }
        for bad in [
            "%{http_code}",
            "${foo",
            "${a b}",
            "${}",
            "${x:-y}",
            "${x%.*}",
            "a\nEND\n${x:-y}",
            "%{ if true }a",
        ] {
            assert!(problem(bad).is_some(), "{bad}");
        }
    }
}
