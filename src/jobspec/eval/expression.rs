//! What an expression means: HCL's semantics over the syntax tree.
//!
//! A name that is neither `var`, `local` nor a variable of a surrounding `for` is not an error:
//! it belongs to Nomad (`${NOMAD_PORT_http}`, `${attr.kernel.name}`) and stays the text that was
//! written. Evaluation is bounded by steps and by the bytes of text that it makes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::number::Number;
use super::ty::Type;
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic, Source, nearest};
use crate::jobspec::functions::{self, Files};
use crate::jobspec::syntax::{
    BinaryOp, Call, Expr, ExprKind, For, Ident, ObjectItem, Span, Splat, Step, TemplatePart, UnaryOp,
};

crate::codes! {
    /// An operator or a condition got a value of a type that it cannot take.
    OPERAND = "P0420", "a value of the wrong type in an expression", "HCL native syntax specification, Operations";
    /// An index or attribute that the value does not have.
    INDEX = "P0421", "a value has no such index or attribute", "HCL native syntax specification, Index Operator";
    /// A function that does not exist, or arguments that it does not take.
    FUNCTION = "P0422", "a function call is wrong", "Nomad documentation, HCL2 functions";
    /// A value that cannot stand in a text.
    INTERPOLATION = "P0423", "a value cannot stand in a text", "HCL native syntax specification, Template Expressions";
    /// Something other than a collection is iterated, or a key is unsuitable.
    ITERATION = "P0424", "a value cannot be iterated, or a key is unsuitable", "HCL native syntax specification, For Expressions";
    /// An evaluation that does not end, or makes too much.
    BUDGET = "P0425", "an evaluation takes too many steps or makes too much text", "";
}

/// Steps that one file's evaluation may take.
const MAX_STEPS: u64 = 2_000_000;
/// Bytes of text that one file's evaluation may make.
const MAX_BYTES: u64 = 64 << 20;

/// What expressions of one file are evaluated in.
pub struct Evaluator<'a> {
    /// The file.
    pub source: &'a Source,
    /// `var`, `local`: objects by name.
    pub roots: BTreeMap<&'static str, Value>,
    /// Whether a name that is not known stays the text that was written.
    pub keeps_unknown: bool,
    /// Where functions look for files; without it those that do are refused.
    pub files: Option<&'a Files>,
    steps: Cell<u64>,
    bytes: Cell<u64>,
    problems: RefCell<Vec<Diagnostic>>,
}

/// The variables of the surrounding `for` expressions and `dynamic` blocks.
#[derive(Clone, Copy)]
pub struct Scope<'p> {
    parent: Option<&'p Scope<'p>>,
    variables: &'p [(&'p str, Value)],
}

impl<'p> Scope<'p> {
    /// Outside of any `for`.
    pub const ROOT: Scope<'static> = Scope { parent: None, variables: &[] };

    /// With these variables over those of `parent`.
    pub fn inside(parent: &'p Scope<'p>, variables: &'p [(&'p str, Value)]) -> Self {
        Self { parent: Some(parent), variables }
    }

    fn get(&self, name: &str) -> Option<&'p Value> {
        let found = self.variables.iter().rev().find(|(other, _)| *other == name).map(|(_, value)| value);
        found.or_else(|| self.parent?.get(name))
    }
}

/// No value: what was wrong has been reported.
pub type Evaluated = Option<Value>;

impl<'a> Evaluator<'a> {
    /// An evaluator without any variables.
    pub fn new(source: &'a Source) -> Self {
        Self {
            source,
            roots: BTreeMap::new(),
            keeps_unknown: true,
            files: None,
            steps: Cell::new(0),
            bytes: Cell::new(0),
            problems: RefCell::default(),
        }
    }

    /// What was wrong so far.
    pub fn take_problems(&self) -> Vec<Diagnostic> {
        self.problems.take()
    }

    /// How many problems were reported so far.
    pub fn problem_count(&self) -> usize {
        self.problems.borrow().len()
    }

    /// Reports a problem.
    pub fn report(&self, diagnostic: Diagnostic) {
        self.problems.borrow_mut().push(diagnostic);
    }

    /// An error at a place of the file.
    pub fn error(&self, code: &'static Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).at(self.source.place(span.range()))
    }

    fn fail<T>(&self, code: &'static Code, span: Span, message: impl Into<String>) -> Option<T> {
        self.report(self.error(code, span, message));
        None
    }

