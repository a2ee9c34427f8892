//! What goes wrong on the way: limits, lost responses, broken connections, restarts.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_429_is_waited_out_and_the_answer_lands_whole() {
    let steps = vec![text_step("First words"), Step::Gate, text_step(" and the last words."), say(ReplyEvent::Done)];
    let (server, tutor, bot) = play(&[("Go", steps)]).await;
    server.fail_next(Kind::Edit, Fault::Limited(Duration::from_secs(2)));
    server.fail_next(Kind::Send, Fault::Limited(Duration::from_millis(700)));
    server.direct(&ada(), &Post::text("Go"));
    server.wait_for_text(ada().direct(), "First words").await;
    tutor.open_gate();
    tutor.wait_delivered(1).await;
    let said = server.said(ada().direct());
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].content, "First words and the last words.");
    assert_eq!(server.see(|state| state.limited), 2);
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_gateway_is_resumed_and_repeated_events_are_answered_once() {
    let (server, tutor, bot) = play(&[]).await;
    server.set_resume_overlap(2);
    server.direct(&ada(), &Post::text("one"));
    tutor.wait_delivered(1).await;
    server.resend();
    server.drop_gateway();
    server.wait_until("a lost connection", |state| state.connected == 0 || state.resumed > 0).await;
    for text in ["two", "three", "four"] {
        server.direct(&ada(), &Post::text(text));
    }
    tutor.wait_delivered(4).await;
    let texts = ["one", "two", "three", "four"].map(|text| Content::Text(text.to_owned()));
    assert_eq!(tutor.contents(), texts, "in order, each once");
    assert_eq!(server.see(|state| (state.identified, state.resumed)), (1, 1));
    assert_eq!(server.said(ada().direct()).len(), 4);
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_response_is_no_second_message() {
    let (server, tutor, bot) = play(&[("/help", whole("Help."))]).await;
    for fault in [Fault::CutAfter, Fault::CutBefore, Fault::Status(503)] {
        server.fail_next(Kind::Send, fault);
    }
    server.direct(&ada(), &Post::text("Hello"));
    tutor.wait_delivered(1).await;
    server.fail_next(Kind::Callback, Fault::CutAfter);
    server.fail_next(Kind::Original, Fault::CutAfter);
    server.command(&ada(), CLASSROOM, "help", None);
    tutor.wait_delivered(2).await;
    let contents = |channel: u64| server.said(channel).into_iter().map(|message| message.content).collect::<Vec<_>>();
    assert_eq!(contents(ada().direct()), ["Heard: Hello"]);
    assert_eq!(contents(CLASSROOM), ["Help."]);
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_interaction_runs_out_the_channel_goes_on() {
    let steps = vec![text_step("Slowly"), Step::Gate, text_step(" but surely."), say(ReplyEvent::Done)];
    let (server, tutor, bot) = play(&[("/ask", steps)]).await;
    server.command(&ada(), CLASSROOM, "ask", None);
    server.wait_for_text(CLASSROOM, "Slowly").await;
    server.expire_interactions();
    tutor.open_gate();
    tutor.wait_delivered(1).await;
    let said = server.said(CLASSROOM);
    assert_eq!((said.len(), said[0].content.as_str()), (1, "Slowly but surely."));
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_bot_may_not_write_the_interaction_can() {
    let long = "A sentence of the answer. ".repeat(100);
    let (server, tutor, bot) = play(&[("/ask", whole(&long)), ("Hello", whole("Hi."))]).await;
    server.fail_next(Kind::Send, Fault::Status(403));
    server.command(&ada(), CLASSROOM, "ask", None);
    tutor.wait_delivered(1).await;
    assert_eq!(server.said(CLASSROOM).len(), 2);
    server.fail_next(Kind::Send, Fault::Status(403));
    server.classroom(&ada(), &Post::mention("Hello"));
    tutor.wait_delivered(2).await;
    assert_eq!(server.said(CLASSROOM).len(), 2, "nothing can be said, and nothing is tried for ever");
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_kept_is_excused() {
    let (server, tutor, bot) = play(&[]).await;
    tutor.refuse("The disk is full; please try again later.");
    server.direct(&ada(), &Post::text("Hello"));
    server.wait_for_text(ada().direct(), "The disk is full").await;
    server.command(&ada(), CLASSROOM, "help", None);
    server.wait_for_text(CLASSROOM, "The disk is full").await;
    assert_eq!(tutor.delivered(), 0);
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_refused_is_told() {
    let file = Attachment { name: "a.json".into(), bytes: b"{}".to_vec(), refused: "It is too large.".into() };
    let export = vec![text_step("Here it is."), say(ReplyEvent::File(file)), say(ReplyEvent::Done)];
    let (server, tutor, bot) = play(&[("/help", export.clone()), ("Export", export)]).await;
    server.fail_next(Kind::File, Fault::Status(413));
    server.direct(&ada(), &Post::text("Export"));
    server.wait_for_text(ada().direct(), "It is too large.").await;
    // Neither the bot nor the interaction may send files there.
    (0..2).for_each(|_| server.fail_next(Kind::File, Fault::Status(403)));
    server.command(&ada(), CLASSROOM, "help", None);
    server.wait_for_text(CLASSROOM, "Here it is.\n\nIt is too large.").await;
    tutor.wait_delivered(2).await;
    assert!(server.said(ada().direct()).iter().all(|message| message.files.is_empty()));
    assert_clean(&server);
    bot.stop().await;
}
