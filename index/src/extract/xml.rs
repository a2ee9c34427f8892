//! XML as the office formats and EPUB use it: parsed whole, bounded in size and depth, elements by local name.

use roxmltree::{Document, Node, ParsingOptions};

use crate::IndexError;

/// The most nodes of a document; a node takes about a hundred bytes of memory.
const NODES: u32 = 3_000_000;
/// Deeper nesting would overflow the stack of what walks the tree.
const DEPTH: usize = 500;

/// Parses a document. Entities are those that it declares itself: nothing is fetched.
pub(super) fn parse(text: &str) -> Result<Document<'_>, IndexError> {
    if depth(text) > DEPTH {
        return Err(IndexError::Corrupt { reason: "elements are nested too deeply".into() });
    }
    let options = ParsingOptions { allow_dtd: true, nodes_limit: NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| IndexError::Corrupt { reason: error.to_string() })
}

/// The first child with this local name.
pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.tag_name().name() == name)
}

/// The first element below with this local name.
pub(super) fn below<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.descendants().find(|child| child.tag_name().name() == name)
}

/// An attribute by its local name, whatever its namespace.
pub(super) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes().find(|attribute| attribute.name() == name).map(|attribute| attribute.value())
}

/// All text below, its white space as single spaces.
pub(super) fn text(node: Node<'_, '_>) -> String {
    let all: String = node.descendants().filter(Node::is_text).filter_map(|text| text.text()).collect();
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How deep elements nest.
fn depth(text: &str) -> usize {
    let (mut now, mut most) = (0usize, 0usize);
    for piece in text.split('<').skip(1) {
        if piece.starts_with('/') {
            now = now.saturating_sub(1);
        } else if !piece.starts_with(['!', '?']) && !piece.split('>').next().is_some_and(|tag| tag.ends_with('/')) {
            now += 1;
        }
        most = most.max(now);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_and_endless_documents_are_refused() {
        assert!(parse(&format!("{}{}", "<a>".repeat(400), "</a>".repeat(400))).is_ok());
        assert!(parse(&format!("{}{}", "<a>".repeat(501), "</a>".repeat(501))).is_err());
        assert!(parse(&"<a>".repeat(1_000_000)).is_err());
        let declared = "<!DOCTYPE a [<!ENTITY b \"&c;&c;\"><!ENTITY c \"&b;&b;\">]><a>&b;</a>";
        assert!(parse(declared).is_err());
    }

    #[test]
    fn nothing_outside_is_read() {
        let outside = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/hostname\">]><a>x&b;</a>";
        let read = parse(outside).map(|document| text(document.root()));
        assert!(read.is_err() || read.is_ok_and(|text| text == "x"));
    }
}
