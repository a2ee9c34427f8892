#![doc = include_str!("../README.md")]

pub mod analyze;
mod chunk;
mod embed;
mod error;
pub mod evaluate;
mod extract;
mod index;
#[cfg(test)]
mod kill;
mod passage;
mod place;
mod read;
mod remark;
mod schema;
mod search;
mod vectors;
mod versions;
mod writer;

pub use embed::{Embed, EmbedFailed};
pub use error::IndexError;
pub use extract::{SUPPORTED, serve, supports};
pub use index::Index;
pub use passage::{Document, Hit, Ingested, Passage, Query, Status};
pub use place::{Mark, Place};
pub use remark::Remark;
pub use writer::Progress;
