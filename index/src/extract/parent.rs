//! The parent's side of reading a file in a child process: time, memory and the size of the answer are bounded.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::child::{MEMORY, Message, Order};
use super::turns::Turns;
use super::{Extracted, TEXT};
use crate::IndexError;

/// The most files that are read at the same time; each may take all the memory that one may.
const AT_ONCE: usize = 2;
/// The most bytes that a child may answer: all text, escaped, with its headings and places.
const ANSWER: u64 = TEXT * 8;
/// What the child keeps of the environment: to find its libraries, and tesseract.
const ENVIRONMENT: &[&str] = &["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TESSDATA_PREFIX"];
/// Signals by which a process ends that got no memory (it aborts), or that the system ended for want of it.
const OUT_OF_MEMORY: [i32; 2] = [6, 9];
/// The signal by which a process ends whose time on the processor is over.
const OUT_OF_TIME: i32 = 24;

/// A program that calls [`serve`](super::child::serve) when it is started with these arguments.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    turns: Turns,
}

impl Program {
    pub(crate) fn new(path: PathBuf, arguments: Vec<OsString>) -> Self {
        Self { path, arguments, turns: Turns::new(AT_ONCE) }
    }

    /// Reads a file in a process of its own, within `time`.
    pub(super) fn read(
        &self,
        name: &str,
        bytes: &[u8],
        page: &mut dyn FnMut(u32, u32) -> bool,
        time: Duration,
    ) -> Result<Extracted, IndexError> {
        let _turn = self.turns.take();
        let (ours, theirs) = UnixStream::pair()?;
        let mut child = Running(self.start(theirs)?);
        let mut line = Line { stream: ours, until: Instant::now() + time };
        let order = Order { name: name.to_owned(), length: bytes.len() as u64 };
        // A child that is gone already says why by how it ended.
        let _ = line.send(&order, bytes);
        let ended = follow(line, page);
        match ended {
            Ok(Some(done)) => done,
            Ok(None) => Err(reason(child.0.wait()?, time)),
            Err(error) if is_timeout(&error) => Err(IndexError::TooSlow { seconds: time.as_secs() }),
            Err(error) => {
                child.end();
                Err(IndexError::Corrupt { reason: error.to_string() })
            }
        }
    }

    fn start(&self, stream: UnixStream) -> io::Result<Child> {
        let mut command = Command::new(&self.path);
        let kept = ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.args(&self.arguments).env_clear().envs(kept).current_dir("/");
        command.stdin(Stdio::from(OwnedFd::from(stream))).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    }
}

/// A child that is ended when nobody waits for it any more.
struct Running(Child);

impl Running {
    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// The socket to the child; every read and write ends at the deadline.
struct Line {
    stream: UnixStream,
    until: Instant,
}

impl Line {
    fn send(&mut self, order: &Order, bytes: &[u8]) -> io::Result<()> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write_all(format!("{}\n", serde_json::to_string(order)?).as_bytes())?;
        self.stream.write_all(bytes)
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(buffer)
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

/// Passes pages on until the child is through; none when it ended without a word.
fn follow(line: Line, page: &mut dyn FnMut(u32, u32) -> bool) -> io::Result<Option<Result<Extracted, IndexError>>> {
    let mut answers = BufReader::new(line.take(ANSWER));
    let mut text = Vec::new();
    loop {
        text.clear();
        answers.read_until(b'\n', &mut text)?;
        if !text.ends_with(b"\n") {
            let full = answers.get_ref().limit() == 0;
            return Ok(full.then_some(Err(IndexError::TooLarge { limit: TEXT })));
        }
        match serde_json::from_slice(&text)? {
            Message::Page(number, pages) if !page(number, pages) => return Ok(Some(Err(IndexError::Cancelled))),
            Message::Page(..) => {}
            Message::Read(extracted) => return Ok(Some(Ok(extracted))),
            Message::Refused(error) => return Ok(Some(Err(error))),
        }
    }
}

/// Why a child ended without an answer.
fn reason(status: ExitStatus, time: Duration) -> IndexError {
    match status.signal() {
        Some(signal) if OUT_OF_MEMORY.contains(&signal) => IndexError::TooMuchMemory { limit: MEMORY },
        Some(OUT_OF_TIME) => IndexError::TooSlow { seconds: time.as_secs() },
        _ => IndexError::Corrupt { reason: format!("the parser ended: {status}") },
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::child;
    use super::*;

    /// Makes this test binary the child of [`program`].
    const ROLE: &str = "as-the-child";

    /// This test binary, started so that [`child_of_the_other_tests`] serves.
    pub(in crate::extract) fn program() -> Program {
        let test = "extract::parent::tests::child_of_the_other_tests";
        let arguments = ["--exact", test, "--skip", ROLE].map(OsString::from).to_vec();
        Program::new(std::env::current_exe().unwrap(), arguments)
    }

    #[test]
    fn child_of_the_other_tests() {
        if std::env::args().any(|argument| argument == ROLE) {
            child::serve().unwrap();
        }
    }

    #[test]
    fn a_file_is_read_apart_as_it_is_here() {
        let mut pages = Vec::new();
        let pdf = include_bytes!("../../../tests/fixtures/lighthouses.pdf");
        let mut page = |number, all| {
            pages.push((number, all));
            true
        };
        let apart = program().read("a.pdf", pdf, &mut page, super::super::TIME).unwrap();
        assert_eq!(pages, [(1, 3), (2, 3), (3, 3)]);
        let here = super::super::read("a.pdf", pdf.to_vec(), &mut |_, _| true).unwrap();
        assert_eq!((apart.blocks, apart.pages), (here.blocks, here.pages));
    }

    #[test]
    fn refusals_cross_the_border() {
        let refused =
            |name, bytes: &[u8]| program().read(name, bytes, &mut |_, _| true, super::super::TIME).unwrap_err();
        let locked = include_bytes!("../../../tests/fixtures/locked.pdf");
        assert!(matches!(refused("a.pdf", locked), IndexError::PasswordProtected));
        assert!(matches!(refused("a.srt", b"no times"), IndexError::Corrupt { reason } if reason == "no times in it"));
        assert!(matches!(refused("a.ipynb", b"{"), IndexError::Corrupt { .. }));
    }

    #[test]
    fn who_wants_no_more_and_whose_time_is_over_is_answered_at_once() {
        let pdf = include_bytes!("../../../tests/fixtures/lighthouses.pdf");
        let cancelled = program().read("a.pdf", pdf, &mut |_, _| false, super::super::TIME);
        assert!(matches!(cancelled, Err(IndexError::Cancelled)));
        let sleeper = Program::new("sleep".into(), vec!["60".into()]);
        let start = Instant::now();
        let slow = sleeper.read("a.md", b"x", &mut |_, _| true, Duration::from_millis(100));
        assert!(matches!(slow, Err(IndexError::TooSlow { .. })));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn how_a_child_ended_says_why() {
        for (status, expected) in [
            (ExitStatus::from_raw(6), "reading needs more than 1073741824 bytes of memory"),
            (ExitStatus::from_raw(24), "reading took longer than 3 seconds"),
            (ExitStatus::from_raw(256), "the file is damaged: the parser ended: exit status: 1"),
        ] {
            assert_eq!(reason(status, Duration::from_secs(3)).to_string(), expected);
        }
    }
}
