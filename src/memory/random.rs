//! Random sequences of calls: the store, closed and opened at random, tells the same as the fake.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;
use tutor_bots::chat::IncomingId;
use tutor_models::generate::Usage;

use super::contract::sample::{
    account, at, course, course_id, id, incoming, key, membership, message_id, question, spending, turn,
};
use super::fake::FakeMemory;
use super::{Memory, Meter, Role, SledMemory, Student, Turn};

const NAMES: [&str; 3] = ["ada", "ben", "cem"];
const CHATS: [&str; 3] = ["ada", "group", "group:7"];
const COURSES: [&str; 2] = ["a", "b"];
const MESSAGES: [&str; 5] = ["m1", "m2", "m3", "m4", "m5"];
const CODES: [&str; 2] = ["K7Q2", "k7q2"];

type Name = &'static str;

#[derive(Debug, Clone)]
enum Call {
    Welcome(Name, Name),
    Save(Name, Name),
    OfferLink(Name, Name, i64),
    Link(Name, Name, i64),
    CreateCourse(Name),
    Join(Name, Name, Role, i64),
    Leave(Name, Name),
    SetPlace(Name, Name),
    /// The last is the time since the message before.
    Accept(Name, Name, Name, i64),
    Stand(Name),
    Delivered(Name),
    Record(Name, Name, Name, bool),
    StartAfresh(Name),
    PassOn(Name, Name, Name),
    Close(Name),
    Forget(Name),
    CreateKey(Name),
    RevokeKey(Name),
    Spend(Name, i64),
    /// Closes the store and opens it again.
    Reopen,
}

fn call() -> impl Strategy<Value = Call> {
    let name = || select(&NAMES[..]);
    let chat = || select(&CHATS[..]);
    let course = || select(&COURSES[..]);
    let message = || select(&MESSAGES[..]);
    let code = || select(&CODES[..]);
    let role = select(&[Role::Student, Role::Teacher][..]);
    let minutes = || prop_oneof![0..5_i64, 129_600..129_605_i64];
    prop_oneof![
        4 => (name(), name()).prop_map(|(account, id)| Call::Welcome(account, id)),
        1 => (name(), course()).prop_map(|(name, course)| Call::Save(name, course)),
        2 => (name(), code(), minutes()).prop_map(|(name, code, expires)| Call::OfferLink(name, code, expires)),
        2 => (code(), name(), minutes()).prop_map(|(code, account, now)| Call::Link(code, account, now)),
        1 => course().prop_map(Call::CreateCourse),
        2 => (name(), course(), role, minutes()).prop_map(|(n, c, role, joined)| Call::Join(n, c, role, joined)),
        1 => (name(), course()).prop_map(|(name, course)| Call::Leave(name, course)),
        1 => (chat(), course()).prop_map(|(chat, course)| Call::SetPlace(chat, course)),
        4 => (message(), name(), chat(), minutes()).prop_map(|(m, n, c, now)| Call::Accept(m, n, c, now)),
        1 => message().prop_map(Call::Stand),
        2 => message().prop_map(Call::Delivered),
        6 => (message(), name(), chat(), any::<bool>()).prop_map(|(m, n, c, used)| Call::Record(m, n, c, used)),
        1 => chat().prop_map(Call::StartAfresh),
        2 => (message(), name(), course()).prop_map(|(m, n, c)| Call::PassOn(m, n, c)),
        1 => message().prop_map(Call::Close),
        1 => name().prop_map(Call::Forget),
        1 => name().prop_map(Call::CreateKey),
        1 => name().prop_map(Call::RevokeKey),
        1 => (name(), minutes()).prop_map(|(name, at)| Call::Spend(name, at)),
        1 => Just(Call::Reopen),
    ]
}

