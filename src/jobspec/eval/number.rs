//! Numbers as HCL has them: binary fractions of up to 512 bits, printed with as few digits as
//! tell them apart.
//!
//! HCL computes with HashiCorp's `cty`, whose numbers are Go's `big.Float`: a literal has 512 bits
//! of precision, the result of `length` 64, that of `pow` 53; an operation has the precision of
//! its more precise operand and rounds to the nearest, ties to even. What a job file shows of a
//! number depends on it (`1/3`), so we count bits too.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigUint;

use super::digits::{round_decimal, shortest_between, with_exponent};

/// The precision of literals and of text read as a number.
const LITERAL: u32 = 512;

/// Decimal exponents beyond this are refused: nothing in a job is that large, and printing one
/// would take gigabytes.
const MAX_EXPONENT: i64 = 5000;

/// A number.
#[derive(Clone)]
pub struct Number {
    repr: Repr,
    /// Bits of precision.
    bits: u32,
}

#[derive(Clone)]
enum Repr {
    /// Nearly all numbers.
    Int(i64),
    /// `mantissa × 2^exponent`; the mantissa is odd and has at most `bits` bits.
    Big(Box<Big>),
    /// Beyond all numbers: what a division by zero gives.
    Infinite { negative: bool },
}

#[derive(Clone, PartialEq, Eq)]
struct Big {
    negative: bool,
    mantissa: BigUint,
    exponent: i64,
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self::literal(0);

    /// A whole number with the precision of a literal.
    pub const fn literal(value: i64) -> Self {
        Self { repr: Repr::Int(value), bits: LITERAL }
    }

    /// A whole number that a function computed.
    pub const fn int(value: i64) -> Self {
        Self { repr: Repr::Int(value), bits: 64 }
    }

