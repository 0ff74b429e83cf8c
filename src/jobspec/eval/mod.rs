//! Evaluation: values, their types, and what expressions mean.

mod call;
mod collection;
pub mod constraint;
mod digits;
pub mod expression;
pub mod number;
mod reference;
pub mod ty;
pub mod value;
