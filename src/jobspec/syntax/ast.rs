//! The syntax tree of HCL2: what was written, with the bytes it was written in.
//!
//! The tree borrows from the text wherever it can. Every node has a [`Span`].

use std::borrow::Cow;
use std::ops::Range;

/// A range of byte offsets in the text of one file (files are at most 4 GiB; we take far less).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// From `start` up to and without `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// From the start of this to the end of `other`.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }

    /// As a range of indices.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A name with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ident<'s> {
    /// The name.
    pub name: &'s str,
    /// Where.
    pub span: Span,
}

/// Attributes and blocks in the order in which they were written.
#[derive(Debug, Clone, Default)]
pub struct Body<'s> {
    /// What it holds.
    pub structures: Vec<Structure<'s>>,
    /// From the first byte inside to the last; for a block's body, between the braces.
    pub span: Span,
}

impl<'s> Body<'s> {
    /// The attributes, in the order in which they were written.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute<'s>> {
        self.structures.iter().filter_map(|structure| match structure {
            Structure::Attribute(attribute) => Some(attribute),
            Structure::Block(_) => None,
        })
    }

    /// The blocks of this type, in the order in which they were written.
    pub fn blocks(&self, name: &str) -> impl Iterator<Item = &Block<'s>> {
        self.structures.iter().filter_map(move |structure| match structure {
            Structure::Block(block) if block.ident.name == name => Some(block),
            _ => None,
        })
    }
}

/// A member of a body.
#[derive(Debug, Clone)]
pub enum Structure<'s> {
    /// `name = expr`
    Attribute(Attribute<'s>),
    /// `type "label" { … }`
    Block(Block<'s>),
}

/// `name = expr`
#[derive(Debug, Clone)]
pub struct Attribute<'s> {
    /// The name.
    pub name: Ident<'s>,
    /// The value.
    pub expr: Expr<'s>,
}

/// `type "label" { … }`
#[derive(Debug, Clone)]
pub struct Block<'s> {
    /// The type of the block: `job`, `group`, …
    pub ident: Ident<'s>,
    /// Quoted or bare labels.
    pub labels: Vec<BlockLabel<'s>>,
    /// Where `{` stands.
    pub open: Span,
    /// What it holds.
    pub body: Body<'s>,
    /// Where `}` stands.
    pub close: Span,
}

impl Block<'_> {
    /// Where its type and labels stand.
    pub fn header(&self) -> Span {
        self.labels.last().map_or(self.ident.span, |label| self.ident.span.to(label.span))
    }
}

/// A label of a block.
#[derive(Debug, Clone)]
pub struct BlockLabel<'s> {
    /// Its text, escapes resolved.
    pub text: Cow<'s, str>,
    /// Where, quotes included.
    pub span: Span,
}

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr<'s> {
    /// What it is.
    pub kind: ExprKind<'s>,
    /// Where.
    pub span: Span,
}

