//! Evaluation: values, their types, and what expressions mean.

pub mod constraint;
mod digits;
pub mod expression;
pub mod number;
pub mod ty;
pub mod value;
