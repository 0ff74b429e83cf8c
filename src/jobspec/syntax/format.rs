//! The canonical layout of a file, byte for byte as `nomad fmt` makes it.
//!
//! Only blanks between tokens change: indentation by open brackets, one blank or none between
//! tokens, `=` aligned over adjacent lines, and so are comments at the end of lines.

use unicode_segmentation::UnicodeSegmentation;

use super::lexer::{Comments, lex};
use super::token::{Kind, Token};
use super::{SyntaxError, parse};

/// The file in canonical layout.
///
/// # Errors
///
/// What is wrong with the text, if it cannot be parsed: then nothing can be said about its layout.
pub fn format(text: &str) -> Result<String, Vec<SyntaxError>> {
    let (_, errors) = parse(text);
    if errors.is_empty() { Ok(layout(text)) } else { Err(errors) }
}

/// A token with the number of blanks before it.
struct Spaced {
    token: Token,
    blanks: usize,
}

/// The tokens of one line, as indices into all tokens: `start..assign` is what leads,
/// `assign..comment` an assignment that is whole on this line, `comment..end` a comment after
/// something else.
struct Line {
    start: usize,
    assign: usize,
    comment: usize,
    end: usize,
}

impl Line {
    fn has_assign(&self) -> bool {
        self.assign < self.comment
    }

    fn has_comment(&self) -> bool {
        self.comment < self.end
    }
}

fn layout(text: &str) -> String {
    let mut tokens: Vec<Spaced> = lex(text, Comments::Keep)
        .tokens
        .into_iter()
        .filter(|token| token.kind != Kind::Eof)
        .map(|token| Spaced { token, blanks: 0 })
        .collect();
    let lines = lines(&tokens, text);
    indent(&mut tokens, &lines);
    for line in &lines {
        space(&mut tokens[line.start..line.assign], text);
        space(&mut tokens[line.assign..line.comment], text);
    }
    align(&mut tokens, &lines, text, Line::has_assign, |line| line.assign);
    align(&mut tokens, &lines, text, Line::has_comment, |line| line.comment);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for Spaced { token, blanks } in &tokens {
        out.extend(std::iter::repeat_n(' ', *blanks));
        out.push_str(token.text(text));
    }
    // Blanks at the very end stay.
    let last = tokens.last().map_or(0, |last| last.token.end as usize);
    out.extend(std::iter::repeat_n(' ', text.len() - last));
    out
}

/// Whether a token ends a line.
fn ends_line(token: Token, text: &str) -> bool {
    match token.kind {
        Kind::Newline => true,
        Kind::Comment => token.text(text).ends_with('\n'),
        _ => false,
    }
}

/// How many brackets a token opens.
fn brackets(token: Token) -> i64 {
    match token.kind {
        Kind::OBrace | Kind::OBrack | Kind::OParen | Kind::Interp | Kind::Control => 1,
        Kind::CBrace | Kind::CBrack | Kind::CParen | Kind::SeqEnd => -1,
        _ => 0,
    }
}

/// Splits the tokens into lines, and each line into its parts.
fn lines(tokens: &[Spaced], text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for i in 0..tokens.len() {
        if ends_line(tokens[i].token, text) || i + 1 == tokens.len() {
            lines.push(line(tokens, start, i + 1));
            start = i + 1;
        }
    }
    lines
}

fn line(tokens: &[Spaced], start: usize, end: usize) -> Line {
    let last_is_comment = end - start > 1 && tokens[end - 1].token.kind == Kind::Comment;
    let comment = if last_is_comment { end - 1 } else { end };
    let equal = (start + 1..comment).find(|i| tokens[*i].token.kind == Kind::Equal);
    // An assignment that goes on in the next lines is not aligned.
    let whole = |at: &usize| tokens[*at..comment].iter().map(|t| brackets(t.token)).sum::<i64>() == 0;
    Line { start, assign: equal.filter(whole).unwrap_or(comment), comment, end }
}

