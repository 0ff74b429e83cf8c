//! Input variables and locals: what `var.x` and `local.y` are when a job file is read.
//!
//! A value comes, lowest first, from the declaration's default, the environment
//! (`NOMAD_VAR_x`), variable files in order, and the command line in order.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::decode::check_labels;
use super::eval::constraint;
use super::eval::expression::{Evaluator, Scope};
use super::eval::ty::Type;
use super::eval::value::Value;
use super::functions::Files;
use super::syntax::{self, Attribute, Block, Body, Expr, Span, Structure};
use crate::diagnostic::{Diagnostic, Place, Source};

crate::codes! {
    /// A variable that is declared and has no value.
    UNSET = "P0430", "a variable has no value", "Nomad documentation, HCL2 variables";
    /// A variable that is set and not declared.
    UNDECLARED = "P0431", "a variable is set that the job file does not declare", "Nomad documentation, HCL2 variables";
    /// A declaration that is wrong.
    DECLARATION = "P0432", "the declaration of a variable is wrong", "Nomad documentation, HCL2 variables";
    /// A value that does not fit the variable's type.
    UNSUITABLE = "P0433", "a variable's value does not fit its type", "Nomad documentation, HCL2 variables";
    /// A value that the variable's validation refuses.
    REFUSED = "P0434", "a variable's validation refuses its value", "Nomad documentation, HCL2 variables";
    /// A local that is defined by itself.
    LOCAL = "P0435", "a local is defined by itself", "Nomad documentation, HCL2 locals";
}

/// What is known of variables from outside of the job file.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// `--var NAME=VALUE`, in order.
    pub args: Vec<(String, String)>,
    /// Variable files, in order.
    pub files: Vec<Source>,
    /// Values by name from `NOMAD_VAR_*`.
    pub env: Vec<(String, String)>,
    /// Where functions look for files; without it those that do are refused.
    pub folders: Option<Files>,
}

/// A declared variable.
struct Variable<'s> {
    ty: Option<Type>,
    declared: Place,
    value: Option<Value>,
    /// Where the value was written.
    set: Option<Place>,
    validations: Vec<Validation<'s>>,
}

struct Validation<'s> {
    /// `None` where it is missing, which has been reported.
    condition: Option<&'s Expr<'s>>,
    message: String,
    block: Span,
}

/// Reads declarations and values, and puts `var` and `local` into the evaluator.
pub(super) fn resolve<'s>(evaluator: &mut Evaluator<'_>, body: &'s Body<'s>, given: &Variables) {
    let mut declared = declarations(evaluator, body);
    for (name, text) in &given.env {
        if let Some(variable) = declared.get_mut(name.as_str()) {
            assign_text(evaluator, variable, name, text, "environment");
        }
    }
    for file in &given.files {
        assign_file(evaluator, &mut declared, file);
    }
    for (name, text) in &given.args {
        match declared.get_mut(name.as_str()) {
            Some(variable) => assign_text(evaluator, variable, name, text, "--var"),
            None => {
                let names: Vec<&str> = declared.keys().map(String::as_str).collect();
                evaluator.report(undeclared(name, &names, None));
            }
        }
    }
    let mut values = BTreeMap::new();
    for (name, variable) in &declared {
        match &variable.value {
            Some(value) => {
                validate(evaluator, name, variable, value);
                values.insert(name.clone(), value.clone());
            }
            None => evaluator.report(
                Diagnostic::error(&UNSET, format!("Unset variable `{name}`: it has no default and no value is given"))
                    .at_with(variable.declared.clone(), "declared here")
                    .hint(format!("give it with `--var {name}=VALUE`, a `--var-file`, or `NOMAD_VAR_{name}` in the environment"))
                    .hint("or write a `default` into its declaration"),
            ),
        }
    }
    evaluator.roots.insert("var", Value::Object(values));
    locals(evaluator, body);
}

type Declared<'s> = indexmap::IndexMap<String, Variable<'s>>;

