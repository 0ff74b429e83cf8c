//! The diffs of many jobs as a comment on a pull request.
//!
//! Markdown as GitHub, GitLab and Gitea read it: a table, then every hunk in a `diff` fence inside `<details>`.
//! Nothing that comes from a job, a file or a cluster can leave the place it is put in: a name becomes
//! [`code`], free words become [`words`], and a fence is longer than any row of backticks in it.
//! A comment has at most [`LIMIT`] bytes; what is left out is counted.

use std::fmt::Write as _;

use super::group::{Grouped, Hunk};
use super::style::{Style, clean};
use super::text::{Show, draw, rows_of_one};
use crate::merge::Standing;

/// The bytes that a comment has at most. GitHub takes 65,536 characters.
pub const LIMIT: usize = 60_000;

/// The names that stand beside one hunk; the others are counted.
const NAMES: usize = 12;

/// What is said at the end of a comment that does not hold everything.
const RESERVE: usize = 300;

/// A comment: the parts that the caller knows, around the hunks.
#[derive(Debug, Default)]
pub struct Comment {
    /// The title, in Markdown.
    pub title: String,
    /// One line under it, in Markdown; may be empty.
    pub summary: String,
    /// The heads of the table's columns, in Markdown.
    pub columns: Vec<String>,
    /// The table's rows, in Markdown. Without rows there is no table.
    pub rows: Vec<Vec<String>>,
    /// What comes after the hunks: orphans, failures.
    pub sections: Vec<Section>,
}

/// A list under a title.
#[derive(Debug, Default)]
pub struct Section {
    /// The title, in Markdown.
    pub title: String,
    /// Its items, in Markdown.
    pub items: Vec<String>,
}

impl Comment {
    /// The comment with the hunks of `grouped`; `show` masks secrets, its colours are left out.
    pub fn render(&self, grouped: &Grouped, show: &Show<'_>) -> String {
        let mut out = Out { text: format!("## {}\n", self.title), left_out: 0 };
        if !self.summary.is_empty() {
            let _ = write!(out.text, "\n{}\n", self.summary);
        }
        self.table(&mut out);
        // What went wrong is worth more than the last hunks: room is kept for it.
        let tail: usize = self.sections.iter().map(|section| section.render().len()).sum();
        let hunks = LIMIT - RESERVE - tail.min(LIMIT / 4);
        for hunk in &grouped.hunks {
            let text = details(hunk, show);
            out.push(&text, hunks);
        }
        out.more("difference");
        for section in &self.sections {
            section.push(&mut out);
        }
        out.text
    }

    fn table(&self, out: &mut Out) {
        if self.rows.is_empty() {
            return;
        }
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        out.text.push('\n');
        out.text.push_str(&line(&self.columns));
        out.text.push_str(&line(&vec!["---".to_owned(); self.columns.len()]));
        for row in &self.rows {
            out.push(&line(row), LIMIT / 3);
        }
        out.more("row");
    }
}

impl Section {
    fn head(&self) -> String {
        format!("\n### {}\n\n", self.title)
    }

    fn render(&self) -> String {
        self.head() + &self.items.iter().map(|item| format!("- {item}\n")).collect::<String>()
    }

    fn push(&self, out: &mut Out) {
        if self.items.is_empty() {
            return;
        }
        out.text.push_str(&self.head());
        for item in &self.items {
            out.push(&format!("- {item}\n"), LIMIT - RESERVE);
        }
        out.more("entry");
    }
}

struct Out {
    text: String,
    left_out: usize,
}

impl Out {
    /// Adds a part, unless the comment would grow over `limit`; after the first that is left out, all are.
    fn push(&mut self, part: &str, limit: usize) {
        if self.left_out > 0 || self.text.len() + part.len() > limit {
            self.left_out += 1;
        } else {
            self.text.push_str(part);
        }
    }

    /// Says how many parts were left out.
    fn more(&mut self, what: &str) {
        let count = std::mem::take(&mut self.left_out);
        if count > 0 {
            let plural = match (count, what.strip_suffix('y')) {
                (1, _) => what.to_owned(),
                (_, Some(stem)) => format!("{stem}ies"),
                (_, None) => format!("{what}s"),
            };
            let _ = write!(self.text, "\n_{count} more {plural} left out: the comment would be too long._\n");
        }
    }
}

