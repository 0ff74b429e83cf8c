//! Text to [`Node`]s: YAML 1.2 with places, duplicates refused and every bound kept.
//!
//! The scanner and the grammar are saphyr-parser's; composing its events is ours, because each
//! key and value must keep its text and its place.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::node::{Directive, Entry, Kind, Node, Text};
use crate::diagnostic::{Diagnostic, Source};

crate::codes! {
    /// The text is no YAML.
    SYNTAX = "P0101", "a file is not valid YAML", "YAML 1.2.2";
    /// A key stands twice in one map.
    DUPLICATE_KEY = "P0102", "a key stands twice in one map", "YAML 1.2.2, 3.2.1.3";
    /// Aliases multiply into too many nodes, or nest too deep.
    ALIAS_BOMB = "P0103", "a file expands to too many or too deep nodes", "";
    /// A tag that means nothing here.
    UNKNOWN_TAG = "P0104", "a tag that means nothing here", "docs/job-file.md";
    /// A key that is no scalar.
    KEY = "P0105", "a key must be a plain text", "";
    /// More than one document in a file.
    DOCUMENTS = "P0106", "a file holds more than one document", "";
    /// A file is too large, or no UTF-8.
    UNREADABLE = "P0107", "a file cannot be read, is too large or is not UTF-8", "";
    /// `<<` is used with something that cannot be merged.
    MERGE_KEY = "P0108", "`<<` takes a map or a list of maps", "YAML merge key 1.1";
}

/// Nodes that a file may expand to, aliases included.
const MAX_NODES: usize = 10_000;
/// Levels that a file may nest.
const MAX_DEPTH: usize = 64;
/// Bytes that a file may have.
pub const MAX_BYTES: u64 = 1 << 20;

/// Reads a text; an empty one is an empty map.
///
/// # Errors
/// Everything that is wrong with it. Past a syntax error nothing can be said.
pub fn parse(source: &Source) -> Result<Node, Vec<Diagnostic>> {
    let mut composer = Composer::new(source);
    composer.run();
    if composer.problems.is_empty() {
        let root = composer.root.take().filter(|root| !root.is_null());
        Ok(root.unwrap_or_else(|| composer.node(Kind::Map(Vec::new()), 0..0)))
    } else {
        Err(composer.problems)
    }
}

/// Character offsets, as the scanner counts, to byte offsets.
enum Offsets {
    Ascii,
    Table(Vec<usize>),
}

impl Offsets {
    fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self::Ascii;
        }
        let mut table: Vec<usize> = text.char_indices().map(|(byte, _)| byte).collect();
        table.push(text.len());
        Self::Table(table)
    }

    fn byte(&self, index: usize, len: usize) -> usize {
        match self {
            Self::Ascii => index.min(len),
            Self::Table(table) => table.get(index).copied().unwrap_or(len),
        }
    }
}

/// A collection whose end has not come yet.
struct Open {
    kind: OpenKind,
    start: usize,
    anchor: usize,
    directive: Option<Directive>,
    /// Nodes counted when it began: the difference is its size.
    nodes_before: usize,
}

enum OpenKind {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<(String, Range<usize>)> },
}

struct Composer<'s> {
    source: &'s Source,
    offsets: Offsets,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize, usize)>,
    nodes: usize,
    root: Option<Node>,
    problems: Vec<Diagnostic>,
    documents: usize,
    halted: bool,
}

impl<'s> Composer<'s> {
    fn new(source: &'s Source) -> Self {
        Self {
            source,
            offsets: Offsets::new(source.text()),
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            root: None,
            problems: Vec::new(),
            documents: 0,
            halted: false,
        }
    }

    fn run(&mut self) {
        for event in Parser::new_from_str(self.source.text()) {
            match event {
                Ok((event, span)) => self.event(event, span),
                Err(error) => {
                    let at = self.byte(error.marker().index());
                    let diagnostic = self.syntax_error(error.info(), at);
                    self.problems.push(diagnostic);
                    return;
                }
            }
            if self.halted {
                return;
            }
        }
    }

    fn byte(&self, index: usize) -> usize {
        self.offsets.byte(index, self.source.text().len())
    }

    fn range(&self, span: Span) -> Range<usize> {
        let start = self.byte(span.start.index());
        let end = self.byte(span.end.index()).max(start);
        // A block scalar or collection ends where the next thing begins: blanks are not part of it.
        let text = self.source.text().get(start..end).unwrap_or_default().trim_end();
        start..start + text.len()
    }

    fn node(&self, kind: Kind, range: Range<usize>) -> Node {
        Node { kind, place: self.source.place(range), directive: None }
    }

