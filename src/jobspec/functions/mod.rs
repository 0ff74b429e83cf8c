//! The functions of HCL2 that Nomad knows: one small item each, and the table of them.
//!
//! Names, parameters and documentation stand in [`table`]; "did you mean" and the reference page
//! follow from it. Arguments are converted to the parameter's type before a function sees them,
//! as HashiCorp's `cty` does; what a function refuses names the argument at fault.

mod cidr;
mod collection;
mod date;
mod encoding;
mod files;
mod float;
mod format;
mod hash;
mod json;
mod number;
mod reference;
mod regex;
mod set;
mod string;
mod table;
mod yaml;

use std::path::PathBuf;

use super::eval::number::Number;
use super::eval::ty::Type;
use super::eval::value::Value;
pub use reference::reference;
pub use table::FUNCTIONS;

/// No function makes a text longer than this (bytes).
const MAX_TEXT: usize = 16 * 1024 * 1024;

/// A function: what it is called, what it takes, and what it does.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its parameters, in order.
    pub params: &'static [Param],
    /// What any further arguments are, if it takes them.
    pub rest: Option<Param>,
    /// What it does, in a sentence.
    pub doc: &'static str,
    /// How it does it.
    pub body: Body,
}

/// A parameter.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub ty: ParamType,
    /// Whether it may be `null`.
    pub null: bool,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamType {
    /// Anything.
    Any,
    /// Text.
    String,
    /// A number.
    Number,
    /// A list of texts.
    Strings,
    /// A list of elements that have a type in common.
    List,
    /// A set of elements that have a type in common.
    Set,
}

impl ParamType {
    fn ty(self) -> Type {
        match self {
            Self::Any => Type::Any,
            Self::String => Type::String,
            Self::Number => Type::Number,
            Self::Strings => Type::list(Type::String),
            Self::List => Type::list(Type::Any),
            Self::Set => Type::Set(Box::new(Type::Any)),
        }
    }
}

/// How a function works.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// From its arguments alone.
    Plain(fn(Args) -> Outcome),
    /// With files below or beside the job file.
    Files(fn(Args, &Files) -> Outcome),
    /// On expressions rather than values (`try`, `can`, `convert`): the evaluator's work.
    Lazy,
}

/// Where functions look for files. Without it, functions that need files are refused.
#[derive(Debug, Clone)]
pub struct Files {
    /// The folder of the job file; relative paths begin there.
    pub base: PathBuf,
    /// The working folder, for `abspath`.
    pub working: PathBuf,
    /// The user's home folder, for `~`.
    pub home: Option<PathBuf>,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// What kind of mistake it is, in the words of HCL: `Invalid function argument`.
    pub summary: &'static str,
    /// The argument at fault, from 0.
    pub argument: Option<usize>,
    /// What is wrong, in one line without a full stop.
    pub message: String,
}

/// What a call gives.
pub type Outcome = Result<Value, CallError>;

/// The error of a call as a whole.
fn fail<T>(message: impl Into<String>) -> Result<T, CallError> {
    Err(CallError { summary: "Error in function call", argument: None, message: message.into() })
}

/// The error of one argument.
fn fail_at<T>(argument: usize, message: impl Into<String>) -> Result<T, CallError> {
    Err(CallError { summary: "Invalid function argument", argument: Some(argument), message: message.into() })
}

/// The function of this name.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok().map(|at| &FUNCTIONS[at])
}

/// The names of all functions, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name)
}

impl Function {
    /// What an argument is for, if there may be one at this position.
    fn param(&self, position: usize) -> Option<&Param> {
        self.params.get(position).or(self.rest.as_ref())
    }

    /// How it is called: `join(separator, lists...)`.
    pub fn signature(&self) -> String {
        let mut names: Vec<String> = self.params.iter().map(|param| param.name.to_owned()).collect();
        names.extend(self.rest.map(|param| format!("{}...", param.name)));
        format!("{}({})", self.name, names.join(", "))
    }

    /// Whether it takes so many arguments.
    ///
    /// # Errors
    ///
    /// Too few or too many.
    pub fn takes(&self, count: usize) -> Result<(), CallError> {
        if let Some(missing) = self.params.get(count) {
            return Err(CallError {
                summary: "Not enough function arguments",
                argument: None,
                message: format!(
                    "`{}` needs a value for `{}`: `{}`",
                    self.name,
                    missing.name,
                    self.signature()
                ),
            });
        }
        let takes = self.params.len();
        if self.rest.is_none() && count > takes {
            return Err(CallError {
                summary: "Too many function arguments",
                argument: Some(takes),
                message: format!("`{}` takes {takes}: `{}`", self.name, self.signature()),
            });
        }
        Ok(())
    }

    /// The value as an argument at this position.
    ///
    /// # Errors
    ///
    /// It does not convert to the type of the parameter.
    pub fn argument(&self, position: usize, value: Value) -> Result<Value, CallError> {
        let Some(param) = self.param(position) else { return Ok(value) };
        param
            .ty
            .ty()
            .convert(value)
            .or_else(|error| fail_at(position, format!("invalid value for `{}`: {error}", param.name)))
    }

    /// Calls it with arguments that [`Self::argument`] made.
    ///
    /// # Errors
    ///
    /// One that may not be `null`, and what the function itself refuses.
    pub fn invoke(&self, args: Vec<Value>, files: Option<&Files>) -> Outcome {
        for (i, value) in args.iter().enumerate() {
            if let Some(param) = self.param(i).filter(|param| value.is_null() && !param.null) {
                return fail_at(i, format!("`{}` must not be null", param.name));
            }
        }
        match (self.body, files) {
            (Body::Plain(body), _) => body(Args(args)),
            (Body::Files(body), Some(files)) => body(Args(args), files),
            (Body::Files(_), None) => fail("functions that read files are not allowed here"),
            (Body::Lazy, _) => fail(format!("`{}` works on expressions, not on values", self.name)),
        }
    }
}

/// The arguments of a call, of the types that the parameters say.
pub struct Args(Vec<Value>);

impl Args {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn value(&self, position: usize) -> &Value {
        &self.0[position]
    }

    /// The text at this position.
    fn text(&self, position: usize) -> &str {
        self.0[position].as_str().unwrap_or_default()
    }

    /// The number at this position.
    fn number(&self, position: usize) -> Number {
        match &self.0[position] {
            Value::Number(number) => number.clone(),
            _ => Number::ZERO,
        }
    }

    /// The number at this position as a machine integer.
    fn int(&self, position: usize) -> Result<i64, CallError> {
        let number = self.number(position);
        match number.as_i64() {
            Some(value) => Ok(value),
            None => fail(format!("a whole number is required, not `{}`", abbreviate(&number.to_string()))),
        }
    }

    /// The same, with an error that is at the argument and not at the call.
    fn int_at(&self, position: usize) -> Result<i64, CallError> {
        self.int(position).or_else(|error| fail_at(position, error.message))
    }

    /// The elements of the list at this position.
    fn elements(&self, position: usize) -> &[Value] {
        self.0[position].elements().unwrap_or_default()
    }
}

/// A value's text for a message: its beginning, if it is long.
fn abbreviate(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// A text of a bounded length.
fn bounded(text: String) -> Outcome {
    if text.len() > MAX_TEXT { too_long() } else { Ok(text.into()) }
}

fn too_long() -> Outcome {
    fail(format!("the result is longer than {} MiB", MAX_TEXT / 1024 / 1024))
}
