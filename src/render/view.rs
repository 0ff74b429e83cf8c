//! The merged config as templates see it.
//!
//! Every key of the model is there, null or empty where nothing sets it, so that a template can
//! ask `[[% if image %]]` and still has its typing mistakes found. Where the model allows several
//! ways to write a thing, templates see one. docs/templates.md lists all of it.

use std::sync::Arc;

use indexmap::IndexMap;

use super::context::{Data, Item};
use crate::diagnostic::Place;
use crate::load::shape::Shape;
use crate::load::{self, Node, model, units};
use crate::merge::{self, Kind, Merged, Value};
use crate::project::Project;

type Map = IndexMap<String, Arc<Item>>;

/// The context of a job's template.
pub(super) fn view(project: &Project, merged: &Merged) -> Arc<Item> {
    let mut map = Map::new();
    let config = Config { merged };
    for key in model::CONFIG {
        let item = match merged.tree.get(key.name) {
            Some(value) => typed(value, &key.shape),
            None => empty(&key.shape),
        };
        map.insert(key.name.to_owned(), item);
    }
    config.identity(&mut map);
    config.size(&mut map);
    config.task(&mut map);
    config.placement(&mut map);
    let ports = config.ports();
    map.insert("health".to_owned(), config.health(&ports));
    map.insert("ports".to_owned(), Item::new(ports));
    map.insert("secrets".to_owned(), config.secrets());
    map.insert("volumes".to_owned(), config.volumes());
    map.insert("meta".to_owned(), config.meta());
    map.insert("consume".to_owned(), config.consume());
    map.insert("parameters".to_owned(), config.parameters());
    map.insert("vars".to_owned(), project.vars.as_ref().map_or_else(|| Item::new(Map::new()), free));
    Item::new(map)
}

/// What stands for a key that nothing sets.
fn empty(shape: &Shape) -> Arc<Item> {
    Item::new(match shape {
        Shape::List(_) => Data::List(Vec::new()),
        Shape::Map(_) | Shape::Record(_) => Data::Map(Map::new()),
        _ => Data::Null,
    })
}

/// A merged value by its type in the model.
fn typed(value: &Value, shape: &Shape) -> Arc<Item> {
    let text = value.text().unwrap_or_default();
    let data = match (shape, &value.kind) {
        (Shape::Any, _) => return any(value),
        (Shape::Either(shapes), kind) => {
            let of_kind = shapes.iter().find(|shape| match kind {
                Kind::List(_) => matches!(shape, Shape::List(_)),
                Kind::Map(_) => matches!(shape, Shape::Map(_) | Shape::Record(_)),
                _ => !matches!(shape, Shape::List(_) | Shape::Map(_) | Shape::Record(_)),
            });
            return typed(value, of_kind.unwrap_or(&Shape::Any));
        }
        (Shape::Record(keys), Kind::Map(map)) => Data::Map(
            map.iter()
                .map(|(name, value)| {
                    let key = keys.iter().find(|key| key.name == name);
                    (name.clone(), typed(value, key.map_or(&Shape::Any, |key| &key.shape)))
                })
                .collect(),
        ),
        (Shape::Map(inner), Kind::Map(map)) => {
            Data::Map(map.iter().map(|(name, value)| (name.clone(), typed(value, inner))).collect())
        }
        (Shape::List(inner), Kind::List(items)) => {
            Data::List(items.iter().map(|item| typed(item, inner)).collect())
        }
        (_, Kind::Null) => Data::Null,
        (Shape::Bool, Kind::Bool(truth)) => Data::Bool(*truth),
        (Shape::Int(..), _) => text.parse().map_or_else(|_| text.into(), Data::Int),
        (Shape::Number(..), _) => text.parse().map_or_else(|_| text.into(), Data::Float),
        (Shape::Size, _) => units::megabytes(text).map_or_else(|| text.into(), Data::Int),
        _ => text.into(),
    };
    Item::placed(data, Some(value.place.clone()))
}

/// A free value: numbers and truths where YAML reads them so.
fn any(value: &Value) -> Arc<Item> {
    let data = match &value.kind {
        Kind::List(items) => Data::List(items.iter().map(any).collect()),
        Kind::Map(map) => Data::Map(map.iter().map(|(name, value)| (name.clone(), any(value))).collect()),
        Kind::Null => Data::Null,
        Kind::Bool(truth) => Data::Bool(*truth),
        Kind::Text { text, quoted } => scalar(text, *quoted),
    };
    Item::placed(data, Some(value.place.clone()))
}