/// One hunk, folded, with the names of its jobs.
fn details(hunk: &Hunk, show: &Show<'_>) -> String {
    let plain = Show { style: Style::plain(), place: None, annotations: None, ..*show };
    let drawn = draw(&rows_of_one(&hunk.change, &plain), plain.style);
    let jobs = hunk.jobs();
    let head = match &jobs[..] {
        [only] => code(only),
        many => format!("{} jobs", many.len()),
    };
    let first = drawn.lines().next().unwrap_or_default();
    let short: String = first.chars().take(80).collect();
    let dots = if short.len() < first.len() { " …" } else { "" };
    let mut out = format!("\n<details><summary>{head}: {}{dots}</summary>\n\n", code(&short));
    out.push_str(&fence(&drawn));
    let mut line = Vec::new();
    let within = hunk.within();
    if !within.is_empty() {
        line.push(format!("in {}", code(&within)));
    }
    let causes = hunk.causes();
    let known: Vec<&str> =
        causes.iter().map(|(cause, _)| &**cause).filter(|cause| !cause.is_empty()).collect();
    if !known.is_empty() {
        // What is gone comes from nowhere: its place says for itself what it is.
        let places = hunk.at.iter().filter_map(|at| at.place.as_ref());
        let is_gone = places.into_iter().any(|cause| cause.standing != Standing::Here);
        let from = if is_gone { "" } else { "from " };
        line.push(format!("{from}{}", names(known.into_iter(), NAMES)));
    }
    if jobs.len() > 1 {
        line.push(format!("jobs: {}", names(jobs.iter().copied(), NAMES)));
    }
    if !line.is_empty() {
        let _ = write!(out, "\n{}\n", line.join(" · "));
    }
    out.push_str("\n</details>\n");
    out
}

/// Names as code, at most so many; the others are counted.
pub fn names<'n>(names: impl ExactSizeIterator<Item = &'n str>, most: usize) -> String {
    let count = names.len();
    let shown: Vec<_> = names.take(most).map(code).collect();
    let more = if count > most { format!(" and {} more", count - most) } else { String::new() };
    shown.join(", ") + &more
}

/// A text as code, on one line: nothing in it is read as Markdown, as HTML, or as the name of a person.
pub fn code(text: &str) -> String {
    format!("<code>{}</code>", words(text))
}

/// A text as free words, on one line: nothing in it is read as Markdown or HTML.
pub fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for letter in clean(text).chars() {
        match letter {
            letter if letter.is_alphanumeric() => out.push(letter),
            ' ' | '.' | ',' | ':' | '/' | '-' | '(' | ')' | '=' | '+' | '→' | '…' | '‹' | '›' => {
                out.push(letter);
            }
            // The numeric form is known to every reader of Markdown and of HTML.
            letter => drop(write!(out, "&#{};", u32::from(letter))),
        }
    }
    out
}

