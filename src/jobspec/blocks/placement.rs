//! Where allocations may and should run: `constraint`, `affinity`, `spread`.

use crate::jobspec::declare::{BlockType, Default, Field, Shorthand, Width};

/// An operator that is also an attribute for the value.
const fn operator(hcl: &'static str) -> Shorthand {
    Shorthand { hcl, boolean: false, into: "RTarget" }
}

/// A condition on nodes.
#[rustfmt::skip]
pub static CONSTRAINT: BlockType = BlockType::new("constraint", "Constraint", "A condition that a node must meet", &[
    Field::string("attribute", "LTarget", "What is looked at, as in `${attr.kernel.name}`"),
    Field::string("value", "RTarget", "What it is compared with"),
    Field::string("operator", "Operand", "How it is compared: `=`, `!=`, `>`, `regexp`, `version`, `distinct_hosts`, …").default(Default::Str("=")).only_by_parser(),
]).shorthands(&[
    // In the order in which the parser looks at them: the last one written wins.
    operator("version"),
    operator("semver"),
    operator("regexp"),
    operator("set_contains"),
    Shorthand { hcl: "distinct_hosts", boolean: true, into: "RTarget" },
    Shorthand { hcl: "distinct_property", boolean: false, into: "LTarget" },
    // Accepted by the parser and then ignored: they may only be written as `operator`.
    Shorthand { hcl: "set_contains_all", boolean: false, into: "" },
    Shorthand { hcl: "set_contains_any", boolean: false, into: "" },
    Shorthand { hcl: "is_set", boolean: false, into: "" },
    Shorthand { hcl: "is_not_set", boolean: false, into: "" },
]);

/// A preference among nodes.
#[rustfmt::skip]
pub static AFFINITY: BlockType = BlockType::new("affinity", "Affinity", "A preference among nodes", &[
    Field::string("attribute", "LTarget", "What is looked at, as in `${node.datacenter}`"),
    Field::string("value", "RTarget", "What it is compared with"),
    Field::string("operator", "Operand", "How it is compared: `=`, `!=`, `>`, `regexp`, `version`, `set_contains_any`, …").default(Default::Str("=")).only_by_parser(),
    Field::int("weight", "Weight", Width::I8, "How strong the preference is, -100 to 100").null().default(Default::Int(50)),
]).shorthands(&[
    operator("version"),
    operator("semver"),
    operator("regexp"),
    operator("set_contains_any"),
    operator("set_contains_all"),
    operator("set_contains"),
]);

/// How allocations are spread over nodes.
#[rustfmt::skip]
pub static SPREAD: BlockType = BlockType::new("spread", "Spread", "How allocations are spread over the values of a node's attribute", &[
    Field::string("attribute", "Attribute", "The attribute, as in `${node.datacenter}`"),
    Field::int("weight", "Weight", Width::I8, "How strong the wish is, 1 to 100").null().default(Default::Int(50)),
    Field::blocks("target", "SpreadTarget", &SPREAD_TARGET, "The share of each value; evenly where there is none"),
]);

/// The share of one value.
#[rustfmt::skip]
pub static SPREAD_TARGET: BlockType = BlockType::new("target", "SpreadTarget", "The share of one value of the attribute", &[
    Field::string("", "Value", "The value"),
    Field::int("percent", "Percent", Width::U8, "Its share of the allocations, in percent"),
]).labels(&["Value"]);
