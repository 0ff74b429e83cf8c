//! The types of values: which one a value has, which one several have in common, and conversion.
//!
//! The rules are those of HashiCorp's `cty`: text, numbers and truths convert into one another
//! where the text reads as one; a tuple becomes a list if its elements have a type in common.

use std::collections::BTreeMap;
use std::fmt;

use super::value::Value;

/// A type, also as a constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Any type; also that of `null`.
    Any,
    /// Text.
    String,
    /// A number.
    Number,
    /// A truth.
    Bool,
    /// A list of elements of one type.
    List(Box<Type>),
    /// A set of elements of one type.
    Set(Box<Type>),
    /// A map of values of one type.
    Map(Box<Type>),
    /// Elements each of its own type.
    Tuple(Vec<Type>),
    /// Attributes each of its own type.
    Object(BTreeMap<String, Attribute>),
}

/// An attribute of an object type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its type.
    pub ty: Type,
    /// Whether it may be missing, and then is `null`.
    pub optional: bool,
}

impl From<Type> for Attribute {
    fn from(ty: Type) -> Self {
        Self { ty, optional: false }
    }
}

impl Type {
    /// `list(ty)`
    pub fn list(ty: Self) -> Self {
        Self::List(Box::new(ty))
    }

    /// The type of a value. An empty list has elements of any type.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Any,
            Value::Bool(_) => Self::Bool,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::List(elements) => Self::List(Box::new(Self::of_elements(elements.iter()))),
            Value::Set(elements) => Self::Set(Box::new(Self::of_elements(elements.iter()))),
            Value::Map(members) => Self::Map(Box::new(Self::of_elements(members.values()))),
            Value::Tuple(elements) => Self::Tuple(elements.iter().map(Self::of).collect()),
            Value::Object(members) => Self::Object(
                members.iter().map(|(name, value)| (name.clone(), Self::of(value).into())).collect(),
            ),
        }
    }

    /// The type of elements that are known to have one in common.
    fn of_elements<'a>(elements: impl Iterator<Item = &'a Value>) -> Self {
        elements.map(Self::of).find(|ty| *ty != Self::Any).unwrap_or(Self::Any)
    }

    /// The type to which all of these convert, or `None`.
    pub fn unify(types: &[Self]) -> Option<Self> {
        let known: Vec<&Self> = types.iter().filter(|ty| **ty != Self::Any).collect();
        let Some(first) = known.first() else { return Some(Self::Any) };
        if known.iter().all(|ty| ty == first) {
            return Some((*first).clone());
        }
        if known.iter().all(|ty| matches!(ty, Self::String | Self::Number | Self::Bool)) {
            // A number and a truth have only text in common, and only if text is among them.
            return known.contains(&&Self::String).then_some(Self::String);
        }
        if known.iter().all(|ty| matches!(ty, Self::List(_) | Self::Set(_) | Self::Tuple(_))) {
            return Self::unify_sequences(&known);
        }
        if known.iter().all(|ty| matches!(ty, Self::Map(_) | Self::Object(_))) {
            return Self::unify_mappings(&known);
        }
        None
    }

    fn unify_sequences(types: &[&Self]) -> Option<Self> {
        let lengths: Vec<_> = types
            .iter()
            .filter_map(|ty| if let Self::Tuple(elements) = ty { Some(elements.len()) } else { None })
            .collect();
        if lengths.len() == types.len() && lengths.windows(2).all(|pair| pair[0] == pair[1]) {
            let columns = (0..lengths[0]).map(|i| {
                let column: Vec<_> = types
                    .iter()
                    .filter_map(
                        |ty| if let Self::Tuple(elements) = ty { Some(elements[i].clone()) } else { None },
                    )
                    .collect();
                Self::unify(&column)
            });
            if let Some(columns) = columns.collect::<Option<Vec<_>>>() {
                return Some(Self::Tuple(columns));
            }
        }
        // With a set among them the first list, else the first set, is what all must convert to.
        if types.iter().any(|ty| matches!(ty, Self::Set(_)))
            && !types.iter().all(|ty| matches!(ty, Self::Set(_)))
        {
            let list = types.iter().find(|ty| matches!(ty, Self::List(_)));
            return list
                .or_else(|| types.iter().find(|ty| matches!(ty, Self::Set(_))))
                .map(|ty| (*ty).clone());
        }
        let mut elements = Vec::new();
        for ty in types {
            match ty {
                Self::List(element) | Self::Set(element) => elements.push((**element).clone()),
                Self::Tuple(types) => elements.extend(types.iter().cloned()),
                _ => return None,
            }
        }
        let element = Box::new(Self::unify(&elements)?);
        let set = types.iter().any(|ty| matches!(ty, Self::Set(_)));
        Some(if set { Self::Set(element) } else { Self::List(element) })
    }

    fn unify_mappings(types: &[&Self]) -> Option<Self> {
        let objects: Vec<_> = types
            .iter()
            .filter_map(|ty| if let Self::Object(attributes) = ty { Some(attributes) } else { None })
            .collect();
        let same_names = objects.windows(2).all(|pair| pair[0].keys().eq(pair[1].keys()));
        if objects.len() == types.len() && same_names {
            let mut unified = BTreeMap::new();
            for name in objects[0].keys() {
                let column: Vec<_> = objects.iter().map(|attributes| attributes[name].ty.clone()).collect();
                unified.insert(name.clone(), Self::unify(&column)?.into());
            }
            return Some(Self::Object(unified));
        }
        let mut elements = Vec::new();
        for ty in types {
            match ty {
                Self::Map(element) => elements.push((**element).clone()),
                Self::Object(attributes) => elements.extend(attributes.values().map(|a| a.ty.clone())),
                _ => return None,
            }
        }
        Some(Self::Map(Box::new(Self::unify(&elements)?)))
    }

    /// The value as one of this type.
    ///
    /// # Errors
    ///
    /// What is wrong, as a phrase: `a number is required`.
    pub fn convert(&self, value: Value) -> Result<Value, String> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        match self {
            Self::Any => Ok(value),
            Self::String => match value {
                Value::String(_) => Ok(value),
                other => other.to_text().map(Value::String).ok_or_else(|| "string required".to_owned()),
            },
            Self::Number => match value {
                Value::Number(_) => Ok(value),
                other => {
                    other.to_number().map(Value::Number).ok_or_else(|| "a number is required".to_owned())
                }
            },
            Self::Bool => match &value {
                Value::Bool(_) => Ok(value),
                other => other.to_bool().map(Value::Bool).ok_or_else(|| "a bool is required".to_owned()),
            },
            Self::List(element) => {
                let elements = value.into_elements().map_err(|_| format!("{self} required"))?;
                Ok(Value::List(convert_elements(elements, element)?))
            }
            Self::Set(element) => {
                let elements = value.into_elements().map_err(|_| format!("{self} required"))?;
                Ok(Value::set(convert_elements(elements, element)?))
            }
            Self::Tuple(types) => {
                let elements = value.into_elements().map_err(|_| "tuple required".to_owned())?;
                if elements.len() != types.len() {
                    return Err(format!("a tuple of {} elements is required", types.len()));
                }
                let elements = elements.into_iter().zip(types).enumerate();
                let converted = elements.map(|(i, (value, ty))| {
                    ty.convert(value).map_err(|error| format!("element {i}: {error}"))
                });
                Ok(Value::Tuple(converted.collect::<Result<_, _>>()?))
            }
            Self::Map(element) => match value {
                Value::Map(members) | Value::Object(members) => {
                    Ok(Value::Map(convert_members(members, element)?))
                }
                _ => Err(format!("{self} required")),
            },
            Self::Object(attributes) => match value {
                Value::Map(members) | Value::Object(members) => {
                    Ok(Value::Object(convert_attributes(members, attributes)?))
                }
                _ => Err("object required".to_owned()),
            },
        }
    }
}

