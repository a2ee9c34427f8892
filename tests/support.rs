//! What end-to-end tests stand on: the real program, and the messengers' servers on loopback.

#[path = "support/discord.rs"]
pub mod discord;
#[path = "support/program.rs"]
pub mod program;
#[path = "support/telegram.rs"]
pub mod telegram;
