#![doc = include_str!("../README.md")]

pub mod analyze;
mod chunk;
mod embed;
mod error;
pub mod evaluate;
mod extract;
mod index;
mod passage;
mod read;
mod schema;
mod search;
mod vectors;
mod writer;

pub use embed::{Embed, EmbedFailed};
pub use error::IndexError;
pub use extract::{SUPPORTED, supports};
pub use index::Index;
pub use passage::{Document, Hit, Ingested, Passage, Query, Status};
pub use writer::Progress;
