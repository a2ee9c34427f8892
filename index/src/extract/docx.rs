//! Word documents to blocks: headings by style, lists, tables, formulas as LaTeX, notes below their paragraph.

mod styles;

use std::collections::HashMap;

use roxmltree::Node;

use self::styles::Styles;
use super::archive::{Archive, resolve};
use super::sections::put_below;
use super::{Block, IndexError, Kind, Sections, formula, relations, tables, xml};

/// The blocks of a document. What was deleted under change tracking, comments, heads and feet are left out.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Block>, IndexError> {
    let mut archive = Archive::open(bytes)?;
    let main = relations::of(&mut archive, "")?.target("officeDocument").unwrap_or_else(|| "word/document.xml".into());
    let related = relations::of(&mut archive, &main)?;
    let part = |kind: &str, usual: &str| related.target(kind).unwrap_or_else(|| resolve(&main, usual));
    let styles = archive.text(&part("styles", "styles.xml"))?;
    let mut notes = Notes::default();
    for (kind, usual) in [("footnotes", "footnotes.xml"), ("endnotes", "endnotes.xml")] {
        notes.read(kind, archive.text(&part(kind, usual))?)?;
    }
    let text = archive.required_text(&main)?;
    let document = xml::parse(&text)?;
    let mut reader =
        Reader { styles: Styles::read(styles.as_deref())?, notes, sections: Sections::default(), title: None };
    reader.all(xml::below(document.root(), "body").unwrap_or(document.root_element()));
    let mut blocks = reader.sections.finish(None);
    if let Some(title) = reader.title.filter(|title| blocks.iter().all(|block| !block.section.contains(title))) {
        put_below(&mut blocks, &title);
    }
    Ok(blocks)
}

struct Reader {
    styles: Styles,
    notes: Notes,
    sections: Sections,
    /// The text of the first paragraph in the style of titles.
    title: Option<String>,
}

impl Reader {
    /// Reads paragraphs and tables, those in boxes and controls too.
    fn all(&mut self, parent: Node<'_, '_>) {
        for node in parent.children() {
            match node.tag_name().name() {
                "p" => self.paragraph(node),
                "tbl" => self.table(node),
                "sectPr" | "del" | "moveFrom" => {}
                _ => self.all(node),
            }
        }
    }

    fn paragraph(&mut self, node: Node<'_, '_>) {
        let text = inline(node);
        let style = self.styles.of_paragraph(node);
        if style.title && self.title.is_none() && self.sections.blocks.is_empty() {
            self.title = Some(text).filter(|title| !title.is_empty());
        } else if let Some(level) = style.heading {
            self.sections.heading(level, &text);
        } else if let Some(depth) = style.list {
            let text = text.trim();
            let item = if text.is_empty() { String::new() } else { format!("{}- {text}", "  ".repeat(depth.min(8))) };
            self.sections.push(Kind::List, item);
        } else {
            let kind = if is_formula(&text) { Kind::Formula } else { Kind::Prose };
            self.sections.push(kind, text);
        }
        for shape in boxes(node) {
            self.all(shape);
        }
        for note in self.notes.of(node) {
            self.sections.push(Kind::Prose, note);
        }
    }

    /// A table of one cell only frames its content.
    fn table(&mut self, node: Node<'_, '_>) {
        let rows: Vec<Node<'_, '_>> = children(node, "tr").collect();
        let cells: Vec<Vec<Node<'_, '_>>> = rows.iter().map(|row| children(*row, "tc").collect()).collect();
        if let [row] = cells.as_slice()
            && let [cell] = row.as_slice()
        {
            return self.all(*cell);
        }
        let text = |cell: &Node<'_, '_>| {
            let paragraphs = cell.descendants().filter(|node| node.tag_name().name() == "p");
            paragraphs.map(inline).collect::<Vec<_>>().join(" ")
        };
        let rows: Vec<Vec<String>> = cells.iter().map(|row| row.iter().map(text).collect()).collect();
        self.sections.push(Kind::Table, tables::table(&rows));
        let notes = self.notes.of(node);
        notes.into_iter().for_each(|note| self.sections.push(Kind::Prose, note));
    }
}

/// Children by name, within controls too.
fn children<'a, 'i: 'a>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    let within = |child: Node<'a, 'i>| match child.tag_name().name() {
        "sdt" => xml::child(child, "sdtContent").map_or_else(Vec::new, |content| content.children().collect()),
        _ => vec![child],
    };
    node.children().flat_map(within).filter(move |child| child.tag_name().name() == name)
}

/// The text of a paragraph: runs, links, insertions and formulas, but not what lies in boxes.
fn inline(paragraph: Node<'_, '_>) -> String {
    let mut text = String::new();
    write(paragraph, &mut text);
    text.trim().to_owned()
}

fn write(parent: Node<'_, '_>, text: &mut String) {
    for node in parent.children() {
        match node.tag_name().name() {
            "t" => text.push_str(node.text().unwrap_or_default()),
            "tab" | "ptab" => text.push(' '),
            "br" | "cr" => text.push('\n'),
            "noBreakHyphen" => text.push('-'),
            "oMathPara" => text.push_str(&formula::display(node)),
            "oMath" => text.push_str(&formula::inline(node)),
            "pPr" | "rPr" | "del" | "moveFrom" | "Fallback" | "txbxContent" | "instrText" => {}
            _ => write(node, text),
        }
    }
}

/// The boxes of text that are anchored in a paragraph.
fn boxes<'a, 'i>(paragraph: Node<'a, 'i>) -> Vec<Node<'a, 'i>> {
    let found = paragraph.descendants().filter(|node| node.tag_name().name() == "txbxContent");
    // Older programs find the same box once more, and one in a box is read with it.
    let once = |node: &Node<'a, 'i>| {
        let above = node.ancestors().skip(1).take_while(|above| *above != paragraph);
        above.map(|above| above.tag_name().name()).all(|name| name != "Fallback" && name != "txbxContent")
    };
    found.filter(once).collect()
}

/// A paragraph that is nothing but one formula.
fn is_formula(text: &str) -> bool {
    text.strip_prefix("$$").and_then(|text| text.strip_suffix("$$")).is_some_and(|inner| !inner.contains("$$"))
}

/// Footnotes and endnotes by their kind and number.
#[derive(Default)]
struct Notes(HashMap<(String, String), String>);

impl Notes {
    fn read(&mut self, kind: &str, text: Option<String>) -> Result<(), IndexError> {
        let Some(text) = text else { return Ok(()) };
        let document = xml::parse(&text)?;
        for note in document.root_element().children().filter(|note| xml::attribute(*note, "type").is_none()) {
            let paragraphs = note.descendants().filter(|node| node.tag_name().name() == "p");
            let text = paragraphs.map(inline).collect::<Vec<_>>().join(" ");
            if let Some(id) = xml::attribute(note, "id") {
                self.0.insert((kind.to_owned(), id.to_owned()), text);
            }
        }
        Ok(())
    }

    /// The notes that are referred to below a node.
    fn of(&self, node: Node<'_, '_>) -> Vec<String> {
        let key = |node: Node<'_, '_>| {
            let kind = match node.tag_name().name() {
                "footnoteReference" => "footnotes",
                "endnoteReference" => "endnotes",
                _ => return None,
            };
            Some((kind.to_owned(), xml::attribute(node, "id")?.to_owned()))
        };
        node.descendants().filter_map(key).filter_map(|key| self.0.get(&key).cloned()).collect()
    }
}
