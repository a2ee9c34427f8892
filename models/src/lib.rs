#![doc = include_str!("../README.md")]

pub mod catalog;
pub mod convert;
pub mod embed;
pub mod engine;
pub mod generate;
pub mod load;
pub mod prepare;
pub mod pull;
pub mod remote;
pub mod shelf;