    /// A number in machine precision; `None` for what is none.
    pub fn float(value: f64) -> Option<Self> {
        if value.is_nan() {
            return None;
        }
        if value.is_infinite() {
            return Some(Self::infinite(value < 0.0));
        }
        let bits = value.to_bits();
        let raw = ((bits >> 52) & 0x7ff) as i64;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, exponent) =
            if raw == 0 { (fraction, -1074) } else { (fraction | 1 << 52, raw - 1075) };
        Some(Self::from_parts(value < 0.0, BigUint::from(mantissa), exponent, 53))
    }

    /// What is beyond all numbers.
    const fn infinite(negative: bool) -> Self {
        Self { repr: Repr::Infinite { negative }, bits: LITERAL }
    }

    /// Whether it is beyond all numbers.
    pub fn is_infinite(&self) -> bool {
        matches!(self.repr, Repr::Infinite { .. })
    }

    /// A whole number of any size, exact.
    pub fn big_int(negative: bool, magnitude: BigUint) -> Self {
        let bits = u32::try_from(magnitude.bits()).unwrap_or(u32::MAX).max(64);
        Self::from_parts(negative, magnitude, 0, bits)
    }

    /// Reads digits with an optional sign, fraction and exponent, as HCL and JSON write them.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(value) = parse_small(text) {
            return Some(Self::literal(value));
        }
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        if matches!(rest, "inf" | "Inf") {
            return Some(Self::infinite(negative));
        }
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return None;
                }
                (mantissa, exponent.parse().ok()?)
            }
            None => (rest, 0i64),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.len() + fraction.len() == 0
            || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        if exponent.abs() > MAX_EXPONENT || whole.len() + fraction.len() > MAX_EXPONENT as usize {
            return None;
        }
        let digits = BigUint::parse_bytes(format!("{whole}{fraction}").as_bytes(), 10)?;
        let power = BigUint::from(10u8).pow(exponent.unsigned_abs() as u32);
        Some(if exponent >= 0 {
            Self::from_parts(negative, digits * power, 0, LITERAL)
        } else {
            Self::quotient(negative, &digits, &power, 0, LITERAL)
        })
    }

    /// `± mantissa × 2^exponent`, rounded to `bits`.
    fn from_parts(negative: bool, mut mantissa: BigUint, mut exponent: i64, bits: u32) -> Self {
        let excess = mantissa.bits().saturating_sub(u64::from(bits));
        if excess > 0 {
            let half = BigUint::from(1u8) << (excess - 1);
            let kept = &mantissa >> excess;
            let rest = &mantissa - (&kept << excess);
            let up = match rest.cmp(&half) {
                Ordering::Greater => true,
                Ordering::Equal => kept.bit(0),
                Ordering::Less => false,
            };
            mantissa = if up { kept + 1u8 } else { kept };
            exponent += excess as i64;
        }
        let Some(zeros) = mantissa.trailing_zeros() else {
            return Self { repr: Repr::Int(0), bits };
        };
        mantissa >>= zeros;
        exponent += zeros as i64;
        if exponent >= 0 && mantissa.bits() as i64 + exponent <= 63 {
            let whole: BigUint = &mantissa << exponent as u64;
            if let Ok(value) = i64::try_from(&whole) {
                return Self { repr: Repr::Int(if negative { -value } else { value }), bits };
            }
        }
        Self { repr: Repr::Big(Box::new(Big { negative, mantissa, exponent })), bits }
    }

    /// `± above ÷ below × 2^exponent`, rounded to `bits`.
    fn quotient(negative: bool, above: &BigUint, below: &BigUint, exponent: i64, bits: u32) -> Self {
        let shift = (u64::from(bits) + 2 + below.bits()).saturating_sub(above.bits());
        let shifted: BigUint = above << shift;
        let quotient = &shifted / below;
        let exact = &quotient * below == shifted;
        // Two more bits than kept and a last one for what is cut off decide every rounding.
        let sticky: BigUint = (quotient << 1u8) + u8::from(!exact);
        Self::from_parts(negative, sticky, exponent - shift as i64 - 1, bits)
    }

    fn big(&self) -> Big {
        match &self.repr {
            Repr::Int(value) => {
                let magnitude = value.unsigned_abs();
                let zeros = if magnitude == 0 { 0 } else { magnitude.trailing_zeros() };
                Big {
                    negative: *value < 0,
                    mantissa: BigUint::from(magnitude >> zeros),
                    exponent: i64::from(zeros),
                }
            }
            Repr::Big(big) => (**big).clone(),
            // Larger than all that is read; who can do better asks first.
            Repr::Infinite { negative } => {
                Big { negative: *negative, mantissa: BigUint::from(1u8), exponent: 4 * MAX_EXPONENT }
            }
        }
    }

    /// The same in another precision: rounded to it, or (with 1 bit) one that never decides that
    /// of a result.
    fn with_bits(self, bits: u32) -> Self {
        if bits == 1 || self.is_infinite() {
            return Self { bits, ..self };
        }
        let big = self.big();
        Self::from_parts(big.negative, big.mantissa, big.exponent, bits)
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        matches!(self.repr, Repr::Int(0))
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        match &self.repr {
            Repr::Int(value) => *value < 0,
            Repr::Big(big) => big.negative,
            Repr::Infinite { negative } => *negative,
        }
    }

    /// As a machine integer, if it is whole and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.repr {
            Repr::Int(value) => Some(value),
            Repr::Big(ref big) => {
                let min = big.negative && big.exponent == 63 && big.mantissa == BigUint::from(1u8);
                min.then_some(i64::MIN)
            }
            Repr::Infinite { .. } => None,
        }
    }

    /// The nearest machine float.
    pub fn as_f64(&self) -> f64 {
        match &self.repr {
            Repr::Int(value) => *value as f64,
            Repr::Big(_) => self.exponential(40).parse().unwrap_or(f64::NAN),
            Repr::Infinite { negative: false } => f64::INFINITY,
            Repr::Infinite { negative: true } => f64::NEG_INFINITY,
        }
    }

    /// Whether it is whole.
    pub fn is_whole(&self) -> bool {
        match &self.repr {
            Repr::Int(_) => true,
            Repr::Big(big) => big.exponent >= 0,
            Repr::Infinite { .. } => false,
        }
    }

    /// How many bits its mantissa takes at least.
    pub fn significant_bits(&self) -> u64 {
        self.big().mantissa.bits()
    }

    /// Sign and magnitude without the fraction.
    pub fn truncated(&self) -> (bool, BigUint) {
        let big = self.big();
        let magnitude = if big.exponent >= 0 {
            big.mantissa << big.exponent as u64
        } else {
            big.mantissa >> big.exponent.unsigned_abs()
        };
        (big.negative, magnitude)
    }

    /// The whole number at or below it, or at or above it.
    #[must_use]
    pub fn rounded(&self, up: bool) -> Self {
        if self.is_whole() || self.is_infinite() {
            return self.clone();
        }
        let (negative, magnitude) = self.truncated();
        let away = negative != up;
        Self::from_parts(negative, if away { magnitude + 1u8 } else { magnitude }, 0, self.bits)
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.is_negative() { self.neg() } else { self.clone() }
    }

    /// With the other sign.
    #[must_use]
    pub fn neg(&self) -> Self {
        if let Repr::Int(value) = self.repr
            && let Some(value) = value.checked_neg()
        {
            return Self { repr: Repr::Int(value), bits: self.bits };
        }
        if let Repr::Infinite { negative } = self.repr {
            return Self::infinite(!negative);
        }
        let big = self.big();
        Self::from_parts(!big.negative, big.mantissa, big.exponent, self.bits)
    }

    /// The sum; `None` for that of opposite infinities.
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        match (self.is_infinite(), other.is_infinite()) {
            (false, false) => Some(self.add(other)),
            (true, true) if self.is_negative() != other.is_negative() => None,
            (true, _) => Some(self.clone()),
            (false, true) => Some(other.clone()),
        }
    }

    /// The product; `None` for that of zero and an infinity.
    pub fn checked_mul(&self, other: &Self) -> Option<Self> {
        if !self.is_infinite() && !other.is_infinite() {
            return Some(self.mul(other));
        }
        (!self.is_zero() && !other.is_zero())
            .then(|| Self::infinite(self.is_negative() != other.is_negative()))
    }

    /// The sum of finite numbers.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        let bits = self.bits.max(other.bits);
        if let (Repr::Int(a), Repr::Int(b), 64..) = (&self.repr, &other.repr, bits)
            && let Some(sum) = a.checked_add(*b)
        {
            return Self { repr: Repr::Int(sum), bits };
        }
        let (a, b) = (self.big(), other.big());
        let exponent = a.exponent.min(b.exponent);
        let left = a.mantissa << (a.exponent - exponent) as u64;
        let right = b.mantissa << (b.exponent - exponent) as u64;
        if a.negative == b.negative {
            return Self::from_parts(a.negative, left + right, exponent, bits);
        }
        if left >= right {
            Self::from_parts(a.negative, left - right, exponent, bits)
        } else {
            Self::from_parts(b.negative, right - left, exponent, bits)
        }
    }

    /// The product of finite numbers.
    #[must_use]
    pub fn mul(&self, other: &Self) -> Self {
        let bits = self.bits.max(other.bits);
        if let (Repr::Int(a), Repr::Int(b), 64..) = (&self.repr, &other.repr, bits)
            && let Some(product) = a.checked_mul(*b)
        {
            return Self { repr: Repr::Int(product), bits };
        }
        let (a, b) = (self.big(), other.big());
        Self::from_parts(a.negative != b.negative, a.mantissa * b.mantissa, a.exponent + b.exponent, bits)
    }

    /// The quotient; `None` for that of two zeros or two infinities.
    pub fn div(&self, other: &Self) -> Option<Self> {
        let negative = self.is_negative() != other.is_negative();
        match (self.is_infinite(), other.is_infinite()) {
            (true, true) => return None,
            (true, false) => return Some(Self::infinite(negative)),
            (false, true) => return Some(Self::ZERO),
            (false, false) if other.is_zero() => {
                return (!self.is_zero()).then(|| Self::infinite(negative));
            }
            _ => {}
        }
        let bits = self.bits.max(other.bits);
        let (a, b) = (self.big(), other.big());
        let exponent = a.exponent - b.exponent;
        Some(Self::quotient(a.negative != b.negative, &a.mantissa, &b.mantissa, exponent, bits))
    }

    /// What remains of a division whose quotient is cut to a whole number, with the sign of this;
    /// all of it for a division by zero, and `None` with an infinity.
    pub fn rem(&self, other: &Self) -> Option<Self> {
        if self.is_infinite() || other.is_infinite() {
            return None;
        }
        if other.is_zero() {
            return Some(self.clone());
        }
        // Each step has the precision of this number, whatever that of the other.
        let (negative, magnitude) = self.div(other)?.truncated();
        let whole = Self::from_parts(negative, magnitude, 0, self.bits);
        let taken = other.mul(&whole).with_bits(self.bits);
        Some(self.add(&taken.neg().with_bits(1)).with_bits(self.bits))
    }

    /// Exactly `mantissa × 2^exponent`, as digits and the power of ten of the point after them.
    fn decimal(mantissa: &BigUint, exponent: i64) -> (String, i64) {
        if exponent >= 0 {
            return ((mantissa << exponent as u64).to_string(), 0);
        }
        let places = exponent.unsigned_abs();
        ((mantissa * BigUint::from(5u8).pow(places as u32)).to_string(), -(places as i64))
    }

    /// The fewest digits that tell this number from its neighbours in its precision, without
    /// zeros at the end, and the power of ten of the first: `d.ddd × 10^power`.
    fn shortest(&self) -> (String, i64) {
        let big = self.big();
        // Spread the mantissa over all bits and one more, so that half a unit is a whole number.
        let spread = u64::from(self.bits).saturating_sub(big.mantissa.bits()) + 1;
        let mantissa = &big.mantissa << spread;
        let exponent = big.exponent - spread as i64;
        let (value, point) = Self::decimal(&mantissa, exponent);
        let (low, _) = Self::decimal(&(&mantissa - 1u8), exponent);
        let (high, _) = Self::decimal(&(&mantissa + 1u8), exponent);
        let power = point + value.len() as i64 - 1;
        let trim = |text: &str| text.trim_end_matches('0').to_owned();
        let (value, low, high) = (trim(&value), trim(&low), trim(&high));
        // The ends of the interval round to this number only if its mantissa is even.
        let (digits, carried) =
            shortest_between(value.as_bytes(), low.as_bytes(), high.as_bytes(), !mantissa.bit(1));
        (digits, power + i64::from(carried))
    }

    /// All digits without an exponent and with as few as tell it apart, as in a string.
    fn plain(&self) -> String {
        if let (Repr::Int(value), true) = (&self.repr, self.is_exact_int()) {
            return value.to_string();
        }
        if let Some(text) = self.infinite_text() {
            return text.to_owned();
        }
        let (digits, power) = self.shortest();
        let mut out = String::new();
        if self.is_negative() {
            out.push('-');
        }
        if power < 0 {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', (-power - 1) as usize));
            out.push_str(&digits);
        } else {
            let whole = power as usize + 1;
            if digits.len() <= whole {
                out.push_str(&digits);
                out.extend(std::iter::repeat_n('0', whole - digits.len()));
            } else {
                out.push_str(&digits[..whole]);
                out.push('.');
                out.push_str(&digits[whole..]);
            }
        }
        out
    }

    fn infinite_text(&self) -> Option<&'static str> {
        match self.repr {
            Repr::Infinite { negative } => Some(if negative { "-Inf" } else { "+Inf" }),
            _ => None,
        }
    }

    /// Whether every digit of a whole number counts in its precision.
    fn is_exact_int(&self) -> bool {
        match self.repr {
            Repr::Int(value) => self.bits >= 64 || value.unsigned_abs() < 1 << 53,
            Repr::Big(_) | Repr::Infinite { .. } => false,
        }
    }

    /// The shortest form of `%g`: with an exponent below 1e-4 and from 1e+06 on.
    pub fn general(&self) -> String {
        if self.is_zero() {
            return "0".to_owned();
        }
        if let Some(text) = self.infinite_text() {
            return text.to_owned();
        }
        let (digits, power) = self.shortest();
        if !(-4..6).contains(&power) {
            let sign = if self.is_negative() { "-" } else { "" };
            return format!("{sign}{}", with_exponent(&digits, power, 'e'));
        }
        self.plain()
    }

    /// `places` digits after the point, rounded to the nearest.
    pub fn fixed(&self, places: usize) -> String {
        if let Some(text) = self.infinite_text() {
            return text.to_owned();
        }
        let big = self.big();
        let (digits, point) = Self::decimal(&big.mantissa, big.exponent);
        let digits = round_decimal(&digits, point, -(places as i64));
        let sign = if big.negative { "-" } else { "" };
        let digits = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// `d.ddde+dd` with `places` digits after the point.
    pub fn exponential(&self, places: usize) -> String {
        if let Some(text) = self.infinite_text() {
            return text.to_owned();
        }
        let big = self.big();
        let sign = if big.negative { "-" } else { "" };
        if self.is_zero() {
            return with_exponent(&"0".repeat(places + 1), 0, 'e');
        }
        let (digits, point) = Self::decimal(&big.mantissa, big.exponent);
        let mut power = point + digits.len() as i64 - 1;
        let mut rounded = round_decimal(&digits, point, power - places as i64);
        if rounded.len() > places + 1 {
            rounded.pop();
            power += 1;
        }
        format!("{sign}{}", with_exponent(&rounded, power, 'e'))
    }
}

