//! Our own terminal, while a command elsewhere has it: every key goes there, and how large it is.

use std::io::IsTerminal;

/// Whether somebody sits there: both ends are a terminal.
pub fn is_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// A terminal that passes every key on; given up, it is as it was.
#[cfg(unix)]
pub struct Raw(rustix::termios::Termios);

#[cfg(unix)]
impl Raw {
    /// Takes the terminal of standard input.
    ///
    /// # Errors
    /// Those of the system.
    pub fn take() -> std::io::Result<Self> {
        use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(std::io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(std::io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self(before))
    }
}

#[cfg(unix)]
impl Drop for Raw {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        // It cannot be helped where the terminal is gone.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Drain, &self.0);
    }
}

/// The rows and columns of the terminal of standard output.
#[cfg(unix)]
pub fn size() -> Option<(u16, u16)> {
    rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| (size.ws_row, size.ws_col))
}

/// No terminal is passed on here.
#[cfg(not(unix))]
pub struct Raw;

#[cfg(not(unix))]
impl Raw {
    /// # Errors
    /// Always: this is only known of Unix.
    pub fn take() -> std::io::Result<Self> {
        Err(std::io::Error::from(std::io::ErrorKind::Unsupported))
    }
}

/// Not known here.
#[cfg(not(unix))]
pub fn size() -> Option<(u16, u16)> {
    None
}

/// Looks for `~.` at the beginning of a line, which lets go of a command that nothing else ends, as in `ssh`.
#[derive(Debug)]
pub struct Escape {
    at_start: bool,
    tilde: bool,
}

impl Escape {
    /// Nothing was typed yet.
    pub fn new() -> Self {
        Self { at_start: true, tilde: false }
    }

    /// What of the keys is passed on; `None` to let go. A `~` is held back until the next key is known.
    pub fn pass(&mut self, keys: &[u8]) -> Option<Vec<u8>> {
        let mut passed = Vec::with_capacity(keys.len() + 1);
        for key in keys {
            if std::mem::take(&mut self.tilde) {
                match key {
                    b'.' => return None,
                    // Two are one.
                    b'~' => {}
                    _ => passed.push(b'~'),
                }
            } else if self.at_start && *key == b'~' {
                (self.tilde, self.at_start) = (true, false);
                continue;
            }
            self.at_start = matches!(key, b'\r' | b'\n');
            passed.push(*key);
        }
        Some(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::Escape;

    fn passed(keys: &[&[u8]]) -> Option<Vec<u8>> {
        let mut escape = Escape::new();
        let mut all = Vec::new();
        for part in keys {
            all.extend(escape.pass(part)?);
        }
        Some(all)
    }

    #[test]
    fn a_tilde_and_a_dot_at_the_beginning_of_a_line_let_go() {
        assert_eq!(passed(&[b"~."]), None);
        assert_eq!(passed(&[b"ls\r", b"~", b"."]), None);
        assert_eq!(passed(&[b"ls ~.\r"]), Some(b"ls ~.\r".to_vec()));
        assert_eq!(passed(&[b"~a\r~~.\r"]), Some(b"~a\r~.\r".to_vec()));
        assert_eq!(passed(&[b"~/bin\r"]), Some(b"~/bin\r".to_vec()));
    }
}
