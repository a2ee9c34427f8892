//! The crate from outside, on the real default models. They are looked for in `TUTOR_MODELS_FOLDER`, else in the default
//! folder, and pulled when they are not there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod damage;
mod embed;
mod engine;
mod packages;

use std::path::PathBuf;

use tutor_models::catalog::{self, Catalog};
use tutor_models::pull;

/// The models folder of the tests.
fn folder() -> PathBuf {
    std::env::var_os("TUTOR_MODELS_FOLDER").map_or_else(catalog::default_folder, PathBuf::from)
}

/// The file of the model called `name`.
fn model(name: &str) -> PathBuf {
    let catalog = Catalog::load(&folder()).unwrap();
    pull::pull(catalog.get(name).unwrap(), &folder(), &mut |_| {}).unwrap()
}
