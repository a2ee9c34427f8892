//! Commands as they are typed, on every platform alike.

/// A command as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Typed<'a> {
    /// Its name without the slash, in lower case.
    pub(crate) name: String,
    /// The bot that is named after `@`.
    pub(crate) bot: Option<&'a str>,
    /// All that follows, trimmed; may be empty.
    pub(crate) argument: &'a str,
}

/// Reads `/name@bot argument`; `None` when `text` begins like no command.
pub(crate) fn command(text: &str) -> Option<Typed<'_>> {
    let (word, argument) = text.strip_prefix('/')?.split_once(char::is_whitespace).unwrap_or((&text[1..], ""));
    let (name, bot) = word.split_once('@').map_or((word, None), |(name, bot)| (name, Some(bot)));
    let valid = !name.is_empty() && name.len() <= 32 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    valid.then(|| Typed { name: name.to_ascii_lowercase(), bot, argument: argument.trim() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        let typed = |name: &str, bot, argument| Some(Typed { name: name.to_owned(), bot, argument });
        for (text, read) in [
            ("/join K7Q2", typed("join", None, "K7Q2")),
            ("/Join@TutorBot\n K7Q2 ", typed("join", Some("TutorBot"), "K7Q2")),
            ("/help", typed("help", None, "")),
            ("/etc/passwd is what?", None),
            ("/ join", None),
            ("join", None),
            ("/", None),
        ] {
            assert_eq!(command(text), read, "{text:?}");
        }
    }
}
