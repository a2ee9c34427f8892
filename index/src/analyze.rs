//! Text to words, numbers and sentences, for English, Chinese and both in one sentence.
//!
//! The same words are indexed, searched for and compared when an answer is checked against its sources.

mod lexer;
mod numbers;
mod sentences;
mod simplified;
mod stopwords;
mod tokenizer;

pub(crate) use self::lexer::is_han;
pub use self::numbers::numbers;
pub use self::sentences::sentences;
pub(crate) use self::tokenizer::{MixedTokenizer, PairTokenizer};

use self::lexer::{han_runs, lex};

/// The words that carry meaning, in order and with repetition: English ones stemmed, Chinese ones as jieba's
/// search mode cuts them, numbers in digits as written but without separators; words that every text or
/// question has ("the", "please explain", "什么") are left out.
#[must_use]
pub fn content_words(text: &str) -> Vec<String> {
    let lexemes = lex(text);
    let before = std::iter::once(None).chain(lexemes.iter().map(Some));
    let asked: Vec<bool> = before.zip(&lexemes).map(|(before, word)| stopwords::is_measure(before, word)).collect();
    let kept = lexemes.into_iter().zip(asked).filter(|(lexeme, asked)| !asked && !stopwords::is_stop_word(lexeme));
    kept.map(|(lexeme, _)| lexeme.into_term()).collect()
}

/// The terms that the index holds for a text: all words, identifiers whole and in parts.
pub(crate) fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for lexeme in lex(text) {
        let parts = lexeme.parts();
        terms.push(lexeme.into_term());
        terms.extend(parts);
    }
    terms
}

/// The terms to search for: those of the content words, or of all words when there are no others.
pub(crate) fn query_terms(text: &str) -> Vec<String> {
    let words = content_words(text);
    if words.is_empty() { terms(text) } else { words }
}

/// Each two Chinese characters that stand side by side. They find what the dictionary does not know as a word, such as a
/// course's own terms, and a word that it cuts differently in a question and in its passage.
pub(crate) fn pairs(text: &str) -> Vec<String> {
    han_runs(text).iter().flat_map(|run| side_by_side(run)).collect()
}

/// The pairs to search for: those within the stretches of a question that carry meaning.
pub(crate) fn query_pairs(text: &str) -> Vec<String> {
    han_runs(text).iter().flat_map(|run| stopwords::stretches(run)).flat_map(|run| side_by_side(&run)).collect()
}

fn side_by_side(run: &str) -> Vec<String> {
    run.chars().zip(run.chars().skip(1)).map(|(a, b)| String::from_iter([a, b])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_words_in_both_languages() {
        for (text, expected) in [
            ("The add gate distributes gradients equally.", "add gate distribut gradient equal"),
            ("What does the add gate do to gradients?", "add gate gradient"),
            ("Can you please explain what backpropagation is?", "backpropag"),
            ("C++ and C# call f(x) on x_train", "c++ c# call f x x_train"),
            ("the network's weights don’t change", "network weight chang"),
            ("1,000 examples, 50% of 3.14", "1000 exampl 50 3.14"),
            ("\\(\\frac{\\partial f}{\\partial x} = y^2\\)", "partial f partial x y 2"),
            ("学习率太大时，损失会发散。", "学习 率 大 损失 发散"),
            ("什么是反向传播？", "反向 传播"),
            ("How long does a long step take?", "long step take"),
            ("学习率太大会怎样？", "学习 率 大"),
            ("用ReLU激活函数代替Sigmoid", "relu 激活 函数 代替 sigmoid"),
            ("ＲｅＬＵ　２０１２年", "relu 2012 年"),
            ("學習率太大時，損失會發散。", "学习 率 大 损失 发散"),
            ("the", ""),
            ("", ""),
        ] {
            assert_eq!(content_words(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn identifiers_are_indexed_whole_and_in_parts() {
        assert_eq!(terms("np.dot(x_train, W1)").join(" "), "np dot x_train x train w1");
    }

    #[test]
    fn a_long_chinese_clause_becomes_words() {
        let clause = "随机梯度下降算法在每次迭代中随机均匀采样一个样本来计算梯度";
        assert!(terms(clause).iter().any(|term| term == "梯度"));
        assert!(terms(clause).len() > 8);
    }

    #[test]
    fn a_text_of_nothing_but_question_phrases_is_read_to_its_end() {
        assert_eq!(terms(&"是什么".repeat(20_000)).len(), 20_000);
    }

    #[test]
    fn pairs_of_characters_in_stretches_that_carry_meaning() {
        assert_eq!(pairs("学习率, ReLU层。大").join(" "), "学习 习率");
        assert_eq!(query_pairs("学习率太大会怎样？").join(" "), "学习 习率");
        assert_eq!(query_pairs("什么是反向传播").join(" "), "反向 向传 传播");
        assert_eq!(query_pairs("谁").join(" "), "");
    }

    #[test]
    fn a_question_of_stop_words_is_still_searched_for() {
        assert_eq!(query_terms("Who is he?"), ["who", "is", "he"]);
        assert_eq!(query_terms("?!"), Vec::<String>::new());
    }
}
