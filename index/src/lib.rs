#![doc = include_str!("../README.md")]

pub mod analyze;
mod chunk;
mod error;
mod extract;
mod index;
mod passage;
mod place;
mod remark;
mod schema;
mod search;
mod writer;

pub use error::IndexError;
pub use extract::{SUPPORTED, serve, supports};
pub use index::Index;
pub use passage::{Document, Hit, Ingested, Passage, Query, Status};
pub use place::{Mark, Place};
pub use remark::Remark;
pub use writer::Progress;
