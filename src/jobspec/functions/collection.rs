//! Functions on lists and maps.

use std::collections::BTreeMap;

use super::{Args, CallError, Outcome, fail, fail_at};
use crate::jobspec::eval::ty::Type;
use crate::jobspec::eval::value::Value;

/// `length(collection)`
pub(super) fn length(args: Args) -> Outcome {
    let value = args.value(0);
    match (value.elements(), value.members()) {
        (Some(elements), _) => Ok(Value::int(elements.len() as i64)),
        (_, Some(members)) if matches!(value, Value::Map(_)) => Ok(Value::int(members.len() as i64)),
        // An object has no length: it is not a collection of values of one type.
        _ => fail(format!("a list, a map or a tuple is required, not {}", value.kind())),
    }
}

/// `element(list, index)`
pub(super) fn element(args: Args) -> Outcome {
    let (Value::List(elements) | Value::Tuple(elements)) = args.value(0) else {
        return fail(format!("{} has no elements by index", args.value(0).kind()));
    };
    let index = args.int(1)?;
    match i64::try_from(elements.len()) {
        Ok(len @ 1..) => Ok(elements[index.rem_euclid(len) as usize].clone()),
        _ => fail("an empty list has no elements"),
    }
}

/// `index(collection, key)`
pub(super) fn index(args: Args) -> Outcome {
    match (args.value(0), args.value(1)) {
        (Value::List(elements) | Value::Tuple(elements), Value::Number(key)) => {
            match key.as_i64().and_then(|key| usize::try_from(key).ok()).and_then(|key| elements.get(key)) {
                Some(element) => Ok(element.clone()),
                None => fail(format!("there is no element `{key}` of {}", elements.len())),
            }
        }
        (Value::Map(members), Value::String(key)) => match members.get(key) {
            Some(value) => Ok(value.clone()),
            None => fail(format!("the map has no key `{key}`")),
        },
        (Value::List(_) | Value::Tuple(_), other) => {
            fail(format!("the key of a list is a number, not {}", other.kind()))
        }
        (Value::Map(_), other) => fail(format!("the key of a map is a string, not {}", other.kind())),
        (other, _) => fail(format!("a list, a map or a tuple is required, not {}", other.kind())),
    }
}

/// `chunklist(list, size)`
pub(super) fn chunklist(args: Args) -> Outcome {
    let elements = args.elements(0);
    let Ok(size) = usize::try_from(args.int(1)?) else {
        return fail("the size must not be negative");
    };
    if elements.is_empty() {
        return Ok(Value::List(Vec::new()));
    }
    let size = if size == 0 { elements.len() } else { size };
    Ok(Value::List(elements.chunks(size).map(|chunk| Value::List(chunk.to_vec())).collect()))
}

/// `coalesce(vals...)`
pub(super) fn coalesce(args: Args) -> Outcome {
    let types: Vec<Type> = args.0.iter().map(Type::of).collect();
    let Some(ty) = Type::unify(&types) else {
        return fail("all arguments must have the same type");
    };
    let Some(at) = args.0.iter().position(|value| !value.is_null()) else {
        return fail("all arguments are null");
    };
    ty.convert(args.0[at].clone()).or_else(fail)
}

/// `coalescelist(vals...)`
pub(super) fn coalescelist(args: Args) -> Outcome {
    if args.len() == 0 {
        return fail("at least one list is required");
    }
    if let Some(at) = args.0.iter().position(|value| !matches!(value, Value::List(_) | Value::Tuple(_))) {
        return fail(format!("a list or a tuple is required, not {}", args.value(at).kind()));
    }
    match args.0.into_iter().find(|value| value.elements().is_some_and(|elements| !elements.is_empty())) {
        Some(value) => Ok(value),
        None => fail("all lists are empty"),
    }
}

/// `compact(list)`
pub(super) fn compact(args: Args) -> Outcome {
    let kept = args.elements(0).iter().filter(|value| value.as_str().is_some_and(|text| !text.is_empty()));
    Ok(Value::List(kept.cloned().collect()))
}

/// `sort(list)`
pub(super) fn sort(args: Args) -> Outcome {
    let mut texts = Vec::with_capacity(args.elements(0).len());
    for (i, element) in args.elements(0).iter().enumerate() {
        match element.as_str() {
            Some(text) => texts.push(text.to_owned()),
            None => return fail(format!("element {i} is null")),
        }
    }
    texts.sort();
    Ok(Value::List(texts.into_iter().map(Value::String).collect()))
}

/// `concat(seqs...)`
pub(super) fn concat(args: Args) -> Outcome {
    if args.len() == 0 {
        return fail("at least one list is required");
    }
    if let Some(at) = args.0.iter().position(|value| !matches!(value, Value::List(_) | Value::Tuple(_))) {
        return fail_at(at, format!("a list or a tuple is required, not {}", args.value(at).kind()));
    }
    // Lists make a list if their elements have a type in common, everything else a tuple.
    if args.0.iter().all(|value| matches!(value, Value::List(_))) {
        let types: Vec<Type> = args.0.iter().map(Type::of).collect();
        if let Some(ty) = Type::unify(&types) {
            let converted = args
                .0
                .iter()
                .enumerate()
                .map(|(i, value)| ty.convert(value.clone()).or_else(|error| fail_at(i, error)));
            let lists = converted.collect::<Result<Vec<_>, CallError>>()?;
            return Ok(Value::List(
                lists.into_iter().flat_map(|list| list.into_elements().unwrap_or_default()).collect(),
            ));
        }
    }
    Ok(Value::Tuple(args.0.into_iter().flat_map(|list| list.into_elements().unwrap_or_default()).collect()))
}

