//! HCL as text: what parses, what is refused and where, and the layout.

use std::fs;
use std::path::{Path, PathBuf};

use platy_manage::diagnostic::{Source, text};
use platy_manage::jobspec::syntax::{self, MAX_DEPTH, MAX_ERRORS};
use proptest::prelude::*;

use crate::corpus;

/// The mistakes in a text as they are drawn for people.
fn drawing(name: &str, content: &str) -> String {
    let source = Source::new(name, content);
    let (_, errors) = syntax::parse(source.text());
    let diagnostics: Vec<_> = errors.iter().map(|error| error.to_diagnostic(&source)).collect();
    text::render(&diagnostics, false)
}

/// The job files of a folder of the corpus with their texts.
fn job_files(corpus: &Path, folder: &str) -> Vec<(PathBuf, String)> {
    let paths = corpus::files(&corpus.join("jobspecs").join(folder), "hcl");
    assert!(!paths.is_empty(), "no job files in {folder}");
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn invalid_files_are_drawn_with_every_mistake() {
    insta::glob!("../cases/syntax/invalid", "*.hcl", |path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        insta::assert_snapshot!(drawing(name, &fs::read_to_string(path).unwrap()));
    });
}

#[test]
fn the_layout_is_canonical() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/syntax/format");
    let formatted = syntax::format(&fs::read_to_string(folder.join("input.hcl")).unwrap()).unwrap();
    insta::assert_snapshot!(formatted);
}

#[test]
fn every_valid_file_of_the_corpus_parses() {
    let Some(corpus) = corpus::corpus() else { return };
    for (path, text) in job_files(&corpus, "valid") {
        let (body, errors) = syntax::parse(&text);
        assert!(errors.is_empty(), "{}", drawing(&path.display().to_string(), &text));
        assert!(!body.structures.is_empty(), "{}", path.display());
    }
}

/// `FILE:1,2-3: summary; detail` or `FILE:1,2-3,4: summary; detail`: the place and the summary.
fn recorded(line: &str) -> Option<(String, String)> {
    let (_, rest) = line.split_once(".hcl:")?;
    let (place, rest) = rest.split_once(": ")?;
    let (summary, _) = rest.split_once(';')?;
    Some((place.to_owned(), summary.to_owned()))
}

/// A place as Nomad writes it.
fn place(source: &Source, span: syntax::Span) -> String {
    let start = source.position(span.start as usize);
    let end = source.position(span.end as usize);
    if start.line == end.line {
        format!("{},{}-{}", start.line, start.column, end.column)
    } else {
        format!("{},{}-{},{}", start.line, start.column, end.line, end.column)
    }
}

#[test]
fn mistakes_in_the_corpus_stand_where_nomad_puts_them() {
    let Some(corpus) = corpus::corpus() else { return };
    let mut compared = 0;
    for (path, text) in job_files(&corpus, "invalid") {
        let error = fs::read_to_string(path.with_extension("error.txt")).unwrap();
        let source = Source::new(path.display().to_string(), text);
        let (_, errors) = syntax::parse(source.text());
        // Without a place it is a mistake that only evaluation finds.
        let Some(expected) = error.lines().next().and_then(recorded) else {
            assert!(errors.is_empty(), "{}", path.display());
            continue;
        };
        let first = &errors[0];
        assert_eq!((place(&source, first.span), first.summary.to_string()), expected, "{}", path.display());
        compared += 1;
    }
    assert!(compared > 0);
}

#[test]
fn the_corpus_is_laid_out_as_nomad_fmt_does() {
    let Some(corpus) = corpus::corpus() else { return };
    for (path, text) in job_files(&corpus, "unformatted") {
        let expected = corpus.join("jobspecs/formatted").join(path.file_name().unwrap());
        let formatted = syntax::format(&text).unwrap();
        assert_eq!(formatted, fs::read_to_string(expected).unwrap(), "{}", path.display());
        assert_eq!(syntax::format(&formatted).unwrap(), formatted, "{}", path.display());
    }
}

#[test]
fn the_layout_keeps_every_token_and_comment() {
    let Some(corpus) = corpus::corpus() else { return };
    let squeezed = |text: &str| text.chars().filter(|c| !matches!(c, ' ' | '\t')).collect::<String>();
    for (path, text) in job_files(&corpus, "valid") {
        assert_eq!(squeezed(&syntax::format(&text).unwrap()), squeezed(&text), "{}", path.display());
    }
}

