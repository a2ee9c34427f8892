//! Texts that are hard on a messenger: very long ones, markup, emoji, scripts from right to left.

use crate::support::program::Program;

/// Topics that no notes are about, as a student writes them and as the tutor shows them again.
pub const TOPICS: [(&str, &str); 5] = [
    (
        "*bold* _it_ `code` ~~gone~~ ||dark|| [x](javascript:1) <b>&amp;",
        "*bold* _it_ `code` ~~gone~~ ||dark|| [x](javascript:1) <b>&amp;",
    ),
    ("# > - 1. $x^2$ \\(y\\) **", "# > - 1. $x^2$ \\(y\\) **"),
    ("👩‍👩‍👧‍👦 🇳🇴 🏖️", "👩‍👩‍👧‍👦 🇳🇴 🏖️"),
    ("שלום *עולם*", "\u{2068}שלום *עולם*\u{2069}"),
    ("مرحبا \u{202e}abc\u{2069}", "\u{2068}مرحبا abc\u{2069}"),
];

/// What the tutor says about such a topic.
pub fn nothing_about(topic: &str) -> String {
    format!("I found nothing about “{topic}” in the notes of “The coast”.")
}

/// The names of more documents than fit into ten messages.
pub fn names() -> Vec<String> {
    let title = "of the notes about shores_and *tides*, 潮汐与海岸, with everything that a name can hold";
    (0..300).map(|number| format!("{number:03} {title}.md")).collect()
}

/// Teaches the course `coast` a document of each name.
pub async fn teach_all(program: &Program) {
    let folder = program.folder().join("many");
    std::fs::create_dir(&folder).unwrap();
    for name in names() {
        std::fs::write(folder.join(&name), format!("# Number {name}\n\nA pebble.\n")).unwrap();
    }
    program.run(&["ingest", "--course", "coast", "--json", folder.to_str().unwrap()]).await.ok();
}

/// Every name stands in the messages once and in order, and no line is torn.
#[track_caller]
pub fn assert_all_listed(messages: &[String]) {
    let length: usize = messages.iter().map(|text| text.chars().count()).sum();
    assert!(length > 20_000, "{length} characters");
    let lines = messages.iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| line.contains("passage"));
    let listed: Vec<&str> = lines.filter(|line| !line.contains("tides.md")).collect();
    let expected: Vec<String> = names().iter().map(|name| format!("• {name} (1 passage)")).collect();
    assert_eq!(listed, expected);
}
