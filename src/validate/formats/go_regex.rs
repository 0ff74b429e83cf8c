//! The syntax of Go's regular expressions (RE2), as far as "does it compile".
//!
//! Rust's own engine accepts and refuses a little else (`\Q..\E`, `a**`, `x{2000}`, `[a&&b]`), so
//! the check is a parser of its own; only the names of Unicode classes are looked up there.

use std::iter::Peekable;
use std::str::Chars;

/// The largest count in `x{n}`, nested counts multiplied.
const MAX_REPEAT: u32 = 1000;
/// The scripts and categories whose whole name has four letters.
const FOUR_LETTERS: [&str; 9] = ["ahom", "cham", "kawi", "lisu", "mark", "modi", "newa", "thai", "toto"];
/// How deep groups may nest.
const MAX_DEPTH: usize = 1000;

/// Checks a regular expression; says why it does not compile.
///
/// # Errors
///
/// A phrase such as ``missing closing `)` ``.
pub fn check(pattern: &str) -> Result<(), String> {
    let mut parser = Parser { rest: pattern.chars().peekable(), depth: 0 };
    parser.alternation()?;
    match parser.rest.next() {
        None => Ok(()),
        Some(_) => Err("unexpected `)`".to_owned()),
    }
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    depth: usize,
}

impl Parser<'_> {
    /// Alternatives up to a `)` or the end; the largest repeat count inside.
    fn alternation(&mut self) -> Result<u32, String> {
        let mut largest = 1;
        // Whether something stands before, that a `*` could repeat, and how often it is repeated.
        let mut atom: Option<u32> = None;
        let mut repeated: Option<String> = None;
        while let Some(&c) = self.rest.peek() {
            match c {
                ')' => break,
                '|' => {
                    self.rest.next();
                    atom = None;
                    repeated = None;
                }
                '*' | '+' | '?' | '{' => {
                    let Some((operator, max)) = self.repetition() else {
                        // A `{` that begins no count is a plain character.
                        atom = Some(1);
                        repeated = None;
                        continue;
                    };
                    let Some(inside) = atom else {
                        return Err(format!("nothing stands before `{operator}` to repeat"));
                    };
                    if let Some(before) = &repeated {
                        return Err(format!("`{before}{operator}` repeats a repetition"));
                    }
                    let total = match max {
                        Some(count) => {
                            if count.is_none_or(|count| count > MAX_REPEAT) {
                                return Err(format!("`{operator}` is no valid repeat count"));
                            }
                            inside.saturating_mul(count.unwrap_or(1).max(1))
                        }
                        None => inside,
                    };
                    if total > MAX_REPEAT {
                        return Err(format!("`{operator}` repeats more than {MAX_REPEAT} times"));
                    }
                    largest = largest.max(total);
                    atom = Some(total);
                    repeated = Some(operator);
                }
                _ => {
                    // Flags, as in `(?i)`, leave what stands before them to be repeated.
                    if let Some(inside) = self.atom(c)? {
                        atom = Some(inside);
                        largest = largest.max(inside);
                    }
                    repeated = None;
                }
            }
        }
        Ok(largest)
    }

    /// A repetition operator and, for a count, its upper bound (`None` inside: not a valid one).
    fn repetition(&mut self) -> Option<(String, Option<Option<u32>>)> {
        let first = self.rest.next()?;
        let mut operator = String::from(first);
        let mut count = None;
        if first == '{' {
            let mut ahead = self.rest.clone();
            let mut inner = String::new();
            loop {
                match ahead.next() {
                    Some('}') => break,
                    Some(c) if c.is_ascii_digit() || c == ',' => inner.push(c),
                    _ => return None,
                }
            }
            let (low, high) = match inner.split_once(',') {
                Some((low, high)) => (low, if high.is_empty() { None } else { Some(high) }),
                None => (&*inner, Some(&*inner)),
            };
            let number = |text: &str| {
                let plain = text == "0" || !text.starts_with('0');
                (plain && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
                    .then(|| text.parse::<u32>().unwrap_or(u32::MAX))
            };
            let low = number(low)?;
            let high = match high {
                Some(high) => Some(number(high)?),
                None => None,
            };
            self.rest = ahead;
            operator = format!("{{{inner}}}");
            let bound = high.unwrap_or(low);
            count = Some((low <= bound && low <= MAX_REPEAT).then_some(bound));
        }
        if self.rest.peek() == Some(&'?') {
            self.rest.next();
            operator.push('?');
        }
        Some((operator, count))
    }

    /// One thing that can be repeated; the repeat count inside, `None` for flags.
    fn atom(&mut self, first: char) -> Result<Option<u32>, String> {
        match first {
            '(' => {
                self.rest.next();
                self.group()
            }
            '[' => {
                self.rest.next();
                self.class().map(|()| Some(1))
            }
            '\\' => {
                self.rest.next();
                self.escape(false).map(|_| Some(1))
            }
            _ => {
                self.rest.next();
                Ok(Some(1))
            }
        }
    }

    fn group(&mut self) -> Result<Option<u32>, String> {
        if self.rest.peek() == Some(&'?') {
            self.rest.next();
            let mut flags = String::new();
            let opens = loop {
                match self.rest.next() {
                    Some('P') if flags.is_empty() && self.rest.peek() == Some(&'<') => {
                        self.rest.next();
                        self.name()?;
                        break true;
                    }
                    Some('<') if flags.is_empty() => {
                        if matches!(self.rest.peek(), Some('=' | '!')) {
                            return Err("`(?<` looks behind, which Go does not do".to_owned());
                        }
                        self.name()?;
                        break true;
                    }
                    Some(c @ ('i' | 'm' | 's' | 'U')) => flags.push(c),
                    Some('-') if !flags.contains('-') => flags.push('-'),
                    Some(end @ (':' | ')')) if !flags.ends_with('-') => {
                        break end == ':';
                    }
                    Some(c) => return Err(format!("`(?{flags}{c}` is no group that Go knows")),
                    None => return Err("missing closing `)`".to_owned()),
                }
            };
            if !opens {
                return Ok(None);
            }
        }
        self.depth += 1;
        if self.depth >= MAX_DEPTH {
            return Err(format!("groups nest {MAX_DEPTH} deep"));
        }
        let inside = self.alternation()?;
        self.depth -= 1;
        match self.rest.next() {
            Some(')') => Ok(Some(inside)),
            _ => Err("missing closing `)`".to_owned()),
        }
    }

    fn name(&mut self) -> Result<(), String> {
        let mut name = String::new();
        loop {
            match self.rest.next() {
                Some('>') => break,
                Some(c) if c.is_ascii_alphanumeric() || c == '_' => name.push(c),
                _ => return Err("a group's name has letters, digits and `_` only".to_owned()),
            }
        }
        if name.is_empty() {
            return Err("a group's name is empty".to_owned());
        }
        Ok(())
    }

    fn class(&mut self) -> Result<(), String> {
        let missing = || "missing closing `]`".to_owned();
        if self.rest.peek() == Some(&'^') {
            self.rest.next();
        }
        let mut first = true;
        loop {
            let c = *self.rest.peek().ok_or_else(missing)?;
            if c == ']' && !first {
                self.rest.next();
                return Ok(());
            }
            first = false;
            let Some(low) = self.class_item()? else { continue };
            let mut ahead = self.rest.clone();
            if ahead.next() == Some('-') && !matches!(ahead.peek(), Some(']') | None) {
                self.rest.next();
                let high = self.class_item()?;
                if high.is_none_or(|high| high < low) {
                    return Err("a range in `[…]` ends before it begins".to_owned());
                }
            }
        }
    }

    /// A character of a class; `None` for a class in the class.
    fn class_item(&mut self) -> Result<Option<char>, String> {
        match self.rest.next() {
            Some('\\') => self.escape(true),
            Some('[') if self.rest.peek() == Some(&':') => {
                let mut ahead = self.rest.clone();
                ahead.next();
                let text: String = ahead.clone().take_while(|c| *c != ']').collect();
                let Some(name) = text.strip_suffix(':') else { return Ok(Some('[')) };
                const NAMES: &[&str] = &[
                    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
                    "space", "upper", "word", "xdigit",
                ];
                if !NAMES.contains(&name.strip_prefix('^').unwrap_or(name)) {
                    return Err(format!("`[:{name}:]` is no class that Go knows"));
                }
                for _ in 0..text.chars().count() + 2 {
                    self.rest.next();
                }
                Ok(None)
            }
            Some(c) => Ok(Some(c)),
            None => Err("missing closing `]`".to_owned()),
        }
    }

    /// What follows a backslash; `None` where it is no single character.
    fn escape(&mut self, in_class: bool) -> Result<Option<char>, String> {
        let Some(c) = self.rest.next() else {
            return Err("a `\\` stands at the end".to_owned());
        };
        match c {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => Ok(None),
            'A' | 'b' | 'B' | 'z' if !in_class => Ok(None),
            'Q' if !in_class => {
                // Everything up to `\E` stands for itself.
                while let Some(c) = self.rest.next() {
                    if c == '\\' && self.rest.peek() == Some(&'E') {
                        self.rest.next();
                        break;
                    }
                }
                Ok(None)
            }
            'p' | 'P' => self.unicode_class().map(|()| None),
            'a' => Ok(Some('\x07')),
            'f' => Ok(Some('\x0c')),
            'n' => Ok(Some('\n')),
            'r' => Ok(Some('\r')),
            't' => Ok(Some('\t')),
            'v' => Ok(Some('\x0b')),
            '0'..='7' => {
                let mut digits = String::from(c);
                while digits.len() < 3
                    && let Some(&next @ '0'..='7') = self.rest.peek()
                {
                    digits.push(next);
                    self.rest.next();
                }
                if c != '0' && digits.len() == 1 {
                    return Err(format!("`\\{c}` refers back, which Go does not do"));
                }
                Ok(u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32))
            }
            'x' => {
                let mut digits = String::new();
                let braced = self.rest.peek() == Some(&'{');
                if braced {
                    self.rest.next();
                    loop {
                        match self.rest.next() {
                            Some('}') => break,
                            Some(d) if d.is_ascii_hexdigit() => digits.push(d),
                            _ => return Err("`\\x{` wants hexadecimal digits and `}`".to_owned()),
                        }
                    }
                } else {
                    for _ in 0..2 {
                        match self.rest.next() {
                            Some(d) if d.is_ascii_hexdigit() => digits.push(d),
                            _ => return Err("`\\x` wants two hexadecimal digits".to_owned()),
                        }
                    }
                }
                let code = u32::from_str_radix(&digits, 16).ok().filter(|code| *code <= 0x10_ffff);
                let code = code.ok_or_else(|| format!("`\\x{{{digits}}}` is no character"))?;
                Ok(char::from_u32(code))
            }
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(Some(c)),
            c => Err(format!("`\\{c}` is no escape that Go knows")),
        }
    }

    fn unicode_class(&mut self) -> Result<(), String> {
        let name: String = match self.rest.next() {
            Some('{') => {
                let mut name = String::new();
                loop {
                    match self.rest.next() {
                        Some('}') => break name,
                        Some(c) => name.push(c),
                        None => return Err("`\\p{` has no `}`".to_owned()),
                    }
                }
            }
            Some(c) => c.to_string(),
            None => return Err("`\\p` has no class".to_owned()),
        };
        let plain = name.strip_prefix('^').unwrap_or(&name);
        // Surrogates are a category of Go's only; codes of scripts, such as `Grek`, only of Rust's.
        let is_code = plain.len() == 4 && !FOUR_LETTERS.contains(&plain.to_ascii_lowercase().as_str());
        let known = matches!(plain, "Any" | "Cs" | "Surrogate")
            || (!is_code
                && plain.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
                && regex::Regex::new(&format!("\\p{{{plain}}}")).is_ok());
        if known { Ok(()) } else { Err(format!("`\\p{{{name}}}` is no class that Go knows")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_compiles() {
        for good in [
            "",
            "a|b",
            "^[a-z]+$",
            "(?i)linux|darwin",
            "(?P<n>x)(?<m>y)",
            "a{2,5}?",
            "a{,5}",
            "{",
            "x{",
            "[]a]",
            "[^]]",
            r"\Qa**\E",
            r"\x{10FFFF}",
            r"\pN\p{Greek}",
            r"[\d\-x]",
            r"[\d-x]",
            "[a-b-c]",
            "a*(?i)*",
            "(?)a",
            "(?P<n>a)(?P<n>b)",
            "[[:alpha:]]",
            r"\012",
            r"\A\z\b",
            "[a-]",
            "(|a)",
            "(?i:x)",
            "[a&&b]",
            "a*?",
            "]",
            "}",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "(",
            ")",
            "[",
            "[z-a]",
            "*",
            "a**",
            "a{2}{3}",
            "a{1001}",
            "(a{100}){100}",
            "+a",
            "(?=x)",
            "(?<=x)",
            r"\1",
            r"\",
            r"\8",
            r"\xg",
            r"\p{Nope}",
            r"\p{Grek}",
            "[a",
            "(?P<é>a)",
            "(?i)+",
            r"\C",
            "[[:nope:]]",
            "a{3,2}",
            r"\Z",
            "(?",
            "|*",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
