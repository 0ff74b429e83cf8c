//! What looks like a secret: names, forms of known tokens, addresses with passwords, randomness.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{Finding, Why};

/// Whether a name is that of a secret: `DB_PASSWORD`, `apiKey`, `--auth-token`.
///
/// Not `token_file`, `secretName`, `password_min_length`: those are about a secret.
pub fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    if words.last().is_none_or(|last| is_in(ABOUT, last)) {
        return false;
    }
    words.iter().any(|word| is_secret_word(word))
        || words.windows(2).any(|pair| is_key_of_secret(&pair[0], &pair[1]))
}

/// Whether a word names a secret.
pub(super) fn is_secret_word(word: &str) -> bool {
    is_in(SECRET, word)
}

/// Whether two words name a secret together: `api`, `key`.
pub(super) fn is_key_of_secret(before: &str, word: &str) -> bool {
    matches!(word, "key" | "keys") && is_in(SECRET_KEY, before)
}

pub(super) fn is_in(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == word)
}

/// Words that make a name secret.
const SECRET: &str = "password passwd passwort pwd pass passphrase secret token apikey apitoken credential \
    credentials privatekey secretkey accesskey authtoken authkey dbpassword pgpassword accesstoken \
    authorization bearer";

/// Words that make a name secret where `key` follows.
const SECRET_KEY: &str = "api private secret access signing encryption encrypt auth master account license \
    session cookie hmac jwt service storage ssh";

/// Last words of a name that is about a secret, not one.
const ABOUT: &str = "file files filename path dir directory name id ttl timeout length len size type enabled \
    disabled endpoint policy policies mode count limit version expiry expiration expires header url uri env var \
    field prefix suffix issuer audience algorithm algo rotation required role scope scopes provider engine store \
    manager mb interval host port addr address description";

/// The words of a name, in lower case: `dbPassword_v2` is `db`, `password`, `v`, `2`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = None;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let class = |c: char| (c.is_lowercase(), c.is_uppercase(), c.is_numeric());
        if !letter.is_alphanumeric() {
            previous = None;
            continue;
        }
        let starts = match previous {
            None => true,
            // `dbPassword` starts one at `P`, `APIKey` at `K`.
            Some(before) => {
                let hump =
                    class(before).1 && class(letter).1 && letters.peek().is_some_and(|c| c.is_lowercase());
                hump || (class(before) != class(letter) && !(class(before).1 && class(letter).0))
            }
        };
        if starts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
        previous = Some(letter);
    }
    words
}

/// The secrets in a value that stands under a name; none where it has no name (`""`) and looks
/// harmless.
pub fn find(name: &str, value: &str) -> Vec<Finding> {
    if is_secret_name(name) && is_literal(value) {
        return vec![Finding { range: 0..value.len(), why: Why::Name }];
    }
    let mut found = find_in_text(value);
    if is_digest_name(name) {
        found.retain(|finding| finding.why != Why::Random);
    }
    found
}

/// Whether a value could be a secret itself: not empty, not a switch, no mere reference.
pub(super) fn is_literal(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']).trim();
    if value.is_empty() || matches!(value, "true" | "false" | "null" | "nil" | "none") {
        return false;
    }
    static REFERENCES: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?s)\$\{[^}]*\}|\{\{.*?\}\}|\[\[.*?\]\]|^\$[A-Za-z_][A-Za-z0-9_]*$|^‹secret [0-9a-f]{6}›$|^<[^<>]*>$|^\*+$",
        )
    });
    !REFERENCES.replace_all(value, "").trim().is_empty()
}

/// Whether a name announces a value that looks random and is public.
pub(super) fn is_digest_name(name: &str) -> bool {
    let public = "hash githash commit sha digest checksum revision rev build image version etag uuid fingerprint \
        certificate cert ca pubkey public";
    words(name).iter().any(|word| public.split_ascii_whitespace().any(|known| known == word))
}

