//! The screen: what is written to a terminal so that a growing text stands there, and the checked one in its place.
//!
//! [`Screen`] is pure: it returns the bytes. It keeps count of the cells that were written since the
//! answer began, so that it knows how far up the cursor must go to begin anew.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The size of a terminal, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Cells in a row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
}

/// One answer's part of a terminal.
pub(crate) struct Screen {
    size: Size,
    /// The text so far, as it was written.
    streamed: String,
    /// The row of the cursor, counted from where the answer began.
    row: usize,
    /// Where the last line begins in the text, and in which row.
    line: (usize, usize),
    progress: bool,
}

const CLEAR_LINE: &str = "\r\u{1b}[K";
const CLEAR_BELOW: &str = "\u{1b}[J";
const FAINT: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";
const TAB: &str = "    ";
/// How long the line is that stands between a text that scrolled away and its checked form, at most.
const RULE: usize = 40;

impl Screen {
    pub(crate) fn new(size: Size) -> Self {
        let size = Size { columns: size.columns.max(2), rows: size.rows.max(2) };
        Self { size, streamed: String::new(), row: 0, line: (0, 0), progress: false }
    }

    /// Shows `line` in place of the last such line; nothing once there is text.
    pub(crate) fn progress(&mut self, line: &str, colour: bool) -> String {
        if !self.streamed.is_empty() {
            return String::new();
        }
        self.progress = true;
        let line = clipped(&printable(line).replace('\n', " "), self.size.columns - 1);
        if colour { format!("{CLEAR_LINE}{FAINT}{line}{PLAIN}") } else { format!("{CLEAR_LINE}{line}") }
    }

    /// Shows `piece` after what stands.
    pub(crate) fn text(&mut self, piece: &str) -> String {
        let mut output = self.clear_progress();
        let piece = printable(piece);
        // Space before the first word would only move it about.
        let piece = if self.streamed.is_empty() { piece.trim_start() } else { piece.as_str() };
        self.streamed.push_str(piece);
        self.follow();
        output.push_str(piece);
        output
    }

    /// Shows `text` in place of all that stands.
    pub(crate) fn rewrite(&mut self, text: &str) -> String {
        if self.is_out_of_sight() && words(&self.streamed) == words(text) {
            return String::new();
        }
        self.begin_anew() + &self.text(text)
    }

    /// Ends the answer: `rendered`, which is the looks of `text`, takes the place of all that stands. Where
    /// the beginning has scrolled away it follows below a thin line, unless only the looks would differ.
    pub(crate) fn finish(&mut self, rendered: &str, text: &str) -> String {
        let known = self.is_out_of_sight() && words(&self.streamed) == words(&printable(text));
        let output = if known { String::new() } else { self.begin_anew() + rendered };
        self.streamed.clear();
        (self.row, self.line) = (0, (0, 0));
        if known || !rendered.is_empty() { output + "\n" } else { output }
    }

    fn is_out_of_sight(&self) -> bool {
        self.row + 1 >= self.size.rows
    }

    /// Goes back to where the answer began and clears it; below a thin line where that is out of sight.
    fn begin_anew(&mut self) -> String {
        let mut output = self.clear_progress();
        if self.is_out_of_sight() {
            let rule = "─".repeat(self.size.columns.min(RULE));
            output.push_str(&format!("\n{rule}\n"));
        } else if !self.streamed.is_empty() {
            output.push_str(&up(self.row));
            output.push_str(CLEAR_BELOW);
        }
        self.streamed.clear();
        (self.row, self.line) = (0, (0, 0));
        output
    }

    fn clear_progress(&mut self) -> String {
        if std::mem::take(&mut self.progress) { CLEAR_LINE.to_owned() } else { String::new() }
    }

    /// Counts the rows of what was written. Characters may join across pieces, as a family of emoji does, so the
    /// last line is measured anew.
    fn follow(&mut self) {
        let (mut start, mut row) = self.line;
        for line in self.streamed[start..].split('\n') {
            self.line = (start, row);
            self.row = row + turns(line, self.size.columns);
            start += line.len() + 1;
            row = self.row + 1;
        }
    }
}

/// How often `line` goes on in a further row of so many columns.
fn turns(line: &str, columns: usize) -> usize {
    let (mut turns, mut column) = (0, 0);
    for width in line.graphemes(true).map(UnicodeWidthStr::width) {
        if column + width > columns {
            (turns, column) = (turns + 1, 0);
        }
        column += width;
    }
    turns
}

