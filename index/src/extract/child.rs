//! The child process that reads one file: whatever the file does to its parser, the server goes on.
//!
//! The parent hands the child one end of a pair of sockets as its standard input, and sends a line with the file's
//! name and length, then its bytes. The child sets its own limits before it looks at any of them, and answers with
//! lines: pages as they are read, and at last what was read or why not. Nothing else is shared; standard output and
//! error lead nowhere, so that a parser that prints cannot speak for the child.

use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::net::UnixStream;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::reader::STACK;
use super::{BYTES, Extracted, TIME, read};
use crate::IndexError;

/// The most memory that reading a file may take, in bytes, the stack not counted.
pub(super) const MEMORY: u64 = 1 << 30;
/// The longest line with a name.
const LINE: u64 = 8_192;

/// What the parent sends before the file.
#[derive(Serialize, Deserialize)]
pub(super) struct Order {
    /// The file's name.
    pub(super) name: String,
    /// How many bytes follow.
    pub(super) length: u64,
}

/// A line of the child.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Message {
    /// A page is being read: its number, all pages.
    Page(u32, u32),
    /// The end: what was read.
    Read(Extracted),
    /// The end: why it was not.
    Refused(IndexError),
}

/// Reads the file that the parent sends over standard input, and answers there. The program calls it for the hidden
/// command that [`Index::reading_apart`](crate::Index::reading_apart) names, before it does anything else.
///
/// # Errors
///
/// [`IndexError::Store`] when standard input is no socket or the parent is gone.
pub fn serve() -> Result<(), IndexError> {
    limit()?;
    let stream = UnixStream::from(std::os::fd::AsFd::as_fd(&std::io::stdin()).try_clone_to_owned()?);
    let (order, bytes) = receive(&stream)?;
    let mut answers = BufWriter::new(stream);
    let mut page = |number, pages| send(&mut answers, &Message::Page(number, pages)).is_ok();
    let done = read(&order.name, bytes, &mut page);
    send(&mut answers, &done.map_or_else(Message::Refused, Message::Read))
}

fn send(to: &mut BufWriter<UnixStream>, message: &Message) -> Result<(), IndexError> {
    serde_json::to_writer(&mut *to, message)?;
    to.write_all(b"\n")?;
    Ok(to.flush()?)
}

fn receive(stream: &UnixStream) -> Result<(Order, Vec<u8>), IndexError> {
    let mut from = BufReader::new(stream);
    let mut line = String::new();
    from.by_ref().take(LINE).read_line(&mut line)?;
    let order: Order = serde_json::from_str(&line)?;
    let mut bytes = Vec::new();
    from.take(order.length.min(BYTES)).read_to_end(&mut bytes)?;
    Ok((order, bytes))
}

/// What this process may use from now on. An allocation beyond it aborts the process, and the parent knows why.
fn limit() -> Result<(), IndexError> {
    let seconds = TIME.as_secs() + 5;
    for (resource, most) in [
        (Resource::Data, MEMORY + STACK as u64),
        // An orphan ends by itself.
        (Resource::Cpu, seconds),
        (Resource::Core, 0),
        // It has no business with files.
        (Resource::Fsize, 0),
    ] {
        // Who started the program may have set it lower, and nobody may raise it again.
        let most = getrlimit(resource).maximum.map_or(most, |least| least.min(most));
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(std::io::Error::from)?;
    }
    Ok(())
}
