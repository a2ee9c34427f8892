//! What the styles of a Word document say of a paragraph: a heading's level, an item's depth.

use std::collections::HashMap;

use roxmltree::Node;

use super::super::xml;
use crate::IndexError;

/// How far styles may be based on each other.
const BASES: usize = 12;

/// What a paragraph is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// The document's title.
    pub(super) title: bool,
    /// A heading, with its level from 1.
    pub(super) heading: Option<usize>,
    /// An item of a list, with its depth from 0.
    pub(super) list: Option<usize>,
    based_on: Option<String>,
}

/// The styles of a document by their ids.
#[derive(Default)]
pub(super) struct Styles(HashMap<String, Style>);

impl Styles {
    pub(super) fn read(text: Option<&str>) -> Result<Self, IndexError> {
        let Some(text) = text else { return Ok(Self::default()) };
        let document = xml::parse(text)?;
        let style = |node: Node<'_, '_>| Some((xml::attribute(node, "styleId")?.to_owned(), style(node)));
        let styles = document.root_element().children().filter(|node| node.tag_name().name() == "style");
        Ok(Self(styles.filter_map(style).collect()))
    }

    /// What its own properties say, else its style, else what that is based on.
    pub(super) fn of_paragraph(&self, paragraph: Node<'_, '_>) -> Style {
        let Some(properties) = xml::child(paragraph, "pPr") else { return Style::default() };
        let mut found = own(properties);
        let mut next = value(properties, "pStyle");
        for _ in 0..BASES {
            let Some(style) = next.as_ref().and_then(|id| self.0.get(id)) else { break };
            found.title |= style.title;
            found.heading = found.heading.or(style.heading);
            found.list = found.list.or(style.list);
            next.clone_from(&style.based_on);
        }
        // Numbered headings are headings, and a number of 0 takes an item out of its list.
        if found.heading.is_some() || value(properties, "numId").as_deref() == Some("0") {
            found.list = None;
        }
        found
    }
}

fn style(node: Node<'_, '_>) -> Style {
    let name = value(node, "name").unwrap_or_default().to_lowercase();
    let named =
        name.strip_prefix("heading ").or(name.strip_prefix("标题 ")).and_then(|level| level.trim().parse().ok());
    let own = xml::child(node, "pPr").map(own).unwrap_or_default();
    Style {
        title: name == "title" || name == "标题",
        heading: named.filter(|level| (1..=9).contains(level)).or(own.heading),
        list: own.list,
        based_on: value(node, "basedOn"),
    }
}

/// What properties say without their style. An outline level of 9 is running text.
fn own(properties: Node<'_, '_>) -> Style {
    let number = |node, name| value(node, name).and_then(|value| value.parse::<usize>().ok());
    let heading = number(properties, "outlineLvl").filter(|level| *level < 9).map(|level| level + 1);
    let list = xml::child(properties, "numPr").map(|list| number(list, "ilvl").unwrap_or_default());
    Style { heading, list, ..Style::default() }
}

/// The value of a property.
fn value(node: Node<'_, '_>, name: &str) -> Option<String> {
    let found = node.children().find(|child| child.tag_name().name() == name);
    let found = found.or_else(|| xml::below(node, name).filter(|_| name == "numId"))?;
    xml::attribute(found, "val").map(str::to_owned)
}
