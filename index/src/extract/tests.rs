//! What is read from files of every format: made here, given by people, and made to do harm.

mod formats;
mod harm;
mod made;
mod real;

use super::*;

fn reason(name: &str, bytes: &[u8]) -> String {
    match extract(None, name, bytes, &mut |_, _| true) {
        Ok(_) => "read".into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_name_and_the_content_must_agree() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice();
    let encrypted: Vec<u8> = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        .iter()
        .copied()
        .chain("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    for (name, bytes, expected) in [
        ("notes.md", b"# Hello\n\nText.".as_slice(), "read"),
        ("NOTES.MD", b"# Hello\n\nText.", "read"),
        ("folder.d/notes.txt", b"Hello", "read"),
        ("notes.txt", png, "the content is not txt"),
        ("notes.md", b"\x00\x01\x02\x03", "the content is not md"),
        ("notes.pdf", b"plain text", "the content is not pdf"),
        ("notes.txt", b"%PDF-1.4 ...", "the content is not txt"),
        ("notes.docx", b"plain text", "the content is not docx"),
        ("notes.docx", &encrypted, "the file is protected by a password"),
        ("notes.pptx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "the content is not pptx"),
        ("notes.ipynb", b"[1]", "the file is damaged: no cells in it"),
        ("notes.exe", b"MZ", "files of type \"exe\" cannot be read"),
        ("notes", b"text", "files of type \"\" cannot be read"),
        ("notes.md", b"", "the file is empty"),
        ("notes.txt", b" \n\t ", "the file is empty"),
        ("notes.md", b"<!-- nothing to see -->", "the file is empty"),
        ("notes.tex", b"% nothing to see", "the file is empty"),
        ("notes.py", b"x = 1\n", "read"),
    ] {
        assert_eq!(reason(name, bytes), expected, "{name}");
    }
}

#[test]
fn a_file_over_the_limit_is_refused_before_parsing() {
    let large = vec![b'a'; usize::try_from(BYTES).unwrap() + 1];
    assert!(matches!(extract(None, "a.txt", &large, &mut |_, _| true), Err(IndexError::TooLarge { limit: BYTES })));
}

/// One line a block: section › place [kind] text.
fn shown(blocks: &[Block]) -> String {
    let line = |block: &Block| {
        let place = block.place.as_ref().map(|place| serde_json::to_string(place).unwrap()).unwrap_or_default();
        format!("{} {place} [{:?}] {}", block.section.join(" › "), block.kind, block.text)
    };
    blocks.iter().map(line).collect::<Vec<_>>().join("\n")
}