fn declarations<'s>(evaluator: &Evaluator<'_>, body: &'s Body<'s>) -> Declared<'s> {
    let mut declared = Declared::new();
    let mut add = |name: &str, span: Span, variable: Variable<'s>| {
        if let Some(first) = declared.get(name) {
            let diagnostic = evaluator.error(
                &DECLARATION,
                span,
                format!("Duplicate variable: `{name}` is declared twice"),
            );
            evaluator.report(diagnostic.related(first.declared.clone(), "first here"));
        } else {
            declared.insert(name.to_owned(), variable);
        }
    };
    // Declarations see neither variables nor references.
    let constant = constant(evaluator.source);
    for structure in &body.structures {
        let Structure::Block(block) = structure else { continue };
        match block.ident.name {
            "variable" => {
                if let Some(label) = block.labels.first()
                    && let Some(variable) = declaration(evaluator, &constant, &label.text, block)
                {
                    add(&label.text, label.span, variable);
                }
            }
            "variables" => {
                only_attributes(evaluator, &block.body);
                for attribute in block.body.attributes() {
                    let Some(value) = constant.eval(&attribute.expr, &Scope::ROOT) else { continue };
                    let variable = Variable {
                        ty: Some(Type::of(&value)).filter(|ty| *ty != Type::Any),
                        declared: evaluator.source.place(attribute.name.span.range()),
                        value: Some(value),
                        set: Some(evaluator.source.place(attribute.expr.span.range())),
                        validations: Vec::new(),
                    };
                    add(attribute.name.name, attribute.name.span, variable);
                }
            }
            _ => {}
        }
    }
    constant.take_problems().into_iter().for_each(|problem| evaluator.report(problem));
    declared
}

/// An evaluator that knows no names and no functions.
fn constant(source: &Source) -> Evaluator<'_> {
    let mut constant = Evaluator::new(source);
    constant.keeps_unknown = false;
    constant.calls = false;
    constant
}

fn only_attributes(evaluator: &Evaluator<'_>, body: &Body<'_>) {
    for structure in &body.structures {
        if let Structure::Block(block) = structure {
            evaluator.report(evaluator.error(
                &DECLARATION,
                block.ident.span,
                format!("Unexpected `{}` block: blocks are not allowed here", block.ident.name),
            ));
        }
    }
}

fn declaration<'s>(
    evaluator: &Evaluator<'_>,
    constant: &Evaluator<'_>,
    name: &str,
    block: &'s Block<'s>,
) -> Option<Variable<'s>> {
    let valid = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if !valid {
        let span = block.labels.first().map_or(block.ident.span, |label| label.span);
        evaluator.report(
            evaluator.error(&DECLARATION, span, format!("Invalid variable name: `{name}`")).hint(
                "a name starts with a letter or underscore and has letters, digits, underscores and dashes",
            ),
        );
    }
    let mut variable = Variable {
        ty: None,
        declared: evaluator.source.place(block.header().range()),
        value: None,
        set: None,
        validations: Vec::new(),
    };
    let mut rules = Vec::new();
    for structure in &block.body.structures {
        match structure {
            Structure::Attribute(attribute) => match attribute.name.name {
                "description" | "default" | "type" => {}
                other => evaluator.report(
                    evaluator
                        .error(
                            &DECLARATION,
                            attribute.name.span,
                            format!("Unsupported argument: `{other}` is not an argument of a variable"),
                        )
                        .did_you_mean(other, ["description", "default", "type"]),
                ),
            },
            Structure::Block(inner) if inner.ident.name == "validation" => {
                if check_labels(evaluator, inner, &[]) {
                    rules.push(inner);
                }
            }
            Structure::Block(inner) => evaluator.report(
                evaluator
                    .error(
                        &DECLARATION,
                        inner.ident.span,
                        format!("Unsupported block type: a variable has no `{}` block", inner.ident.name),
                    )
                    .did_you_mean(inner.ident.name, ["validation"]),
            ),
        }
    }
    let find = |wanted: &str| block.body.attributes().find(|attribute| attribute.name.name == wanted);
    if let Some(description) = find("description") {
        text_of(constant, &description.expr);
    }
    if let Some(ty) = find("type") {
        match constraint::exact_type(&ty.expr) {
            Ok(ty) => variable.ty = Some(ty),
            Err(problem) => {
                evaluator.report(evaluator.error(&DECLARATION, problem.span, problem.message));
                return None;
            }
        }
    }
    if let Some(Attribute { expr, .. }) = find("default") {
        let value = constant.eval(expr, &Scope::ROOT)?;
        let place = evaluator.source.place(expr.span.range());
        match convert(variable.ty.as_ref(), value) {
            Ok(value) => {
                if variable.ty.is_none() {
                    variable.ty = Some(Type::of(&value)).filter(|ty| *ty != Type::Any);
                }
                variable.value = Some(value);
            }
            Err(why) => {
                evaluator.report(
                    Diagnostic::error(
                        &UNSUITABLE,
                        format!(
                            "Invalid default value for variable: it does not fit the variable's type: {why}"
                        ),
                    )
                    .at(place.clone()),
                );
                variable.value = Some(Value::Null);
            }
        }
        variable.set = Some(place);
    }
    variable.validations =
        rules.into_iter().map(|rule| validation(evaluator, constant, name, rule)).collect();
    Some(variable)
}

