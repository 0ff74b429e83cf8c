//! The literal secrets in a compiled job.

use super::{Why, find_certain, is_secret_name};
use crate::jobspec::Job;
use crate::jobspec::syntax::Span;
use crate::jobspec::tree::{Node, Object, Value};

/// A secret that stands in a job as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Where in the job: `group.web.task.app.env.DB_PASSWORD`.
    pub path: String,
    /// Where in the text that the job was parsed from, if it stands there.
    pub span: Option<Span>,
    /// What gave it away.
    pub why: Why,
}

/// Every value of the job that is surely enough a secret, in the order of the job. What refers to a secret
/// (`${…}`, `{{ … }}`) is none.
pub fn find_in_job(job: &Job) -> Vec<Literal> {
    let mut found = Vec::new();
    object(&job.root, "", &mut found);
    found
}

/// The name of an item in a list: what follows `--password` stands under that name, all else under the list's.
pub fn listed_name<'n>(before: &'n str, list: &'n str) -> &'n str {
    let flag = before.starts_with('-') && !before.contains('=') && is_secret_name(before);
    if flag { before } else { list }
}

fn object(object: &Object, path: &str, found: &mut Vec<Literal>) {
    for (field, value) in object.ty.fields.iter().zip(&object.fields) {
        let name = if field.hcl.is_empty() { field.json } else { field.hcl };
        node(value, name, &join(path, name), found);
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn node(value: &Node, name: &str, path: &str, found: &mut Vec<Literal>) {
    match &value.value {
        Value::Str(text) => {
            if let Some(finding) = find_certain(name, text).first() {
                found.push(Literal { path: path.to_owned(), span: value.span, why: finding.why });
            }
        }
        Value::List(items) => {
            let mut before = "";
            for (i, item) in items.iter().enumerate() {
                let name = listed_name(before, name);
                match &item.value {
                    Value::Object(block) => {
                        let label = block.ty.labels.first().map(|label| block.str(label)).unwrap_or_default();
                        let path =
                            if label.is_empty() { format!("{path}[{i}]") } else { format!("{path}.{label}") };
                        object(block, &path, found);
                    }
                    _ => node(item, name, &format!("{path}[{i}]"), found),
                }
                before = item.as_str().unwrap_or_default();
            }
        }
        Value::Map(map) => {
            for (key, item) in map {
                node(item, key, &join(path, key), found);
            }
        }
        Value::Object(block) => object(block, path, found),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_secret_is_found_and_named() {
        let job = serde_json::json!({"ID": "j", "TaskGroups": [{"Name": "web", "Tasks": [{"Name": "app",
            "Driver": "docker",
            "Env": {"DB_PASSWORD": "hunter2", "PLAIN": "x", "REF": "${attr.x}", "API_TOKEN": "${env.T}"},
            "Config": {"args": ["--verbose", "--auth-token", "abc", "x"]},
            "Templates": [{"DestPath": "local/x", "EmbeddedTmpl": "password = sesame\n"}]}]}]});
        let source = crate::diagnostic::Source::new("job", job.to_string());
        let found = find_in_job(&Job::from_json(&source).unwrap());
        let mut paths: Vec<_> = found.iter().map(|literal| literal.path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(
            paths,
            [
                "group.web.task.app.config.args[2]",
                "group.web.task.app.env.DB_PASSWORD",
                "group.web.task.app.template[0].data",
            ]
        );
    }
}
