//! Lines: what a person typed becomes what they meant.

use std::path::Path;

use crate::chat::{Button, CommandSpec, Content, FileRef};
use crate::typed::{self, Typed};

/// What `line` means while `buttons` stand; `None` when nothing is in it.
///
/// `/name words` is a command, or a file where the command takes one; a bare number presses the button
/// with that number; everything else is said.
pub(crate) fn meaning(line: &str, commands: &[CommandSpec], buttons: &[Button]) -> Option<Content> {
    let line = line.trim();
    if line.is_empty() {
        return None;
    }
    if let Some(pressed) = number(line).and_then(|n| buttons.get(n.checked_sub(1)?)) {
        return Some(Content::Press { data: pressed.data.clone() });
    }
    Some(command(line, commands).unwrap_or_else(|| Content::Text(line.to_owned())))
}

fn number(line: &str) -> Option<usize> {
    line.bytes().all(|byte| byte.is_ascii_digit()).then(|| line.parse().ok()).flatten()
}

fn command(line: &str, commands: &[CommandSpec]) -> Option<Content> {
    let Typed { name, argument, .. } = typed::command(line)?;
    let takes_file =
        commands.iter().any(|spec| spec.name == name && spec.argument.as_ref().is_some_and(|argument| argument.file));
    if takes_file && !argument.is_empty() {
        return Some(Content::File(file(argument)));
    }
    Some(Content::Command { name, argument: argument.to_owned() })
}

/// The file at the path that was typed, perhaps in quotes. Whether it is there shows when it is fetched.
fn file(typed: &str) -> FileRef {
    let bare = ['"', '\''].iter().find_map(|quote| typed.strip_prefix(*quote)?.strip_suffix(*quote));
    let path = Path::new(bare.unwrap_or(typed));
    let name = path.file_name().unwrap_or(path.as_os_str());
    FileRef {
        name: name.to_string_lossy().into_owned(),
        size: path.metadata().map_or(0, |metadata| metadata.len()),
        // The folder may be another one when a reply that was cut off goes on.
        reference: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned(),
        caption: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ArgumentSpec;

    fn learn() -> CommandSpec {
        let argument = ArgumentSpec { name: "file".into(), description: Vec::new(), required: true, file: true };
        CommandSpec { name: "learn".into(), description: Vec::new(), argument: Some(argument) }
    }

    #[test]
    fn a_line_is_read_as_it_was_meant() {
        let buttons =
            [Button { label: "Yes".into(), data: "yes".into() }, Button { label: "No".into(), data: "no".into() }];
        let text = |text: &str| Some(Content::Text(text.to_owned()));
        let command =
            |name: &str, argument: &str| Some(Content::Command { name: name.into(), argument: argument.into() });
        let press = |data: &str| Some(Content::Press { data: data.into() });
        let cases = [
            ("", None),
            (" \t ", None),
            ("What is a gate?\n", text("What is a gate?")),
            ("/join  K7Q2 ", command("join", "K7Q2")),
            ("/Help", command("help", "")),
            ("/", text("/")),
            ("/usr/bin is a path", text("/usr/bin is a path")),
            ("/learn", command("learn", "")),
            ("2", press("no")),
            (" 1 ", press("yes")),
            ("0", text("0")),
            ("3", text("3")),
            ("1.", text("1.")),
            ("99999999999999999999999", text("99999999999999999999999")),
            ("学习 2", text("学习 2")),
        ];
        for (line, meant) in cases {
            assert_eq!(meaning(line, &[learn()], &buttons), meant, "{line:?}");
        }
        assert_eq!(meaning("1", &[], &[]), text("1"));
    }

    #[test]
    fn a_path_after_a_command_that_takes_a_file_is_a_file() {
        for line in ["/learn Cargo.toml", "/learn \"Cargo.toml\"", "/LEARN 'Cargo.toml'"] {
            let Some(Content::File(file)) = meaning(line, &[learn()], &[]) else { panic!("{line} is no file") };
            assert_eq!((file.name.as_str(), file.caption.as_str()), ("Cargo.toml", ""));
            assert!(file.size > 0 && Path::new(&file.reference).is_absolute(), "{file:?}");
        }
        let Some(Content::File(absent)) = meaning("/learn no such file", &[learn()], &[]) else { panic!() };
        assert_eq!((absent.name.as_str(), absent.size), ("no such file", 0));
    }
}
