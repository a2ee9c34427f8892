//! LaTeX source to blocks: sectioning becomes the path, formulas stay as written, comments and the preamble go.
//!
//! TeX itself is a programming language; here nothing is run, and no other file is read. What a command prints is
//! taken to be its braces' content.

mod commands;
mod marks;

use std::mem::take;

use self::commands::{CODE, FRAMED, HEADINGS, LISTS, MATH, NAMED, TABLES, is_one_of, silent};
use self::marks::{Name, character, group, name, optional};
use super::{Block, Kind, Sections, tables};

/// Footnotes in captions in footnotes: deeper ones stay as written.
const DEPTH: usize = 12;
/// The level of a slide's title: below all others.
const SLIDE: usize = 9;

/// The blocks of a source file, below its title.
pub(super) fn read(text: &str) -> Vec<Block> {
    let mut reader = Latex::new(text, 0);
    reader.all();
    reader.sections.finish(reader.title)
}

/// A piece of source as one line of text.
fn inline(text: &str, depth: usize) -> String {
    if depth >= DEPTH {
        return text.to_owned();
    }
    let mut reader = Latex::new(text, depth + 1);
    reader.all();
    let texts: Vec<String> = reader.sections.blocks.into_iter().map(|block| block.text).collect();
    texts.join(" ")
}

struct Latex<'a> {
    rest: &'a str,
    depth: usize,
    sections: Sections,
    title: Option<String>,
    /// The paragraph or item that is being read.
    buffer: String,
    lists: usize,
}

impl<'a> Latex<'a> {
    fn new(rest: &'a str, depth: usize) -> Self {
        Self { rest, depth, sections: Sections::default(), title: None, buffer: String::new(), lists: 0 }
    }

    fn all(&mut self) {
        while let Some(c) = self.rest.chars().next() {
            match c {
                '\\' => self.command(),
                '%' => self.comment(),
                '$' => self.math(),
                '\n' => self.line_end(),
                _ => {
                    let (text, rest) = character(self.rest);
                    self.buffer.push_str(text);
                    self.rest = rest;
                }
            }
        }
        self.end_block();
    }

    /// A comment takes its line's end and the next line's indent with it.
    fn comment(&mut self) {
        let after = self.rest.split_once('\n').map_or("", |(_, after)| after);
        self.rest = after.trim_start_matches([' ', '\t']);
    }

    fn line_end(&mut self) {
        let next = self.rest[1..].trim_start_matches([' ', '\t', '\r']);
        if next.starts_with('\n') {
            self.end_block();
        } else {
            self.buffer.push(' ');
        }
        self.rest = next;
    }

    /// `$…$` stays in its paragraph, `$$…$$` is a block.
    fn math(&mut self) {
        let fence = if self.rest.starts_with("$$") { "$$" } else { "$" };
        let body = &self.rest[fence.len()..];
        let Some(end) = body.find(fence) else {
            self.rest = body;
            return self.buffer.push_str(fence);
        };
        self.rest = &body[end + fence.len()..];
        if fence == "$$" {
            self.formula(&body[..end]);
        } else {
            self.buffer.push_str(&format!("${}$", flat(&body[..end])));
        }
    }

    fn formula(&mut self, body: &str) {
        self.end_block();
        let body = without_comments(body);
        if !body.trim().is_empty() {
            self.sections.push(Kind::Formula, format!("$${}$$", body.trim()));
        }
    }

