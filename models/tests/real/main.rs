//! The crate from outside, on the real default models. They are looked for in `TUTOR_MODELS_FOLDER`, else where `tutor`
//! puts them, and pulled when they are not there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bridge;
mod class;
mod contract;
mod damage;
mod embed;
mod engine;
mod packages;

use std::path::PathBuf;

use tutor_models::catalog::Catalog;
use tutor_models::pull;

/// The models folder of the tests.
fn folder() -> PathBuf {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = || set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share"))).unwrap();
    set("TUTOR_MODELS_FOLDER").unwrap_or_else(|| data().join("tutor/models"))
}

/// The file of the model called `name`.
fn model(name: &str) -> PathBuf {
    let catalog = Catalog::load(&folder()).unwrap();
    pull::pull(catalog.get(name).unwrap(), &folder(), &mut |_| {}).unwrap()
}
