//! Type constraints: what `type = list(string)` means.

use std::collections::BTreeMap;

use super::ty::{Attribute, Type};
use crate::jobspec::syntax::{Expr, ExprKind, Span};

/// An expression that is no type.
#[derive(Debug)]
pub struct NotAType {
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
}

/// The type that an expression names, which leaves nothing open: that of a variable.
///
/// # Errors
/// Where it names none, or `any`.
pub fn exact_type(expr: &Expr<'_>) -> Result<Type, NotAType> {
    named(expr, true)
}

/// The type that an expression names.
///
/// # Errors
/// Where it names none. The rules are those of HCL's `typeexpr` extension.
pub fn type_of(expr: &Expr<'_>) -> Result<Type, NotAType> {
    named(expr, false)
}

fn named(expr: &Expr<'_>, exact: bool) -> Result<Type, NotAType> {
    let bad = |message: String| NotAType { span: expr.span, message };
    match &expr.kind {
        ExprKind::Variable(name) => match *name {
            "string" => Ok(Type::String),
            "number" => Ok(Type::Number),
            "bool" => Ok(Type::Bool),
            "any" if exact => Err(bad(
                "Invalid type specification: a variable takes no `any`; leave out its type to take any value"
                    .to_owned(),
            )),
            "any" => Ok(Type::Any),
            "list" | "set" | "map" => Err(bad(format!(
                "Invalid type specification: `{name}` needs the type of its elements, as in `{name}(string)`"
            ))),
            "object" => Err(bad(
                "Invalid type specification: `object` needs its attributes, as in `object({name = string})`"
                    .to_owned(),
            )),
            "tuple" => Err(bad(
                "Invalid type specification: `tuple` needs its types, as in `tuple([string, number])`"
                    .to_owned(),
            )),
            _ => Err(bad(format!("Invalid type specification: `{name}` is not a type"))),
        },
        ExprKind::Call(call) => {
            let name = call.name.name;
            let behind = Span { start: call.name.span.end, end: expr.span.end };
            if matches!(name, "string" | "number" | "bool" | "any") {
                let message = format!("Invalid type specification: `{name}` takes no arguments");
                return Err(NotAType { span: behind, message });
            }
            if !matches!(name, "list" | "set" | "map" | "tuple" | "object") {
                let message = format!("Invalid type specification: `{name}` is not a type");
                return Err(NotAType { span: expr.span, message });
            }
            let [argument] = &call.args[..] else {
                let span = call.args.get(1).map_or(behind, |extra| extra.span);
                let message = format!("Invalid type specification: `{name}` takes one argument");
                return Err(NotAType { span, message });
            };
            let bad = |message: String| NotAType { span: argument.span, message };
            match name {
                "list" => Ok(Type::List(Box::new(named(argument, exact)?))),
                "set" => Ok(Type::Set(Box::new(named(argument, exact)?))),
                "map" => Ok(Type::Map(Box::new(named(argument, exact)?))),
                "tuple" => match &argument.kind {
                    ExprKind::Tuple(items) => Ok(Type::Tuple(
                        items.iter().map(|item| named(item, exact)).collect::<Result<_, _>>()?,
                    )),
                    _ => Err(bad("Invalid type specification: `tuple` takes a list of types".to_owned())),
                },
                "object" => match &argument.kind {
                    ExprKind::Object(items) => {
                        let mut attributes = BTreeMap::new();
                        for item in items {
                            let name = match &item.key.kind {
                                ExprKind::Variable(name) => (*name).to_owned(),
                                ExprKind::String(name) => name.clone().into_owned(),
                                _ => {
                                    return Err(NotAType {
                                        span: item.key.span,
                                        message:
                                            "Invalid type specification: an attribute needs a plain name"
                                                .to_owned(),
                                    });
                                }
                            };
                            attributes.insert(name, attribute(&item.value, exact)?);
                        }
                        Ok(Type::Object(attributes))
                    }
                    _ => Err(bad("Invalid type specification: `object` takes a map of types".to_owned())),
                },
                name => Err(bad(format!("Invalid type specification: `{name}` is not a type"))),
            }
        }
        ExprKind::Parens(inner) => named(inner, exact),
        _ => Err(bad(
            "Invalid type specification: a type is required, as in `string` or `list(string)`".to_owned()
        )),
    }
}

fn attribute(expr: &Expr<'_>, exact: bool) -> Result<Attribute, NotAType> {
    match &expr.kind {
        ExprKind::Call(call) if call.name.name == "optional" => Err(NotAType {
            span: call.name.span,
            message: "Invalid type specification: `optional` is not known to Nomad".to_owned(),
        }),
        _ => Ok(named(expr, exact)?.into()),
    }
}
