//! The console: the adapter for one person at a terminal, or for a pipe.
//!
//! On a terminal an answer grows as it comes and its checked form takes its place; a pipe gets only what
//! stands in the end. Nothing is printed past the `output` that is given, and no word of its own is said:
//! all of them come with [`Words`].

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::chat::Tutor;
use crate::markup::console::Ink;

mod disk;
mod input;
mod line;
mod screen;
mod talk;

pub use disk::Disk;
pub use input::Input;
pub use screen::Size;

use input::Reader;
use talk::Talk;

/// How the console looks, and who sits at it.
#[derive(Debug, Clone)]
pub struct Config {
    /// The account of the person: `ada` becomes `console:ada`.
    pub student: String,
    /// The language of the terminal as an IETF tag.
    pub locale: Option<String>,
    /// What the output can do.
    pub display: Display,
    /// Whether styles are shown.
    pub ink: Ink,
    /// What is said besides the tutor's words.
    pub words: Words,
    /// Where files that the tutor sends are written.
    pub folder: PathBuf,
}

/// What the output can do.
#[derive(Debug, Clone, Copy)]
pub enum Display {
    /// It takes text: a pipe or a file.
    Plain,
    /// It is a terminal whose cursor can be moved; the function tells its size of the moment.
    Live(fn() -> Size),
}

/// The size of the terminal that standard output is, or a common size where that is not known.
pub fn terminal_size() -> Size {
    match terminal_size::terminal_size() {
        Some((width, height)) => Size { columns: width.0.into(), rows: height.0.into() },
        None => Size { columns: 80, rows: 24 },
    }
}

/// The console's words in the person's language.
#[derive(Debug, Clone)]
pub struct Words {
    /// Stands before the line that is typed, such as `> `.
    pub prompt: String,
    /// A file was written; `{path}` in it stands for where.
    pub saved: String,
    /// A file could not be written; `{path}` in it stands for its name.
    pub not_saved: String,
    /// The person has broken off the answer.
    pub stopped: String,
    /// The answer was cut off by the tutor and will come later.
    pub cut_off: String,
}

/// Why the console ended before its input did.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The input cannot be read.
    #[error("cannot read the input")]
    Input {
        /// The cause.
        source: io::Error,
    },
    /// The output cannot be written.
    #[error("cannot write the output")]
    Output {
        /// The cause.
        source: io::Error,
    },
}

/// Serves `tutor` to one person until the input ends, the person leaves, or `stop`.
///
/// A line is answered whole before the next is read. At a terminal Ctrl-C breaks off an answer, and at the
/// prompt it ends the console, as Ctrl-D does. A reader of `output` who goes away ends it too.
///
/// # Errors
/// [`ConsoleError`] when input or output fail.
pub async fn run(
    config: Config,
    input: Input,
    output: impl Write + Send,
    tutor: Arc<dyn Tutor>,
    stop: CancellationToken,
) -> Result<(), ConsoleError> {
    let interrupts = if matches!(input, Input::Terminal { .. }) { keyboard() } else { mpsc::channel(1).1 };
    let reader = Reader::open(input)?;
    let mut talk = Talk::new(config, output, tutor, interrupts);
    match talk.go_on(reader, stop).await {
        Err(ConsoleError::Output { source }) if source.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        ended => ended,
    }
}

/// Ctrl-C, each time that it is pressed while no line is edited.
fn keyboard() -> mpsc::Receiver<()> {
    let (sender, pressed) = mpsc::channel(1);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() && !sender.is_closed() {
            // One that was not looked at yet is enough.
            let _ = sender.try_send(());
        }
    });
    pressed
}
