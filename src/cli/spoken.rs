//! The command line in the person's language: help, examples, and mistakes in the settings.

use clap::{Arg, Command};
use tutor_prompts::Spoken;

use crate::config::{Problem, Wrong};

/// Puts the catalogue's words into a command and everything below it: `cli-ingest` is what `ingest` does,
/// `cli-ingest-course` its argument, `cli-ingest-examples` its examples.
pub(super) fn localise(command: Command, spoken: &Spoken) -> Command {
    let command = command
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(Arg::new("help").long("help").short('h').global(true).action(clap::ArgAction::Help))
        .arg(Arg::new("version").long("version").short('V').action(clap::ArgAction::Version));
    below(command, "cli", spoken)
}

fn below(mut command: Command, prefix: &str, spoken: &Spoken) -> Command {
    let options = spoken.say("cli-heading-options", &[]);
    let arguments: Vec<(String, bool)> =
        command.get_arguments().map(|a| (a.get_id().to_string(), a.is_positional())).collect();
    for (id, positional) in arguments {
        let key = match id.as_str() {
            "help" | "version" | "data" | "config" | "json" => format!("cli-option-{id}"),
            _ => format!("{prefix}-{id}"),
        };
        let help = spoken.say(&key, &[]);
        let heading = if positional { spoken.say("cli-heading-arguments", &[]) } else { options.clone() };
        command = command.mut_arg(id, |argument| argument.help(help).help_heading(heading));
    }
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let leaf = names.is_empty();
    for name in names {
        command = command.mut_subcommand(&name, |sub| below(sub, &format!("{prefix}-{name}"), spoken));
    }
    let usage = spoken.say("cli-heading-usage", &[]);
    let commands = spoken.say("cli-heading-commands", &[]);
    let examples = format!("{}\n{}", spoken.say("cli-heading-examples", &[]), indented(spoken, prefix));
    let list =
        if leaf { "{all-args}".to_owned() } else { format!("{commands}:\n{{subcommands}}\n\n{options}:\n{{options}}") };
    command
        .about(spoken.say(prefix, &[]))
        .after_help(examples)
        .subcommand_help_heading(commands)
        .help_template(format!("{{about}}\n\n{usage}: {{usage}}\n\n{list}{{after-help}}"))
}

fn indented(spoken: &Spoken, prefix: &str) -> String {
    let examples = spoken.say(&format!("{prefix}-examples"), &[]);
    examples.lines().map(|line| format!("  {}\n", line.trim())).collect()
}

/// All mistakes in the settings, one a line, each with its key.
pub(super) fn problems(spoken: &Spoken, problems: &[Problem]) -> String {
    let mut text = spoken.say("config-mistakes", &[("count", &problems.len().to_string())]);
    for problem in problems {
        text.push_str(&format!("\n  {}: {}", problem.key, mistake(spoken, &problem.wrong)));
    }
    text
}

fn mistake(spoken: &Spoken, wrong: &Wrong) -> String {
    match wrong {
        Wrong::Unknown { nearest: Some(nearest) } => spoken.say("config-unknown-near", &[("nearest", nearest)]),
        Wrong::Unknown { nearest: None } => spoken.say("config-unknown", &[]),
        Wrong::Kind { found, wanted } => {
            spoken.say("config-kind", &[("found", found), ("wanted", &spoken.say(wanted, &[]))])
        }
        Wrong::Range { found, least, most } => spoken.say(
            "config-range",
            &[("found", &found.to_string()), ("least", &least.to_string()), ("most", &most.to_string())],
        ),
        Wrong::Model { found, fit } => {
            let fit = fit.join(&spoken.say("list-separator", &[]));
            spoken.say("config-model", &[("found", found), ("fit", &fit)])
        }
        Wrong::Exposed => spoken.say("config-exposed", &[]),
        Wrong::Open => spoken.say("config-open", &[]),
        Wrong::File { reason } => spoken.say("config-file", &[("reason", reason)]),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::CommandFactory as _;
    use tutor_prompts::{Language, Words};

    use super::*;

    fn every_text(command: &Command, into: &mut Vec<String>) {
        into.extend(command.get_about().map(ToString::to_string));
        into.extend(command.get_after_help().map(ToString::to_string));
        into.extend(command.get_arguments().filter_map(|a| a.get_help().map(ToString::to_string)));
        for sub in command.get_subcommands() {
            every_text(sub, into);
        }
    }

    #[test]
    fn every_command_and_argument_is_explained_with_examples_in_both_languages() {
        let words = Arc::new(Words::load().unwrap());
        for language in Language::ALL {
            let spoken = Spoken::new(words.clone(), language);
            let command = localise(super::super::Arguments::command(), &spoken);
            command.clone().debug_assert();
            let mut texts = Vec::new();
            every_text(&command, &mut texts);
            assert!(texts.len() > 60);
            let missing: Vec<_> = texts.iter().filter(|text| text.contains("cli-")).collect();
            assert!(missing.is_empty(), "{language:?}: {missing:?}");
        }
    }
}
