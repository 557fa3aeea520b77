//! The only way to standard output, standard error, and what `export` writes.
//!
//! Every line is escaped here, against terminal escape injection and log forging: text of others can
//! neither control the terminal nor forge a line of the log. `clippy.toml` forbids every other way out;
//! only this file is exempt.
#![allow(clippy::disallowed_macros, clippy::disallowed_methods)]

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use clap::Parser;
use witspan_setup::COLOUR_SWITCH;
use witspan_text::{Shown, json, without_secrets};

/// One line on standard error, where people and logs read.
macro_rules! note {
    ($($text:tt)*) => { $crate::terminal::note_line(format_args!($($text)*)) };
}
/// One line on standard output.
macro_rules! say {
    ($($text:tt)*) => { $crate::terminal::say_line(format_args!($($text)*)) };
}
pub(crate) use {note, say};

/// What `note!` does. A closed standard error is ignored.
pub(crate) fn note_line(text: fmt::Arguments<'_>) {
    let _ = line(&mut io::stderr().lock(), text);
}

/// What `say!` does. A broken pipe, as of `head`, is not a failure; a full disk is reported.
pub(crate) fn say_line(text: fmt::Arguments<'_>) {
    if let Err(error) = line(&mut io::stdout().lock(), text)
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        note!("witspan: cannot write: {error}");
    }
}

/// Written at once, so that lines of several threads stay whole.
fn line(out: &mut impl Write, text: fmt::Arguments<'_>) -> io::Result<()> {
    out.write_all(format!("{}\n", Shown(text)).as_bytes())?;
    out.flush()
}

/// Prints a panic as one escaped line, since it may quote text of others.
pub(crate) fn catch_panics() {
    std::panic::set_hook(Box::new(|panic| {
        note!("witspan: internal error, please report it: {panic}");
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            trace.to_string().lines().for_each(|line| note!("{line}"));
        }
    }));
}

/// Parses the process's arguments. Otherwise prints the error or the help, and returns the exit status.
pub(crate) fn arguments<T: Parser>() -> Result<T, u8> {
    let error = match T::try_parse() {
        Ok(arguments) => return Ok(arguments),
        Err(error) if !error.use_stderr() => error.exit(),
        Err(error) => error,
    };
    // The error quotes the arguments unescaped, so they are escaped and parsed again for its text.
    let escaped = std::env::args_os().map(|each| Shown(each.to_string_lossy()).to_string());
    let error = T::try_parse_from(escaped).err().unwrap_or(error);
    let text = without_secrets(error.render().to_string().trim_end());
    text.lines().for_each(|line| note!("{line}"));
    Err(2)
}

/// Colours, or none: only for a terminal, and never where NO_COLOR is set.
#[derive(Clone, Copy)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    /// For standard output.
    pub(crate) fn detect() -> Self {
        let refused = std::env::var_os(COLOUR_SWITCH).is_some_and(|value| !value.is_empty());
        Self(!refused && io::stdout().is_terminal())
    }
}

/// Lines for standard output. What is put in is escaped; line ends and colours are ours.
pub(crate) struct Screen {
    text: String,
    paint: Paint,
}

impl Screen {
    pub(crate) fn new(paint: Paint) -> Self {
        Self { text: String::new(), paint }
    }

    pub(crate) fn put(&mut self, text: impl Display) {
        self.text.push_str(&Shown(text).to_string());
    }

    pub(crate) fn faint(&mut self, text: impl Display) {
        self.with("2", text);
    }

    pub(crate) fn bold(&mut self, text: impl Display) {
        self.with("1", text);
    }

    pub(crate) fn error(&mut self, text: impl Display) {
        self.with("31", text);
    }

    fn with(&mut self, code: &str, text: impl Display) {
        if self.paint.0 {
            self.text.extend(["\u{1b}[", code, "m"]);
        }
        self.put(text);
        if self.paint.0 {
            self.text.push_str("\u{1b}[0m");
        }
    }

    /// Ends the line.
    pub(crate) fn end(&mut self) {
        self.text.push('\n');
    }

    /// JSON text, in lines of its own.
    pub(crate) fn json(&mut self, text: &str) {
        self.text.push_str(&json(text));
        self.end();
    }

    /// Prints what was put in so far.
    ///
    /// # Errors
    ///
    /// As of [`failed`].
    pub(crate) fn print(&self) -> Result<(), String> {
        let mut out = io::stdout().lock();
        out.write_all(self.text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|error| failed(&error))
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// JSON texts, a line each, to standard output or a file.
pub(crate) struct Lines(BufWriter<Box<dyn Write>>);

impl Lines {
    pub(crate) fn stdout() -> Self {
        Self(BufWriter::new(Box::new(io::stdout().lock())))
    }

    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn file(path: &Path) -> Result<Self, String> {
        let file = File::create(path);
        let file = file.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(Self(BufWriter::new(Box::new(file))))
    }

    /// # Errors
    ///
    /// As of [`failed`].
    pub(crate) fn json(&mut self, text: &str) -> Result<(), String> {
        writeln!(self.0, "{}", json(text)).map_err(|error| failed(&error))
    }

    /// # Errors
    ///
    /// As of [`failed`].
    pub(crate) fn end(mut self) -> Result<(), String> {
        self.0.flush().map_err(|error| failed(&error))
    }
}

/// The text of a failed write; empty if the reader has closed the pipe.
fn failed(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::BrokenPipe => String::new(),
        _ => format!("cannot write: {error}"),
    }
}
