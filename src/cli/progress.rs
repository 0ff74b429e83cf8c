//! A bar for what takes over a second: on stderr, on a terminal, gone when it is done.

use std::sync::Once;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Printer;

/// How far some work is.
pub struct Progress {
    bar: ProgressBar,
    began: Instant,
    live: bool,
    shown: Once,
}

impl Progress {
    /// Work of so many steps; nothing is drawn before a second has passed.
    pub fn new(printer: &Printer, what: &str, steps: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what.to_owned());
        Self { bar, began: Instant::now(), live: printer.is_live(), shown: Once::new() }
    }

    /// One step is done.
    pub fn step(&self) {
        self.bar.inc(1);
        if self.live && self.began.elapsed() > Duration::from_secs(1) {
            self.shown.call_once(|| self.bar.set_draw_target(ProgressDrawTarget::stderr()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
