//! The diff as people read it: `~ count = 1 → 3`.
//!
//! ```text
//! ~ job "fooserver-prod"
//!   ~ group "api"  (2 create/destroy)
//!     ~ count = 1 → 3  # jobs/fooserver.yaml:7 envs.prod
//!     ~ task "web"
//!       ~ kill_timeout = 5s → 9s
//!       + env.LOG_LEVEL = "debug"
//! ```
//!
//! What is the same is not shown. Secrets are masked, and what a terminal would obey is
//! written out, in names too.

use super::annotations::Annotations;
use super::change::{Change, Item, JobDiff, Kind, Spot, Unit, What};
use super::number;
use super::style::{Style, clean, key, quote};
use super::unified::{self, Line};
use crate::jobspec::tree::Value;
use crate::merge::Cause;
use crate::secret::{Masker, is_secret_name};

/// Finds the place that a change is due to, from where it stands in the text of the new job: usually
/// the YAML value that was rendered there; for what is gone, the value that has it no more.
pub type FindPlace<'a> = dyn Fn(Spot<'_>) -> Option<Cause> + 'a;

/// How a diff is shown.
#[derive(Clone, Copy)]
pub struct Show<'a> {
    /// With colours or without.
    pub style: Style,
    /// What hides secrets.
    pub masker: &'a Masker,
    /// Where changes come from; `None` leaves the places out.
    pub place: Option<&'a FindPlace<'a>>,
    /// What the server would do.
    pub annotations: Option<&'a Annotations>,
}

impl<'a> Show<'a> {
    /// Plain, without places and annotations.
    pub fn plain(masker: &'a Masker) -> Self {
        Self { style: Style::plain(), masker, place: None, annotations: None }
    }
}

/// The diff as text, each line with its line break; empty where nothing is different.
pub fn render(diff: &JobDiff, show: &Show<'_>) -> String {
    let Some(kind) = diff.kind else { return String::new() };
    let mut rows = vec![Row {
        depth: 0,
        content: Content::Head(kind, format!("job {}", quote(&diff.id)), String::new()),
        place: None,
    }];
    rows.extend(rows_of(&diff.changes, show));
    draw(&rows, show.style)
}

/// A line of the drawing.
#[derive(Clone, PartialEq)]
pub(super) struct Row {
    depth: usize,
    content: Content,
    place: Option<String>,
}

#[derive(Clone, PartialEq)]
enum Content {
    /// The title of a block, and a remark.
    Head(Kind, String, String),
    /// A change on one line.
    Change(Kind, String),
    /// An element of a list.
    Item(Option<Kind>, String),
    /// Elements that are left out.
    More(String),
    /// A line of a changed text.
    Text(Line),
}

/// The rows of changes inside a job.
pub(super) fn rows_of(changes: &[Change], show: &Show<'_>) -> Vec<Row> {
    let mut writer = Writer { show, rows: Vec::new(), group: None };
    writer.changes(changes, "", 1);
    writer.rows
}

/// The rows of one change that stands for itself.
pub(super) fn rows_of_one(change: &Change, show: &Show<'_>) -> Vec<Row> {
    let mut writer = Writer { show, rows: Vec::new(), group: None };
    writer.change(change, "", 0);
    writer.rows
}

/// Rows as text.
pub(super) fn draw(rows: &[Row], style: Style) -> String {
    let mut out = String::new();
    for row in rows {
        out.push_str(&"  ".repeat(row.depth));
        let marker = |kind: Kind| kind.marker();
        match &row.content {
            Content::Head(kind, title, remark) => {
                out.push_str(&style.kind(Some(*kind), &format!("{} ", marker(*kind))));
                out.push_str(&style.bold(title));
                if !remark.is_empty() {
                    out.push_str("  ");
                    out.push_str(&style.dim(&format!("({remark})")));
                }
            }
            Content::Change(kind, text) => {
                out.push_str(&style.kind(Some(*kind), &format!("{} {text}", marker(*kind))))
            }
            Content::Item(kind, text) => {
                out.push_str(&style.kind(*kind, &format!("{} {text}", kind.map_or(' ', marker))));
            }
            Content::More(text) => out.push_str(&style.dim(text)),
            Content::Text(line) => out.push_str(&unified::draw(line, style)),
        }
        if let Some(place) = &row.place {
            out.push_str("  ");
            out.push_str(&style.dim(&format!("# {place}")));
        }
        while out.ends_with(' ') {
            out.pop();
        }
        out.push('\n');
    }
    out
}

struct Writer<'s, 'a> {
    show: &'s Show<'a>,
    rows: Vec<Row>,
    /// The group that is being written.
    group: Option<String>,
}

impl Writer<'_, '_> {
    fn changes(&mut self, changes: &[Change], path: &str, depth: usize) {
        for change in changes {
            self.change(change, path, depth);
        }
    }

