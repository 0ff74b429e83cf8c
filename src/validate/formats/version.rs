//! Version constraints: `version` in HashiCorp's loose form, `semver` in the strict one.

use std::sync::LazyLock;

use regex::Regex;

/// A version with its parts; in the loose form the dash before a prerelease may be missing.
const LOOSE: &str = r"v?([0-9]+(?:\.[0-9]+)*?)(?:-(?:[0-9]+[0-9A-Za-z\-~]*(?:\.[0-9A-Za-z\-~]+)*)|(?:-?(?:[A-Za-z\-~]+[0-9A-Za-z\-~]*(?:\.[0-9A-Za-z\-~]+)*)))?(?:\+(?:[0-9A-Za-z\-~]+(?:\.[0-9A-Za-z\-~]+)*))??";
const STRICT: &str = r"v?([0-9]+(?:\.[0-9]+)*?)(?:-(?:[0-9]+[0-9A-Za-z\-~]*(?:\.[0-9A-Za-z\-~]+)*)|(?:-(?:[A-Za-z\-~]+[0-9A-Za-z\-~]*(?:\.[0-9A-Za-z\-~]+)*)))?(?:\+(?:[0-9A-Za-z\-~]+(?:\.[0-9A-Za-z\-~]+)*))??";

static VERSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(r"^[\t\n\f\r ]*(?:<=|>=|!=|~>|<|>|=|)[\t\n\f\r ]*{LOOSE}[\t\n\f\r ]*$")).ok()
});
static SEMVER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(r"^[\t\n\f\r ]*(?:<=|>=|!=|<|>|=|)[\t\n\f\r ]*{STRICT}[\t\n\f\r ]*$")).ok()
});

/// Which form of version constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `version`: also `~>`.
    Loose,
    /// `semver`.
    Strict,
}

/// The first part of a comma-separated constraint that is not one, if any.
pub fn first_bad(constraint: &str, form: Form) -> Option<&str> {
    let pattern = match form {
        Form::Loose => &*VERSION,
        Form::Strict => &*SEMVER,
    };
    let pattern = pattern.as_ref()?;
    constraint.split(',').find(|part| {
        let Some(found) = pattern.captures(part) else { return true };
        let numbers = found.get(1).map_or("", |m| m.as_str());
        numbers.split('.').any(|number| number.parse::<i64>().is_err())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_constraints() {
        for good in [">= 1.0", "~> 1.2.3", "1.0,< 2", "v1", "!=1.2-beta+x.y", "1.0rc1", "= 1"] {
            assert_eq!(first_bad(good, Form::Loose), None, "{good}");
        }
        for bad in ["abc", "", ">= ", "== 1.0", "1.0,", "1..2", "99999999999999999999"] {
            assert!(first_bad(bad, Form::Loose).is_some(), "{bad}");
        }
    }

    #[test]
    fn semver_knows_no_pessimistic_operator() {
        assert_eq!(first_bad("~> 1.0", Form::Strict), Some("~> 1.0"));
        assert_eq!(first_bad(">= 1.0.0-rc.1, < 2.0", Form::Strict), None);
        assert!(first_bad("1.0rc1", Form::Strict).is_some());
    }
}
