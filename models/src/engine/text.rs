//! Bytes of tokens → text that may be shown: whole characters, and nothing that could still become a stop string.

/// What may be shown after more bytes came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Grown {
    /// More text, perhaps none.
    On(String),
    /// The last text: a stop string followed it.
    Stopped(String),
}

/// Assembles the text of one answer.
#[derive(Debug)]
pub(super) struct Text {
    /// The beginning of a character whose end has not come.
    bytes: Vec<u8>,
    /// Text that may be the beginning of a stop string.
    held: String,
    stops: Vec<String>,
}

impl Text {
    /// An empty text that ends before the first of `stops`.
    pub(super) fn new(stops: Vec<String>) -> Self {
        let stops = stops.into_iter().filter(|stop| !stop.is_empty()).collect();
        Self { bytes: Vec::new(), held: String::new(), stops }
    }

    /// Takes the bytes of the next token.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Grown {
        self.bytes.extend_from_slice(bytes);
        self.take_characters();
        if let Some(end) = self.first_stop() {
            self.held.truncate(end);
            return Grown::Stopped(std::mem::take(&mut self.held));
        }
        let kept = self.held.split_off(self.held.len() - self.possible_stop());
        Grown::On(std::mem::replace(&mut self.held, kept))
    }

    /// What was held back, when no more bytes come. Half a character becomes U+FFFD.
    pub(super) fn finish(mut self) -> String {
        self.held.push_str(&String::from_utf8_lossy(&self.bytes));
        self.held
    }

    /// Moves whole characters from the bytes to the text; bytes that can never be one become U+FFFD.
    fn take_characters(&mut self) {
        let mut taken = 0;
        for chunk in self.bytes.utf8_chunks() {
            self.held.push_str(chunk.valid());
            taken += chunk.valid().len();
            let last = taken + chunk.invalid().len() == self.bytes.len();
            if chunk.invalid().is_empty() || (last && may_go_on(chunk.invalid())) {
                break;
            }
            self.held.push(char::REPLACEMENT_CHARACTER);
            taken += chunk.invalid().len();
        }
        self.bytes.drain(..taken);
    }

    /// Where the stop string begins that was completed first; of two, the longer. So the text is the same however
    /// its bytes were dealt to tokens.
    fn first_stop(&self) -> Option<usize> {
        let found = |stop: &String| self.held.find(stop).map(|start| (start + stop.len(), start));
        self.stops.iter().filter_map(found).min().map(|(_, start)| start)
    }

    /// The length of the longest end of the text that begins a stop string.
    fn possible_stop(&self) -> usize {
        let longest = |stop: &String| {
            let begins = |length: &usize| stop.is_char_boundary(*length) && self.held.ends_with(&stop[..*length]);
            (1..stop.len()).rev().find(begins)
        };
        self.stops.iter().filter_map(longest).max().unwrap_or(0)
    }
}

/// Whether bytes that are no character yet can become one.
fn may_go_on(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pushes pieces until a stop string; all that was shown, and whether a stop string ended it.
    fn shown(pieces: &[&[u8]], stops: &[&str]) -> (Vec<String>, bool) {
        let mut text = Text::new(stops.iter().map(|stop| (*stop).to_owned()).collect());
        let mut events = Vec::new();
        for piece in pieces {
            match text.push(piece) {
                Grown::On(more) => events.push(more),
                Grown::Stopped(more) => {
                    events.push(more);
                    return (events, true);
                }
            }
        }
        events.push(text.finish());
        (events, false)
    }

    #[test]
    fn characters_come_whole() {
        let cases: [(&[&[u8]], &[&str]); 6] = [
            (&[b"a", b"b"], &["a", "b", ""]),
            (&[b"\xe6\xa2", b"\xaf"], &["", "梯", ""]),
            (&[b"\xf0", b"\x9f", b"\x98", b"\x80!"], &["", "", "", "😀!", ""]),
            (&[b"x\xe6", b"y"], &["x", "\u{fffd}y", ""]),
            (&[b"x\xff\xe6\xa2"], &["x\u{fffd}", "\u{fffd}"]),
            (&[b""], &["", ""]),
        ];
        for (pieces, expected) in cases {
            assert_eq!(shown(pieces, &[]).0, expected, "{pieces:?}");
        }
    }

    #[test]
    fn a_stop_string_ends_the_text_and_no_part_of_it_is_shown() {
        let cases: [(&[&[u8]], &[&str], &[&str], bool); 7] = [
            (&[b"one\n", b"Question: x"], &["\nQuestion:"], &["one", ""], true),
            (&[b"one\n", b"two"], &["\nQuestion:"], &["one", "\ntwo", ""], false),
            (&[b"aab"], &["ab"], &["a"], true),
            (&[b"a", b"a", b"b"], &["ab"], &["", "a", ""], true),
            (&[b"abc", b"d"], &["abcd", "bc"], &["a"], true),
            (&[b"##"], &["###"], &["", "##"], false),
            (&["梯".as_bytes(), "度".as_bytes()], &["梯度"], &["", ""], true),
        ];
        for (pieces, stops, expected, stopped) in cases {
            assert_eq!(
                shown(pieces, stops),
                (expected.iter().map(|t| (*t).to_owned()).collect(), stopped),
                "{pieces:?}"
            );
        }
    }

    #[test]
    fn an_empty_stop_string_stops_nothing() {
        assert_eq!(shown(&[b"text"], &[""]), (vec!["text".to_owned(), String::new()], false));
    }

    proptest! {
        #[test]
        fn the_text_is_the_same_however_its_bytes_are_dealt(
            text in "[ab梯😀\n]{0,24}",
            stops in prop::collection::vec("[ab梯\n]{1,4}", 0..3),
            cuts in prop::collection::vec(1..4_usize, 0..96),
        ) {
            let stops: Vec<&str> = stops.iter().map(String::as_str).collect();
            let (whole, stopped) = shown(&[text.as_bytes()], &stops);
            let (mut rest, mut pieces) = (text.as_bytes(), Vec::new());
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            let (dealt, dealt_stopped) = shown(&pieces, &stops);
            prop_assert_eq!(dealt.concat(), whole.concat());
            prop_assert_eq!(dealt_stopped, stopped);
            prop_assert!(stops.iter().all(|stop| !dealt.concat().contains(stop)));
            prop_assert!(stopped || dealt.concat() == text);
        }
    }
}
