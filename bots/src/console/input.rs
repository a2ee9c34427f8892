//! Input: lines from a terminal or a pipe, read on a thread of their own, one for each request.

use std::io::BufRead;
use std::path::PathBuf;
use std::sync::mpsc as requests;
use std::thread;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};
use tokio::sync::mpsc;

use super::ConsoleError;

/// Where lines come from.
pub enum Input {
    /// A person at a terminal, with line editing.
    Terminal {
        /// Where the lines are kept for the next time.
        history: Option<PathBuf>,
    },
    /// A pipe or a file, read to its end.
    Lines(Box<dyn BufRead + Send>),
}

/// What was read.
pub(crate) enum Read {
    Line(String),
    /// The end of the input, or the person wants to leave.
    End,
    Failed(ConsoleError),
}

/// The reading thread. It waits for requests, so that no prompt stands while an answer is printed.
pub(crate) struct Reader {
    requests: requests::Sender<String>,
    lines: mpsc::Receiver<Read>,
}

impl Reader {
    pub(crate) fn open(input: Input) -> Result<Self, ConsoleError> {
        let (sender, asked) = requests::channel();
        let (answers, lines) = mpsc::channel(1);
        let body = move || match input {
            Input::Terminal { history } => serve_terminal(history, &asked, &answers),
            Input::Lines(reader) => serve_pipe(reader, &asked, &answers),
        };
        let spawned = thread::Builder::new().name("console-input".to_owned()).spawn(body);
        spawned.map_err(|source| ConsoleError::Input { source })?;
        Ok(Self { requests: sender, lines })
    }

    /// The next line, asked for with `prompt`.
    pub(crate) async fn next(&mut self, prompt: &str) -> Read {
        // A thread that has ended answers with the end below.
        let _ = self.requests.send(prompt.to_owned());
        self.lines.recv().await.unwrap_or(Read::End)
    }
}

fn serve_terminal(history: Option<PathBuf>, asked: &requests::Receiver<String>, answers: &mpsc::Sender<Read>) {
    let config = Config::builder().auto_add_history(true).build();
    let mut editor = match Editor::<(), FileHistory>::with_config(config) {
        Ok(editor) => editor,
        Err(error) => return report(answers, failed(error)),
    };
    if let Some(path) = &history {
        // The first time there is none.
        let _ = editor.load_history(path);
    }
    while let Ok(prompt) = asked.recv() {
        let read = match editor.readline(&prompt) {
            Ok(line) => Read::Line(line),
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => Read::End,
            Err(error) => failed(error),
        };
        if let Some(path) = &history
            && let Err(error) = editor.append_history(path)
        {
            tracing::debug!(%error, "history not kept");
        }
        report(answers, read);
    }
}

fn failed(error: ReadlineError) -> Read {
    let source = match error {
        ReadlineError::Io(source) => source,
        other => std::io::Error::other(other),
    };
    Read::Failed(ConsoleError::Input { source })
}

fn serve_pipe(mut reader: Box<dyn BufRead + Send>, asked: &requests::Receiver<String>, answers: &mpsc::Sender<Read>) {
    while asked.recv().is_ok() {
        let mut bytes = Vec::new();
        let read = match reader.read_until(b'\n', &mut bytes) {
            Ok(0) => Read::End,
            Ok(_) => Read::Line(String::from_utf8_lossy(&bytes).into_owned()),
            Err(source) => Read::Failed(ConsoleError::Input { source }),
        };
        report(answers, read);
    }
}

fn report(answers: &mpsc::Sender<Read>, read: Read) {
    // Nobody listens when the console was dropped.
    let _ = answers.blocking_send(read);
}
