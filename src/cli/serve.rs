//! `tutor serve`: starts what the settings name, says when it is ready, drains and stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tutor_bots::chat::Tutor;
use tutor_bots::{discord, telegram};
use tutor_index::{Index, IndexError};
use tutor_prompts::Spoken;

use super::output;
use crate::app::App;
use crate::config::{Messenger, Settings};
use crate::dialogue::{Dialogue, Parts, Trouble};
use crate::model::chain;
use crate::{control, http};

/// How long answers in progress may go on after SIGTERM.
const DRAIN: Duration = Duration::from_secs(20);

/// How long adapters may then take to show the last words.
const LAST_WORDS: Duration = Duration::from_secs(8);

/// Runs the server until SIGTERM or SIGINT; the exit code.
pub(super) async fn run(settings: Settings, spoken: &Spoken) -> u8 {
    match serve(settings, spoken).await {
        Ok(()) => 0,
        Err(sentence) => {
            output::print_error(&sentence);
            1
        }
    }
}

/// What runs beside the dialogue; each says by its name what failed.
type Services = JoinSet<(&'static str, Result<(), String>)>;

async fn serve(settings: Settings, spoken: &Spoken) -> Result<(), String> {
    let socket = control::socket(&settings.data);
    if socket.as_os_str().len() > control::SOCKET_PATH {
        let limit = (control::SOCKET_PATH - "/tutor.sock".len()).to_string();
        return Err(spoken.say("serve-path-long", &[("path", &settings.data.display().to_string()), ("limit", &limit)]));
    }
    let app = App::open(settings, spoken.words()).map_err(|error| super::open_failure(spoken, &error))?;
    let app = Arc::new(app);
    if let Err(trouble) = app.parts.model.get().await {
        let reason = match trouble {
            Trouble::ModelMissing(reason) => reason,
            trouble => chain(&trouble),
        };
        return Err(spoken.say("serve-model-failed", &[("model", &app.settings.models.chat), ("reason", &reason)]));
    }
    let dialogue = Arc::new(Dialogue::new(app.parts.clone()));
    let stop = CancellationToken::new();
    // The socket and HTTP outlive the drain, so that one can still ask.
    let end = CancellationToken::new();
    let mut services = Services::new();
    let mut awaited = Vec::new();
    if app.settings.telegram.is_none() && app.settings.discord.is_none() {
        output::print_error(&spoken.say("serve-alone", &[]));
    }
    adapters(&app.settings, &dialogue, &stop, &mut services, &mut awaited);
    let (ready, readiness) = watch::channel(false);
    start_http(&app, readiness, &end, &mut services, spoken).await?;
    let commands = control::Calls::default();
    let (holder, talker, calls, until) = (app.clone(), dialogue.clone(), commands.clone(), end.clone());
    services.spawn(async move {
        ("socket", control::serve(holder, talker, calls, until).await.map_err(|error| error.to_string()))
    });

    let (parts, until) = (app.parts.clone(), end.clone());
    services.spawn(async move { ("vectors", complete(parts, until).await) });

    let mut terminated = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let all_ready = async {
        for adapter in awaited {
            let _ = adapter.await;
        }
    };
    tokio::pin!(all_ready);
    let mut waiting = true;
    let failed = loop {
        tokio::select! {
            () = &mut all_ready, if waiting => {
                waiting = false;
                let _ = ready.send(true);
                tracing::info!("ready");
                output::print_error(&spoken.say("serve-ready", &[]));
            }
            _ = terminated.recv() => break None,
            _ = tokio::signal::ctrl_c() => break None,
            Some(ended) = services.join_next() => match ended {
                Ok((name, Err(reason))) => break Some(spoken.say("serve-failed", &[("what", name), ("reason", &reason)])),
                Ok((name, Ok(()))) => tracing::debug!(name, "service ended"),
                Err(error) => break Some(spoken.say("serve-failed", &[("what", "tutor"), ("reason", &error.to_string())])),
            },
        }
    };
    let _ = ready.send(false);
    tracing::info!("stopping");
    output::print_error(&spoken.say("serve-stopping", &[]));
    drain(&dialogue, &commands, stop, &mut terminated).await;
    end.cancel();
    let ended = tokio::time::timeout(LAST_WORDS, async { while services.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!("some deliveries were not finished; they go on at the next start");
        services.shutdown().await;
    }
    tracing::info!("stopped");
    failed.map_or(Ok(()), Err)
}

/// Gives documents the vectors that they lack, beside all else; without them their courses are searched by words.
async fn complete(parts: Arc<Parts>, end: CancellationToken) -> Result<(), String> {
    let work = move |index: &Index| index.complete(&|| !end.is_cancelled());
    match parts.on_index(work).await {
        Ok(0) => {}
        Ok(documents) => tracing::info!(documents, "documents were given vectors"),
        Err(Trouble::Index(IndexError::Cancelled)) => tracing::info!("embedding goes on at the next start"),
        Err(trouble) => tracing::warn!(reason = chain(&trouble), "documents stay without vectors"),
    }
    Ok(())
}

/// Lets answers and commands in progress finish for a while, then has them say that they were cut off.
async fn drain(
    dialogue: &Dialogue,
    commands: &control::Calls,
    stop: CancellationToken,
    terminated: &mut tokio::signal::unix::Signal,
) {
    stop.cancel();
    commands.closing.cancel();
    tokio::select! {
        ((), ()) = async { tokio::join!(dialogue.idle(), commands.idle()) } => {}
        () = tokio::time::sleep(DRAIN) => {}
        // Asked twice: at once.
        _ = terminated.recv() => {}
    }
    tokio::join!(dialogue.cut_off(), commands.cut_off());
}

fn adapters(
    settings: &Settings,
    dialogue: &Arc<Dialogue>,
    stop: &CancellationToken,
    services: &mut Services,
    awaited: &mut Vec<oneshot::Receiver<()>>,
) {
    if let Some(Messenger { token, api_url }) = settings.telegram.clone() {
        let (ready, is_ready) = oneshot::channel();
        awaited.push(is_ready);
        let (tutor, stop): (Arc<dyn Tutor>, _) = (dialogue.clone(), stop.clone());
        let config = telegram::Config::new(&token.0, api_url.as_deref());
        services.spawn(async move {
            ("Telegram", telegram::run(config, tutor, stop, ready).await.map_err(|error| chain(&error)))
        });
    }
    if let Some(Messenger { token, api_url }) = settings.discord.clone() {
        let (ready, is_ready) = oneshot::channel();
        awaited.push(is_ready);
        let (tutor, stop): (Arc<dyn Tutor>, _) = (dialogue.clone(), stop.clone());
        let config = discord::Config::new(&token.0, api_url.as_deref());
        services.spawn(async move {
            ("Discord", discord::run(config, tutor, stop, ready).await.map_err(|error| chain(&error)))
        });
    }
}

async fn start_http(
    app: &App,
    readiness: watch::Receiver<bool>,
    end: &CancellationToken,
    services: &mut Services,
    spoken: &Spoken,
) -> Result<(), String> {
    let Some(settings) = app.settings.http else { return Ok(()) };
    let (address, serving) =
        http::serve(settings, app.parts.clone(), readiness, end.clone()).await.map_err(|error| {
            spoken.say("serve-failed", &[("what", &settings.listen.to_string()), ("reason", &error.to_string())])
        })?;
    tracing::info!(%address, "http is served");
    if settings.key_required() && app.parts.memory.keys().await.is_ok_and(|keys| keys.is_empty()) {
        output::print_error(&spoken.say("serve-no-keys", &[("address", &address.to_string())]));
    }
    services.spawn(async move {
        serving.await;
        ("HTTP", Ok(()))
    });
    Ok(())
}
