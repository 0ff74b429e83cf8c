//! What is surely enough a secret to complain of.
//!
//! A mask that hides too much costs little; a finding that is wrong costs trust. So findings and plan files go by
//! [`find_certain`], which takes out of [`find`] what is public by its form: addresses, paths, times, names made of
//! words, digests, IDs; and what only speaks of a secret.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::find::{
    assigned, find_in_text, is_digest_name, is_in, is_key_of_secret, is_literal, is_secret_name,
    is_secret_word, pattern, tail, words,
};
use super::{Finding, Why};

/// The secrets in a value that stands under a name, without those that may be none.
pub fn find_certain(name: &str, value: &str) -> Vec<Finding> {
    if is_secret_name(name) && is_literal(value) && is_secret_itself(name, value) {
        return vec![Finding { range: 0..value.len(), why: Why::Name }];
    }
    let names: Vec<(Range<usize>, &str)> = assigned(value);
    let public: Vec<Range<usize>> = PUBLIC.find_iter(value).map(|found| found.range()).collect();
    let mut found = find_in_text(value);
    found.retain(|finding| {
        let secret = &value[finding.range.clone()];
        match finding.why {
            Why::Known | Why::Url | Why::Declared => true,
            _ if public.iter().any(|public| covers(public, &finding.range)) => false,
            Why::Random => !is_public_name(name) && !is_public(value, &finding.range),
            Why::Name => match names.iter().find(|(range, _)| *range == finding.range) {
                // After a colon and a blank stands prose too.
                Some((range, _)) if value[..range.start].ends_with(": ") => is_opaque(secret),
                Some((_, name)) => is_secret_itself(name, secret),
                // `Bearer …`
                None => !is_of_words(secret),
            },
        }
    });
    found
}

fn covers(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Whether what stands under the name of a secret is one, not a word about it.
fn is_secret_itself(name: &str, value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    if is_switch(value) || is_reference(value) {
        return false;
    }
    // `DB_PASSWORD_2` is a password, a `PASSWORD_RESET_LINK` is a link.
    let words = words(name);
    let qualifies = |word: &String| is_in(QUALIFIERS, word) || word.bytes().all(|byte| byte.is_ascii_digit());
    let named = words.len() - words.iter().rev().take_while(|word| qualifies(word)).count();
    let is_named = match &words[..named] {
        [.., before, key] if is_key_of_secret(before, key) => true,
        [.., last] => is_secret_word(last),
        [] => false,
    };
    is_named || is_opaque(value)
}

/// Words after that of the thing itself: `DB_PASSWORD_PROD_2`.
const QUALIFIERS: &str = "v prod production prd dev devel development stage staging qa test testing live old new next \
    current previous prev primary secondary backup main base value string text plain default master replica read write \
    ro rw a b";

/// Whether a value switches something, or chooses among a few ways.
fn is_switch(value: &str) -> bool {
    let switches = "on off yes no true false enable enabled disable disabled none null nil auto always never required \
        optional include omit same-origin prompt ask manual";
    switches.split_ascii_whitespace().any(|switch| value.eq_ignore_ascii_case(switch))
}

/// Whether a value says where something is: an address, a path, a name of another store, a time.
fn is_reference(value: &str) -> bool {
    static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(concat!(
            r"^(?:arn:[a-z-]+:|(?:vault|file|env|ssm|op|secretref|kms|consul|nomad)://?[\w./]",
            r"|(?:vault|env|ssm|awssm|gcpsm|secretref):[\w./#-]+$",
            r"|projects/[\w-]+/secrets/|secret/(?:data/)?[\w/#-]+$|[A-Za-z]:\\)",
        ))
    });
    let is_address = || {
        let rest = value.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
        let server = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !server.is_empty() && !server.contains('@') && !rest.contains(['?', ' '])
    };
    REFERENCE.is_match(value) || is_address() || is_path(value) || TIME.replace(value, "").is_empty()
}

