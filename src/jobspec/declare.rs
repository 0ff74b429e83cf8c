//! What a block of the job specification is: the types in which `blocks/` declares each one.
//!
//! A [`BlockType`] is the only place that knows a block. Decoding HCL, reading and writing
//! JSON, defaults, HCL output, the names in a diff, "did you mean" and the JSON Schema are all
//! written once, over these tables. An attribute is one line:
//!
//! ```
//! # use platy_manage::jobspec::declare::{Default, Field, Width};
//! const COUNT: Field = Field::int("count", "Count", Width::Int, "How many allocations run")
//!     .null().default(Default::Int(1));
//! # assert_eq!(COUNT.default, Default::Int(1));
//! ```

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
    /// Where a label is not the field's value but a word for it: `(label, value)`, as in
    /// `scaling "cpu"` for the type `vertical_cpu`.
    pub label_words: &'static [(&'static str, &'static str)],
    /// Attributes of HCL that stand for several fields at once (`distinct_hosts = true`).
    pub shorthands: &'static [Shorthand],
    /// Blocks that HCL allows here and that the parser hands down to every task inside
    /// (`vault` in a job); their `json` is empty.
    pub inherited: &'static [Field],
    /// Its attributes and nested blocks, in the order of Nomad's JSON.
    pub fields: &'static [Field],
}

impl BlockType {
    /// A block without labels and special forms.
    pub const fn new(
        name: &'static str,
        diff_name: &'static str,
        doc: &'static str,
        fields: &'static [Field],
    ) -> Self {
        let (labels, label_words, shorthands, inherited): (&[_], &[_], &[_], &[_]) = (&[], &[], &[], &[]);
        Self { name, diff_name, doc, labels, label_words, shorthands, inherited, fields }
    }

    /// With labels that fill these fields.
    #[must_use]
    pub const fn labels(mut self, labels: &'static [&'static str]) -> Self {
        self.labels = labels;
        self
    }

    /// With labels that are words for a field's values.
    #[must_use]
    pub const fn label_words(mut self, words: &'static [(&'static str, &'static str)]) -> Self {
        self.label_words = words;
        self
    }

    /// With attributes that stand for several fields.
    #[must_use]
    pub const fn shorthands(mut self, shorthands: &'static [Shorthand]) -> Self {
        self.shorthands = shorthands;
        self
    }

    /// With blocks that the parser hands down to every task inside.
    #[must_use]
    pub const fn inherited(mut self, inherited: &'static [Field]) -> Self {
        self.inherited = inherited;
        self
    }

    /// The attribute or block that HCL calls `name`.
    pub fn by_hcl(&self, name: &str) -> Option<(usize, &'static Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.hcl == name && !name.is_empty())
    }

    /// The field that JSON calls `name`.
    pub fn by_json(&self, name: &str) -> Option<(usize, &'static Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.json == name)
    }

    /// Every name that HCL knows in this block: for "did you mean" and the list of known names.
    pub fn hcl_names(&self) -> impl Iterator<Item = &'static str> {
        let fields = self.fields.iter().chain(self.inherited).map(|field| field.hcl);
        fields.filter(|name| !name.is_empty()).chain(self.shorthands.iter().map(|short| short.hcl))
    }
}

/// An attribute of a constraint or affinity that sets its operator and one side.
#[derive(Debug)]
pub struct Shorthand {
    /// Its name in HCL, which is also the operator.
    pub hcl: &'static str,
    /// Whether it is a truth (`distinct_hosts = true`) and not text.
    pub boolean: bool,
    /// The JSON name of the field that takes the value.
    pub into: &'static str,
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
    /// Whether HCL refuses the block without it.
    pub required: bool,
    /// What the parser puts into the JSON where nothing was written.
    pub unset: Unset,
    /// What the server fills in where nothing was written and the rule is a plain constant.
    /// Rules that depend on more (job type, deployment) are functions in `defaults.rs`.
    pub default: Default,
    /// Whether already the parser fills in the default.
    pub parser_fills: bool,
    /// Whether the server fills in the default; `false` for what only the parser does.
    pub server_fills: bool,
    /// Whether the server keeps what was written; it forgets a few old fields, and some that it
    /// has handed down to inner blocks.
    pub kept: bool,
    /// What the server makes of a null among the blocks of a list or map.
    pub null_member: NullMember,
    /// Whether the server keeps an empty list or map apart from an absent one.
    pub empty_is_set: bool,
    /// What it means, in a sentence, with its unit.
    pub doc: &'static str,
}

