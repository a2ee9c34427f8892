//! What is wanted: pure, from what came in to one ability.

use tutor_bots::chat::{Content, FileRef, IncomingId};

use super::command::Command;

/// The longest message, in characters: about 6,000 tokens, more than any question needs.
pub(crate) const MESSAGE_LIMIT: usize = 20_000;

/// What a message asks the tutor to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Answer a question from the notes.
    Answer(String),
    /// Carry out a command with its argument.
    Command(Command, String),
    /// Learn a file.
    Learn(FileRef),
    /// Pass the question of this message on to the teacher.
    PassOn(IncomingId),
    /// Take the question of this message off the teacher's list.
    Close(IncomingId),
    /// Forget the person, or not.
    Forget { confirmed: bool },
    /// Say what is wrong with the message: a key of the catalogue.
    Refuse(&'static str),
    /// The message has too many characters.
    TooLong(usize),
    /// There is no such command.
    Unknown(String),
}

/// The data of buttons, written and read here only.
pub(crate) mod button {
    use tutor_bots::chat::IncomingId;

    pub(crate) const FORGET: &str = "forget:yes";
    pub(crate) const KEEP: &str = "forget:no";

    pub(crate) fn pass_on(id: &IncomingId) -> String {
        format!("pass:{id}")
    }

    pub(crate) fn close(id: &IncomingId) -> String {
        format!("done:{id}")
    }
}

/// Reads what came in.
pub(crate) fn intent(content: &Content) -> Intent {
    match content {
        Content::Text(text) => question(text),
        Content::Command { name, argument } => command(name, argument),
        Content::Press { data } => press(data),
        Content::File(file) => Intent::Learn(file.clone()),
        Content::Unreadable => Intent::Refuse("not-text"),
    }
}

/// Reads a text that is no command.
pub(super) fn question(text: &str) -> Intent {
    let length = text.chars().count();
    match text.trim() {
        _ if length > MESSAGE_LIMIT => Intent::TooLong(length),
        text if !text.chars().any(char::is_alphanumeric) => Intent::Refuse("empty"),
        text => Intent::Answer(text.to_owned()),
    }
}

fn command(name: &str, argument: &str) -> Intent {
    let length = argument.chars().count();
    if length > MESSAGE_LIMIT {
        return Intent::TooLong(length);
    }
    match Command::named(name) {
        Some(Command::Ask) => question(argument),
        Some(command) => Intent::Command(command, argument.trim().to_owned()),
        None => Intent::Unknown(name.chars().take(32).collect()),
    }
}

fn press(data: &str) -> Intent {
    match data.split_once(':') {
        _ if data == button::FORGET => Intent::Forget { confirmed: true },
        _ if data == button::KEEP => Intent::Forget { confirmed: false },
        Some(("pass", id)) => Intent::PassOn(IncomingId(id.to_owned())),
        Some(("done", id)) => Intent::Close(IncomingId(id.to_owned())),
        _ => Intent::Refuse("button-old"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_wanted() {
        let text = |text: &str| Content::Text(text.to_owned());
        let command = |name: &str, argument: &str| Content::Command { name: name.into(), argument: argument.into() };
        let id = IncomingId("telegram:7".into());
        for (content, expected) in [
            (text("  what is a gradient? "), Intent::Answer("what is a gradient?".into())),
            (text(" \n"), Intent::Refuse("empty")),
            (text("?!"), Intent::Refuse("empty")),
            (text(&"a".repeat(20_001)), Intent::TooLong(20_001)),
            (command("ask", "why?"), Intent::Answer("why?".into())),
            (command("join", " K7 "), Intent::Command(Command::Join, "K7".into())),
            (command("sudo", ""), Intent::Unknown("sudo".into())),
            (Content::Press { data: button::pass_on(&id) }, Intent::PassOn(id.clone())),
            (Content::Press { data: button::FORGET.into() }, Intent::Forget { confirmed: true }),
            (Content::Press { data: "nonsense".into() }, Intent::Refuse("button-old")),
            (Content::Unreadable, Intent::Refuse("not-text")),
        ] {
            assert_eq!(intent(&content), expected);
        }
    }
}