/// Whether a value is a path, not text with slashes in it: it begins like one, and each part reads like a name.
fn is_path(value: &str) -> bool {
    let rooted = value.starts_with(['/', '~']) || value.starts_with("./") || value.starts_with("../");
    let parts = || value.split('/').filter(|part| !matches!(*part, "" | "~" | "." | ".."));
    rooted && !value.contains(char::is_whitespace) && parts().next().is_some() && parts().all(is_of_words)
}

/// Whether a value could be a password or token by itself: long, in one piece, of several kinds of letters.
fn is_opaque(value: &str) -> bool {
    let kinds: [fn(char) -> bool; 4] =
        [char::is_lowercase, char::is_uppercase, char::is_numeric, |letter| !letter.is_alphanumeric()];
    value.chars().count() >= 8
        && !value.contains(char::is_whitespace)
        && kinds.iter().filter(|kind| value.contains(**kind)).count() >= 2
        && !is_of_words(value)
        && !is_host(value)
}

/// `db.internal:5432`
fn is_host(value: &str) -> bool {
    static HOST: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]{1,5})?$"));
    HOST.is_match(value)
}

/// Whether a name announces what looks random and is public.
fn is_public_name(name: &str) -> bool {
    let words = words(name);
    let digest = "md crc cid sri integrity arn tag slug".split_ascii_whitespace();
    is_digest_name(name)
        || words.iter().any(|word| digest.clone().any(|known| known == word))
        || words
            .last()
            .is_some_and(|last| matches!(last.as_str(), "id" | "ids" | "path" | "file" | "url" | "uri"))
}

/// Whether what looks random is public by its form, or by what is around it.
fn is_public(text: &str, range: &Range<usize>) -> bool {
    let (before, token, after) = (&text[..range.start], &text[range.clone()], &text[range.end..]);
    static EXTENSION: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^\.[a-z][a-z0-9]{1,4}(?:[^A-Za-z0-9_.-]|$)"));
    is_of_words(token)
        || EXTENSION.is_match(after)
        || is_in_address(before)
        // `/x/…` and `./x/…`; base64 seldom begins like that.
        || (token.matches('/').count() > 1 && (token.starts_with('/') || before.ends_with(['.', '~', '/'])))
}

/// Whether what follows this text stands in the path of an address, or in a part of its query that is no signature.
fn is_in_address(before: &str) -> bool {
    static OPEN: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\x22'<>]*$"));
    static SIGNED: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?i)[?&;#][^=&]*(?:sig|key|token|secret|code|auth|pass)[^=&]*=[^&]*$"));
    // An address that is longer is none.
    OPEN.find(tail(before, 2048)).is_some_and(|address| !SIGNED.is_match(address.as_str()))
}

/// Whether a text is made of words, numbers, times and hashes: `content-es-index-2026`, `MyServerConfigV2`.
fn is_of_words(text: &str) -> bool {
    let text = TIME.replace_all(text, "");
    let text = UUID.replace_all(&text, "");
    let (mut named, mut timed) = (0, 0);
    for part in text.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty()) {
        if is_word(part) {
            named += 1;
        } else if is_mark(part) {
            timed += 1;
        } else {
            return false;
        }
    }
    // Random letters fall into short parts that could be marks, but not into words between them.
    named * 2 >= timed
}

