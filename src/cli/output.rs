//! What a command writes: lines to the terminal, wherever the command is carried out.

use std::io::{IsTerminal as _, Write as _};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tracing_subscriber::EnvFilter;
use tutor_bots::markup::Document;
use tutor_bots::markup::console::{Ink, render};
use tutor_prompts::Language;

use crate::config::{LogFormat, Settings};

/// How much of what llama.cpp logs is shown.
const LLAMA: &str = "llama-cpp-2=error,llama_cpp_2=error";

/// What the person's terminal can show; sent along with work that the server does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Terminal {
    /// The language that the person reads.
    pub(crate) language: Language,
    /// Standard output is a terminal, and colours are wanted.
    pub(crate) colour: bool,
    /// Standard error is a terminal, so progress can be shown there.
    pub(crate) progress: bool,
}

impl Terminal {
    /// The terminal of this process.
    pub(crate) fn of_this_process(language: Language) -> Self {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { language, colour, progress: std::io::stderr().is_terminal() }
    }
}

/// One thing to show.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Line {
    /// A line of the result.
    Out(String),
    /// Text of the result without an end of line.
    Part(String),
    /// A line of progress that the next one replaces.
    Status(String),
    /// A sentence beside the result, most often about something that went wrong.
    Error(String),
}

/// Where a command writes.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    lines: mpsc::Sender<Line>,
    terminal: Terminal,
}

impl Output {
    /// An output whose lines go to `lines`.
    pub(crate) fn new(lines: mpsc::Sender<Line>, terminal: Terminal) -> Self {
        Self { lines, terminal }
    }

    /// What the person's terminal can show.
    pub(crate) fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Writes one line. Nobody reading is no error: the work is dropped by whoever started it.
    pub(crate) async fn line(&self, line: Line) {
        let _ = self.lines.send(line).await;
    }

    /// Writes a line of the result.
    pub(crate) async fn out(&self, text: impl Into<String>) {
        self.line(Line::Out(text.into())).await;
    }

    /// Writes a value as one line of JSON.
    pub(crate) async fn json(&self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => self.out(text).await,
            Err(error) => self.error(&error.to_string()).await,
        }
    }

    /// Says something beside the result, where it does not get into a script's way.
    pub(crate) async fn note(&self, text: &str) {
        self.line(Line::Error(text.to_owned())).await;
    }

    /// Shows progress, where it can be seen.
    pub(crate) async fn status(&self, text: &str) {
        if self.terminal.progress {
            self.line(Line::Status(text.to_owned())).await;
        }
    }

    /// Says what went wrong.
    pub(crate) async fn error(&self, text: &str) {
        if !text.is_empty() {
            self.line(Line::Error(text.to_owned())).await;
        }
    }

    /// A document as this terminal shows it.
    pub(crate) fn rendered(&self, document: &Document) -> String {
        render(document, ink(self.terminal.colour))
    }
}

/// Styles, or text alone.
pub(crate) fn ink(colour: bool) -> Ink {
    if colour { Ink::Colour } else { Ink::Plain }
}

/// Prints lines until there are no more.
pub(crate) fn print(mut lines: mpsc::Receiver<Line>) {
    // Not locked for longer than a line: logs go to standard error too, and must never wait for the next line.
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let mut status = false;
    while let Some(line) = lines.blocking_recv() {
        if std::mem::take(&mut status) {
            let _ = write!(err, "\r\x1b[2K");
        }
        // A closed pipe ends the reader's interest, not the work.
        let _ = match line {
            Line::Out(text) => writeln!(out, "{text}"),
            Line::Part(text) => write!(out, "{text}"),
            Line::Error(text) => writeln!(err, "{text}"),
            Line::Status(text) => {
                status = true;
                write!(err, "{text}").and_then(|()| err.flush())
            }
        };
        let _ = out.flush();
    }
    if status {
        let _ = write!(err, "\r\x1b[2K");
    }
}

/// Prints a sentence about something that went wrong before there was anything else.
pub(crate) fn print_error(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints a line of a result that comes by itself.
pub(crate) fn print_line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// The language of the person's environment.
pub(crate) fn language_of_environment() -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
    set.filter(|value| !value.is_empty()).find_map(|value| Language::from_tag(&value)).unwrap_or_default()
}

/// Starts the logs on standard error. A command shows warnings only; the server what the settings say.
pub(crate) fn start_logs(settings: &Settings, server: bool) {
    let level = if server { settings.log_level.as_str() } else { "error" };
    let level = std::env::var("TUTOR_LOG_LEVEL").unwrap_or_else(|_| level.to_owned());
    // llama.cpp tells a page about every model that it loads; who wants to read it names its target.
    let quiet = |level: &str| if level.contains("llama") { level.to_owned() } else { format!("{level},{LLAMA}") };
    let filter = EnvFilter::try_new(quiet(&level)).unwrap_or_else(|_| EnvFilter::new(quiet("info")));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Human => logs.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => logs.json().init(),
    }
}
