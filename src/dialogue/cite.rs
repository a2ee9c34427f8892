//! Checks an answer against its passages, sentence by sentence, in code: the model is not asked.
//!
//! A sentence is supported by a passage when the passage holds enough of its content words and all of its
//! numbers. The quote is the passage's own sentence that says most of it, verbatim.

use std::collections::HashSet;

use tutor_index::Passage;
use tutor_index::analyze::{content_words, numbers, sentences};

use crate::memory::Unsupported;

/// The share of a sentence's content words that a passage must hold to support it.
pub(crate) const SUPPORTED: f32 = 0.7;

/// The longest quote, in characters; longer ones are cut at a word and stay verbatim.
const QUOTE_LIMIT: usize = 320;

/// A stretch of an answer and what supports it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Checked {
    /// White space between it and the stretch before.
    gap: String,
    /// The sentence, or a whole code block.
    pub(crate) text: String,
    /// The share of its content words that the best passage holds, 0 to 1; 0 when a number is not there.
    pub(crate) support: f32,
    /// The passage that supports it, by its position.
    pub(crate) passage: Option<usize>,
    /// It says nothing that could be checked, such as "Sure!".
    empty: bool,
}

/// Whether less than half of what an answer claims stands in the notes.
pub(crate) fn is_poor(checked: &[Checked]) -> bool {
    let claims = checked.iter().filter(|sentence| !sentence.empty);
    let (supported, all) = claims
        .fold((0, 0), |(supported, all), sentence| (supported + usize::from(sentence.passage.is_some()), all + 1));
    supported * 2 < all || supported == 0
}

/// A source of an answer, numbered in the order of first use.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cited {
    /// The passage, by its position among those that were given.
    pub(crate) passage: usize,
    /// The passage's sentence that says most of what was answered from it.
    pub(crate) quote: String,
}

/// An answer with its marks in place.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Answer {
    /// The text with `[n]` behind supported sentences.
    pub(crate) text: String,
    /// Source `n` is at position `n - 1`.
    pub(crate) sources: Vec<Cited>,
    /// What stands in the text: each stretch, the number of its source, and its support.
    pub(crate) sentences: Vec<(String, Option<u32>, f32)>,
}

/// Finds the support of every sentence of `answer` to what was `asked`: the question as the model was given it. What only
/// repeats that claims nothing.
pub(crate) fn check(answer: &str, asked: &str, passages: &[Passage]) -> Vec<Checked> {
    let asked: HashSet<String> = content_words(asked).into_iter().collect();
    let words: Vec<HashSet<String>> = passages.iter().map(evidence).collect();
    let figures: Vec<HashSet<String>> = passages.iter().map(|p| numbers(&p.text).into_iter().collect()).collect();
    stretches(&without_marks(answer))
        .into_iter()
        .map(|(gap, text)| {
            let all = content_words(&text);
            let turns = is_circle(&all, &text);
            let said: HashSet<String> = all.into_iter().collect();
            let counted = numbers(&text);
            let supports = (0..passages.len()).map(|at| {
                let known = !turns && counted.iter().all(|number| figures[at].contains(number));
                if known { share(&said, &words[at]) } else { 0.0 }
            });
            let best = supports.enumerate().fold((0, 0.0), |best, next| if next.1 > best.1 { next } else { best });
            // A question claims nothing; small models like to repeat the student's.
            let claims = !text.ends_with(['?', '？'])
                && (said.len() > 1 || !counted.is_empty())
                && !said.is_subset(&asked)
                && !is_fence(&text);
            let passage = (best.1 >= SUPPORTED && said.len() > 1 && claims).then_some(best.0);
            Checked { gap, text, support: best.1, passage, empty: !claims }
        })
        .collect()
}

