//! What a text, its entities and its buttons must be.

use serde_json::Value;

/// The longest text, in UTF-16 code units.
const LONGEST: usize = 4096;

/// What is wrong with a text and its entities, as the API describes it.
pub(super) fn text_fault(text: &str, entities: &[Value]) -> Option<String> {
    let units: Vec<u16> = text.encode_utf16().collect();
    if text.trim().is_empty() {
        return Some("Bad Request: message text is empty".into());
    }
    if units.len() > LONGEST {
        return Some("Bad Request: message is too long".into());
    }
    let ranges: Result<Vec<(usize, usize, &str)>, String> =
        entities.iter().map(|entity| range(entity, &units)).collect();
    match ranges {
        Ok(ranges) => nesting_fault(&ranges),
        Err(fault) => Some(fault),
    }
}

/// The place of an entity, and its type.
fn range<'a>(entity: &'a Value, units: &[u16]) -> Result<(usize, usize, &'a str), String> {
    let fault = |what: &str| Err(format!("Bad Request: can't parse entities: {what} in {entity}"));
    let (Some(offset), Some(length)) = (entity["offset"].as_u64(), entity["length"].as_u64()) else {
        return fault("no place");
    };
    let (start, end) = (offset as usize, (offset + length) as usize);
    let kind = entity["type"].as_str().unwrap_or_default();
    let low = |at: usize| units.get(at).is_some_and(|unit| (0xdc00..0xe000).contains(unit));
    if length == 0 || end > units.len() {
        return fault("out of bounds");
    }
    if low(start) || low(end) {
        return fault("half a character");
    }
    match kind {
        "bold" | "italic" | "underline" | "strikethrough" | "code" | "pre" | "blockquote" | "expandable_blockquote" => {
        }
        "text_link" if entity["url"].as_str().is_some_and(|url| url.starts_with("http")) => {}
        _ => return fault("unknown type or address"),
    }
    Ok((start, end, kind))
}

/// Entities must be nested or apart; code holds nothing, quotes are not nested.
fn nesting_fault(ranges: &[(usize, usize, &str)]) -> Option<String> {
    let is_quote = |kind: &str| kind.ends_with("blockquote");
    for (at, (start, end, kind)) in ranges.iter().enumerate() {
        for (other_start, other_end, other) in &ranges[at + 1..] {
            let overlaps = other_start < end && start < other_end;
            let nested = (start <= other_start && other_end <= end) || (other_start <= start && end <= other_end);
            let code = matches!(*kind, "code" | "pre") && !is_quote(other)
                || matches!(*other, "code" | "pre") && !is_quote(kind);
            let quotes = is_quote(kind) && is_quote(other);
            if overlaps && (!nested || code || quotes) {
                return Some(format!("Bad Request: can't parse entities: {kind} and {other} overlap"));
            }
        }
    }
    None
}

/// The buttons of an inline keyboard as label and data.
pub(super) fn buttons(markup: Option<&Value>) -> Result<Vec<(String, String)>, String> {
    let Some(markup) = markup else { return Ok(Vec::new()) };
    let rows = markup["inline_keyboard"].as_array().ok_or("Bad Request: object expected as reply markup")?;
    let mut buttons = Vec::new();
    for button in rows.iter().flat_map(|row| row.as_array().into_iter().flatten()) {
        let label =
            button["text"].as_str().filter(|label| !label.is_empty()).ok_or("Bad Request: button without a text")?;
        let data = button["callback_data"].as_str().ok_or("Bad Request: button without data")?;
        if data.is_empty() || data.len() > 64 {
            return Err("Bad Request: BUTTON_DATA_INVALID".into());
        }
        buttons.push((label.to_owned(), data.to_owned()));
    }
    Ok(buttons)
}

/// The fields that a method takes.
pub(super) fn known_fields(method: &str) -> Option<&'static [&'static str]> {
    Some(match method {
        "getMe" | "deleteWebhook" => &["drop_pending_updates"],
        "getUpdates" => &["offset", "limit", "timeout", "allowed_updates"],
        "sendMessage" => &[
            "chat_id",
            "message_thread_id",
            "text",
            "entities",
            "link_preview_options",
            "reply_parameters",
            "reply_markup",
        ],
        "editMessageText" => &["chat_id", "message_id", "text", "entities", "link_preview_options", "reply_markup"],
        "deleteMessage" => &["chat_id", "message_id"],
        "sendChatAction" => &["chat_id", "message_thread_id", "action"],
        "answerCallbackQuery" => &["callback_query_id", "text"],
        "setMyCommands" => &["commands", "language_code", "scope"],
        "sendDocument" => &["chat_id", "message_thread_id", "document", "caption", "reply_parameters"],
        "getFile" => &["file_id"],
        _ => return None,
    })
}
