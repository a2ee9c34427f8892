//! The gateway: serenity's client on a thread of its own, reduced to the few events that matter here.
//!
//! The thread has a single-threaded runtime, since serenity spawns a task for each event and only there
//! they run in the order in which they came: the order of a student's messages. And it has no log
//! subscriber, since serenity's spans carry tokens and message texts; what matters is logged here.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use serenity::Client;
use serenity::async_trait;
use serenity::client::{ClientBuilder, Context, EventHandler};
use serenity::gateway::GatewayError;
use serenity::http::{HttpBuilder, Route};
use serenity::model::application::{CommandInteraction, ComponentInteraction, Interaction};
use serenity::model::channel::Message;
use serenity::model::event::ResumedEvent;
use serenity::model::gateway::{GatewayIntents, Ready};
use serenity::model::id::{ApplicationId, InteractionId, UserId};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::subscriber::NoSubscriber;

use super::rest::{CallError, Rest};
use super::{Config, DiscordError};

/// What came over the gateway.
pub(crate) enum Event {
    /// A session began: all that was said between two sessions was missed.
    Ready { me: UserId, application: ApplicationId },
    /// Somebody wrote.
    Message(Box<Message>),
    /// Somebody gave a command.
    Command(Box<CommandInteraction>, Receipt),
    /// Somebody pressed a button.
    Press(Box<ComponentInteraction>, Receipt),
}

/// The acknowledgement of an interaction: it is sent when the interaction is kept, or when Discord will not wait
/// any longer. One that was acknowledged and then lost in a crash would leave its student waiting for nothing.
pub(crate) struct Receipt {
    kept: oneshot::Sender<()>,
    acknowledged: oneshot::Receiver<bool>,
}

impl Receipt {
    /// The interaction is on disk, or will not be; tells, once it is known, whether Discord took the
    /// acknowledgement.
    pub(crate) fn keep(self) -> oneshot::Receiver<bool> {
        // Nobody listens when it was sent without waiting.
        let _ = self.kept.send(());
        self.acknowledged
    }
}

/// How many events may wait; then the gateway's socket is left unread.
const WAITING_EVENTS: usize = 1024;
/// How long closing may take; serenity waits up to 5 s for one shard.
const CLOSING: Duration = Duration::from_secs(7);
/// How long an acknowledgement waits for the disk, and how often it is tried: within the 3 s that Discord gives.
const KEEPING: Duration = Duration::from_millis(800);
const ACKNOWLEDGE_ATTEMPTS: u32 = 5;
const ACKNOWLEDGE_PAUSE: Duration = Duration::from_millis(300);
/// Discord's code for an interaction that was acknowledged before.
const ALREADY_ACKNOWLEDGED: u64 = 40060;

/// A running gateway client. Dropping it disconnects.
pub(crate) struct Gateway {
    pub(crate) events: mpsc::Receiver<Event>,
    ended: oneshot::Receiver<Result<(), Box<serenity::Error>>>,
    stop: DropGuard,
}

impl Gateway {
    /// Connects to the gateway at `address`, and again whenever the connection is lost.
    pub(crate) fn open(config: &Config, address: String, rest: Arc<Rest>) -> Result<Self, DiscordError> {
        let (sender, events) = mpsc::channel(WAITING_EVENTS);
        let (report, ended) = oneshot::channel();
        let stop = CancellationToken::new();
        let handler = Handler { events: sender, rest, adapter: Handle::current() };
        let http = HttpBuilder::new(config.token()).ratelimiter_disabled(true);
        let http = match &config.api_url {
            Some(api) => http.proxy(api.clone()),
            None => http,
        };
        let builder = ClientBuilder::new_with_http(http.build(), intents()).event_handler(handler);
        let stopped = stop.clone();
        let body = move || {
            let result = tracing::subscriber::with_default(NoSubscriber::default(), || {
                let runtime = Builder::new_current_thread().enable_all().build().map_err(serenity::Error::Io)?;
                runtime.block_on(attend(builder, address, stopped)).map_err(Box::new)
            });
            // Nobody listens when the adapter was dropped.
            let _ = report.send(result);
        };
        let spawned = thread::Builder::new().name("discord-gateway".to_owned()).spawn(body);
        spawned.map_err(|source| DiscordError::Thread { source })?;
        Ok(Self { events, ended, stop: stop.drop_guard() })
    }

    /// Says goodbye, and hands out the events that had come until then.
    pub(crate) async fn close(self) -> mpsc::Receiver<Event> {
        drop(self.stop);
        if tokio::time::timeout(CLOSING, self.ended).await.is_err() {
            tracing::warn!("discord gateway did not close in time");
        }
        self.events
    }

