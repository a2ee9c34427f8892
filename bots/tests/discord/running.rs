//! Starting, stopping, and what Discord will not have.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_neither_token_nor_names_nor_texts() {
    let (server, tutor, bot) = play(&[("zebra", whole("crossing")), ("/ask zebra", whole("crossing"))]).await;
    let person = Person::new(13, "Xanthippe", "en-GB");
    server.direct(&person, &Post::text("zebra").with_file("zebra.md", b"zebra"));
    server.direct(&person, &Post::text("zebra"));
    server.command(&person, CLASSROOM, "ask", Some(("question", "zebra")));
    server.fail_next(Kind::Send, Fault::Status(400));
    server.fail_next(Kind::Send, Fault::CutAfter);
    tutor.wait_delivered(3).await;
    server.drop_gateway();
    server.wait_until("a resumed session", |state| state.resumed > 0).await;
    bot.stop().await;
    let log = log::LOG.lock().unwrap().clone();
    assert!(log.contains("discord session begun"), "the log is seen");
    for secret in [TOKEN, "zebra", "crossing", "Xanthippe", "xanthippe", "interaction-token"] {
        let at = log.find(secret).map(|at| log[..at].lines().last().map(str::len).map(|n| &log[at - n..]));
        assert!(at.is_none(), "{secret} in {:.400}", at.flatten().unwrap_or_default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_the_session_and_delivers_what_is_in_progress() {
    let steps = vec![text_step("Almost"), Step::Gate, text_step(" done."), say(ReplyEvent::Done)];
    let (server, tutor, bot) = play(&[("Go", steps)]).await;
    server.direct(&ada(), &Post::text("Go"));
    server.wait_for_text(ada().direct(), "Almost").await;
    bot.stop.cancel();
    server.wait_until("the goodbye", |state| state.closed.contains(&1000)).await;
    tutor.open_gate();
    bot.task.await.unwrap().unwrap();
    assert_eq!((tutor.delivered(), server.said(ada().direct())[0].content.as_str()), (1, "Almost done."));
    assert_clean(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_registered_in_both_languages_as_soon_as_discord_lets() {
    let server = FakeDiscord::start(TOKEN).await;
    server.fail_next(Kind::Commands, Fault::Status(503));
    let bot = Bot::start(&server, &Script::new(&[])).await;
    let commands = server.see(|state| state.commands.clone());
    let names: Vec<&str> = commands.iter().filter_map(|command| command["name"].as_str()).collect();
    assert_eq!(names, ["help", "ask", "learn"]);
    assert_eq!(commands[1]["description_localizations"]["zh-CN"], "做某事");
    assert_eq!(commands[2]["options"][0]["type"], 11);
    assert_clean(&server);
    bot.stop().await;
}

/// What `run` ends with when the server will not have it.
async fn refused(server: &FakeDiscord, token: &str) -> DiscordError {
    let (ready, _) = oneshot::channel();
    let config = Config::new(token, Some(&server.url()));
    let ended = run(config, Script::new(&[]), CancellationToken::new(), ready);
    tokio::time::timeout(Duration::from_secs(60), ended).await.expect("an end").unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_discord_will_not_have_is_told_by_type() {
    let server = FakeDiscord::start(TOKEN).await;
    for wrong in ["another token", "line\nfeed", ""] {
        let error = refused(&server, wrong).await;
        assert!(matches!(error, DiscordError::WrongToken), "{error:?}");
    }
    server.deny_message_content();
    let error = refused(&server, TOKEN).await;
    assert!(matches!(error, DiscordError::MessageContentSwitchedOff), "{error:?}");

    let server = FakeDiscord::start(TOKEN).await;
    server.revoke_after_start();
    let error = refused(&server, TOKEN).await;
    assert!(matches!(error, DiscordError::WrongToken), "close code 4004: {error:?}");

    let server = FakeDiscord::start(TOKEN).await;
    server.fail_next(Kind::Gateway, Fault::Status(404));
    let error = refused(&server, TOKEN).await;
    assert!(matches!(error, DiscordError::NoGateway { status: 404 }), "{error:?}");

    for address in ["localhost:1", "ftp://localhost", "not an address"] {
        let (ready, _) = oneshot::channel();
        let config = Config::new(TOKEN, Some(address));
        assert!(!format!("{config:?}").contains(TOKEN));
        let error = run(config, Script::new(&[]), CancellationToken::new(), ready).await.unwrap_err();
        assert!(matches!(error, DiscordError::ApiUrl { .. }), "{address}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_at_the_start_is_waited_for() {
    let server = FakeDiscord::start(TOKEN).await;
    server.set_offline(true);
    let tutor = Script::new(&[]);
    let stop = CancellationToken::new();
    let (sender, mut ready) = oneshot::channel();
    let config = Config::new(TOKEN, Some(&server.url()));
    let task = tokio::spawn(run(config, Arc::<Script>::clone(&tutor), stop.clone(), sender));
    assert!(tokio::time::timeout(BUDGET_WINDOW / 4, &mut ready).await.is_err());
    server.set_offline(false);
    ready.await.unwrap();
    stop.cancel();
    task.await.unwrap().unwrap();
}
