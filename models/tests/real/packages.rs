//! The built-in sources are what the catalogue says.

use std::fs;

use tutor_models::catalog::{Catalog, DEFAULT_CHAT, DEFAULT_EMBED};
use tutor_models::pull::{PullError, pull};

#[test]
fn the_default_models_are_there_with_the_size_and_digest_of_the_catalogue() {
    let catalog = Catalog::load(&crate::folder()).unwrap();
    for name in [DEFAULT_CHAT, DEFAULT_EMBED] {
        let path = crate::model(name);
        assert_eq!(path, catalog.path(name, &crate::folder()).unwrap());
        assert_eq!(Some(fs::metadata(path).unwrap().len()), catalog.get(name).unwrap().size);
    }
}

#[test]
fn a_package_with_another_digest_than_the_catalogues_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::load(folder.path()).unwrap();
    let mut entry = catalog.get(DEFAULT_CHAT).unwrap().clone();
    let right = entry.sha256.replace("f".repeat(64)).unwrap();
    let error = pull(&entry, folder.path(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, PullError::WrongDigest { actual, .. } if actual == right));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
