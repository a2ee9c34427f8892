//! The Telegram adapter against a strict Bot API on loopback, with a scripted tutor behind it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../tests/support/script.rs"]
mod script;
#[path = "../../tests/support/telegram.rs"]
mod telegram;

use std::sync::Arc;
use std::time::Duration;

use script::{Script, Step, text_step, whole};
use telegram::{FakeTelegram, Fault, Person, Room};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tutor_bots::chat::{Attachment, Button, Content, ReplyEvent, Source, Sources};
use tutor_bots::telegram::{Config, TelegramError, run};

const TOKEN: &str = "12345:AAsecret_token-of-the-bot";

fn ada() -> Person {
    Person::new(42, "Ada", "en")
}

/// A running adapter; it ends with the test.
struct Bot {
    stop: CancellationToken,
    task: JoinHandle<Result<(), TelegramError>>,
}

impl Bot {
    async fn start(server: &FakeTelegram, tutor: &Arc<Script>) -> Self {
        let stop = CancellationToken::new();
        let (sender, ready) = oneshot::channel();
        let config = Config::new(TOKEN, Some(server.url()));
        let task = tokio::spawn(run(config, Arc::<Script>::clone(tutor), stop.clone(), sender));
        ready.await.expect("the bot becomes ready");
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }

    /// Ends the adapter as a crash would.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// A server, a tutor that answers by the script, and a bot between them.
async fn play(answers: &[(&str, Vec<Step>)]) -> (FakeTelegram, Arc<Script>, Bot) {
    let server = FakeTelegram::start(TOKEN).await;
    let tutor = Script::new(answers);
    let bot = Bot::start(&server, &tutor).await;
    (server, tutor, bot)
}

fn say(event: ReplyEvent) -> Step {
    Step::Say(event)
}

fn progress(line: &str) -> Step {
    say(ReplyEvent::Progress(line.to_owned()))
}

fn sources() -> Step {
    let source = Source {
        n: 1,
        title: "optimization-2.md › Patterns in backward flow".into(),
        quote: "The add gate always takes the gradient on its output.".into(),
    };
    say(ReplyEvent::Sources(Sources { label: "Sources".into(), items: vec![source] }))
}

/// A streamed answer: it is seen to grow, then it is checked and gets its sources and a button.
fn streamed() -> Vec<Step> {
    let button = Button { label: "Ask the teacher".into(), data: "pass:1".into() };
    vec![
        progress("Looking in the notes…"),
        Step::Gate,
        text_step("The add gate"),
        Step::Gate,
        text_step(" copies it."),
        say(ReplyEvent::Rewrite("The **add gate** copies its gradient [1].".into())),
        sources(),
        say(ReplyEvent::Buttons(vec![button])),
        say(ReplyEvent::Done),
    ]
}

const ANSWER: &str = "The add gate copies its gradient [1].\n\nSources\n[1] optimization-2.md › Patterns in backward flow\nThe add gate always takes the gradient on its output.";

#[track_caller]
fn assert_clean(server: &FakeTelegram) {
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_streamed_answer_grows_in_one_message() {
    let (server, tutor, bot) = play(&[("What does the add gate do?", streamed())]).await;
    server.say(&ada(), &ada().room(), "What does the add gate do?");
    server.wait_for(&ada().room(), "Looking in the notes…").await;
    tutor.open_gate();
    server.wait_for(&ada().room(), "The add gate").await;
    tutor.open_gate();
    tutor.wait_delivered(1).await;
    let messages = server.messages(&ada().room());
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].text, ANSWER);
    assert_eq!(messages[0].buttons, [("Ask the teacher".to_owned(), "pass:1".to_owned())]);
    let kinds: Vec<&str> = messages[0].entities.iter().map(|entity| entity["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["bold", "bold", "expandable_blockquote"]);
    let sent = &server.calls("sendMessage")[0].fields;
    assert_eq!(
        (sent["text"].as_str(), sent["link_preview_options"]["is_disabled"].as_bool()),
        (Some("Looking in the notes…"), Some(true))
    );
    bot.stop().await;
    assert!(server.all_confirmed() || tutor.delivered() == 1);
    assert_clean(&server);
}

#[tokio::test]
async fn the_menu_is_told_in_both_languages() {
    let (server, _tutor, bot) = play(&[]).await;
    server.wait_until("two menus", |server| server.calls("setMyCommands").len() == 2).await;
    let languages: Vec<Option<String>> = server
        .calls("setMyCommands")
        .iter()
        .map(|call| call.fields.get("language_code").and_then(|code| code.as_str()).map(str::to_owned))
        .collect();
    assert_eq!(languages, [None, Some("zh".to_owned())]);
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn an_order_to_wait_is_obeyed_and_the_whole_answer_stands() {
    let (server, tutor, bot) = play(&[("why?", streamed())]).await;
    server.fail_next("editMessageText", Fault::TooManyRequests(3));
    tutor.open_gate();
    tutor.open_gate();
    server.say(&ada(), &ada().room(), "why?");
    tutor.wait_delivered(1).await;
    assert_eq!(server.texts(&ada().room()), [ANSWER]);
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn lost_requests_and_responses_repeat_no_answer() {
    let (server, tutor, bot) = play(&[("why?", streamed())]).await;
    server.fail_next("sendMessage", Fault::DropBeforeHandling);
    server.fail_next("sendMessage", Fault::DropAfterHandling);
    server.fail_next("editMessageText", Fault::DropAfterHandling);
    server.say(&ada(), &ada().room(), "why?");
    server.wait_for(&ada().room(), "Looking").await;
    tutor.open_gate();
    tutor.open_gate();
    tutor.wait_delivered(1).await;
    let texts = server.texts(&ada().room());
    assert_eq!(texts.last().map(String::as_str), Some(ANSWER));
    assert_eq!(texts.iter().filter(|text| text.contains("add gate")).count(), 1, "{texts:?}");
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn an_update_that_comes_twice_is_answered_once() {
    let (server, tutor, bot) = play(&[]).await;
    let update = server.say(&ada(), &ada().room(), "one");
    tutor.wait_delivered(1).await;
    server.redeliver(update);
    server.say(&ada(), &ada().room(), "two");
    tutor.wait_delivered(2).await;
    assert_eq!(server.texts(&ada().room()), ["Heard: one", "Heard: two"]);
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn a_long_answer_is_told_in_parts() {
    let sentences: String = (0..500).map(|n| format!("Sentence number {n:04} of the long answer. ")).collect();
    assert!(sentences.len() >= 20_000);
    let (server, tutor, bot) = play(&[("all of it", whole(&sentences))]).await;
    server.say(&ada(), &ada().room(), "all of it");
    tutor.wait_delivered(1).await;
    let texts = server.texts(&ada().room());
    assert_eq!(texts.join(" "), sentences.trim());
    assert!((5..8).contains(&texts.len()) && texts.iter().all(|text| text.ends_with('.')), "{}", texts.len());
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn any_text_arrives_as_it_was_written() {
    let cases = [
        (
            "signs",
            "2 * 3 * 4 <b>not bold</b> snake_case & [x] (y) `",
            "2 * 3 * 4 <b>not bold</b> snake_case & [x] (y) `",
        ),
        ("emoji", "👨‍👩‍👧 **🎉** 𝒙", "👨‍👩‍👧 🎉 𝒙"),
        ("right to left", "مرحبا **بالعالم** و`رمز`", "مرحبا بالعالم ورمز"),
        ("chinese", "梯度 **下降** 与 $\\nabla_x f * 2$。", "梯度 下降 与 ∇ₓ f * 2。"),
    ];
    let answers: Vec<(&str, Vec<Step>)> = cases.iter().map(|(ask, markdown, _)| (*ask, whole(markdown))).collect();
    let (server, tutor, bot) = play(&answers).await;
    for (ask, ..) in cases {
        server.say(&ada(), &ada().room(), ask);
    }
    tutor.wait_delivered(cases.len()).await;
    assert_eq!(server.texts(&ada().room()), cases.map(|(.., seen)| seen));
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn in_a_group_the_answer_quotes_the_question() {
    let (server, tutor, bot) = play(&[]).await;
    server.say(&ada(), &Room::CLASS, "hello all");
    server.say(&ada(), &Room::CLASS, "@TutorBot why?");
    server.say(&ada(), &Room::topic(77), "/ask@tutorbot how");
    tutor.wait_delivered(2).await;
    let class = server.messages(&Room::CLASS);
    assert_eq!((class.len(), class[0].text.as_str(), class[0].reply_to), (1, "Heard: why?", Some(2)));
    let topic = server.messages(&Room::topic(77));
    assert_eq!((topic.len(), topic[0].text.as_str(), topic[0].reply_to), (1, "Heard: /ask how", Some(3)));
    server.say_to(&ada(), &Room::CLASS, class[0].id, "and then?");
    tutor.wait_delivered(3).await;
    assert_eq!(server.texts(&Room::CLASS), ["Heard: why?", "Heard: and then?"]);
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn a_press_is_acknowledged_and_answered() {
    let button = Button { label: "More".into(), data: "more:1".into() };
    let menu = vec![text_step("Choose:"), say(ReplyEvent::Buttons(vec![button])), say(ReplyEvent::Done)];
    let (server, tutor, bot) = play(&[("menu", menu)]).await;
    server.say(&ada(), &ada().room(), "menu");
    let message = server.wait_for(&ada().room(), "Choose:").await;
    server.press(&ada(), &ada().room(), message.id, "more:1");
    tutor.wait_delivered(2).await;
    assert_eq!(tutor.contents().last(), Some(&Content::Press { data: "more:1".into() }));
    server.wait_until("the press is acknowledged", |server| !server.calls("answerCallbackQuery").is_empty()).await;
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn files_come_and_go() {
    let learn = vec![Step::Fetch(1 << 20), say(ReplyEvent::Done)];
    let refuse = vec![Step::Fetch(10), say(ReplyEvent::Done)];
    let file = Attachment { name: "mydata.json".into(), bytes: b"{}".to_vec(), refused: "It was refused.".into() };
    let export = vec![text_step("Here it is."), say(ReplyEvent::File(file)), say(ReplyEvent::Done)];
    let (server, tutor, bot) = play(&[("file notes.md", learn), ("file big.md", refuse), ("/mydata", export)]).await;
    server.upload(&ada(), &ada().room(), "notes.md", b"# Notes\nA gradient.", "chapter 1");
    server.upload(&ada(), &ada().room(), "big.md", &[b'x'; 100], "");
    server.say(&ada(), &ada().room(), "/mydata");
    tutor.wait_delivered(3).await;
    let texts = server.texts(&ada().room());
    assert_eq!(texts, ["notes.md has 19 bytes", "file is larger than 10 bytes", "Here it is.", "[mydata.json]"]);
    let sent = server.messages(&ada().room())[3].document.clone();
    assert_eq!(sent, Some(("mydata.json".to_owned(), b"{}".to_vec())));
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn a_file_that_is_refused_is_told() {
    let file = Attachment { name: "mydata.json".into(), bytes: b"{}".to_vec(), refused: "It is too large.".into() };
    let export = vec![text_step("Here it is."), say(ReplyEvent::File(file)), say(ReplyEvent::Done)];
    let (server, tutor, bot) = play(&[("/mydata", export)]).await;
    for refusal in ["Request Entity Too Large", "Bad Request: not enough rights to send documents to the chat"] {
        server.fail_next("sendDocument", Fault::BadRequest(refusal));
        server.say(&ada(), &ada().room(), "/mydata");
    }
    tutor.wait_delivered(2).await;
    assert_eq!(server.texts(&ada().room()), ["Here it is.\n\nIt is too large."; 2]);
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn after_a_crash_the_same_message_is_edited_further() {
    let (server, tutor, bot) = play(&[("why?", streamed())]).await;
    server.say(&ada(), &ada().room(), "why?");
    server.wait_for(&ada().room(), "Looking").await;
    tutor.open_gate();
    server.wait_for(&ada().room(), "The add gate").await;
    bot.kill().await;
    (0..4).for_each(|_| tutor.open_gate());
    let bot = Bot::start(&server, &tutor).await;
    tutor.wait_delivered(1).await;
    assert_eq!(server.texts(&ada().room()), [ANSWER]);
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn a_message_that_cannot_be_stored_is_kept_and_excused() {
    let (server, tutor, bot) = play(&[]).await;
    tutor.refuse("The disk is full.");
    server.say(&ada(), &ada().room(), "why?");
    server.wait_for(&ada().room(), "The disk is full.").await;
    assert!(!server.all_confirmed());
    server.wait_until("another attempt", |server| server.calls("getUpdates").len() >= 4).await;
    assert_eq!(server.texts(&ada().room()), ["The disk is full."], "said once");
    bot.stop().await;
    assert!(!server.all_confirmed());
    assert_clean(&server);
}

#[tokio::test]
async fn trouble_with_polling_is_survived() {
    let (server, tutor, bot) = play(&[]).await;
    server.fail_next("getUpdates", Fault::DropBeforeHandling);
    server.fail_next("getUpdates", Fault::TooManyRequests(1));
    server.fail_next("getUpdates", Fault::BadRequest("Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"));
    server.say(&ada(), &ada().room(), "one");
    tutor.wait_delivered(1).await;
    server.say(&ada(), &ada().room(), "two");
    tutor.wait_delivered(2).await;
    assert_eq!(server.calls("deleteWebhook").len(), 1);
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn a_refused_form_becomes_plain_text() {
    let (server, tutor, bot) = play(&[("why?", whole("It is **so**."))]).await;
    server.fail_next("sendMessage", Fault::BadRequest("Bad Request: can't parse entities: something new"));
    server.say(&ada(), &ada().room(), "why?");
    tutor.wait_delivered(1).await;
    let messages = server.messages(&ada().room());
    assert_eq!((messages[0].text.as_str(), messages[0].entities.len()), ("It is so.", 0));
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn a_deleted_message_is_sent_again_and_a_blocked_chat_is_left() {
    let (server, tutor, bot) = play(&[("why?", streamed())]).await;
    server.say(&ada(), &ada().room(), "why?");
    let first = server.wait_for(&ada().room(), "Looking").await;
    server.delete(&ada().room(), first.id);
    tutor.open_gate();
    tutor.open_gate();
    tutor.wait_delivered(1).await;
    assert_eq!(server.texts(&ada().room()), [ANSWER]);
    server.block(&ada().room());
    server.say(&ada(), &ada().room(), "and then?");
    tutor.wait_delivered(2).await;
    bot.stop().await;
    assert_clean(&server);
}

#[tokio::test]
async fn stopping_waits_for_the_answer_in_progress() {
    let (server, tutor, bot) = play(&[("why?", streamed())]).await;
    server.say(&ada(), &ada().room(), "why?");
    server.wait_for(&ada().room(), "Looking").await;
    bot.stop.cancel();
    tutor.open_gate();
    tutor.open_gate();
    bot.task.await.unwrap().unwrap();
    assert_eq!(server.texts(&ada().room()), [ANSWER]);
    assert_clean(&server);
}

#[tokio::test]
async fn setup_errors_are_told_without_the_token() {
    let server = FakeTelegram::start(TOKEN).await;
    let tutor = Script::new(&[]);
    for (token, address, expected) in [
        ("1:wrong", server.url(), "telegram refuses the token"),
        (TOKEN, "ftp://nowhere", "\"ftp://nowhere\" is not an http or https address"),
    ] {
        let config = Config::new(token, Some(address));
        assert!(!format!("{config:?}").contains(token));
        let (sender, ready) = oneshot::channel();
        let error = run(config, Arc::<Script>::clone(&tutor), CancellationToken::new(), sender).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(ready.await.is_err());
    }
}

#[tokio::test]
async fn a_bot_that_cannot_reach_telegram_can_be_stopped() {
    let stop = CancellationToken::new();
    let (sender, _ready) = oneshot::channel();
    let config = Config::new(TOKEN, Some("http://127.0.0.1:9"));
    let task = tokio::spawn(run(config, Script::new(&[]), stop.clone(), sender));
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(30), task).await.unwrap().unwrap().unwrap();
}
