//! Words that say nothing of a topic: function words, and what people say around a question in a chat.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::lexer::{Lexeme, QUESTIONS, cut};

const ENGLISH: &str = "a about above after again against all almost also although always am among an and another any \
    anyone anything are aren't as at be because been before being below between both but by can can't cannot could \
    couldn't did didn't do does doesn't doing don't done down during each either else enough etc even ever every few \
    for from further get gets getting give given gives go goes going got had hadn't has hasn't have haven't having he \
    her here hers herself him himself his how however i i'd i'll i'm i've if in instead into is isn't it its itself \
    just let let's lets like many may me might mine more most much must my myself neither no nor not now of off often \
    on once one only onto or other others otherwise our ours ourselves out over own per quite rather really s same \
    shall she should shouldn't since so some someone something still such t than that that's the their theirs them \
    themselves then there there's therefore these they they're this those though through thus to together too toward \
    towards under unless until up upon us use used uses using very via was wasn't we we'll we're we've well were \
    weren't what what's whatever when where whether which while who whom whose why will with within without won't \
    would wouldn't yes yet you you're your yours yourself eg ie e.g i.e";

/// Around a question: asking, greeting, thanking.
const ENGLISH_CHAT: &str = "please pls plz hi hello hey thanks thank thx tell explain explains explained explanation \
    describe describes described define defined definition mean means meaning know want wants need understand \
    understanding understood help ask asked asking question questions wonder wondering show sorry okay ok say says \
    said think thing things maybe happen happens professor teacher lecture notes course tutor briefly quickly actually \
    basically exactly";

const CHINESE: &str = "用 的 了 和 是 在 有 我 你 您 他 她 它 我们 你们 他们 它们 她们 这 那 这个 那个 这些 那些 这里 那里 这样 那样 \
    这种 那种 也 都 就 而 及 与 着 或 或者 一个 一些 一种 没有 不 不是 很 上 下 中 里 对 对于 把 被 让 给 从 到 向 往 于 以 以及 \
    因为 所以 但 但是 并 并且 而且 如果 则 那么 虽然 然而 因此 由于 其 其中 其他 之 等 等等 可以 能 能够 会 要 将 又 还 还是 \
    再 更 最 比 比较 地 得 过 来 去 说 时 时候 时间 当 当时 为 为了 所 者 该 各 每 某 个 只 只是 只有 就是 即 即使 使 使得 通过 关于 根据 \
    按照 之间 之后 之前 以后 以前 以上 以下 后 前 内 外 吗 呢 吧 啊 呀 嘛 哦 么 什么 怎么 怎样 怎么样 如何 为什么 为何 为啥 啥 哪 \
    哪个 哪些 哪里 哪儿 谁 几 多少 何 何时 是否 有没有 是不是 能不能 可不可以 还有 已 已经 曾 曾经 正在 进行 此 此外 \
    同 同时 另 另外 并不 一 一样 一下 一点 做 作为 成为 叫 叫做 称为 非常 十分 太 越 越来越";

const CHINESE_CHAT: &str = "请 请问 问 问题 解释 说明 介绍 讲 讲讲 讲解 告诉 说说 谈谈 描述 回答 帮 帮我 帮忙 知道 想 想要 想知道 \
    想问 你好 您好 谢谢 老师 同学 意思 含义 是什么 指的 指的是 理解 明白 简单 简要 具体 详细 觉得 认为";

/// TeX commands that only lay out.
const LAYOUT: &str = "frac dfrac tfrac left right big bigg hspace vspace quad qquad mathbb mathcal mathrm mathbf mathit \
    boldsymbol text textbf operatorname begin end label tag ldots cdots dots limits displaystyle hat bar tilde vec \
    overline underline mid nonumber aligned array matrix pmatrix bmatrix cases";

/// Whether a lexeme says nothing of a topic.
pub(super) fn is_stop_word(lexeme: &Lexeme) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| set(&[ENGLISH, ENGLISH_CHAT]));
    static HAN: LazyLock<HashSet<&str>> = LazyLock::new(|| set(&[CHINESE, CHINESE_CHAT]));
    static COMMANDS: LazyLock<HashSet<&str>> = LazyLock::new(|| set(&[LAYOUT]));
    match lexeme {
        Lexeme::Word(word) => WORDS.contains(word.as_str()),
        Lexeme::Han(word) => HAN.contains(word.as_str()) || QUESTIONS.contains(&word.as_str()),
        Lexeme::Command(name) => COMMANDS.contains(name.as_str()),
        Lexeme::Number(_) => false,
    }
}

/// A run of Chinese characters without its stop words: what stands between them, each stretch as one.
pub(super) fn stretches(run: &str) -> Vec<String> {
    let mut stretches = vec![String::new()];
    for part in split_questions(run) {
        for word in cut(part) {
            match stretches.last_mut() {
                Some(stretch) if !is_stop_word(&Lexeme::Han(word.to_owned())) => stretch.push_str(word),
                _ => stretches.push(String::new()),
            }
        }
        stretches.push(String::new());
    }
    stretches.retain(|stretch| !stretch.is_empty());
    stretches
}

/// What stands before and behind the phrases that questions are built of.
fn split_questions(run: &str) -> Vec<&str> {
    let phrase = QUESTIONS.iter().filter_map(|phrase| Some((run.find(phrase)?, phrase.len())));
    match phrase.min_by_key(|(start, length)| (*start, usize::MAX - length)) {
        Some((start, length)) => [vec![&run[..start]], split_questions(&run[start + length..])].concat(),
        None => vec![run],
    }
}

/// Whether a word only asks for a measure, as in "how long": what answers it need not hold the word.
pub(super) fn is_measure(before: Option<&Lexeme>, word: &Lexeme) -> bool {
    const MEASURES: [&str; 9] = ["long", "many", "much", "often", "far", "large", "big", "fast", "old"];
    let is = |lexeme: &Lexeme, words: &[&str]| matches!(lexeme, Lexeme::Word(word) if words.contains(&word.as_str()));
    is(word, &MEASURES) && before.is_some_and(|before| is(before, &["how"]))
}

fn set(lists: &[&'static str]) -> HashSet<&'static str> {
    lists.iter().flat_map(|list| list.split_whitespace()).collect()
}