#[test]
fn deep_nesting_is_refused_and_overflows_no_stack() {
    let n = 100_000;
    for (name, text) in [
        ("lists", format!("a = {}{}", "[".repeat(n), "]".repeat(n))),
        ("open lists", format!("a = {}", "[".repeat(n))),
        ("parentheses", format!("a = {}1{}", "(".repeat(n), ")".repeat(n))),
        ("maps", format!("a = {}1{}", "{a=".repeat(n), "}".repeat(n))),
        ("blocks", format!("{}{}", "a {\n".repeat(n), "}\n".repeat(n))),
        ("calls", format!("a = {}{}", "f(".repeat(n), ")".repeat(n))),
        ("indexes", format!("a = {}1{}", "a[".repeat(n), "]".repeat(n))),
        ("attributes", format!("a = b{}", ".c".repeat(n))),
        ("splats", format!("a = b{}", "[*].c".repeat(n))),
        ("sums", format!("a = 1{}", " + 1".repeat(n))),
        ("signs", format!("a = {}1", "!".repeat(n))),
        ("conditions", format!("a = {}1", "x ? y : ".repeat(n))),
        ("interpolations", format!("a = {}1{}", "\"${".repeat(n), "}\"".repeat(n))),
        ("directives", format!("a = \"{}{}\"", "%{if x}".repeat(n), "%{endif}".repeat(n))),
        ("loops", format!("a = {}1{}", "[for x in y : ".repeat(n), "]".repeat(n))),
        (
            "sums of sums",
            format!("a = {}1{}", "(".repeat(150), "+1)".repeat(150)).replace("+1", &"+1".repeat(150)),
        ),
    ] {
        let (_, errors) = syntax::parse(&text);
        assert!(
            errors.iter().any(|error| error.summary == "Nested too deeply"),
            "{name}: {:?}",
            errors.first().map(|error| &error.summary)
        );
    }
    let most = (MAX_DEPTH - 2) as usize;
    let (_, errors) = syntax::parse(&format!("a = {}{}", "[".repeat(most), "]".repeat(most)));
    assert!(errors.is_empty());
}

#[test]
fn many_mistakes_are_counted_not_listed() {
    let text = "\"a\" = 1\n".repeat(MAX_ERRORS + 5);
    let (_, errors) = syntax::parse(&text);
    assert_eq!(errors.len(), MAX_ERRORS + 1);
    assert_eq!(errors.last().unwrap().detail, "5 more are not listed");
}

/// Guards against quadratic work: each of these took minutes where a search ran to the end of
/// the file once per line.
#[test]
fn large_files_are_read_in_linear_time() {
    let fill = |unit: &str| unit.repeat(2 * 1024 * 1024 / unit.len());
    for text in [
        "a { b = 1 }\n".repeat(10 * 1024 * 1024 / 12),
        fill("a = 1\n"),
        fill("/* "),
        format!("a = <<E\n{}", fill("  E x\n")),
        format!("a = <<-E\n{}E\n", fill("  $${x} %%{\n")),
        format!("a = \"{}\"", fill("\\n$${")),
        format!("a = \"{}\"", fill("${x}")),
        fill("a = <<E\n"),
        fill("\"a\" = `\n"),
        fill("a { b c\n"),
        fill("a = [\n"),
        format!("a = [{}]", fill("1,")),
    ] {
        let (_, errors) = syntax::parse(&text);
        assert!(errors.len() <= MAX_ERRORS + 1);
    }
}

/// What a mutation may put into a text.
const PIECES: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "=",
    ",",
    ".",
    "\n",
    "#",
    "/*",
    "*/",
    "${",
    "%{",
    "~}",
    "<<EOT\n",
    "<<-X\n",
    "\\",
    "$",
    "%",
    "*",
    "?",
    ":",
    "::",
    "...",
    "=>",
    " for ",
    " in ",
    " if ",
    "%{ if x }",
    "%{ endif }",
    "1.2.3",
    "1e5",
    "\r",
    "é",
    "'",
    "`",
    ";",
    "&",
    "EOT\n",
    "-",
    "!",
    "[*]",
    ".*",
    ".0",
    "\\u12",
    "\0",
    "\u{feff}",
    "𝕏",
];

/// A seed that has everything in it once.
const SEED: &str = "a = \"x${b.c[0].*.d}y\"\nb = [for k, v in x : v if p]\nc = {for k, v in x : k => v...}\n\
    d = <<-EOT\n  a ${b}\n    %{ if x ~}\n  foo\n  %{ else }bar %{~ endif }\n\n $x $${y} %%{z\n  EOT\n\
    e = f(a, b...)\ng = a ? b : c\nh = -1 + 2 * 3 == !x && y || z\ni = { \"a\" = 1, (b) = 2\n c : 3 }\n\
    blk \"l\" m { x = 1 }\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the text is, the parser ends, its spans are in the text and on characters, and
    /// what it accepts can be laid out, twice with the same result.
    #[test]
    fn mutations_never_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), 0..PIECES.len(), 0..9usize), 1..6)) {
        let mut text = SEED.to_owned();
        for (at, piece, cut) in edits {
            let mut start = at.index(text.len() + 1);
            while !text.is_char_boundary(start) { start -= 1; }
            let mut end = (start + cut).min(text.len());
            while !text.is_char_boundary(end) { end += 1; }
            text.replace_range(start..end, PIECES[piece]);
        }
        let (_, errors) = syntax::parse(&text);
        for error in &errors {
            prop_assert!(text.get(error.span.range()).is_some());
        }
        match syntax::format(&text) {
            Ok(formatted) => prop_assert_eq!(syntax::format(&formatted).ok(), Some(formatted)),
            Err(_) => prop_assert!(!errors.is_empty()),
        }
    }
}