fn scalar(text: &str, quoted: bool) -> Data {
    match merge::number(text) {
        Some(number) if !quoted => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Data::Int(whole),
            (None, Some(fraction)) => Data::Float(fraction),
            (None, None) => text.into(),
        },
        _ => text.into(),
    }
}

/// A free value that is not merged: `vars` of `platy.yaml`.
fn free(node: &Node) -> Arc<Item> {
    let data = match &node.kind {
        load::Kind::Null => Data::Null,
        load::Kind::Bool(truth) => Data::Bool(*truth),
        load::Kind::Text(text) => scalar(&text.text, text.quoted),
        load::Kind::List(items) => Data::List(items.iter().map(free).collect()),
        load::Kind::Map(entries) => {
            Data::Map(entries.iter().map(|entry| (entry.key.clone(), free(&entry.value))).collect())
        }
    };
    Item::placed(data, Some(node.place.clone()))
}

/// A text with the place it came from.
fn text_at(text: impl Into<String>, place: &Place) -> Arc<Item> {
    Item::placed(text.into(), Some(place.clone()))
}

fn map<const N: usize>(entries: [(&str, Arc<Item>); N]) -> Arc<Item> {
    Item::new(entries.into_iter().map(|(key, item)| (key.to_owned(), item)).collect::<Map>())
}

struct Config<'m> {
    merged: &'m Merged,
}

