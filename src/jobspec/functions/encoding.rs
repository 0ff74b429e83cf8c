//! Functions between text and its encodings: Base64, URLs, CSV.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::{Args, Outcome, abbreviate, fail};
use crate::jobspec::eval::value::Value;

/// The standard alphabet with padding, last bits ignored.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The bytes of a Base64 text, line breaks ignored.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text.replace(['\r', '\n'], "")).ok()
}

/// `base64encode(str)`
pub(super) fn base64encode(args: Args) -> Outcome {
    Ok(STANDARD.encode(args.text(0)).into())
}

/// `base64decode(str)`
pub(super) fn base64decode(args: Args) -> Outcome {
    let Some(bytes) = decode_base64(args.text(0)) else {
        return fail(format!("`{}` is not Base64", abbreviate(args.text(0))));
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(_) => fail("the decoded bytes are not text in UTF-8"),
    }
}

/// `urlencode(str)`
pub(super) fn urlencode(args: Args) -> Outcome {
    let mut out = String::new();
    for byte in args.text(0).bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(out.into())
}

/// `csvdecode(str)`
pub(super) fn csvdecode(args: Args) -> Outcome {
    let text = args.text(0).replace("\r\n", "\n");
    let mut rest = &text[..];
    let mut line = 1;
    let mut header: Option<Vec<String>> = None;
    let mut rows = Vec::new();
    while let Some((fields, after, lines)) = match record(rest) {
        Ok(record) => record,
        Err((at, error)) => return fail(format!("CSV line {}: {error}", line + at)),
    } {
        match &header {
            None => {
                let mut names: Vec<&String> = fields.iter().collect();
                names.sort();
                if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
                    return fail(format!("two columns are named `{}`", pair[0]));
                }
                header = Some(fields);
            }
            Some(header) if header.len() != fields.len() => {
                return fail(format!(
                    "CSV line {line}: {} fields for {} columns",
                    fields.len(),
                    header.len()
                ));
            }
            Some(header) => {
                let row: BTreeMap<_, _> =
                    header.iter().cloned().zip(fields.into_iter().map(Value::String)).collect();
                rows.push(Value::Object(row));
            }
        }
        rest = after;
        line += lines;
    }
    if header.is_none() { fail("the CSV text has no header line") } else { Ok(Value::List(rows)) }
}

/// The fields of a record, the text after it, and its number of lines.
type Record<'a> = (Vec<String>, &'a str, usize);

/// The next record; an error has the line it is on, from the start of `text`.
fn record(text: &str) -> Result<Option<Record<'_>>, (usize, &'static str)> {
    // Empty lines are no records.
    let start = text.find(|c| c != '\n').unwrap_or(text.len());
    let mut lines = start;
    let mut rest = &text[start..];
    if rest.is_empty() {
        return Ok(None);
    }
    let mut fields = Vec::new();
    loop {
        let (field, after) = if let Some(mut quoted) = rest.strip_prefix('"') {
            let mut field = String::new();
            loop {
                let Some(at) = quoted.find('"') else { return Err((lines, "an unclosed quote")) };
                field.push_str(&quoted[..at]);
                lines += quoted[..at].matches('\n').count();
                quoted = &quoted[at + 1..];
                match quoted.strip_prefix('"') {
                    Some(after) => {
                        field.push('"');
                        quoted = after;
                    }
                    None => break,
                }
            }
            if !(quoted.is_empty() || quoted.starts_with([',', '\n'])) {
                return Err((lines, "text after a closing quote"));
            }
            (field, quoted)
        } else {
            let len = rest.find([',', '\n']).unwrap_or(rest.len());
            if rest[..len].contains('"') {
                return Err((lines, "a quote in a field without quotes"));
            }
            (rest[..len].to_owned(), &rest[len..])
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None => return Ok(Some((fields, after.strip_prefix('\n').unwrap_or(after), lines + 1))),
        }
    }
}