/// `contains(list, value)`
pub(super) fn contains(args: Args) -> Outcome {
    match args.value(0).elements() {
        Some(elements) => Ok(elements.contains(args.value(1)).into()),
        None => fail(format!("a list, a tuple or a set is required, not {}", args.value(0).kind())),
    }
}

/// `distinct(list)`
pub(super) fn distinct(args: Args) -> Outcome {
    let mut kept: Vec<Value> = Vec::new();
    let mut seen = Vec::new();
    for element in args.elements(0) {
        // A sorted copy finds duplicates without comparing each with each.
        if let Err(at) = seen.binary_search_by(|other: &Value| other.order(element)) {
            seen.insert(at, element.clone());
            kept.push(element.clone());
        }
    }
    Ok(Value::List(kept))
}

/// `flatten(list)`
pub(super) fn flatten(args: Args) -> Outcome {
    fn into(out: &mut Vec<Value>, elements: &[Value]) {
        for element in elements {
            match element.elements() {
                Some(nested) => into(out, nested),
                None => out.push(element.clone()),
            }
        }
    }
    let Some(elements) = args.value(0).elements() else {
        return fail(format!("a list, a set or a tuple is required, not {}", args.value(0).kind()));
    };
    let mut out = Vec::new();
    into(&mut out, elements);
    Ok(Value::Tuple(out))
}

/// `keys(inputMap)`
pub(super) fn keys(args: Args) -> Outcome {
    match args.value(0) {
        Value::Map(members) => Ok(Value::List(members.keys().cloned().map(Value::String).collect())),
        Value::Object(members) => Ok(Value::Tuple(members.keys().cloned().map(Value::String).collect())),
        other => fail_at(0, format!("a map or an object is required, not {}", other.kind())),
    }
}

/// `values(mapping)`
pub(super) fn values(args: Args) -> Outcome {
    match args.value(0) {
        Value::Map(members) => Ok(Value::List(members.values().cloned().collect())),
        Value::Object(members) => Ok(Value::Tuple(members.values().cloned().collect())),
        other => fail(format!("a map or an object is required, not {}", other.kind())),
    }
}

/// `lookup(inputMap, key, default)`
pub(super) fn lookup(args: Args) -> Outcome {
    let (value, key, default) = (args.value(0), args.text(1), args.value(2));
    let Some(members) = value.members() else {
        return fail_at(0, format!("a map is required, not {}", value.kind()));
    };
    if let Value::Map(_) = value {
        let Type::Map(ty) = Type::of(value) else { return Ok(default.clone()) };
        let Ok(default) = ty.convert(default.clone()) else {
            return fail_at(2, "the default must have the type of the map's values");
        };
        return Ok(members.get(key).cloned().unwrap_or(default));
    }
    Ok(members.get(key).unwrap_or(default).clone())
}

/// `merge(maps...)`
pub(super) fn merge(args: Args) -> Outcome {
    if let Some(at) = args.0.iter().position(|value| !value.is_null() && value.members().is_none()) {
        return fail(format!("a map or an object is required, not {}", args.value(at).kind()));
    }
    let maps = args.0.iter().all(|value| matches!(value, Value::Map(_)));
    let types: Vec<Type> =
        args.0.iter().map(Type::of).filter(|ty| *ty != Type::Map(Box::new(Type::Any))).collect();
    let same = types.windows(2).all(|pair| pair[0] == pair[1]);
    let mut members = BTreeMap::new();
    for value in args.0 {
        if let Value::Map(next) | Value::Object(next) = value {
            members.extend(next);
        }
    }
    Ok(if maps && same && !types.is_empty() { Value::Map(members) } else { Value::Object(members) })
}

/// `slice(list, start_index, end_index)`
pub(super) fn slice(args: Args) -> Outcome {
    let list = args.value(0);
    let (Value::List(elements) | Value::Tuple(elements)) = list else {
        return fail_at(0, format!("a list or a tuple is required, not {}", list.kind()));
    };
    let bound = |position: usize, name: &str| {
        let value = args.int_at(position)?;
        match usize::try_from(value) {
            Ok(value) if value <= elements.len() => Ok(value),
            Ok(_) => {
                fail_at(position, format!("the {name} is past the end of the list of {}", elements.len()))
            }
            Err(_) => fail_at(position, format!("the {name} must not be negative")),
        }
    };
    let (start, end) = (bound(1, "start")?, bound(2, "end")?);
    if start > end {
        return fail_at(1, "the start must not be greater than the end");
    }
    let kept = elements[start..end].to_vec();
    Ok(if matches!(list, Value::List(_)) { Value::List(kept) } else { Value::Tuple(kept) })
}

/// `zipmap(keys, values)`
pub(super) fn zipmap(args: Args) -> Outcome {
    let (keys, list) = (args.elements(0), args.value(1));
    let (Value::List(values) | Value::Tuple(values)) = list else {
        return fail(format!("a list or a tuple is required, not {}", list.kind()));
    };
    if keys.len() != values.len() {
        return fail(format!("there are {} keys for {} values", keys.len(), values.len()));
    }
    let mut members = BTreeMap::new();
    for (i, (key, value)) in keys.iter().zip(values).enumerate() {
        let Some(key) = key.as_str() else {
            return fail(format!("key {i} is null"));
        };
        members.insert(key.to_owned(), value.clone());
    }
    Ok(if matches!(list, Value::List(_)) { Value::Map(members) } else { Value::Object(members) })
}