/// Puts the marks in, as the course's rule says; `mark` is what stands behind an unsupported sentence.
pub(crate) fn compose(checked: &[Checked], passages: &[Passage], rule: Unsupported, mark: &str) -> Answer {
    let mut answer = Answer::default();
    let mut order: Vec<usize> = Vec::new();
    for (at, sentence) in checked.iter().enumerate() {
        let repeated = checked[..at].iter().any(|before| before.text == sentence.text);
        let wanted = sentence.passage.is_some() || (rule == Unsupported::Mark && !sentence.empty);
        if !wanted || repeated {
            continue;
        }
        let number = sentence.passage.map(|passage| number_of(passage, &mut order));
        let next = checked[at + 1..].iter().find(|next| !next.empty);
        let run_goes_on = next.is_some_and(|next| next.passage == sentence.passage && !next.gap.contains('\n'));
        if answer.text.ends_with([']', '）']) && sentence.gap.is_empty() {
            answer.text.push(' ');
        } else if !answer.text.is_empty() {
            answer.text.push_str(&sentence.gap);
        }
        answer.text.push_str(&sentence.text);
        // Chinese has no space before a mark, and emphasis cannot end before one of its characters.
        let wide = sentence.text.ends_with(|c: char| !c.is_ascii());
        let space = if sentence.text.ends_with("```") {
            "\n"
        } else if wide {
            ""
        } else {
            " "
        };
        match number {
            Some(n) if !run_goes_on => answer.text.push_str(&format!("{space}[{n}]")),
            None if !run_goes_on && wide => answer.text.push_str(&format!("（{mark}）")),
            None if !run_goes_on => answer.text.push_str(&format!("{space}*({mark})*")),
            _ => {}
        }
        answer.sentences.push((sentence.text.clone(), number, sentence.support));
    }
    answer.sources = order.iter().map(|&passage| cited(passage, checked, passages)).collect();
    answer
}

/// An answer in the notes' own words: the sentences that say most of what was asked, verbatim. `passages` come best first.
///
/// It stands in where the model wrote nothing that the notes support.
pub(crate) fn extract(question: &str, passages: &[Passage], most: usize) -> Answer {
    let asked: HashSet<String> = content_words(question).into_iter().collect();
    let mut found: Vec<(usize, usize, f32, &str)> = Vec::new();
    for (at, passage) in passages.iter().enumerate() {
        let told = prose(&passage.text).into_iter().enumerate();
        found.extend(told.map(|(place, text)| (at, place, telling(&asked, text) * 0.85_f32.powi(at as i32), text)));
    }
    found.retain(|(.., score, _)| *score > 0.0);
    if found.is_empty() {
        // The words stand in the headings alone: what is said below them answers.
        let below = passages.first().map_or_else(Vec::new, |passage| prose(&passage.text));
        found.extend(below.into_iter().take(most).enumerate().map(|(place, text)| (0, place, 1.0, text)));
    }
    if found.iter().any(|(.., text)| tells(text)) {
        found.retain(|(.., text)| tells(text));
    }
    found.sort_by(|a, b| b.2.total_cmp(&a.2));
    // What says much less than the best only distracts.
    let least = found.first().map_or(0.0, |best| best.2 * 0.7);
    found.retain(|(.., score, _)| *score >= least);
    found.truncate(most);
    let quoted: Vec<(usize, &str)> = found.iter().map(|(at, _, _, text)| (*at, *text)).collect();
    found.sort_by_key(|(at, place, ..)| (*at, *place));
    let mut answer = Answer::default();
    let mut order = Vec::new();
    for (at, _, _, text) in &found {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        answer.sentences.push((text, Some(number_of(*at, &mut order)), 1.0));
    }
    let best = |at: &usize| quoted.iter().find(|(passage, _)| passage == at).map_or("", |(_, text)| text);
    answer.sources = order.iter().map(|at| Cited { passage: *at, quote: shortened(best(at)).to_owned() }).collect();
    let lines: Vec<String> =
        answer.sentences.iter().map(|(text, number, _)| format!("{text} [{}]", number.unwrap_or_default())).collect();
    answer.text = lines.join(" ");
    answer
}

/// Whether a sentence tells something: a heading or an announcement does not.
fn tells(text: &str) -> bool {
    content_words(text).len() > 3 && !text.trim_end().ends_with([':', '：'])
}