    /// Counts a step; false once there were too many, which is reported once.
    fn step(&self, span: Span, bytes: usize) -> bool {
        let (steps, total) = (self.steps.get(), self.bytes.get());
        if steps > MAX_STEPS || total > MAX_BYTES {
            return false;
        }
        self.steps.set(steps + 1);
        self.bytes.set(total + bytes as u64);
        let over = steps + 1 > MAX_STEPS || total + bytes as u64 > MAX_BYTES;
        if over {
            self.report(
                self.error(&BUDGET, span, "evaluating this takes too many steps or makes too much text")
                    .hint("look for loops in loops, or for text that is repeated many times"),
            );
        }
        !over
    }

    /// The value of an expression.
    pub fn eval(&self, expr: &Expr<'_>, scope: &Scope<'_>) -> Evaluated {
        if !self.step(expr.span, 0) {
            return None;
        }
        match &expr.kind {
            ExprKind::Null => Some(Value::Null),
            ExprKind::Bool(truth) => Some(Value::Bool(*truth)),
            ExprKind::Number(text) => match Number::parse(text) {
                Some(number) => Some(Value::Number(number)),
                None => self.fail(
                    &OPERAND,
                    expr.span,
                    format!("`{text}` is not a number that can be represented"),
                ),
            },
            ExprKind::String(text) => Some(Value::String(text.clone().into_owned())),
            ExprKind::Template(parts) => match &parts[..] {
                [TemplatePart::Interpolation(inner, _)] => self.eval(inner, scope),
                _ => self.template(parts, scope).map(Value::String),
            },
            ExprKind::Tuple(items) => {
                let values: Vec<_> = items.iter().map(|item| self.eval(item, scope)).collect();
                Some(Value::Tuple(values.into_iter().collect::<Option<_>>()?))
            }
            ExprKind::Object(items) => self.object(items, scope),
            ExprKind::For(form) => self.for_each(expr, form, scope),
            ExprKind::Variable(_) | ExprKind::GetAttr(..) | ExprKind::Index(..) => {
                self.traversal(expr, scope)
            }
            ExprKind::Splat(splat) => self.splat(splat, scope),
            ExprKind::Call(call) => self.call(expr, call, scope),
            ExprKind::Unary(op, inner) => self.unary(*op, inner, scope),
            ExprKind::Binary(op, left, right) => self.binary(expr, *op, left, right, scope),
            ExprKind::Conditional(parts) => self.conditional(&parts[0], &parts[1], &parts[2], scope),
            ExprKind::Parens(inner) => self.eval(inner, scope),
        }
    }

    /// Evaluates without reporting: the problems are given back.
    pub fn attempt(&self, expr: &Expr<'_>, scope: &Scope<'_>) -> Result<Value, Vec<Diagnostic>> {
        let before = self.problem_count();
        let value = self.eval(expr, scope);
        let found = self.problems.borrow_mut().split_off(before);
        match value {
            Some(value) if found.is_empty() => Ok(value),
            _ => Err(found),
        }
    }