    fn command(&mut self) {
        let (name, after) = name(self.rest);
        self.rest = after;
        match name {
            Name::Text(text) => self.buffer.push_str(&text),
            Name::Verbatim(text) => self.buffer.push_str(text),
            Name::Word("begin") => self.begin(),
            Name::Word("end") => {
                let environment = self.argument();
                self.end_block();
                self.lists -= usize::from(is_one_of(LISTS, environment) && self.lists > 0);
            }
            Name::Word(open @ ("(" | "[")) => self.bracketed(open),
            Name::Word("item") => self.item(),
            Name::Word("title") => {
                let title = self.argument();
                self.title = Some(inline(title, self.depth)).filter(|title| !title.is_empty());
            }
            Name::Word("footnote") => {
                let note = self.argument();
                let note = inline(note, self.depth);
                self.buffer.push_str(&format!(" ({note})"));
            }
            Name::Word("caption") => {
                self.end_block();
                let caption = self.argument();
                let caption = inline(caption, self.depth);
                self.sections.push(Kind::Prose, caption);
            }
            Name::Word("frametitle") => self.slide(),
            Name::Word(word) => self.other(word),
        }
    }

    /// The title of a slide, when it has one here.
    fn slide(&mut self) {
        let title = self.argument();
        let title = inline(title, self.depth);
        self.sections.heading(SLIDE, &title);
    }

    fn other(&mut self, word: &str) {
        if let Some(level) = HEADINGS.split(' ').position(|heading| heading == word) {
            self.end_block();
            let title = self.argument();
            let title = inline(title, self.depth);
            // A document has sections below its title, whether or not it has parts and chapters.
            return self.sections.heading(level.max(1) + 1, &title);
        }
        for _ in 0..silent(word) {
            self.argument();
        }
    }

    /// `\(…\)` and `\[…\]`.
    fn bracketed(&mut self, open: &str) {
        let close = if open == "(" { "\\)" } else { "\\]" };
        let Some(end) = self.rest.find(close) else { return };
        let body = &self.rest[..end];
        self.rest = &self.rest[end + close.len()..];
        if open == "(" { self.buffer.push_str(&format!("${}$", flat(body))) } else { self.formula(body) }
    }

    fn begin(&mut self) {
        let environment = self.argument();
        let plain = environment.trim_end_matches('*');
        let raw = [MATH, CODE, TABLES].iter().any(|known| is_one_of(known, plain));
        if let Some(body) = raw.then(|| self.body(environment)).flatten() {
            return self.raw(environment, plain, body);
        }
        self.end_block();
        if plain == "document" {
            self.sections.blocks.clear();
        } else if plain == "frame" {
            optional(&mut self.rest);
            self.slide();
        } else if is_one_of(FRAMED, plain) {
            self.argument();
        } else if is_one_of(LISTS, plain) {
            self.lists += 1;
        } else if is_one_of(NAMED, plain) {
            let note = optional(&mut self.rest).map(|note| format!(" ({})", inline(note, self.depth)));
            let mut letters = plain.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            self.buffer = format!("{}{}. ", first.chain(letters).collect::<String>(), note.unwrap_or_default());
        }
        optional(&mut self.rest);
    }

    /// An environment whose content is no running text.
    fn raw(&mut self, environment: &str, plain: &str, body: &str) {
        self.end_block();
        if is_one_of(CODE, plain) {
            let mut body = body;
            optional(&mut body);
            if plain == "minted" {
                body = group(body).map_or(body, |(_, rest)| rest);
            }
            self.sections.code("", body);
        } else if is_one_of(TABLES, plain) {
            self.sections.push(Kind::Table, table(body, self.depth));
        } else if matches!(plain, "equation" | "displaymath" | "math" | "dmath") {
            self.formula(body);
        } else {
            self.formula(&format!("\\begin{{{environment}}}{body}\\end{{{environment}}}"));
        }
    }