/// How much a sentence tells of what was asked; one that begins with it is rather about it than one that mentions it.
fn telling(asked: &HashSet<String>, sentence: &str) -> f32 {
    let words = content_words(sentence);
    let subject = words.iter().take(2).any(|word| asked.contains(word));
    overlap(asked, sentence) * if subject { 1.5 } else { 1.0 }
}

/// The passage's sentence that says most of `text`, verbatim and at most [`QUOTE_LIMIT`] characters long.
pub(crate) fn quote<'p>(text: &str, passage: &'p Passage) -> &'p str {
    let said: HashSet<String> = content_words(text).into_iter().collect();
    let mut all = prose(&passage.text);
    if all.iter().any(|text| tells(text) && overlap(&said, text) > 0.0) {
        all.retain(|text| tells(text));
    }
    let best = all.into_iter().max_by(|a, b| overlap(&said, a).total_cmp(&overlap(&said, b)));
    shortened(best.unwrap_or(&passage.text))
}

fn number_of(passage: usize, order: &mut Vec<usize>) -> u32 {
    let at = order.iter().position(|known| *known == passage).unwrap_or_else(|| {
        order.push(passage);
        order.len() - 1
    });
    u32::try_from(at + 1).unwrap_or(u32::MAX)
}

fn cited(passage: usize, checked: &[Checked], passages: &[Passage]) -> Cited {
    let said: String = checked
        .iter()
        .filter(|sentence| sentence.passage == Some(passage))
        .map(|sentence| format!("{} ", sentence.text))
        .collect();
    Cited { passage, quote: quote(&said, &passages[passage]).to_owned() }
}

/// Whether a model went round in circles: what it repeats stands in the notes, the sentence does not.
fn is_circle(words: &[String], text: &str) -> bool {
    let different: HashSet<&String> = words.iter().collect();
    words.len() > 12 && different.len() * 4 <= words.len() && !text.starts_with("```")
}

/// Words of a passage that count as evidence: its text and its headings.
fn evidence(passage: &Passage) -> HashSet<String> {
    let headings = passage.section.iter().flat_map(|heading| content_words(heading));
    content_words(&passage.text).into_iter().chain(headings).collect()
}

fn share(said: &HashSet<String>, known: &HashSet<String>) -> f32 {
    if said.is_empty() {
        return 0.0;
    }
    said.intersection(known).count() as f32 / said.len() as f32
}

/// How much of `said` a sentence holds; the square root keeps long sentences from winning by length.
fn overlap(said: &HashSet<String>, sentence: &str) -> f32 {
    let words: HashSet<String> = content_words(sentence).into_iter().collect();
    if words.is_empty() {
        return 0.0;
    }
    said.intersection(&words).count() as f32 / (words.len() as f32).sqrt()
}

/// The sentences of a passage that can be quoted: without tables and code, unless there is nothing else.
fn prose(text: &str) -> Vec<&str> {
    let all = sentences(text);
    let plain: Vec<&str> =
        all.iter().copied().filter(|s| !s.contains("```") && !s.contains(" | ") && s.chars().count() > 8).collect();
    if plain.is_empty() { all } else { plain }
}

fn shortened(text: &str) -> &str {
    let text = text.trim();
    let Some((limit, _)) = text.char_indices().nth(QUOTE_LIMIT) else { return text };
    let cut = &text[..limit];
    match cut.rfind(char::is_whitespace) {
        Some(space) if space > limit / 2 => cut[..space].trim_end(),
        _ => cut,
    }
}

