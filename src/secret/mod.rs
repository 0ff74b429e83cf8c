//! Secrets in what people are shown: which values look like one, and what stands in their place.
//!
//! A [`Masker`] replaces a secret by `‹secret 3fa9c1›`, where the six digits are a keyed
//! fingerprint: the same value has the same one, a changed value another, and without the
//! caller's key nobody can test guesses against it. What counts as a secret is decided here
//! only: a diff hides all that the finding "a literal secret in YAML" complains of, and more.
//!
//! It is a heuristic: a mask errs on the side of hiding, a finding ([`find_certain`]) on the other. Both leave
//! alone what would make diffs useless, with three exceptions that would make
//! diffs useless: commit hashes and digests, references such as `${var}` or `{{ with secret }}`,
//! and names of things (`token_file`, `secret_name`).

mod certain;
mod find;
mod findings;
mod job;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

pub use certain::find_certain;
pub use find::{find, find_in_text, is_secret_name};
pub use findings::{Concealer, hidden, redraw};
pub use job::{Literal, find_in_job, listed_name};

/// Why a text is taken for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its name says so: `DB_PASSWORD`.
    Name,
    /// It is a password in an address: `postgres://app:hunter2@db`.
    Url,
    /// It has the form of a known kind of token, or of a private key.
    Known,
    /// It looks random.
    Random,
    /// The caller said so: a variable declared secret.
    Declared,
}

impl Why {
    /// In words, to follow "looks like a secret: ".
    pub fn words(self) -> &'static str {
        match self {
            Self::Name => "its name says so",
            Self::Url => "an address with a password in it",
            Self::Known => "it has the form of an access token or private key",
            Self::Random => "it looks random",
            Self::Declared => "it is declared secret",
        }
    }
}

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The bytes of the text that are secret.
    pub range: Range<usize>,
    /// What gave it away.
    pub why: Why,
}

/// Puts fingerprints in the place of secrets.
#[derive(Clone)]
pub struct Masker {
    key: [u8; 64],
    declared: Vec<String>,
}

/// Shows neither the key nor the values.
impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masker").field("declared", &self.declared.len()).finish_non_exhaustive()
    }
}

impl Masker {
    /// A masker whose fingerprints depend on `key`.
    ///
    /// The key should be random and stay on the machine, or in the CI's secrets; the same key gives
    /// comparable fingerprints from one run to the next.
    pub fn new(key: &[u8]) -> Self {
        let mut block = [0; 64];
        if key.len() > block.len() {
            block[..32].copy_from_slice(&Sha256::digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        Self { key: block, declared: Vec::new() }
    }

    /// Masks these values too, wherever they stand. Values under four bytes are left out: they
    /// would be found in the middle of everything.
    #[must_use]
    pub fn declare(mut self, values: impl IntoIterator<Item = String>) -> Self {
        self.declared.extend(values.into_iter().filter(|value| value.len() >= 4));
        // A value that holds another must be found first.
        self.declared.sort_by_key(|value| std::cmp::Reverse(value.len()));
        self.declared.dedup();
        self
    }

    /// The mask of a secret: `‹secret 3fa9c1›`, from HMAC-SHA-256 (RFC 2104).
    pub fn mask(&self, secret: &str) -> String {
        let keyed = |pad: u8| self.key.map(|byte| byte ^ pad);
        let inner = Sha256::new().chain_update(keyed(0x36)).chain_update(secret).finalize();
        let outer = Sha256::new().chain_update(keyed(0x5c)).chain_update(inner).finalize();
        format!("‹secret {:02x}{:02x}{:02x}›", outer[0], outer[1], outer[2])
    }

    /// A value that stands under a name, fit to be shown.
    pub fn value<'a>(&self, name: &str, value: &'a str) -> Cow<'a, str> {
        self.apply(value, self.declared_in(value).chain(find(name, value)).collect())
    }