/// The secrets in a free text, such as a template or a command line.
pub fn find_in_text(text: &str) -> Vec<Finding> {
    // Under this length there is room for neither a token nor a `name=value`.
    if text.len() < 6 {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut add = |range: Range<usize>, why| found.push(Finding { range, why });
    if text.contains("-----BEGIN") {
        for key in PRIVATE_KEY.find_iter(text) {
            add(key.range(), Why::Known);
        }
    }
    if text.contains("://") {
        for parts in URL.captures_iter(text) {
            if let Some(password) = parts.get(1).filter(|password| is_literal(password.as_str())) {
                add(password.range(), Why::Url);
            }
        }
    }
    if text.contains([':', '=']) {
        for (value, _) in assigned(text) {
            add(value, Why::Name);
        }
    }
    if text.contains("earer") || text.contains("asic") {
        for parts in SCHEME.captures_iter(text) {
            if let Some(value) = parts.get(1).filter(|value| is_literal(value.as_str())) {
                add(value.range(), Why::Name);
            }
        }
    }
    for token in KNOWN.find_iter(text) {
        add(token.range(), Why::Known);
    }
    for token in TOKEN.find_iter(text) {
        let before = &text[..token.start()];
        if is_random(token.as_str()) && !DIGEST_BEFORE.is_match(tail(before, 24)) {
            add(token.range(), Why::Random);
        }
    }
    found
}

/// What is assigned to secret names, and the names: `name = "value"`, `name: value`, `"name": "value"`, `--name=value`.
///
/// A value ends at the next blank, or at the end of the line where the name stands at its beginning.
pub(super) fn assigned(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut values = Vec::new();
    let mut at = 0;
    while let Some(parts) = NAME.captures_at(text, at) {
        let (Some(whole), Some(name)) = (parts.get(0), parts.get(1)) else { break };
        // What looks like a value may hold the next name: `https://x/?token=…`.
        at = whole.end();
        if !is_secret_name(name.as_str()) {
            continue;
        }
        let rest = &text[at..];
        let spaced = whole.as_str().ends_with([' ', '\t']);
        let end = match VALUE.captures(rest) {
            Some(value) if value.get(3).is_some() && spaced && begins_line(&text[..whole.start()]) => {
                let line = rest.split('\n').next().unwrap_or_default();
                Some(at..at + line.trim_end().len())
            }
            Some(value) => {
                value.iter().skip(1).flatten().next().map(|value| at + value.start()..at + value.end())
            }
            None => None,
        };
        if let Some(value) = end {
            at = value.end;
            if is_literal(&text[value.clone()]) && !is_code(&text[value.clone()]) {
                values.push((value, name.as_str()));
            }
        }
    }
    values
}

/// Whether what comes after this text stands at the beginning of a line, apart from `-` and `export`.
fn begins_line(text: &str) -> bool {
    let near = tail(text, 80);
    let before = match near.rfind('\n') {
        Some(at) => &near[at + 1..],
        None if near.len() == text.len() => near,
        None => return false,
    };
    matches!(before.trim().trim_end_matches(['"', '\'']).trim(), "" | "-" | "export")
}

/// The last bytes of a text, as many as that or up to three more.
pub(super) fn tail(text: &str, bytes: usize) -> &str {
    let mut start = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    &text[start..]
}

/// What follows `password =` in a program, not in a configuration: a call, an index, a path of names.
fn is_code(value: &str) -> bool {
    value.contains(['(', '[']) || value.starts_with(['$', '.', '/', '<', '{', '|', '&'])
}

/// Whether a token looks as if it was drawn at random.
///
/// Random base64 changes between the classes of letters at more than half of its places; words, paths and
/// identifiers at less than a third. Hexadecimal digits are random from 32 on, except for the
/// lengths of a commit (40).
fn is_random(token: &str) -> bool {
    let bytes = token.trim_end_matches('=').as_bytes();
    if bytes.iter().all(|b| b.is_ascii_hexdigit()) {
        return bytes.len() >= 32 && bytes.len() != 40 && entropy(bytes) > 3.0;
    }
    if bytes.len() < 20 {
        return false;
    }
    let class = |b: &u8| match b {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let has = |wanted| bytes.iter().any(|b| class(b) == wanted);
    let changes = bytes.windows(2).filter(|pair| class(&pair[0]) != class(&pair[1])).count();
    let mixed = has(0) && has(1) && has(2) && changes * 100 >= bytes.len() * 38;
    let lower =
        has(0) && has(2) && !has(1) && !has(3) && bytes.len() >= 24 && changes * 100 >= bytes.len() * 30;
    (mixed || lower) && entropy(bytes) > 3.6
}

/// Shannon's entropy, in bits per byte.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let total = bytes.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / total)
        .map(|p| -p * p.log2())
        .sum()
}

/// `-----BEGIN … PRIVATE KEY-----` to its end, or to the end of the text.
static PRIVATE_KEY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----.*?(-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----|\z)",
    )
});

/// The password in `scheme://user:password@host`.
static URL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@\x22'?#]*:([^\s/@\x22'?#]+)@"));

/// A name and what assigns to it: `name =`, `"name": `, `--name=`.
static NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"([A-Za-z_][A-Za-z0-9_.-]*)["']?[ \t]*(?::=|=>|=|:)[ \t]*"#));

/// A value at the beginning of a text: in quotes, or up to what may end it. A mask is none.
static VALUE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([^\s"',;&#)}\]‹]+))"#));

/// `Authorization: Bearer TOKEN`, `--header "Bearer TOKEN"`.
static SCHEME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:Bearer|Basic|bearer|basic) +([A-Za-z0-9._~+/=-]{12,})"));

/// Tokens whose issuers gave them a form: AWS, GitHub, GitLab, Slack, Stripe, Vault, Google, npm, SendGrid,
/// DigitalOcean, and JSON web tokens; and addresses where whoever knows them may post.
static KNOWN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}",
        r"|xox[abprs]-[A-Za-z0-9-]{10,}|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|sk-[A-Za-z0-9_-]{20,}|hv[sbr]\.[A-Za-z0-9_-]{16,}",
        r"|AIza[A-Za-z0-9_-]{30,}|npm_[A-Za-z0-9]{30,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|do[op]_v1_[a-f0-9]{40,}",
        r"|hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,}|discord(?:app)?\.com/api/webhooks/[0-9]+/[A-Za-z0-9_-]{20,}",
        r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)",
    ))
});

/// Whatever is long enough to be a token.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z0-9+/_-]{20,}={0,2}"));

/// What stands before a digest: `sha256:`, `@sha256:`, `checksum=md5:`, `commit/`.
static DIGEST_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:sha(?:1|2|224|256|384|512)?|md5|blake[23][bs]?|commit|hash|digest|checksum|integrity)[:=/@-]\s*$",
    )
});

#[expect(clippy::unwrap_used, reason = "every pattern is a constant that a test compiles")]
pub(super) fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}
