//! The crate's page is its README.
#![doc = include_str!("../README.md")]

pub mod chat;
pub mod console;
pub mod delivery;
mod desk;
pub mod discord;
pub mod markup;
pub mod telegram;
mod typed;