/// A drawing of differences in a fence, with the markers where viewers of a `diff` look for them.
pub fn fence(drawn: &str) -> String {
    let mut run = 0;
    let mut longest = 2;
    for letter in drawn.chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let ticks = "`".repeat(longest + 1);
    let mut out = format!("{ticks}diff\n");
    for line in drawn.lines() {
        let text = line.trim_start_matches(' ');
        let indent = &line[..line.len() - text.len()];
        let (marker, rest) = match text.chars().next() {
            Some(marker @ ('+' | '-')) => (marker, &text[1..]),
            Some('~') => ('!', &text[1..]),
            _ => (' ', text),
        };
        out.push(marker);
        out.push_str(indent);
        out.push_str(rest);
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
    out.push_str(&ticks);
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::group::{self, Member};
    use crate::diff::{JobDiff, diff};
    use crate::jobspec::Job;
    use crate::secret::Masker;

    fn job(env: &[(String, String)]) -> Job {
        let env: serde_json::Map<_, _> =
            env.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
        let document = serde_json::json!({"ID": "j", "Name": "j", "TaskGroups": [{"Name": "g", "Tasks": [
            {"Name": "t", "Driver": "raw_exec", "Env": env}]}]});
        Job::from_json(&crate::diagnostic::Source::new("job", document.to_string())).unwrap()
    }

    fn changed(value: &str) -> JobDiff {
        let pair = |value: &str| vec![("X".to_owned(), value.to_owned())];
        diff(Some(&job(&pair("old"))), Some(&job(&pair(value))))
    }

    fn grouped(diffs: &[(String, JobDiff)], masker: &Masker) -> Grouped {
        let members = diffs.iter().map(|(name, diff)| Member { name, diff, place: None });
        group::group(members, &Show::plain(masker))
    }

    #[test]
    fn one_hunk_of_two_jobs() {
        let masker = Masker::new(b"key");
        let diffs = [("a".to_owned(), changed("new")), ("b".to_owned(), changed("new"))];
        let comment = Comment {
            title: "Plan".to_owned(),
            summary: "2 jobs change".to_owned(),
            columns: vec!["job".to_owned(), "change".to_owned()],
            rows: vec![vec![code("a"), "update".to_owned()]],
            sections: vec![Section { title: "Orphans".to_owned(), items: vec![code("old")] }],
        };
        let text = comment.render(&grouped(&diffs, &masker), &Show::plain(&masker));
        assert_eq!(
            text,
            "## Plan\n\n2 jobs change\n\n| job | change |\n| --- | --- |\n| <code>a</code> | update |\n\n\
             <details><summary>2 jobs: <code>&#126; env.X = &#34;old&#34; → &#34;new&#34;</code></summary>\n\n\
             ```diff\n! env.X = \"old\" → \"new\"\n```\n\n\
             in <code>task &#34;t&#34;</code> · jobs: <code>a</code>, <code>b</code>\n\n</details>\n\n\
             ### Orphans\n\n- <code>old</code>\n"
        );
    }

    #[test]
    fn nothing_breaks_out() {
        let masker = Masker::new(b"key");
        let evil = "a\n```\n</details><img src=x onerror=alert(1)> @everyone | [x](y) \u{1b}[31m";
        let diffs = [(evil.to_owned(), changed(evil))];
        let text = Comment { title: "Plan".to_owned(), ..Comment::default() }
            .render(&grouped(&diffs, &masker), &Show::plain(&masker));
        assert_eq!(text.matches("</details>").count(), 1 + 1, "{text}");
        // The one that is not ours stands inside the fence, which is longer than what is in it.
        let (before, inside) = text.split_once("````diff\n").unwrap();
        assert!(!before.contains("<img") && !before.contains('\u{1b}') && !before.contains('|'), "{before}");
        let (inside, after) = inside.split_once("\n````\n").unwrap();
        assert!(inside.contains("<img") && !inside.contains('\u{1b}'), "{inside}");
        assert!(!after.contains("<img"), "{after}");
    }

    #[test]
    fn a_long_comment_is_cut_and_says_so() {
        let masker = Masker::new(b"key");
        let diffs: Vec<_> =
            (0..400).map(|i| (format!("job-{i}"), changed(&format!("{i} {}", "word ".repeat(60))))).collect();
        let failures = (0..300).map(|i| format!("{} failed", code(&format!("job-{i}"))));
        let sections = vec![Section { title: "Failures".to_owned(), items: failures.collect() }];
        let rows = (0..2000).map(|i| vec![code(&format!("job-{i}"))]).collect();
        let comment = Comment {
            title: "Plan".to_owned(),
            columns: vec!["job".to_owned()],
            rows,
            sections,
            ..Comment::default()
        };
        let text = comment.render(&grouped(&diffs, &masker), &Show::plain(&masker));
        assert!(text.len() <= LIMIT, "{}", text.len());
        let shown = text.matches("<details>").count();
        assert!(
            shown > 0 && text.contains(&format!("_{} more differences left out", 400 - shown)),
            "{shown}"
        );
        assert!(text.contains("more rows left out") && text.contains("job-0</code> failed"));
    }
}
