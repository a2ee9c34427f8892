//! A class in Discord, played against the real program: join, ask, follow up, teach, sum up, export, forget.

use crate::support::discord::{CLASSROOM, FakeDiscord, Fault, Kind, Person, Post};
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

#[tokio::test]
async fn a_class_learns_in_discord() {
    let (discord, program) = program().await;
    let server = program.serve().await;
    discord.wait_until_served().await;
    let code = program.run(&["courses", "invite", "coast"]).await.ok().out.trim().to_owned();
    let student = Person::new(21, "Ada", "en-GB");

    discord.command(&student, student.direct(), "join", Some(("code", &code)));
    discord.wait_for_text(student.direct(), "Welcome to “The coast”").await;

    discord.direct(&student, &Post::text("When do spring tides occur?"));
    let answer = discord.wait_for_text(student.direct(), "tides.md").await;
    assert!(answer.content.contains("[1]") && answer.content.contains("Sources"), "{}", answer.content);

    discord.direct(&student, &Post::text("and why is that?"));
    discord
        .wait_until("an answer to the follow-up", |state| {
            let told = |m: &&crate::support::discord::Message| {
                m.own && m.channel == student.direct() && m.content.contains("Sources")
            };
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
    let grown = |state: &crate::support::discord::State| state.messages.iter().any(|m| m.own && m.history.len() > 1);
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
    let answers = |text: &str| discord.said(teacher.direct()).iter().filter(|m| m.content.contains(text)).count();

    discord.fail_next(Kind::Send, Fault::CutAfter);
    discord.direct(&teacher, &Post::text("When do neap tides occur?"));
    discord.wait_for_text(teacher.direct(), "tides.md").await;
    discord.resend();

    discord.fail_next(Kind::Edit, Fault::Limited(std::time::Duration::from_secs(2)));
    discord.direct(&teacher, &Post::text("What raises two bulges of water?"));
    discord
        .wait_until("both answers", |state| {
            state.messages.iter().filter(|m| m.own && m.content.contains("Sources")).count() == 2
        })
        .await;

    server.stop().await;
    discord.direct(&teacher, &Post::text("Which formula tells how the pull falls with the distance?"));
    let server = program.serve().await;
    discord.direct(&teacher, &Post::text("When do neap tides occur, once more?"));
    discord
        .wait_until("the answer after a restart", |state| {
            state.messages.iter().filter(|m| m.own && m.content.contains("Sources")).count() >= 3
        })
        .await;
    server.stop().await;
    assert!(answers("Sources") <= 4);
    assert_eq!(discord.violations(), Vec::<String>::new());
}
