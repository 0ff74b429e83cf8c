//! The body of a declared block: its attributes, nested blocks, labels and free parts.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::value::{free, text};
use super::{
    DUPLICATE_BLOCK, Decoder, EXTRA_LABEL, MISSING, UNKNOWN_ATTRIBUTE, UNKNOWN_BLOCK, UNSUITABLE, places,
};
use crate::diagnostic::nearest;
use crate::jobspec::blocks::GROUP;
use crate::jobspec::declare::{BlockType, Default, Field, MapForm, Type};
use crate::jobspec::eval::expression::{Evaluator, Scope};
use crate::jobspec::syntax::{Attribute, Block, Body, ExprKind, Span, Structure};
use crate::jobspec::tree::{self, Node, Object};

/// A decoded block with what it hands down to the tasks inside (`vault` in a group).
pub(super) struct Decoded {
    pub object: Object,
    /// Blocks of the declaration's `inherited`, by their HCL name.
    pub inherited: Vec<(&'static str, Object)>,
    /// The headers of the nested blocks that may be there once, by their HCL name.
    seen: Vec<(&'static str, Span)>,
}

/// A block to decode: one of the file, or one that a `dynamic` block makes.
pub(super) struct Written<'b, 's> {
    /// What stands before its brace; of one that was made, the `dynamic` block's.
    pub header: Span,
    pub labels: Vec<(Cow<'b, str>, Span)>,
    pub open: Span,
    pub body: &'b Body<'s>,
}

impl<'b, 's> Written<'b, 's> {
    /// A block of the file.
    pub(super) fn from_file(block: &'b Block<'s>) -> Self {
        Self {
            header: block.header(),
            labels: block.labels.iter().map(|label| (Cow::Borrowed(&*label.text), label.span)).collect(),
            open: block.open,
            body: &block.body,
        }
    }
}

impl Decoded {
    /// Takes what it hands down.
    pub(super) fn take_inherited(&mut self) -> Vec<(&'static str, Object)> {
        std::mem::take(&mut self.inherited)
    }
}

/// Checks that a block has just the labels that its type has.
pub(in crate::jobspec) fn check_labels(evaluator: &Evaluator<'_>, block: &Block<'_>, names: &[&str]) -> bool {
    let name = block.ident.name;
    if let Some(extra) = block.labels.get(names.len()) {
        let takes = if names.is_empty() {
            "no label".to_owned()
        } else {
            format!("only {} ({})", names.len(), names.join(", "))
        };
        evaluator.report(evaluator.error(
            &EXTRA_LABEL,
            extra.span,
            format!("Extraneous label for {name}: a {name} block takes {takes}"),
        ));
        return false;
    }
    if let Some(missing) = names.get(block.labels.len()) {
        evaluator.report(
            evaluator
                .error(
                    &MISSING,
                    block.open,
                    format!("Missing {missing} for {name}: every {name} block has a label"),
                )
                .hint(format!("write `{name} \"NAME\" {{`")),
        );
        return false;
    }
    true
}

impl Decoder<'_> {
    /// A block of this type.
    fn object(&self, ty: &'static BlockType, block: &Written<'_, '_>, scope: &Scope<'_>) -> Decoded {
        let mut decoded = self.body(ty, block.body, block.open, scope);
        decoded.object.span = Some(block.header);
        for ((text, span), json) in block.labels.iter().zip(ty.labels) {
            Self::label(ty, &mut decoded.object, json, text, *span);
        }
        decoded
    }

    /// Sets the field of a label.
    fn label(ty: &'static BlockType, object: &mut Object, json: &str, text: &str, span: Span) {
        let word = ty.label_words.iter().find(|(word, _)| text.eq_ignore_ascii_case(word));
        let text = word.map_or(text, |(_, value)| value);
        if let Some(node) = object.get_mut(json) {
            *node = Node { value: tree::Value::Str(text.to_owned()), span: Some(span) };
        }
    }

    /// A body of this type; `open` is where its brace stands.
    pub(super) fn body(
        &self,
        ty: &'static BlockType,
        body: &Body<'_>,
        open: Span,
        scope: &Scope<'_>,
    ) -> Decoded {
        let mut decoded = Decoded { object: Object::new(ty), inherited: Vec::new(), seen: Vec::new() };
        let mut shorthands: Vec<(usize, Node)> = Vec::new();
        for structure in &body.structures {
            match structure {
                Structure::Attribute(attribute) => {
                    // Of `env = …` and `env { … }` the block is read.
                    let block = if is_either(ty, attribute.name.name) {
                        body.blocks(attribute.name.name).next()
                    } else {
                        None
                    };
                    match block {
                        Some(block) => self.twice(attribute.name.name, block.header()),
                        None => {
                            self.known_attribute(ty, attribute, scope, &mut decoded.object, &mut shorthands);
                        }
                    }
                }
                Structure::Block(block) if block.ident.name == "dynamic" => {
                    self.dynamic(ty, block, scope, &mut decoded);
                }
                Structure::Block(block) => {
                    let Some(field) = self.block_field(ty, block.ident.name, block.ident.span) else {
                        continue;
                    };
                    if check_labels(&self.evaluator, block, label_names(field)) {
                        self.nested(ty, field, &Written::from_file(block), scope, &mut decoded);
                    }
                }
            }
        }
        self.apply_shorthands(ty, shorthands, &mut decoded.object);
        for (field, node) in ty.fields.iter().zip(&mut decoded.object.fields) {
            if !node.is_null() {
                continue;
            }
            if field.required && body.attributes().all(|attribute| attribute.name.name != field.hcl) {
                self.evaluator.report(self.evaluator.error(
                    &MISSING,
                    self.missing_at(open, body),
                    format!("Missing required argument: the argument `{}` is required, but no definition was found", field.hcl),
                ));
            } else if field.parser_fills {
                node.value = default(field);
            }
        }
        decoded
    }

    fn known_attribute(
        &self,
        ty: &'static BlockType,
        attribute: &Attribute<'_>,
        scope: &Scope<'_>,
        object: &mut Object,
        shorthands: &mut Vec<(usize, Node)>,
    ) {
        let name = attribute.name.name;
        if let Some((i, field)) = ty.by_hcl(name) {
            let takes = !matches!(
                field.ty,
                Type::StringMap(MapForm::Block)
                    | Type::ListMap
                    | Type::Any
                    | Type::Block(_)
                    | Type::Blocks(_)
                    | Type::BlockMap(_)
            );
            if takes {
                // It was written, even if it is wrong.
                object.fields[i].span = Some(attribute.expr.span);
                if let Some(node) = self.attribute(ty, field, &attribute.expr, scope) {
                    object.fields[i] = node;
                }
                return;
            }
        }
        if let Some((i, short)) = ty.shorthands.iter().enumerate().find(|(_, short)| short.hcl == name) {
            let Some(value) = self.evaluator.eval(&attribute.expr, scope) else { return };
            if value.is_null() {
                return;
            }
            let converted = if short.boolean {
                value.to_bool().map(|truth| truth.to_string()).ok_or_else(|| "a bool is required".to_owned())
            } else {
                text(value)
            };
            match converted {
                Ok(text) => {
                    shorthands
                        .push((i, Node { value: tree::Value::Str(text), span: Some(attribute.expr.span) }));
                }
                Err(why) => self.evaluator.report(self.evaluator.error(
                    &UNSUITABLE,
                    attribute.expr.span,
                    format!("Incorrect attribute value type: inappropriate value for `{name}`: {why}"),
                )),
            }
            return;
        }
        let is_block = ty.by_hcl(name).is_some() || ty.inherited.iter().any(|field| field.hcl == name);
        let diagnostic = self.evaluator.error(
            &UNKNOWN_ATTRIBUTE,
            attribute.name.span,
            format!("Unsupported argument: an argument named `{name}` is not expected in `{}`", ty.name),
        );
        self.evaluator.report(if is_block {
            diagnostic.hint(format!("`{name}` is a block: write `{name} {{ … }}` without `=`"))
        } else {
            diagnostic.hint(names_hint(ty, name))
        });
    }

    /// Where what is missing in a body is missed: at its brace, or at the one argument of a body
    /// on one line.
    pub(super) fn missing_at(&self, open: Span, body: &Body<'_>) -> Span {
        let text = self.evaluator.source.text().get(body.span.range()).unwrap_or_default();
        match &body.structures[..] {
            [Structure::Attribute(attribute)] if !text.contains('\n') => attribute.name.span,
            _ => open,
        }
    }

    /// A field that was set by an attribute and by a block.
    fn twice(&self, name: &str, span: Span) {
        self.evaluator.report(self.evaluator.error(
            &DUPLICATE_BLOCK,
            span,
            format!("Duplicate {name} block: {name} may not be defined more than once"),
        ));
    }

    /// The field that holds blocks of this name.
    pub(super) fn block_field(
        &self,
        ty: &'static BlockType,
        name: &str,
        span: Span,
    ) -> Option<&'static Field> {
        let own = ty.by_hcl(name).map(|(_, field)| field);
        let field = own.or_else(|| ty.inherited.iter().find(|field| field.hcl == name));
        match field {
            Some(field)
                if matches!(
                    field.ty,
                    Type::StringMap(MapForm::Block | MapForm::Either)
                        | Type::ListMap
                        | Type::Any
                        | Type::Block(_)
                        | Type::Blocks(_)
                        | Type::BlockMap(_)
                ) =>
            {
                Some(field)
            }
            Some(_) => {
                self.evaluator.report(
                    self.evaluator
                        .error(
                            &UNKNOWN_BLOCK,
                            span,
                            format!("Unsupported block type: blocks of type `{name}` are not expected here"),
                        )
                        .hint(format!("`{name}` is an argument: write `{name} = …`")),
                );
                None
            }
            None => {
                self.evaluator.report(
                    self.evaluator
                        .error(
                            &UNKNOWN_BLOCK,
                            span,
                            format!(
                                "Unsupported block type: blocks of type `{name}` are not expected in `{}`",
                                ty.name
                            ),
                        )
                        .hint(names_hint(ty, name)),
                );
                None
            }
        }
    }

    /// Puts a nested block into its field.
    pub(super) fn nested(
        &self,
        ty: &'static BlockType,
        field: &'static Field,
        block: &Written<'_, '_>,
        scope: &Scope<'_>,
        into: &mut Decoded,
    ) {
        // Of what a group hands down, Nomad's parser takes the last one, and forgets its mistakes.
        let lax = field.json.is_empty() && std::ptr::eq(ty, &raw const GROUP);
        if !lax && !may_repeat(field) {
            if let Some((_, first)) = into.seen.iter().find(|(name, _)| *name == field.hcl) {
                self.duplicate(field.hcl, block.header, *first);
                return;
            }
            into.seen.push((field.hcl, block.header));
        }
        if let Some(inner) = field.block_type() {
            let before = self.evaluator.problem_count();
            let decoded = self.object(inner, block, scope);
            if lax {
                self.evaluator.forget_problems(before);
            }
            self.place(ty, field, decoded, into);
            return;
        }
        let Some((i, _)) = ty.by_hcl(field.hcl) else { return };
        let value = match field.ty {
            Type::Any => {
                let mut map = self.free_body(block.body, scope);
                // A null of the block's own is as if it were not written; deeper ones stay.
                map.retain(|_, node| !node.is_null());
                tree::Value::Map(map)
            }
            Type::ListMap => self.list_map(block.body, scope),
            _ => self.string_map(block.body, scope),
        };
        into.object.fields[i] = Node { value, span: Some(block.header) };
    }

    /// Puts a decoded block into its field.
    fn place(&self, ty: &'static BlockType, field: &'static Field, mut decoded: Decoded, into: &mut Decoded) {
        if field.json.is_empty() {
            into.inherited.push((field.hcl, decoded.object));
            return;
        }
        let Some((i, _)) = ty.by_hcl(field.hcl) else { return };
        let handed = decoded.take_inherited();
        super::normalize::inside(self, &mut decoded.object, handed);
        let span = decoded.object.span;
        let label = decoded.object.ty.labels.first().map(|json| decoded.object.str(json).to_owned());
        let node = Node { value: tree::Value::Object(Box::new(decoded.object)), span };
        let slot = &mut into.object.fields[i].value;
        match field.ty {
            Type::Blocks(_) => match slot {
                tree::Value::List(list) => list.push(node),
                _ => *slot = tree::Value::List(vec![node]),
            },
            Type::BlockMap(_) => {
                let label = label.unwrap_or_default();
                match slot {
                    tree::Value::Map(map) => {
                        map.insert(label, node);
                        map.sort_keys();
                    }
                    _ => *slot = tree::Value::Map(IndexMap::from([(label, node)])),
                }
            }
            _ => into.object.fields[i] = node,
        }
    }

    fn apply_shorthands(&self, ty: &'static BlockType, mut written: Vec<(usize, Node)>, object: &mut Object) {
        // In the order in which Nomad's parser looks at them; the last one wins.
        written.sort_by_key(|(i, _)| *i);
        for (i, node) in written {
            let short = &ty.shorthands[i];
            let empty = node.as_str().is_some_and(str::is_empty);
            if short.into.is_empty() || empty {
                continue;
            }
            let span = node.span;
            if let Some(slot) = object.get_mut(short.into) {
                *slot = node;
            }
            if let Some(slot) = object.get_mut("Operand") {
                *slot = Node { value: tree::Value::from(short.hcl), span };
            }
        }
        // `operator = ""` reads as the default too.
        if ty.by_json("Operand").is_some() && object.str("Operand").is_empty() {
            object.set("Operand", tree::Value::Null);
        }
    }

    /// `env { A = "b" }`: a map from name to text, sorted by name as Go writes maps.
    fn string_map(&self, body: &Body<'_>, scope: &Scope<'_>) -> tree::Value {
        let mut map = IndexMap::new();
        for structure in &body.structures {
            match structure {
                Structure::Attribute(attribute) => {
                    let Some(value) = self.evaluator.eval(&attribute.expr, scope) else { continue };
                    match text(value) {
                        Ok(text) => {
                            let node =
                                Node { value: tree::Value::Str(text), span: Some(attribute.expr.span) };
                            map.insert(attribute.name.name.to_owned(), node);
                        }
                        Err(why) => self.evaluator.report(self.evaluator.error(
                            &UNSUITABLE,
                            self.evaluator.start(&attribute.expr),
                            format!("Unsuitable value type for `{}`: {why}", attribute.name.name),
                        )),
                    }
                }
                Structure::Block(block) => self.evaluator.report(self.evaluator.error(
                    &UNSUITABLE,
                    block.open,
                    format!("Unsuitable value type: `{}` must be a text, not a block", block.ident.name),
                )),
            }
        }
        map.sort_keys();
        tree::Value::Map(map)
    }

    /// `header { Accept = ["a"] }`: a map from name to texts.
    fn list_map(&self, body: &Body<'_>, scope: &Scope<'_>) -> tree::Value {
        let mut map = IndexMap::new();
        for structure in &body.structures {
            let Structure::Attribute(attribute) = structure else {
                if let Structure::Block(block) = structure {
                    self.evaluator.report(self.evaluator.error(
                        &UNSUITABLE,
                        block.open,
                        format!(
                            "Unsuitable value type: `{}` must be a list of texts, not a block",
                            block.ident.name
                        ),
                    ));
                }
                continue;
            };
            let field = Field::strings("", "", "");
            let named = Field { hcl: "a header", ..field };
            if let Some(node) = self.attribute_of(&named, &attribute.expr, scope) {
                map.insert(attribute.name.name.to_owned(), node);
            }
        }
        map.sort_keys();
        tree::Value::Map(map)
    }

    /// The body of a driver's `config`: any attributes, and blocks as lists of maps. Blocks take the place of an
    /// attribute of their name.
    pub(super) fn free_body(&self, body: &Body<'_>, scope: &Scope<'_>) -> IndexMap<String, Node> {
        let mut map: IndexMap<String, Node> = IndexMap::new();
        let mut blocks: IndexMap<String, Node> = IndexMap::new();
        for structure in &body.structures {
            match structure {
                Structure::Attribute(attribute) => {
                    let Some(value) = self.evaluator.eval(&attribute.expr, scope) else { continue };
                    let mut node = Node { value: free(value), span: Some(attribute.expr.span) };
                    if has_infinity(&node.value) {
                        self.evaluator.report(self.evaluator.error(
                            &UNSUITABLE,
                            self.evaluator.start(&attribute.expr),
                            format!(
                                "Unsuitable value for `{}`: JSON has no number so large",
                                attribute.name.name
                            ),
                        ));
                    }
                    places::note(&mut node.value, &attribute.expr);
                    // A map that is written out reads as a block: a list of one map.
                    if matches!(attribute.expr.kind, ExprKind::Object(_)) {
                        node = Node { span: node.span, value: tree::Value::List(vec![node]) };
                    }
                    map.insert(attribute.name.name.to_owned(), node);
                }
                Structure::Block(block) => {
                    let span = Some(block.header());
                    let mut inner = tree::Value::Map(self.free_body(&block.body, scope));
                    for label in block.labels.iter().rev() {
                        let list = tree::Value::List(vec![Node { value: inner, span }]);
                        inner = tree::Value::Map(IndexMap::from([(
                            label.text.clone().into_owned(),
                            list.into(),
                        )]));
                    }
                    let node = Node { value: inner, span };
                    match blocks.get_mut(block.ident.name).map(|node| &mut node.value) {
                        Some(tree::Value::List(list)) => list.push(node),
                        _ => {
                            let list = Node { value: tree::Value::List(vec![node]), span };
                            blocks.insert(block.ident.name.to_owned(), list);
                        }
                    }
                }
            }
        }
        map.extend(blocks);
        map.sort_keys();
        map
    }
}

/// Whether there is a number in a free value that JSON cannot hold.
fn has_infinity(value: &tree::Value) -> bool {
    match value {
        tree::Value::Float(number) => number.is_infinite(),
        tree::Value::List(items) => items.iter().any(|node| has_infinity(&node.value)),
        tree::Value::Map(members) => members.values().any(|node| has_infinity(&node.value)),
        _ => false,
    }
}

/// What the labels of the blocks in a field are called.
pub(super) fn label_names(field: &Field) -> &'static [&'static str] {
    match field.block_type() {
        Some(inner) if inner.labels.len() == 1 => &["name"],
        _ => &[],
    }
}

