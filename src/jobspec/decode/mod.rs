//! Decode: the body of a job file becomes the tree of a job, by the declarations in `blocks/`.
//!
//! What Nomad's parser refuses is refused, at the same place; all mistakes of a file are found.
//! `normalize` then does what that parser does after decoding.

mod body;
mod dynamic;
mod normalize;
mod places;
mod value;

pub(in crate::jobspec) use self::body::check_labels;
use super::Job;
use super::blocks::JOB;
use super::eval::expression::{Evaluator, Scope};
use super::syntax::{self, Block, Body, Span, Structure};
use super::tree::{Node, Object, Value};
use super::variables::{self, Variables};
use crate::diagnostic::{Diagnostic, Source};

crate::codes! {
    /// An attribute that the block does not have.
    UNKNOWN_ATTRIBUTE = "P0440", "an attribute that the block does not have", "Nomad documentation, job specification";
    /// A block that is not known here.
    UNKNOWN_BLOCK = "P0441", "a block that is not known here", "Nomad documentation, job specification";
    /// A value of the wrong type.
    UNSUITABLE = "P0442", "an attribute's value is of the wrong type", "Nomad documentation, job specification";
    /// A block that may be there once.
    DUPLICATE_BLOCK = "P0443", "a block that may be there only once", "Nomad documentation, job specification";
    /// Something required is missing.
    MISSING = "P0444", "a required attribute, label or block is missing", "Nomad documentation, job specification";
    /// A label that the block does not take.
    EXTRA_LABEL = "P0445", "a label that the block does not take", "Nomad documentation, job specification";
    /// A `dynamic` block that is not complete.
    DYNAMIC = "P0446", "a `dynamic` block is wrong", "HCL, dynamic blocks extension";
    /// A scaling policy that cannot be.
    SCALING = "P0447", "a scaling policy is wrong", "Nomad documentation, scaling block";
}

/// Decodes one file.
pub(super) struct Decoder<'a> {
    pub(super) evaluator: Evaluator<'a>,
}

/// Reads a job file: HCL to a job as Nomad's parser makes it.
///
/// # Errors
/// Every mistake in the file and in the given variables.
pub(super) fn hcl(source: &Source, given: &Variables) -> Result<Job, Vec<Diagnostic>> {
    let (body, errors) = syntax::parse(source.text());
    if !errors.is_empty() {
        return Err(errors.iter().map(|error| error.to_diagnostic(source)).collect());
    }
    let mut evaluator = Evaluator::new(source);
    evaluator.files = given.folders.as_ref();
    top_level(&evaluator, &body);
    if evaluator.problem_count() == 0 {
        variables::resolve(&mut evaluator, &body, given);
    }
    let decoder = Decoder { evaluator };
    // With a variable unset, what uses it cannot be judged.
    let problems = decoder.evaluator.take_problems();
    if !problems.is_empty() {
        return Err(problems);
    }
    let root = decoder.job(&body);
    let problems = decoder.evaluator.take_problems();
    match root {
        Some(root) if problems.is_empty() => Ok(Job { source: Some(source.clone()), ..Job::from_root(root) }),
        _ => Err(problems),
    }
}

/// What may stand at the top of a job file.
const TOP: [(&str, usize); 4] = [("job", 1), ("variable", 1), ("variables", 0), ("locals", 0)];

fn top_level(evaluator: &Evaluator<'_>, body: &Body<'_>) {
    for structure in &body.structures {
        match structure {
            Structure::Attribute(attribute) => evaluator.report(
                evaluator
                    .error(
                        &UNKNOWN_ATTRIBUTE,
                        attribute.name.span,
                        format!(
                            "Unsupported argument: an argument named `{}` is not expected here",
                            attribute.name.name
                        ),
                    )
                    .hint("a job file has the blocks `job`, `variable`, `variables` and `locals`"),
            ),
            Structure::Block(block) => match TOP.iter().find(|(name, _)| *name == block.ident.name) {
                Some((_, labels)) => {
                    let names: &[&str] = if *labels == 1 { &["name"] } else { &[] };
                    body::check_labels(evaluator, block, names);
                }
                None => evaluator.report(
                    evaluator
                        .error(
                            &UNKNOWN_BLOCK,
                            block.ident.span,
                            format!(
                                "Unsupported block type: blocks of type `{}` are not expected here",
                                block.ident.name
                            ),
                        )
                        .did_you_mean(block.ident.name, TOP.map(|(name, _)| name))
                        .hint("a job file has the blocks `job`, `variable`, `variables` and `locals`"),
                ),
            },
        }
    }
}

impl Decoder<'_> {
    /// The one `job` block.
    fn job(&self, body: &Body<'_>) -> Option<Object> {
        let jobs: Vec<&Block<'_>> = body.blocks("job").collect();
        let Some(first) = jobs.first() else {
            let end = body.span.end;
            self.evaluator.report(
                self.evaluator
                    .error(&MISSING, Span { start: end, end }, "Missing job block: a job block is required")
                    .hint("a job file has one block `job \"NAME\" { … }`"),
            );
            return None;
        };
        for other in &jobs[1..] {
            self.duplicate("job", other.header(), first.header());
        }
        let mut decoded = self.body(&JOB, &first.body, first.open, &Scope::ROOT);
        decoded.object.span = Some(first.header());
        let handed = decoded.take_inherited();
        let mut root = decoded.object;
        let label = first.labels.first()?;
        let label = Node { value: Value::Str(label.text.clone().into_owned()), span: Some(label.span) };
        normalize::job(self, &mut root, label, handed);
        Some(root)
    }

    /// Reports a block that is there twice.
    pub(super) fn duplicate(&self, name: &str, again: Span, first: Span) {
        self.evaluator.report(
            self.evaluator
                .error(&DUPLICATE_BLOCK, again, format!("Duplicate {name} block: only one is allowed"))
                .related(self.evaluator.source.place(first.range()), "first here"),
        );
    }
}
