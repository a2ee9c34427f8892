//! What Discord demands of the JSON that a bot sends, as checks over values.

use std::collections::HashSet;

use serde_json::Value;

/// Why Discord would refuse a body: its error code and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u32,
    pub(crate) message: String,
}

fn refuse<T>(code: u32, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { code, message: message.into() })
}

const INVALID_FORM: u32 = 50035;
const EMPTY_MESSAGE: u32 = 50006;

/// Checks a message that is created (`files` go with it) or, with `edit`, changed.
pub(crate) fn message(body: &Value, files: usize, edit: bool) -> Result<(), Refusal> {
    let content = body["content"].as_str();
    if content.is_some_and(|text| text.chars().count() > 2000) {
        return refuse(INVALID_FORM, "content: must be 2000 or fewer in length");
    }
    let untouched = edit && content.is_none() && body["attachments"].is_null();
    if !untouched && files == 0 && content.unwrap_or_default().trim().is_empty() {
        return refuse(EMPTY_MESSAGE, "cannot send an empty message");
    }
    if body["nonce"].as_str().is_some_and(|nonce| nonce.chars().count() > 25) {
        return refuse(INVALID_FORM, "nonce: must be 25 or fewer in length");
    }
    mentions(&body["allowed_mentions"])?;
    components(&body["components"])?;
    attachments(&body["attachments"], files)
}

/// Nobody may be pinged: an answer is made of notes and students' words.
fn mentions(allowed: &Value) -> Result<(), Refusal> {
    let none = |key: &str| allowed[key].as_array().is_none_or(Vec::is_empty);
    let parses_nothing = allowed["parse"].as_array().is_some_and(Vec::is_empty);
    if parses_nothing && none("users") && none("roles") && allowed["replied_user"] != Value::Bool(true) {
        return Ok(());
    }
    refuse(INVALID_FORM, "allowed_mentions: would ping somebody")
}

fn components(rows: &Value) -> Result<(), Refusal> {
    let Some(rows) = rows.as_array() else { return Ok(()) };
    if rows.len() > 5 {
        return refuse(INVALID_FORM, "components: must be 5 or fewer in length");
    }
    let mut seen = HashSet::new();
    for row in rows {
        let buttons = row["components"].as_array().map(Vec::as_slice).unwrap_or_default();
        if row["type"] != 1 || buttons.is_empty() || buttons.len() > 5 {
            return refuse(INVALID_FORM, "components: a row holds 1 to 5 buttons");
        }
        for button in buttons {
            self::button(button)?;
            if !seen.insert(button["custom_id"].as_str().unwrap_or_default()) {
                return refuse(INVALID_FORM, "components: custom id cannot be duplicated");
            }
        }
    }
    Ok(())
}

fn button(button: &Value) -> Result<(), Refusal> {
    let length = |key: &str| button[key].as_str().unwrap_or_default().chars().count();
    if button["type"] != 2 || !(1..=4).contains(&button["style"].as_u64().unwrap_or_default()) {
        return refuse(INVALID_FORM, "button: type 2 and a style of 1 to 4");
    }
    if !(1..=80).contains(&length("label")) {
        return refuse(INVALID_FORM, "button: label must be 1 to 80 in length");
    }
    if !(1..=100).contains(&length("custom_id")) {
        return refuse(INVALID_FORM, "button: custom_id must be 1 to 100 in length");
    }
    Ok(())
}

fn attachments(listed: &Value, files: usize) -> Result<(), Refusal> {
    let listed = listed.as_array().map_or(files, Vec::len);
    if listed < files || files > 10 {
        return refuse(INVALID_FORM, "attachments: every file is listed, at most 10");
    }
    Ok(())
}

/// Checks the whole set of commands that replaces an application's.
pub(crate) fn commands(body: &Value) -> Result<(), Refusal> {
    let Some(commands) = body.as_array() else { return refuse(INVALID_FORM, "commands: must be a list") };
    if commands.len() > 100 {
        return refuse(INVALID_FORM, "commands: must be 100 or fewer in length");
    }
    let mut seen = HashSet::new();
    for command in commands {
        described(command)?;
        if !seen.insert(command["name"].as_str()) {
            return refuse(INVALID_FORM, "commands: names must be unique");
        }
        let options = command["options"].as_array().map(Vec::as_slice).unwrap_or_default();
        for option in options {
            described(option)?;
            if !matches!(option["type"].as_u64(), Some(3 | 11)) {
                return refuse(INVALID_FORM, "option: must be a string or an attachment");
            }
        }
    }
    Ok(())
}

fn described(item: &Value) -> Result<(), Refusal> {
    let name = item["name"].as_str().unwrap_or_default();
    let letters = |c: char| c == '-' || c == '_' || (c.is_alphanumeric() && !c.is_uppercase());
    if !(1..=32).contains(&name.chars().count()) || !name.chars().all(letters) {
        return refuse(INVALID_FORM, format!("{name}: name must match ^[-_\\p{{L}}\\p{{N}}]{{1,32}}$ in lower case"));
    }
    let localised = item["description_localizations"].as_object();
    let texts = localised.into_iter().flat_map(|texts| texts.values()).chain([&item["description"]]);
    for text in texts {
        if !(1..=100).contains(&text.as_str().unwrap_or_default().chars().count()) {
            return refuse(INVALID_FORM, format!("{name}: description must be 1 to 100 in length"));
        }
    }
    match localised.and_then(|texts| texts.keys().find(|tag| !LOCALES.contains(&tag.as_str()))) {
        Some(tag) => refuse(INVALID_FORM, format!("{name}: {tag} is no locale of Discord")),
        None => Ok(()),
    }
}

/// Discord's locales.
const LOCALES: [&str; 31] = [
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR",
    "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW",
];