    fn syntax_error(&self, info: &str, at: usize) -> Diagnostic {
        let text = self.source.text();
        let line_start = text[..at.min(text.len())].rfind('\n').map_or(0, |i| i + 1);
        let line = &text[line_start..];
        let line = &line[..line.find('\n').unwrap_or(line.len())];
        let indent = &line[..line.len() - line.trim_start().len()];
        if let Some(tab) = indent.find('\t') {
            let tab = line_start + tab;
            return Diagnostic::error(&SYNTAX, "a tab is used for indentation")
                .at(self.source.place(tab..tab + 1))
                .hint("YAML is indented with spaces only");
        }
        // The scanner looks ahead and stops by itself before the events show how deep it goes.
        if info.contains("recursion limit") {
            return self.too_deep(at..(at + 1).min(text.len()));
        }
        // At the end of the text there is nothing to mark: the last line that says something is.
        let at = if at >= text.len() { text.trim_end().len() } else { at };
        let diagnostic = Diagnostic::error(&SYNTAX, format!("not valid YAML: {info}"));
        let diagnostic = diagnostic.at(self.source.place(at..(at + 1).min(text.len())));
        if info.contains("anchor") {
            return diagnostic.hint("an alias `*name` needs an anchor `&name` before it, in the same file");
        }
        if info.contains("mapping values") || info.contains("simple key") || info.contains("':'") {
            return diagnostic
                .hint("write `key: value`, one on each line; a value with `: ` in it needs quotes");
        }
        diagnostic
    }

