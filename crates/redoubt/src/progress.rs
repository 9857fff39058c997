//! A progress bar on a terminal, nothing elsewhere.

use crate::output::Output;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// A bar over `total` things, named by a code of `locales/*/cli.json`.
pub fn bar(output: &Output, code: &str, total: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() || total < 50 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {human_pos}/{human_len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total as u64).with_prefix(output.word(code)).with_style(style)
}
