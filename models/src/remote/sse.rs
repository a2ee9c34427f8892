//! Server-sent events: bytes in, the data of whole events out. What the HTML standard asks of readers, without names, ids
//! and reconnection, which chats do not use. Our own, since the readers on crates.io let a line grow without bound.

/// The most bytes of an event that is not whole yet.
const LONGEST: usize = 1 << 20;

/// An event grew longer than anybody sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// What has come and is not a whole event yet.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
    /// An event has begun: data may be empty.
    begun: bool,
    /// The last byte was a carriage return: a line feed now belongs to it.
    returned: bool,
}

impl Events {
    /// Takes in what has come; the data of the events that are whole by now, in their order.
    ///
    /// # Errors
    /// [`TooLong`] for an event of more than a MiB.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut whole = Vec::new();
        for &byte in bytes {
            let follows = std::mem::replace(&mut self.returned, byte == b'\r');
            match byte {
                b'\n' if follows => {}
                b'\n' | b'\r' => whole.extend(self.end_line()),
                _ if self.line.len() + self.data.len() >= LONGEST => return Err(TooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(whole)
    }

    /// A line is whole; the event that it ends, if it ends one.
    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return std::mem::take(&mut self.begun).then(|| String::from_utf8_lossy(&data).into_owned());
        }
        let value = line.strip_prefix(b"data:")?;
        if std::mem::replace(&mut self.begun, true) {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn events_are_read_as_the_standard_says() {
        for (bytes, expected) in [
            ("data: a\n\ndata: b\n\n", vec!["a", "b"]),
            ("data:a\r\n\r\ndata: b\r\rdata:  c\n\n", vec!["a", "b", " c"]),
            ("data: a\ndata: b\n\n", vec!["a\nb"]),
            (": still here\n\nevent: x\nid: 7\ndata: a\n\n", vec!["a"]),
            ("data\n\ndata:\n\n", vec![""]),
            ("data: not whole\n", vec![]),
        ] {
            assert_eq!(Events::default().feed(bytes.as_bytes()).unwrap(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_never_ends_is_refused() {
        let mut events = Events::default();
        assert_eq!(events.feed(&vec![b'a'; LONGEST]), Ok(Vec::new()));
        assert_eq!(events.feed(b"a"), Err(TooLong));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_bytes_are_cut(texts in proptest::collection::vec("[^\r\n]{0,9}", 0..6), cut in 1_usize..9) {
            let sent: String = texts.iter().map(|text| format!("data: {text}\r\n\r\n")).collect();
            let mut events = Events::default();
            let read: Vec<String> = sent.as_bytes().chunks(cut).flat_map(|part| events.feed(part).unwrap()).collect();
            prop_assert_eq!(read, texts);
        }
    }
}