/// A constant text; `None` once it was reported that it is none.
fn text_of(constant: &Evaluator<'_>, expr: &Expr<'_>) -> Option<String> {
    match constant.eval(expr, &Scope::ROOT)? {
        Value::Null => {
            constant.report(constant.error(
                &DECLARATION,
                constant.start(expr),
                "Unsuitable value type: a text is required, not null",
            ));
            None
        }
        value => {
            let text = value.to_text();
            if text.is_none() {
                let message = format!("Unsuitable value type: a text is required, not a {}", value.kind());
                constant.report(constant.error(&DECLARATION, constant.start(expr), message));
            }
            text
        }
    }
}

fn convert(ty: Option<&Type>, value: Value) -> Result<Value, String> {
    match ty {
        Some(ty) => ty.convert(value),
        None => Ok(value),
    }
}

fn validation<'s>(
    evaluator: &Evaluator<'_>,
    constant: &Evaluator<'_>,
    name: &str,
    block: &'s Block<'s>,
) -> Validation<'s> {
    let find = |wanted: &str| block.body.attributes().find(|attribute| attribute.name.name == wanted);
    for structure in &block.body.structures {
        let unknown = match structure {
            Structure::Attribute(attribute) => attribute.name,
            Structure::Block(inner) => inner.ident,
        };
        if matches!(structure, Structure::Block(_)) || !matches!(unknown.name, "condition" | "error_message")
        {
            let message =
                format!("Unsupported argument: `{}` is not an argument of a validation", unknown.name);
            evaluator.report(
                evaluator
                    .error(&DECLARATION, unknown.span, message)
                    .did_you_mean(unknown.name, ["condition", "error_message"]),
            );
        }
    }
    for what in ["condition", "error_message"] {
        if find(what).is_none() {
            evaluator.report(evaluator.error(
                &DECLARATION,
                block.open,
                format!("Missing required argument: the argument `{what}` is required"),
            ));
        }
    }
    let condition = find("condition").map(|attribute| &attribute.expr);
    if let Some(condition) = condition {
        let (good, bad) = references(condition, name);
        for span in bad {
            evaluator.report(evaluator.error(
                &DECLARATION,
                span,
                format!(
                    "Invalid reference in variable validation: the condition can only refer to `var.{name}`"
                ),
            ));
        }
        if !good {
            evaluator.report(evaluator.error(
                &DECLARATION,
                condition.span,
                format!("Invalid variable validation condition: it must refer to `var.{name}`"),
            ));
        }
    }
    let mut message = String::new();
    if let Some(attribute) = find("error_message")
        && let Some(text) = text_of(constant, &attribute.expr)
    {
        if text.trim().is_empty() {
            evaluator.report(evaluator.error(
                &DECLARATION,
                attribute.expr.span,
                "Invalid validation error message: it must not be empty",
            ));
        }
        message = text;
    }
    Validation { condition, message, block: block.header() }
}

/// Whether an expression refers to `var.name`, and where it refers to anything else.
fn references(expr: &Expr<'_>, name: &str) -> (bool, Vec<Span>) {
    let (mut good, mut bad) = (false, Vec::new());
    syntax::references(expr, &mut |expr, root, attribute| {
        if root == "var" && attribute == Some(name) {
            good = true;
        } else {
            bad.push(expr.span);
        }
    });
    (good, bad)
}

