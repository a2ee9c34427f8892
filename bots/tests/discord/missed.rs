//! What is said while nobody listens: in an outage, while the program is down, and while it is looked for.

use super::*;

/// The texts that were heard in places of this kind, in order.
fn texts(tutor: &Script, audience: Audience) -> Vec<String> {
    let heard = tutor.heard().into_iter().filter(|incoming| incoming.place.audience == audience);
    heard
        .map(|incoming| match incoming.content {
            Content::Text(text) => text,
            other => panic!("{other:?} is no text"),
        })
        .collect()
}

fn contents(server: &FakeDiscord, channel: u64) -> Vec<String> {
    server.said(channel).into_iter().map(|message| message.content).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_in_an_outage_is_caught_up_with() {
    let (server, tutor, bot) = play(&[]).await;
    server.direct(&ada(), &Post::text("before"));
    server.classroom(&mei(), &Post::mention("before"));
    tutor.wait_delivered(2).await;
    server.set_offline(true);
    server.wait_until("a lost connection", |state| state.connected == 0).await;
    server.lose_session();
    server.direct(&ada(), &Post::text("in between"));
    server.classroom(&mei(), &Post::text("not for the bot"));
    server.classroom(&mei(), &Post::mention("in between"));
    server.set_offline(false);
    tutor.wait_delivered(4).await;
    for audience in [Audience::Direct, Audience::Group] {
        assert_eq!(texts(&tutor, audience), ["before", "in between"]);
    }
    server.direct(&ada(), &Post::text("after"));
    tutor.wait_delivered(5).await;
    assert_eq!(server.see(|state| state.identified), 2);
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_while_the_program_was_down_is_answered_once() {
    let (server, tutor, bot) = play(&[]).await;
    server.direct(&ada(), &Post::text("before"));
    // A direct chat that was only ever used through commands is known too.
    server.command(&mei(), mei().direct(), "help", None);
    server.classroom(&mei(), &Post::mention("before"));
    tutor.wait_delivered(3).await;
    bot.stop().await;
    server.direct(&ada(), &Post::text("down"));
    server.direct(&mei(), &Post::text("down too"));
    server.classroom(&mei(), &Post::text("not for the bot"));
    let question = server.classroom(&mei(), &Post::mention("down"));
    server.direct(&ada(), &Post::text("down for long").posted_before(Duration::from_secs(4 * 24 * 3600)));
    for round in ["once", "again"] {
        let bot = Bot::start(&server, &tutor).await;
        tutor.wait_delivered(6).await;
        server.direct(&ada(), &Post::text(round));
        server.wait_for_text(ada().direct(), &format!("Heard: {round}")).await;
        bot.stop().await;
    }
    assert_eq!(contents(&server, mei().direct()), ["Heard: /help", "Heard: down too"]);
    assert_eq!(contents(&server, CLASSROOM), ["Heard: before", "Heard: down"]);
    assert_eq!(server.said(CLASSROOM)[1].reference, Some(question));
    let said = contents(&server, ada().direct());
    assert_eq!(said, ["Heard: before", "Heard: down", "Heard: once", "Heard: again"], "each once, none too old");
    assert_clean(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn catching_up_turns_pages_through_faults_while_others_are_answered() {
    let (server, tutor, bot) = play(&[]).await;
    server.classroom(&ada(), &Post::mention("first"));
    tutor.wait_delivered(1).await;
    bot.stop().await;
    for number in 0..230 {
        server.classroom(&mei(), &Post::text(&format!("chatter {number}")));
        if number % 100 == 50 {
            server.classroom(&ada(), &Post::mention(&format!("question {number}")));
        }
    }
    for fault in [Fault::Limited(Duration::from_secs(3)), Fault::CutBefore, Fault::Status(503), Fault::CutAfter] {
        server.fail_next(Kind::List, fault);
    }
    let bot = Bot::start(&server, &tutor).await;
    // Said while the pages are still turned: the same channel waits, another does not.
    server.classroom(&ada(), &Post::mention("last"));
    server.direct(&mei(), &Post::text("hello"));
    server.wait_for_text(mei().direct(), "Heard: hello").await;
    assert_eq!(texts(&tutor, Audience::Group), ["first"], "the event loop does not wait for the list");
    tutor.wait_delivered(5).await;
    assert_eq!(texts(&tutor, Audience::Group), ["first", "question 50", "question 150", "last"]);
    assert_eq!(contents(&server, CLASSROOM).last().map(String::as_str), Some("Heard: last"));
    assert_clean(&server);
    bot.stop().await;
}
