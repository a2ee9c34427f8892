//! Mends what the reader of PDFs trips over, and refuses what would hang it.

use std::collections::{BTreeMap, HashSet};

use pdf_extract::{Dictionary, Document, Object, ObjectId};

use crate::IndexError;

/// Forms draw forms; real files nest them a few levels deep.
const DEPTH: usize = 16;
/// Forms drawn by a page, counted with repetition.
const DRAWN: usize = 50_000;
/// Characters that a font can have.
const CODES: usize = 65_536;

/// Mends a document.
///
/// A font with a table of characters but no encoding makes the reader panic at the first character that is
/// not in the table. Widths in ranges are taken for the ranges' numbers, and a font's own names of its characters for
/// those that the document gives it. A form without resources of its own takes its page's, and could so draw itself.
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
    spell_widths_out(document);
    let named: Vec<ObjectId> = document.objects.values().filter_map(|font| named_anew(document, font)).collect();
    for descriptor in named {
        if let Ok(Object::Dictionary(descriptor)) = document.get_object_mut(descriptor) {
            descriptor.remove(b"FontFile3");
        }
    }
    refuse_cycles(document)
}

/// The descriptor of a font without a table, when the document gives names to all characters that the font has.
fn named_anew(document: &Document, font: &Object) -> Option<ObjectId> {
    let font = font.as_dict().ok().filter(|font| is(font, b"Type1") && !font.has(b"ToUnicode"))?;
    let found = |object: &Object| document.dereference(object).ok().map(|(_, object)| object.clone());
    let encoding = found(font.get(b"Encoding").ok()?)?;
    let names = found(encoding.as_dict().ok()?.get(b"Differences").ok()?)?;
    let named: HashSet<&[u8]> = names.as_array().ok()?.iter().filter_map(|name| name.as_name().ok()).collect();
    let descriptor = font.get(b"FontDescriptor").and_then(Object::as_reference).ok()?;
    let held = document.get_dictionary(descriptor).ok()?.get(b"CharSet").and_then(Object::as_str).ok()?;
    let all = held.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).all(|name| named.contains(name));
    all.then_some(descriptor)
}

/// Writes `first last width` as `first [width …]` in all fonts.
fn spell_widths_out(document: &mut Document) {
    let spelled = |(id, font): (&ObjectId, &Object)| {
        let font = font.as_dict().ok().filter(|font| is(font, b"CIDFontType0") || is(font, b"CIDFontType2"))?;
        let widths = document.dereference(font.get(b"W").ok()?).ok()?.1.as_array().ok()?;
        Some((*id, spelled_out(document, widths)))
    };
    let all: Vec<(ObjectId, Vec<Object>)> = document.objects.iter().filter_map(spelled).collect();
    for (font, widths) in all {
        if let Ok(Object::Dictionary(font)) = document.get_object_mut(font) {
            font.set("W", widths);
        }
    }
}

fn spelled_out(document: &Document, widths: &[Object]) -> Vec<Object> {
    let (mut spelled, mut rest, mut room) = (Vec::new(), widths, CODES);
    while let [first, second, more @ ..] = rest {
        let list = document.dereference(second).ok().and_then(|(_, list)| list.as_array().ok());
        let (list, more) = match (list, more) {
            (Some(list), more) => (list.clone(), more),
            (None, [width, more @ ..]) => {
                let (first, last) = (first.as_i64().unwrap_or(0), second.as_i64().unwrap_or(-1));
                let count = last.saturating_sub(first).saturating_add(1);
                (vec![width.clone(); usize::try_from(count).unwrap_or_default().min(room)], more)
            }
            (None, []) => break,
        };
        room -= list.len().min(room);
        spelled.extend([first.clone(), Object::Array(list)]);
        rest = more;
    }
    spelled
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
    is(stream, b"Form")
}

fn is(dictionary: &Dictionary, subtype: &[u8]) -> bool {
    dictionary.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == subtype)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_in_ranges_are_spelled_out() {
        let document = Document::new();
        let integers = |numbers: &[i64]| numbers.iter().map(|number| Object::Integer(*number)).collect::<Vec<_>>();
        let mixed = [integers(&[3]), vec![Object::Array(integers(&[500, 600]))], integers(&[68, 70, 556, 90, 90, 250])];
        let list = |first: i64, widths: &[i64]| [Object::Integer(first), Object::Array(integers(widths))];
        let expected = [list(3, &[500, 600]), list(68, &[556, 556, 556]), list(90, &[250])].concat();
        assert_eq!(spelled_out(&document, &mixed.concat()), expected);
        // Ranges that run backwards or without end, and lists that break off.
        assert_eq!(spelled_out(&document, &integers(&[9, 1, 500])), list(9, &[]));
        let Object::Array(most) = &spelled_out(&document, &integers(&[0, i64::MAX, 1, 5]))[1] else { panic!() };
        assert_eq!(most.len(), CODES);
    }
}
