//! Presentations to blocks, slide by slide in the order in which they are shown, with the speaker's notes.

mod chart;

use std::collections::HashSet;

use roxmltree::Node;

use super::archive::Archive;
use super::relations::{self, Relations};
use super::{Block, Extracted, IndexError, Kind, PAGES, Reader, Sections, formula, tables, xml};
use crate::Place;

/// Reads all slides.
pub(super) fn read(bytes: &[u8], reader: &Reader) -> Result<Extracted, IndexError> {
    let mut archive = Archive::open(bytes)?;
    let main = relations::of(&mut archive, "")?.target("officeDocument").unwrap_or("ppt/presentation.xml".into());
    let related = relations::of(&mut archive, &main)?;
    let slides = in_order(&archive.required_text(&main)?, &related)?;
    let count = u32::try_from(slides.len()).unwrap_or(u32::MAX);
    if count > PAGES {
        return Err(IndexError::TooManyPages { pages: count, limit: PAGES });
    }
    let mut sections = Sections::default();
    for (number, path) in (1..).zip(slides) {
        reader.page(number, count)?;
        slide(&mut archive, &mut sections, number, &path)?;
    }
    Ok(Extracted { blocks: sections.finish(None), pages: Some(count), ..Extracted::default() })
}

/// The slides' paths as the presentation lists them: the numbers in their names say nothing.
fn in_order(presentation: &str, related: &Relations) -> Result<Vec<String>, IndexError> {
    let document = xml::parse(presentation)?;
    let list = xml::below(document.root(), "sldIdLst");
    let entries = list.into_iter().flat_map(|list| list.children()).filter(|node| node.tag_name().name() == "sldId");
    let target = |node: Node<'_, '_>| {
        let is_relation = |a: &roxmltree::Attribute<'_, '_>| a.name() == "id" && a.namespace().is_some();
        related.by_id(node.attributes().find(is_relation)?.value())
    };
    Ok(entries.filter_map(target).collect())
}

fn slide(archive: &mut Archive<'_>, sections: &mut Sections, number: u32, path: &str) -> Result<(), IndexError> {
    let text = archive.required_text(path)?;
    let document = xml::parse(&text)?;
    sections.close();
    sections.place = Some(Place::Slide { slide: number });
    let before = sections.blocks.len();
    let title = xml::below(document.root(), "spTree").and_then(title).unwrap_or_default();
    sections.heading(1, &title);
    shapes(document.root_element(), sections);
    once(&mut sections.blocks, before);
    let related = relations::of(archive, path)?;
    for drawing in related.targets("diagramData") {
        diagram(archive.text(&drawing)?, sections)?;
    }
    for path in related.targets("chart") {
        if let Some(text) = archive.text(&path)? {
            sections.push(Kind::Table, chart::table(&xml::parse(&text)?));
        }
    }
    if sections.blocks.len() == before {
        // Nothing but a title: then that is the slide's text.
        sections.push(Kind::Prose, title);
    }
    if let Some(path) = related.target("notesSlide") {
        sections.place = Some(Place::Notes { slide: number });
        notes(archive.text(&path)?, sections)?;
    }
    Ok(())
}

/// Leaves out what a slide shows again, as for an animation: two hundred arrows' letters hide its words.
fn once(blocks: &mut Vec<Block>, before: usize) {
    let mut seen = HashSet::new();
    let again = blocks.split_off(before);
    blocks.extend(again.into_iter().filter(|block| seen.insert(block.text.clone())));
}

/// The text of the title's shape.
fn title(tree: Node<'_, '_>) -> Option<String> {
    let shape = tree.descendants().find(|node| is_shape(*node) && matches!(role(*node), Some("title" | "ctrTitle")))?;
    Some(paragraphs(shape).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" "))
}

/// Shapes, tables and groups, in the order in which they lie on each other.
fn shapes(parent: Node<'_, '_>, sections: &mut Sections) {
    for node in parent.children() {
        match node.tag_name().name() {
            "sp" if matches!(role(node), Some("title" | "ctrTitle" | "sldNum" | "dt" | "ftr" | "hdr")) => {}
            "sp" => shape(node, sections),
            "tbl" => table(node, sections),
            "Fallback" => {}
            _ => shapes(node, sections),
        }
    }
}

fn is_shape(node: Node<'_, '_>) -> bool {
    node.tag_name().name() == "sp"
}

/// What the shape stands for in the layout, such as `title` or `body`.
fn role<'a>(shape: Node<'a, '_>) -> Option<&'a str> {
    let properties = xml::child(shape, "nvSpPr").and_then(|node| xml::child(node, "nvPr"))?;
    xml::child(properties, "ph").map(|placeholder| xml::attribute(placeholder, "type").unwrap_or("body"))
}

/// Several paragraphs are the points of a slide, one is a text.
fn shape(node: Node<'_, '_>, sections: &mut Sections) {
    let paragraphs = paragraphs(node);
    if let [(_, text)] = paragraphs.as_slice() {
        return sections.push(Kind::Prose, text.as_str());
    }
    let point = |(depth, text): &(usize, String)| format!("{}- {text}", "  ".repeat(*depth));
    sections.push(Kind::List, paragraphs.iter().map(point).collect::<Vec<_>>().join("\n"));
}

/// The paragraphs of a shape or cell with their depths; empty ones are left out.
fn paragraphs(node: Node<'_, '_>) -> Vec<(usize, String)> {
    let paragraph = |node: Node<'_, '_>| {
        let level = xml::child(node, "pPr").and_then(|p| xml::attribute(p, "lvl")).and_then(|level| level.parse().ok());
        let mut text = String::new();
        write(node, &mut text);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some((level.unwrap_or(0usize).min(8), text))
    };
    node.descendants().filter(|node| node.tag_name().name() == "p").filter_map(paragraph).collect()
}

fn write(parent: Node<'_, '_>, text: &mut String) {
    for node in parent.children() {
        match node.tag_name().name() {
            "t" => text.push_str(node.text().unwrap_or_default()),
            "br" | "tab" => text.push(' '),
            "oMathPara" => text.push_str(&formula::display(node)),
            "oMath" => text.push_str(&formula::inline(node)),
            "pPr" | "rPr" | "endParaRPr" | "Fallback" => {}
            _ => write(node, text),
        }
    }
}

fn table(node: Node<'_, '_>, sections: &mut Sections) {
    let cell = |cell: Node<'_, '_>| paragraphs(cell).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ");
    let cells = |row: Node<'_, '_>| row.children().filter(|node| node.tag_name().name() == "tc").map(cell).collect();
    let rows: Vec<Vec<String>> = node.children().filter(|row| row.tag_name().name() == "tr").map(cells).collect();
    sections.push(Kind::Table, tables::table(&rows));
}

/// The words of a drawn diagram, point by point.
fn diagram(text: Option<String>, sections: &mut Sections) -> Result<(), IndexError> {
    let Some(text) = text else { return Ok(()) };
    let document = xml::parse(&text)?;
    let points = paragraphs(document.root_element());
    let lines: Vec<String> = points.into_iter().map(|(_, text)| format!("- {text}")).collect();
    sections.push(Kind::List, lines.join("\n"));
    Ok(())
}

fn notes(text: Option<String>, sections: &mut Sections) -> Result<(), IndexError> {
    let Some(text) = text else { return Ok(()) };
    let document = xml::parse(&text)?;
    let bodies = document.descendants().filter(|node| is_shape(*node) && role(*node) == Some("body"));
    for (_, text) in bodies.flat_map(paragraphs) {
        sections.push(Kind::Prose, text);
    }
    Ok(())
}
