//! One type for everything that can be wrong, and one file a form in which it is shown.
//!
//! A step of the pipeline never prints: it returns [`Diagnostic`]s. Each carries a stable
//! [`Code`], a severity, the [`Place`] in the file that the user wrote, related places and
//! hints. Renderers (`text`, later `json`, `sarif`, …) turn a list of them into text.

pub mod catalog;
pub mod json;
mod source;
pub mod text;

use std::fmt;

pub use source::{Place, Position, Source};

use crate::secret::Concealer;

/// A kind of finding: stable identity, one-line meaning, and where the rule comes from.
///
/// Declared once as a `static` beside the check that reports it, with [`codes!`](crate::codes).
#[derive(Debug)]
pub struct Code {
    /// `P` and four digits; never reused.
    pub id: &'static str,
    /// What it means, in one line, for the reference page.
    pub title: &'static str,
    /// Where the rule comes from (a page of Nomad's documentation, a specification), or "".
    pub origin: &'static str,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// Declares the codes of one module: a `static` each, and `CODES`, the list of them.
///
/// ```
/// platy_manage::codes! {
///     /// A key stands twice in one mapping.
///     DUPLICATE_KEY = "P0102", "a key stands twice in one mapping", "YAML 1.2.2, 3.2.1.3";
/// }
/// assert_eq!(CODES[0].id, "P0102");
/// ```
#[macro_export]
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $title:literal, $origin:literal;)+) => {
        $($(#[$doc])* pub static $name: $crate::diagnostic::Code =
            $crate::diagnostic::Code { id: $id, title: $title, origin: $origin };)+
        /// Every code that this module declares, in order.
        pub static CODES: &[&$crate::diagnostic::Code] = &[$(&$name),+];
    };
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Accepted, and probably not meant.
    Warning,
    /// Refused.
    Error,
}

/// A place with a few words on why it matters.
#[derive(Debug, Clone)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// Why it is shown; may be empty for the primary place.
    pub text: String,
}

/// One finding: what is wrong, where, and what to do.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// The kind of finding.
    pub code: &'static Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line, without a full stop; values stand in backticks.
    pub message: String,
    /// Where it is wrong; `None` only for what stands in no file.
    pub primary: Option<Label>,
    /// Other places that explain it.
    pub related: Vec<Label>,
    /// What to do: one sentence each, never glued into the message.
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// An error of this kind.
    pub fn error(code: &'static Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// A warning of this kind.
    pub fn warning(code: &'static Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    fn new(code: &'static Code, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            primary: None,
            related: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Says where.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        self.at_with(place, "")
    }

    /// Says where, with a few words that stand beside the marked text.
    #[must_use]
    pub fn at_with(mut self, place: Place, text: impl Into<String>) -> Self {
        self.primary = Some(Label { place, text: text.into() });
        self
    }

    /// Adds a place that explains the finding.
    #[must_use]
    pub fn related(mut self, place: Place, text: impl Into<String>) -> Self {
        self.related.push(Label { place, text: text.into() });
        self
    }

    /// Adds a sentence on what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds "did you mean" if one of `known` is close to `name`.
    #[must_use]
    pub fn did_you_mean<'a>(self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(name, known) {
            Some(near) => self.hint(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// Whether this finding refuses the input.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    /// One line: `FILE:LINE:COL: message [CODE]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = Concealer::of([self]).shown(self);
        if let Some(label) = &shown.primary {
            write!(f, "{}: ", label.place)?;
        }
        write!(f, "{} [{}]", shown.message, shown.code)
    }
}

/// The member of `known` that `name` was probably meant to be, if one is close enough.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = name.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|candidate| {
            let other = candidate.to_lowercase().replace('-', "_");
            (strsim::damerau_levenshtein(&folded, &other), candidate)
        })
        .filter(|(distance, candidate)| *distance <= 1.max(candidate.chars().count() / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Why a command could not do what it was asked; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// No code of its own (1).
    Other,
    /// A config is invalid (3).
    Invalid,
    /// The deployment failed, or was reverted (4).
    DeploymentFailed,
    /// The running job moved since it was planned (5).
    Stale,
    /// A guard refused (6).
    Refused,
    /// The cluster cannot be reached (7).
    Unreachable,
    /// Some allocations cannot be placed (8).
    Unplaceable,
    /// Timed out (9).
    TimedOut,
    /// The canaries were not healthy for long enough to be promoted (10).
    NotPromoted,
    /// The command line is wrong (64).
    Usage,
    /// Interrupted (130).
    Interrupted,
}

impl FailureKind {
    /// The exit code of the process, as docs/exit-codes.md lists them.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Invalid => 3,
            Self::DeploymentFailed => 4,
            Self::Stale => 5,
            Self::Refused => 6,
            Self::Unreachable => 7,
            Self::Unplaceable => 8,
            Self::TimedOut => 9,
            Self::NotPromoted => 10,
            Self::Usage => 64,
            Self::Interrupted => 130,
        }
    }
}

/// A failed step: its kind and the diagnostics that explain it (at least one error).
#[derive(Debug, Clone)]
pub struct Failure {
    /// Decides the exit code.
    pub kind: FailureKind,
    /// What to show.
    pub diagnostics: Vec<Diagnostic>,
}

impl Failure {
    /// A failure with one diagnostic.
    pub fn new(kind: FailureKind, diagnostic: Diagnostic) -> Self {
        Self { kind, diagnostics: vec![diagnostic] }
    }

    /// Whether this is among what went wrong.
    pub fn has(&self, code: &Code) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.code.id == code.id)
    }

    /// An invalid config.
    pub fn invalid(diagnostics: Vec<Diagnostic>) -> Self {
        Self { kind: FailureKind::Invalid, diagnostics }
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::new(FailureKind::Invalid, diagnostic)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.diagnostics.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// The result of a step whose failure decides an exit code.
pub type Result<T> = std::result::Result<T, Failure>;
