//! Restarts in the middle of replies.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_the_standing_messages_are_edited_further() {
    let steps = vec![text_step("The beginning"), Step::Gate, text_step(" and the end."), say(ReplyEvent::Done)];
    let (server, tutor, bot) = play(&[("Tell me", steps.clone()), ("/ask me", steps)]).await;
    server.direct(&ada(), &Post::text("Tell me"));
    server.command(&mei(), CLASSROOM, "ask", Some(("question", "me")));
    server.wait_for_text(ada().direct(), "The beginning").await;
    server.wait_for_text(CLASSROOM, "The beginning").await;
    tutor.wait_standing(2).await;
    bot.kill(&server).await;
    // Two that wait have nobody to tell any more, two will come again.
    (0..4).for_each(|_| tutor.open_gate());
    let bot = Bot::start(&server, &tutor).await;
    tutor.wait_delivered(2).await;
    for channel in [ada().direct(), CLASSROOM] {
        let said: Vec<String> = server.said(channel).into_iter().map(|message| message.content).collect();
        assert_eq!(said, ["The beginning and the end."]);
    }
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_knew_of_is_found_by_its_nonce() {
    let steps = vec![text_step("The beginning"), Step::Gate, text_step(" and the end."), say(ReplyEvent::Done)];
    let (server, tutor, bot) = play(&[("Tell me", steps)]).await;
    server.fail_next(Kind::Send, Fault::CutAfter);
    // The attempt after that one does not come through before the end.
    server.fail_next(Kind::Send, Fault::Limited(Duration::from_secs(1)));
    server.direct(&ada(), &Post::text("Tell me"));
    server.wait_for_text(ada().direct(), "The beginning").await;
    bot.kill(&server).await;
    (0..2).for_each(|_| tutor.open_gate());
    let bot = Bot::start(&server, &tutor).await;
    tutor.wait_delivered(1).await;
    let said: Vec<String> = server.said(ada().direct()).into_iter().map(|message| message.content).collect();
    assert_eq!(said, ["The beginning and the end."]);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_is_taken_up_in_parts_and_in_order() {
    let texts: Vec<String> = (0..12).map(|number| format!("question {number}")).collect();
    let answer = || vec![Step::Gate, text_step("Answered."), say(ReplyEvent::Done)];
    let answers: Vec<(&str, Vec<Step>)> = texts.iter().map(|text| (text.as_str(), answer())).collect();
    let (server, tutor, bot) = play(&answers).await;
    texts.iter().for_each(|text| {
        server.direct(&ada(), &Post::text(text));
    });
    tutor.wait_asked(12).await;
    bot.kill(&server).await;
    // Those that wait have nobody to tell any more.
    (0..12).for_each(|_| tutor.open_gate());
    let bot = Bot::start(&server, &tutor).await;
    tutor.wait_asked(12 + 8).await;
    server.direct(&mei(), &Post::text("hello"));
    server.wait_for_text(mei().direct(), "Heard: hello").await;
    assert_eq!(tutor.asked(), 12 + 8 + 1, "the rest waits until those stand");
    (0..12).for_each(|_| tutor.open_gate());
    tutor.wait_delivered(13).await;
    assert_eq!(server.said(ada().direct()).len(), 12);
    assert_clean(&server);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_message_waited_for_text_is_answered_in_it() {
    let steps = vec![Step::Gate, text_step("Slowly but surely."), say(ReplyEvent::Done)];
    for expired in [false, true] {
        let (server, tutor, bot) = play(&[("/ask", steps.clone())]).await;
        server.command(&ada(), CLASSROOM, "ask", None);
        server.wait_until("the waiting message", |state| state.messages.iter().any(|m| m.thinking)).await;
        tutor.wait_asked(1).await;
        bot.kill(&server).await;
        tutor.open_gate();
        if expired {
            server.expire_interactions();
        }
        let bot = Bot::start(&server, &tutor).await;
        tutor.open_gate();
        tutor.wait_delivered(1).await;
        let said = server.said(CLASSROOM);
        let texts: Vec<&str> = said.iter().map(|m| m.content.as_str()).filter(|text| !text.is_empty()).collect();
        assert_eq!(texts, ["Slowly but surely."]);
        assert_eq!(said.iter().any(|message| message.thinking), expired, "else Discord itself ends it");
        assert_clean(&server);
        bot.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_was_pasted_as_text_is_a_command() {
    let (server, tutor, bot) = play(&[]).await;
    server.direct(&ada(), &Post::text("/ask  why?"));
    server.classroom(&ada(), &Post::mention("/HELP"));
    server.direct(&ada(), &Post::text("/shrug is no command of ours"));
    tutor.wait_delivered(3).await;
    let command = |name: &str, argument: &str| Content::Command { name: name.into(), argument: argument.into() };
    let text = Content::Text("/shrug is no command of ours".into());
    assert_eq!(tutor.contents(), [command("ask", "why?"), command("help", ""), text]);
    assert_clean(&server);
    bot.stop().await;
}