/// Makes the call; gives what it answered.
async fn make(memory: &dyn Memory, call: &Call) -> String {
    match call.clone() {
        Call::Welcome(name, as_id) => format!("{:?}", memory.welcome(&account(name), id(as_id), at(0)).await),
        Call::Save(name, course) => {
            let accounts = vec![account("eve")];
            let course = Some(course_id(course));
            let changed = Student { id: id(name), accounts, language: None, course, created: at(7) };
            format!("{:?}", memory.save_student(&changed).await)
        }
        Call::OfferLink(name, code, expires) => {
            format!("{:?}", memory.offer_link(&id(name), code, at(expires)).await)
        }
        Call::Link(code, name, now) => format!("{:?}", memory.link(code, &account(name), at(now)).await),
        Call::CreateCourse(name) => format!("{:?}", memory.create_course(&course(name)).await),
        Call::Join(name, course, role, joined) => {
            format!("{:?}", memory.join(&membership(name, course, role, joined)).await)
        }
        Call::Leave(name, course) => format!("{:?}", memory.leave(&course_id(course), &id(name)).await),
        Call::SetPlace(chat, course) => {
            format!("{:?}", memory.set_place_course(&conversation(chat), &course_id(course)).await)
        }
        Call::Accept(message, name, chat, now) => {
            format!("{:?}", memory.accept(&incoming(message, name, chat), at(now)).await)
        }
        Call::Stand(message) => {
            format!("{:?}", memory.set_standing(&message_id(message), &["100".to_owned()]).await)
        }
        Call::Delivered(message) => format!("{:?}", memory.delivered(&message_id(message)).await),
        Call::Record(message, name, chat, used) => {
            let whole = turn(message, name, chat);
            let usage = if used { whole.usage } else { Usage::default() };
            format!("{:?}", memory.record(&Turn { usage, dialogue: used, ..whole }).await)
        }
        Call::StartAfresh(chat) => format!("{:?}", memory.start_afresh(&conversation(chat)).await),
        Call::PassOn(message, name, course) => {
            format!("{:?}", memory.pass_on(&question(message, name, course)).await)
        }
        Call::Close(message) => format!("{:?}", memory.close_question(&message_id(message)).await),
        Call::Forget(name) => format!("{:?}", memory.forget(&id(name)).await),
        Call::CreateKey(name) => format!("{:?}", memory.create_key(&key(name)).await),
        Call::RevokeKey(name) => format!("{:?}", memory.revoke_key(name).await),
        Call::Spend(name, minutes) => format!("{:?}", memory.meter(&spending(name, minutes)).await),
        Call::Reopen => String::new(),
    }
}

fn conversation(chat: &str) -> String {
    format!("telegram:{chat}")
}

/// All that can be seen from outside.
async fn seen(memory: &dyn Memory) -> Vec<String> {
    let mut seen = vec![
        format!("{:?}", memory.students().await),
        format!("{:?}", memory.courses().await),
        format!("{:?}", memory.pending("telegram").await),
        format!("{:?}", memory.keys().await),
    ];
    for meter in Meter::ALL {
        seen.push(format!("{:?}", memory.metered(meter, None).await));
    }
    for name in NAMES {
        seen.push(format!("{:?}", memory.student(&account(name)).await));
        seen.push(format!("{:?}", memory.memberships(&id(name)).await));
        seen.push(format!("{:?}", memory.usage(&id(name)).await));
        seen.push(memory.export(&id(name)).await.unwrap().unwrap_or_default().to_string());
    }
    for chat in CHATS {
        seen.push(format!("{:?}", memory.recent(&conversation(chat), 3).await));
        seen.push(format!("{:?}", memory.place_course(&conversation(chat)).await));
    }
    for name in COURSES {
        seen.push(format!("{:?}", memory.open_questions(&course_id(name)).await));
    }
    for message in MESSAGES {
        seen.push(format!("{:?}", memory.turn(&IncomingId(message.to_owned())).await));
    }
    seen
}

async fn compare(calls: Vec<Call>) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeMemory::default();
    let mut store = SledMemory::open(folder.path()).unwrap();
    let mut clock = 0;
    for mut call in calls {
        if let Call::Accept(.., minutes) = &mut call {
            clock += *minutes;
            *minutes = clock;
        }
        if matches!(call, Call::Reopen) {
            drop(store);
            store = SledMemory::open(folder.path()).unwrap();
        }
        prop_assert_eq!(make(&store, &call).await, make(&fake, &call).await, "{:?}", call);
        prop_assert_eq!(seen(&store).await, seen(&fake).await, "after {:?}", call);
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]

    #[test]
    fn both_bodies_tell_the_same(calls in vec(call(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(compare(calls))?;
    }
}
