//! The composition root: opens the data folder and builds every part from the settings.
//!
//! The data folder holds `memory/`, `index/`, the lock and, while a server runs, its socket. Whoever holds
//! the lock owns the folder; the lock file names the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tutor_bots::chat::AccountId;
use tutor_index::{Index, IndexError};
use tutor_prompts::{PromptError, Prompts, Words};

use crate::config::Settings;
use crate::dialogue::{Begun, Heard, Parts};
use crate::memory::{MemoryError, SledMemory};
use crate::model::Model;

/// The name of whoever sits at the machine, on the console.
pub(crate) const CONSOLE_OWNER: &str = "owner";

/// The account of whoever sits at the machine: owning the data folder makes an admin.
fn console_account() -> AccountId {
    AccountId::new("console", CONSOLE_OWNER)
}

/// The parts over an open data folder; the folder is free again when this is dropped.
pub(crate) struct App {
    /// The settings.
    pub(crate) settings: Settings,
    /// What the dialogue is made of.
    pub(crate) parts: Arc<Parts>,
    _lock: File,
}

/// Why the data folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// Another process has it.
    #[error("the data folder {folder} is in use by process {pid}")]
    Held {
        /// The folder.
        folder: PathBuf,
        /// The process, 0 when it did not say.
        pid: u32,
    },
    /// The folder cannot be created or locked.
    #[error("cannot use the data folder {folder}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The memory cannot be opened.
    #[error("cannot open the memory")]
    Memory(#[from] MemoryError),
    /// The index cannot be opened.
    #[error("cannot open the index")]
    Index(#[from] IndexError),
    /// A prompt template is wrong.
    #[error("cannot load the prompts")]
    Prompts(#[from] PromptError),
}

impl App {
    /// Opens the data folder that the settings name.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::Held`] at once when another process has the folder.
    pub(crate) fn open(settings: Settings, words: Arc<Words>) -> Result<Self, OpenError> {
        let folder = settings.data.clone();
        let failed = |source| OpenError::Folder { folder: folder.clone(), source };
        // Students' data: nobody else on the machine may look in.
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        let lock = lock(&folder)?;
        let mut admins: std::collections::HashSet<AccountId> = settings.admins.iter().cloned().collect();
        admins.insert(console_account());
        let model = Model::new(settings.models.clone());
        let parts = Parts {
            memory: Arc::new(SledMemory::open(&folder.join("memory"))?),
            index: Arc::new(crate::cli::extract::apart(Index::open(&folder.join("index"), model.for_index())?)),
            model,
            prompts: Prompts::load(settings.prompts.as_deref())?,
            words,
            admins,
            heard: Heard::default(),
            begun: Begun::new(folder.join("begun")),
        };
        Ok(Self { settings, parts: Arc::new(parts), _lock: lock })
    }
}

/// Locks the folder for this process and writes its number into the lock file.
fn lock(folder: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::Folder { folder: folder.to_owned(), source };
    let path = folder.join("lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok()).unwrap_or(0);
            return Err(OpenError::Held { folder: folder.to_owned(), pid });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    let write = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    write(&mut file).map_err(failed)?;
    Ok(file)
}
