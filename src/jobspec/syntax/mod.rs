//! HCL2 as text: the lexer, the syntax tree, the parser with its recovery, and the formatter.
//!
//! [`parse`] reads a file (a job or a file of variables), [`parse_expression`] a single value as
//! it stands on a command line. Both give a tree that borrows from the text and every mistake
//! that was found, with the bytes it is at. Time is linear in the text; nesting is bounded by
//! [`MAX_DEPTH`], also the height of any expression, so whoever walks a tree may recurse.

mod ast;
mod body;
mod collection;
mod error;
mod expression;
mod format;
mod lexer;
mod literal;
mod parser;
mod template;
mod token;
mod traversal;
mod walk;

pub use ast::*;
pub use error::{CODES, SyntaxError};
pub use format::format;
pub use walk::references;

use lexer::Lexed;
use parser::Parser;

/// How deep blocks, brackets and operators may be nested.
pub const MAX_DEPTH: u32 = 200;

/// How many errors are listed; a last one says how many more there were.
pub const MAX_ERRORS: usize = 100;

/// Parses a file. The body is whole only if there are no errors, which come in the order in
/// which HashiCorp's parser reports them.
pub fn parse(text: &str) -> (Body<'_>, Vec<SyntaxError>) {
    let mut parser = Parser::new(text);
    let body = parser.file();
    (body, parser.finish())
}

/// Parses one expression, line breaks allowed anywhere between its parts.
pub fn parse_expression(text: &str) -> (Expr<'_>, Vec<SyntaxError>) {
    let mut parser = Parser::new(text);
    let expr = parser.whole_expression();
    (expr, parser.finish())
}
