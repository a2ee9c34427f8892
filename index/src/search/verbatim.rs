//! A sentence that was copied from the notes is found where it stands, whatever other passages say of its words.

use crate::analyze::is_han;

/// Passages that are looked at for the sentence, the best ones by the score.
pub(super) const NEAR: usize = 20;
/// What a passage gains that holds it: as much as for holding all of its words.
pub(super) const BONUS: f32 = 1.0;
/// Letters and digits that make a sentence; a Chinese character counts as two.
const LEAST: usize = 12;

/// A question that may be a copied sentence.
pub(super) struct Verbatim(Option<String>);

impl Verbatim {
    /// What was asked; too little of it stands in many passages.
    pub(super) fn new(question: &str) -> Self {
        let plain = plain(question);
        let length: usize = plain.chars().map(|c| if is_han(c) { 2 } else { 1 }).sum();
        Self((length >= LEAST).then_some(plain))
    }

    /// How many passages to look at, where `wanted` would do without it.
    pub(super) fn among(&self, wanted: usize) -> usize {
        if self.0.is_some() { wanted.max(NEAR) } else { wanted }
    }

    /// What a passage gains.
    pub(super) fn bonus(&self, passage: &str) -> f32 {
        let stands = self.0.as_ref().is_some_and(|sentence| plain(passage).contains(sentence));
        if stands { BONUS } else { 0.0 }
    }
}

/// The letters and digits alone: copying changes spaces, marks and hyphens.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_gains_where_it_stands() {
        let sentence = Verbatim::new("The add gate\n distributes the  gradient – equally!");
        assert_eq!(sentence.bonus("So: the add gate distributes the gradient equally to all of its inputs."), BONUS);
        assert_eq!(sentence.bonus("The gradient is distributed equally by the add gate."), 0.0);
        assert_eq!(Verbatim::new("学习率太大时").bonus("“学习率太大时，损失会发散。”"), BONUS);
        let short = Verbatim::new("add gate");
        assert_eq!((short.bonus("The add gate."), short.among(4), sentence.among(4)), (0.0, 4, NEAR));
    }
}
