//! A question without what people say around it in a chat: "hi, can you please tell me what X is? thanks".
//!
//! Words are searched for without stop words anyway; this is for the embedder, to which a greeting is a topic.

/// What a question may begin with, in small letters; longer phrases before those that they begin with.
const OPENINGS: &str = concat!(
    "good morning|good afternoon|good evening|hello there|hello|hi there|hi|hey there|hey|dear professor|",
    "dear teacher|professor,|teacher,|excuse me|sorry to bother you|sorry,|i have a question about|",
    "i have a question|quick question|one question|a question|i was wondering if you could|",
    "i was wondering whether you could|i was wondering|i am wondering|i'm wondering|i would like to know|",
    "i'd like to know|i want to know|i need to know|i don't understand|i do not understand|",
    "could you please|can you please|would you please|could you|can you|would you|will you|please|pls|",
    "plz|kindly|help me understand|help me|tell me about|tell me|explain to me|explain|let me know|",
    "do you know|so,|um,|well,|老师您好|老师你好|老师，|您好|你好|大家好|同学们好|嗨|哈喽|打扰一下|不好意思|",
    "抱歉|我想请问一下|我想请问|我想问一下|我想问问|我想问|我想知道|想请问一下|想请问|想问一下|想问|",
    "请问一下|请问|请您|请你|请帮|请给|麻烦您|麻烦你|麻烦|能不能|可不可以|可以帮我|能帮我|能给我|能否|",
    "帮我|帮忙|给我|跟我|为我|详细地|简单地|简要地|讲解一下|解释一下|介绍一下|说明一下|讲一下|说一下|",
    "讲讲|说说|谈谈|告诉我|有个问题|我有个问题"
);

/// What a question may end with.
const ENDINGS: &str = concat!(
    "thanks a lot|thank you very much|thank you so much|thank you|thanks in advance|many thanks|thanks|",
    "thx|please|pls|plz|for me|非常感谢|多谢老师|谢谢老师|谢谢您|谢谢你|谢谢|多谢|感谢|拜托了|好吗|",
    "可以吗|行吗"
);

/// The question alone; the text as it is when nothing would be left.
pub(super) fn clean(text: &str) -> &str {
    let mut rest = text.trim();
    loop {
        let shorter = without_ending(without_opening(rest));
        if shorter.len() == rest.len() {
            break;
        }
        rest = shorter;
    }
    if rest.chars().any(char::is_alphanumeric) { rest } else { text.trim() }
}

fn without_opening(text: &str) -> &str {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '\\' | '$' | '(' | '`' | '-'));
    let phrase = OPENINGS.split('|').find(|phrase| starts(text, phrase));
    phrase.map_or(text, |phrase| text[phrase.len()..].trim_start_matches(|c: char| c.is_whitespace() || is_stop(c)))
}

fn without_ending(text: &str) -> &str {
    let bare = text.trim_end_matches(|c: char| c.is_whitespace() || is_stop(c));
    let phrase = ENDINGS.split('|').find(|phrase| ends(bare, phrase));
    phrase.map_or(text, |phrase| bare[..bare.len() - phrase.len()].trim_end())
}

fn is_stop(c: char) -> bool {
    matches!(c, ',' | '.' | '!' | ':' | ';' | '?' | '，' | '。' | '！' | '：' | '；' | '？' | '、' | '~' | '…')
}

/// Whether a text begins with a phrase and, in English, with its last word as a whole.
fn starts(text: &str, phrase: &str) -> bool {
    let Some(start) = text.get(..phrase.len()) else { return false };
    let next = text[phrase.len()..].chars().next();
    same(start, phrase) && !(phrase.is_ascii() && next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '\''))
}

fn ends(text: &str, phrase: &str) -> bool {
    let Some(at) = text.len().checked_sub(phrase.len()) else { return false };
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    text.get(at..).is_some_and(|end| same(end, phrase))
        && !(phrase.is_ascii() && before.is_some_and(|c| c.is_ascii_alphanumeric()))
}

fn same(text: &str, phrase: &str) -> bool {
    text.eq_ignore_ascii_case(phrase)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn questions_without_what_stands_around() {
        for (text, expected) in [
            ("Hi, can you please tell me what a gradient is? Thanks!", "what a gradient is?"),
            ("hey!! quick question: why does dropout help", "why does dropout help"),
            ("What is a hidden layer?", "What is a hidden layer?"),
            ("History of perceptrons", "History of perceptrons"),
            ("Canonical form, please", "Canonical form,"),
            ("老师您好，请问什么是反向传播？谢谢！", "什么是反向传播？"),
            ("能不能给我讲一下学习率的作用，谢谢老师", "学习率的作用，"),
            ("能量函数是什么", "能量函数是什么"),
            ("hello", "hello"),
            ("", ""),
            ("?!", "?!"),
            ("$x^2$ please", "$x^2$"),
            ("teacher forcing", "teacher forcing"),
            ("Teacher, what is teacher forcing?", "what is teacher forcing?"),
        ] {
            assert_eq!(clean(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_left_stands_in_the_text_and_says_something(text in "((hi|please|thanks|请问|谢谢|gradient|梯度|,|？| |é){0,9})") {
            let cleaned = clean(&text);
            prop_assert!(text.contains(cleaned));
            prop_assert!(cleaned.chars().any(char::is_alphanumeric) || cleaned == text.trim());
        }
    }
}
