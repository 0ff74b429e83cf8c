//! The `config` of task drivers: keys, types and conditions, which Nomad checks only when the
//! task starts.
//!
//! `schema.rs` says what a driver's config is made of, one file a family of drivers declares
//! them, and the rules here are written once over these declarations.

mod conditions;
mod containers;
mod processes;
pub mod schema;
mod texts;
mod values;

use conditions::check as conditions;
use schema::{Driver, Fit, Key, Kind};
use texts::check as templates;

use super::report::{Out, Report};
use super::rules::{Cx, Rule, rules};
use super::view::{Block, Site};
use crate::diagnostic::Severity;
use crate::jobspec::syntax::Span;
use crate::jobspec::tree::{Node, Value};

/// The drivers whose config is known.
pub static DRIVERS: &[&Driver] = &[
    &containers::DOCKER,
    &processes::EXEC,
    &processes::RAW_EXEC,
    &processes::JAVA,
    &processes::QEMU,
    &containers::PODMAN,
];

rules! {
    DRIVER {
        Warning DRIVER_UNKNOWN = "P0770", unknown_driver, "the driver's config is known here", "Nomad documentation, task drivers";
        Error CONFIG_KEY = "P0771", unknown_keys, "a driver's config has only keys that the driver knows", "the driver's TaskConfigSchema";
        Error CONFIG_TYPE = "P0772", wrong_types, "each value in a driver's config has the type that the driver wants", "the driver's TaskConfigSchema";
        Error CONFIG_REQUIRED = "P0773", required, "the keys that a driver needs are set", "the driver's TaskConfigSchema";
        Error CONFIG_CONDITION = "P0774", conditions, "the values in a driver's config are ones that the driver takes", "the driver's StartTask";
        Error CONFIG_TEMPLATE = "P0775", templates, "a text in a driver's config that has `${` or `%{` can be read as a template", "hclutils.ParseHclInterface";
    }
}

/// Checks the config of every task's driver.
pub fn check(job: &Block<'_>, report: &mut Report) {
    for group in job.blocks("TaskGroups") {
        for task in group.blocks("Tasks") {
            let cx = Cx { job, group: Some(&group), task: Some(&task), service: None };
            report.run(DRIVER, &cx, &task);
        }
        for service in group.blocks("Services") {
            let connect = service.block("Connect");
            if let Some(sidecar) = connect.as_ref().and_then(|connect| connect.block("SidecarTask")) {
                let cx = Cx { job, group: Some(&group), task: None, service: Some(&service) };
                report.run(SIDECAR, &cx, &sidecar);
            }
        }
    }
}

/// The rules of [`DRIVER`] for a proxy's task, whose missing keys the server fills in: whether the driver,
/// the keys and the types are known, and texts can be read.
static SIDECAR: &[Rule] = &[
    Rule { code: &DRIVER_UNKNOWN, severity: Severity::Warning, check: unknown_driver },
    Rule { code: &CONFIG_KEY, severity: Severity::Error, check: unknown_keys },
    Rule { code: &CONFIG_TYPE, severity: Severity::Error, check: wrong_types },
    Rule { code: &CONFIG_TEMPLATE, severity: Severity::Error, check: templates },
];

/// The driver of a task or, if it names one, of a proxy's task, if its config is known.
pub fn driver(task: &Block<'_>) -> Option<&'static Driver> {
    let name = task.str("Driver");
    DRIVERS.iter().find(|driver| driver.name == name).copied()
}

/// As [`driver`]; a proxy's task that names no driver has the one that the server gives it: podman
/// where the group uses it and not docker, else docker.
fn driver_in(cx: &Cx<'_>, task: &Block<'_>) -> Option<&'static Driver> {
    if cx.service.is_none() || !task.str("Driver").is_empty() {
        return driver(task);
    }
    let uses = |name: &str| {
        cx.group.is_some_and(|group| group.blocks("Tasks").iter().any(|task| task.str("Driver") == name))
    };
    let podman = uses("podman") && !uses("docker");
    Some(if podman { &containers::PODMAN } else { &containers::DOCKER })
}

fn unknown_driver(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    let name = task.str("Driver");
    // An empty name is the server's to refuse.
    if driver(task).is_none() && !name.is_empty() {
        let names: Vec<&str> = DRIVERS.iter().map(|driver| driver.name).collect();
        out.say(
            task.at("Driver"),
            format!("the config of the driver `{name}` is not known, so it was not checked"),
        )
        .did_you_mean(name, names.iter().copied())
        .hint(format!("known are: {}", names.join(", ")));
    }
}

/// A value in a config: its path under `config`, and its place.
struct Entry<'a> {
    task: &'a Block<'a>,
    path: String,
    node: &'a Node,
    /// Where the value stands, or the nearest one around it that has a place.
    span: Option<Span>,
}

