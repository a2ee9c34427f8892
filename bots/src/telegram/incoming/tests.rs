//! Updates as the Bot API sends them, and what they mean.

use serde_json::{Value, json};

use super::*;

fn me() -> Me {
    let me = json!({"id": 7, "is_bot": true, "first_name": "Tutor", "username": "TutorBot", "can_join_groups": true,
        "can_read_all_group_messages": false, "supports_inline_queries": false, "has_main_web_app": false});
    serde_json::from_value(me).unwrap()
}

/// The update as teloxide reads it from the wire; its reader takes no value that was parsed before.
fn parsed(update: &Value) -> Update {
    serde_json::from_str(&update.to_string()).unwrap()
}

fn private() -> Value {
    json!({"id": 42, "type": "private", "first_name": "Ada"})
}

fn group() -> Value {
    json!({"id": -1001, "type": "supergroup", "title": "Class", "is_forum": true})
}

/// A message of Ada in `chat` with further `fields`.
fn update(chat: Value, fields: Value) -> Update {
    let mut message = json!({"message_id": 5, "date": 1, "chat": chat,
        "from": {"id": 42, "is_bot": false, "first_name": "Ada", "last_name": "L", "language_code": "zh-hans"}});
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    parsed(&json!({"update_id": 900, "message": message}))
}

fn content_of(chat: Value, fields: Value) -> Option<Content> {
    read(&update(chat, fields), &me()).map(|incoming| incoming.content)
}

fn command(name: &str, argument: &str) -> Option<Content> {
    Some(Content::Command { name: name.into(), argument: argument.into() })
}

fn text(text: &str) -> Option<Content> {
    Some(Content::Text(text.into()))
}

#[test]
fn a_direct_message_is_read_whole() {
    let incoming = read(&update(private(), json!({"text": "What is a gradient?"})), &me()).unwrap();
    assert_eq!(incoming.id.0, "telegram:7:900");
    assert_eq!(incoming.account.as_str(), "telegram:42");
    assert_eq!(incoming.name.as_deref(), Some("Ada L"));
    assert_eq!(incoming.locale.as_deref(), Some("zh-hans"));
    assert_eq!(incoming.place.key(), "telegram:42");
    assert_eq!(incoming.place.audience, Audience::Direct);
    assert_eq!(incoming.content, Content::Text("What is a gradient?".into()));
}

#[test]
fn commands_are_told_from_text() {
    let cases = [
        ("/join K7Q2", command("join", "K7Q2")),
        ("/Join@tutorbot  K7Q2 ", command("join", "K7Q2")),
        ("/summary\nthe second\nchapter", command("summary", "the second\nchapter")),
        ("/join@OtherBot K7Q2", None),
        ("/ no command", text("/ no command")),
        ("/usr/bin", text("/usr/bin")),
        ("either/or", text("either/or")),
    ];
    for (written, meant) in cases {
        assert_eq!(content_of(private(), json!({"text": written})), meant, "{written:?}");
    }
}

#[test]
fn in_a_group_only_what_is_addressed_counts() {
    let own = json!({"message_id": 4, "date": 1, "chat": group(), "text": "Yes.",
        "from": {"id": 7, "is_bot": true, "first_name": "Tutor", "username": "TutorBot"}});
    let other = json!({"message_id": 4, "date": 1, "chat": group(), "text": "Yes.",
        "from": {"id": 8, "is_bot": false, "first_name": "Bob"}});
    let cases = [
        (json!({"text": "hello all"}), None),
        (json!({"text": "@tutorbot what is it?"}), text("what is it?")),
        (json!({"text": "so, @TutorBot: what is it?"}), text("so, what is it?")),
        (json!({"text": "@tutorbots what is it?"}), None),
        (json!({"text": "mail@tutorbot"}), None),
        (json!({"text": "/ask@TutorBot why"}), command("ask", "why")),
        (json!({"text": "/ask why"}), command("ask", "why")),
        (json!({"text": "@tutorbot /ask why"}), command("ask", "why")),
        (json!({"text": "why?", "reply_to_message": own}), text("why?")),
        (json!({"text": "why?", "reply_to_message": other}), None),
        (json!({"text": "@tutorbot"}), Some(Content::Unreadable)),
    ];
    for (fields, meant) in cases {
        assert_eq!(content_of(group(), fields.clone()), meant, "{fields}");
    }
}

#[test]
fn topics_are_threads_and_the_question_is_kept_for_quoting() {
    let topic = json!({"text": "/ask why", "message_thread_id": 77, "is_topic_message": true});
    let incoming = read(&update(group(), topic), &me()).unwrap();
    assert_eq!((incoming.place.key().as_str(), super::super::question(&incoming)), ("telegram:-1001:77", Some(5)));
    let reply_thread = json!({"text": "/ask why", "message_thread_id": 77});
    assert_eq!(read(&update(group(), reply_thread), &me()).unwrap().place.key(), "telegram:-1001");
    let direct = read(&update(private(), json!({"text": "why"})), &me()).unwrap();
    assert_eq!(super::super::question(&direct), None);
}

#[test]
fn files_and_what_cannot_be_read() {
    let document = json!({"file_id": "F1", "file_unique_id": "u", "file_size": 1234, "file_name": "notes.pdf"});
    let file = FileRef { name: "notes.pdf".into(), size: 1234, reference: "F1".into(), caption: "chapter 2".into() };
    let fields = json!({"document": document, "caption": "chapter 2"});
    assert_eq!(content_of(private(), fields.clone()), Some(Content::File(file)));
    assert_eq!(content_of(group(), fields), None);
    let photo = json!([{"file_id": "P", "file_unique_id": "u", "file_size": 1, "width": 1, "height": 1}]);
    assert_eq!(content_of(private(), json!({"photo": photo})), Some(Content::Unreadable));
    assert_eq!(content_of(private(), json!({"photo": photo, "caption": "what is this?"})), text("what is this?"));
    let voice = json!({"file_id": "V", "file_unique_id": "u", "file_size": 1, "duration": 1});
    assert_eq!(content_of(private(), json!({"voice": voice})), Some(Content::Unreadable));
}

#[test]
fn presses_come_with_their_place() {
    let message = json!({"message_id": 4, "date": 1, "chat": group(), "text": "Yes.", "message_thread_id": 77, "is_topic_message": true});
    let press = json!({"update_id": 901, "callback_query": {"id": "c1", "chat_instance": "x", "data": "ask:1", "message": message,
        "from": {"id": 42, "is_bot": false, "first_name": "Ada"}}});
    let incoming = read(&parsed(&press), &me()).unwrap();
    assert_eq!((incoming.place.key().as_str(), incoming.id.0.as_str()), ("telegram:-1001:77", "telegram:7:901"));
    assert_eq!(incoming.content, Content::Press { data: "ask:1".into() });
}

#[test]
fn bots_edits_channels_and_services_are_ignored() {
    let mut from_bot = json!({"update_id": 1, "message": {"message_id": 5, "date": 1, "chat": private(), "text": "/ask",
        "from": {"id": 9, "is_bot": true, "first_name": "Bot"}}});
    assert!(read(&parsed(&from_bot), &me()).is_none());
    from_bot["message"]["from"]["is_bot"] = false.into();
    assert!(read(&parsed(&from_bot), &me()).is_some());
    let edited = json!({"update_id": 1, "edited_message": from_bot["message"]});
    assert!(read(&parsed(&edited), &me()).is_none());
    let joined = json!({"new_chat_members": [{"id": 7, "is_bot": true, "first_name": "Tutor"}]});
    assert!(content_of(group(), joined).is_none());
}