impl Config<'_> {
    /// A scalar of the tree as text, or null.
    fn text(&self, path: &str) -> Arc<Item> {
        match self.merged.get(path) {
            Some(value) if value.text().is_some() => text_at(value.text().unwrap_or_default(), &value.place),
            _ => Item::new(Data::Null),
        }
    }

    /// A scalar of the tree as text, or this.
    fn text_or(&self, path: &str, default: &str) -> Arc<Item> {
        if self.merged.text(path).is_some() { self.text(path) } else { Item::new(default) }
    }

    /// Who the job is.
    fn identity(&self, map: &mut Map) {
        let merged = self.merged;
        let stage = &merged.stage;
        let name = Item::placed(merged.name.as_str(), None);
        for (key, item) in [
            ("name", name),
            ("stage", Item::new(stage.name.as_str())),
            ("template", text_at(merged.template.as_str(), &merged.template_place)),
            ("user", self.text_or("user", &merged.user)),
            ("buildname", self.text_or("buildname", &merged.name)),
            ("job_id", Item::new(merged.job_id.as_str())),
            ("job_key", Item::new(merged.job_key.as_str())),
            ("service_name", Item::new(service_name(&merged.name))),
            ("cluster", Item::new(stage.cluster.as_str())),
            ("namespace", Item::new(stage.namespace.as_str())),
            ("region", Item::new(stage.region.clone())),
            ("protected", Item::new(stage.protected)),
        ] {
            map.insert(key.to_owned(), item);
        }
    }

    /// How much of it there is.
    fn size(&self, map: &mut Map) {
        let number = |path: &str, number: Option<i64>| {
            let place = self.merged.get(path).map(|value| value.place.clone());
            Item::placed(number, place)
        };
        for (key, path, value) in [
            ("count", "num_instances", self.merged.text("num_instances").and_then(|text| text.parse().ok())),
            ("cpu", "cpu", self.merged.cpu_mhz()),
            ("memory", "ram", self.merged.megabytes("ram")),
            ("memory_max", "ram_max", self.merged.megabytes("ram_max")),
        ] {
            map.insert(key.to_owned(), number(path, value));
        }
    }

    /// How the task runs.
    fn task(&self, map: &mut Map) {
        let has_image = self.merged.get("image").is_some();
        map.insert("driver".to_owned(), self.text_or("driver", if has_image { "docker" } else { "exec" }));
        map.insert("kill_signal".to_owned(), self.text_or("kill_signal", "SIGTERM"));
        let schedule = match self.merged.get("schedule") {
            Some(value) if value.text().is_some() => vec![self.text("schedule")],
            Some(value) => value.items().iter().map(|item| typed(item, &Shape::Text)).collect(),
            None => Vec::new(),
        };
        map.insert("schedule".to_owned(), Item::new(schedule));
    }

    /// Where the job runs.
    fn placement(&self, map: &mut Map) {
        let stage = &self.merged.stage;
        if self.merged.get("datacenters").is_none() {
            let of_stage = stage.datacenters.clone().unwrap_or_else(|| vec!["*".to_owned()]);
            let list: Vec<_> = of_stage.into_iter().map(Item::new).collect();
            map.insert("datacenters".to_owned(), Item::new(list));
        }
        if self.merged.get("node_pool").is_none() {
            map.insert("node_pool".to_owned(), Item::new(stage.node_pool.clone()));
        }
        let rules = self.merged.get("constraints").map(Value::items).unwrap_or_default();
        map.insert("constraints".to_owned(), Item::new(rules.iter().map(constraint).collect::<Vec<_>>()));
    }

    /// The ports as a list of `{name, to, static, host_network}`.
    fn ports(&self) -> Vec<Arc<Item>> {
        let port = |name: Arc<Item>, to: Arc<Item>, record: Option<&Value>| {
            let get = |key: &str, shape: &Shape| {
                let value = record.and_then(|record| record.get(key));
                value.map_or_else(|| Item::new(Data::Null), |value| typed(value, shape))
            };
            let number = Shape::Int(1, 65_535);
            let to = if record.is_some() { get("to", &number) } else { to };
            map([
                ("name", name),
                ("to", to),
                ("static", get("static", &number)),
                ("host_network", get("host_network", &Shape::Text)),
            ])
        };
        let none = || Item::new(Data::Null);
        match self.merged.get("ports").map(|value| &value.kind) {
            Some(Kind::List(items)) => {
                items.iter().map(|item| port(typed(item, &Shape::Text), none(), None)).collect()
            }
            Some(Kind::Map(ports)) => ports
                .iter()
                .map(|(name, value)| {
                    let name = text_at(name.as_str(), &value.place);
                    match value.kind {
                        Kind::Map(_) => port(name, none(), Some(value)),
                        _ => port(name, typed(value, &Shape::Int(1, 65_535)), None),
                    }
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The health check: `{type, path, port, interval, timeout, command, args}`.
    fn health(&self, ports: &[Arc<Item>]) -> Arc<Item> {
        let first = ports.first().and_then(|port| match &port.data {
            Data::Map(port) => port.get("name").cloned(),
            _ => None,
        });
        let path = match self.merged.text("health") {
            Some(_) => self.text("health"),
            None => self.text("health.path"),
        };
        let kind = if matches!(path.data, Data::Null) { "tcp" } else { "http" };
        let port = match self.merged.text("health.port") {
            Some(_) => self.text("health.port"),
            None => first.unwrap_or_else(|| Item::new(Data::Null)),
        };
        let args = self.merged.get("health.args").map_or_else(
            || empty(&Shape::List(&Shape::Text)),
            |value| typed(value, &Shape::List(&Shape::Text)),
        );
        map([
            ("type", self.text_or("health.type", kind)),
            ("path", path),
            ("port", port),
            ("interval", self.text_or("health.interval", "10s")),
            ("timeout", self.text_or("health.timeout", "2s")),
            ("command", self.text("health.command")),
            ("args", args),
        ])
    }

    /// The secrets by where they are kept: a list of `{path, items: [{name, key}]}`.
    fn secrets(&self) -> Arc<Item> {
        let mut by_path: IndexMap<String, (Place, Vec<Arc<Item>>)> = IndexMap::new();
        if let Some(Kind::Map(secrets)) = self.merged.get("secrets").map(|value| &value.kind) {
            for (name, value) in secrets {
                let text = value.text().unwrap_or_default();
                // Without a key, the variable has the name of the environment variable.
                let (path, key) = text.split_once('#').unwrap_or((text, name));
                let (_, items) =
                    by_path.entry(path.to_owned()).or_insert_with(|| (value.place.clone(), Vec::new()));
                items.push(map([
                    ("name", text_at(name.as_str(), &value.place)),
                    ("key", text_at(key, &value.place)),
                ]));
            }
        }
        let list: Vec<_> = by_path
            .into_iter()
            .map(|(path, (place, items))| map([("path", text_at(path, &place)), ("items", Item::new(items))]))
            .collect();
        Item::new(list)
    }

    /// The volumes as a list of `{name, type, source, destination, read_only}`.
    fn volumes(&self) -> Arc<Item> {
        let Some(Kind::Map(volumes)) = self.merged.get("volumes").map(|value| &value.kind) else {
            return empty(&Shape::List(&Shape::Any));
        };
        let list: Vec<_> = volumes
            .iter()
            .map(|(name, value)| {
                let text = |key: &str, default: &str| match value.get(key) {
                    Some(value) => typed(value, &Shape::Text),
                    None => Item::new(default),
                };
                let read_only = value.get("read_only");
                map([
                    ("name", text_at(name.as_str(), &value.place)),
                    ("type", text("type", "host")),
                    ("source", text("source", name)),
                    ("destination", text("mount", "")),
                    ("read_only", read_only.map_or_else(|| Item::new(false), |v| typed(v, &Shape::Bool))),
                ])
            })
            .collect();
        Item::new(list)
    }

    /// The job's meta: what the job sets, and who answers for it.
    fn meta(&self) -> Arc<Item> {
        let mut meta = Map::new();
        for key in ["owner", "team"] {
            if self.merged.get(key).is_some() {
                meta.insert(key.to_owned(), self.text(key));
            }
        }
        if let Some(Kind::Map(alerts)) = self.merged.get("alerts").map(|value| &value.kind) {
            for (kind, value) in alerts {
                let to = match value.text() {
                    Some(text) => text.to_owned(),
                    None => value.items().iter().filter_map(Value::text).collect::<Vec<_>>().join(","),
                };
                // One of one is where it is written; several are one text, where their list is.
                let place = match value.items() {
                    [only] => &only.place,
                    _ => &value.place,
                };
                meta.insert(format!("alert_{kind}"), text_at(to, place));
            }
        }
        if let Some(Kind::Map(own)) = self.merged.get("meta").map(|value| &value.kind) {
            meta.extend(own.iter().map(|(key, value)| (key.clone(), typed(value, &Shape::Text))));
        }
        Item::new(meta)
    }

    /// What a consumer reads: `{stream, group, parallelism}`, without what nothing sets.
    fn consume(&self) -> Arc<Item> {
        let Some(value) = self.merged.get("consume") else { return empty(&Shape::Map(&Shape::Any)) };
        let mut consume = Map::new();
        if value.get("stream").is_some() {
            consume.insert("stream".to_owned(), self.text("consume.stream"));
        }
        consume.insert("group".to_owned(), self.text_or("consume.group", &self.merged.name));
        let parallelism = match value.get("parallelism") {
            Some(value) => typed(value, &Shape::Int(1, 10_000)),
            None => Item::new(1),
        };
        consume.insert("parallelism".to_owned(), parallelism);
        Item::new(consume)
    }

    /// The parameters of a dispatched job: null, or `{payload, required, optional}`.
    fn parameters(&self) -> Arc<Item> {
        if self.merged.get("parameters").is_none() {
            return Item::new(Data::Null);
        }
        let names = |path: &str| match self.merged.get(path) {
            Some(value) => typed(value, &Shape::List(&Shape::Text)),
            None => empty(&Shape::List(&Shape::Text)),
        };
        map([
            ("payload", self.text_or("parameters.payload", "optional")),
            ("required", names("parameters.required")),
            ("optional", names("parameters.optional")),
        ])
    }
}

/// A name that a service may have: letters, digits and dashes (RFC 1123), at most 63 characters.
fn service_name(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    name.chars().take(63).collect::<String>().trim_matches('-').to_owned()
}

/// A constraint as `{attribute, operator, value}`, from a map or from `ATTRIBUTE OPERATOR VALUE`.
fn constraint(value: &Value) -> Arc<Item> {
    let get = |key: &str| match value.get(key) {
        Some(value) => typed(value, &Shape::Text),
        None => Item::new(Data::Null),
    };
    let Some(text) = value.text() else {
        return map([
            ("attribute", get("attribute")),
            ("operator", get("operator")),
            ("value", get("value")),
        ]);
    };
    let at = |text: &str| text_at(text, &value.place);
    let none = || Item::new(Data::Null);
    let mut words = text.splitn(3, char::is_whitespace).map(str::trim);
    let (attribute, operator, value) = match (words.next(), words.next(), words.next()) {
        (Some(attribute), Some(operator), Some(value)) => (at(attribute), at(operator), at(value)),
        (Some(attribute), Some(operator), None) => (at(attribute), at(operator), none()),
        // `distinct_hosts` needs nothing else.
        _ => (none(), at(text), at("true")),
    };
    map([("attribute", attribute), ("operator", operator), ("value", value)])
}
