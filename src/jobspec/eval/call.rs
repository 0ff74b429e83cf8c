//! Function calls: from the table in `functions`, and those that work on expressions.

use super::expression::{Evaluated, Evaluator, FUNCTION, Scope};
use super::value::Value;
use crate::jobspec::functions;
use crate::jobspec::syntax::{Call, Expr, Span};

impl Evaluator<'_> {
    pub(super) fn call(&self, expr: &Expr<'_>, call: &Call<'_>, scope: &Scope<'_>) -> Evaluated {
        match call.name.name {
            "try" => return self.try_each(expr, call, scope),
            "can" => {
                let Some(argument) = call.args.first().filter(|_| call.args.len() == 1) else {
                    return self.fail(&FUNCTION, call.name.span, "`can` takes one argument");
                };
                return Some(Value::Bool(self.attempt(argument, scope).is_ok()));
            }
            "convert" => return self.convert(expr, call, scope),
            _ => {}
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
        let mut values = Vec::with_capacity(call.args.len());
        let mut spans = Vec::with_capacity(call.args.len());
        let mut whole = true;
        for (i, argument) in call.args.iter().enumerate() {
            let Some(value) = self.eval(argument, scope) else {
                whole = false;
                continue;
            };
            if call.expand && i + 1 == call.args.len() {
                match value.into_elements() {
                    Ok(items) => {
                        spans.extend(items.iter().map(|_| self.start(argument)));
                        values.extend(items);
                    }
                    Err(other) => {
                        return self.fail(
                            &FUNCTION,
                            argument.span,
                            format!(
                                "Invalid expanding argument value: `...` takes a list, a set or a tuple, not a {}",
                                other.kind()
                            ),
                        );
                    }
                }
            } else {
                values.push(value);
                spans.push(self.start(argument));
            }
        }
        if !whole {
            return None;
        }
        match function.call(values, self.files) {
            Ok(value) => self.step(expr.span, weight(&value)).then_some(value),
            Err(error) => {
                let span = match error.argument {
                    Some(i) => spans.get(i).copied().unwrap_or(expr.span),
                    // What is missing would stand before the closing parenthesis.
                    None if error.summary == "Not enough function arguments" => {
                        Span { start: expr.span.end.saturating_sub(1), end: expr.span.end }
                    }
                    None => call.name.span,
                };
                self.fail(&FUNCTION, span, format!("{}: {}", error.summary, error.message))
            }
        }
    }

    /// The first argument that can be evaluated.
    pub(super) fn try_each(&self, expr: &Expr<'_>, call: &Call<'_>, scope: &Scope<'_>) -> Evaluated {
        let mut last = Vec::new();
        for argument in &call.args {
            match self.attempt(argument, scope) {
                Ok(value) => return Some(value),
                Err(found) => last = found,
            }
        }
        let diagnostic = self.error(&FUNCTION, expr.span, "no argument of `try` can be evaluated");
        self.report(last.into_iter().fold(diagnostic, |diagnostic, found| match found.primary {
            Some(label) => diagnostic.related(label.place, found.message),
            None => diagnostic,
        }));
        None
    }

    /// `convert(value, type)`: the second argument is a type, not a value.
    pub(super) fn convert(&self, expr: &Expr<'_>, call: &Call<'_>, scope: &Scope<'_>) -> Evaluated {
        let [value, ty] = &call.args[..] else {
            return self.fail(&FUNCTION, expr.span, "`convert` takes a value and a type");
        };
        let ty = super::constraint::type_of(ty).map_err(|problem| {
            self.report(self.error(&FUNCTION, problem.span, problem.message));
        });
        let value = self.eval(value, scope)?;
        match ty.ok()?.convert(value) {
            Ok(value) => Some(value),
            Err(why) => self.fail(&FUNCTION, call.args[0].span, format!("Invalid function argument: {why}")),
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
