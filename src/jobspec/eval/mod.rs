//! Evaluation: values, their types, and what expressions mean.

pub mod constraint;
pub mod expression;
pub mod number;
pub mod ty;
pub mod value;
