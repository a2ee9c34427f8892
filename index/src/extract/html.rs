//! HTML to blocks, by way of Markdown: one parser finds the headings of both.

use htmd::HtmlToMarkdown;

use super::{Block, markdown};
use crate::IndexError;

/// Elements whose content is not the page's text.
const SKIPPED: &[&str] = &[
    "script", "style", "noscript", "template", "nav", "aside", "footer", "form", "button", "select", "svg", "iframe",
    "object", "head",
];

/// Deeper nesting would overflow the stack of a parser that recurses.
const DEPTH: usize = 4_000;

/// Elements that authors leave open, and that the parser closes by itself.
const SELF_CLOSING: &[&str] = &[
    "p", "li", "dt", "dd", "tr", "td", "th", "option", "br", "hr", "img", "input", "meta", "link", "area", "base",
    "col", "embed", "source", "track", "wbr", "thead", "tbody", "tfoot", "colgroup",
];

/// The blocks of a page; its title stands above them when it has no main heading.
pub(super) fn read(html: &str) -> Result<Vec<Block>, IndexError> {
    read_below(html, None)
}

/// The same with another title than the page's own.
pub(super) fn read_below(html: &str, above: Option<String>) -> Result<Vec<Block>, IndexError> {
    let markdown = to_markdown(html)?;
    markdown::blocks(&markdown, above.or_else(|| title(html)))
}

/// The page's text as Markdown.
pub(super) fn to_markdown(html: &str) -> Result<String, IndexError> {
    if depth(html) > DEPTH {
        return Err(IndexError::Corrupt { reason: "elements are nested too deeply".into() });
    }
    let converter = HtmlToMarkdown::builder().skip_tags(SKIPPED.to_vec()).build();
    converter.convert(html).map_err(|error| IndexError::Corrupt { reason: error.to_string() })
}

fn title(html: &str) -> Option<String> {
    let start = html.find("<title")?;
    let text = html[start..].split_once('>')?.1.split_once("</title")?.0;
    let plain = HtmlToMarkdown::new().convert(text).ok()?;
    let plain = plain.replace('\\', "").trim().to_owned();
    (!plain.is_empty() && plain.chars().count() <= 200).then_some(plain)
}

/// An upper bound of how deep elements nest: opening tags less closing ones.
fn depth(html: &str) -> usize {
    let (mut now, mut most) = (0usize, 0usize);
    for piece in html.split('<').skip(1) {
        let closing = piece.starts_with('/');
        let name: String =
            piece.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).take(12).collect();
        if name.is_empty() || SELF_CLOSING.contains(&name.to_ascii_lowercase().as_str()) {
            continue;
        }
        now = if closing { now.saturating_sub(1) } else { now + 1 };
        most = most.max(now);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::super::reader::STACK;
    use super::*;

    #[test]
    fn a_page_keeps_its_text_and_loses_its_furniture() {
        let html = "<html><head><title>Lecture &amp; notes</title><style>p {}</style></head><body><nav>Home</nav>
            <h2>Backprop</h2><p>The <b>add</b> gate &lt;copies&gt; x_i.</p><script>alert(1)</script>
            <pre><code>y = x * w</code></pre><table><tr><th>a</th></tr><tr><td>1</td></tr></table></body></html>";
        let blocks = read(html).unwrap();
        let seen: Vec<(Kind, &str)> = blocks.iter().map(|block| (block.kind, block.text.as_str())).collect();
        assert_eq!(
            seen,
            [
                (Kind::Prose, "The add gate <copies> x_i."),
                (Kind::Code, "```\ny = x * w\n```"),
                (Kind::Table, "| a |\n| --- |\n| 1 |"),
            ]
        );
        assert_eq!(blocks[0].section.as_ref(), ["Lecture & notes", "Backprop"]);
    }

    #[test]
    fn endless_nesting_is_refused_and_deep_nesting_read() {
        let cases = || {
            assert!(read(&"<div>".repeat(1_000_000)).is_err());
            let deep = format!("{}deep{}", "<div>".repeat(3_900), "</div>".repeat(3_900));
            assert_eq!(read(&deep).unwrap()[0].text, "deep");
            let many = "<p>one<br>".repeat(20_000);
            assert!(!read(&many).unwrap().is_empty());
        };
        // On the stack that files are read on.
        std::thread::Builder::new().stack_size(STACK).spawn(cases).unwrap().join().unwrap();
    }
}
