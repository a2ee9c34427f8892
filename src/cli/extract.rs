//! The hidden command that reads one file in a process of its own, for the process that started it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use tutor_index::Index;

/// Its name, which no help shows: it is of no use to people.
const COMMAND: &str = "extract-for-parent";

/// Serves when the arguments ask for it. This comes before all else, so that the process is small and quick.
pub(crate) fn serve_if_asked() -> Option<ExitCode> {
    let asked = std::env::args_os().nth(1)? == COMMAND;
    asked.then(|| if tutor_index::serve().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Has an index read files in processes of this program; in its own process where the program cannot be found.
pub(crate) fn apart(index: Index) -> Index {
    match program() {
        Some(program) => index.reading_apart(program, vec![OsString::from(COMMAND)]),
        None => index,
    }
}

/// On Linux the running program itself, even when a newer one lies at its path by now.
fn program() -> Option<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { Some(running) } else { std::env::current_exe().ok() }
}