/// The answer without bracketed numbers: the model's own citations are not trusted. What stands in code, or is attached to a
/// name as in `a[0]`, is an index and stays.
fn without_marks(answer: &str) -> String {
    let mut kept = String::with_capacity(answer.len());
    let mut rest = answer;
    // How long the kept text was when a mark was last left out: one that follows it at once is a mark too.
    let mut left_out = None;
    while let Some(open) = rest.find('[') {
        let (before, from) = rest.split_at(open);
        kept.push_str(before);
        let digits = from[1..].chars().take_while(char::is_ascii_digit).count();
        let number = (1..=2).contains(&digits) && from[1 + digits..].starts_with(']');
        if number && (left_out == Some(kept.len()) || !is_index(&kept)) {
            kept.truncate(kept.trim_end_matches(' ').len());
            left_out = Some(kept.len());
            rest = &from[digits + 2..];
        } else {
            kept.push('[');
            rest = &from[1..];
        }
    }
    kept.push_str(rest);
    kept
}

/// Whether it is the line of a prompt that begins or ends quoted notes.
fn is_fence(text: &str) -> bool {
    ["<notes", "</notes"].iter().any(|tag| text.trim_start().starts_with(tag))
}

/// Whether a bracket behind `text` is an index.
fn is_index(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or(text).replace("```", "");
    let code = text.matches("```").count() % 2 == 1 || line.matches('`').count() % 2 == 1;
    code || text.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ')' | ']'))
}

