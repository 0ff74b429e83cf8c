//! Logarithm and power, to the last bit as Go's `math` computes them.
//!
//! The platform's own differ in the last bit, and a job shows every digit.

use std::f64::consts::SQRT_2;

/// The fraction in `0.5..1` and the power of two that make a number.
fn split(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    // Subnormal numbers are made normal first.
    let (x, shift) = if x.abs() < f64::MIN_POSITIVE { (x * 2f64.powi(52), -52) } else { (x, 0) };
    let bits = x.to_bits();
    let power = ((bits >> 52) & 0x7ff) as i32 - 1022;
    (f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52), power + shift)
}

/// `fraction × 2^power`
fn join(fraction: f64, power: i32) -> f64 {
    // In two steps, so that what is subnormal in the end is rounded once.
    let (fraction, own) = split(fraction);
    let power = i64::from(power) + i64::from(own);
    match power {
        1025.. => fraction * f64::INFINITY,
        -1021..=1024 => fraction * 2.0 * 2f64.powi((power - 1) as i32),
        -1080..=-1022 => fraction * 2f64.powi(-1021) * 2f64.powi((power + 1021) as i32),
        _ => 0.0 * fraction,
    }
}

/// The natural logarithm (the method of FreeBSD's `e_log.c`: a polynomial for `log(1 + f)`).
pub(super) fn ln(x: f64) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const ODD: [f64; 4] = [
        6.666_666_666_666_735e-1,
        2.857_142_874_366_239e-1,
        1.818_357_216_161_805e-1,
        1.479_819_860_511_658_6e-1,
    ];
    const EVEN: [f64; 3] = [3.999_999_999_940_942e-1, 2.222_219_843_214_978_4e-1, 1.531_383_769_920_937_3e-1];
    if x <= 0.0 || !x.is_finite() {
        return x.ln();
    }
    let (mut fraction, mut power) = split(x);
    if fraction < SQRT_2 / 2.0 {
        fraction *= 2.0;
        power -= 1;
    }
    let f = fraction - 1.0;
    let k = f64::from(power);
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let t1 = s2 * (ODD[0] + s4 * (ODD[1] + s4 * (ODD[2] + s4 * ODD[3])));
    let t2 = s4 * (EVEN[0] + s4 * (EVEN[1] + s4 * EVEN[2]));
    let half = 0.5 * f * f;
    k * LN2_HIGH - ((half - (s * (half + (t1 + t2)) + k * LN2_LOW)) - f)
}

/// A power: by squaring for the whole part of the exponent, by logarithm for the rest.
pub(super) fn pow(x: f64, y: f64) -> f64 {
    let (mut whole, mut part) = (y.abs().trunc(), y.abs().fract());
    if y == 0.5 || y == -0.5 {
        return if y > 0.0 { x.sqrt() } else { 1.0 / x.sqrt() };
    }
    if x == 0.0 || x == 1.0 || y == 0.0 || !x.is_finite() || !y.is_finite() || whole >= 2f64.powi(63) {
        return x.powf(y);
    }
    if part != 0.0 && x < 0.0 {
        return f64::NAN;
    }
    let (mut result, mut power) = (1.0, 0i32);
    if part != 0.0 {
        if part > 0.5 {
            part -= 1.0;
            whole += 1.0;
        }
        result = (part * ln(x)).exp();
    }
    let (mut base, mut base_power) = split(x);
    let mut bits = whole as u64;
    while bits != 0 {
        if base_power.abs() > 1 << 12 {
            // Far beyond what can be represented.
            power = power.saturating_add(base_power);
            break;
        }
        if bits & 1 == 1 {
            result *= base;
            power += base_power;
        }
        base *= base;
        base_power <<= 1;
        if base < 0.5 {
            base += base;
            base_power -= 1;
        }
        bits >>= 1;
    }
    if y < 0.0 { join(1.0 / result, -power) } else { join(result, power) }
}

#[cfg(test)]
mod tests {
    use super::{ln, pow};

    #[test]
    fn the_last_bit_is_right() {
        assert_eq!(ln(8.0) / ln(3.0), 1.892_789_260_714_372_4);
        assert_eq!(pow(2.0, 10.0), 1024.0);
        assert_eq!(pow(10.0, 25.0), 1e25);
        assert_eq!(pow(-2.0, 3.0), -8.0);
        assert_eq!(pow(2.0, -1074.0), 5e-324);
        assert_eq!(pow(10.0, 400.0), f64::INFINITY);
    }
}