    /// Why the client ended although nobody closed it.
    pub(crate) async fn failure(self) -> DiscordError {
        let Ok(Err(source)) = self.ended.await else { return DiscordError::GatewayEnded };
        match *source {
            serenity::Error::Gateway(GatewayError::InvalidAuthentication) => DiscordError::WrongToken,
            serenity::Error::Gateway(GatewayError::DisallowedGatewayIntents) => DiscordError::MessageContentSwitchedOff,
            _ => DiscordError::Gateway { source },
        }
    }
}

/// Nothing but messages: no members, no presences.
fn intents() -> GatewayIntents {
    GatewayIntents::GUILD_MESSAGES | GatewayIntents::DIRECT_MESSAGES | GatewayIntents::MESSAGE_CONTENT
}

async fn attend(builder: ClientBuilder, address: String, stop: CancellationToken) -> Result<(), serenity::Error> {
    let connect = async {
        let client = builder.await?;
        // serenity falls back to Discord's own gateway when its request for the address fails.
        *client.ws_url.lock().await = address;
        Ok::<Client, serenity::Error>(client)
    };
    let mut client = tokio::select! {
        client = connect => client?,
        () = stop.cancelled() => return Ok(()),
    };
    let manager = Arc::clone(&client.shard_manager);
    tokio::select! {
        ended = client.start() => ended,
        () = async { stop.cancelled().await; manager.shutdown_all().await } => Ok(()),
    }
}

struct Handler {
    events: mpsc::Sender<Event>,
    rest: Arc<Rest>,
    /// The runtime of the adapter: the connections of its HTTP client live there.
    adapter: Handle,
}

impl Handler {
    /// Acknowledges soon, whatever else is going on: Discord waits 3 s.
    fn acknowledge(&self, id: InteractionId, token: &str, kind: u8) -> Receipt {
        let (sender, acknowledged) = oneshot::channel();
        let (kept, is_kept) = oneshot::channel();
        let (rest, token) = (Arc::clone(&self.rest), token.to_owned());
        self.adapter.spawn(async move {
            // Whether it was kept, dropped or came too slowly: it is acknowledged now.
            let _ = tokio::time::timeout(KEEPING, is_kept).await;
            // The delivery is gone when the adapter was dropped.
            let _ = sender.send(acknowledge(&rest, id, &token, kind).await);
        });
        Receipt { kept, acknowledged }
    }

    async fn hand_on(&self, event: Event) {
        // The adapter is stopping when nobody receives.
        let _ = self.events.send(event).await;
    }
}

/// Types of interaction responses: a message that will follow; no change to the button's message.
const DEFERRED_MESSAGE: u8 = 5;
const DEFERRED_UPDATE: u8 = 6;

async fn acknowledge(rest: &Rest, id: InteractionId, token: &str, kind: u8) -> bool {
    let route = Route::InteractionResponse { interaction_id: id, token };
    for _ in 0..ACKNOWLEDGE_ATTEMPTS {
        match rest.call(Method::POST, route, &json!({ "type": kind })).await {
            Ok(_) | Err(CallError::Refused { code: ALREADY_ACKNOWLEDGED, .. }) => return true,
            Err(error @ CallError::Refused { .. }) => {
                tracing::warn!(interaction = %id, %error, "interaction not acknowledged");
                return false;
            }
            Err(_) => tokio::time::sleep(ACKNOWLEDGE_PAUSE).await,
        }
    }
    tracing::warn!(interaction = %id, "interaction not acknowledged in time");
    false
}

#[async_trait]
impl EventHandler for Handler {
    async fn ready(&self, _: Context, ready: Ready) {
        self.hand_on(Event::Ready { me: ready.user.id, application: ready.application.id }).await;
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        self.adapter.spawn(async { tracing::info!("discord gateway resumed") });
    }

    async fn message(&self, _: Context, message: Message) {
        self.hand_on(Event::Message(Box::new(message))).await;
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        match interaction {
            Interaction::Command(command) => {
                let receipt = self.acknowledge(command.id, &command.token, DEFERRED_MESSAGE);
                self.hand_on(Event::Command(Box::new(command), receipt)).await;
            }
            Interaction::Component(component) => {
                let receipt = self.acknowledge(component.id, &component.token, DEFERRED_UPDATE);
                self.hand_on(Event::Press(Box::new(component), receipt)).await;
            }
            _ => {}
        }
    }
}
