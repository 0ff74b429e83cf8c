//! Function calls: from the table in `functions`, and those that work on expressions.

use super::expression::{Evaluated, Evaluator, FUNCTION, Scope};
use super::value::Value;
use crate::diagnostic::Diagnostic;
use crate::jobspec::functions::{self, CallError};
use crate::jobspec::syntax::{Call, Expr, Span};

/// What a function is called with.
enum Argument<'e, 's> {
    /// An expression, as it is written.
    Written(&'e Expr<'s>),
    /// An element of a list that was given with `...`, and where that list stands.
    Given(Value, Span),
}

impl Evaluator<'_> {
    pub(super) fn call(&self, expr: &Expr<'_>, call: &Call<'_>, scope: &Scope<'_>) -> Evaluated {
        if !self.calls {
            return self.fail(
                &FUNCTION,
                call.name.span,
                "Function calls not allowed: no function can be called here",
            );
        }
        let Some(function) = functions::find(call.name.name) else {
            let diagnostic = self.error(
                &FUNCTION,
                call.name.span,
                format!("Call to unknown function: there is no function `{}`", call.name.name),
            );
            self.report(diagnostic.did_you_mean(call.name.name, functions::names()));
            return None;
        };
        let arguments = self.arguments(call, scope)?;
        let place = |i: usize| match arguments.get(i) {
            Some(Argument::Written(argument)) => self.start(argument),
            Some(Argument::Given(_, span)) => *span,
            None => expr.span,
        };
        let refuse = |error: CallError| {
            let span = match error.argument {
                Some(i) => place(i),
                // What is missing would stand before the closing parenthesis.
                None if error.summary == "Not enough function arguments" => {
                    Span { start: expr.span.end.saturating_sub(1), end: expr.span.end }
                }
                None => call.name.span,
            };
            self.report(self.error(&FUNCTION, span, format!("{}: {}", error.summary, error.message)));
        };
        function.takes(arguments.len()).map_err(refuse).ok()?;
        match (function.name, &arguments[..]) {
            ("try", _) => return self.try_each(call, &arguments, scope),
            ("can", [argument]) => return Some(Value::Bool(self.try_one(argument, scope).is_ok())),
            ("convert", [value, Argument::Written(ty)]) => return self.convert(value, ty, scope),
            _ => {}
        }
        let mut values = Vec::with_capacity(arguments.len());
        for (i, argument) in arguments.iter().enumerate() {
            let value = match argument {
                Argument::Written(argument) => self.eval(argument, scope),
                Argument::Given(value, _) => Some(value.clone()),
            };
            values.extend(value.and_then(|value| function.argument(i, value).map_err(refuse).ok()));
        }
        if values.len() < arguments.len() {
            return None;
        }
        if function.name == "bcrypt" && !self.charge(expr.span, bcrypt_steps(&values), 0) {
            return None;
        }
        let value = function.invoke(values, self.files).map_err(refuse).ok()?.normalized();
        self.step(expr.span, weight(&value)).then_some(value)
    }

    /// The arguments of a call, those in a last list that is given with `...` one by one.
    fn arguments<'e, 's>(&self, call: &'e Call<'s>, scope: &Scope<'_>) -> Option<Vec<Argument<'e, 's>>> {
        let Some((last, others)) = call.args.split_last().filter(|_| call.expand) else {
            return Some(call.args.iter().map(Argument::Written).collect());
        };
        let value = self.eval(last, scope)?;
        let kind = value.kind();
        let Ok(items) = value.into_elements() else {
            return self.fail(
                &FUNCTION,
                last.span,
                format!(
                    "Invalid expanding argument value: `...` takes a list, a set or a tuple, not a {kind}"
                ),
            );
        };
        let mut arguments: Vec<_> = others.iter().map(Argument::Written).collect();
        arguments.extend(items.into_iter().map(|item| Argument::Given(item, last.span)));
        Some(arguments)
    }

    /// The value of an argument, or what is wrong with it, unreported.
    fn try_one(&self, argument: &Argument<'_, '_>, scope: &Scope<'_>) -> Result<Value, Vec<Diagnostic>> {
        match argument {
            Argument::Written(argument) => self.attempt(argument, scope),
            Argument::Given(value, _) => Ok(value.clone()),
        }
    }

    /// The first argument that can be evaluated.
    fn try_each(&self, call: &Call<'_>, arguments: &[Argument<'_, '_>], scope: &Scope<'_>) -> Evaluated {
        let mut last = Vec::new();
        for argument in arguments {
            match self.try_one(argument, scope) {
                Ok(value) => return Some(value),
                Err(found) => last = found,
            }
        }
        let diagnostic = self.error(&FUNCTION, call.name.span, "no argument of `try` can be evaluated");
        self.report(last.into_iter().fold(diagnostic, |diagnostic, found| match found.primary {
            Some(label) => diagnostic.related(label.place, found.message),
            None => diagnostic,
        }));
        None
    }

    /// `convert(value, type)`: the second argument is a type, not a value.
    fn convert(&self, value: &Argument<'_, '_>, ty: &Expr<'_>, scope: &Scope<'_>) -> Evaluated {
        let ty = super::constraint::type_of(ty).map_err(|problem| {
            self.report(self.error(&FUNCTION, problem.span, problem.message));
        });
        let (value, span) = match value {
            Argument::Written(value) => (self.eval(value, scope)?, self.start(value)),
            Argument::Given(value, span) => (value.clone(), *span),
        };
        match ty.ok()?.convert(value) {
            Ok(value) => Some(value),
            Err(why) => self.fail(&FUNCTION, span, format!("Invalid function argument: {why}")),
        }
    }
}

/// About how many bytes a value takes.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            items.iter().map(weight).sum::<usize>() + 16 * items.len()
        }
        Value::Map(members) | Value::Object(members) => {
            members.iter().map(|(key, value)| key.len() + weight(value) + 16).sum()
        }
        _ => 8,
    }
}

/// What a hash costs whose purpose is to be slow: each step of its cost doubles the time.
fn bcrypt_steps(arguments: &[Value]) -> u64 {
    let cost = match arguments.get(1) {
        Some(Value::Number(number)) => number.as_i64().filter(|cost| (4..=16).contains(cost)),
        _ => None,
    };
    16 << cost.unwrap_or(10)
}