    fn event(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let at = self.range(span);
                    self.problems.push(
                        Diagnostic::error(&DOCUMENTS, "a second document begins here")
                            .at(self.source.place(at))
                            .hint("a file holds one document: remove the `---`, or use two files"),
                    );
                    self.halted = true;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let range = self.range(span);
                if self.is_key() && tag.is_none() && anchor == 0 {
                    self.set_key(text.into_owned(), range);
                    return;
                }
                let directive = self.directive(tag.as_deref(), &range, None);
                let node = Node { directive, ..self.node(scalar(&text, style, tag.as_deref()), range) };
                self.finish(node, anchor, 1);
            }
            Event::SequenceStart(anchor, tag) => {
                let range = self.range(span);
                let directive = self.directive(tag.as_deref(), &range, Some("list"));
                self.begin(OpenKind::List(Vec::new()), range.start, anchor, directive);
            }
            Event::MappingStart(anchor, tag) => {
                let range = self.range(span);
                let directive = self.directive(tag.as_deref(), &range, Some("map"));
                let kind = OpenKind::Map { entries: Vec::new(), key: None };
                self.begin(kind, range.start, anchor, directive);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(id) => {
                let range = self.range(span);
                let Some((node, size, depth)) = self.anchors.get(&id).cloned() else {
                    let diagnostic = Diagnostic::error(&SYNTAX, "an alias stands inside its own anchor")
                        .at(self.source.place(range));
                    self.problems.push(diagnostic);
                    self.halted = true;
                    return;
                };
                if self.bounded(size, depth, &range) {
                    self.finish(Node { directive: None, ..node }, 0, size);
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }

    /// Whether the next node is a key.
    fn is_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Map { key: None, .. }, .. }))
    }

    fn set_key(&mut self, text: String, range: Range<usize>) {
        if let Some(Open { kind: OpenKind::Map { key, .. }, .. }) = self.open.last_mut() {
            *key = Some((text, range));
        }
    }

    fn begin(&mut self, kind: OpenKind, start: usize, anchor: usize, directive: Option<Directive>) {
        if self.bounded(1, 1, &(start..start + 1)) {
            self.open.push(Open { kind, start, anchor, directive, nodes_before: self.nodes });
        }
    }

    fn end(&mut self, span: Span) {
        let Some(open) = self.open.pop() else { return };
        let end = match &open.kind {
            // The end of a block collection is reported where the next line begins.
            OpenKind::List(items) => items.last().map(|item| item.place.end),
            OpenKind::Map { entries, .. } => entries.last().map(|entry| entry.value.place.end),
        };
        let flow = self.source.text()[open.start..].starts_with(['[', '{']);
        let reported = self.byte(span.end.index());
        let end = if flow { reported } else { end.unwrap_or(reported) }.max(open.start);
        let kind = match open.kind {
            OpenKind::List(items) => Kind::List(items),
            OpenKind::Map { entries, .. } => Kind::Map(self.expand_merge_keys(entries)),
        };
        let node = Node { directive: open.directive, ..self.node(kind, open.start..end) };
        let size = self.nodes - open.nodes_before + 1;
        self.finish(node, open.anchor, size);
    }

    /// Puts a finished node where it belongs.
    fn finish(&mut self, node: Node, anchor: usize, size: usize) {
        if anchor != 0 {
            let depth = depth(&node);
            self.anchors.insert(anchor, (node.clone(), size, depth));
        }
        if !matches!(node.kind, Kind::List(_) | Kind::Map(_)) {
            self.nodes += size;
            if self.nodes > MAX_NODES {
                self.too_many(node.place.start..node.place.end);
                return;
            }
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { kind: OpenKind::List(items), .. }) => items.push(node),
            Some(Open { kind: OpenKind::Map { entries, key }, .. }) => match key.take() {
                Some((key, range)) => {
                    let first = entries.iter().find(|entry| entry.key == key && key != "<<");
                    let key_place = self.source.place(range);
                    if let Some(first) = first {
                        self.problems.push(
                            Diagnostic::error(
                                &DUPLICATE_KEY,
                                format!("the key `{key}` stands twice in this map"),
                            )
                            .at_with(key_place, "again here")
                            .related(first.key_place.clone(), "first here")
                            .hint("keep one of them"),
                        );
                    } else {
                        entries.push(Entry { key, key_place, value: node });
                    }
                }
                None => {
                    let text = node.text().map(str::to_owned);
                    let range = node.place.start..node.place.end;
                    if text.is_none() {
                        self.problems.push(
                            Diagnostic::error(&KEY, format!("a key must be a text, not {}", node.describe()))
                                .at(node.place)
                                .hint("text that begins with `{` or `[` needs quotes"),
                        );
                    }
                    *key = Some((text.unwrap_or_default(), range));
                }
            },
        }
    }

    fn bounded(&mut self, size: usize, depth: usize, range: &Range<usize>) -> bool {
        self.nodes += size;
        if self.nodes > MAX_NODES {
            self.too_many(range.clone());
            return false;
        }
        if self.open.len() + depth > MAX_DEPTH {
            let problem = self.too_deep(range.clone());
            self.problems.push(problem);
            self.halted = true;
            return false;
        }
        true
    }

    fn too_deep(&self, range: Range<usize>) -> Diagnostic {
        Diagnostic::error(&ALIAS_BOMB, format!("more than {MAX_DEPTH} levels are nested here"))
            .at(self.source.place(range))
            .hint("a config needs five or six levels")
    }

    fn too_many(&mut self, range: Range<usize>) {
        self.problems.push(
            Diagnostic::error(&ALIAS_BOMB, format!("the file expands to more than {MAX_NODES} values"))
                .at_with(self.source.place(range), "the limit is passed here")
                .hint("an alias repeats all that its anchor holds; several levels of them multiply"),
        );
        self.halted = true;
    }

    fn directive(
        &mut self,
        tag: Option<&Tag>,
        range: &Range<usize>,
        collection: Option<&str>,
    ) -> Option<Directive> {
        let tag = tag?;
        if tag.is_yaml_core_schema() {
            return None;
        }
        let directive = match (&*tag.handle, &*tag.suffix) {
            ("!", "append") => Some(Directive::Append),
            ("!", "prepend") => Some(Directive::Prepend),
            ("!", "replace") => Some(Directive::Replace),
            _ => None,
        };
        let place = self.source.place(range.clone());
        let Some(directive) = directive else {
            let name = format!("{}{}", tag.handle, tag.suffix);
            self.problems.push(
                Diagnostic::error(&UNKNOWN_TAG, format!("the tag `{name}` means nothing here"))
                    .at(place)
                    .did_you_mean(&name, ["!append", "!prepend", "!replace"])
                    .hint("the tags are `!append [..]`, `!prepend [..]` and `!replace {..}`"),
            );
            return None;
        };
        let wanted = if directive == Directive::Replace { "map" } else { "list" };
        if collection != Some(wanted) {
            self.problems.push(
                Diagnostic::error(&UNKNOWN_TAG, format!("`{}` stands before a {wanted}", directive.tag()))
                    .at(place),
            );
            return None;
        }
        Some(directive)
    }

    /// `<<: *base` gives the keys that are not written themselves.
    fn expand_merge_keys(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        if entries.iter().all(|entry| entry.key != "<<") {
            return entries;
        }
        let (merges, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.key == "<<");
        for merge in merges {
            let sources = match merge.value.kind {
                Kind::List(items) => items,
                _ => vec![merge.value],
            };
            for source in sources {
                let Kind::Map(inherited) = source.kind else {
                    self.problems.push(
                        Diagnostic::error(&MERGE_KEY, format!("`<<` takes a map, not {}", source.describe()))
                            .at(merge.key_place.clone()),
                    );
                    continue;
                };
                for entry in inherited {
                    if own.iter().all(|other| other.key != entry.key) {
                        own.push(entry);
                    }
                }
            }
        }
        own
    }
}

fn depth(node: &Node) -> usize {
    match &node.kind {
        Kind::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Kind::Map(entries) => 1 + entries.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// A scalar by the core schema, except that nothing but null and truths loses its text.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Kind {
    let quoted = style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix == "str");
    match text {
        "" | "~" | "null" | "Null" | "NULL" if !quoted => Kind::Null,
        // `True` is a text: as a truth it would lose how it was written where a text is wanted.
        "true" if !quoted => Kind::Bool(true),
        "false" if !quoted => Kind::Bool(false),
        _ => Kind::Text(Text { text: text.to_owned(), quoted }),
    }
}
