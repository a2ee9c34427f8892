//! An answer whose server is lost half-way goes on elsewhere: what was told is not told again. Pure.
//!
//! The other server gets the same request and writes from the beginning. While it writes what was told already, nothing is
//! said; from there on, the answer goes on as if nothing had happened. Where it writes something else, the answer begins
//! anew: half of one answer and half of another would be neither.

use crate::generate::Event;

/// The most bytes of an answer; no server's word is taken for where it ends.
const LONGEST: usize = 4 << 20;

/// An answer grew longer than any answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// What was told of an answer.
#[derive(Debug, Default)]
pub(super) struct Told {
    text: String,
    /// Bytes that the server writing now has agreed with so far; none when it has gone past what was told.
    agreed: Option<usize>,
}

impl Told {
    /// Whether nothing was told yet.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Another server writes it from the beginning.
    pub(super) fn begins_again(&mut self) {
        self.agreed = (!self.text.is_empty()).then_some(0);
    }

    /// The server has written `more`; what is to be told.
    pub(super) fn hears(&mut self, more: &str) -> Result<Option<Event>, TooLong> {
        if self.text.len() + more.len() > LONGEST {
            return Err(TooLong);
        }
        let Some(agreed) = self.agreed else {
            self.text.push_str(more);
            return Ok((!more.is_empty()).then(|| Event::Text(more.to_owned())));
        };
        let left = &self.text[agreed..];
        if left.starts_with(more) {
            self.agreed = (more.len() < left.len()).then_some(agreed + more.len());
            return Ok(None);
        }
        if let Some(new) = more.strip_prefix(left) {
            let new = new.to_owned();
            self.agreed = None;
            self.text.push_str(&new);
            return Ok(Some(Event::Text(new)));
        }
        Ok(Some(self.anew(agreed, more)))
    }

    /// The server has ended the answer; what is to be told, where more was told than it wrote.
    pub(super) fn ends(&mut self) -> Option<Event> {
        let agreed = self.agreed?;
        Some(self.anew(agreed, ""))
    }

    fn anew(&mut self, agreed: usize, more: &str) -> Event {
        self.agreed = None;
        self.text.truncate(agreed);
        self.text.push_str(more);
        Event::Anew(self.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a listener has in the end.
    fn listened(events: impl IntoIterator<Item = Event>) -> String {
        let mut text = String::new();
        for event in events {
            match event {
                Event::Text(more) => text.push_str(&more),
                Event::Anew(new) => text = new,
                Event::Done(_) => unreachable!("nothing here ends"),
            }
        }
        text
    }

    fn tell(told: &mut Told, parts: &[&str]) -> Vec<Event> {
        parts.iter().filter_map(|part| told.hears(part).unwrap()).collect()
    }

    #[test]
    fn the_same_answer_goes_on_where_it_was_lost() {
        let mut told = Told::default();
        let mut events = tell(&mut told, &["Light", " bends"]);
        told.begins_again();
        events.extend(tell(&mut told, &["Li", "ght be", "nds in", " glass."]));
        assert_eq!(events[2..], [Event::Text(" in".to_owned()), Event::Text(" glass.".to_owned())]);
        assert_eq!((told.ends(), listened(events)), (None, "Light bends in glass.".to_owned()));
    }

    #[test]
    fn another_answer_begins_anew() {
        let mut told = Told::default();
        let mut events = tell(&mut told, &["Light bends"]);
        told.begins_again();
        events.extend(tell(&mut told, &["Light", " slows", " down."]));
        assert_eq!(events[1], Event::Anew("Light slows".to_owned()));
        assert_eq!(listened(events), "Light slows down.");
    }

    #[test]
    fn a_shorter_answer_takes_back_what_was_told_beyond_it() {
        let mut told = Told::default();
        tell(&mut told, &["Light bends."]);
        told.begins_again();
        assert_eq!((tell(&mut told, &["Light"]), told.ends()), (Vec::new(), Some(Event::Anew("Light".to_owned()))));
        told.begins_again();
        assert_eq!((tell(&mut told, &["Light"]), told.ends()), (Vec::new(), None));
    }

    proptest! {
        #[test]
        fn in_the_end_everybody_has_the_last_server_s_answer(answers in proptest::collection::vec("[ab水]{0,8}", 1..4), size in 1_usize..4) {
            let mut told = Told::default();
            let mut events = Vec::new();
            for answer in &answers {
                told.begins_again();
                let letters: Vec<char> = answer.chars().collect();
                for part in letters.chunks(size) {
                    events.extend(told.hears(&part.iter().collect::<String>()).unwrap());
                }
            }
            events.extend(told.ends());
            prop_assert_eq!(&listened(events), answers.last().unwrap());
        }
    }
}
