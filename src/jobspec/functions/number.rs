//! Functions on numbers.

use std::cmp::Ordering;

use num_bigint::BigUint;

use super::{Args, CallError, Outcome, abbreviate, fail, fail_at, float};
use crate::jobspec::eval::number::Number;
use crate::jobspec::eval::value::Value;

/// `range` gives no more numbers than this.
const MAX_RANGE: usize = 1024;

/// `abs(num)`
pub(super) fn abs(args: Args) -> Outcome {
    Ok(args.number(0).abs().into())
}

/// `ceil(num)`
pub(super) fn ceil(args: Args) -> Outcome {
    Ok(args.number(0).rounded(true).into())
}

/// `floor(num)`
pub(super) fn floor(args: Args) -> Outcome {
    Ok(args.number(0).rounded(false).into())
}

/// `signum(num)`
pub(super) fn signum(args: Args) -> Outcome {
    Ok(Value::int(args.int(0)?.signum()))
}

/// The greatest or the smallest.
fn extreme(args: &Args, wanted: Ordering) -> Outcome {
    let numbers = (0..args.len()).map(|i| args.number(i));
    match numbers.reduce(|best, next| if next.cmp(&best) == wanted { next } else { best }) {
        Some(number) => Ok(number.into()),
        None => fail("at least one number is required"),
    }
}

/// `max(numbers...)`
pub(super) fn max(args: Args) -> Outcome {
    extreme(&args, Ordering::Greater)
}

/// `min(numbers...)`
pub(super) fn min(args: Args) -> Outcome {
    extreme(&args, Ordering::Less)
}

/// A result in machine precision.
fn machine(value: f64) -> Outcome {
    match Number::float(value) {
        Some(number) => Ok(number.into()),
        None => fail("the result is not a number"),
    }
}

/// The number at this position in machine precision, which not all have.
fn float_of(args: &Args, position: usize) -> Result<f64, CallError> {
    let number = args.number(position);
    let float = number.as_f64();
    if float.is_infinite() && !number.is_infinite() {
        return fail(format!("`{}` is too large", abbreviate(&number.to_string())));
    }
    Ok(float)
}

/// `log(num, base)`
pub(super) fn log(args: Args) -> Outcome {
    machine(float::ln(float_of(&args, 0)?) / float::ln(float_of(&args, 1)?))
}

/// `pow(num, power)`
pub(super) fn pow(args: Args) -> Outcome {
    machine(float::pow(float_of(&args, 0)?, float_of(&args, 1)?))
}

/// `parseint(number, base)`
pub(super) fn parseint(args: Args) -> Outcome {
    let Some(text) = args.value(0).as_str() else {
        return fail_at(0, format!("a string is required, not {}", args.value(0).kind()));
    };
    let base = match args.int_at(1)? {
        base @ 2..=62 => base as u32,
        _ => return fail_at(1, "the base is a whole number from 2 to 62"),
    };
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    // Above base 36 capital letters are digits of their own.
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'z' => Some(byte - b'a' + 10),
        b'A'..=b'Z' if base <= 36 => Some(byte - b'A' + 10),
        b'A'..=b'Z' => Some(byte - b'A' + 36),
        _ => None,
    };
    let values: Option<Vec<u8>> =
        digits.bytes().map(|byte| digit(byte).filter(|value| u32::from(*value) < base)).collect();
    let magnitude = values
        .filter(|values| (1..=10_000).contains(&values.len()))
        .and_then(|values| BigUint::from_radix_be(&values, base));
    match magnitude {
        Some(magnitude) => Ok(Number::big_int(negative, magnitude).into()),
        None => fail_at(0, format!("`{}` is not a whole number in base {base}", abbreviate(text))),
    }
}

/// `range(start, end, step)`
pub(super) fn range(args: Args) -> Outcome {
    let numbers: Vec<Number> = (0..args.len()).map(|i| args.number(i)).collect();
    let unit = |down: bool| Number::int(if down { -1 } else { 1 });
    let (start, end, step) = match &numbers[..] {
        [end] => (Number::ZERO, end.clone(), unit(end.is_negative())),
        [start, end] => (start.clone(), end.clone(), unit(end < start)),
        [start, end, step] => (start.clone(), end.clone(), step.clone()),
        _ => return fail("one, two or three numbers are required"),
    };
    if step.is_zero() {
        return fail_at(2, "the step must not be zero");
    }
    let down = step.is_negative();
    if down && end > start {
        return fail_at(1, "the end must be less than the start when the step is negative");
    }
    if !down && end < start {
        return fail_at(1, "the end must be greater than the start when the step is positive");
    }
    let mut values = Vec::new();
    let mut next = start;
    while if down { next > end } else { next < end } {
        if values.len() >= MAX_RANGE {
            return fail(format!("this makes more than {MAX_RANGE} numbers"));
        }
        let after = next.add(&step);
        values.push(Value::Number(next));
        next = after;
    }
    Ok(Value::List(values))
}
