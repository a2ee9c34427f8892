//! Slash commands: the tutor's commands as the JSON that replaces all of the application's commands at once.

use serde_json::{Value, json};

use crate::chat::{ArgumentSpec, CommandSpec, Localised};

/// Types of command options.
const STRING: u8 = 3;
const ATTACHMENT: u8 = 11;
/// The longest description, in characters.
const DESCRIPTION_LIMIT: usize = 100;

/// The body of a bulk overwrite of global commands.
pub(crate) fn overwrite(commands: &[CommandSpec]) -> Value {
    commands.iter().map(command).collect()
}

fn command(spec: &CommandSpec) -> Value {
    let options: Vec<Value> = spec.argument.iter().map(option).collect();
    described(json!({ "name": spec.name, "type": 1, "options": options }), &spec.name, &spec.description)
}

fn option(argument: &ArgumentSpec) -> Value {
    let kind = if argument.file { ATTACHMENT } else { STRING };
    let option = json!({ "name": argument.name, "type": kind, "required": argument.required });
    described(option, &argument.name, &argument.description)
}

/// Adds the description in its default language, and in every further one under Discord's names for it.
fn described(mut item: Value, name: &str, texts: &[Localised]) -> Value {
    let default = texts.first().map_or(name, |first| first.text.as_str());
    item["description"] = clipped(default).into();
    for text in texts.iter().skip(1) {
        for locale in locales(&text.language) {
            item["description_localizations"][*locale] = clipped(&text.text).into();
        }
    }
    item
}

fn clipped(text: &str) -> String {
    text.chars().take(DESCRIPTION_LIMIT).collect()
}

/// Discord's locales that read a language of ours.
fn locales(language: &str) -> &'static [&'static str] {
    match language {
        "en" => &["en-US", "en-GB"],
        "zh" => &["zh-CN", "zh-TW"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(english: &str, chinese: &str) -> Vec<Localised> {
        let text = |language: &str, text: &str| Localised { language: language.to_owned(), text: text.to_owned() };
        vec![text("en", english), text("zh", chinese)]
    }

    #[test]
    fn every_command_is_described_in_both_languages() {
        let learn = CommandSpec {
            name: "learn".to_owned(),
            description: words("Learn a file of notes", "学习一份讲义"),
            argument: Some(ArgumentSpec {
                name: "notes".to_owned(),
                description: words("The file", "文件"),
                required: true,
                file: true,
            }),
        };
        insta::assert_json_snapshot!(overwrite(&[learn]), @r#"
        [
          {
            "description": "Learn a file of notes",
            "description_localizations": {
              "zh-CN": "学习一份讲义",
              "zh-TW": "学习一份讲义"
            },
            "name": "learn",
            "options": [
              {
                "description": "The file",
                "description_localizations": {
                  "zh-CN": "文件",
                  "zh-TW": "文件"
                },
                "name": "notes",
                "required": true,
                "type": 11
              }
            ],
            "type": 1
          }
        ]
        "#);
    }

    #[test]
    fn a_description_that_is_too_long_is_cut_rather_than_refused() {
        let texts = words(&"é".repeat(130), "短");
        let item = described(json!({}), "ask", &texts);
        assert_eq!(item["description"].as_str().map(|text| text.chars().count()), Some(100));
    }
}
