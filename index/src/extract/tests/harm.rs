//! Files that are built to do harm, and files that were damaged at random: each gets its error, and nothing else happens.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::parent::tests::program;
use super::super::{Extracted, PAGES, SUPPORTED, extract, read};
use super::made;
use crate::IndexError;

fn apart(name: &str, bytes: &[u8]) -> Result<Extracted, IndexError> {
    extract(Some(&program()), name, bytes, &mut |_, _| true)
}

#[test]
fn bombs_are_defused() {
    let zeros = vec![b' '; 101_000_000];
    let letters = vec![b'a'; 101_000_000];
    for (name, bytes) in [
        ("a.zip", made::zipped(&[("a.txt", &letters)])),
        ("a.docx", made::zipped(&[("word/document.xml", &zeros)])),
        ("a.epub", made::zipped(&[("META-INF/container.xml", &zeros)])),
    ] {
        assert!(bytes.len() < 1_000_000);
        assert!(matches!(apart(name, &bytes), Err(IndexError::TooLarge { .. })), "{name}");
    }
}

#[test]
fn archives_within_archives_end() {
    let mut nested = made::zipped(&[("a.md", b"# Inside\n\ntext")]);
    for depth in 1..=4 {
        let read = apart("a.zip", &nested);
        match depth {
            1..=3 => assert!(read.is_ok(), "depth {depth}: {read:?}"),
            _ => assert!(matches!(read, Err(IndexError::TooNested { limit: 3 })), "depth {depth}: {read:?}"),
        }
        nested = made::zipped(&[("inner.zip", &nested)]);
    }
}

#[test]
fn a_path_that_climbs_is_refused() {
    let climbing = made::zipped(&[("good.md", b"# Good\n\ntext"), ("../../evil.md", b"# Evil")]);
    assert!(matches!(apart("a.zip", &climbing), Err(IndexError::ClimbingPath { path }) if path == "../../evil.md"));
}

#[test]
fn an_archive_of_nothing_readable_says_so() {
    for files in [vec![("a.exe", b"MZ".as_slice())], vec![("a.pdf", b"no pdf")], vec![]] {
        assert!(matches!(apart("a.zip", &made::zipped(&files)), Err(IndexError::NothingReadable)), "{files:?}");
    }
}

#[test]
fn what_needs_too_much_memory_ends_its_own_process_only() {
    let page = format!("<body>{}</body>", "<i>x</i>".repeat(5_900_000));
    let read = apart("a.html", page.as_bytes());
    assert!(matches!(read, Err(IndexError::TooMuchMemory { .. })), "{:?}", read.map(|read| read.blocks.len()));
}

#[test]
fn ten_thousand_pages_are_too_many() {
    let read = apart("a.pdf", &pdf(10_000));
    assert!(matches!(read, Err(IndexError::TooManyPages { pages: 10_000, limit: PAGES })), "{read:?}");
    assert!(matches!(apart("a.pdf", &pdf(3)), Err(IndexError::NoText { pages: 3 })));
}

#[test]
fn a_text_that_swells_is_cut_off() {
    let many = format!("# {}\n\n", "long heading ".repeat(20)) + &"- x\n\npara\n\n".repeat(400_000);
    let read = apart("a.md", many.as_bytes());
    assert!(
        read.as_ref().is_ok_and(|read| !read.blocks.is_empty()) || matches!(read, Err(IndexError::TooLarge { .. }))
    );
}

/// A PDF of empty pages.
fn pdf(pages: usize) -> Vec<u8> {
    let kids: String = (0..pages).map(|page| format!("{} 0 R ", page + 3)).collect();
    let head = ["<</Type/Catalog/Pages 2 0 R>>".to_owned(), format!("<</Type/Pages/Count {pages}/Kids[{kids}]>>")];
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>".to_owned();
    let mut text = "%PDF-1.4\n".to_owned();
    let mut table = String::from("0000000000 65535 f \n");
    for (number, object) in (1..).zip(head.iter().chain(std::iter::repeat_n(&page, pages))) {
        table.push_str(&format!("{:010} 00000 n \n", text.len()));
        text.push_str(&format!("{number} 0 obj{object}endobj\n"));
    }
    let (start, size) = (text.len(), pages + 3);
    format!("{text}xref\n0 {size}\n{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF").into_bytes()
}

