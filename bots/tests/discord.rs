//! The Discord adapter against a strict Discord on loopback, with a scripted tutor behind it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../tests/support/discord.rs"]
mod discord;
#[path = "../../tests/support/script.rs"]
mod script;

#[path = "discord/failures.rs"]
mod failures;
#[path = "discord/log.rs"]
mod log;
#[path = "discord/missed.rs"]
mod missed;
#[path = "discord/restarts.rs"]
mod restarts;
#[path = "discord/running.rs"]
mod running;

use std::sync::Arc;
use std::time::Duration;

use discord::{BUDGET_WINDOW, CLASSROOM, FakeDiscord, Fault, Kind, Person, Post, State};
use script::{Script, Step, text_step, whole};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tutor_bots::chat::{Attachment, Audience, Button, Content, ReplyEvent, Source, Sources};
use tutor_bots::discord::{Config, DiscordError, run};

const TOKEN: &str = "MTE-secret.token_of-the.bot";

fn ada() -> Person {
    Person::new(11, "Ada", "en-GB")
}

fn mei() -> Person {
    Person::new(12, "Mei", "zh-CN")
}

/// A running adapter; it ends with the test.
struct Bot {
    stop: CancellationToken,
    task: JoinHandle<Result<(), DiscordError>>,
}

impl Bot {
    async fn start(server: &FakeDiscord, tutor: &Arc<Script>) -> Self {
        log::keep();
        let stop = CancellationToken::new();
        let (sender, ready) = oneshot::channel();
        let config = Config::new(TOKEN, Some(&server.url()));
        let task = tokio::spawn(run(config, Arc::<Script>::clone(tutor), stop.clone(), sender));
        ready.await.expect("the bot becomes ready");
        server.wait_until_served().await;
        Self { stop, task }
    }

