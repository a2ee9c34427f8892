//! How many tokens a prompt takes, for servers that do not tell: more than any of the usual tokenizers make of it.

use crate::generate::Message;

/// Tokens of a chat template for each message, and for all.
const FRAME: usize = 8;
const BEGIN: usize = 32;

/// An estimate that is rather too high: English comes out at up to twice what it takes, and other scripts at one token a
/// byte, which no tokenizer over bytes exceeds. A prompt that fits by it fits.
pub(crate) fn tokens(messages: &[Message]) -> usize {
    BEGIN + messages.iter().map(|message| FRAME + of_text(&message.content)).sum::<usize>()
}

/// Runs of small letters take a token for three letters; a capital begins a new run; a space before a letter is a part of
/// the word behind it; all else in ASCII takes a token each.
fn of_text(text: &str) -> usize {
    let (mut tokens, mut run, mut space) = (0, 0_usize, false);
    for letter in text.chars() {
        let small = letter.is_ascii_lowercase();
        run = if small { run + 1 } else { usize::from(letter.is_ascii_uppercase()) };
        tokens += usize::from(space && !letter.is_ascii_alphabetic());
        space = letter == ' ';
        tokens += match letter {
            ' ' => 0,
            _ if small => usize::from(run % 3 == 1),
            _ if letter.is_ascii() => 1,
            _ => letter.len_utf8(),
        };
    }
    tokens + usize::from(space)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Role;

    #[test]
    fn texts_are_estimated_by_their_letters() {
        for (text, expected) in [
            ("", 0),
            ("the", 1),
            ("light bends", 4),
            ("a  b ", 4),
            ("NASA", 4),
            ("Newton", 2),
            ("x = 12;\n", 8),
            ("光", 3),
            ("é🙂", 6),
        ] {
            assert_eq!(of_text(text), expected, "{text:?}");
        }
        assert_eq!(tokens(&[Message::new(Role::User, "the"), Message::new(Role::User, "")]), 32 + 8 + 1 + 8);
    }
}
