//! Rows of cells to text that people and models read as a table.

/// The most bytes of a cell that are kept.
const CELL: usize = 2_000;

/// A table with its first row as the head; columns and rows in which nothing stands are left out.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|text| cell(text)).collect()).collect();
    let width = rows.iter().map(Vec::len).max().unwrap_or_default();
    let used: Vec<usize> =
        (0..width).filter(|at| rows.iter().any(|row| row.get(*at).is_some_and(|text| !text.is_empty()))).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<&str> = used.iter().map(|at| row.get(*at).map_or("", String::as_str)).collect();
        format!("| {} |", cells.join(" | "))
    };
    let mut lines: Vec<String> = rows.iter().filter(|row| row.iter().any(|text| !text.is_empty())).map(line).collect();
    if !lines.is_empty() {
        lines.insert(1, format!("|{}", " --- |".repeat(used.len())));
    }
    lines.join("\n")
}

fn cell(text: &str) -> String {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    if text.len() > CELL {
        let end = (0..=CELL).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_rows_and_columns_are_left_out_and_bars_are_escaped() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let rows = [row(&["a", "", "b\nc"]), row(&["", "", ""]), row(&["1", "", "x|y", ""]), row(&["2"])];
        assert_eq!(table(&rows), "| a | b c |\n| --- | --- |\n| 1 | x\\|y |\n| 2 |  |");
        assert_eq!(table(&[]), "");
        assert_eq!(table(&[row(&["", " "])]), "");
    }
}