    fn template(&self, parts: &[TemplatePart<'_>], scope: &Scope<'_>) -> Option<String> {
        let mut text = String::new();
        let mut whole = true;
        for part in parts {
            whole &= self.template_part(part, scope, &mut text).is_some();
        }
        whole.then_some(text)
    }

    fn template_part(&self, part: &TemplatePart<'_>, scope: &Scope<'_>, out: &mut String) -> Option<()> {
        let before = out.len();
        let span = match part {
            TemplatePart::Literal(text, span) => {
                out.push_str(text);
                *span
            }
            TemplatePart::Interpolation(expr, span) => {
                let value = self.eval(expr, scope)?;
                self.push_text(&value, expr.span, out)?;
                *span
            }
            TemplatePart::If(branch) => {
                let condition = self.condition(&branch.condition, scope)?;
                let parts = if condition { &branch.then } else { &branch.otherwise };
                out.push_str(&self.template(parts, scope)?);
                branch.span
            }
            TemplatePart::For(form) => {
                let collection = self.eval(&form.collection, scope)?;
                for (key, value) in self.elements(collection, form.collection.span)? {
                    let variables = [(form.key.map_or("", |key| key.name), key), (form.value.name, value)];
                    let inner = Scope::inside(scope, &variables);
                    out.push_str(&self.template(&form.body, &inner)?);
                    if !self.step(form.span, 0) {
                        return None;
                    }
                }
                form.span
            }
        };
        self.step(span, out.len() - before).then_some(())
    }

    fn push_text(&self, value: &Value, span: Span, out: &mut String) -> Option<()> {
        match value {
            Value::String(text) => out.push_str(text),
            Value::Null => {
                return self.fail(
                    &INTERPOLATION,
                    span,
                    "Invalid template interpolation value: the expression is null, and null cannot stand in a text",
                );
            }
            other => match other.to_text() {
                Some(text) => out.push_str(&text),
                None => {
                    return self.fail(
                        &INTERPOLATION,
                        span,
                        format!(
                            "Invalid template interpolation value: a {} cannot stand in a text",
                            other.kind()
                        ),
                    );
                }
            },
        }
        Some(())
    }

    fn object(&self, items: &[ObjectItem<'_>], scope: &Scope<'_>) -> Evaluated {
        let mut members = BTreeMap::new();
        let mut whole = true;
        for item in items {
            let key = self.object_key(&item.key, &item.value, scope);
            let value = self.eval(&item.value, scope);
            match (key, value) {
                (Some(key), Some(value)) => {
                    members.insert(key, value);
                }
                _ => whole = false,
            }
        }
        whole.then_some(Value::Object(members))
    }

    fn object_key(&self, key: &Expr<'_>, value: &Expr<'_>, scope: &Scope<'_>) -> Option<String> {
        match &key.kind {
            ExprKind::Variable(name) => return Some((*name).to_owned()),
            ExprKind::Null => return Some("null".to_owned()),
            ExprKind::Bool(truth) => return Some(truth.to_string()),
            ExprKind::GetAttr(..) | ExprKind::Index(..) if root(key).is_some() => {
                self.report(
                    self.error(
                        &ITERATION,
                        key.span,
                        "Ambiguous attribute key: a name with periods can be meant in two ways",
                    )
                    .hint("wrap a reference in parentheses, or a literal name in quotes"),
                );
                return None;
            }
            _ => {}
        }
        match self.eval(key, scope)? {
            Value::Null => self.fail(&ITERATION, value.span, "Null value as key: a key cannot be null"),
            other => match other.to_text() {
                Some(text) => Some(text),
                None => self.fail(
                    &ITERATION,
                    key.span,
                    format!("Incorrect key type: a {} cannot be a key", other.kind()),
                ),
            },
        }
    }

    /// The keys and values of a collection.
    pub fn elements(&self, collection: Value, span: Span) -> Option<Vec<(Value, Value)>> {
        match collection {
            Value::List(items) | Value::Tuple(items) => {
                Some(items.into_iter().enumerate().map(|(i, item)| (Value::int(i as i64), item)).collect())
            }
            Value::Set(items) => Some(items.into_iter().map(|item| (item.clone(), item)).collect()),
            Value::Map(members) | Value::Object(members) => {
                Some(members.into_iter().map(|(key, value)| (Value::String(key), value)).collect())
            }
            Value::Null => self.fail(&ITERATION, span, "Iteration over null value: null has no elements"),
            other => self.fail(
                &ITERATION,
                span,
                format!("Iteration over non-iterable value: a {} has no elements", other.kind()),
            ),
        }
    }

    fn for_each(&self, expr: &Expr<'_>, form: &For<'_>, scope: &Scope<'_>) -> Evaluated {
        let collection = self.eval(&form.collection, scope)?;
        let elements = self.elements(collection, form.collection.span)?;
        let mut values = Vec::new();
        let mut members: BTreeMap<String, Value> = BTreeMap::new();
        for (key, value) in elements {
            if !self.step(expr.span, 0) {
                return None;
            }
            let variables = [(form.key.map_or("", |key| key.name), key), (form.value.name, value)];
            let inner = Scope::inside(scope, &variables);
            if let Some(condition) = &form.condition {
                match self.eval(condition, &inner)? {
                    Value::Null => {
                        return self.fail(
                            &ITERATION,
                            condition.span,
                            "Invalid 'for' condition: it must not be null",
                        );
                    }
                    other => match other.to_bool() {
                        Some(true) => {}
                        Some(false) => continue,
                        None => {
                            let message = format!(
                                "Invalid 'for' condition: a bool is required, not a {}",
                                other.kind()
                            );
                            return self.fail(&ITERATION, condition.span, message);
                        }
                    },
                }
            }
            let Some(key) = &form.result_key else {
                values.push(self.eval(&form.result, &inner)?);
                continue;
            };
            let name = match self.eval(key, &inner)? {
                Value::Null => {
                    return self.fail(&ITERATION, key.span, "Invalid object key: it must not be null");
                }
                other => match other.to_text() {
                    Some(text) => text,
                    None => {
                        let message = format!("Invalid object key: a {} cannot be a key", other.kind());
                        return self.fail(&ITERATION, key.span, message);
                    }
                },
            };
            let value = self.eval(&form.result, &inner)?;
            if form.group {
                match members.entry(name).or_insert_with(|| Value::Tuple(Vec::new())) {
                    Value::Tuple(group) => group.push(value),
                    other => *other = Value::Tuple(vec![value]),
                }
            } else if members.contains_key(&name) {
                self.report(
                    self.error(
                        &ITERATION,
                        key.span,
                        format!("Duplicate object key: two items have the key `{name}`"),
                    )
                    .hint("write `...` after the value to collect all values of one key"),
                );
                return None;
            } else {
                members.insert(name, value);
            }
        }
        Some(if form.result_key.is_some() { Value::Object(members) } else { Value::Tuple(values) })
    }

    /// A name with what is taken from it.
    fn traversal(&self, expr: &Expr<'_>, scope: &Scope<'_>) -> Evaluated {
        // `for` variables and `var.x` are looked up in place: only what is asked for is copied.
        if let Some(value) = self.resolve(expr, scope) {
            return Some(value.clone());
        }
        if let Some(name) = root(expr)
            && scope.get(name).is_none()
            && !self.roots.contains_key(name)
        {
            return self.unknown(expr, name);
        }
        match &expr.kind {
            ExprKind::GetAttr(inner, name) => {
                let value = self.eval(inner, scope)?;
                self.get_attr(value, *name)
            }
            ExprKind::Index(inner, key) => {
                let (value, key_value) = (self.eval(inner, scope), self.eval(key, scope));
                self.index(value?, key_value?, key.span, inner.span.to(expr.span))
            }
            _ => None,
        }
    }

    fn resolve<'v>(&'v self, expr: &Expr<'_>, scope: &Scope<'v>) -> Option<&'v Value> {
        match &expr.kind {
            ExprKind::Variable(name) => scope.get(name).or_else(|| self.roots.get(*name)),
            ExprKind::GetAttr(inner, name) => self.resolve(inner, scope)?.members()?.get(name.name),
            _ => None,
        }
    }

