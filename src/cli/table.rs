//! A table as a terminal shows it.

use unicode_width::UnicodeWidthStr as _;

/// Lines of aligned columns: the first stands to the left, numbers below their heading's right end.
pub(super) fn table(headings: &[String], rows: &[Vec<String>]) -> Vec<String> {
    let lines: Vec<&[String]> = [headings].into_iter().chain(rows.iter().map(Vec::as_slice)).collect();
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..headings.len()).map(|column| width(column).unwrap_or(0)).collect();
    let number = |column: usize| {
        let mut cells = rows.iter().filter_map(|row| row.get(column)).filter(|cell| *cell != NONE).peekable();
        cells.peek().is_some() && cells.all(|cell| cell.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let numbers: Vec<bool> = (0..headings.len()).map(number).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(widths.iter().zip(&numbers)).map(|(cell, (width, right))| {
            let gap = " ".repeat(width - cell.width());
            if *right { gap + cell } else { cell.clone() + &gap }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.into_iter().map(line).collect()
}

/// What stands in a cell that has no value.
pub(super) const NONE: &str = "–";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_wide_characters_too() {
        let cells = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let lines = table(&cells("课程 tokens until"), &[cells("cs231n 7 –"), cells("线性代数 1234 2026")]);
        assert_eq!(lines, ["课程      tokens  until", "cs231n         7      –", "线性代数    1234   2026"]);
        assert_eq!(table(&cells("a b"), &[]), ["a  b"]);
    }
}