/// A sound file of every format.
fn sound() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("a.pdf", include_bytes!("../../../../tests/fixtures/lighthouses.pdf").to_vec()),
        ("a.docx", made::docx()),
        ("a.pptx", made::pptx()),
        ("a.xlsx", made::xlsx()),
        ("a.epub", made::epub()),
        ("a.zip", made::course()),
        ("a.ipynb", text(made::NOTEBOOK)),
        ("a.md", include_bytes!("../../../../tests/fixtures/tides.md").to_vec()),
        ("a.html", include_bytes!("../../../../tests/fixtures/compost.html").to_vec()),
        ("a.txt", include_bytes!("../../../../tests/fixtures/sourdough.txt").to_vec()),
        (
            "a.tex",
            text("\\section{A}\nText $x$ \\begin{align}a&=b\\end{align}\n\\begin{itemize}\\item One\\end{itemize}"),
        ),
        ("a.csv", text("a,b\n1,\"x, y\"\n2,z\n")),
        ("a.srt", text("1\n00:00:01,000 --> 00:00:02,000\nHello.\n")),
        ("a.vtt", text("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>Hello.\n")),
        ("a.py", text("def f():\n    return 1\n")),
    ]
}

/// Numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }

    /// Flips bits, cuts the end off, or copies a stretch over another place.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        match self.below(4) {
            0 => bytes.truncate(self.below(bytes.len())),
            1 if bytes.len() > 8 => {
                let (from, to) = (self.below(bytes.len() - 4), self.below(bytes.len() - 4));
                let length = self.below((bytes.len() - from.max(to)).min(200));
                bytes.copy_within(from..from + length, to);
            }
            _ => {
                for _ in 0..=self.below(24) {
                    let at = self.below(bytes.len());
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
        }
    }

    /// Damages an archive's own bytes, or one of its files, so that more than the checksums is tried.
    fn damage_file(&mut self, bytes: &mut Vec<u8>) {
        if !bytes.starts_with(b"PK") || self.below(4) == 0 {
            return self.damage(bytes);
        }
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes.clone())).unwrap();
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for at in 0..zip.len() {
            let mut file = zip.by_index(at).unwrap();
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            files.insert(file.name().unwrap().into_owned(), content);
        }
        let at = self.below(files.len());
        if let Some(content) = files.values_mut().nth(at) {
            self.damage(content);
        }
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        *bytes = made::zipped(&files);
    }
}

/// `TUTOR_TEST_MUTATIONS` says how many files are damaged; the default keeps the tests short.
#[test]
fn damaged_files_are_read_or_refused_in_time() {
    let count: usize = std::env::var("TUTOR_TEST_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let sound = sound();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..count {
        let mut dice = Dice(round as u64 + 1);
        let (name, mut bytes) = sound[round % sound.len()].clone();
        dice.damage_file(&mut bytes);
        let (name, bytes) = if dice.below(5) == 0 { ("b.zip", made::zipped(&[(name, &bytes)])) } else { (name, bytes) };
        let start = Instant::now();
        let outcome = match apart(name, &bytes) {
            Ok(_) => "read".to_owned(),
            Err(IndexError::Store { source }) => panic!("round {round}: {source}"),
            Err(error @ (IndexError::TooSlow { .. } | IndexError::Cancelled)) => panic!("round {round}: {error}"),
            Err(error) => format!("{error:?}").chars().take_while(|c| c.is_alphanumeric()).collect(),
        };
        assert!(start.elapsed() < Duration::from_secs(60), "round {round} took {:?}", start.elapsed());
        *outcomes.entry(outcome).or_default() += 1;
    }
    assert_eq!(outcomes.values().sum::<usize>(), count);
    assert!(outcomes.len() > 2, "the damage was of one kind: {outcomes:?}");
    eprintln!("{count} damaged files: {outcomes:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(
        ending in prop::sample::select(SUPPORTED),
        mut bytes in prop::collection::vec(any::<u8>(), 0..400),
        text in "[<>{}\\[\\]\\\\\"':,;|#$&%0-9a-z \n-]{0,300}",
        start in prop::sample::select(vec!["", "PK\u{3}\u{4}", "%PDF-1.4\n", "{\"cells\":[", "WEBVTT\n\n00:01.000 --> 00:02.000\n"]),
    ) {
        for content in [std::mem::take(&mut bytes), [start.as_bytes(), text.as_bytes()].concat()] {
            if let Err(IndexError::Corrupt { reason }) = read(&format!("a{ending}"), content, &mut |_, _| true) {
                prop_assert_ne!(reason, "the parser failed");
            }
        }
    }
}
