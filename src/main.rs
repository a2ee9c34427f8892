//! `tutor`: a course tutor that lives where students already talk. Arguments become one command.

mod app;
mod cli;
mod config;
mod control;
mod dialogue;
mod http;
mod memory;
mod model;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::extract::serve_if_asked().unwrap_or_else(cli::run)
}
