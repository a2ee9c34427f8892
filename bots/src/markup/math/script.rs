//! Scripts: letters above and below the line, of other alphabets, and with a mark on them.

/// The characters that stand above the line, each behind the one that it raises.
const RAISED: &str = "0⁰1¹2²3³4⁴5⁵6⁶7⁷8⁸9⁹+⁺−⁻=⁼(⁽)⁾aᵃbᵇcᶜdᵈeᵉfᶠgᵍhʰiⁱjʲkᵏlˡmᵐnⁿoᵒpᵖrʳsˢtᵗuᵘvᵛwʷxˣyʸzᶻAᴬBᴮDᴰEᴱGᴳHᴴIᴵJᴶKᴷLᴸMᴹNᴺOᴼPᴾRᴿTᵀUᵁVⱽWᵂαᵅβᵝγᵞδᵟθᶿ⊤ᵀ′′**∗*∘°";
/// Those below.
const LOWERED: &str = "0₀1₁2₂3₃4₄5₅6₆7₇8₈9₉+₊−₋=₌(₍)₎aₐeₑhₕiᵢjⱼkₖlₗmₘnₙoₒpₚrᵣsₛtₜuᵤvᵥxₓβᵦγᵧρᵨφᵩχᵪ";
/// The most characters that are read well so small.
const LONGEST: usize = 6;

/// `text` above the line, or behind `^`.
pub(super) fn raised(text: &str) -> String {
    small(text, RAISED).unwrap_or_else(|| beside('^', text))
}

/// `text` below the line, or behind `_`.
pub(super) fn lowered(text: &str) -> String {
    small(text, LOWERED).unwrap_or_else(|| beside('_', text))
}

fn small(text: &str, table: &str) -> Option<String> {
    let find = |c: char| table.chars().step_by(2).position(|known| known == c);
    let compact: String = text.split_whitespace().collect();
    let all = compact.chars().map(|c| table.chars().nth(2 * find(c)? + 1));
    (!compact.is_empty() && compact.chars().count() <= LONGEST).then(|| all.collect()).flatten()
}

fn beside(sign: char, text: &str) -> String {
    let one = text.chars().all(|c| c.is_alphanumeric() && !is_script(c));
    if one { format!("{sign}{text}") } else { format!("{sign}({text})") }
}

/// Whether `c` stands above or below the line.
pub(super) fn is_script(c: char) -> bool {
    RAISED.chars().chain(LOWERED.chars()).skip(1).step_by(2).any(|known| known == c)
}

/// Letters of the alphabet that the command `name` chooses; what is no letter stays.
pub(super) fn lettered(name: &str, text: &str) -> String {
    // Some capitals were in Unicode before the others, at places of their own.
    let (first, early) = match name {
        "mathbb" => (0x1d538, "CℂHℍNℕPℙQℚRℝZℤ1𝟙"),
        _ => (0x1d49c, "BℬEℰFℱHℋIℐLℒMℳRℛ"),
    };
    let letter = |c: char| {
        let known = early.chars().step_by(2).position(|letter| letter == c);
        let early = known.and_then(|at| early.chars().nth(2 * at + 1));
        let regular = c.is_ascii_uppercase().then(|| char::from_u32(first + u32::from(c) - u32::from('A'))).flatten();
        early.or(regular).unwrap_or(c)
    };
    text.chars().map(letter).collect()
}

/// One character with a mark on it; `None` for more: the mark would stand on one of them.
pub(super) fn accented(name: &str, text: &str) -> Option<String> {
    let mark = match name {
        "hat" | "widehat" => '\u{302}',
        "bar" | "overline" => '\u{304}',
        "tilde" | "widetilde" => '\u{303}',
        "vec" => '\u{20d7}',
        "dot" => '\u{307}',
        _ => '\u{308}',
    };
    let mut characters = text.chars();
    let first = characters.next()?;
    let rest = characters.as_str();
    let composed = match (first, mark) {
        ('y', '\u{302}') => Some('ŷ'),
        ('w', '\u{302}') => Some('ŵ'),
        ('a', '\u{302}') => Some('â'),
        _ => None,
    };
    let marked = composed.map_or_else(|| format!("{first}{mark}"), String::from);
    rest.chars().all(is_script).then(|| format!("{marked}{rest}"))
}
