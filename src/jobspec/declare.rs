//! What a block of the job specification is: the types in which `blocks/` declares each one.
//!
//! A [`BlockType`] is the only place that knows a block. Decoding HCL, reading and writing
//! JSON, defaults, HCL output, the names in a diff, "did you mean" and the JSON Schema are all
//! written once, over these tables.

/// The declaration of one kind of block, such as `task`.
#[derive(Debug)]
pub struct BlockType {
    /// Its name in HCL: `task`.
    pub name: &'static str,
    /// Its name as an object in the server's `JobDiff`: `Task`.
    pub diff_name: &'static str,
    /// What it is, in a sentence.
    pub doc: &'static str,
    /// The fields of its labels, in order (their JSON names, e.g. `Name`).
    pub labels: &'static [&'static str],
    /// Its attributes and nested blocks, in the order of Nomad's JSON.
    pub fields: &'static [Field],
}

/// An attribute or a nested block.
#[derive(Debug)]
pub struct Field {
    /// Its name in HCL; empty where HCL has no such name (a label, or set only by the server).
    pub hcl: &'static str,
    /// Its key in Nomad's JSON.
    pub json: &'static str,
    /// What it holds.
    pub ty: Type,
    /// What the parser puts into the JSON where nothing was written.
    pub unset: Unset,
    /// What the server fills in where nothing was written and the rule is a plain constant.
    /// Rules that depend on more (job type, deployment) are functions in `defaults.rs`.
    pub default: Default,
    /// What it means, in a sentence, with its unit.
    pub doc: &'static str,
}

/// The type of a field.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// Text.
    String,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// Nanoseconds in JSON; `"30s"` in HCL.
    Duration,
    /// A list of texts.
    Strings,
    /// A map from name to text (`env`, `meta`), as an attribute or a block of free attributes.
    StringMap,
    /// Anything: driver `config`, the `config` of plugins.
    Any,
    /// At most one nested block.
    Block(&'static BlockType),
    /// Any number of nested blocks.
    Blocks(&'static BlockType),
    /// Nested blocks keyed by their label (`volume`).
    BlockMap(&'static BlockType),
}

/// What stands in the JSON of a job as parsed where a field was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unset {
    /// `null`.
    Null,
    /// The key is left out.
    Absent,
    /// The zero value of the type: `""`, `0`, `false`.
    Zero,
}

/// A constant that the server fills in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Default {
    /// Nothing.
    None,
    /// Text.
    Str(&'static str),
    /// A truth.
    Bool(bool),
    /// A number, or nanoseconds for a duration.
    Int(i64),
    /// A fraction.
    Float(f64),
}
