//! End to end: the real program with a real small model, against a Telegram and a Discord server on loopback.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on fails, or says why it is skipped"
)]

mod support;

#[path = "e2e/api.rs"]
mod api;
#[path = "e2e/commands.rs"]
mod commands;
#[path = "e2e/crash.rs"]
mod crash;
#[path = "e2e/discord.rs"]
mod discord;
#[path = "e2e/disk.rs"]
mod disk;
#[path = "e2e/documents.rs"]
mod documents;
#[path = "e2e/fleet.rs"]
mod fleet;
#[path = "e2e/keys.rs"]
mod keys;
#[path = "e2e/models.rs"]
mod models;
#[path = "e2e/openai.rs"]
mod openai;
#[path = "e2e/server.rs"]
mod server;
#[path = "e2e/telegram.rs"]
mod telegram;
#[path = "e2e/texts.rs"]
mod texts;
#[path = "e2e/walls.rs"]
mod walls;
#[path = "e2e/watch.rs"]
mod watch;
