//! `explain`: where each value of a job comes from.

use clap::Args;
use serde_json::json;

use super::context::{Access, Context, SetArgs, StageArgs, job_names};
use super::output::{Styled, style};
use super::{Done, Result, usage};
use crate::compile::Compiled;
use crate::diagnostic::{Failure, json as places};
use crate::load;
use crate::merge::{self, Loser, Merged};

/// Show where each value of a job comes from, and what was injected
#[derive(Debug, Args)]
pub struct Command {
    /// The job
    #[arg(value_name = "NAME", add = job_names())]
    name: String,
    /// Only values at or below this path, e.g. `taskargs.workers`
    #[arg(value_name = "PATH")]
    path: Option<String>,
    #[command(flatten)]
    stage: StageArgs,
    #[command(flatten)]
    set: SetArgs,
}

/// A line of the answer.
struct Row<'m> {
    path: String,
    value: String,
    by: Loser,
    overrode: &'m [Loser],
    removed: bool,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Result<Done> {
        let project = context.project()?;
        let stage = context.stage(&project, &self.stage, Access::Reads)?;
        let sets = self.set.parse()?;
        let file = load::load(&project, &self.name).map_err(Failure::invalid)?;
        // The merge alone is enough to explain values; what follows it may fail without hiding them.
        let merged = merge::merge(&project, &file, stage, &sets).map_err(Failure::invalid)?;
        let prefix = self.path.as_deref().map(|path| path.strip_prefix("config.").unwrap_or(path));
        let rows: Vec<_> = rows(&merged).into_iter().filter(|row| within(&row.path, prefix)).collect();
        if let Some(prefix) = prefix.filter(|_| rows.is_empty()) {
            let known = merged.tree.leaves();
            let near = crate::diagnostic::nearest(prefix, known.iter().map(|(path, _)| path.as_str()));
            let hint = near.map_or("without a path, all values are shown".to_owned(), |near| {
                format!("did you mean `{near}`?")
            });
            return Err(usage(
                format!("`{}` has no value at `{prefix}` in `{}`", merged.name, stage.name),
                hint,
            ));
        }
        let compiled = context.compiler(&project).file(&file, stage, &sets);
        if context.printer.is_text() {
            show(context, &merged, &rows, prefix.is_none().then(|| compiled.as_ref().ok()).flatten());
            if let Err(problems) = compiled {
                context.printer.diagnostics(&problems);
            }
        } else {
            context.printer.json(&as_json(&merged, &rows, compiled.as_ref().ok()));
        }
        Ok(Done::Ok)
    }
}

fn within(path: &str, prefix: Option<&str>) -> bool {
    prefix.is_none_or(|prefix| {
        path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'))
    })
}

fn rows(merged: &Merged) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = merged
        .tree
        .leaves()
        .into_iter()
        .map(|(path, value)| Row {
            path,
            value: value.shown(),
            by: Loser { layer: value.layer, place: value.place.clone(), shown: value.shown() },
            overrode: &value.overrode,
            removed: false,
        })
        .collect();
    rows.extend(merged.removed.iter().map(|removed| Row {
        path: removed.path.clone(),
        value: "removed".to_owned(),
        by: removed.by.clone(),
        overrode: &removed.overrode,
        removed: true,
    }));
    rows
}

fn show(context: &Context, merged: &Merged, rows: &[Row<'_>], compiled: Option<&Compiled>) {
    let printer = &context.printer;
    let cut = |text: &str| match text.char_indices().nth(48) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    };
    if compiled.is_some() {
        let template = format!("template {}, job ID {}", merged.template, merged.job_id);
        printer.line(format_args!(
            "{}  {}",
            Styled(style::BOLD, &merged.job_key),
            Styled(style::DIM, template)
        ));
        printer.line("");
    }
    let widths = rows.iter().fold((4, 5, 5), |(path, value, layer), row| {
        let length = |text: &str| text.chars().count();
        (
            path.max(length(&row.path)),
            value.max(length(&cut(&row.value))),
            layer.max(length(&row.by.layer.to_string())),
        )
    });
    for row in rows {
        let value = cut(&row.value);
        let pad = " ".repeat(widths.1 - value.chars().count());
        let style = if row.removed { style::BAD } else { style::BOLD };
        printer.line(format_args!(
            "{:path$}  {}{pad}  {:layer$}  {}",
            row.path,
            Styled(style, value),
            row.by.layer.to_string(),
            Styled(style::DIM, &row.by.place),
            path = widths.0,
            layer = widths.2,
        ));
        for loser in row.overrode {
            let value = format!("over {}", cut(&loser.shown));
            let pad = " ".repeat(widths.1.saturating_sub(value.chars().count()));
            printer.line(format_args!(
                "{:path$}  {}{pad}  {:layer$}  {}",
                "",
                Styled(style::DIM, value),
                loser.layer.to_string(),
                Styled(style::DIM, &loser.place),
                path = widths.0,
                layer = widths.2,
            ));
        }
    }
    let Some(compiled) = compiled else { return };
    printer.line("");
    for applied in &compiled.injected.passes {
        printer.line(format_args!(
            "{}  {}",
            Styled(style::BOLD, applied.pass.name),
            Styled(style::DIM, applied.pass.doc)
        ));
        for change in &applied.changes {
            printer.line(format_args!("  {change}"));
        }
    }
}

fn as_json(merged: &Merged, rows: &[Row<'_>], compiled: Option<&Compiled>) -> serde_json::Value {
    let origin = |loser: &Loser| json!({"value": loser.shown, "layer": loser.layer.to_string(), "place": places::place(&loser.place)});
    let values: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "path": row.path,
                "value": if row.removed { serde_json::Value::Null } else { row.value.clone().into() },
                "removed": row.removed,
                "layer": row.by.layer.to_string(),
                "place": places::place(&row.by.place),
                "overrode": row.overrode.iter().map(origin).collect::<Vec<_>>(),
            })
        })
        .collect();
    let passes = compiled.map(|compiled| {
        let passes = compiled.injected.passes.iter();
        passes
            .map(|applied| json!({"pass": applied.pass.name, "changes": applied.changes}))
            .collect::<Vec<_>>()
    });
    json!({
        "job": merged.name,
        "stage": merged.stage.name,
        "job_key": merged.job_key,
        "job_id": merged.job_id,
        "template": merged.template,
        "values": values,
        "injected": passes,
    })
}
