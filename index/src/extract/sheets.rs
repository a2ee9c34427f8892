//! Tables of values: CSV by its own separator, and the sheets of a workbook; rows in groups with the head repeated.

use std::io::Cursor;

use calamine::{Data, DataRef, Reader as _, Xlsx, XlsxError};

use super::{Block, IndexError, Kind, Sections, tables};
use crate::Place;

/// The most rows of all sheets of a file.
const ROWS: usize = 200_000;
/// The most columns of a row that are kept.
const COLUMNS: usize = 200;
/// A group of rows ends at this many bytes, so that one passage holds it with its head.
const GROUP: usize = 900;

/// A row with its number as spreadsheet programs show it.
type Row = (u32, Vec<String>);

/// The blocks of values between separators: `,`, `;`, tab or `|`, whichever parts most lines alike.
pub(super) fn csv(text: &str) -> Result<Vec<Block>, IndexError> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(text))
        .from_reader(text.as_bytes());
    let mut rows: Vec<Row> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| IndexError::Corrupt { reason: error.to_string() })?;
        if rows.len() == ROWS {
            return Err(IndexError::TooManyRows { limit: ROWS });
        }
        let number = u32::try_from(rows.len() + 1).unwrap_or(u32::MAX);
        rows.push((number, record.iter().take(COLUMNS).map(str::to_owned).collect()));
    }
    let mut sections = Sections::default();
    groups(&rows, &mut sections);
    Ok(sections.finish(None))
}

/// The blocks of a workbook, each sheet below its name. Formulas show the values that were stored with them.
pub(super) fn xlsx(bytes: &[u8]) -> Result<Vec<Block>, IndexError> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(trouble)?;
    let mut sections = Sections::default();
    let mut left = ROWS;
    for name in book.sheet_names() {
        let rows = match sheet(&mut book, &name, left) {
            // A sheet of charts has no cells.
            Err(XlsxError::WorksheetNotFound(_) | XlsxError::NotAWorksheet(_)) => continue,
            read => read.map_err(trouble)?,
        };
        left = left.checked_sub(rows.len()).filter(|left| *left > 0).ok_or(IndexError::TooManyRows { limit: ROWS })?;
        sections.heading(1, &name);
        groups(&rows, &mut sections);
    }
    Ok(sections.finish(None))
}

/// The rows of a sheet in which anything stands, at most `most` and one more. Cells are read one after the other: a
/// sheet whose only cell is the last possible one must not take the memory of all others.
fn sheet(book: &mut Xlsx<Cursor<&[u8]>>, name: &str, most: usize) -> Result<Vec<Row>, XlsxError> {
    let mut rows: Vec<Row> = Vec::new();
    let mut cells = book.worksheet_cells_reader(name)?;
    while let Some(cell) = cells.next_cell()? {
        let (row, column) = cell.get_position();
        let text = shown(cell.get_value());
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if text.is_empty() || column >= COLUMNS {
            continue;
        }
        if rows.last().is_none_or(|(last, _)| *last != row + 1) {
            if rows.len() > most {
                break;
            }
            rows.push((row + 1, Vec::new()));
        }
        if let Some((_, cells)) = rows.last_mut() {
            cells.resize(cells.len().max(column + 1), String::new());
            cells[column] = text;
        }
    }
    Ok(rows)
}

fn shown(value: &DataRef<'_>) -> String {
    let value = Data::from(value.clone());
    match &value {
        Data::DateTime(moment) if moment.is_datetime() => match moment.to_ymd_hms_milli() {
            (year, month, day, 0, 0, ..) => format!("{year:04}-{month:02}-{day:02}"),
            (year, month, day, hour, minute, ..) => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"),
        },
        value => value.to_string().trim().to_owned(),
    }
}

/// Rows in groups below their head, so that each passage says what its columns are.
fn groups(rows: &[Row], sections: &mut Sections) {
    let mut rows = rows.iter().filter(|(_, cells)| cells.iter().any(|cell| !cell.trim().is_empty())).peekable();
    let Some((number, head)) = rows.next() else { return };
    let mut group = Group::new(head);
    if rows.peek().is_none() {
        group.add(*number, &[]);
    }
    for (number, cells) in rows {
        group.add(*number, cells);
        if group.size >= GROUP {
            group.end(sections);
        }
    }
    group.end(sections);
}

struct Group<'a> {
    head: &'a [String],
    rows: Vec<Vec<String>>,
    first: u32,
    last: u32,
    /// The bytes of its rows.
    size: usize,
}

impl<'a> Group<'a> {
    fn new(head: &'a [String]) -> Self {
        Self { head, rows: Vec::new(), first: 0, last: 0, size: 0 }
    }

    fn add(&mut self, number: u32, cells: &[String]) {
        if self.rows.is_empty() {
            (self.first, self.size) = (number, 0);
        }
        self.last = number;
        self.size += cells.iter().map(|cell| cell.len() + 3).sum::<usize>();
        self.rows.push(cells.to_vec());
    }

    fn end(&mut self, sections: &mut Sections) {
        if self.rows.is_empty() {
            return;
        }
        let mut rows = vec![self.head.to_vec()];
        rows.append(&mut self.rows);
        sections.place = Some(Place::Rows { first: self.first, last: self.last });
        sections.push(Kind::Table, tables::table(&rows));
        self.size = 0;
    }
}

/// The separator that parts the first lines into the same number of cells, two at least.
pub(crate) fn separator(text: &str) -> u8 {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(20).collect();
    let score = |separator: &u8| {
        let counts: Vec<usize> =
            lines.iter().map(|line| line.bytes().filter(|byte| byte == separator).count()).collect();
        let first = counts.first().copied().unwrap_or_default();
        (counts.iter().filter(|count| first > 0 && **count == first).count(), first)
    };
    // The first of equals wins.
    let candidates = [b'|', b'\t', b';', b','];
    candidates.into_iter().max_by_key(score).unwrap_or(b',')
}

fn trouble(error: XlsxError) -> IndexError {
    match error {
        XlsxError::Password => IndexError::PasswordProtected,
        error => IndexError::Corrupt { reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_found() {
        for (text, expected) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2\n2,5;3\n", b';'),
            ("a\tb, c\n1\t2\n", b'\t'),
            ("one column\nof text\n", b','),
        ] {
            assert_eq!(separator(text), expected, "{text:?}");
        }
    }

    #[test]
    fn every_group_of_rows_repeats_the_head_and_knows_its_rows() {
        let rows: String = (1..=100).map(|n| format!("{n},\"name {n}, with a comma\",{}\n", n * n)).collect();
        let blocks = csv(&format!("n,name,square\n{rows}")).unwrap();
        assert!(blocks.len() > 2);
        assert!(blocks.iter().all(|block| block.text.starts_with("| n | name | square |\n| --- |")));
        let mut next = 2;
        for block in &blocks {
            let Some(Place::Rows { first, last }) = block.place else { panic!("no rows") };
            assert_eq!((first, block.text.lines().count()), (next, usize::try_from(last - first).unwrap() + 3));
            next = last + 1;
        }
        assert_eq!(next, 102);
        assert!(blocks[1].text.contains("| 36 | name 36, with a comma | 1296 |"));
    }
}
