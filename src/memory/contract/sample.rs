//! Students, courses, messages and turns for the rules.

use jiff::{SignedDuration, Timestamp};
use tutor_bots::chat::{
    AccountId, Audience, Button, Content, Incoming, IncomingId, Mark, Place, Source, Sources, Surface,
};
use tutor_models::generate::Usage;

use crate::memory::{
    ApiKey, Course, CourseId, Invitation, KeySecret, Membership, Memory, OpenQuestion, Priority, Role, Said, Spending,
    Student, StudentId, Turn,
};

/// `minutes` after a morning in September.
pub(in crate::memory) fn at(minutes: i64) -> Timestamp {
    let morning = Timestamp::constant(1_788_249_600, 0);
    morning + SignedDuration::from_mins(minutes)
}

pub(in crate::memory) fn id(name: &str) -> StudentId {
    StudentId(name.to_owned())
}

pub(in crate::memory) fn course_id(name: &str) -> CourseId {
    CourseId::parse(name).unwrap()
}

/// The account that `name` has on Telegram.
pub(in crate::memory) fn account(name: &str) -> AccountId {
    AccountId::new("telegram", name)
}

/// A student with one account, both called `name`.
pub(in crate::memory) async fn welcome(memory: &dyn Memory, name: &str) -> Student {
    memory.welcome(&account(name), id(name), at(0)).await.unwrap()
}

pub(in crate::memory) fn course(name: &str) -> Course {
    let title = format!("About {name}");
    Course::new(course_id(name), title, at(0))
}

pub(in crate::memory) fn membership(student: &str, course: &str, role: Role, joined: i64) -> Membership {
    Membership { course: course_id(course), student: id(student), role, joined: at(joined) }
}

pub(in crate::memory) fn invitation(code: &str, course: &str, expires: i64) -> Invitation {
    Invitation { code: code.to_owned(), course: course_id(course), role: Role::Student, expires: at(expires) }
}

pub(in crate::memory) fn message_id(name: &str) -> IncomingId {
    IncomingId(name.to_owned())
}

/// The message `message` that the student `name` wrote in the chat `chat` on Telegram.
pub(in crate::memory) fn incoming(message: &str, name: &str, chat: &str) -> Incoming {
    Incoming {
        id: message_id(message),
        account: account(name),
        name: Some(format!("Name of {name}")),
        locale: Some("en".to_owned()),
        place: Place {
            platform: "telegram".to_owned(),
            chat: chat.to_owned(),
            thread: None,
            audience: Audience::Direct,
        },
        surface: Surface { message_limit: 4096, edits: true, buttons: true, files: true, upload_limit: 20 << 20 },
        content: Content::Text(format!("Question {message}")),
    }
}

/// The chat `chat` on Telegram was read up to the message `at`.
pub(in crate::memory) fn mark(chat: &str, at: &str) -> Mark {
    Mark { place: incoming("m", "ada", chat).place, at: at.to_owned() }
}

/// The turn that answered [`incoming`], with usage 10, 4, 2.
pub(in crate::memory) fn turn(message: &str, name: &str, chat: &str) -> Turn {
    Turn {
        incoming: message_id(message),
        conversation: format!("telegram:{chat}"),
        student: id(name),
        course: Some(course_id("cs231n")),
        at: at(1),
        asked: format!("Question {message}"),
        understood: Some(format!("What is {message}?")),
        said: said(),
        dialogue: true,
        usage: Usage { prompt_tokens: 10, cached_tokens: 4, completion_tokens: 2 },
        model: Some("small".to_owned()),
    }
}

/// A key called `name` without limits, whose secret is its name.
pub(in crate::memory) fn key(name: &str) -> ApiKey {
    ApiKey {
        name: name.to_owned(),
        hash: KeySecret::presented(name).hash(),
        requests_per_minute: None,
        tokens_per_day: None,
        priority: Priority::Student,
        teaches: Vec::new(),
        created: at(0),
        expires: None,
    }
}

/// What a request with the key `name` used: 7, 3, 1.
pub(in crate::memory) fn spending(name: &str, minutes: i64) -> Spending {
    let tokens = Usage { prompt_tokens: 7, cached_tokens: 3, completion_tokens: 1 };
    Spending { key: Some(name.to_owned()), model: "small".to_owned(), at: at(minutes), tokens }
}

fn said() -> Said {
    let source = Source { n: 1, title: "notes.md › Gates".to_owned(), quote: "The add gate distributes.".to_owned() };
    Said {
        text: "It distributes gradients [1].".to_owned(),
        sources: Some(Sources { label: "Sources".to_owned(), items: vec![source] }),
        buttons: vec![Button { label: "Ask the teacher".to_owned(), data: "ask:1".to_owned() }],
    }
}

pub(in crate::memory) fn question(message: &str, name: &str, course: &str) -> OpenQuestion {
    OpenQuestion {
        incoming: message_id(message),
        course: course_id(course),
        student: id(name),
        text: format!("Question {message}"),
        at: at(2),
    }
}
