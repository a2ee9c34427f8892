//! E-books to blocks, chapter by chapter in reading order.

use std::collections::HashMap;

use roxmltree::{Document, Node};

use super::archive::{Archive, resolve};
use super::sections::put_below;
use super::{Block, IndexError, html, xml};

/// The blocks of a book. A chapter without a main heading has the one that the table of contents gives it.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Block>, IndexError> {
    let mut archive = Archive::open(bytes)?;
    let container = archive.required_text("META-INF/container.xml")?;
    let package = package(&xml::parse(&container)?)?;
    let text = archive.required_text(&package)?;
    let document = xml::parse(&text)?;
    let chapters = spine(&document, &package);
    refuse_locked(&mut archive, &chapters)?;
    let titles = titles(&mut archive, &document, &package)?;
    let mut blocks = Vec::new();
    for path in chapters {
        let Some(page) = archive.text(&path)? else { continue };
        // In a book they are its footnotes, on a page of the web its furniture.
        let page = page.replace("<aside", "<div").replace("</aside", "</div");
        let mut chapter = html::read_below(&page, titles.get(&path).cloned())?;
        blocks.append(&mut chapter);
    }
    if let Some(title) = book_title(&document).filter(|title| blocks.iter().all(|block| !block.section.contains(title)))
    {
        put_below(&mut blocks, &title);
    }
    Ok(blocks)
}

/// The path of the file that describes the book.
fn package(container: &Document<'_>) -> Result<String, IndexError> {
    let root = container.descendants().find(|node| node.tag_name().name() == "rootfile");
    let path = root.and_then(|node| node.attribute("full-path"));
    path.map(str::to_owned).ok_or_else(|| IndexError::Corrupt { reason: "no book in it".into() })
}

fn items<'a>(document: &'a Document<'a>) -> impl Iterator<Item = Node<'a, 'a>> {
    document.descendants().filter(|node| node.tag_name().name() == "item")
}

/// The paths of the chapters in reading order.
fn spine(document: &Document<'_>, package: &str) -> Vec<String> {
    let paths: HashMap<&str, String> = items(document)
        .filter_map(|item| Some((item.attribute("id")?, resolve(package, &decoded(item.attribute("href")?)))))
        .collect();
    let entries = document.descendants().filter(|node| node.tag_name().name() == "itemref");
    entries.filter_map(|entry| paths.get(entry.attribute("idref")?).cloned()).collect()
}

/// An error when chapters are encrypted, as shops do it; fonts may be.
fn refuse_locked(archive: &mut Archive<'_>, chapters: &[String]) -> Result<(), IndexError> {
    let Some(text) = archive.text("META-INF/encryption.xml")? else { return Ok(()) };
    let document = xml::parse(&text)?;
    let locked = document.descendants().filter_map(|node| node.attribute("URI")).map(decoded);
    let locked = locked.into_iter().any(|path| chapters.contains(&path));
    if locked { Err(IndexError::PasswordProtected) } else { Ok(()) }
}

/// What the table of contents calls each file: the first name that leads to it.
fn titles(
    archive: &mut Archive<'_>,
    document: &Document<'_>,
    package: &str,
) -> Result<HashMap<String, String>, IndexError> {
    let is_contents = |item: &Node<'_, '_>| {
        item.attribute("properties").is_some_and(|words| words.split(' ').any(|word| word == "nav"))
            || item.attribute("media-type") == Some("application/x-dtbncx+xml")
    };
    let mut titles = HashMap::new();
    for path in items(document).filter(is_contents).filter_map(|item| item.attribute("href")) {
        let path = resolve(package, &decoded(path));
        let Some(text) = archive.text(&path)? else { continue };
        // A page that is no XML, as some programs write them, costs the titles only.
        let Ok(contents) = xml::parse(&text) else { continue };
        for (target, title) in entries(&contents) {
            titles.entry(resolve(&path, &decoded(target))).or_insert(title);
        }
    }
    Ok(titles)
}

/// The entries of a table of contents: links of a page, or points of the older form.
fn entries<'a>(contents: &'a Document<'a>) -> Vec<(&'a str, String)> {
    let entry = |node: Node<'a, 'a>| match node.tag_name().name() {
        "a" => Some((node.attribute("href")?, xml::text(node))),
        "navPoint" => {
            let target = xml::child(node, "content")?.attribute("src")?;
            Some((target, xml::text(xml::child(node, "navLabel")?)))
        }
        _ => None,
    };
    contents.descendants().filter_map(entry).filter(|(_, title)| !title.is_empty()).collect()
}

fn book_title(document: &Document<'_>) -> Option<String> {
    let metadata = document.descendants().find(|node| node.tag_name().name() == "metadata")?;
    xml::child(metadata, "title").map(xml::text).filter(|title| !title.is_empty())
}

/// An address with its escapes (`%20`) undone.
fn decoded(address: &str) -> String {
    let mut bytes = Vec::with_capacity(address.len());
    let mut rest = address.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = (*first == b'%').then(|| after.get(..2)).flatten();
        let value = escape.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        bytes.push(value.unwrap_or(*first));
        rest = if value.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_escapes() {
        for (address, expected) in
            [("a%20b.xhtml", "a b.xhtml"), ("%E7%AB%A0", "章"), ("100%", "100%"), ("%zz%4", "%zz%4")]
        {
            assert_eq!(decoded(address), expected);
        }
    }
}