fn validate(evaluator: &Evaluator<'_>, name: &str, variable: &Variable<'_>, value: &Value) {
    for validation in &variable.validations {
        let Some(condition) = validation.condition else {
            let message = "Invalid variable validation specification: it needs a condition";
            evaluator.report(evaluator.error(&DECLARATION, validation.block, message));
            continue;
        };
        let mut check = constant(evaluator.source);
        check.calls = true;
        check.roots.insert("var", Value::Object(BTreeMap::from([(name.to_owned(), value.clone())])));
        let result = check.eval(condition, &Scope::ROOT);
        check.take_problems().into_iter().for_each(|problem| evaluator.report(problem));
        let Some(result) = result else { continue };
        match result.to_bool() {
            Some(true) => {}
            Some(false) => {
                let place = variable.set.clone().unwrap_or_else(|| variable.declared.clone());
                evaluator.report(
                    Diagnostic::error(
                        &REFUSED,
                        format!("Invalid value for variable `{name}`: {}", validation.message),
                    )
                    .at_with(place, "this value")
                    .related(evaluator.source.place(validation.block.range()), "refused by this rule"),
                );
            }
            None => evaluator.report(evaluator.error(
                &DECLARATION,
                condition.span,
                format!(
                    "Invalid variable validation result: it must be true or false, not a {}",
                    result.kind()
                ),
            )),
        }
    }
}

fn undeclared(name: &str, names: &[&str], place: Option<Place>) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(&UNDECLARED, format!("Undefined variable: the job file does not declare `{name}`"));
    let diagnostic = diagnostic.did_you_mean(name, names.iter().copied());
    let diagnostic = diagnostic.hint(format!("declare it in the job file: `variable \"{name}\" {{}}`"));
    match place {
        Some(place) => diagnostic.at(place),
        None => diagnostic,
    }
}

/// A value from the environment or the command line: text for simple types, else an expression.
fn assign_text(evaluator: &Evaluator<'_>, variable: &mut Variable<'_>, name: &str, text: &str, from: &str) {
    let source = Source::new(format!("<{from}: {name}>"), text);
    let simple = matches!(variable.ty, None | Some(Type::String | Type::Number));
    let value = if simple {
        Some(Value::from(text).normalized())
    } else {
        let (expr, errors) = syntax::parse_expression(source.text());
        if errors.is_empty() {
            let constant = constant(&source);
            let value = constant.eval(&expr, &Scope::ROOT);
            constant.take_problems().into_iter().for_each(|problem| evaluator.report(problem));
            value
        } else {
            errors.iter().for_each(|error| evaluator.report(error.to_diagnostic(&source)));
            None
        }
    };
    let Some(value) = value else {
        // What is wrong has been said; the variable is not unset too.
        variable.value = Some(Value::Null);
        return;
    };
    let place = source.place(0..text.len());
    set(evaluator, variable, name, value, place);
}

fn set(evaluator: &Evaluator<'_>, variable: &mut Variable<'_>, name: &str, value: Value, place: Place) {
    match convert(variable.ty.as_ref(), value) {
        Ok(value) => variable.value = Some(value),
        Err(why) => {
            let ty = variable.ty.as_ref().map(ToString::to_string).unwrap_or_default();
            evaluator.report(
                Diagnostic::error(
                    &UNSUITABLE,
                    format!("Invalid value for variable: the value of `{name}` does not fit its type: {why}"),
                )
                .at(place.clone())
                .related(variable.declared.clone(), format!("declared as `{ty}`")),
            );
            variable.value = Some(Value::Null);
        }
    }
    variable.set = Some(place);
}

