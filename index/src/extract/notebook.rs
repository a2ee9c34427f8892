//! Jupyter notebooks to blocks: text, code and what the code printed, each with its cell's number.

use serde_json::Value;

use super::{Block, IndexError, Kind, Sections, markdown};
use crate::Place;

/// The most lines of one output that are kept; the rest is rarely read and never cited.
const LINES: usize = 40;
/// The most bytes of one output that are kept.
const OUTPUT: usize = 4_000;

/// The blocks of a notebook.
pub(super) fn read(text: &str) -> Result<Vec<Block>, IndexError> {
    let corrupt = |reason: String| IndexError::Corrupt { reason };
    let notebook: Value = serde_json::from_str(text).map_err(|error| corrupt(error.to_string()))?;
    let cells = notebook.get("cells").or_else(|| notebook.pointer("/worksheets/0/cells")).and_then(Value::as_array);
    let cells = cells.ok_or_else(|| corrupt("no cells in it".into()))?;
    let language = language(&notebook);
    let mut sections = Sections::default();
    for (number, cell) in (1..).zip(cells) {
        sections.place = Some(Place::Cell { cell: number });
        self::cell(cell, language, &mut sections)?;
    }
    Ok(sections.finish(None))
}

fn language(notebook: &Value) -> &str {
    let named = ["/metadata/language_info/name", "/metadata/kernelspec/language"];
    let name = named.iter().find_map(|path| notebook.pointer(path)).and_then(Value::as_str);
    name.filter(|name| name.chars().all(char::is_alphanumeric)).unwrap_or_default()
}

fn cell(cell: &Value, language: &str, sections: &mut Sections) -> Result<(), IndexError> {
    let source = lines(cell.get("source").or_else(|| cell.get("input")));
    match cell.get("cell_type").and_then(Value::as_str) {
        Some("markdown") => markdown::read_into(sections, &source),
        Some("heading") => {
            let level = cell.get("level").and_then(Value::as_u64).unwrap_or(1);
            sections.heading(usize::try_from(level).unwrap_or(1), &source);
            Ok(())
        }
        Some("code") => {
            sections.code(language, &source);
            let outputs = cell.get("outputs").and_then(Value::as_array);
            outputs.into_iter().flatten().for_each(|printed| sections.code("", &output(printed)));
            Ok(())
        }
        _ => {
            sections.push(Kind::Prose, source.trim());
            Ok(())
        }
    }
}

/// What was printed as text; pictures and pages are left out.
fn output(output: &Value) -> String {
    let shown = output.get("text").or_else(|| output.pointer("/data/text~1plain"));
    let text = match output.get("output_type").and_then(Value::as_str) {
        Some("error" | "pyerr") => format!("{}: {}", lines(output.get("ename")), lines(output.get("evalue"))),
        _ => lines(shown),
    };
    // A picture or an object says where it is in memory: nothing to learn.
    if text.starts_with('<') && text.trim_end().ends_with('>') { String::new() } else { shortened(&text) }
}

/// A text, or a list of lines that carry their ends.
fn lines(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

fn shortened(text: &str) -> String {
    let mut short = String::new();
    for (at, line) in text.lines().enumerate() {
        if at == LINES || short.len() + line.len() > OUTPUT {
            short.push('…');
            break;
        }
        // Colours of terminals.
        let plain = line.split("\u{1b}[").enumerate().map(|(at, part)| match part.split_once('m') {
            Some((_, rest)) if at > 0 => rest,
            _ => part,
        });
        short.extend(plain);
        short.push('\n');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_bounded_and_plain() {
        let long = "line\n".repeat(1_000);
        assert_eq!(shortened(&long).lines().count(), LINES + 1);
        assert!(shortened(&"x".repeat(100_000)).len() <= OUTPUT);
        assert_eq!(shortened("\u{1b}[0;31mError\u{1b}[0m: no"), "Error: no\n");
    }
}