/// `Release42`, `MyServerConfigV2`, `HTTPProxy`: most letters are in what can be spoken.
fn is_word(part: &str) -> bool {
    let letters: Vec<char> = part.chars().filter(|letter| letter.is_alphabetic()).collect();
    let digits = part.chars().filter(char::is_ascii_digit).count();
    if letters.len() < 3 || digits > letters.len() {
        return false;
    }
    static PIECE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\p{Lu}?\p{Ll}{2,}|\p{Lu}{2,}"));
    let (mut words, mut spoken, mut short) = (0, 0, 0);
    for piece in PIECE.find_iter(part).map(|piece| piece.as_str()) {
        let length = piece.chars().count();
        let vowels = piece.chars().filter(|letter| "aeiouyäöüAEIOUY".contains(*letter)).count();
        let shouts = piece.chars().nth(1).is_some_and(char::is_uppercase);
        let alone = length == letters.len();
        if length >= 3 && if shouts { alone && vowels * 4 >= length } else { vowels * 6 >= length } {
            words += 1;
            spoken += length;
        } else {
            // `HTTP`, `ES`: few of them.
            short += length;
        }
    }
    let numbers = part.split(|letter: char| !letter.is_ascii_digit()).filter(|run| !run.is_empty()).count();
    // What is random has pieces that can be spoken too, but short ones, and digits between them.
    if letters.len() > 10 && (spoken * 2 < words * 9 || numbers > words) {
        return false;
    }
    // One word may be an abbreviation: `nginx`, `xml`, `mysql`.
    let all = |is: fn(char) -> bool| letters.iter().all(|letter| is(*letter));
    let is_one = digits == 0 && letters.len() <= 6 && (all(char::is_lowercase) || all(char::is_uppercase));
    is_one || (spoken + short.min(letters.len() / 4)) * 100 >= letters.len() * 80
}

/// A number, a short mark (`v2`, `eu`, `x86`), or a hash as git shortens it.
fn is_mark(part: &str) -> bool {
    let lower = part.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    let upper = part.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let hash = part.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    part.bytes().all(|byte| byte.is_ascii_digit())
        || (part.len() <= 3 && (lower || upper || part.bytes().skip(1).all(|byte| byte.is_ascii_lowercase())))
        || (hash && matches!(part.len(), 7..=12 | 40))
}

/// A time or a day, with all the separators that file names have.
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d(?:[Tt_. -]?[0-2]\d[-_:.h]?[0-5]\d(?:[-_:.m]?[0-5]\d(?:\.\d+)?s?)?)?(?:[Zz]|[+-]\d\d:?\d\d)?",
    )
});

static UUID: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));

/// Public keys and certificates, names of resources, pictures in the text.
static PUBLIC: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?s)-----BEGIN (?:[A-Z0-9 ]*PUBLIC KEY|CERTIFICATE|CERTIFICATE REQUEST|X509 CRL|PGP SIGNATURE)-----.*?-----END [A-Z0-9 ]*-----",
        r"|\b(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S+|sk-\S+@openssh\.com) AAAA[A-Za-z0-9+/=]+",
        r"|\barn:[a-z-]+:[a-z0-9-]+:[^\s\x22',;]*",
        r"|\bdata:[a-z]+/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=]*",
    ))
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::find;

    /// What is drawn at random is seldom taken for words: guards against rules that let real tokens pass.
    #[test]
    fn what_is_random_stays_a_secret() {
        let base62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut state = 7_u64;
        let mut draw = |from: &str, length: usize| -> String {
            let letters: Vec<char> = from.chars().collect();
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                letters[(state >> 33) as usize % letters.len()]
            };
            (0..length).map(|_| next()).collect()
        };
        for (from, length) in [
            (base62.to_owned(), 24),
            (base62.to_owned(), 40),
            (format!("{base62}+/"), 32),
            (format!("{base62}+/"), 44),
            (format!("{base62}-_"), 32),
            ("abcdefghijklmnopqrstuvwxyz0123456789".to_owned(), 32),
            ("0123456789abcdef".to_owned(), 64),
        ] {
            let tokens: Vec<String> = (0..2000).map(|_| draw(&from, length)).collect();
            let hidden = tokens.iter().filter(|token| !find("X", token).is_empty()).count();
            let found = tokens.iter().filter(|token| !find_certain("X", token).is_empty()).count();
            assert!(hidden > 1500 && found * 100 >= hidden * 98, "{from} {length}: {found} of {hidden}");
        }
    }

    #[test]
    fn any_letters_are_taken() {
        for text in ["ü", "üb/Übermäßig/日本語-日本-語/ÄÖÜ", "\u{0}\u{ffff}", "-/-/-/-/-/-/-/-/-/-/-/-"]
        {
            let long = text.repeat(9);
            let _ = (find_certain("PASSWORD_LINK", &long), find_certain("x", &long), is_of_words(&long));
        }
    }
}
