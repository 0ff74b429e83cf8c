//! Function calls: from the table in `functions`, and those that work on expressions.

use super::expression::{Evaluated, Evaluator, FUNCTION, Scope};
use super::value::Value;
use crate::jobspec::functions;
use crate::jobspec::syntax::{Call, Expr, Span};

impl Evaluator<'_> {
    pub(super) fn call(&self, expr: &Expr<'_>, call: &Call<'_>, scope: &Scope<'_>) -> Evaluated {
        if !self.calls {
            let message = format!("Function calls not allowed: `{}` cannot be called here", call.name.name);
            return self.fail(&FUNCTION, call.name.span, message);
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
        // What is expanded is evaluated first, for it decides on how many arguments there are.
        let (plain, expanded) = match call.args.split_last() {
            Some((last, plain)) if call.expand => (plain, self.expand(last, scope)?),
            _ => (&call.args[..], Vec::new()),
        };
        let count = plain.len() + expanded.len();
        let place = |i: usize| match plain.get(i) {
            Some(argument) => Some(self.start(argument)),
            None if call.expand => call.args.last().map(|argument| argument.span),
            None => call.args.get(i).map(|argument| self.start(argument)),
        };
        if let Err(error) = function.check_count(count) {
            return self.refuse(expr, call, error, place);
        }
        match call.name.name {
            "try" => return self.try_each(expr, call, scope),
            "can" => return Some(Value::Bool(self.attempt(&call.args[0], scope).is_ok())),
            "convert" => return self.convert(expr, call, scope),
            _ => {}
        }
        let mut values = Vec::with_capacity(count);
        let given = plain.iter().map(|argument| self.eval(argument, scope));
        for (i, value) in given.chain(expanded.into_iter().map(Some)).enumerate() {
            match value.map(|value| function.convert(i, value)) {
                Some(Ok(value)) => values.push(value),
                Some(Err(error)) => drop(self.refuse(expr, call, error, place)),
                None => {}
            }
        }
        // All that is wrong with the arguments has been reported.
        if values.len() < count {
            return None;
        }
        match function.call(values, self.files) {
            Ok(value) => self.step(expr.span, weight(&value)).then(|| value.normalized()),
            Err(error) => self.refuse(expr, call, error, place),
        }
    }

    /// The elements of an argument with `...`.
    fn expand(&self, argument: &Expr<'_>, scope: &Scope<'_>) -> Option<Vec<Value>> {
        self.eval(argument, scope)?.into_elements().map_or_else(
            |other| {
                let message = format!(
                    "Invalid expanding argument value: `...` takes a list, a set or a tuple, not a {}",
                    other.kind()
                );
                self.fail(&FUNCTION, argument.span, message)
            },
            Some,
        )
    }

    /// Reports what is wrong with a call, where HCL reports it.
    fn refuse(
        &self,
        expr: &Expr<'_>,
        call: &Call<'_>,
        error: functions::CallError,
        place: impl Fn(usize) -> Option<Span>,
    ) -> Evaluated {
        let argument = error.argument.and_then(place);
        let (span, cause) = match (error.summary, argument) {
            // What is missing would stand before the closing parenthesis.
            ("Not enough function arguments", _) => {
                (Span { start: expr.span.end.saturating_sub(1), end: expr.span.end }, None)
            }
            ("Error in function call", cause) => (call.name.span, cause),
            (_, Some(span)) => (span, None),
            (_, None) => (expr.span, None),
        };
        let diagnostic = self.error(&FUNCTION, span, format!("{}: {}", error.summary, error.message));
        self.report(match cause {
            Some(cause) => diagnostic.related(self.source.place(cause.range()), "because of this argument"),
            None => diagnostic,
        });
        None
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