fn up(rows: usize) -> String {
    if rows == 0 { "\r".to_owned() } else { format!("\r\u{1b}[{rows}A") }
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// The beginning of `line` that fits into `columns` cells.
fn clipped(line: &str, columns: usize) -> String {
    let mut left = columns;
    let fits = |character: &&str| {
        let fits = character.width() <= left;
        left = left.saturating_sub(character.width());
        fits
    };
    line.graphemes(true).take_while(fits).collect()
}

/// `text` without what a terminal would obey: control characters, and marks that turn the direction of text.
pub(crate) fn printable(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let keep = |c: &char| *c == '\n' || *c == '\t' || !(c.is_control() || turns(*c));
    text.chars().filter(keep).collect::<String>().replace('\t', TAB)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthChar;

    use super::*;

    /// A terminal small enough to be checked: it obeys the codes that a screen writes and no others.
    struct Terminal {
        size: Size,
        cells: Vec<Vec<char>>,
        row: usize,
        column: usize,
    }

    impl Terminal {
        fn new(size: Size) -> Self {
            Self { size, cells: vec![Vec::new()], row: 0, column: 0 }
        }

        fn write(&mut self, output: &str) {
            let mut rest = output.chars();
            while let Some(c) = rest.next() {
                match c {
                    '\r' => self.column = 0,
                    '\n' => self.line_feed(),
                    '\u{1b}' => self.obey(&mut rest),
                    c => self.put(c),
                }
            }
        }

        fn obey(&mut self, rest: &mut std::str::Chars<'_>) {
            assert_eq!(rest.next(), Some('['));
            let mut number = String::new();
            for c in rest {
                match c {
                    '0'..='9' => number.push(c),
                    'A' => return self.row -= number.parse::<usize>().unwrap(),
                    'K' => return self.cells[self.row].truncate(self.column),
                    'J' => {
                        self.cells.truncate(self.row + 1);
                        return self.cells[self.row].truncate(self.column);
                    }
                    'm' => return,
                    other => panic!("unknown code {other}"),
                }
            }
        }

        fn line_feed(&mut self) {
            (self.row, self.column) = (self.row + 1, 0);
            if self.row == self.cells.len() {
                self.cells.push(Vec::new());
            }
        }

        fn put(&mut self, c: char) {
            assert!(!c.is_control(), "{c:?} reached the terminal");
            let width = c.width().unwrap_or(0);
            if self.column + width > self.size.columns {
                self.line_feed();
            }
            let row = &mut self.cells[self.row];
            row.truncate(self.column);
            row.resize(self.column, ' ');
            // A wide character stands in its first cell and takes the next.
            row.extend(std::iter::once(c).chain(std::iter::repeat_n('\0', width.saturating_sub(1))).take(width));
            self.column += width;
        }

        fn text(&self) -> String {
            let rows = self.cells.iter().map(|row| row.iter().filter(|c| **c != '\0').collect::<String>());
            rows.collect::<Vec<_>>().join("\n")
        }
    }

    const SMALL: Size = Size { columns: 20, rows: 8 };

    #[test]
    fn progress_is_overwritten_and_vanishes_with_the_text() {
        let (mut screen, mut terminal) = (Screen::new(SMALL), Terminal::new(SMALL));
        terminal.write(&screen.progress("Looking in the notes of the course", true));
        assert_eq!(terminal.text(), "Looking in the note");
        terminal.write(&screen.progress("Reading…", false));
        assert_eq!(terminal.text(), "Reading…");
        terminal.write(&screen.text("\n\nIt **adds**"));
        assert_eq!(terminal.text(), "It **adds**");
        terminal.write(&screen.progress("Checking…", false));
        terminal.write(&screen.finish("It adds.", "It adds."));
        assert_eq!(terminal.text(), "It adds.\n");
    }

    #[test]
    fn a_text_that_scrolled_away_is_followed_by_its_checked_form() {
        let (mut screen, mut terminal) = (Screen::new(SMALL), Terminal::new(SMALL));
        let long = "word ".repeat(60);
        terminal.write(&screen.text(&long));
        terminal.write(&screen.finish("Another.", "Another."));
        assert!(terminal.text().ends_with("\n────────────────────\nAnother.\n"), "{}", terminal.text());

        let (mut screen, mut terminal) = (Screen::new(SMALL), Terminal::new(SMALL));
        terminal.write(&screen.text(&long));
        let before = terminal.text();
        terminal.write(&screen.finish(&long, &long));
        assert_eq!(terminal.text(), before + "\n", "the same words are not printed twice");
    }

    #[test]
    fn characters_that_are_joined_take_the_room_of_one() {
        let family = "👨‍👩‍👧‍👦";
        let mut screen = Screen::new(Size { columns: 11, rows: 8 });
        for c in format!("{family}{family}{family}\n{}", family.repeat(6)).chars() {
            screen.text(&c.to_string());
        }
        assert!(
            screen.rewrite("x").starts_with("\r\u{1b}[2A"),
            "five of them in a row, so that the cursor is two down"
        );
        let clipped = |line: &str| super::clipped(line, 5);
        assert_eq!(clipped(&family.repeat(4)), family.repeat(2));
        assert_eq!((clipped("ae\u{301}iou數"), clipped("🇳🇴🇫🇷🇩🇪")), ("ae\u{301}iou".to_owned(), "🇳🇴🇫🇷".to_owned()));
    }

    proptest! {
        #[test]
        fn the_checked_text_takes_the_place_of_the_streamed_one(
            pieces in prop::collection::vec("[a-z 数梯度🙂é\n\t\u{1b}\u{7}\u{202e}]{0,12}", 0..8),
            last in "[a-z数🙂]{1,12}",
        ) {
            let size = Size { columns: 11, rows: 200 };
            let (mut screen, mut terminal) = (Screen::new(size), Terminal::new(size));
            terminal.write("> question\n");
            for piece in &pieces {
                terminal.write(&screen.text(piece));
            }
            terminal.write(&screen.finish(&last, &last));
            let mut expected = Terminal::new(size);
            expected.write(&format!("> question\n{last}\n"));
            prop_assert_eq!(terminal.text(), expected.text());
        }
    }
}