impl Field {
    const fn new(hcl: &'static str, json: &'static str, ty: Type, unset: Unset, doc: &'static str) -> Self {
        let (default, parser_fills, server_fills) = (Default::None, false, true);
        let null_member = NullMember::Refused;
        let required = false;
        Self {
            hcl,
            json,
            ty,
            required,
            unset,
            default,
            parser_fills,
            server_fills,
            kept: true,
            null_member,
            empty_is_set: false,
            doc,
        }
    }

    /// Text; `""` where unset.
    pub const fn string(hcl: &'static str, json: &'static str, doc: &'static str) -> Self {
        Self::new(hcl, json, Type::String, Unset::Zero, doc)
    }

    /// A truth; `false` where unset.
    pub const fn bool(hcl: &'static str, json: &'static str, doc: &'static str) -> Self {
        Self::new(hcl, json, Type::Bool, Unset::Zero, doc)
    }

    /// A whole number; 0 where unset.
    pub const fn int(hcl: &'static str, json: &'static str, width: Width, doc: &'static str) -> Self {
        Self::new(hcl, json, Type::Int(width), Unset::Zero, doc)
    }

    /// A duration; 0 where unset.
    pub const fn duration(hcl: &'static str, json: &'static str, doc: &'static str) -> Self {
        Self::new(hcl, json, Type::Duration, Unset::Zero, doc)
    }

    /// A list of texts.
    pub const fn strings(hcl: &'static str, json: &'static str, doc: &'static str) -> Self {
        Self::new(hcl, json, Type::Strings, Unset::Null, doc)
    }

    /// A list of whole numbers.
    pub const fn ints(hcl: &'static str, json: &'static str, width: Width, doc: &'static str) -> Self {
        Self::new(hcl, json, Type::Ints(width), Unset::Null, doc)
    }

    /// A map from name to text.
    pub const fn map(hcl: &'static str, json: &'static str, form: MapForm, doc: &'static str) -> Self {
        Self::new(hcl, json, Type::StringMap(form), Unset::Null, doc)
    }

    /// A map from name to a list of texts.
    pub const fn list_map(hcl: &'static str, json: &'static str, doc: &'static str) -> Self {
        Self::new(hcl, json, Type::ListMap, Unset::Null, doc)
    }

    /// A block of free values.
    pub const fn any(hcl: &'static str, json: &'static str, doc: &'static str) -> Self {
        Self::new(hcl, json, Type::Any, Unset::Null, doc)
    }

    /// At most one nested block.
    pub const fn block(
        hcl: &'static str,
        json: &'static str,
        ty: &'static BlockType,
        doc: &'static str,
    ) -> Self {
        Self::new(hcl, json, Type::Block(ty), Unset::Null, doc)
    }

    /// Any number of nested blocks.
    pub const fn blocks(
        hcl: &'static str,
        json: &'static str,
        ty: &'static BlockType,
        doc: &'static str,
    ) -> Self {
        Self::new(hcl, json, Type::Blocks(ty), Unset::Null, doc)
    }

    /// Nested blocks keyed by label.
    pub const fn block_map(
        hcl: &'static str,
        json: &'static str,
        ty: &'static BlockType,
        doc: &'static str,
    ) -> Self {
        Self::new(hcl, json, Type::BlockMap(ty), Unset::Null, doc)
    }