impl<'a> Entry<'a> {
    fn root(task: &'a Block<'a>) -> Self {
        let node = task.get("Config");
        Self { task, path: String::new(), node, span: node.span }
    }

    fn child(&self, key: &str, node: &'a Node) -> Self {
        let span = node.span.or(self.span);
        Self { task: self.task, path: format!("{}.{key}", self.path), node, span }
    }

    fn item(&self, index: usize, node: &'a Node) -> Self {
        let span = node.span.or(self.span);
        Self { task: self.task, path: format!("{}[{index}]", self.path), node, span }
    }

    fn site(&self) -> Site {
        self.task.site(self.span, &format!(".config{}", self.path))
    }

    /// The blocks that a value holds: itself, or each element of a list.
    fn blocks(&self) -> Vec<Self> {
        match &self.node.value {
            Value::Map(_) => vec![Self { path: self.path.clone(), ..*self }],
            Value::List(list) => list
                .iter()
                .enumerate()
                .filter(|(_, node)| matches!(node.value, Value::Map(_)))
                .map(|(i, node)| self.item(i, node))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn entries(&self) -> Vec<(&'a str, Self)> {
        match &self.node.value {
            Value::Map(map) => map.iter().map(|(key, node)| (key.as_str(), self.child(key, node))).collect(),
            _ => Vec::new(),
        }
    }

    fn get(&self, key: &str) -> Option<Self> {
        self.entries().into_iter().find(|(name, _)| *name == key).map(|(_, entry)| entry)
    }
}

fn unknown_keys(cx: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    if let Some(driver) = driver_in(cx, task) {
        keys_in(driver, driver.keys, &Entry::root(task), out);
    }
}

fn keys_in(driver: &Driver, keys: &'static [Key], body: &Entry<'_>, out: &mut Out<'_>) {
    for (name, entry) in body.entries() {
        match keys.iter().find(|key| key.name == name) {
            Some(Key { kind: Kind::Block(inner) | Kind::Blocks(inner), .. }) => {
                for block in entry.blocks() {
                    keys_in(driver, inner, &block, out);
                }
            }
            Some(_) => {}
            None => {
                let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
                out.say(entry.site(), format!("the driver `{}` knows no `{name}` here", driver.name))
                    .did_you_mean(name, names.iter().copied())
                    .hint(format!("it knows: {}", names.join(", ")));
            }
        }
    }
}

fn wrong_types(cx: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    if let Some(driver) = driver_in(cx, task) {
        types_in(driver.keys, &Entry::root(task), out);
    }
}

fn types_in(keys: &'static [Key], body: &Entry<'_>, out: &mut Out<'_>) {
    for (name, entry) in body.entries() {
        let Some(key) = keys.iter().find(|key| key.name == name) else { continue };
        if let Fit::No(index) = key.kind.fits(&entry.node.value) {
            let (what, site) = match index {
                Some(index) => (
                    format!("element {} of `{name}`", index + 1),
                    element(&entry, index).map_or_else(|| entry.site(), |item| item.site()),
                ),
                None => (format!("`{name}`"), entry.site()),
            };
            out.say(
                site,
                format!("{what} is {}, but the driver wants {}", describe(&entry, index), key.kind.noun()),
            )
            .hint(format!("such as `{name} = {}`", key.kind.example()));
        } else if let Kind::Block(inner) | Kind::Blocks(inner) = key.kind {
            for block in entry.blocks() {
                types_in(inner, &block, out);
            }
        }
    }
}

fn element<'a>(entry: &Entry<'a>, index: usize) -> Option<Entry<'a>> {
    match &entry.node.value {
        Value::List(list) => list.get(index).map(|node| entry.item(index, node)),
        _ => None,
    }
}

fn describe(entry: &Entry<'_>, index: Option<usize>) -> &'static str {
    let inner = index.and_then(|index| element(entry, index));
    match inner.map_or(&entry.node.value, |item| &item.node.value) {
        Value::Null => "null",
        Value::Bool(_) => "a truth",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::Str(_) => "a text",
        Value::List(_) => "a list",
        _ => "a map",
    }
}

fn required(_: &Cx<'_>, task: &Block<'_>, out: &mut Out<'_>) {
    let Some(driver) = driver(task) else { return };
    let config = Entry::root(task);
    for key in driver.keys.iter().filter(|key| key.required) {
        let set = config.get(key.name);
        let missing = set.as_ref().is_none_or(|entry| match &entry.node.value {
            Value::Null => true,
            Value::Str(text) => text.is_empty(),
            _ => false,
        });
        if missing {
            let site = set.map_or_else(|| task.site(task.get("Config").span, ".config"), |e| e.site());
            out.say(site, format!("the driver `{}` needs `{}`", driver.name, key.name)).hint(format!(
                "{}: `{} = {}`",
                key.doc,
                key.name,
                key.kind.example()
            ));
        }
    }
}
