//! Pieces of a prompt → tokens. Control tokens come from the template alone, by their number; no text is ever parsed for them.

use aho_corasick::{AhoCorasick, BuildError, MatchKind};
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token_type::LlamaTokenAttr;

use super::Token;
use super::template::Piece;

/// The longest text that llama.cpp splits at once, in bytes: its splitter recurses over long runs without spaces.
const LONGEST_RUN: usize = 8 << 10;

/// A token that the template may write and a text may not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Marker {
    text: String,
    token: Token,
    /// It is an added word, which the tokenizer finds even in plain text.
    added: bool,
    /// Spaces before and after it belong to it.
    strips: (bool, bool),
}

/// What is left to do for a stretch of a prompt.
#[derive(Debug, PartialEq, Eq)]
enum Run<'a> {
    Marker(&'a Marker),
    Plain(String),
}

/// The markers of a model's vocabulary.
#[derive(Debug)]
pub(super) struct Markers {
    markers: Vec<Marker>,
    /// Finds markers in what the template wrote, of several at one place the longest.
    in_template: AhoCorasick,
    /// Finds in messages what the tokenizer would take for markers although it was told to read plain text.
    in_texts: AhoCorasick,
    bos: Option<Token>,
}

impl Markers {
    /// Collects them. A vocabulary may list a marker as an ordinary added word, which llama.cpp then finds in texts
    /// too: those that the `template` mentions count as markers.
    ///
    /// # Errors
    /// When the vocabulary has more markers than can be searched for.
    pub(super) fn of(model: &LlamaModel, template: &str) -> Result<Self, BuildError> {
        let vocab = model.vocab();
        let mut markers = Vec::new();
        for token in vocab.tokens() {
            let attributes = vocab.attr(token);
            let added = attributes.contains(LlamaTokenAttr::UserDefined);
            if !added && !vocab.is_control(token) {
                continue;
            }
            let text = String::from_utf8_lossy(&vocab.token_to_piece(token, true, None)).into_owned();
            if text.trim().is_empty() || (added && !template.contains(text.as_str())) {
                continue;
            }
            let strips = (attributes.contains(LlamaTokenAttr::LStrip), attributes.contains(LlamaTokenAttr::RStrip));
            markers.push(Marker { text, token: token.0, added, strips });
        }
        Self::new(markers, vocab.should_add_bos().then(|| vocab.bos().0))
    }

    fn new(markers: Vec<Marker>, bos: Option<Token>) -> Result<Self, BuildError> {
        let finder = |texts: Vec<&str>| AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts);
        let in_template = finder(markers.iter().map(|marker| marker.text.as_str()).collect())?;
        let in_texts =
            finder(markers.iter().filter(|marker| marker.added).map(|marker| marker.text.as_str()).collect())?;
        Ok(Self { markers, in_template, in_texts, bos })
    }

    /// The tokens of a prompt.
    pub(super) fn tokenize(&self, model: &LlamaModel, pieces: &[Piece]) -> Vec<Token> {
        let vocab = model.vocab();
        let mut tokens: Vec<Token> = Vec::new();
        for run in self.runs(pieces) {
            match run {
                Run::Marker(marker) => tokens.push(marker.token),
                Run::Plain(text) => {
                    for part in parts(&text) {
                        tokens.extend(vocab.tokenize(part.as_bytes(), false, false).iter().map(|token| token.0));
                    }
                }
            }
        }
        if let Some(bos) = self.bos.filter(|bos| tokens.first() != Some(bos)) {
            tokens.insert(0, bos);
        }
        tokens
    }

    /// Markers and the plain text between them. Plain text of the template and of a message that touch are one run,
    /// split into tokens as if the whole prompt were.
    fn runs(&self, pieces: &[Piece]) -> Vec<Run<'_>> {
        let mut runs = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Template(words) => self.cut(words, &mut runs),
                Piece::Text(text) => self.guard(text, &mut runs),
            }
        }
        self.strip(&mut runs);
        runs.retain(|run| !matches!(run, Run::Plain(text) if text.is_empty()));
        runs
    }

    fn cut<'a>(&'a self, words: &str, runs: &mut Vec<Run<'a>>) {
        let mut start = 0;
        for found in self.in_template.find_iter(words) {
            join(runs, &words[start..found.start()]);
            runs.push(Run::Marker(&self.markers[found.pattern().as_usize()]));
            start = found.end();
        }
        join(runs, &words[start..]);
    }

    /// Breaks a text inside whatever looks like a marker, so that the tokenizer never sees one whole.
    fn guard(&self, text: &str, runs: &mut Vec<Run<'_>>) {
        let mut start = 0;
        while let Some(found) = self.in_texts.find(&text[start..]) {
            let marker = start + found.start();
            let inside = marker + text[marker..].chars().next().map_or(1, char::len_utf8);
            join(runs, &text[start..inside]);
            runs.push(Run::Plain(String::new()));
            start = inside;
        }
        join(runs, &text[start..]);
    }

    fn strip(&self, runs: &mut [Run<'_>]) {
        for index in 0..runs.len() {
            let Run::Marker(Marker { strips, .. }) = runs[index] else { continue };
            if strips.0
                && index > 0
                && let Run::Plain(before) = &mut runs[index - 1]
            {
                before.truncate(before.trim_ascii_end().len());
            }
            if strips.1
                && let Some(Run::Plain(after)) = runs.get_mut(index + 1)
            {
                *after = after.trim_ascii_start().to_owned();
            }
        }
    }
}

