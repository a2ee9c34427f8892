//! What is read from small documents, as snapshots that were read through.

use super::super::extract;
use super::{made, shown};
use crate::{Place, Remark};

fn read(name: &str, bytes: &[u8]) -> String {
    shown(&extract(None, name, bytes, &mut |_, _| true).unwrap().blocks)
}

#[test]
fn word_documents() {
    insta::assert_snapshot!(read("a.docx", &made::docx()));
}

#[test]
fn presentations() {
    insta::assert_snapshot!(read("a.pptx", &made::pptx()));
}

#[test]
fn workbooks() {
    insta::assert_snapshot!(read("a.xlsx", &made::xlsx()));
}

#[test]
fn books() {
    insta::assert_snapshot!(read("a.epub", &made::epub()));
}

#[test]
fn notebooks() {
    insta::assert_snapshot!(read("a.ipynb", made::NOTEBOOK.as_bytes()));
}

#[test]
fn archives() {
    let extracted = extract(None, "a.zip", &made::course(), &mut |_, _| true).unwrap();
    let remarks: Vec<String> = extracted.remarks.iter().map(|remark| format!("{remark:?}")).collect();
    insta::assert_snapshot!(format!("{}\n{}", shown(&extracted.blocks), remarks.join("\n")));
}

#[test]
fn a_scanned_page_is_recognised_or_named() {
    let scanned = include_bytes!("../../../../tests/fixtures/scanned.pdf");
    let read = extract(None, "a.pdf", scanned, &mut |_, _| true).unwrap();
    assert!(read.blocks[0].text.starts_with("The log of the keeper"));
    let installed = std::process::Command::new("tesseract").arg("--version").output().is_ok();
    match read.remarks.as_slice() {
        [Remark::Recognised { file: None, pages }] if installed => {
            assert_eq!(pages, &[2]);
            assert!(read.blocks[1].text.contains("214 litres of"), "{:?}", read.blocks);
            assert_eq!(read.blocks[1].place, Some(Place::Page { page: 2 }));
        }
        [Remark::NoText { file: None, pages }] if !installed => assert_eq!(pages, &[2]),
        remarks => panic!("{remarks:?}"),
    }
}