    fn unknown(&self, expr: &Expr<'_>, name: &str) -> Evaluated {
        if self.keeps_unknown {
            return Some(Value::String(as_written(self.source.text(), expr.span)));
        }
        let span = Span { start: expr.span.start, end: expr.span.start + name.len() as u32 };
        self.fail(&INDEX, span, format!("Variables not allowed: `{name}` cannot be used here"))
    }

    fn get_attr(&self, value: Value, name: Ident<'_>) -> Evaluated {
        let span = Span { start: name.span.start.saturating_sub(1), end: name.span.end };
        let known = |members: &BTreeMap<String, Value>| {
            let hint = nearest(name.name, members.keys().map(String::as_str));
            hint.map(|near| format!("did you mean `{near}`?"))
        };
        let (message, hint) = match value {
            Value::Map(mut members) | Value::Object(mut members) => match members.remove(name.name) {
                Some(value) => return Some(value),
                None => {
                    (format!("Unsupported attribute: there is no attribute `{}`", name.name), known(&members))
                }
            },
            Value::Null => {
                ("Attempt to get attribute from null value: null has no attributes".to_owned(), None)
            }
            other => (
                format!("Unsupported attribute: a {} has no attributes", other.kind()),
                other.elements().map(|_| "name one element with `[0]`, or all of them with `[*]`".to_owned()),
            ),
        };
        let diagnostic = self.error(&INDEX, span, message);
        self.report(match hint {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        });
        None
    }

