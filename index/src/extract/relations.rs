//! How the parts of an office document refer to each other.

use super::archive::{Archive, resolve};
use super::{IndexError, xml};

/// The relations of one part.
#[derive(Debug, Default)]
pub(super) struct Relations(Vec<Relation>);

#[derive(Debug)]
struct Relation {
    id: String,
    /// The last word of its type's address.
    kind: String,
    /// The part's path in the archive.
    target: String,
}

/// The relations of the part at `path`, or of the whole document when `path` is empty. What lies outside of the
/// document is left out: nothing is fetched.
pub(super) fn of(archive: &mut Archive<'_>, path: &str) -> Result<Relations, IndexError> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let Some(text) = archive.text(resolve("", &format!("{folder}/_rels/{name}.rels")).as_str())? else {
        return Ok(Relations::default());
    };
    let document = xml::parse(&text)?;
    let inside = document.root_element().children().filter(|node| node.attribute("TargetMode") != Some("External"));
    let relation = |node: roxmltree::Node<'_, '_>| {
        let kind = node.attribute("Type")?.rsplit('/').next()?.to_owned();
        Some(Relation { id: node.attribute("Id")?.to_owned(), kind, target: resolve(path, node.attribute("Target")?) })
    };
    Ok(Relations(inside.filter_map(relation).collect()))
}

impl Relations {
    /// The first part of a kind, such as `styles`.
    pub(super) fn target(&self, kind: &str) -> Option<String> {
        self.targets(kind).next()
    }

    /// All parts of a kind.
    pub(super) fn targets(&self, kind: &str) -> impl Iterator<Item = String> {
        self.0.iter().filter(move |relation| relation.kind == kind).map(|relation| relation.target.clone())
    }

    /// The part that an id stands for.
    pub(super) fn by_id(&self, id: &str) -> Option<String> {
        self.0.iter().find(|relation| relation.id == id).map(|relation| relation.target.clone())
    }
}
