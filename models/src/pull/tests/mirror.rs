//! A mirror of the hub on loopback that holds one file and fails as it is told to.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What goes wrong with a download.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// The connection is closed after so many bytes.
    CutAfter(usize),
    /// The whole file is sent where a part was asked for.
    WholeFile,
}

#[derive(Debug)]
struct State {
    file: Vec<u8>,
    etag: String,
    faults: VecDeque<Fault>,
    downloads: Vec<String>,
}

/// The mirror; its thread ends with the test process.
#[derive(Debug)]
pub(super) struct Mirror {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Mirror {
    /// Serves `file` as `q4/model.gguf` of `school/house`; the faults befall the first downloads.
    pub(super) fn serve(file: &[u8], etag: &str, faults: impl IntoIterator<Item = Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State {
            file: file.to_vec(),
            etag: etag.to_owned(),
            faults: faults.into_iter().collect(),
            downloads: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away in the middle is its own business.
                let _ = answer(stream, &shared);
            }
        });
        Self { port, state }
    }

    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The ranges that were asked for, those of one byte (which only ask for the size) left out.
    pub(super) fn downloads(&self) -> Vec<String> {
        self.state.lock().unwrap().downloads.clone()
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let (path, range) = request(&stream)?;
    if path != "/school/house/resolve/main/q4/model.gguf" {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let mut state = state.lock().unwrap();
    let size = state.file.len();
    let (mut start, mut end) = match range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) {
        Some((start, "")) => (start.parse().unwrap(), size),
        Some((start, end)) => (start.parse().unwrap(), end.parse::<usize>().unwrap() + 1),
        None => panic!("a request without a range: {range}"),
    };
    let mut sent = usize::MAX;
    if range != "bytes=0-0" {
        state.downloads.push(range);
        match state.faults.pop_front() {
            Some(Fault::CutAfter(bytes)) => sent = bytes,
            Some(Fault::WholeFile) => (start, end) = (0, size),
            None => {}
        }
    }
    let body = &state.file[start..end];
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nETag: \"{}\"\r\nX-Repo-Commit: abc\r\nContent-Range: bytes {start}-{}/{size}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        state.etag,
        end - 1,
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body[..body.len().min(sent)])
}

/// The path and the range of a request.
fn request(stream: &TcpStream) -> std::io::Result<(String, String)> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or(Ok(String::new()))?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut range = String::new();
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("range")
        {
            range = value.trim().to_owned();
        }
    }
    Ok((path, range))
}