    /// A free text (a template, a job file), fit to be shown.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.apply(text, self.declared_in(text).chain(find_in_text(text)).collect())
    }

    /// Whether [`Masker::value`] would hide some of it.
    pub fn hides(&self, name: &str, value: &str) -> bool {
        self.declared_in(value).next().is_some() || !find(name, value).is_empty()
    }

    fn declared_in<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Finding> + 'a {
        self.declared.iter().flat_map(|value| {
            let found = text.match_indices(value.as_str());
            found.map(|(at, _)| Finding { range: at..at + value.len(), why: Why::Declared })
        })
    }

    fn apply<'a>(&self, text: &'a str, mut findings: Vec<Finding>) -> Cow<'a, str> {
        if findings.is_empty() {
            return Cow::Borrowed(text);
        }
        findings.sort_by_key(|found| (found.range.start, std::cmp::Reverse(found.range.end)));
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        let mut rest = findings.into_iter().peekable();
        while let Some(found) = rest.next() {
            // Findings that overlap are one secret.
            let mut range = found.range;
            while let Some(next) = rest.next_if(|next| next.range.start < range.end) {
                range.end = range.end.max(next.range.end);
            }
            out.push_str(&text[at..range.start]);
            out.push_str(&self.mask(&text[range.clone()]));
            at = range.end;
        }
        out.push_str(&text[at..]);
        Cow::Owned(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masker() -> Masker {
        Masker::new(b"test key")
    }

    #[test]
    fn names() {
        for name in [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "api_key",
            "apiKey",
            "APIKey",
            "API_TOKEN",
            "private-key",
            "--auth-token",
            "secret",
            "SECRET_KEY_BASE2",
            "aws.secretAccessKey",
            "passphrase",
            "client_secret",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "token_file",
            "secretName",
            "password_min_length",
            "key",
            "keys",
            "max_tokens",
            "tokenizer",
            "compass",
            "monkey",
            "secrets_mb",
            "public_key",
            "access_key_id",
            "token_ttl",
            "",
            "partition_key",
            "sort-key",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn values_under_a_secret_name() {
        let masker = masker();
        let hidden = masker.value("DB_PASSWORD", "hunter2");
        assert_eq!(hidden, masker.mask("hunter2"));
        assert_ne!(hidden, masker.value("DB_PASSWORD", "hunter3"));
        assert_ne!(hidden, Masker::new(b"another key").value("DB_PASSWORD", "hunter2"));
        for shown in [
            "",
            "true",
            "${DB_PASSWORD}",
            "{{ with secret \"x\" }}{{ .Data.p }}{{ end }}",
            "$PASSWORD",
            "<redacted>",
        ] {
            assert_eq!(masker.value("password", shown), shown);
        }
    }

    #[test]
    fn the_mask_is_hmac_sha256() {
        // RFC 4231, test case 2: key "Jefe", data "what do ya want for nothing?" gives 5bdcc146bf….
        assert_eq!(Masker::new(b"Jefe").mask("what do ya want for nothing?"), "‹secret 5bdcc1›");
    }

    #[test]
    fn only_the_secret_part_is_hidden() {
        let masker = masker();
        let m = |secret: &str| masker.mask(secret);
        for (name, value, shown) in [
            ("URL", "postgres://app:hunter2@db:5432/x", format!("postgres://app:{}@db:5432/x", m("hunter2"))),
            ("", "--password=hunter2 --verbose", format!("--password={} --verbose", m("hunter2"))),
            (
                "dsn",
                "host=db user=app password='a b' x=1",
                format!("host=db user=app password='{}' x=1", m("a b")),
            ),
            ("", "https://x/y?token=abcdef&page=2", format!("https://x/y?token={}&page=2", m("abcdef"))),
            ("", r#"{"secret": "s3\"x", "n": 1}"#, format!(r#"{{"secret": "{}", "n": 1}}"#, m(r#"s3\"x"#))),
            (
                "h",
                "Authorization: Bearer abcdefghijklmnop",
                format!("Authorization: {}", m("Bearer abcdefghijklmnop")),
            ),
            ("k", "AKIAIOSFODNN7EXAMPLE", m("AKIAIOSFODNN7EXAMPLE")),
            (
                "k",
                "x wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY y",
                format!("x {} y", m("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")),
            ),
            ("k", "5f4dcc3b5aa765d61d8327deb882cf99", m("5f4dcc3b5aa765d61d8327deb882cf99")),
        ] {
            assert_eq!(masker.value(name, value), shown, "{name} {value}");
        }
    }

    #[test]
    fn harmless_values_are_shown() {
        let masker = masker();
        for (name, value) in [
            (
                "image",
                "registry.example.com/team/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            ),
            ("args", "/usr/local/share/elasticsearch/plugins/analysis-icu/2024-01-01"),
            ("githash", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"),
            ("x", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"),
            ("url", "http://${NOMAD_UPSTREAM_ADDR_count_api}/path"),
            ("source", "https://releases.example.com/nomad/1.0.0/nomad_1.0.0_linux_amd64.zip"),
            ("", "content_es_cluster_maintenance_2024"),
            ("", "ContentElasticSearchFillStoryIdWorker"),
            ("checksum", "md5:5f4dcc3b5aa765d61d8327deb882cf99"),
            ("vol", "a3bb189e-8bf9-3888-9912-ace4e6543002"),
            ("cmd", "password = os.getenv(\"PASSWORD\")"),
            ("", "the token: it is read from a file"),
            ("", "com.amazonaws.services.s3.model.GetObjectRequest2"),
        ] {
            if name.is_empty() && value.starts_with("the token") {
                // Prose after a secret's name is hidden: nobody can tell it from a passphrase.
                assert!(masker.hides(name, value));
            } else {
                assert_eq!(masker.value(name, value), value);
            }
        }
    }

    #[test]
    fn texts() {
        let masker = masker();
        let text = "user = app\npassword = hunter2\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nend\n";
        let shown = masker.text(text);
        assert!(!shown.contains("hunter2") && !shown.contains("MIIE"), "{shown}");
        assert!(
            shown.starts_with("user = app\npassword = ‹secret ") && shown.ends_with("›\nend\n"),
            "{shown}"
        );
        assert_eq!(masker.text(&shown), shown, "a mask is not masked again");
    }

    #[test]
    fn long_texts_take_no_longer_than_their_length() {
        let masker = masker();
        for piece in [
            "token:",
            "a:",
            "a=",
            "x",
            "\"",
            "password = ",
            "x; token=a; ",
            "token=\"",
            "://a:",
            "-----BEGIN PRIVATE KEY-----",
            "aB1/",
            "kX9fQ2vB7pLm3ZtR8wYcN5hJ ",
            "http://kX9fQ2vB7pLm3ZtR8wYcN5hJ.",
        ] {
            let long = piece.repeat(100_000 / piece.len());
            let _ = masker.text(&long);
            let _ = find_certain("x", &long);
        }
    }

    #[test]
    fn declared_values_are_hidden_everywhere() {
        let masker = masker().declare(["sesame".to_owned(), "open sesame".to_owned(), "x".to_owned()]);
        let shown = masker.value("greeting", "say open sesame, sesame x");
        assert_eq!(shown, format!("say {}, {} x", masker.mask("open sesame"), masker.mask("sesame")));
        assert!(!format!("{masker:?}").contains("sesame"));
    }
}
