//! Mends what the reader of PDFs trips over, and refuses what would hang it.

use std::collections::BTreeMap;

use pdf_extract::{Dictionary, Document, Object, ObjectId};

use crate::IndexError;

/// Forms draw forms; real files nest them a few levels deep.
const DEPTH: usize = 16;
/// Forms drawn by a page, counted with repetition.
const DRAWN: usize = 50_000;

/// Mends a document.
///
/// A font with a table of characters but no encoding makes the reader panic at the first character that is
/// not in the table. A form without resources of its own takes its page's, and could so draw itself.
pub(super) fn repair(document: &mut Document) -> Result<(), IndexError> {
    for object in document.objects.values_mut() {
        match object {
            Object::Dictionary(font) if lacks_encoding(font) => {
                font.set("Encoding", Object::Name(b"WinAnsiEncoding".to_vec()));
            }
            Object::Stream(form) if is_form(&form.dict) && !form.dict.has(b"Resources") => {
                form.dict.set("Resources", Dictionary::new());
            }
            _ => {}
        }
    }
    refuse_cycles(document)
}

fn lacks_encoding(font: &Dictionary) -> bool {
    font.has_type(b"Font") && font.has(b"ToUnicode") && !font.has(b"Encoding") && !font.has(b"DescendantFonts")
}

/// An error when a form draws itself, directly or through others, or forms nest too deeply.
fn refuse_cycles(document: &Document) -> Result<(), IndexError> {
    let forms = document.objects.iter().filter(|(_, object)| object.as_stream().is_ok_and(|s| is_form(&s.dict)));
    let drawn: BTreeMap<ObjectId, Vec<ObjectId>> = forms.map(|(id, form)| (*id, drawn_by(document, form))).collect();
    let mut levels: BTreeMap<ObjectId, (usize, usize)> = BTreeMap::new();
    // Each round settles the forms that draw only settled ones: cycles never settle.
    for level in 0..DEPTH {
        for (id, draws) in &drawn {
            let inner = || draws.iter().map(|form| levels.get(form).map_or(1, |(_, count)| *count));
            if !levels.contains_key(id) && draws.iter().all(|form| levels.get(form).is_some_and(|(l, _)| *l < level)) {
                let count = inner().fold(1, usize::saturating_add);
                levels.insert(*id, (level, count));
            }
        }
    }
    let heavy = levels.values().any(|(_, count)| *count > DRAWN);
    if levels.len() < drawn.len() || heavy {
        return Err(IndexError::Corrupt { reason: "its drawings nest without end".into() });
    }
    Ok(())
}

fn is_form(stream: &Dictionary) -> bool {
    stream.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Form")
}

/// The forms among the drawings that a form can name.
fn drawn_by(document: &Document, form: &Object) -> Vec<ObjectId> {
    let named = || -> Option<&Dictionary> {
        let dictionary = &form.as_stream().ok()?.dict;
        let resources = document.dereference(dictionary.get(b"Resources").ok()?).ok()?.1.as_dict().ok()?;
        document.dereference(resources.get(b"XObject").ok()?).ok()?.1.as_dict().ok()
    };
    let references = named().into_iter().flat_map(|objects| objects.iter());
    let is_drawn = |id: &ObjectId| document.get_object(*id).and_then(Object::as_stream).is_ok_and(|s| is_form(&s.dict));
    references.filter_map(|(_, object)| object.as_reference().ok()).filter(is_drawn).collect()
}