/// Indents each line by two blanks for each earlier line that left brackets open.
fn indent(tokens: &mut [Spaced], lines: &[Line]) {
    // How many brackets each of those lines left open.
    let mut open: Vec<i64> = Vec::new();
    for line in lines {
        let first = tokens[line.start].token.kind;
        if first == Kind::Newline {
            continue;
        }
        let lead = &tokens[line.start..line.assign];
        let until_heredoc =
            lead.iter().position(|t| t.token.kind == Kind::OHeredoc).map_or(lead.len(), |at| at + 1);
        let counted = lead[..until_heredoc].iter().chain(&tokens[line.assign..line.comment]);
        let net: i64 = counted.map(|t| brackets(t.token)).sum();
        if net > 0 {
            tokens[line.start].blanks = 2 * open.len();
            open.push(net);
            continue;
        }
        let mut closed = -net;
        while let (1.., Some(last)) = (closed, open.last_mut()) {
            if closed < *last {
                *last -= closed;
                break;
            }
            closed -= *last;
            open.pop();
        }
        tokens[line.start].blanks = 2 * open.len();
    }
}

/// Puts one blank or none between the tokens of a part of a line.
fn space(tokens: &mut [Spaced], text: &str) {
    let mut before = None;
    for i in 1..tokens.len() {
        let subject = tokens[i - 1].token;
        tokens[i].blanks = usize::from(blank_between(before, subject, tokens[i].token, text));
        before = Some(subject.kind);
    }
}

/// Whether a blank stands between `subject` and the token `after` it.
fn blank_between(before: Option<Kind>, subject: Token, after: Token, text: &str) -> bool {
    use Kind::{
        Bang, CBrace, CHeredoc, CQuote, Comma, Control, Dot, DoubleColon, Ellipsis, Ident, Interp, Minus,
        Newline, Number, OBrace, OBrack, OHeredoc, OParen, OQuote, QuotedLit, SeqEnd, StringLit,
    };
    match (subject.kind, after.kind) {
        (_, Newline) => false,
        // The name of a function and its arguments; the parts of a name; what is taken of a value.
        (Ident, OParen | DoubleColon) | (DoubleColon, Ident) => false,
        (Dot, _) | (_, Dot) => false,
        (_, Comma | Ellipsis) => false,
        (Comma, _) => true,
        // Templates are not ours to change.
        (QuotedLit | StringLit | OQuote | OHeredoc, _) => false,
        (_, QuotedLit | StringLit | CQuote | CHeredoc) => false,
        // `for x in [a]` is no index.
        (Ident, _) if before == Some(Ident) && subject.text(text) == "in" => true,
        (Ident | Number, OBrack) => false,
        (_, OBrack) if brackets(subject) < 0 => false,
        (Bang, _) => false,
        (Minus, _) => !is_sign(before),
        (OBrace, CBrace) => false,
        (OBrace, _) | (_, CBrace) => true,
        (Interp | Control, OBrace) | (CBrace, SeqEnd) => true,
        (SeqEnd, Interp | Control) => false,
        _ => brackets(subject) <= 0 && brackets(after) >= 0,
    }
}

/// Whether a minus after such a token is a sign, not a subtraction.
fn is_sign(before: Option<Kind>) -> bool {
    use Kind::{
        And, Bang, Colon, Comma, Equal, EqualOp, Greater, GreaterEq, Less, LessEq, Minus, NotEqual, OBrace,
        OBrack, OParen, Or, Percent, Plus, Question, Slash, Star,
    };
    let Some(before) = before else { return true };
    matches!(
        before,
        OParen
            | OBrace
            | OBrack
            | Equal
            | Colon
            | Comma
            | Question
            | Plus
            | Star
            | Slash
            | Percent
            | Minus
            | EqualOp
            | NotEqual
            | Greater
            | GreaterEq
            | Less
            | LessEq
            | And
            | Or
            | Bang
    )
}

/// Aligns a part of adjacent lines that have it: `at` is the index of its first token.
fn align(tokens: &mut [Spaced], lines: &[Line], text: &str, has: fn(&Line) -> bool, at: fn(&Line) -> usize) {
    for chain in lines.chunk_by(|a, b| has(a) && has(b)) {
        if !has(&chain[0]) {
            continue;
        }
        let widths: Vec<usize> =
            chain.iter().map(|line| columns(&tokens[line.start..at(line)], text)).collect();
        let widest = widths.iter().copied().max().unwrap_or(0);
        for (line, width) in chain.iter().zip(widths) {
            tokens[at(line)].blanks = widest - width + 1;
        }
    }
}

/// The width of tokens on the screen, in grapheme clusters.
fn columns(tokens: &[Spaced], text: &str) -> usize {
    tokens
        .iter()
        .map(|t| {
            let text = t.token.text(text);
            t.blanks
                + if text.is_ascii() && !text.contains('\r') {
                    text.len()
                } else {
                    text.graphemes(true).count()
                }
        })
        .sum()
}
