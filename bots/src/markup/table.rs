//! Tables: drawn in characters of one width, since no chat can show them otherwise.

use pulldown_cmark::Alignment;
use unicode_width::UnicodeWidthStr;

/// A table as it is read, row by row; the first row is the head.
pub(super) struct Table {
    alignments: Vec<Alignment>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(alignments: Vec<Alignment>) -> Self {
        Self { alignments, rows: Vec::new() }
    }

    /// Begins a row.
    pub(super) fn row(&mut self) {
        self.rows.push(Vec::new());
    }

    /// Adds a cell to the last row.
    pub(super) fn cell(&mut self, text: &str) {
        if let Some(row) = self.rows.last_mut() {
            row.push(text.replace('\n', " ").trim().to_owned());
        }
    }

    /// The table as lines of text.
    pub(super) fn draw(&self) -> String {
        let widths = self.widths();
        let rule = widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("─┼─");
        let mut lines: Vec<String> = self.rows.iter().map(|row| self.line(row, &widths)).collect();
        if lines.len() > 1 {
            lines.insert(1, rule);
        }
        lines.join("\n")
    }

    fn widths(&self) -> Vec<usize> {
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
        (0..self.alignments.len()).map(|column| width(column).unwrap_or(0)).collect()
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells = widths.iter().zip(&self.alignments).enumerate();
        let cells = cells.map(|(column, (width, alignment))| {
            let cell = row.get(column).map_or("", String::as_str);
            let free = width - cell.width();
            let before = match alignment {
                Alignment::Right => free,
                Alignment::Center => free / 2,
                Alignment::Left | Alignment::None => 0,
            };
            format!("{}{cell}{}", " ".repeat(before), " ".repeat(free - before))
        });
        cells.collect::<Vec<_>>().join(" │ ").trim_end().to_owned()
    }
}