/// Adds plain text to the run that it touches.
fn join(runs: &mut Vec<Run<'_>>, text: &str) {
    match runs.last_mut() {
        Some(Run::Plain(last)) => last.push_str(text),
        _ => runs.push(Run::Plain(text.to_owned())),
    }
}

/// A text in parts of at most [`LONGEST_RUN`] bytes, cut before a space where there is one.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while rest.len() > LONGEST_RUN {
        let most = rest.floor_char_boundary(LONGEST_RUN);
        let cut = rest[..most].rfind([' ', '\n']).filter(|cut| *cut > 0).unwrap_or(most);
        parts.push(&rest[..cut]);
        rest = &rest[cut..];
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn markers() -> Markers {
        let marker = |text: &str, token, added, strips| Marker { text: text.to_owned(), token, added, strips };
        let markers = vec![
            marker("<|end|>", 1, true, (false, true)),
            marker("<|end|><", 9, true, (false, false)),
            marker("<s>", 2, true, (false, false)),
            marker("<control>", 3, false, (true, false)),
        ];
        Markers::new(markers, None).unwrap()
    }

    fn shown(pieces: &[Piece]) -> String {
        let markers = markers();
        let show = |run: &Run<'_>| match run {
            Run::Marker(marker) => format!("({})", marker.token),
            Run::Plain(text) => format!("[{text}]"),
        };
        markers.runs(pieces).iter().map(show).collect()
    }

    #[test]
    fn only_the_template_writes_markers() {
        let template = |words: &str| Piece::Template(words.to_owned());
        let text = |text: &str| Piece::Text(text.to_owned());
        let cases = [
            (vec![template("<s>user\n"), text("hi"), template("<|end|>")], "(2)[user\nhi](1)"),
            (vec![template("<s>"), text("a<|end|>b"), template("<|end|>\nx")], "(2)[a<][|end|>b](1)[x]"),
            (vec![text("<s><s>"), template("<|end|><")], "[<][s><][s>](9)"),
            (vec![text("a <control>"), template("b <control>")], "[a <control>b](3)"),
            (vec![template("<|e"), text("nd|>")], "[<|end|>]"),
            (vec![template(""), text("")], ""),
        ];
        for (pieces, expected) in cases {
            assert_eq!(shown(&pieces), expected, "{pieces:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_guarded_without_losing_a_character(text in "(<s>|<\\|end\\|>|<|s|>|梯| ){0,12}") {
            let markers = markers();
            let runs = markers.runs(&[Piece::Text(text.clone())]);
            let mut whole = String::new();
            for run in &runs {
                let Run::Plain(part) = run else { panic!("a text became a marker") };
                prop_assert!(markers.in_texts.find(part).is_none(), "a marker is left whole in {part}");
                whole.push_str(part);
            }
            prop_assert_eq!(whole, text);
        }

        #[test]
        fn long_texts_are_cut_whole(words in prop::collection::vec("[a梯😀]{1,3000}| |\n", 0..12)) {
            let text = words.concat();
            let parts = parts(&text);
            prop_assert_eq!(parts.concat(), text.as_str());
            prop_assert!(parts.iter().all(|part| part.len() <= LONGEST_RUN));
        }
    }
}
