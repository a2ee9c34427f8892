//! Transcripts (SRT and VTT) to blocks: cues become sentences again, each with its time.

use super::text::joined;
use super::{Block, IndexError, Kind, Sections};
use crate::Place;

/// A block ends with a sentence once it is this long, in bytes.
const AIM: usize = 240;
/// A block ends at this length, for speech without signs, in bytes.
const MOST: usize = 600;
/// A silence of this many seconds ends a block.
const SILENCE: u32 = 4;

/// What is said from a time on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cue {
    /// In seconds.
    start: u32,
    end: u32,
    lines: Vec<String>,
}

/// The blocks of a transcript.
pub(super) fn read(text: &str) -> Result<Vec<Block>, IndexError> {
    let cues = cues(text);
    if cues.is_empty() {
        return Err(IndexError::Corrupt { reason: "no times in it".into() });
    }
    let mut sections = Sections::default();
    let mut open: Option<Cue> = None;
    for cue in cues {
        if open.as_ref().is_some_and(|open| ends(open, &cue)) {
            open.take().into_iter().for_each(|done| push(&mut sections, &done));
        }
        match &mut open {
            Some(open) => {
                open.end = cue.end;
                open.lines.extend(cue.lines);
            }
            None => open = Some(cue),
        }
    }
    open.into_iter().for_each(|done| push(&mut sections, &done));
    Ok(sections.finish(None))
}

fn push(sections: &mut Sections, cue: &Cue) {
    sections.place = Some(Place::Time { start: cue.start, end: cue.end.max(cue.start) });
    sections.push(Kind::Prose, joined(cue.lines.iter().map(String::as_str)));
}

/// Whether what was said so far is a block of its own.
fn ends(open: &Cue, next: &Cue) -> bool {
    let length: usize = open.lines.iter().map(String::len).sum();
    let sentence = open.lines.last().is_some_and(|line| line.ends_with(['.', '!', '?', '。', '！', '？', '…']));
    length >= MOST || (length >= AIM && sentence) || next.start >= open.end.saturating_add(SILENCE)
}

/// The cues in order. Numbers, settings, notes and styles are left out, and what a rolling display repeats.
fn cues(text: &str) -> Vec<Cue> {
    let mut cues: Vec<Cue> = Vec::new();
    let mut last = String::new();
    let mut inside = false;
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if let Some((start, end)) = times(line) {
            cues.push(Cue { start, end, lines: Vec::new() });
            inside = true;
        } else if line.trim().is_empty() {
            // An empty line within a cue is followed by more of it only when no time comes next.
            let next = lines[at + 1..].iter().take(2).any(|line| times(line).is_some());
            inside &= !next && lines.get(at + 1).is_some_and(|line| !line.trim().is_empty() && !is_note(line));
        } else if let (true, Some(cue)) = (inside, cues.last_mut()) {
            let said = plain(line);
            if !said.is_empty() && said != last {
                cue.lines.push(said.clone());
                last = said;
            }
        }
    }
    cues.retain(|cue| !cue.lines.is_empty());
    cues
}

fn is_note(line: &str) -> bool {
    ["NOTE", "STYLE", "REGION"].iter().any(|word| line.starts_with(word))
}

/// The two times of a line such as `00:01:02,500 --> 00:01:05,000 align:start`.
fn times(line: &str) -> Option<(u32, u32)> {
    let (start, rest) = line.split_once("-->")?;
    Some((seconds(start.trim())?, seconds(rest.split_whitespace().next()?)?))
}

/// Whole seconds of `1:02:03.456`, `02:03,456` or `02:03`.
fn seconds(time: &str) -> Option<u32> {
    let whole = time.split(['.', ',']).next()?;
    let parts: Vec<u32> = whole.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let hours_or_less = (2..=3).contains(&parts.len());
    hours_or_less.then(|| parts.iter().fold(0u32, |sum, part| sum.saturating_mul(60).saturating_add(*part)))
}

/// A line without its marks; who speaks (`<v Name>`) stands before it.
fn plain(line: &str) -> String {
    let mut text = String::new();
    for (at, part) in line.split('<').enumerate() {
        match part.split_once('>') {
            Some((tag, rest)) if at > 0 => {
                if let Some(name) = tag.strip_prefix("v ") {
                    text.push_str(&format!("{}: ", name.trim()));
                }
                text.push_str(rest);
            }
            _ if at > 0 => text.push_str(&format!("<{part}")),
            _ => text.push_str(part),
        }
    }
    let text = text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    text.replace("{\\an8}", "").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(Option<Place>, String)> {
        read(text).unwrap().into_iter().map(|block| (block.place, block.text)).collect()
    }

    #[test]
    fn cues_become_sentences_with_times() {
        let srt = "1\r\n00:00:01,000 --> 00:00:03,000\r\nThe learning rate\r\n\r\n2\n00:00:03,000 --> 00:00:05,500\nis a <i>step</i> size.\n\n3\n00:01:10,000 --> 00:01:12,000\n学习率决定\n\n4\n00:01:12,000 --> 00:01:14,000\n更新的幅度。\n";
        let srt = srt.replace("\r\n", "\n");
        assert_eq!(
            shown(&srt),
            [
                (Some(Place::Time { start: 1, end: 5 }), "The learning rate is a step size.".to_owned()),
                (Some(Place::Time { start: 70, end: 74 }), "学习率决定更新的幅度。".to_owned()),
            ]
        );
    }

    #[test]
    fn notes_styles_and_repetitions_are_left_out() {
        let vtt = "WEBVTT\n\nNOTE not said\n\nSTYLE\n::cue { color: red }\n\nintro\n00:01.000 --> 00:02.000 align:start\n<v Ada>Hello &amp; welcome.\n\n00:02.000 --> 00:03.000\nHello\n\n00:03.000 --> 00:04.000\nHello\nworld.\n\nNOTE after\n";
        assert_eq!(
            shown(vtt),
            [(Some(Place::Time { start: 1, end: 4 }), "Ada: Hello & welcome. Hello world.".to_owned())]
        );
    }

    #[test]
    fn a_file_without_times_is_damaged() {
        assert!(read("WEBVTT\n\njust words\n").is_err());
        assert_eq!(seconds("99999999999:00"), None);
        assert_eq!(seconds("1:02:03.9"), Some(3723));
    }
}
