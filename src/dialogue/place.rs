//! Where a source stands, as people read it: document, headings, and the page, slide, cell, rows, time or lines.

use tutor_index::{Passage, Place};

/// The title of a source: where the passage stands, and the place of `quote` in it. `say` is the catalogue.
pub(crate) fn title(passage: &Passage, quote: &str, say: impl Fn(&str, &[(&str, &str)]) -> String) -> String {
    let place = passage.place_of(quote);
    let mut parts = vec![passage.document.clone()];
    parts.extend(place.and_then(Place::file).map(str::to_owned));
    parts.extend(passage.section.iter().cloned());
    parts.extend(place.and_then(|place| words(place, &say)));
    parts.join(" › ")
}

/// The place within its file.
fn words(place: &Place, say: &impl Fn(&str, &[(&str, &str)]) -> String) -> Option<String> {
    let number = |key: &str, value: u32| Some(say(key, &[(key, &value.to_string())]));
    let range = |key: &str, first: u32, last: u32| {
        let count = last.saturating_sub(first).saturating_add(1).to_string();
        Some(say(key, &[("count", &count), ("first", &first.to_string()), ("last", &last.to_string())]))
    };
    match place {
        Place::Page { page } => number("page", *page),
        Place::Slide { slide } => number("slide", *slide),
        Place::Notes { slide } => Some(say("slide-notes", &[("slide", &slide.to_string())])),
        Place::Cell { cell } => number("cell", *cell),
        Place::Rows { first, last } => range("rows", *first, *last),
        Place::Lines { first, last } => range("lines", *first, *last),
        Place::Time { start, .. } => Some(say("time", &[("time", &clock(*start))])),
        Place::File { place, .. } => words(place.as_ref()?, say),
    }
}

/// Seconds as a player shows them: `12:31`, or `1:02:03` from an hour on.
fn clock(seconds: u32) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use tutor_index::Mark;
    use tutor_prompts::{Language, Words};

    use super::*;

    #[test]
    fn every_place_has_words_in_both_languages() {
        let catalogue = Words::load().unwrap();
        let shown = |place: &Place| {
            let passage = Passage {
                course: "c".into(),
                document: "d".into(),
                section: vec!["Intro".into()],
                marks: vec![Mark { start: 0, place: place.clone() }],
                place: 0,
                text: "t".into(),
            };
            [Language::En, Language::Zh]
                .map(|language| title(&passage, "", |key, with| catalogue.say(language, key, with)))
        };
        let in_file = |place: Option<Place>| Place::File { file: "w1/a.pptx".into(), place: place.map(Box::new) };
        for (place, expected) in [
            (Place::Page { page: 3 }, ["d › Intro › p. 3", "d › Intro › 第 3 页"]),
            (Place::Slide { slide: 12 }, ["d › Intro › slide 12", "d › Intro › 第 12 张幻灯片"]),
            (Place::Notes { slide: 2 }, ["d › Intro › notes of slide 2", "d › Intro › 第 2 张幻灯片的备注"]),
            (Place::Cell { cell: 7 }, ["d › Intro › cell 7", "d › Intro › 第 7 个单元格"]),
            (Place::Rows { first: 2, last: 2 }, ["d › Intro › row 2", "d › Intro › 第 2 行"]),
            (Place::Lines { first: 2, last: 40 }, ["d › Intro › lines 2–40", "d › Intro › 第 2–40 行"]),
            (Place::Time { start: 751, end: 760 }, ["d › Intro › at 12:31", "d › Intro › 12:31 处"]),
            (Place::Time { start: 3723, end: 3730 }, ["d › Intro › at 1:02:03", "d › Intro › 1:02:03 处"]),
            (in_file(None), ["d › w1/a.pptx › Intro", "d › w1/a.pptx › Intro"]),
            (
                in_file(Some(Place::Slide { slide: 1 })),
                ["d › w1/a.pptx › Intro › slide 1", "d › w1/a.pptx › Intro › 第 1 张幻灯片"],
            ),
        ] {
            assert_eq!(shown(&place), expected, "{place:?}");
        }
    }
}
