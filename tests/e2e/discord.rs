//! A class in Discord, played against the real program: join, ask, follow up, teach, sum up, export, forget.

use crate::support::discord::{CLASSROOM, FakeDiscord, Fault, Kind, Message, Person, Post, State};
use crate::support::program::{Program, fixture};

const TOKEN: &str = "discord-test-token";

fn teacher() -> Person {
    Person::new(11, "Grace", "en-GB")
}

/// A program whose admin is the teacher, and the server that it talks to.
async fn program() -> (FakeDiscord, Program) {
    let discord = FakeDiscord::start(TOKEN).await;
    let program = Program::new()
        .with("TUTOR_DISCORD_TOKEN", TOKEN)
        .with("TUTOR_DISCORD_API_URL", discord.url())
        .with("TUTOR_ACCESS_ADMINS", format!("discord:{}", teacher().id))
        .with_course("coast", "The coast", &[&fixture("tides.md")])
        .await;
    (discord, program)
}

/// How many of the bot's messages stand in `channel`.
fn own(state: &State, channel: u64) -> usize {
    state.messages.iter().filter(|m| m.own && m.channel == channel).count()
}

/// How many of them end an answer.
fn answered(state: &State, channel: u64) -> usize {
    let ends = |m: &&Message| m.own && m.channel == channel && m.content.contains("Sources");
    state.messages.iter().filter(ends).count()
}

/// What is read where `content` stands: escaped signs and the space in a ping are not seen.
fn unescaped(content: &str) -> String {
    let mut seen = String::new();
    let mut characters = content.chars().filter(|c| *c != '\u{200b}').peekable();
    while let Some(c) = characters.next() {
        let escapes = c == '\\' && characters.peek().is_some_and(char::is_ascii_punctuation);
        seen.extend(if escapes { characters.next() } else { Some(c) });
    }
    seen
}

