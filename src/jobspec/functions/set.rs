//! Functions on sets.

use super::{Args, CallError, Outcome, fail, fail_at};
use crate::jobspec::eval::ty::Type;
use crate::jobspec::eval::value::Value;

/// `setproduct` makes no more combinations than this.
const MAX_PRODUCT: usize = 100_000;

/// The sets with elements of one type.
fn unified(args: &Args) -> Result<Vec<Vec<Value>>, CallError> {
    let types: Vec<Type> = args.0.iter().map(Type::of).collect();
    let Some(ty) = Type::unify(&types) else {
        return fail("all sets must have elements of the same type");
    };
    let sets = args.0.iter().enumerate().map(|(i, value)| match ty.convert(value.clone()) {
        Ok(value) => Ok(value.into_elements().unwrap_or_default()),
        Err(error) => fail_at(i, error),
    });
    sets.collect()
}

/// `setunion(first_set, other_sets...)`
pub(super) fn setunion(args: Args) -> Outcome {
    Ok(Value::set(unified(&args)?.concat()))
}

/// `setintersection(first_set, other_sets...)`
pub(super) fn setintersection(args: Args) -> Outcome {
    let mut sets = unified(&args)?.into_iter();
    let mut common = sets.next().unwrap_or_default();
    for set in sets {
        common.retain(|value| set.contains(value));
    }
    Ok(Value::set(common))
}

/// `setproduct(sets...)`
pub(super) fn setproduct(args: Args) -> Outcome {
    if args.len() < 2 {
        return fail("at least two lists or sets are required");
    }
    let mut columns = Vec::with_capacity(args.len());
    for (i, value) in args.0.iter().enumerate() {
        if value.elements().is_none() {
            return fail_at(i, format!("a set or a list is required, not {}", value.kind()));
        }
        match Type::list(Type::Any).convert(value.clone()) {
            Ok(list) => columns.push(list.into_elements().unwrap_or_default()),
            Err(_) => return fail_at(i, "all elements must have the same type"),
        }
    }
    let total = columns.iter().try_fold(1usize, |total, column| total.checked_mul(column.len()));
    if total.is_none_or(|total| total > MAX_PRODUCT) {
        return fail(format!("this makes more than {MAX_PRODUCT} combinations"));
    }
    let mut rows = vec![Vec::new()];
    for column in &columns {
        rows = rows
            .iter()
            .flat_map(|row| column.iter().map(|value| row.iter().chain([value]).cloned().collect::<Vec<_>>()))
            .collect();
    }
    let rows: Vec<Value> = rows.into_iter().map(Value::Tuple).collect();
    let ordered = args.0.iter().all(|value| !matches!(value, Value::Set(_)));
    Ok(if ordered { Value::List(rows) } else { Value::set(rows) })
}
