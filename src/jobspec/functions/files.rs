//! Functions on paths and files. They exist only where the caller names a folder.

use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Args, CallError, Files, MAX_TEXT, Outcome, abbreviate, fail};
use crate::jobspec::eval::value::Value;

/// `fileset` looks at no more files and folders than this.
const MAX_ENTRIES: usize = 100_000;

/// The path without `.`, `..` and doubled slashes.
fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => {
                    out.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => out.push(".."),
            },
            other => out.push(other),
        }
    }
    if out.as_os_str().is_empty() { PathBuf::from(".") } else { out }
}

/// The path with the home folder for a `~`.
fn expand(path: &str, files: &Files) -> Result<PathBuf, CallError> {
    let Some(rest) = path.strip_prefix('~') else { return Ok(PathBuf::from(path)) };
    match &files.home {
        _ if !(rest.is_empty() || rest.starts_with('/')) => fail("`~` of another user is not supported"),
        Some(home) => Ok(clean(&home.join(rest.trim_start_matches('/')))),
        None => fail("the home folder is not known"),
    }
}

/// The path from the folder of the job file.
fn resolve(path: &str, files: &Files) -> Result<PathBuf, CallError> {
    Ok(clean(&files.base.join(expand(path, files)?)))
}

fn show(path: &Path) -> Value {
    path.to_string_lossy().into_owned().into()
}

/// `abspath(path)`
pub(super) fn abspath(args: Args, files: &Files) -> Outcome {
    Ok(show(&clean(&files.working.join(args.text(0)))))
}

/// `pathexpand(path)`
pub(super) fn pathexpand(args: Args, files: &Files) -> Outcome {
    Ok(show(&expand(args.text(0), files)?))
}

/// `basename(path)`
pub(super) fn basename(args: Args, _: &Files) -> Outcome {
    let path = args.text(0);
    let trimmed = path.trim_end_matches('/');
    Ok(match (path, trimmed) {
        ("", _) => ".",
        (_, "") => "/",
        _ => trimmed.rsplit('/').next().unwrap_or(trimmed),
    }
    .into())
}

/// `dirname(path)`
pub(super) fn dirname(args: Args, _: &Files) -> Outcome {
    let folder = args.text(0).rfind('/').map_or("", |at| &args.text(0)[..at + 1]);
    Ok(show(&clean(Path::new(folder))))
}

/// The bytes of the file that the first argument names.
fn read(args: &Args, files: &Files) -> Result<Vec<u8>, CallError> {
    let path = resolve(args.text(0), files)?;
    let shown = abbreviate(&path.to_string_lossy());
    match fs::metadata(&path) {
        Ok(metadata) if metadata.len() > MAX_TEXT as u64 => {
            return fail(format!("`{shown}` is larger than {} MiB", MAX_TEXT / 1024 / 1024));
        }
        // Devices and pipes may never end.
        Ok(metadata) if !metadata.is_file() => return fail(format!("`{shown}` is not a regular file")),
        _ => {}
    }
    fs::read(&path).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => fail(format!("there is no file `{shown}`")),
        _ => fail(format!("`{shown}` cannot be read: {error}")),
    })
}

/// `file(path)`
pub(super) fn file(args: Args, files: &Files) -> Outcome {
    match String::from_utf8(read(&args, files)?) {
        Ok(text) => Ok(text.into()),
        Err(_) => {
            fail(format!("`{}` is not text in UTF-8; `filebase64` reads any file", abbreviate(args.text(0))))
        }
    }
}

/// `filebase64(path)`
pub(super) fn filebase64(args: Args, files: &Files) -> Outcome {
    Ok(STANDARD.encode(read(&args, files)?).into())
}

