//! The commands of the chat: one table that menus, help and the dialogue read.

use tutor_bots::chat::{ArgumentSpec, CommandSpec, Localised};
use tutor_prompts::{Language, Words};

/// A command of the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Start,
    Help,
    Ask,
    Summary,
    Join,
    Courses,
    Switch,
    Leave,
    New,
    Stop,
    Language,
    Usage,
    Link,
    Export,
    Forget,
    Documents,
    Learn,
    Remove,
    Restore,
    Invite,
    Questions,
    Rules,
    Create,
}

/// What may stand behind a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument {
    None,
    Optional(&'static str),
    Required(&'static str),
    File(&'static str),
}

impl Command {
    /// All commands, in the order of the menu.
    pub(crate) const ALL: [Self; 23] = [
        Self::Start,
        Self::Help,
        Self::Ask,
        Self::Summary,
        Self::Join,
        Self::Courses,
        Self::Switch,
        Self::Leave,
        Self::New,
        Self::Stop,
        Self::Language,
        Self::Usage,
        Self::Link,
        Self::Export,
        Self::Forget,
        Self::Documents,
        Self::Learn,
        Self::Remove,
        Self::Restore,
        Self::Invite,
        Self::Questions,
        Self::Rules,
        Self::Create,
    ];

    /// Its name, as it is typed behind the slash.
    pub(crate) fn name(self) -> &'static str {
        self.shape().0
    }

    /// What may stand behind it.
    pub(crate) fn argument(self) -> Argument {
        self.shape().1
    }

    /// The command with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.name() == name)
    }

    fn shape(self) -> (&'static str, Argument) {
        use Argument::{File, None, Optional, Required};
        match self {
            Self::Start => ("start", None),
            Self::Help => ("help", None),
            Self::Ask => ("ask", Required("question")),
            Self::Summary => ("summary", Optional("topic")),
            Self::Join => ("join", Required("code")),
            Self::Courses => ("courses", None),
            Self::Switch => ("switch", Optional("course")),
            Self::Leave => ("leave", Optional("course")),
            Self::New => ("new", None),
            Self::Stop => ("stop", None),
            Self::Language => ("language", Optional("language")),
            Self::Usage => ("usage", None),
            Self::Link => ("link", Optional("code")),
            Self::Export => ("export", None),
            Self::Forget => ("forget", None),
            Self::Documents => ("documents", None),
            Self::Learn => ("learn", File("file")),
            Self::Remove => ("remove", Optional("document")),
            Self::Restore => ("restore", Optional("document")),
            Self::Invite => ("invite", Optional("role")),
            Self::Questions => ("questions", None),
            Self::Rules => ("rules", Optional("rule")),
            Self::Create => ("create", Required("course")),
        }
    }

    /// What it does, in `language`.
    pub(crate) fn description(self, words: &Words, language: Language) -> String {
        words.say(language, &format!("command-{}", self.name()), &[])
    }
}

/// The commands as platforms' menus want them.
pub(crate) fn menu(words: &Words) -> Vec<CommandSpec> {
    Command::ALL.into_iter().map(|command| spec(command, words)).collect()
}

fn spec(command: Command, words: &Words) -> CommandSpec {
    let localised = |key: &str| -> Vec<Localised> {
        let one =
            |language: Language| Localised { language: language.tag().into(), text: words.say(language, key, &[]) };
        Language::ALL.map(one).into()
    };
    let (name, required, file) = match command.argument() {
        Argument::None => (None, false, false),
        Argument::Optional(name) => (Some(name), false, false),
        Argument::Required(name) => (Some(name), true, false),
        Argument::File(name) => (Some(name), true, true),
    };
    CommandSpec {
        name: command.name().to_owned(),
        description: localised(&format!("command-{}", command.name())),
        argument: name.map(|name| ArgumentSpec {
            name: name.to_owned(),
            description: localised(&format!("command-{}-argument", command.name())),
            required,
            file,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_described_in_every_language_within_the_platforms_limits() {
        let words = Words::load().unwrap();
        for spec in menu(&words) {
            let argument = spec.argument.iter().flat_map(|argument| &argument.description);
            for text in spec.description.iter().chain(argument) {
                assert!(!text.text.starts_with("command-"), "{} lacks {}", spec.name, text.language);
                assert!(text.text.chars().count() <= 100, "{}", text.text);
            }
        }
    }

    #[test]
    fn names_lead_back_to_their_commands() {
        for command in Command::ALL {
            assert_eq!(Command::named(command.name()), Some(command));
        }
        assert_eq!(Command::named("sudo"), None);
    }
}