fn assign_file(evaluator: &Evaluator<'_>, declared: &mut Declared<'_>, file: &Source) {
    let (body, errors) = syntax::parse(file.text());
    if !errors.is_empty() {
        errors.iter().for_each(|error| evaluator.report(error.to_diagnostic(file)));
        return;
    }
    let constant = constant(file);
    for structure in &body.structures {
        match structure {
            Structure::Block(block) => {
                let diagnostic = constant.error(
                    &DECLARATION,
                    block.ident.span,
                    format!("Unexpected `{}` block: a file of variables has no blocks", block.ident.name),
                );
                evaluator.report(if block.ident.name == "variable" {
                    diagnostic.hint("declare variables in the job file, and set them here: `NAME = VALUE`")
                } else {
                    diagnostic
                });
            }
            Structure::Attribute(attribute) => {
                let name = attribute.name.name;
                let place = file.place(attribute.name.span.range());
                if !declared.contains_key(name) {
                    let names: Vec<&str> = declared.keys().map(String::as_str).collect();
                    evaluator.report(undeclared(name, &names, Some(place)));
                } else if let Some(value) = constant.eval(&attribute.expr, &Scope::ROOT)
                    && let Some(variable) = declared.get_mut(name)
                {
                    set(evaluator, variable, name, value, file.place(attribute.expr.span.range()));
                }
            }
        }
    }
    constant.take_problems().into_iter().for_each(|problem| evaluator.report(problem));
}

/// Reports a local that needs others in a circle, at those that have no value.
fn circle(evaluator: &Evaluator<'_>, local: &Attribute<'_>, values: &BTreeMap<String, Value>) {
    syntax::references(&local.expr, &mut |expr, root, name| {
        let Some(name) = name.filter(|name| root == "local" && !values.contains_key(*name)) else { return };
        let dot = expr.span.start + root.len() as u32;
        let span = Span { start: dot, end: dot + 1 + name.len() as u32 };
        let message = format!("`local.{}` is defined by itself, or by a local that is", local.name.name);
        evaluator.report(evaluator.error(&LOCAL, span, message));
    });
}

/// Evaluates locals in the order in which they need each other.
fn locals<'s>(evaluator: &mut Evaluator<'_>, body: &'s Body<'s>) {
    let mut open: Vec<&Attribute<'s>> = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for block in body.blocks("locals") {
        only_attributes(evaluator, &block.body);
        for attribute in block.body.attributes() {
            // Of a local in several blocks Nomad keeps the last.
            match seen.entry(attribute.name.name) {
                Entry::Occupied(at) => open[*at.get()] = attribute,
                Entry::Vacant(free) => {
                    free.insert(open.len());
                    open.push(attribute);
                }
            }
        }
    }
    let mut values: BTreeMap<String, Value> = BTreeMap::new();
    // A name waits for those of its references that are locals themselves.
    let position: HashMap<&str, usize> =
        open.iter().enumerate().map(|(i, attribute)| (attribute.name.name, i)).collect();
    let mut waits_for = vec![0_usize; open.len()];
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); open.len()];
    for (i, attribute) in open.iter().enumerate() {
        syntax::references(&attribute.expr, &mut |_, root, name| {
            if root == "local"
                && let Some(needed) = name.and_then(|name| position.get(name))
            {
                waits_for[i] += 1;
                waiting[*needed].push(i);
            }
        });
    }
    let mut ready: Vec<usize> = (0..open.len()).filter(|i| waits_for[*i] == 0).collect();
    while !ready.is_empty() {
        evaluator.roots.insert("local", Value::Object(std::mem::take(&mut values)));
        let value = |i: &usize| evaluator.eval(&open[*i].expr, &Scope::ROOT).unwrap_or_default();
        let found: Vec<Value> = ready.iter().map(value).collect();
        if let Some(Value::Object(before)) = evaluator.roots.remove("local") {
            values = before;
        }
        let mut next = Vec::new();
        for (i, value) in ready.into_iter().zip(found) {
            values.insert(open[i].name.name.to_owned(), value);
            for other in &waiting[i] {
                waits_for[*other] -= 1;
                if waits_for[*other] == 0 {
                    next.push(*other);
                }
            }
        }
        next.sort_unstable();
        ready = next;
    }
    let closed = open.iter().zip(&waits_for).filter(|(_, waits_for)| **waits_for > 0);
    closed.for_each(|(attribute, _)| circle(evaluator, attribute, &values));
    evaluator.roots.insert("local", Value::Object(values));
}