/// A small whole number in plain digits.
fn parse_small(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || digits.len() > 18 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

impl fmt::Display for Number {
    /// All digits without an exponent, as HCL turns a number into text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plain())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.repr, &other.repr) {
            (Repr::Int(a), Repr::Int(b)) => a.cmp(b),
            _ => {
                let (a, b) = (self.big(), other.big());
                let exponent = a.exponent.min(b.exponent);
                let left = a.mantissa << (a.exponent - exponent) as u64;
                let right = b.mantissa << (b.exponent - exponent) as u64;
                match (a.negative, b.negative) {
                    (false, false) => left.cmp(&right),
                    (true, true) => right.cmp(&left),
                    (false, true) => Ordering::Greater,
                    (true, false) => Ordering::Less,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Number;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn text_has_as_few_digits_as_tell_numbers_apart() {
        for (text, expected) in [
            ("1.10", "1.1"),
            ("1e3", "1000"),
            ("0.1", "0.1"),
            ("-0.000001", "-0.000001"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("1e30", "1000000000000000000000000000000"),
        ] {
            assert_eq!(number(text).to_string(), expected);
        }
        assert_eq!(number("0.1").add(&number("0.2")).to_string(), "0.3");
        assert_eq!(Number::int(1).div(&Number::int(3)).unwrap().to_string(), "0.33333333333333333334");
        assert_eq!(Number::float(2f64.powi(60)).unwrap().to_string(), "1152921504606847000");
    }

    #[test]
    fn rounding_to_digits() {
        assert_eq!(number("1.005").fixed(2), "1.00");
        assert_eq!(number("2.5").fixed(0), "2");
        assert_eq!(number("9.99").exponential(1), "1.0e+01");
        assert_eq!(number("1000000").general(), "1e+06");
        assert_eq!(number("123456.789").general(), "123456.789");
    }

    #[test]
    fn what_is_no_number_or_too_large_is_refused() {
        for text in ["", "-", "1.2.3", "1e", "0x10", " 1", "1e999999999", "infinity"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn remainders_have_the_sign_of_the_first() {
        assert_eq!(number("-7").rem(&number("3")).unwrap().to_string(), "-1");
        assert_eq!(number("7.5").rem(&number("2")).unwrap().to_string(), "1.5");
        assert_eq!(number("7").rem(&Number::ZERO).unwrap().to_string(), "7");
    }

    #[test]
    fn a_division_by_zero_is_infinite() {
        let infinite = number("-2").div(&Number::ZERO).unwrap();
        assert_eq!(infinite.to_string(), "-Inf");
        assert_eq!(number("2").add(&number("3")).div(&infinite).unwrap().to_string(), "0");
        assert!(infinite < number("-1e4000"));
        assert!(infinite.checked_add(&infinite.neg()).is_none());
        assert!(infinite.checked_mul(&Number::ZERO).is_none());
        assert!(infinite.rem(&number("2")).is_none());
        assert!(Number::ZERO.div(&Number::ZERO).is_none());
    }
}