/// The kinds of expression in the HCL native syntax specification.
#[derive(Debug, Clone)]
pub enum ExprKind<'s> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number as it was written.
    Number(&'s str),
    /// `"…"` or a heredoc without any interpolation or directive: plain text.
    String(Cow<'s, str>),
    /// `"…${…}…"` or a heredoc with parts.
    Template(Vec<TemplatePart<'s>>),
    /// `[a, b]`
    Tuple(Vec<Expr<'s>>),
    /// `{ k = v }`
    Object(Vec<ObjectItem<'s>>),
    /// `[for k, v in c : e if p]` and `{for k, v in c : k => v… if p}`
    For(Box<For<'s>>),
    /// `name`: the root of a traversal.
    Variable(&'s str),
    /// `e.name`
    GetAttr(Box<Expr<'s>>, Ident<'s>),
    /// `e[key]`, also the legacy `e.0` (then the key is a number)
    Index(Box<Expr<'s>>, Box<Expr<'s>>),
    /// `e.*.rest` or `e[*].rest`
    Splat(Box<Splat<'s>>),
    /// `name(args…)`
    Call(Box<Call<'s>>),
    /// `-e`, `!e`
    Unary(UnaryOp, Box<Expr<'s>>),
    /// `a + b`
    Binary(BinaryOp, Box<Expr<'s>>, Box<Expr<'s>>),
    /// `c ? a : b`
    Conditional(Box<[Expr<'s>; 3]>),
    /// `(e)`
    Parens(Box<Expr<'s>>),
}

/// A part of a template.
#[derive(Debug, Clone)]
pub enum TemplatePart<'s> {
    /// Text, escapes resolved, heredoc indentation removed, strip markers applied.
    Literal(Cow<'s, str>, Span),
    /// `${ e }`; the span has the braces.
    Interpolation(Expr<'s>, Span),
    /// `%{ if c } … %{ else } … %{ endif }`
    If(Box<TemplateIf<'s>>),
    /// `%{ for k, v in c } … %{ endfor }`
    For(Box<TemplateFor<'s>>),
}

/// `%{ if c } … %{ else } … %{ endif }`
#[derive(Debug, Clone)]
pub struct TemplateIf<'s> {
    /// The condition.
    pub condition: Expr<'s>,
    /// When true.
    pub then: Vec<TemplatePart<'s>>,
    /// When false.
    pub otherwise: Vec<TemplatePart<'s>>,
    /// From the first `%{` past the last `}`.
    pub span: Span,
}

/// `%{ for k, v in c } … %{ endfor }`
#[derive(Debug, Clone)]
pub struct TemplateFor<'s> {
    /// The key's name, if given.
    pub key: Option<Ident<'s>>,
    /// The value's name.
    pub value: Ident<'s>,
    /// What is iterated.
    pub collection: Expr<'s>,
    /// Rendered for each element.
    pub body: Vec<TemplatePart<'s>>,
    /// From the first `%{` past the last `}`.
    pub span: Span,
}

/// `k = v` or `k : v` in an object.
#[derive(Debug, Clone)]
pub struct ObjectItem<'s> {
    /// A bare name is `ExprKind::Variable` here and means its own text; `(name)` is a reference.
    pub key: Expr<'s>,
    /// The value.
    pub value: Expr<'s>,
}

/// A `for` expression.
#[derive(Debug, Clone)]
pub struct For<'s> {
    /// The key's name, if given.
    pub key: Option<Ident<'s>>,
    /// The value's name.
    pub value: Ident<'s>,
    /// What is iterated.
    pub collection: Expr<'s>,
    /// The result's key: present for the object form.
    pub result_key: Option<Expr<'s>>,
    /// The result's value.
    pub result: Expr<'s>,
    /// The filter, if given.
    pub condition: Option<Expr<'s>>,
    /// Whether `…` groups values of one key (object form).
    pub group: bool,
}

/// A splat: `source.*` with what is taken from each element.
#[derive(Debug, Clone)]
pub struct Splat<'s> {
    /// What is iterated.
    pub source: Expr<'s>,
    /// The steps applied to each element, in order.
    pub each: Vec<Step<'s>>,
    /// Where `.*` or `[*]` stands.
    pub marker: Span,
}

/// A step of a traversal.
#[derive(Debug, Clone)]
pub enum Step<'s> {
    /// `.name`
    Attr(Ident<'s>),
    /// `[e]`, also the legacy `.0`
    Index(Expr<'s>),
    /// `[*]` or `.*` inside a full splat: the steps applied to each element of what is reached
    /// so far, and the place of the marker.
    Splat(Vec<Step<'s>>, Span),
}

/// A function call.
#[derive(Debug, Clone)]
pub struct Call<'s> {
    /// The function's name.
    pub name: Ident<'s>,
    /// Its arguments.
    pub args: Vec<Expr<'s>>,
    /// Whether the last argument is expanded by `...`.
    pub expand: bool,
}

/// Operators on one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `!`
    Not,
}

/// Operators on two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum BinaryOp {
    Or,
    And,
    Eq,
    NotEq,
    Gt,
    GtEq,
    Lt,
    LtEq,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}