    /// A change under a path such as `config.`.
    fn change(&mut self, change: &Change, path: &str, depth: usize) {
        let path = format!("{path}{}", key(&change.name));
        match &change.what {
            What::Value { old, new, unit } => self.value(change, &path, (old, new), *unit, depth),
            What::List(items) => self.list(change, &path, items, depth),
            What::Map(changes) if !changes.is_empty() => self.changes(changes, &format!("{path}."), depth),
            What::Block { repeated: false, changes, .. } if !changes.is_empty() => {
                self.changes(changes, &format!("{path}."), depth);
            }
            What::Map(_) => {
                self.push(depth, Content::Change(change.kind, format!("{path} {{}}")), change.spot())
            }
            What::Block { label, changes, .. } => {
                let masker = self.show.masker;
                let title = match label {
                    // A condition is not the name of the block.
                    Some(label) if matches!(&*change.name, "constraint" | "affinity" | "spread") => {
                        format!("{path} {}", clean(&masker.text(label)))
                    }
                    Some(label) => format!("{path} {}", quoted_title(masker, label)),
                    None => path,
                };
                let remark = self.remark(change, label.as_deref());
                // Where a block starts says nothing of what is different in it.
                let spot = change.spot().filter(|_| change.kind != Kind::Changed);
                self.push(depth, Content::Head(change.kind, title, remark), spot);
                self.changes(changes, "", depth + 1);
                if change.name == "group" {
                    self.group = None;
                }
            }
        }
    }

    /// What the server would do with a group or task.
    fn remark(&mut self, change: &Change, label: Option<&str>) -> String {
        let Some(label) = label else { return String::new() };
        if change.name == "group" {
            self.group = Some(label.to_owned());
        }
        let Some(annotations) = self.show.annotations else { return String::new() };
        match (&*change.name, &self.group) {
            ("group", _) => annotations.groups.get(label).map(super::annotations::Updates::words),
            ("task", Some(group)) => {
                annotations.tasks.get(group).and_then(|tasks| tasks.get(label)).map(|notes| notes.join(", "))
            }
            _ => None,
        }
        .unwrap_or_default()
    }

    fn value(&mut self, change: &Change, path: &str, (old, new): (&Value, &Value), unit: Unit, depth: usize) {
        if let (Some(before), Some(after)) = (text_or_none(old), text_or_none(new))
            && is_long_text(before, after)
        {
            return self.text(change, path, before, after, depth);
        }
        let write = |value: &Value| write(self.show.masker, &change.name, value, unit);
        let (kind, spot) = (change.kind, change.spot());
        let line = match kind {
            Kind::Added => format!("{path} = {}", write(new)),
            Kind::Removed => format!("{path} = {}", write(old)),
            Kind::Changed => format!("{path} = {} → {}", write(old), write(new)),
        };
        // Two long values are easier to compare one above the other.
        if kind == Kind::Changed && line.chars().count() > 110 {
            let (old, new) = (write(old), write(new));
            self.push(depth, Content::Change(kind, path.to_owned()), spot);
            self.push(depth + 1, Content::Item(Some(Kind::Removed), old), None);
            self.push(depth + 1, Content::Item(Some(Kind::Added), new), None);
        } else {
            self.push(depth, Content::Change(kind, line), spot);
        }
    }

    /// A text of several lines.
    fn text(&mut self, change: &Change, path: &str, old: &str, new: &str, depth: usize) {
        let masker = self.show.masker;
        let (old, new) = if is_secret_name(&change.name) {
            (masker.value(&change.name, old), masker.value(&change.name, new))
        } else {
            (masker.text(old), masker.text(new))
        };
        self.push(depth, Content::Change(change.kind, path.to_owned()), change.spot());
        // A missing line break at the end is shown only where nothing else is different, and a text that
        // came or went as a whole needs no numbers.
        let ended = |text: &str| format!("{}\n", text.trim_end_matches('\n'));
        let only_the_end = ended(&old) == ended(&new);
        let (old, new) = if only_the_end { (old, new) } else { (ended(&old).into(), ended(&new).into()) };
        let (old, new) = match change.kind {
            Kind::Added => ("".into(), new),
            Kind::Removed => (old, "".into()),
            Kind::Changed => (old, new),
        };
        for line in unified::lines(&old, &new) {
            if change.kind != Kind::Changed && !matches!(line, Line::Text(..)) {
                continue;
            }
            self.push(depth + 1, Content::Text(line), None);
        }
    }

    fn list(&mut self, change: &Change, path: &str, items: &[Item], depth: usize) {
        let texts = list_texts(self.show.masker, &change.name, items);
        let one_line = texts.join(", ");
        if change.kind != Kind::Changed && one_line.chars().count() <= 90 {
            return self.push(
                depth,
                Content::Change(change.kind, format!("{path} = [{one_line}]")),
                change.spot(),
            );
        }
        // The list has the place of the first element that came, the others have their own.
        self.push(depth, Content::Change(change.kind, path.to_owned()), change.spot());
        let head = self.words(change.spot());
        // Two elements around each change are enough to find it.
        let near = |i: usize| {
            items[i.saturating_sub(2)..(i + 3).min(items.len())].iter().any(|item| item.kind.is_some())
        };
        let mut left_out = 0;
        for (i, (item, text)) in items.iter().zip(texts).enumerate() {
            if item.kind.is_none() && !near(i) {
                left_out += 1;
                continue;
            }
            self.more(depth + 1, &mut left_out);
            let spot = item.span.map(Spot::At);
            let came = item.kind == Some(Kind::Added) && self.words(spot) != head;
            self.push(depth + 1, Content::Item(item.kind, text), spot.filter(|_| came));
        }
        self.more(depth + 1, &mut left_out);
    }

