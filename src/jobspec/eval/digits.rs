//! Numbers as decimal digits: rounding, and the fewest that tell two apart.

use std::cmp::Ordering;

/// `d.ddde±dd`
pub(super) fn with_exponent(digits: &str, power: i64, letter: char) -> String {
    let (first, rest) = digits.split_at(1);
    let dot = if rest.is_empty() { "" } else { "." };
    let sign = if power < 0 { '-' } else { '+' };
    format!("{first}{dot}{rest}{letter}{sign}{:02}", power.abs())
}

/// The digits (times `10^point`) as a multiple of `10^unit`, rounded to the nearest, ties to even.
pub(super) fn round_decimal(digits: &str, point: i64, unit: i64) -> String {
    let drop = unit - point;
    if drop <= 0 {
        return format!("{digits}{}", "0".repeat(drop.unsigned_abs() as usize));
    }
    let drop = drop as usize;
    let padded = format!("{digits:0>width$}", width = drop + 1);
    let (kept, cut) = padded.split_at(padded.len() - drop);
    let half = cut.as_bytes()[0].cmp(&b'5').then_with(|| {
        if cut.bytes().skip(1).any(|b| b != b'0') { Ordering::Greater } else { Ordering::Equal }
    });
    let odd = kept.bytes().last().is_some_and(|b| (b - b'0') % 2 == 1);
    let up = half == Ordering::Greater || (half == Ordering::Equal && odd);
    if up { increment(kept) } else { kept.to_owned() }
}

/// A decimal number plus one.
fn increment(digits: &str) -> String {
    let nines = digits.bytes().rev().take_while(|b| *b == b'9').count();
    let head = &digits[..digits.len() - nines];
    let zeros = "0".repeat(nines);
    match head.as_bytes().last() {
        None => format!("1{zeros}"),
        Some(last) => format!("{}{}{zeros}", &head[..head.len() - 1], char::from(last + 1)),
    }
}

/// The shortest digits between `low` and `high`, as Go's `big.Float` finds them: the first prefix
/// of `value` that may be cut off or rounded up. No zeros end the arguments.
/// Whether a carry made it one digit longer is the second result.
pub(super) fn shortest_between(value: &[u8], low: &[u8], high: &[u8], inclusive: bool) -> (String, bool) {
    let at = |digits: &[u8], i: usize| digits.get(i).copied().unwrap_or(b'0');
    for (i, digit) in value.iter().enumerate() {
        let (l, h) = (at(low, i), at(high, i));
        let down = l != *digit || (inclusive && i + 1 == low.len());
        let up = *digit != h && (inclusive || digit + 1 < h || i + 1 < high.len());
        if !(down || up) {
            continue;
        }
        let kept = std::str::from_utf8(&value[..=i]).unwrap_or_default();
        let nearest_is_up = match value.get(i + 1) {
            Some(b'5') if i + 2 == value.len() => (digit - b'0') % 2 == 1,
            Some(next) => *next >= b'5',
            None => false,
        };
        let result = if up && (!down || nearest_is_up) { increment(kept) } else { kept.to_owned() };
        let carried = result.len() > kept.len();
        return (result.trim_end_matches('0').to_owned(), carried);
    }
    (String::from_utf8_lossy(value).into_owned(), false)
}
