//! Names: of services, identities, secrets, namespaces and host names.

/// Replaces `${NAME}` references as Nomad finds them in texts that it interpolates later.
///
/// `with` gives the text for a name, or `None` to leave the reference as it is.
pub fn replace_references(text: &str, with: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let inner = &from[2..];
        let len = inner
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
            .count();
        if len > 0 && inner.as_bytes().get(len) == Some(&b'}') {
            let name = &inner[..len];
            match with(name) {
                Some(value) => out.push_str(&value),
                None => out.push_str(&from[..len + 3]),
            }
            rest = &inner[len + 1..];
        } else {
            out.push_str("${");
            rest = inner;
        }
    }
    out.push_str(rest);
    out
}

/// Whether a text has a reference in it that only a client knows.
pub fn has_reference(text: &str) -> bool {
    let seen = std::cell::Cell::new(false);
    replace_references(text, |_| {
        seen.set(true);
        None
    });
    seen.get()
}

/// Whether a service name is one DNS label (RFC 1123): letters, digits and dashes, at most 63,
/// with no dash at either end.
pub fn is_dns_label(name: &str) -> bool {
    let bytes = name.as_bytes();
    let inner = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(inner)
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-')
}

/// Whether a name has 1 to 128 characters, each of them a letter, a digit or one of `also`.
pub fn is_word(name: &str, also: &str) -> bool {
    (1..=128).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c))
}

/// Whether a text can be packed as a domain name: labels of 1 to 63 bytes, 256 at most with their lengths,
/// with `\` escapes, any other byte allowed.
pub fn is_domain_name(name: &str) -> bool {
    const MAX_LABEL: usize = 63;
    const MAX_NAME: usize = 256;
    let mut bytes = name.as_bytes().to_vec();
    if bytes.is_empty() {
        return false;
    }
    // Go tells an escaped dot at the end by the parity of the bytes from the last character that is no `\\`.
    let ends = name.strip_suffix('.').is_some_and(|rest| {
        let plain = rest.trim_end_matches('\\');
        let width = plain.chars().next_back().map_or(1, char::len_utf8);
        plain.len() == rest.len() || (rest.len() - plain.len() + width) % 2 == 1
    });
    if !ends {
        bytes.push(b'.');
    }
    let (mut total, mut label, mut i) = (0usize, 0usize, 0usize);
    let mut after_dot = false;
    // Whether an odd number of escapes stands next to each other: a name must not end so.
    let mut open = false;
    while let Some(byte) = bytes.get(i) {
        match byte {
            b'\\' => {
                open = !open;
                if total >= MAX_NAME {
                    return false;
                }
                let number = bytes.get(i + 1..i + 4).is_some_and(|next| next.iter().all(u8::is_ascii_digit));
                i += if number { 3 } else { 1 };
                label += 1;
                after_dot = false;
            }
            b'.' => {
                open = false;
                if after_dot || label > MAX_LABEL || (i == 0 && bytes.len() > 1) {
                    return false;
                }
                total += label + 1;
                if total > MAX_NAME {
                    return false;
                }
                label = 0;
                after_dot = true;
            }
            _ => {
                open = false;
                label += 1;
                after_dot = false;
            }
        }
        i += 1;
    }
    !open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_as_nomad_finds_them() {
        let known = |name: &str| (name == "JOB").then(|| "web".to_owned());
        assert_eq!(replace_references("${JOB}-x", known), "web-x");
        assert_eq!(replace_references("${NOMAD_X}-${JOB}", known), "${NOMAD_X}-web");
        assert_eq!(replace_references("${a b}${", known), "${a b}${");
        assert!(has_reference("a-${attr.kernel.name}"));
        assert!(!has_reference("a-${}-$x"));
    }

    #[test]
    fn service_names_are_dns_labels() {
        assert!(is_dns_label("a"));
        assert!(is_dns_label("Web-1"));
        assert!(!is_dns_label("-a"));
        assert!(!is_dns_label("a_b"));
        assert!(!is_dns_label(&"x".repeat(64)));
        assert!(!is_dns_label(""));
    }

    #[test]
    fn domain_names() {
        assert!(is_domain_name("a.example"));
        assert!(is_domain_name("a b"));
        assert!(!is_domain_name("a..b"));
        assert!(!is_domain_name(&"x".repeat(64)));
    }
}
