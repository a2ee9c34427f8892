//! The built-in catalogue holds what it promises, and a wrong one is told all its mistakes.

use super::*;

fn folder_with(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(OWN_FILE), text).unwrap();
    folder
}

#[test]
fn the_defaults_are_in_the_built_in_catalogue_with_their_digests() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::load(folder.path()).unwrap();
    let chat = catalog.get(DEFAULT_CHAT).unwrap();
    let embed = catalog.get(DEFAULT_EMBED).unwrap();
    assert_eq!((chat.role, embed.role), (Role::Chat, Role::Embed));
    assert_eq!(chat.size, Some(98_362_432));
    assert!(chat.sha256.is_some() && embed.sha256.is_some(), "the defaults must be checked against known digests");
    assert_eq!(embed.convert, Some(Conversion::MiniLm));
}

#[test]
fn a_school_finds_models_of_every_size_in_english_and_chinese() {
    let catalog = Catalog::load(Path::new("")).unwrap();
    for (role, language, most_gib) in [
        (Role::Chat, "en", 1.0),
        (Role::Chat, "zh", 8.0),
        (Role::Chat, "zh", 24.0),
        (Role::Chat, "en", 80.0),
        (Role::Embed, "zh", 4.0),
    ] {
        let fits = |entry: &&Entry| {
            entry.role == role && entry.memory <= most_gib && entry.languages.iter().any(|tag| tag == language)
        };
        assert!(catalog.entries().any(|entry| fits(&entry)), "no {role} model in {language} within {most_gib} GiB");
    }
}

#[test]
fn a_folders_own_entries_stand_over_the_built_in_ones() {
    let folder = folder_with(
        r#"
        [house-model]
        role = "chat"
        source = { local = { path = "house.gguf" } }
        licence = "proprietary"
        languages = ["de"]
        parameters = "3B"
        context = 4096
        memory = 3

        [smollm2-135m-instruct]
        role = "chat"
        source = { local = { path = "/models/other.gguf" } }
        licence = "Apache-2.0"
        languages = ["en"]
        parameters = "135M"
        context = 2048
        memory = 0.5
        "#,
    );
    let catalog = Catalog::load(folder.path()).unwrap();
    assert_eq!(catalog.get(DEFAULT_CHAT).unwrap().path(folder.path()), Path::new("/models/other.gguf"));
    let house = folder.path().join("house.gguf");
    assert!(
        matches!(catalog.path("house-model", folder.path()), Err(CatalogError::Absent { path, .. }) if path == house)
    );
    std::fs::write(&house, "weights").unwrap();
    assert_eq!(catalog.path("house-model", folder.path()).unwrap(), house);
}

#[test]
fn every_mistake_is_named_with_its_key() {
    let folder = folder_with(
        r#"
        "Bad Name" = 3

        [house]
        role = "painter"
        source = { pypi = { package = "--index", version = "1", file = "../up", extra = 1 } }
        file = "../outside.gguf"
        sha256 = "ABC"
        size = -1
        languages = []
        parameters = "3B"
        context = "long"
        colour = "red"

        [other]
        role = "embed"
        source = { ftp = {} }
        licence = "MIT"
        languages = ["en"]
        parameters = "3B"
        context = 512
        memory = 0
        "#,
    );
    let Err(CatalogError::Invalid { mistakes, .. }) = Catalog::load(folder.path()) else {
        panic!("a catalogue full of mistakes was accepted");
    };
    let mut keys: Vec<&str> = mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(
        keys,
        [
            "Bad Name",
            "house.colour",
            "house.context",
            "house.file",
            "house.languages",
            "house.licence",
            "house.memory",
            "house.role",
            "house.sha256",
            "house.size",
            "house.source.pypi.extra",
            "house.source.pypi.file",
            "house.source.pypi.package",
            "other.memory",
            "other.source.ftp",
        ]
    );
}

#[test]
fn two_models_in_one_file_and_unknown_names_are_refused() {
    let entry = |name: &str| {
        format!(
            "[{name}]\nrole = \"chat\"\nsource = {{ huggingface = {{ repo = \"a/b\", file = \"same.gguf\" }} }}\n\
             licence = \"MIT\"\nlanguages = [\"en\"]\nparameters = \"1B\"\ncontext = 512\nmemory = 1\n"
        )
    };
    let folder = folder_with(&(entry("one") + &entry("two")));
    let error = Catalog::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("two.file is the file of one too"), "{error}");

    let error = Catalog::load(Path::new("")).unwrap().get("gpt-2").unwrap_err().to_string();
    assert!(error.contains("gpt-2") && error.contains(DEFAULT_CHAT), "{error}");
}

#[test]
fn a_file_that_is_not_toml_is_named() {
    let folder = folder_with("[house\nrole =");
    assert!(matches!(Catalog::load(folder.path()), Err(CatalogError::Syntax { path, .. }) if path.ends_with(OWN_FILE)));
}
