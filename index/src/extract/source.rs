//! Source code to blocks: whole lines with their numbers, cut where the code itself makes a break.

use super::{Block, Kind, Sections};
use crate::Place;

/// A block ends at a break in the code from this many lines on.
const AIM: usize = 25;
/// A block ends at this many lines.
const MOST: usize = 60;
/// A block ends at this many bytes, for lines that are no lines of people.
const BYTES: usize = 6_000;

/// The languages by the endings of their files' names.
const LANGUAGES: &[(&str, &str)] = &[
    ("py", "python"),
    ("rs", "rust"),
    ("c", "c"),
    ("h", "c"),
    ("cpp", "cpp"),
    ("cc", "cpp"),
    ("hpp", "cpp"),
    ("cu", "cuda"),
    ("java", "java"),
    ("kt", "kotlin"),
    ("cs", "csharp"),
    ("js", "javascript"),
    ("ts", "typescript"),
    ("go", "go"),
    ("rb", "ruby"),
    ("php", "php"),
    ("swift", "swift"),
    ("scala", "scala"),
    ("hs", "haskell"),
    ("ml", "ocaml"),
    ("r", "r"),
    ("jl", "julia"),
    ("m", "matlab"),
    ("sql", "sql"),
    ("sh", "bash"),
    ("lua", "lua"),
    ("asm", "asm"),
    ("s", "asm"),
    ("v", "verilog"),
    ("vhd", "vhdl"),
];

/// The language of files whose names end so.
pub(super) fn language(ending: &str) -> Option<&'static str> {
    LANGUAGES.iter().find(|(known, _)| *known == ending).map(|(_, language)| *language)
}

/// The blocks of a source file.
pub(super) fn read(text: &str, language: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let mut sections = Sections::default();
    let (mut start, mut size) = (0, 0);
    for at in 0..lines.len() {
        size += lines[at].len() + 1;
        if at + 1 == lines.len() || size >= BYTES || breaks(&lines, start, at + 1) {
            push(&mut sections, &lines, start, at + 1, language);
            (start, size) = (at + 1, 0);
        }
    }
    sections.finish(None)
}

/// Adds the lines without the empty ones around them.
fn push(sections: &mut Sections, lines: &[&str], start: usize, end: usize, language: &str) {
    let is_empty = |at: &usize| lines[*at].trim().is_empty();
    let Some(first) = (start..end).find(|at| !is_empty(at)) else { return };
    let last = (first..end).rev().find(|at| !is_empty(at)).unwrap_or(first);
    let number = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
    sections.place = Some(Place::Lines { first: number(first), last: number(last) });
    sections.push(Kind::Code, format!("```{language}\n{}\n```", lines[first..=last].join("\n")));
}

/// Whether a block that began at `start` ends before line `next`: best before what stands at the margin, such as the
/// next function, behind an empty line.
fn breaks(lines: &[&str], start: usize, next: usize) -> bool {
    let length = next - start;
    let at_margin = lines[next].starts_with(|c: char| !c.is_whitespace() && !matches!(c, '}' | ')' | ']'));
    let behind_empty = lines[next - 1].trim().is_empty();
    length >= MOST || (length >= AIM && behind_empty && at_margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_stay_whole_and_lines_are_counted() {
        let function = |name: &str| format!("def {name}():\n{}    return 1\n\n", "    step()\n\n".repeat(10));
        let blocks = read(&format!("{}{}", function("one"), function("two")), "python");
        assert_eq!(blocks.len(), 1, "two short functions are one block");
        let blocks = read(&(0..4).map(|n| function(&format!("f{n}"))).collect::<String>(), "python");
        let starts: Vec<&str> = blocks.iter().filter_map(|block| block.text.lines().nth(1)).collect();
        assert_eq!(starts, ["def f0():", "def f2():"]);
        assert_eq!(blocks[1].place, Some(Place::Lines { first: 47, last: 91 }));
    }

    #[test]
    fn no_block_is_endless() {
        let blocks = read(&"x = 1\n".repeat(1_000), "python");
        assert!(blocks.iter().all(|block| block.text.lines().count() <= MOST + 2));
        let long = read(&format!("{}\n", "y".repeat(5_000)).repeat(4), "js");
        assert_eq!(long.len(), 2);
    }
}