    /// Ends the adapter as a crash would.
    async fn kill(self, server: &FakeDiscord) {
        self.task.abort();
        server.wait_until("a lost connection", |state| state.connected == 0).await;
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// A server, a tutor that answers by the script, and a bot between them.
async fn play(answers: &[(&str, Vec<Step>)]) -> (FakeDiscord, Arc<Script>, Bot) {
    let server = FakeDiscord::start(TOKEN).await;
    let tutor = Script::new(answers);
    let bot = Bot::start(&server, &tutor).await;
    (server, tutor, bot)
}

#[track_caller]
fn assert_clean(server: &FakeDiscord) {
    assert_eq!(server.violations(), Vec::<String>::new());
}

fn say(event: ReplyEvent) -> Step {
    Step::Say(event)
}

fn sources() -> Sources {
    let quote = "The add gate takes its gradient and distributes it equally to all of its inputs.";
    let source = Source { n: 1, title: "optimization-2.md › Patterns in backward flow".into(), quote: quote.into() };
    Sources { label: "Sources".into(), items: vec![source] }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_grows_in_a_direct_chat() {
    let steps = vec![
        say(ReplyEvent::Progress("Looking in the notes…".into())),
        Step::Gate,
        text_step("The add gate "),
        Step::Gate,
        text_step("copies its gradient."),
        Step::Gate,
        say(ReplyEvent::Rewrite("The **add gate** copies its gradient [1].".into())),
        say(ReplyEvent::Sources(sources())),
        say(ReplyEvent::Done),
    ];
    let (server, tutor, bot) = play(&[("What does the add gate do?", steps)]).await;
    let channel = ada().direct();
    server.direct(&ada(), &Post::text("What does the add gate do?"));
    server.wait_for_text(channel, "Looking in the notes").await;
    tutor.open_gate();
    server.wait_for_text(channel, "The add gate").await;
    tutor.open_gate();
    server.wait_for_text(channel, "copies its gradient").await;
    tutor.open_gate();
    tutor.wait_delivered(1).await;

    let said = server.said(channel);
    assert_eq!(said.len(), 1, "one message grows: {said:?}");
    insta::assert_snapshot!(said[0].content, @r"
    The **add gate** copies its gradient [1].

    **Sources**
    [1] optimization-2.md › Patterns in backward flow
    > -# The add gate takes its gradient and distributes it equally to all of its inputs.
    ");
    assert_eq!((said[0].flags, said[0].reference), (4, None));
    let heard = &tutor.heard()[0];
    assert_eq!((heard.account.as_str(), heard.place.audience), ("discord:11", Audience::Direct));
    assert_eq!(heard.name.as_deref(), Some("Ada"));
    assert_clean(&server);
    assert_eq!(server.see(|state| state.limited), 0, "the pace keeps within the budget");
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_command_is_acknowledged_in_time_and_answered_through_the_interaction() {
    let steps = vec![
        text_step(&"A sentence of the answer. ".repeat(100)),
        Step::Gate,
        say(ReplyEvent::Sources(sources())),
        say(ReplyEvent::Done),
    ];
    let (server, tutor, bot) = play(&[("/ask Why is that?", steps)]).await;
    tutor.gate_accept();
    let id = server.command(&mei(), CLASSROOM, "ask", Some(("question", " Why is that? ")));
    // The tutor is too slow in putting it on disk to be waited for.
    server.wait_until("the acknowledgement", |state| state.messages.iter().any(|message| message.thinking)).await;
    tutor.open_gate();
    server.wait_for_text(CLASSROOM, "A sentence of the answer").await;
    tutor.open_gate();
    tutor.wait_delivered(1).await;

    let said = server.said(CLASSROOM);
    assert_eq!(said.len(), 2, "the original response and one message more");
    assert!(said.iter().all(|message| !message.thinking && message.content.chars().count() <= 2000));
    assert!(said[1].content.contains("Patterns in backward flow"), "{:?}", said[1]);
    assert!(server.acknowledged(id).is_some_and(|after| after > Duration::from_millis(700)), "it waits for the disk");
    let heard = &tutor.heard()[0];
    assert_eq!(heard.id.0, format!("discord:{id}"));
    assert_eq!((heard.locale.as_deref(), heard.place.audience), (Some("zh-CN"), Audience::Group));
    assert_eq!(heard.content, Content::Command { name: "ask".into(), argument: "Why is that?".into() });
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_message_without_use_is_taken_back() {
    let (server, tutor, bot) = play(&[("/help", vec![say(ReplyEvent::Done)])]).await;
    server.command(&ada(), ada().direct(), "help", None);
    tutor.wait_delivered(1).await;
    let channel = ada().direct();
    let gone = |state: &State| !state.messages.iter().any(|message| message.own && message.channel == channel);
    server.wait_until("no message", gone).await;
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_channel_only_mentions_and_replies_are_heard() {
    let (server, tutor, bot) = play(&[]).await;
    server.classroom(&ada(), &Post::text("Does anybody know this?"));
    server.classroom(&ada(), &Post::mention("beep").by_bot());
    let question = server.classroom(&ada(), &Post::mention("What is a gate?"));
    let answer = server.wait_for_text(CLASSROOM, "Heard: What is a gate?").await;
    assert_eq!(answer.reference, Some(question));
    server.classroom(&mei(), &Post::reply(answer.id, "And why?"));
    server.wait_for_text(CLASSROOM, "Heard: And why?").await;
    tutor.wait_delivered(2).await;
    let texts = ["What is a gate?", "And why?"].map(|text| Content::Text(text.to_owned()));
    assert_eq!(tutor.contents(), texts);
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_characters_arrive_whole_and_in_order() {
    let sentences: Vec<String> = (0..500).map(|n| format!("This is sentence number {n} of the answer.")).collect();
    let text = sentences.join(" ");
    assert!(text.len() > 20_000);
    let (server, tutor, bot) = play(&[("Everything", whole(&text))]).await;
    server.direct(&ada(), &Post::text("Everything"));
    tutor.wait_delivered(1).await;
    let said = server.said(ada().direct());
    let joined: Vec<String> = said.iter().map(|message| message.content.trim().to_owned()).collect();
    assert_eq!(joined.join(" "), text);
    assert!(said.len() <= 12, "{} messages", said.len());
    assert_eq!(server.see(|state| state.limited), 0);
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signs_names_and_scripts_are_shown_as_they_are() {
    let text = "Hi @everyone, <@12> and @here: 2 * 3 * 4 = snake_case_name; שלום עולם; 梯度是什么？ 👩‍👩‍👧‍👦 é ||x||\n\n```python\nx = \"@everyone\"\n```";
    let (server, tutor, bot) = play(&[("Show", whole(text))]).await;
    server.classroom(&ada(), &Post::mention("Show"));
    tutor.wait_delivered(1).await;
    insta::assert_snapshot!(server.said(CLASSROOM)[0].content.replace('\u{200b}', "·"), @r#"
    Hi @·everyone, \<@12> and @·here: 2 \* 3 \* 4 = snake\_case\_name; שלום עולם; 梯度是什么？ 👩‍👩‍👧‍👦 é \|\|x\|\|

    ```python
    x = "@everyone"
    ```
    "#);
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_in_with_their_text_and_go_out() {
    let fetch = vec![Step::Fetch(100), say(ReplyEvent::Done)];
    let file = Attachment { name: "export.json".into(), bytes: b"{}".to_vec(), refused: "It was refused.".into() };
    let export = vec![say(ReplyEvent::File(file)), say(ReplyEvent::Done)];
    let answers = [("file a.md", fetch.clone()), ("file b.md", fetch.clone()), ("file c.md", fetch), ("/help", export)];
    let (server, tutor, bot) = play(&answers).await;
    server.fail_next(Kind::Download, Fault::CutBefore);
    let post = Post::text("my notes").with_file("a.md", b"# Gates").with_file("b.md", &[b'x'; 101]);
    let id = server.direct(&ada(), &post);
    tutor.wait_delivered(2).await;
    server.wait_for_text(ada().direct(), "a.md has 7 bytes").await;
    server.wait_for_text(ada().direct(), "file is larger than 100 bytes").await;
    let heard = tutor.heard();
    assert_eq!([&heard[0].id.0, &heard[1].id.0], [&format!("discord:{id}:0"), &format!("discord:{id}:1")]);
    let captions: Vec<String> = tutor.contents().into_iter().map(caption).collect();
    assert_eq!(captions, ["my notes", ""]);

    server.command_with_file(&ada(), CLASSROOM, "learn", "file", ("c.md", b"notes"));
    tutor.wait_delivered(3).await;
    server.wait_for_text(CLASSROOM, "c.md has 5 bytes").await;

    server.command(&ada(), ada().direct(), "help", None);
    tutor.wait_delivered(4).await;
    let sent = server.said(ada().direct()).pop().unwrap();
    assert_eq!((sent.files, sent.thinking), (vec![("export.json".to_owned(), b"{}".to_vec())], false));
    assert_clean(&server);
    bot.stop().await;
}

fn caption(content: Content) -> String {
    match content {
        Content::File(file) => file.caption,
        other => panic!("{other:?} is no file"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_that_is_pressed_comes_back() {
    let mut buttons: Vec<Button> =
        (0..7).map(|n| Button { label: format!("Answer {n}"), data: format!("quiz:{n}") }).collect();
    buttons.push(Button { label: "l".repeat(200), data: "d".repeat(Button::DATA_LIMIT) });
    buttons.push(Button { label: "Twice".into(), data: "quiz:0".into() });
    let quiz = vec![text_step("Which one?"), say(ReplyEvent::Buttons(buttons)), say(ReplyEvent::Done)];
    let (server, tutor, bot) = play(&[("Quiz", quiz)]).await;
    server.direct(&ada(), &Post::text("Quiz"));
    tutor.wait_delivered(1).await;
    let message = server.said(ada().direct()).pop().unwrap();
    let labels: Vec<String> = message.buttons().into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels.len(), 8, "{labels:?}");
    let press = server.press(&ada(), message.id, "quiz:3");
    server.wait_for_text(ada().direct(), "Heard: press quiz:3").await;
    tutor.wait_delivered(2).await;
    assert!(server.acknowledged(press).is_some());
    assert_eq!(server.said(ada().direct())[0].content, "Which one?", "the question stays");
    assert_eq!(tutor.contents()[1], Content::Press { data: "quiz:3".into() });
    assert_clean(&server);
    bot.stop().await;
}
