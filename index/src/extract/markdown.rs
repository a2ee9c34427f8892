//! Markdown to blocks: headings become the path, formulas and code stay as written, the dialects' marks go.

mod blocks;
mod clean;

use self::blocks::Builder;
use super::{Block, Sections};
use crate::IndexError;

/// The blocks of a Markdown file; the front matter's title stands above them when there is no main heading.
pub(super) fn read(text: &str) -> Result<Vec<Block>, IndexError> {
    let (title, body) = front_matter(text);
    blocks(body, title)
}

/// The blocks of Markdown text, below `title` when it has no heading of the first level.
pub(super) fn blocks(markdown: &str, title: Option<String>) -> Result<Vec<Block>, IndexError> {
    let mut builder = Builder::default();
    builder.read(markdown)?;
    Ok(builder.finish(title))
}

/// Reads Markdown text below the headings that are open in `sections`.
pub(super) fn read_into(sections: &mut Sections, markdown: &str) -> Result<(), IndexError> {
    let mut builder = Builder::below(std::mem::take(sections));
    builder.read(markdown)?;
    *sections = builder.into_sections();
    Ok(())
}

/// The title in a YAML header between `---` lines, and the text below the header.
fn front_matter(text: &str) -> (Option<String>, &str) {
    let Some(rest) = text.strip_prefix("---\n") else { return (None, text) };
    let Some((header, body)) = rest.split_once("\n---\n").or_else(|| rest.split_once("\n...\n")) else {
        return (None, text);
    };
    let is_setting = |line: &str| line.contains(':') || line.starts_with([' ', '-', '#']) || line.is_empty();
    if !header.lines().all(is_setting) {
        return (None, text);
    }
    let title = header.lines().find_map(|line| line.strip_prefix("title:"));
    let title = title.map(|title| title.trim().trim_matches(['"', '\'']).to_owned());
    (title.filter(|title| !title.is_empty()), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line a block: section › kind: text.
    fn shown(markdown: &str) -> String {
        let line = |block: &Block| format!("{} [{:?}] {}", block.section.join(" › "), block.kind, block.text);
        read(markdown).unwrap().iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn headings_make_the_path() {
        insta::assert_snapshot!(shown("# A\none\n\n### C *x*\ntwo\n\n## B\nthree\n\n# D\nfour"), @r"
        A [Prose] one
        A › C x [Prose] two
        A › B [Prose] three
        D [Prose] four
        ");
    }

    #[test]
    fn jekyll_marks_are_dropped_and_formulas_kept() {
        let notes = "---\nlayout: page\npermalink: /x/\n---\n\n<a name='flow'></a>\n### Flow\n{% include a.html %}\nThe input \\\\(x_i*w_i*b\\\\) and \
            [a link](http://a){:target=\"_blank\"} {{ site.name }} and ![a chart](a.png).\n\n$$\nf(x)\n+ y_1 = \\frac{{a}}{b}_c\n$$\n\n\
            <div class=\"fig\"><img src=\"a.png\"><div class=\"cap\">The caption.</div></div>\n";
        insta::assert_snapshot!(shown(notes), @r"
        Flow [Prose] The input \(x_i*w_i*b\) and a link  and a chart.
        Flow [Formula] $$
        f(x)
        + y_1 = \frac{{a}}{b}_c
        $$
        Flow [Prose] The caption.
        ");
    }

    #[test]
    fn textbook_marks_are_dropped() {
        let notes = "# 梯度下降\n:label:`sec_gd`\n\n如 :numref:`fig_a` 所示，\n学习率$\\eta_t$很小。\n[**注意**]，如下。\n\n$$f(x).$$\n:eqlabel:`gd`\n\n```{.python .input}\n#@tab pytorch\nx = 1  # :label:`kept`\n```\n";
        insta::assert_snapshot!(shown(notes), @r"
        梯度下降 [Prose] 如  所示，学习率$\eta_t$很小。注意，如下。
        梯度下降 [Formula] $$f(x).$$
        梯度下降 [Code] ```python
        #@tab pytorch
        x = 1  # :label:`kept`
        ```
        ");
    }

    #[test]
    fn lists_tables_and_code_stay_whole() {
        let notes = "Steps:\n\n1. first\n   line\n2. second\n   - inner `a_b`\n\n   ```rust\n   let a = 1;\n   ```\n3. third\n\n| a | b |\n|---|---|\n| 1 | *x* |\n\n> quoted\n\nHe said[^1] so.\n\n[^1]: A note.\n";
        insta::assert_snapshot!(shown(notes), @r"
         [Prose] Steps:
         [List] 1. first line
        2. second
          - inner a_b
         [Code] ```rust
        let a = 1;
        ```
         [List] 3. third
         [Table] | a | b |
        | --- | --- |
        | 1 | x |
         [Prose] quoted
         [Prose] He said so.
         [Prose] A note.
        ");
    }

    #[test]
    fn the_header_s_title_stands_in_for_a_main_heading() {
        assert_eq!(read("---\ntitle: \"Week 3\"\n---\n## Flow\ntext").unwrap()[0].section.as_ref(), ["Week 3", "Flow"]);
        assert_eq!(read("---\ntitle: Week 3\n---\n# Main\ntext").unwrap()[0].section.as_ref(), ["Main"]);
        assert_eq!(read("---\nnot a header\n---\ntext").unwrap().len(), 1);
    }

    #[test]
    fn prices_are_no_formulas_and_escapes_no_brackets() {
        insta::assert_snapshot!(shown("It costs $5 or $10, see \\[1\\] and \\(here\\)."), @" [Prose] It costs $5 or $10, see [1] and (here).");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(#|-|\\*|`|\\$|\\||<|>|\\\\|\\(|\\)|\\[|\\]|\\{|%|:|\\}|[a-c中 \n]|\u{e000}|```|\\$\\$){0,60}") {
            read(&text).unwrap();
        }
    }
}