/// `fileexists(path)`
pub(super) fn fileexists(args: Args, files: &Files) -> Outcome {
    let path = resolve(args.text(0), files)?;
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => Ok(true.into()),
        Ok(_) => fail(format!("`{}` is not a regular file", abbreviate(&path.to_string_lossy()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false.into()),
        Err(error) => fail(format!("`{}` cannot be looked at: {error}", abbreviate(&path.to_string_lossy()))),
    }
}

/// `fileset(path, pattern)`
pub(super) fn fileset(args: Args, files: &Files) -> Outcome {
    let base = clean(&files.base.join(args.text(0)));
    let pattern: Vec<&str> =
        args.text(1).split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if pattern.contains(&"..") {
        return fail("the pattern must stay below the path");
    }
    let mut found = Vec::new();
    let mut seen = 0;
    walk(&base, &mut String::new(), &pattern, &mut found, &mut seen)?;
    Ok(Value::set(found.into_iter().map(Value::String).collect()))
}

/// Collects the files below `folder` that match the rest of the pattern.
fn walk(
    folder: &Path,
    prefix: &mut String,
    pattern: &[&str],
    found: &mut Vec<String>,
    seen: &mut usize,
) -> Result<(), CallError> {
    let Some((first, rest)) = pattern.split_first() else { return Ok(()) };
    let anywhere = *first == "**";
    if anywhere && !rest.is_empty() {
        walk(folder, prefix, rest, found, seen)?;
    }
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        *seen += 1;
        if *seen > MAX_ENTRIES {
            return fail(format!("there are more than {MAX_ENTRIES} files below the path"));
        }
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if !anywhere && !matches(first, name) {
            continue;
        }
        let path = entry.path();
        let len = prefix.len();
        prefix.push_str(name);
        if path.is_file() {
            if rest.is_empty() {
                found.push(prefix.clone());
            }
        } else if path.is_dir() && !(anywhere && path.is_symlink()) {
            prefix.push('/');
            walk(&path, prefix, if anywhere { pattern } else { rest }, found, seen)?;
        }
        prefix.truncate(len);
    }
    Ok(())
}

/// Whether a name matches a pattern of `*`, `?`, `[a-z]`, `{a,b}` and plain characters.
fn matches(pattern: &str, name: &str) -> bool {
    // Alternatives become a list of patterns first; each star then needs one place to go back to.
    let alternatives = alternatives(pattern);
    alternatives.iter().any(|pattern| matches_plain(pattern, name))
}

/// The patterns that `{a,b}` stands for; at most a few hundred.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut todo = vec![pattern.to_owned()];
    while let Some(next) = todo.pop() {
        let span = next.find('{').and_then(|open| Some((open, next[open..].find('}')? + open)));
        match span {
            Some((open, close)) if todo.len() + done.len() < 256 => {
                for choice in next[open + 1..close].split(',') {
                    todo.push(format!("{}{choice}{}", &next[..open], &next[close + 1..]));
                }
            }
            _ => done.push(next),
        }
    }
    done
}

fn matches_plain(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, n));
                p += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => class(&pattern[p..], name[n]),
            Some('\\') => (pattern.get(p + 1) == Some(&name[n])).then_some(2),
            Some(c) => (*c == name[n]).then_some(1),
            None => None,
        };
        match (step, star) {
            (Some(len), _) => {
                p += len;
                n += 1;
            }
            (None, Some((after, at))) => {
                p = after;
                n = at + 1;
                star = Some((after, n));
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// The length of the class `[…]` at the start, if the character is in it.
fn class(pattern: &[char], c: char) -> Option<usize> {
    let negated = matches!(pattern.get(1), Some('^' | '!'));
    let mut at = 1 + usize::from(negated);
    let mut inside = false;
    let mut first = true;
    loop {
        let low = *pattern.get(at)?;
        if low == ']' && !first {
            return (inside != negated).then_some(at + 1);
        }
        first = false;
        let high = match (pattern.get(at + 1), pattern.get(at + 2)) {
            (Some('-'), Some(high)) if *high != ']' => {
                at += 2;
                *high
            }
            _ => low,
        };
        inside |= (low..=high).contains(&c);
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("*.hcl", "a.hcl", true),
            ("*.hcl", "a.hcl.txt", false),
            ("a?c", "abc", true),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("*.{yml,yaml}", "a.yaml", true),
            ("a*b*c", "aXbYbZc", true),
            ("\\*", "*", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