    fn index(&self, value: Value, key: Value, key_span: Span, whole: Span) -> Evaluated {
        // The place is that of the brackets.
        let text = self.source.text();
        let open = text[..key_span.start as usize].rfind('[').unwrap_or(key_span.start as usize);
        let span = Span { start: open as u32, end: whole.end.max(key_span.end) };
        let invalid = |why: &str| self.fail(&INDEX, span, format!("Invalid index: {why}"));
        if key.is_null() {
            return invalid("null cannot be an index");
        }
        match value {
            Value::Null => self.fail(&INDEX, span, "Attempt to index null value: null has no indices"),
            Value::List(mut items) | Value::Tuple(mut items) => {
                let Some(number) = key.to_number() else { return invalid("a number is required") };
                if !number.is_whole() {
                    return invalid("a whole number is required, and this one has a fractional part");
                }
                if number.is_negative() {
                    return invalid("a negative number is not a valid index");
                }
                match number.as_i64().and_then(|i| usize::try_from(i).ok()).filter(|i| *i < items.len()) {
                    Some(i) => Some(items.swap_remove(i)),
                    None if items.is_empty() => invalid("the collection has no elements"),
                    None => invalid(&format!("the collection has only {} elements", items.len())),
                }
            }
            Value::Map(mut members) | Value::Object(mut members) => {
                let Some(name) = key.to_text() else { return invalid("a string is required") };
                match members.remove(&name) {
                    Some(value) => Some(value),
                    None => invalid(&format!("there is no element with the key `{name}`")),
                }
            }
            Value::Set(_) => invalid("the elements of a set have no indices"),
            _ => invalid("this value does not have any indices"),
        }
    }

    fn splat(&self, splat: &Splat<'_>, scope: &Scope<'_>) -> Evaluated {
        let source = self.eval(&splat.source, scope)?;
        self.splat_value(source, &splat.each, splat.source.span.to(splat.marker), scope)
    }

    fn splat_value(&self, source: Value, each: &[Step<'_>], span: Span, scope: &Scope<'_>) -> Evaluated {
        let is_list = matches!(source, Value::List(_) | Value::Set(_));
        let items = match source.into_elements() {
            Ok(items) => items,
            Err(Value::Null) => Vec::new(),
            Err(single) => vec![single],
        };
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            if !self.step(span, 0) {
                return None;
            }
            values.push(each.iter().try_fold(item, |value, step| self.apply(value, step, span, scope))?);
        }
        Some(if is_list { Value::List(values) } else { Value::Tuple(values) })
    }

    fn apply(&self, value: Value, step: &Step<'_>, span: Span, scope: &Scope<'_>) -> Evaluated {
        match step {
            Step::Attr(name) => self.get_attr(value, *name),
            Step::Index(key) => {
                let key_value = self.eval(key, scope)?;
                self.index(value, key_value, key.span, key.span)
            }
            Step::Splat(each, _) => self.splat_value(value, each, span, scope),
        }
    }

    fn condition(&self, expr: &Expr<'_>, scope: &Scope<'_>) -> Option<bool> {
        match self.eval(expr, scope)? {
            Value::Null => {
                self.fail(&OPERAND, expr.span, "Null condition: a condition is either true or false")
            }
            other => match other.to_bool() {
                Some(truth) => Some(truth),
                None => self.fail(
                    &OPERAND,
                    expr.span,
                    format!("Incorrect condition type: a condition must be a bool, not a {}", other.kind()),
                ),
            },
        }
    }

    fn conditional(
        &self,
        condition: &Expr<'_>,
        then: &Expr<'_>,
        other: &Expr<'_>,
        scope: &Scope<'_>,
    ) -> Evaluated {
        // Both are evaluated, for both decide on the type; only the chosen one's problems count.
        let (yes, no) = (self.attempt(then, scope), self.attempt(other, scope));
        let ty = match (&yes, &no) {
            (Ok(a), Ok(b)) => match Type::unify(&[Type::of(a), Type::of(b)]) {
                Some(ty) => Some(ty),
                None => {
                    return self.fail(
                        &OPERAND,
                        then.span.to(other.span),
                        format!(
                            "Inconsistent conditional result types: the one result is a {}, the other a {}",
                            a.kind(),
                            b.kind()
                        ),
                    );
                }
            },
            _ => None,
        };
        let chosen = if self.condition(condition, scope)? { yes } else { no };
        match chosen {
            Ok(value) => match ty {
                Some(ty) => {
                    ty.convert(value).map_err(|why| self.report(self.error(&OPERAND, then.span, why))).ok()
                }
                None => Some(value),
            },
            Err(found) => {
                self.problems.borrow_mut().extend(found);
                None
            }
        }
    }

    fn unary(&self, op: UnaryOp, inner: &Expr<'_>, scope: &Scope<'_>) -> Evaluated {
        let value = self.eval(inner, scope)?;
        let result = match op {
            UnaryOp::Neg => value.to_number().map(|number| Value::Number(number.neg())),
            UnaryOp::Not => value.to_bool().map(|truth| Value::Bool(!truth)),
        };
        let wanted = if op == UnaryOp::Neg { "number" } else { "bool" };
        match result {
            Some(value) => Some(value),
            None => self.operand(inner.span, &value, wanted, "unary operand"),
        }
    }