    /// `null` where unset, and not the type's zero.
    #[must_use]
    pub const fn null(mut self) -> Self {
        self.unset = Unset::Null;
        self
    }

    /// Left out of the JSON where unset.
    #[must_use]
    pub const fn absent(mut self) -> Self {
        self.unset = Unset::Absent;
        self
    }

    /// HCL refuses the block without it.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What the server fills in.
    #[must_use]
    pub const fn default(mut self, default: Default) -> Self {
        self.default = default;
        self
    }

    /// Already the parser fills in the default.
    #[must_use]
    pub const fn by_parser(mut self) -> Self {
        self.parser_fills = true;
        self
    }

    /// Only the parser fills in the default.
    #[must_use]
    pub const fn only_by_parser(mut self) -> Self {
        self.parser_fills = true;
        self.server_fills = false;
        self
    }

    /// The server does not keep what was written.
    #[must_use]
    pub const fn not_kept(mut self) -> Self {
        self.kept = false;
        self
    }

    /// The server keeps an empty one apart from an absent one: a job with the other is another job.
    #[must_use]
    pub const fn empty_is_set(mut self) -> Self {
        self.empty_is_set = true;
        self
    }

    /// What the server makes of a null among its blocks.
    #[must_use]
    pub const fn null_member(mut self, null_member: NullMember) -> Self {
        self.null_member = null_member;
        self
    }

    /// The declaration of the blocks that it holds, if it holds blocks.
    pub fn block_type(&self) -> Option<&'static BlockType> {
        match self.ty {
            Type::Block(ty) | Type::Blocks(ty) | Type::BlockMap(ty) => Some(ty),
            _ => None,
        }
    }
}

/// The type of a field.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// Text.
    String,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int(Width),
    /// Nanoseconds in JSON; `"30s"` in HCL.
    Duration,
    /// A list of texts.
    Strings,
    /// A list of whole numbers.
    Ints(Width),
    /// A map from name to text (`env`, `meta`).
    StringMap(MapForm),
    /// A block of free attributes whose values are lists of texts (`header` of a check).
    ListMap,
    /// A block of free attributes and blocks: driver `config`, the `config` of plugins.
    Any,
    /// At most one nested block.
    Block(&'static BlockType),
    /// Any number of nested blocks.
    Blocks(&'static BlockType),
    /// Nested blocks keyed by their label (`volume`).
    BlockMap(&'static BlockType),
}

/// How a map from name to text is written in HCL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapForm {
    /// `options { … }`
    Block,
    /// `args = { … }`
    Attribute,
    /// Both: `env { … }` and `env = { … }`.
    Either,
}

/// The range of a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// 64 bits with sign, as are all numbers without a range of their own.
    Int,
    /// -128 to 127.
    I8,
    /// 0 to 255.
    U8,
    /// 0 to 65,535.
    U16,
    /// 0 to 4,294,967,295.
    U32,
    /// 0 and more.
    U64,
}

impl Width {
    /// The least and the greatest number.
    pub fn range(self) -> (i128, i128) {
        match self {
            Self::Int => (i64::MIN.into(), i64::MAX.into()),
            Self::I8 => (i8::MIN.into(), i8::MAX.into()),
            Self::U8 => (0, u8::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
        }
    }

    /// Whether the number is in range.
    pub fn holds(self, number: i64) -> bool {
        let (least, greatest) = self.range();
        (least..=greatest).contains(&number.into())
    }
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

/// What the server makes of a null in a list or map of blocks, which only JSON can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullMember {
    /// It breaks off the request without an answer.
    Refused,
    /// It passes over it.
    Dropped,
    /// It takes it for a block in which nothing is written.
    Block,
}

/// A constant that the server fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// Nothing.
    None,
    /// Text.
    Str(&'static str),
    /// A truth.
    Bool(bool),
    /// A number, or nanoseconds for a duration.
    Int(i64),
    /// A duration in seconds.
    Seconds(i64),
    /// An empty list or map.
    Empty,
    /// The block with its own defaults.
    Block,
}
