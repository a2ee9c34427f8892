//! Full stops that do not end an English sentence: abbreviations, initials, the numbers of items.

/// Always followed by more of the sentence.
const NEVER_LAST: &[&str] = &[
    "dr", "mr", "mrs", "ms", "prof", "mt", "e.g", "i.e", "eg", "ie", "cf", "vs", "viz", "approx", "resp", "incl", "ca",
];
/// Followed by a number, or else an ordinary word at the end of its sentence.
const NUMBERED: &[&str] = &[
    "fig", "figs", "eq", "eqs", "eqn", "sec", "secs", "ch", "chap", "no", "nos", "p", "pp", "vol", "tab", "ref",
    "refs", "thm", "def", "lem", "alg", "ex", "app", "art", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep",
    "sept", "oct", "nov", "dec",
];
/// Last in its sentence when a capital letter follows.
const MAY_BE_LAST: &[&str] = &["etc", "al", "inc", "ltd", "co", "corp", "dept", "st", "jr", "sr", "ph.d", "a.m", "p.m"];
/// Begin sentences far more often than they follow an initial.
const STARTERS: &[&str] = &[
    "The", "This", "That", "These", "Those", "It", "Its", "We", "You", "They", "He", "She", "In", "On", "At", "If",
    "For", "Then", "Thus", "So", "But", "And", "When", "While", "As", "To", "A", "An", "Here", "There", "Now", "Let",
    "Note", "However", "What", "How", "Why", "Since", "Because", "Each", "All", "With",
];

/// Whether the sentence goes on behind the full stop between `before` and `rest`, where white space stands.
pub(super) fn goes_on(before: &str, rest: &str) -> bool {
    let (context, word) = last_word(before);
    let word = word.trim_start_matches(['(', '[', '"', '“', '‘', '\'', '*', '_', '（']);
    let lower = word.to_lowercase();
    let Some(next) = rest.trim_start_matches(['"', '“', '‘', '(', '[', '*', '_']).chars().next() else {
        return false;
    };
    if NEVER_LAST.contains(&lower.as_str()) {
        return true;
    }
    if NUMBERED.contains(&lower.as_str()) && (next.is_ascii_digit() || matches!(next, '\\' | '$')) {
        return true;
    }
    if MAY_BE_LAST.contains(&lower.as_str()) || is_dotted(word) {
        return !next.is_uppercase();
    }
    let numbers_item = word.len() <= 3 && word.bytes().all(|b| b.is_ascii_digit());
    if context.trim_matches(['#', '>', '-', '*', ' ', '\t']).is_empty() && (numbers_item || is_letter(word)) {
        return true;
    }
    if is_initial(word) && next.is_uppercase() {
        return follows_name(context, rest);
    }
    // Casual writers begin with small letters; behind a short word it is rather an unknown abbreviation.
    next.is_lowercase() && word.chars().count() < 3 && word.chars().all(char::is_alphabetic)
}

fn last_word(text: &str) -> (&str, &str) {
    let at = text.char_indices().rev().find(|(_, c)| c.is_whitespace()).map_or(0, |(at, c)| at + c.len_utf8());
    text.split_at(at)
}

fn is_letter(word: &str) -> bool {
    word.len() == 1 && word.bytes().all(|b| b.is_ascii_alphabetic())
}

fn is_initial(word: &str) -> bool {
    is_letter(word) && word.bytes().all(|b| b.is_ascii_uppercase())
}

/// Letters with full stops between them, such as `U.S`.
fn is_dotted(word: &str) -> bool {
    word.contains('.') && word.split('.').all(is_letter)
}

/// Whether an initial belongs to a person's name: `J. Smith`, but not `the matrix W. The`.
fn follows_name(context: &str, rest: &str) -> bool {
    let next = rest.split(|c: char| !c.is_alphanumeric() && c != '\'').next().unwrap_or_default();
    let (_, before) = last_word(context.trim_end());
    let named =
        before.is_empty() || before.starts_with(char::is_uppercase) || matches!(before, "by" | "and" | "of" | "from");
    named && !STARTERS.contains(&next)
}