    /// What stands before the environment's end.
    fn body(&mut self, environment: &str) -> Option<&'a str> {
        let end = format!("\\end{{{environment}}}");
        let (body, rest) = self.rest.split_once(end.as_str())?;
        self.rest = rest;
        Some(body)
    }

    fn item(&mut self) {
        self.end_block();
        let label = optional(&mut self.rest).map(|label| format!("{}: ", inline(label, self.depth)));
        self.buffer = format!("{}- {}", "  ".repeat(self.lists.saturating_sub(1).min(8)), label.unwrap_or_default());
    }

    /// The argument in braces, optional ones before it left out; empty when there is none.
    fn argument(&mut self) -> &'a str {
        self.rest = self.rest.strip_prefix('*').unwrap_or(self.rest);
        while optional(&mut self.rest).is_some() {}
        let Some((inner, rest)) = group(self.rest) else { return "" };
        self.rest = rest;
        inner
    }

    fn end_block(&mut self) {
        let text = take(&mut self.buffer);
        let indent = text.len() - text.trim_start_matches(' ').len();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match words.strip_prefix("- ") {
            Some(item) if self.lists > 0 => self.sections.push(Kind::List, format!("{}- {item}", " ".repeat(indent))),
            _ if words == "-" => {}
            _ => self.sections.push(Kind::Prose, words),
        }
    }
}

/// Rows end with `\\`, cells with `&`; the columns' layout and rules are left out.
fn table(body: &str, depth: usize) -> String {
    let mut body = body;
    optional(&mut body);
    while let Some((_, rest)) = group(body) {
        body = rest;
    }
    let mut body = without_comments(body);
    for rule in ["\\hline", "\\toprule", "\\midrule", "\\bottomrule"] {
        body = body.replace(rule, " ");
    }
    let body = body.replace("\\&", "\u{e004}");
    let cell = |cell: &str| inline(&cell.replace('\u{e004}', "\\&"), depth);
    let rows: Vec<Vec<String>> = body.split("\\\\").map(|row| row.split('&').map(cell).collect()).collect();
    tables::table(&rows)
}

/// A formula on one line.
fn flat(formula: &str) -> String {
    without_comments(formula).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without_comments(text: &str) -> String {
    let line = |line: &str| {
        let comment = line.match_indices('%').find(|(at, _)| !line[..*at].ends_with('\\'));
        comment.map_or(line, |(at, _)| &line[..at]).to_owned()
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> String {
        let line = |block: &Block| format!("{} [{:?}] {}", block.section.join(" › "), block.kind, block.text);
        read(source).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn structure_formulas_and_accents_are_kept_and_comments_are_not() {
        let source = "\\documentclass[a4paper]{article}\n\\title{Gradient \\emph{descent}}\n\\newcommand{\\R}{\\mathbb{R}}\n\\begin{document}\n\\maketitle\n\
            \\section{Die L\\\"ange}\\label{sec:a}\nAn id is 5\\% of $x_i \\in % why\n \\R$, see~\\cite[p.~3]{knuth}. % a comment\nIt goes \\textbf{on}---always.\\footnote{Or \\emph{not}.}\n\n\
            \\begin{align*}\n a &= b \\\\ % gone\n c &= d\n\\end{align*}\n\\subsection*{Items}\n\\begin{itemize}\n\\item One\n\\begin{enumerate}\\item Inner\\end{enumerate}\n\\item[Two] more\n\\end{itemize}\n\
            \\begin{theorem}[Pythagoras]\\label{t} We have \\[a^2+b^2=c^2\\] always.\\end{theorem}\n\
            \\begin{table}[h]\\centering\\begin{tabular}{l|r}\\hline name & R\\&D \\\\ \\hline a & $1$ \\\\\\end{tabular}\\caption{Costs.}\\end{table}\n\
            \\begin{lstlisting}[language=C]\nx = 1; % kept\n\\end{lstlisting}\n\\end{document}\n";
        insta::assert_snapshot!(shown(source));
    }

    proptest::proptest! {
        #[test]
        fn any_source_is_read(source in "(\\\\begin\\{(itemize|align|tabular|x)\\}|\\\\end\\{(itemize|align|x)\\}|\\\\[a-z]{0,8}|\\\\.|[{}$%&~\\[\\]\\*\"'`a中 \n-]){0,60}") {
            read(&source);
        }
    }

    #[test]
    fn endless_nesting_is_read_to_a_depth() {
        let deep = format!("{}x{}", "\\footnote{".repeat(200), "}".repeat(200));
        assert!(shown(&deep).contains('x'));
    }
}
