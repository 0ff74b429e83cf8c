//! What an expression means: HCL's semantics over the syntax tree.
//!
//! A name that is neither `var`, `local` nor a variable of a surrounding `for` is not an error:
//! it belongs to Nomad (`${NOMAD_PORT_http}`, `${attr.kernel.name}`) and stays the text that was
//! written. Evaluation is bounded by steps and by the bytes of text that it makes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::number::Number;
use super::ty::Type;
use super::value::{Value, nfc};
use crate::diagnostic::{Code, Diagnostic, Source};
use crate::jobspec::functions::Files;
use crate::jobspec::syntax::{BinaryOp, Expr, ExprKind, Span, TemplatePart, UnaryOp};

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
    /// Whether functions may be called.
    pub calls: bool,
    /// Where functions look for files; without it those that do are refused.
    pub files: Option<&'a Files>,
    steps: Cell<u64>,
    bytes: Cell<u64>,
    problems: RefCell<Vec<Diagnostic>>,
    /// That there were too many steps: said even where other problems are forgotten.
    exhausted: RefCell<Option<Diagnostic>>,
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

    pub(super) fn get(&self, name: &str) -> Option<&'p Value> {
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
            calls: true,
            files: None,
            steps: Cell::new(0),
            bytes: Cell::new(0),
            problems: RefCell::default(),
            exhausted: RefCell::default(),
        }
    }

    /// What was wrong so far.
    pub fn take_problems(&self) -> Vec<Diagnostic> {
        let mut problems = self.problems.take();
        problems.extend(self.exhausted.take());
        problems
    }

    /// How many problems were reported so far.
    pub fn problem_count(&self) -> usize {
        self.problems.borrow().len()
    }

    /// Forgets the problems beyond the first `count`.
    pub fn forget_problems(&self, count: usize) {
        self.problems.borrow_mut().truncate(count);
    }

    /// Reports a problem.
    pub fn report(&self, diagnostic: Diagnostic) {
        self.problems.borrow_mut().push(diagnostic);
    }

    /// An error at a place of the file.
    pub fn error(&self, code: &'static Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).at(self.source.place(span.range()))
    }

    pub(super) fn fail<T>(&self, code: &'static Code, span: Span, message: impl Into<String>) -> Option<T> {
        self.report(self.error(code, span, message));
        None
    }

    /// Counts a step; false once there were too many, which is reported once.
    pub(super) fn step(&self, span: Span, bytes: usize) -> bool {
        self.charge(span, 1, bytes)
    }

    /// Counts steps; false once there were too many, which is reported once.
    pub(super) fn charge(&self, span: Span, steps: u64, bytes: usize) -> bool {
        let (before, total) = (self.steps.get(), self.bytes.get());
        if before > MAX_STEPS || total > MAX_BYTES {
            return false;
        }
        let (steps, bytes) = (before.saturating_add(steps), total.saturating_add(bytes as u64));
        self.steps.set(steps);
        self.bytes.set(bytes);
        let over = steps > MAX_STEPS || bytes > MAX_BYTES;
        if over {
            *self.exhausted.borrow_mut() = Some(
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
            ExprKind::String(text) => Some(Value::String(nfc(text.clone().into_owned()))),
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
            ExprKind::Unary(op, inner) => self.unary(expr, *op, inner, scope),
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

    pub(super) fn template(&self, parts: &[TemplatePart<'_>], scope: &Scope<'_>) -> Option<String> {
        let mut text = String::new();
        let mut whole = true;
        for part in parts {
            whole &= self.template_part(part, scope, &mut text).is_some();
        }
        whole.then(|| nfc(text))
    }

    pub(super) fn template_part(
        &self,
        part: &TemplatePart<'_>,
        scope: &Scope<'_>,
        out: &mut String,
    ) -> Option<()> {
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

    pub(super) fn push_text(&self, value: &Value, span: Span, out: &mut String) -> Option<()> {
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

    pub(super) fn condition(&self, expr: &Expr<'_>, scope: &Scope<'_>) -> Option<bool> {
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

    pub(super) fn conditional(
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

    pub(super) fn unary(
        &self,
        expr: &Expr<'_>,
        op: UnaryOp,
        inner: &Expr<'_>,
        scope: &Scope<'_>,
    ) -> Evaluated {
        let value = self.eval(inner, scope)?;
        match op {
            UnaryOp::Neg => {
                let number = self.operand(inner.span, &value, "unary", "number", Value::to_number)?;
                self.not_null(expr, number).map(|number| Value::Number(number.neg()))
            }
            UnaryOp::Not => {
                let truth = self.operand(inner.span, &value, "unary", "bool", Value::to_bool)?;
                self.not_null(expr, truth).map(|truth| Value::Bool(!truth))
            }
        }
    }

    /// An operand as what the operator takes, `None` in it for null.
    fn operand<T>(
        &self,
        span: Span,
        value: &Value,
        which: &str,
        wanted: &str,
        convert: fn(&Value) -> Option<T>,
    ) -> Option<Option<T>> {
        let converted = convert(value);
        if converted.is_some() || value.is_null() {
            return Some(converted);
        }
        self.fail(
            &OPERAND,
            span,
            format!(
                "Invalid operand: unsuitable value for {which} operand: a {wanted} is required, not a {}",
                value.kind()
            ),
        )
    }

    fn not_null<T>(&self, expr: &Expr<'_>, operand: Option<T>) -> Option<T> {
        operand.or_else(|| self.fail(&OPERAND, expr.span, "Operation failed: an operand must not be null"))
    }

    /// Both operands as what the operator takes; what is wrong with either is said.
    fn operands<T>(
        &self,
        expr: &Expr<'_>,
        (left, right): (&Expr<'_>, &Expr<'_>),
        scope: &Scope<'_>,
        wanted: &str,
        convert: fn(&Value) -> Option<T>,
    ) -> Option<(T, T)> {
        let (a, b) = (self.eval(left, scope), self.eval(right, scope));
        let a = a.and_then(|a| self.operand(left.span, &a, "left", wanted, convert));
        let b = b.and_then(|b| self.operand(right.span, &b, "right", wanted, convert));
        self.not_null(expr, a?.zip(b?))
    }

    pub(super) fn binary(
        &self,
        expr: &Expr<'_>,
        op: BinaryOp,
        left: &Expr<'_>,
        right: &Expr<'_>,
        scope: &Scope<'_>,
    ) -> Evaluated {
        match op {
            BinaryOp::Eq | BinaryOp::NotEq => {
                let (a, b) = (self.eval(left, scope), self.eval(right, scope));
                return Some(Value::Bool((a? == b?) == (op == BinaryOp::Eq)));
            }
            BinaryOp::Or | BinaryOp::And => {
                let (x, y) = self.operands(expr, (left, right), scope, "bool", Value::to_bool)?;
                return Some(Value::Bool(if op == BinaryOp::Or { x || y } else { x && y }));
            }
            _ => {}
        }
        let (x, y) = self.operands(expr, (left, right), scope, "number", Value::to_number)?;
        let number = match op {
            BinaryOp::Gt => return Some(Value::Bool(x > y)),
            BinaryOp::GtEq => return Some(Value::Bool(x >= y)),
            BinaryOp::Lt => return Some(Value::Bool(x < y)),
            BinaryOp::LtEq => return Some(Value::Bool(x <= y)),
            BinaryOp::Add => x.checked_add(&y),
            BinaryOp::Sub => x.checked_add(&y.neg()),
            BinaryOp::Mul => x.checked_mul(&y),
            BinaryOp::Div => x.div(&y),
            _ => x.rem(&y),
        };
        match number {
            Some(number) => Some(Value::Number(number)),
            None => self.fail(&OPERAND, expr.span, "Operation failed: the result is not a number"),
        }
    }
}
