//! HCL2 as text: the lexer, the syntax tree, the parser with its recovery, and the formatter.

mod ast;

pub use ast::*;