    fn operand(&self, span: Span, value: &Value, wanted: &str, which: &str) -> Evaluated {
        self.fail(
            &OPERAND,
            span,
            format!(
                "Invalid operand: unsuitable value for {which}: a {wanted} is required, not a {}",
                value.kind()
            ),
        )
    }

    fn binary(
        &self,
        expr: &Expr<'_>,
        op: BinaryOp,
        left: &Expr<'_>,
        right: &Expr<'_>,
        scope: &Scope<'_>,
    ) -> Evaluated {
        let (a, b) = (self.eval(left, scope), self.eval(right, scope));
        let (a, b) = (a?, b?);
        match op {
            BinaryOp::Eq => return Some(Value::Bool(a == b)),
            BinaryOp::NotEq => return Some(Value::Bool(a != b)),
            BinaryOp::Or | BinaryOp::And => {
                return match (a.to_bool(), b.to_bool()) {
                    (Some(x), Some(y)) => Some(Value::Bool(if op == BinaryOp::Or { x || y } else { x && y })),
                    (None, _) => self.operand(left.span, &a, "bool", "left operand"),
                    _ => self.operand(right.span, &b, "bool", "right operand"),
                };
            }
            _ => {}
        }
        let (x, y) = match (a.to_number(), b.to_number()) {
            (Some(x), Some(y)) => (x, y),
            (None, _) => return self.operand(left.span, &a, "number", "left operand"),
            _ => return self.operand(right.span, &b, "number", "right operand"),
        };
        let number = match op {
            BinaryOp::Gt => return Some(Value::Bool(x > y)),
            BinaryOp::GtEq => return Some(Value::Bool(x >= y)),
            BinaryOp::Lt => return Some(Value::Bool(x < y)),
            BinaryOp::LtEq => return Some(Value::Bool(x <= y)),
            BinaryOp::Add => Some(x.add(&y)),
            BinaryOp::Sub => Some(x.sub(&y)),
            BinaryOp::Mul => Some(x.mul(&y)),
            BinaryOp::Div => x.div(&y),
            _ => x.rem(&y),
        };
        match number {
            Some(number) => Some(Value::Number(number)),
            None => self.fail(&OPERAND, expr.span, "Operation failed: division by zero"),
        }
    }

    fn call(&self, expr: &Expr<'_>, call: &Call<'_>, scope: &Scope<'_>) -> Evaluated {
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
                        spans.extend(items.iter().map(|_| argument.span));
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
                spans.push(argument.span);
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
    fn try_each(&self, expr: &Expr<'_>, call: &Call<'_>, scope: &Scope<'_>) -> Evaluated {
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
    fn convert(&self, expr: &Expr<'_>, call: &Call<'_>, scope: &Scope<'_>) -> Evaluated {
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

/// The name at the root of a traversal whose every step is written out.
fn root<'s>(expr: &Expr<'s>) -> Option<&'s str> {
    match &expr.kind {
        ExprKind::Variable(name) => Some(name),
        ExprKind::GetAttr(inner, _) => root(inner),
        ExprKind::Index(inner, key) if matches!(key.kind, ExprKind::Number(_) | ExprKind::String(_)) => {
            root(inner)
        }
        _ => None,
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

/// A reference that Nomad resolves, as the text that it was written as, in `${` and `}`.
///
/// This is what Nomad's parser does to the letter (jobspec2, `UndefinedVariable`): blanks inside
/// the braces are kept, and a reference outside of any is put into them. The scan behind the
/// reference does not stop at the first `}`; two in a row give two.
fn as_written(text: &str, span: Span) -> String {
    let bytes = text.as_bytes();
    let (start, end) = (span.start as usize, span.end as usize);
    let reference = text.get(start..end).unwrap_or_default();
    let blanks = bytes[..start].iter().rev().take_while(|b| **b == b' ').count();
    let brace = start - blanks;
    if brace < 2 || &bytes[brace - 2..brace] != b"${" {
        return format!("${{{reference}}}");
    }
    let mut out = text.get(brace - 2..end).unwrap_or_default().to_owned();
    for i in end + 1..bytes.len() {
        match bytes[i] {
            b'}' => out.push_str(text.get(end..i).unwrap_or_default()),
            b' ' => {}
            _ => {
                out.push('}');
                break;
            }
        }
    }
    out
}
