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
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        return false;
    }
    if name == "." {
        return true;
    }
    let (mut total, mut label, mut i) = (0usize, 0usize, 0usize);
    let mut dotted = false;
    while i < bytes.len() {
        dotted = false;
        match bytes[i] {
            b'\\' => {
                i += 1;
                // At the end it escapes the dot that the server adds.
                let digits = bytes.get(i..i + 3).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
                if digits {
                    i += 2;
                }
                label += 1;
            }
            b'.' => {
                if label == 0 || label > 63 {
                    return false;
                }
                total += label + 1;
                label = 0;
                dotted = true;
            }
            _ => label += 1,
        }
        i += 1;
    }
    if label > 63 {
        return false;
    }
    if !dotted {
        total += label + 1;
    }
    total <= 256
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