    fn more(&mut self, depth: usize, left_out: &mut usize) {
        match std::mem::take(left_out) {
            0 => {}
            count => self.push(depth, Content::More(format!("  … {count} unchanged")), None),
        }
    }

    /// The place of a change in words.
    fn words(&self, spot: Option<Spot<'_>>) -> Option<String> {
        let cause = spot.and_then(|spot| self.show.place.and_then(|find| find(spot)))?;
        Some(clean(&cause.words()).into_owned())
    }

    fn push(&mut self, depth: usize, content: Content, spot: Option<Spot<'_>>) {
        let place = self.words(spot);
        // The place of a block is that of its first lines too, and of all in it where it is gone: once is enough.
        let mut before = self.rows.iter().rev();
        let last = match spot {
            Some(Spot::Gone(..)) => before.find_map(|row| row.place.as_ref()),
            _ => before.next().and_then(|row| row.place.as_ref()),
        };
        let place = place.filter(|place| last != Some(place));
        self.rows.push(Row { depth, content, place });
    }
}

/// A text, or `""` for nothing; `None` for what is no text.
pub(super) fn text_or_none(value: &Value) -> Option<&str> {
    match value {
        Value::Str(text) => Some(text),
        Value::Null => Some(""),
        _ => None,
    }
}

/// Whether a text is compared line by line.
pub(super) fn is_long_text(old: &str, new: &str) -> bool {
    let lines = |text: &str| text.trim_end_matches('\n').contains('\n');
    lines(old) || lines(new)
}

/// The elements of a list on one line each, fit to be shown; what follows `--password` is hidden.
fn list_texts(masker: &Masker, name: &str, items: &[Item]) -> Vec<String> {
    let names = list_names(name, items);
    items.iter().zip(names).map(|(item, name)| write(masker, name, &item.value, Unit::None)).collect()
}

/// The texts among the elements of a list with their secrets masked; `""` for the others.
pub(super) fn list_masked(masker: &Masker, name: &str, items: &[Item]) -> Vec<String> {
    let names = list_names(name, items);
    let text =
        |item: &Item, name| masker.value(name, text_or_none(&item.value).unwrap_or_default()).into_owned();
    items.iter().zip(names).map(|(item, name)| text(item, name)).collect()
}

/// The name that each element of a list stands under: the flag before it, or the list's own.
fn list_names<'a>(name: &'a str, items: &'a [Item]) -> Vec<&'a str> {
    // An element that came follows what is there now, one that went what was there.
    let (mut old, mut new) = ("", "");
    let mut names = Vec::with_capacity(items.len());
    for item in items {
        let before = if item.kind == Some(Kind::Removed) { old } else { new };
        let flag = before.starts_with('-') && !before.contains('=') && is_secret_name(before);
        names.push(if flag { before } else { name });
        let text = text_or_none(&item.value).unwrap_or_default();
        if item.kind != Some(Kind::Added) {
            old = text;
        }
        if item.kind != Some(Kind::Removed) {
            new = text;
        }
    }
    names
}

/// The title of a block, fit to be shown.
pub(super) fn quoted_title(masker: &Masker, title: &str) -> String {
    quote(&masker.text(title))
}

/// A value on one line.
pub(super) fn write(masker: &Masker, name: &str, value: &Value, unit: Unit) -> String {
    match (value, unit) {
        (Value::Null, _) => "null".to_owned(),
        (Value::Bool(truth), _) => truth.to_string(),
        (Value::Int(number), Unit::Nanoseconds) => number::duration(*number),
        (Value::Int(number), Unit::Megabytes) => format!("{number} MB"),
        (Value::Int(number), Unit::Megahertz) => format!("{number} MHz"),
        (Value::Int(number), Unit::None) => number.to_string(),
        (Value::Float(number), _) => number.to_string(),
        (Value::Str(text), _) => {
            let shown = masker.value(name, text);
            if shown.starts_with("‹secret ") && shown.ends_with('›') && shown.matches('‹').count() == 1
            {
                shown.into_owned()
            } else {
                quote(&shown)
            }
        }
        (Value::List(list), _) => {
            let list: Vec<String> =
                list.iter().map(|node| write(masker, name, &node.value, Unit::None)).collect();
            format!("[{}]", list.join(", "))
        }
        (Value::Map(map), _) => {
            let entries = map.iter().map(|(name, node)| {
                format!("{} = {}", key(name), write(masker, name, &node.value, Unit::None))
            });
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        (Value::Object(object), _) => object.ty.name.to_owned(),
    }
}