/// Whether there may be several blocks of a field.
pub(super) fn may_repeat(field: &Field) -> bool {
    matches!(field.ty, Type::Blocks(_) | Type::BlockMap(_))
}

/// Whether a map may be written as an attribute or as a block.
fn is_either(ty: &BlockType, name: &str) -> bool {
    ty.by_hcl(name).is_some_and(|(_, field)| matches!(field.ty, Type::StringMap(MapForm::Either)))
}

/// The constant that the parser itself fills in.
fn default(field: &Field) -> tree::Value {
    match field.default {
        Default::Str(text) => text.into(),
        Default::Bool(truth) => tree::Value::Bool(truth),
        Default::Int(number) => tree::Value::Int(number),
        Default::Seconds(seconds) => tree::Value::Int(seconds * 1_000_000_000),
        Default::Empty => match field.ty {
            Type::StringMap(_) => tree::Value::Map(IndexMap::new()),
            _ => tree::Value::List(Vec::new()),
        },
        Default::None | Default::Block => tree::Value::Null,
    }
}

/// The nearest known name, or all of them.
fn names_hint(ty: &'static BlockType, name: &str) -> String {
    match nearest(name, ty.hcl_names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("`{}` has: {}", ty.name, ty.hcl_names().collect::<Vec<_>>().join(", ")),
    }
}