/// Sentences with the white space before each; a fenced code block is one stretch.
fn stretches(answer: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut gap = String::new();
    for (at, part) in answer.split("```").enumerate() {
        if at % 2 == 1 {
            found.push((std::mem::take(&mut gap), format!("```{}\n```", part.trim_end())));
            continue;
        }
        let mut end = 0;
        for sentence in sentences(part) {
            let sentence = sentence.trim();
            let Some(start) = part[end..].find(sentence).map(|offset| end + offset) else { continue };
            gap.push_str(&part[end..start]);
            end = start + sentence.len();
            if !sentence.is_empty() {
                found.push((std::mem::take(&mut gap), sentence.to_owned()));
            }
        }
        gap.push_str(&part[end..]);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passage(text: &str) -> Passage {
        Passage {
            course: "c".into(),
            document: "notes.md".into(),
            section: vec!["Backward flow".into()],
            marks: Vec::new(),
            place: 0,
            text: text.into(),
        }
    }

    fn notes() -> Vec<Passage> {
        vec![
            passage("The add gate distributes the gradient equally to all of its inputs. It ignores their values."),
            passage("Adam was published in 2014. Its default learning rate is 0.001."),
            passage("学习率决定每一步更新的幅度。学习率太大时，损失会发散。"),
        ]
    }

    #[test]
    fn supported_sentences_carry_their_source_and_others_a_mark() {
        let notes = notes();
        let checked = check("The add gate distributes the gradient equally. Penguins live in Antarctica.", "", &notes);
        let answer = compose(&checked, &notes, Unsupported::Mark, "not from the notes");
        assert_eq!(
            answer.text,
            "The add gate distributes the gradient equally. [1] Penguins live in Antarctica. *(not from the notes)*"
        );
        assert_eq!(answer.sources[0].quote, "The add gate distributes the gradient equally to all of its inputs.");
    }

    #[test]
    fn the_rule_can_drop_what_the_notes_do_not_say() {
        let notes = notes();
        let checked = check("Penguins live in Antarctica. The add gate ignores values of its inputs.", "", &notes);
        let answer = compose(&checked, &notes, Unsupported::Drop, "");
        assert_eq!(answer.text, "The add gate ignores values of its inputs. [1]");
    }

    #[test]
    fn a_number_that_the_notes_do_not_have_is_no_support() {
        for (text, expected) in [
            ("The default learning rate of Adam is 0.001.", Some(1)),
            ("The default learning rate of Adam is 0.01.", None),
            ("Adam was published in 2015.", None),
        ] {
            assert_eq!(check(text, "", &notes())[0].passage, expected, "{text}");
        }
    }

    #[test]
    fn chinese_sentences_are_checked_alike() {
        let notes = notes();
        let checked = check("学习率决定更新的幅度。企鹅住在南极的冰上。", "", &notes);
        let answer = compose(&checked, &notes, Unsupported::Drop, "");
        assert_eq!(answer.text, "学习率决定更新的幅度。[1]");
        assert_eq!(answer.sources[0].quote, "学习率决定每一步更新的幅度。");
        let checked = check("学习率决定更新的幅度。企鹅住在南极的冰上。学习率太大时，损失会发散。", "", &notes);
        let answer = compose(&checked, &notes, Unsupported::Mark, "非讲义内容");
        assert_eq!(
            answer.text,
            "学习率决定更新的幅度。[1] 企鹅住在南极的冰上。（非讲义内容） 学习率太大时，损失会发散。[1]"
        );
    }

    #[test]
    fn going_round_in_circles_is_no_support() {
        let circle = format!("学习率决定{}", "每一步更新的幅度".repeat(12));
        let checked = check(&circle, "", &notes());
        assert_eq!((checked[0].passage, checked[0].support), (None, 0.0));
        assert!(is_poor(&checked));
    }

    #[test]
    fn sources_are_numbered_by_first_use_and_runs_are_marked_once() {
        let notes = notes();
        let text =
            "Adam was published in 2014. The default learning rate of Adam is 0.001. The add gate ignores values.";
        let answer = compose(&check(text, "", &notes), &notes, Unsupported::Mark, "");
        assert_eq!(
            answer.text,
            "Adam was published in 2014. The default learning rate of Adam is 0.001. [1] The add gate ignores values. [2]"
        );
        assert_eq!(answer.sources.iter().map(|source| source.passage).collect::<Vec<_>>(), [1, 0]);
    }

    #[test]
    fn the_models_own_citations_are_not_trusted() {
        for (written, kept) in [
            ("A gate [1][23]. 梯度[2]。 [note] [3]", "A gate. 梯度。 [note]"),
            ("The first is a[0], then x[i] and f(x)[1][2].", "The first is a[0], then x[i] and f(x)[1][2]."),
            ("`y = [1]` [1]\n```\nx[0] = 1\nz = [2]\n``` [2]", "`y = [1]`\n```\nx[0] = 1\nz = [2]\n```"),
        ] {
            assert_eq!(without_marks(written), kept);
        }
    }

    #[test]
    fn what_only_repeats_the_question_claims_nothing() {
        let asked = "学习率太大会怎样？\n\n请用讲义中的话，以一到三句话回答。";
        let checked =
            check("请用讲义中的话，以一到三句话回答。学习率太大！学习率太大时，损失会发散。", asked, &notes());
        let answer = compose(&checked, &notes(), Unsupported::Mark, "非讲义内容");
        assert_eq!(answer.text, "学习率太大时，损失会发散。[1]");
        assert!(is_poor(&check("学习率太大！", asked, &notes())));
        let fenced = "<notes source=\"学习率 › 更新幅度\">\n\n学习率太大时，损失会发散。\n\n</notes>";
        let answer = compose(&check(fenced, asked, &notes()), &notes(), Unsupported::Mark, "非讲义内容");
        assert_eq!(answer.text.trim(), "学习率太大时，损失会发散。[1]");
    }

    #[test]
    fn what_only_a_heading_names_is_answered_by_what_stands_below() {
        let notes = [passage("Disorder in a closed system never falls. It is measured in joules per kelvin.")];
        let answer = extract("What is entropy?", &notes, 1);
        assert_eq!(answer.text, "Disorder in a closed system never falls. [1]");
        assert_eq!(answer.sources[0].quote, "Disorder in a closed system never falls.");
    }

    #[test]
    fn an_announcement_is_no_quote_where_something_is_told() {
        let told = passage("Dropout looks as follows:\n\nDropout switches neurons off at random while training.");
        assert_eq!(quote("dropout", &told), "Dropout switches neurons off at random while training.");
    }

    #[test]
    fn an_extract_is_verbatim() {
        let notes = notes();
        let answer = extract("What does the add gate do to the gradient?", &notes, 1);
        assert_eq!(answer.text, "The add gate distributes the gradient equally to all of its inputs. [1]");
        assert!(notes[0].text.contains(&answer.sources[0].quote));
    }
}
