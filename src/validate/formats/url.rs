//! References to a resource, read as Go's `net/url` reads them (RFC 3986, with its exceptions).

use std::net::IpAddr;

/// Whether a reference begins with a scheme, as a whole URL does.
pub fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// Whether a reference without a scheme can be read: a path, a query and a fragment, or `//` with a host before them.
pub fn is_reference(text: &str) -> bool {
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    let path = rest.split('?').next().unwrap_or_default();
    let first = path.split('/').next().unwrap_or_default();
    if !escapes_are_whole(fragment)
        || !escapes_are_whole(path)
        || rest.bytes().any(|b| b < b' ' || b == 0x7f)
        || first.contains(':')
    {
        return false;
    }
    match path.strip_prefix("//") {
        Some(after) if !after.starts_with('/') => is_authority(after.split('/').next().unwrap_or_default()),
        _ => true,
    }
}

/// Whether each `%` stands before two hexadecimal digits.
fn escapes_are_whole(text: &str) -> bool {
    escapes(text).all(|byte| byte.is_some())
}

/// The bytes that `%` writes; `None` where the digits are missing.
fn escapes(text: &str) -> impl Iterator<Item = Option<u8>> {
    text.match_indices('%').map(|(at, _)| {
        let digits = text.get(at + 1..at + 3).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u8::from_str_radix(digits, 16).ok()
    })
}

/// A host with a port and a user before it, if they are given.
fn is_authority(text: &str) -> bool {
    const IN_USER: &str = "-._:~!$&'()*+,;=%@";
    let (user, host) = text.rsplit_once('@').unwrap_or(("", text));
    if !user.chars().all(|c| c.is_ascii_alphanumeric() || IN_USER.contains(c)) {
        return false;
    }
    match host.rfind('[') {
        Some(0) => host[1..].rsplit_once(']').is_some_and(|(host, port)| is_port(port) && is_literal(host)),
        Some(_) => false,
        None => host.rfind(':').is_none_or(|at| is_port(&host[at..])) && is_host(host),
    }
}

/// Nothing, or a colon and digits, which may be none.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Only bytes beyond ASCII are escaped in a name, and the percent sign before a zone.
fn is_host(text: &str) -> bool {
    const IN_HOST: &str = "-._~!$&'()*+,;=:[]<>\"%";
    text.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || IN_HOST.contains(c))
        && escapes(text).all(|byte| byte.is_some_and(|byte| byte >= 0x80 || byte == b'%'))
}

/// An address of IPv6 in brackets, whose zone stands after `%25`.
fn is_literal(text: &str) -> bool {
    let (address, zone) =
        text.split_once("%25").map_or((text, None), |(address, zone)| (address, Some(zone)));
    let is_v6 = matches!(address.parse::<IpAddr>(), Ok(IpAddr::V6(_)));
    is_v6 && zone.is_none_or(|zone| !zone.is_empty() && !zone.contains(['%', ' ']) && is_host(zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_go_reads_them() {
        for good in [
            "/",
            "*",
            "/a b",
            "/x#a\u{1}",
            "?a=%zz",
            "//h:80/p",
            "//é/p",
            "///x",
            "//[::1]:80/p",
            "//u:p@h/",
            "//:80/",
            "//[fe80::1%25en0]/",
            "//h:80:90/",
            "//h<x/",
            "a/b:c",
        ] {
            assert!(is_reference(good), "{good}");
        }
        for bad in [
            "/x%",
            "/x#%zz",
            "/\u{7f}",
            "a b:c",
            ":x",
            "//h:x/p",
            "//a%20b/p",
            "//a%41/",
            "//[::1/p",
            "//u ser@h/p",
            "//u%zz@h/p",
            "//h ost/p",
            "//u<@h/",
            "//h\\x",
            "//[fe80::1%en0]/",
            "//[10.0.0.1]/",
            "//h[::1]/",
        ] {
            assert!(!is_reference(bad), "{bad}");
        }
    }

    #[test]
    fn a_scheme_begins_with_a_letter() {
        assert!(has_scheme("http://x") && has_scheme("a:b") && has_scheme("x+y:"));
        assert!(!has_scheme("1a:b") && !has_scheme("a b:c") && !has_scheme("/a:b") && !has_scheme("a"));
    }
}
