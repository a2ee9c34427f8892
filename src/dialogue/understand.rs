//! Understands a question in its conversation: "and why is that?" becomes a question that stands alone.

use std::collections::HashSet;

use tutor_index::analyze::content_words;
use tutor_models::generate::{Message, Request, Role, Sampling, Usage};
use tutor_prompts::{Exchange, Language, RewritePrompt};

use super::answer::Asked;
use super::{Parts, Reply, Trouble};
use crate::memory::Turn;

/// A question as it will be searched and answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Understood {
    /// The question, able to stand alone.
    pub(crate) question: String,
    /// It refers to the conversation, which the answer should then see.
    pub(crate) follows: bool,
    /// What the rewriting cost.
    pub(crate) usage: Usage,
}

/// The question rewritten to stand alone, when it refers to `history` (oldest first).
///
/// The model proposes, code decides: a proposal that brings in words which nobody said is not used, and
/// the question is put behind the one that it follows instead.
pub(crate) async fn understand(parts: &Parts, asked: &Asked<'_>, reply: &Reply) -> Result<Understood, Trouble> {
    let &Asked { question, history, language, .. } = asked;
    let Some(last) = history.last().filter(|_| !stands_alone(question, history)) else {
        return Ok(Understood { question: question.to_owned(), ..Understood::default() });
    };
    reply.progress(parts.words.say(language, "progress-understand", &[])).await?;
    let exchanges: Vec<Exchange> = history.iter().rev().take(2).rev().map(exchange).collect();
    let prompt = RewritePrompt { exchanges, question: question.to_owned() };
    let content = parts.prompts.rewrite(language, &prompt)?;
    let request = Request {
        messages: vec![Message::new(Role::User, content)],
        sampling: Sampling::default(),
        stop: vec!["\n".to_owned()],
        max_tokens: 64,
        caller: asked.caller(),
        ..Request::default()
    };
    let (proposal, finish) = parts.model.small().await?.generate(request).await?.collect().await?;
    let proposal = proposal.trim();
    let question = if faithful(proposal, question, &prompt.exchanges) {
        proposal.to_owned()
    } else {
        format!("{} {question}", first_asked(history, last))
    };
    Ok(Understood { question, follows: true, usage: finish.usage })
}

/// Whether a question is understood without `history`, what was said before.
pub(super) fn stands_alone(question: &str, history: &[Turn]) -> bool {
    history.is_empty() || !refers_back(question)
}

/// The question that a run of follow-ups began with: the newest that stood alone.
fn first_asked<'t>(history: &'t [Turn], last: &'t Turn) -> &'t str {
    let alone = history.iter().rev().find(|turn| !refers_back(&turn.asked));
    &alone.unwrap_or(last).asked
}

/// A turn as the model sees it: short, since only what it was about matters.
pub(crate) fn exchange(turn: &Turn) -> Exchange {
    let answered: String = turn.said.text.chars().take(400).collect();
    Exchange { asked: turn.understood.clone().unwrap_or_else(|| turn.asked.clone()), answered }
}

/// Whether a question can only be understood from what was said before.
fn refers_back(question: &str) -> bool {
    const OPENERS: [&str; 10] =
        ["and ", "but ", "so ", "then ", "why?", "how so", "what about", "how about", "or ", "also "];
    const POINTERS: [&str; 12] =
        ["it", "its", "that", "this", "they", "them", "their", "these", "those", "he", "she", "there"];
    const CHINESE: [&str; 16] = [
        "它",
        "这个",
        "那个",
        "这些",
        "那些",
        "这样",
        "那样",
        "这是",
        "那是",
        "那么",
        "为什么呢",
        "然后",
        "还有呢",
        "前者",
        "后者",
        "上面",
    ];
    let lower = question.trim().to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|w| !w.is_empty()).collect();
    let points = words.iter().any(|word| POINTERS.contains(&word.split('\'').next().unwrap_or(word)));
    OPENERS.iter().any(|opener| lower.starts_with(opener))
        || (points && content_words(question).len() <= 4)
        || CHINESE.iter().any(|pointer| lower.contains(pointer))
        || lower.starts_with('那')
        || content_words(question).is_empty()
}

/// Whether a proposed question says nothing that was not said, keeps what was asked and gains from before.
fn faithful(proposal: &str, question: &str, exchanges: &[Exchange]) -> bool {
    let words = |text: &str| content_words(text).into_iter().collect::<HashSet<String>>();
    let (proposed, asked) = (words(proposal), words(question));
    let before: HashSet<String> =
        exchanges.iter().flat_map(|e| content_words(&e.asked).into_iter().chain(content_words(&e.answered))).collect();
    let length = proposal.chars().count();
    (8..=300).contains(&length)
        && proposal.ends_with(['?', '？'])
        && Language::of(proposal) == Language::of(question)
        && proposed.iter().all(|word| asked.contains(word) || before.contains(word))
        && asked.iter().all(|word| proposed.contains(word))
        && proposed.iter().any(|word| before.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_follow_ups_from_questions_that_stand_alone() {
        for (question, expected) in [
            ("and why is that?", true),
            ("Why?", true),
            ("What about the multiply gate?", true),
            ("Can you explain it?", true),
            ("那是为什么？", true),
            ("它有什么缺点？", true),
            ("What does the add gate do to gradients in the backward pass?", false),
            ("Why does a learning rate that is too large make the loss diverge?", false),
            ("什么是学习率？", false),
            ("为什么学习率太大时损失会发散？", false),
        ] {
            assert_eq!(refers_back(question), expected, "{question}");
        }
    }

    #[test]
    fn a_proposal_may_only_use_words_that_were_said() {
        let exchanges = [Exchange {
            asked: "What does the add gate do?".into(),
            answered: "It distributes the gradient equally.".into(),
        }];
        for (proposal, expected) in [
            ("Why does the add gate distribute the gradient equally?", true),
            ("Why do penguins live in Antarctica?", false),
            ("The add gate distributes the gradient.", false),
            ("Why is that?", false),
            ("为什么加法门平均分配梯度？", false),
        ] {
            assert_eq!(faithful(proposal, "and why is that?", &exchanges), expected, "{proposal}");
        }
    }
}