#[tokio::test]
async fn a_class_learns_in_discord() {
    let (discord, program) = program().await;
    let server = program.serve().await;
    discord.wait_until_served().await;
    let code = program.run(&["courses", "invite", "coast"]).await.ok().out.trim().to_owned();
    let student = Person::new(21, "Ada", "en-GB");

    discord.command(&student, student.direct(), "join", Some(("code", &code)));
    discord.wait_for_text(student.direct(), "Welcome to “The coast”").await;
    // Pasted, a command arrives as text.
    let other = Person::new(22, "Ben", "en-GB");
    discord.direct(&other, &Post::text(&format!("/join {code}")));
    discord.wait_for_text(other.direct(), "Welcome to “The coast”").await;

    discord.direct(&student, &Post::text("When do spring tides occur?"));
    let answer = discord.wait_for_text(student.direct(), "tides.md").await;
    assert!(answer.content.contains("[1]") && answer.content.contains("Sources"), "{}", answer.content);

    discord.direct(&student, &Post::text("and why is that?"));
    discord
        .wait_until("an answer to the follow-up", |state| {
            let told = |m: &&Message| m.own && m.channel == student.direct() && m.content.contains("Sources");
            state.messages.iter().filter(told).count() == 2
        })
        .await;

    let post = Post::text("").with_file("compost.html", &std::fs::read(fixture("compost.html")).unwrap());
    discord.direct(&student, &post);
    discord.wait_for_text(student.direct(), "Only a teacher").await;
    discord.direct(&teacher(), &post);
    discord.wait_for_text(teacher().direct(), "Learned compost.html").await;

    discord.command(&teacher(), CLASSROOM, "switch", Some(("course", "coast")));
    discord.wait_for_text(CLASSROOM, "now about “The coast”").await;
    discord.classroom(&student, &Post::mention("How warm does a healthy compost heap get in its middle?"));
    let answer = discord.wait_for_text(CLASSROOM, "compost.html").await;
    assert!(answer.reference.is_some(), "the answer does not refer to its question");

    discord.command(&student, student.direct(), "summary", Some(("topic", "tides")));
    discord.wait_for_text(student.direct(), "Summary of tides.md").await;

    // An answer may be there at once; of all of them some were seen to grow.
    let grown = |state: &State| state.messages.iter().any(|m| m.own && m.history.len() > 1);
    discord.wait_until("a message that grows", grown).await;

    discord.direct(&student, &Post::text("Who won the 1998 football world cup?"));
    let refusal = discord.wait_for_text(student.direct(), "do not cover").await;
    let (_, pass_on) = refusal.buttons().first().cloned().expect("an offer to ask the teacher");
    discord.press(&student, refusal.id, &pass_on);
    discord.wait_for_text(student.direct(), "teacher's list").await;

    discord.command(&student, student.direct(), "export", None);
    discord.wait_until("the export", |state| state.messages.iter().any(|m| !m.files.is_empty())).await;
    discord.command(&student, student.direct(), "forget", None);
    let ask = discord.wait_for_text(student.direct(), "cannot be undone").await;
    discord.press(&student, ask.id, "forget:yes");
    discord.wait_for_text(student.direct(), "I have forgotten you").await;
    assert!(!super::commands::on_disk(&program.data().join("memory"), "discord:21"));

    let (code, log) = server.stop().await;
    assert_eq!(code, 0, "{log}");
    assert!(!log.contains("spring tides") && !log.contains("Ada") && !log.contains(TOKEN), "{log}");
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_lost_or_said_twice_in_discord() {
    let (discord, program) = program().await;
    let server = program.serve().await;
    discord.wait_until_served().await;
    let teacher = teacher();
    let direct = teacher.direct();

    discord.fail_next(Kind::Send, Fault::CutAfter);
    discord.direct(&teacher, &Post::text("When do neap tides occur?"));
    discord.wait_for_text(teacher.direct(), "tides.md").await;
    discord.resend();

    discord.fail_next(Kind::Edit, Fault::Limited(std::time::Duration::from_secs(2)));
    discord.direct(&teacher, &Post::text("What raises two bulges of water?"));
    discord.wait_until("both answers", |state| answered(state, direct) == 2).await;

    discord.command(&teacher, CLASSROOM, "switch", Some(("course", "coast")));
    discord.wait_for_text(CLASSROOM, "now about “The coast”").await;
    server.stop().await;

    // What is said while nobody is there is answered afterwards, and a further restart repeats nothing.
    discord.direct(&teacher, &Post::text("Which formula tells how the pull falls with the distance?"));
    discord.classroom(&teacher, &Post::text("Nobody there?"));
    let asked = discord.classroom(&teacher, &Post::mention("When do neap tides occur, once more?"));
    let server = program.serve().await;
    discord
        .wait_until("the missed answers", |state| answered(state, direct) == 3 && answered(state, CLASSROOM) == 1)
        .await;
    assert_eq!(discord.said(CLASSROOM).iter().rfind(|m| m.content.contains("Sources")).unwrap().reference, Some(asked));
    server.stop().await;
    let server = program.serve().await;
    discord.direct(&teacher, &Post::text("How long is it from one high tide to the next?"));
    discord.wait_until("one more answer", |state| answered(state, direct) == 4).await;
    server.stop().await;
    assert_eq!(discord.see(|state| (answered(state, direct), answered(state, CLASSROOM))), (4, 1));
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_of_an_answer_costs_nothing() {
    let (discord, program) = program().await;
    let server = program.serve().await;
    discord.wait_until_served().await;
    let teacher = teacher();
    let direct = teacher.direct();
    discord.direct(&teacher, &Post::text("When do spring tides occur, and when do neap tides?"));
    discord.wait_until("the beginning of an answer", |state| state.messages.iter().any(|m| m.own)).await;
    assert_eq!(discord.see(|state| answered(state, direct)), 0, "it has only begun");
    discord.drop_gateway();
    discord.direct(&teacher, &Post::text("What raises two bulges of water?"));
    discord.wait_until("both answers", |state| answered(state, direct) == 2).await;
    assert!(discord.see(|state| state.resumed >= 1), "the session goes on");

    // Longer: the session is lost, and with it the events.
    discord.direct(&teacher, &Post::text("Which formula tells how the pull falls with the distance?"));
    discord.wait_until("a third message", |state| own(state, direct) == 3).await;
    discord.set_offline(true);
    discord.wait_until("a lost connection", |state| state.connected == 0).await;
    discord.lose_session();
    discord.direct(&teacher, &Post::text("How long is it from one high tide to the next?"));
    discord.set_offline(false);
    discord.wait_until("all answers", |state| answered(state, direct) == 4).await;
    server.stop().await;
    assert_eq!(discord.see(|state| (answered(state, direct), own(state, direct))), (4, 4));
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_command_that_a_kill_left_thinking_is_answered_in_its_message() {
    let (discord, program) = program().await;
    let server = program.serve().await;
    discord.wait_until_served().await;
    let teacher = teacher();
    discord.command(&teacher, teacher.direct(), "ask", Some(("question", "When do spring tides occur?")));
    discord.wait_until("a message that waits", |state| state.messages.iter().any(|m| m.thinking)).await;
    server.kill().await;
    let server = program.serve().await;
    discord.wait_for_text(teacher.direct(), "Sources").await;
    server.stop().await;
    let said = discord.said(teacher.direct());
    assert!(said.len() == 1 && !said[0].thinking, "{said:#?}");
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_student_writes_is_shown_again_as_it_was() {
    let (discord, program) = program().await;
    let server = program.serve().await;
    discord.wait_until_served().await;
    let teacher = teacher();
    for (n, (topic, shown)) in super::texts::TOPICS.iter().enumerate() {
        discord.direct(&teacher, &Post::text(&format!("/summary {topic}")));
        let said = super::texts::nothing_about(shown);
        discord.wait_until("the topic again", |state| own(state, teacher.direct()) > n).await;
        let content = discord.said(teacher.direct())[n].content.clone();
        assert_eq!(unescaped(&content), said);
        let marks = content
            .replace("\\\\", "")
            .chars()
            .zip(content.replace("\\\\", "").chars().skip(1))
            .filter(|(before, c)| "*_`~|[".contains(*c) && *before != '\\')
            .count();
        assert_eq!(marks, 0, "a sign has a meaning in {content}");
    }
    server.stop().await;
    assert_eq!(discord.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_reply_of_many_messages_arrives_whole_and_in_order() {
    let (discord, program) = program().await;
    super::texts::teach_all(&program).await;
    let server = program.serve().await;
    discord.wait_until_served().await;
    let teacher = teacher();
    discord.fail_next(Kind::Send, Fault::Limited(std::time::Duration::from_secs(1)));
    discord.direct(&teacher, &Post::text("/documents"));
    discord.wait_for_text(teacher.direct(), "tides.md").await;
    let texts: Vec<String> = discord.said(teacher.direct()).into_iter().map(|m| m.content).collect();
    assert!(texts.iter().all(|text| text.chars().count() <= 2000));
    super::texts::assert_all_listed(
        &texts.iter().map(|text| text.replace('`', "").replace("- ", "• ")).collect::<Vec<_>>(),
    );
    server.stop().await;
    assert_eq!(discord.violations(), Vec::<String>::new());
}