/// The type that the elements are converted to: the given one, or what they have in common.
fn element_type<'a>(values: impl Iterator<Item = &'a Value>, wanted: &Type) -> Result<Type, String> {
    if *wanted != Type::Any {
        return Ok(wanted.clone());
    }
    let types: Vec<_> = values.map(Type::of).collect();
    Type::unify(&types).ok_or_else(|| "all elements must have the same type".to_owned())
}

fn convert_elements(elements: Vec<Value>, wanted: &Type) -> Result<Vec<Value>, String> {
    let ty = element_type(elements.iter(), wanted)?;
    let elements = elements.into_iter().enumerate();
    elements.map(|(i, value)| ty.convert(value).map_err(|error| format!("element {i}: {error}"))).collect()
}

fn convert_members(
    members: BTreeMap<String, Value>,
    wanted: &Type,
) -> Result<BTreeMap<String, Value>, String> {
    let ty = element_type(members.values(), wanted)?;
    let convert = |(name, value)| match ty.convert(value) {
        Ok(value) => Ok((name, value)),
        Err(error) => Err(format!("element `{name}`: {error}")),
    };
    members.into_iter().map(convert).collect()
}

fn convert_attributes(
    mut members: BTreeMap<String, Value>,
    attributes: &BTreeMap<String, Attribute>,
) -> Result<BTreeMap<String, Value>, String> {
    let mut converted = BTreeMap::new();
    for (name, attribute) in attributes {
        let value = match members.remove(name) {
            Some(value) => {
                attribute.ty.convert(value).map_err(|error| format!("attribute `{name}`: {error}"))?
            }
            None if attribute.optional => Value::Null,
            None => return Err(format!("attribute `{name}` is required")),
        };
        converted.insert(name.clone(), value);
    }
    Ok(converted)
}

impl fmt::Display for Type {
    /// As it is written in HCL: `list(string)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::String => f.write_str("string"),
            Self::Number => f.write_str("number"),
            Self::Bool => f.write_str("bool"),
            Self::List(ty) => write!(f, "list({ty})"),
            Self::Set(ty) => write!(f, "set({ty})"),
            Self::Map(ty) => write!(f, "map({ty})"),
            Self::Tuple(types) => {
                f.write_str("tuple([")?;
                for (i, ty) in types.iter().enumerate() {
                    write!(f, "{}{ty}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str("])")
            }
            Self::Object(attributes) => {
                f.write_str("object({")?;
                for (i, (name, attribute)) in attributes.iter().enumerate() {
                    let comma = if i > 0 { ", " } else { "" };
                    if attribute.optional {
                        write!(f, "{comma}{name} = optional({})", attribute.ty)?;
                    } else {
                        write!(f, "{comma}{name} = {}", attribute.ty)?;
                    }
                }
                f.write_str("})")
            }
        }
    }
}
