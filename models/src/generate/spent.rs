//! What one generation has cost so far, told where it is computed and read where it is paid for.

use std::sync::{Mutex, PoisonError};

use super::Usage;

/// A [`Usage`] that grows. A caller who leaves early still learns what was computed for it.
#[derive(Debug, Default)]
pub struct Spent(Mutex<Usage>);

impl Spent {
    /// What it has cost so far.
    pub fn get(&self) -> Usage {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It has cost so much by now.
    pub fn set(&self, usage: Usage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = usage;
    }
}
