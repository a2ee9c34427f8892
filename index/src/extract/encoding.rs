//! Bytes to text: the encoding is found from a byte order mark, from valid UTF-8, or by trial.

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The text of a file, line ends as `\n` and without a byte order mark; `None` when it is not text.
///
/// Without a mark and invalid as UTF-8, it is GB18030 when it decodes without a fault to text with Chinese
/// characters in it, else Windows-1252, in which every byte means something.
pub(crate) fn decode(bytes: &[u8]) -> Option<String> {
    let (text, _) = encoding(bytes)?.decode_with_bom_removal(bytes);
    Some(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Whether the bytes are text in some encoding: no NUL, few control characters, no known binary format.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let marked = Encoding::for_bom(bytes).is_some();
    let known = [b"\x89PNG".as_slice(), b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x7fELF", b"\x1f\x8b"];
    if known.iter().any(|magic| bytes.starts_with(magic)) {
        return false;
    }
    marked || !is_binary(bytes)
}

fn is_binary(bytes: &[u8]) -> bool {
    let control = |byte: &&u8| **byte < 0x20 && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    bytes.contains(&0) || bytes.iter().filter(control).count() * 200 > bytes.len()
}

fn encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        let known = [UTF_8, UTF_16LE, UTF_16BE].contains(&encoding);
        return known.then_some(encoding);
    }
    if std::str::from_utf8(bytes).is_ok() {
        return Some(UTF_8);
    }
    let chinese = GB18030.decode_without_bom_handling_and_without_replacement(bytes);
    Some(if chinese.is_some_and(|text| mostly_chinese(&text)) { GB18030 } else { WINDOWS_1252 })
}

/// Western text with accents decodes as GB18030 too, to rare characters: most of real Chinese text's
/// characters are among the common ones.
fn mostly_chinese(text: &str) -> bool {
    let others = text.chars().filter(|c| !c.is_ascii());
    let (all, common) = others.fold((0, 0), |(all, common), c| (all + 1, common + usize::from(is_common(c))));
    common * 10 >= all * 7
}

/// A character of GB 2312's first level (by its place in the code) or Chinese punctuation.
fn is_common(c: char) -> bool {
    let mut buffer = [0; 4];
    let (bytes, _, failed) = GB18030.encode(c.encode_utf8(&mut buffer));
    !failed
        && bytes.len() == 2
        && ((0xb0..=0xd7).contains(&bytes[0]) || (0xa1..=0xa3).contains(&bytes[0]))
        && bytes[1] >= 0xa1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_found() {
        let chinese = "梯度下降是一种优化算法。学习率太大时，损失会发散。";
        let german = "Die Längenänderung ist proportional zur größten Kraft — für alle Stäbe.";
        let utf16 = |text: &str, little: bool| -> Vec<u8> {
            let unit = |u: u16| if little { u.to_le_bytes() } else { u.to_be_bytes() };
            std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(unit).collect()
        };
        for (bytes, expected) in [
            (chinese.as_bytes().to_vec(), chinese),
            ([b"\xef\xbb\xbf", german.as_bytes()].concat(), german),
            (utf16(chinese, true), chinese),
            (utf16(german, false), german),
            (GB18030.encode(chinese).0.into_owned(), chinese),
            (WINDOWS_1252.encode(german).0.into_owned(), german),
            (b"a\r\nb\rc\n".to_vec(), "a\nb\nc\n"),
        ] {
            assert!(is_text(&bytes), "{expected}");
            assert_eq!(decode(&bytes).as_deref(), Some(expected));
        }
    }

    #[test]
    fn binary_bytes_are_no_text() {
        for bytes in [b"a\0b".as_slice(), b"\x89PNG\r\n", b"PK\x03\x04abc", b"\x01\x02\x03abc\x04\x05"] {
            assert!(!is_text(bytes), "{bytes:?}");
        }
    }
}
