//! The ability to summarise: any length, by map and reduce, with every sentence checked and sourced.

use std::time::Instant;

use tutor_bots::chat::ReplyEvent;
use tutor_index::{Passage, Query};
use tutor_models::generate::{Caller, Class, Message, Request, Role, Sampling, Usage};
use tutor_prompts::{Language, SummaryPrompt};

use super::answer::{Answered, milliseconds, sources};
use super::cite::{self, Cited};
use super::turn::{Keep, Outcome, Scene};
use super::{Parts, Reply, Trouble, course, words};
use crate::memory::{Course, Said};

/// Tokens of the summary of one part.
const PART_TOKENS: usize = 160;

/// Sentences of the whole summary.
const SENTENCES: usize = 8;

/// Passages about a topic.
const TOPIC_PASSAGES: usize = 12;

/// What is to be summarised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// All documents of the course.
    Course,
    /// One document.
    Document(String),
    /// One section of a document: its heading path.
    Section(String, Vec<String>),
    /// What the notes say about some words.
    Topic(String),
}

/// A turn in a chat: `wanted` names a document, a section or a topic.
pub(super) async fn turn(scene: &Scene<'_>, course: &Course, wanted: &str) -> Result<Outcome, Trouble> {
    if wanted.is_empty() {
        return Ok(Outcome::text(course::document_list(scene, course, "summary-which", &[]).await?));
    }
    let target = target(scene.parts, course, wanted).await?;
    let answered =
        summarise(scene.parts, course, &target, scene.language, &scene.person.student.id.0, scene.reply).await?;
    let sources = sources(scene, scene.say("sources", &[]), &answered.sources);
    Ok(Outcome {
        said: Said { text: answered.text, sources, buttons: Vec::new() },
        keep: if answered.found { Keep::Dialogue } else { Keep::Command },
        course: Some(course.id.clone()),
        usage: answered.usage,
        ..Outcome::default()
    })
}

/// What a person means by a name: a document (with or without its ending), a section, else a topic.
async fn target(parts: &Parts, course: &Course, wanted: &str) -> Result<Target, Trouble> {
    let id = course.id.to_string();
    let lower = wanted.to_lowercase();
    let found = parts
        .on_index(move |index| {
            let documents = index.documents(&id)?;
            let stem = |name: &str| name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase();
            let named = documents.iter().find(|d| d.name.to_lowercase() == lower || stem(&d.name) == lower);
            if let Some(document) = named {
                return Ok(Some(Target::Document(document.name.clone())));
            }
            for document in &documents {
                let passages = index.passages(&id, &document.name, None)?;
                let heading = |passage: &Passage| passage.section.iter().position(|h| h.to_lowercase() == lower);
                if let Some((passage, at)) = passages.iter().find_map(|p| heading(p).map(|at| (p, at))) {
                    return Ok(Some(Target::Section(document.name.clone(), passage.section[..=at].to_vec())));
                }
            }
            Ok(None)
        })
        .await?;
    Ok(found.unwrap_or_else(|| Target::Topic(wanted.to_owned())))
}

/// Summarises. Each part is summarised on its own and checked against its own passages; when all parts
/// together are still too long, the summaries are summarised in turn and checked against every passage.
pub(crate) async fn summarise(
    parts: &Parts,
    course: &Course,
    target: &Target,
    language: Language,
    caller: &str,
    reply: &Reply,
) -> Result<Answered, Trouble> {
    let start = Instant::now();
    let passages = gather(parts, course, target).await?;
    let retrieve_ms = milliseconds(start);
    if passages.is_empty() {
        let total_ms = milliseconds(start);
        return Ok(Answered { retrieve_ms, total_ms, ..nothing(parts, course, target, language) });
    }
    let title = title(course, target);
    let topic = match target {
        Target::Topic(topic) => Some(topic.clone()),
        _ => None,
    };
    let mut work = Work { parts, language, caller, reply, title: title.clone(), topic, usage: Usage::default() };
    let sentences = work.whole(&passages).await?;
    let heading = words::written(&parts.words, language, "summary-of", &[("what", &title)]);
    let mut answered = sourced(&sentences, &passages);
    answered.text = format!("**{heading}**\n\n{}", answered.text);
    answered.usage = work.usage;
    answered.retrieve_ms = retrieve_ms;
    // A summary is shown when it is whole.
    answered.total_ms = milliseconds(start);
    answered.first_token_ms = Some(answered.total_ms);
    Ok(answered)
}

async fn gather(parts: &Parts, course: &Course, target: &Target) -> Result<Vec<Passage>, Trouble> {
    let (id, meaning, target) = (course.id.to_string(), course.share(), target.clone());
    let find = move |index: &tutor_index::Index| match &target {
        Target::Document(name) => index.passages(&id, name, None),
        Target::Section(name, section) => index.passages(&id, name, Some(section)),
        Target::Course => {
            let mut all = Vec::new();
            for document in index.documents(&id)? {
                all.extend(index.passages(&id, &document.name, None)?);
            }
            Ok(all)
        }
        Target::Topic(topic) => {
            let query = Query { course: &id, document: None, text: topic, limit: TOPIC_PASSAGES, meaning };
            let mut hits = index.search(&query)?;
            let best = hits.first().map_or(0.0, |hit| hit.score);
            hits.retain(|hit| hit.is_covering() && hit.score >= best * 0.4);
            let mut found: Vec<Passage> = hits.into_iter().map(|hit| hit.passage).collect();
            found.sort_by(|a, b| (&a.document, a.place).cmp(&(&b.document, b.place)));
            Ok(found)
        }
    };
    parts.on_index(find).await
}

fn nothing(parts: &Parts, course: &Course, target: &Target, language: Language) -> Answered {
    let text = match target {
        Target::Topic(topic) => {
            words::written(&parts.words, language, "summary-nothing", &[("topic", topic), ("course", &course.title)])
        }
        _ => words::written(&parts.words, language, "summary-empty", &[("course", &course.title)]),
    };
    Answered { text, ..Answered::default() }
}

fn title(course: &Course, target: &Target) -> String {
    match target {
        Target::Course => course.title.clone(),
        Target::Document(name) => name.clone(),
        Target::Section(name, section) => format!("{name} › {}", section.join(" › ")),
        Target::Topic(topic) => topic.clone(),
    }
}

/// A sentence of a summary with the passage that supports it.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    text: String,
    passage: usize,
    support: f32,
}

/// One summary in work.
struct Work<'a> {
    parts: &'a Parts,
    language: Language,
    /// Whose turn at the engine it takes.
    caller: &'a str,
    reply: &'a Reply,
    title: String,
    topic: Option<String>,
    usage: Usage,
}

impl Work<'_> {
    async fn whole(&mut self, passages: &[Passage]) -> Result<Vec<Line>, Trouble> {
        let stretches = stretches(passages, self.room().await?);
        let each = if stretches.len() > 1 { 2 } else { SENTENCES.min(5) };
        let mut lines = Vec::new();
        for (n, stretch) in (1..).zip(&stretches) {
            self.tell(n, stretches.len()).await?;
            let text = passages[stretch.clone()].iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join("\n\n");
            lines.extend(self.part(&text, stretch.clone(), passages, each).await?);
        }
        while lines.len() > SENTENCES {
            let before = lines.len();
            lines = self.reduce(lines, passages).await?;
            if lines.len() >= before {
                lines = thinned(lines, SENTENCES);
            }
        }
        Ok(lines)
    }

    /// Characters of notes that one prompt holds, by the model's own count of a sample.
    async fn room(&self) -> Result<usize, Trouble> {
        let model = self.parts.model.get().await?;
        let sample = match self.language {
            Language::En => "The gradient tells how the loss changes with each weight of the network. ".repeat(20),
            Language::Zh => "梯度说明损失随网络的每个权重怎样变化。".repeat(20),
        };
        let prompt = |text: &str| vec![Message::new(Role::User, text)];
        let tokens = model.count(&prompt(&sample)).await?.max(1);
        // Half of what fits by the sample, since formulas and code take more tokens; at most 6,000
        // characters, since small models lose the thread of longer ones.
        let free = model.window().saturating_sub(PART_TOKENS + 256) / 2;
        Ok((free * sample.chars().count() / tokens).clamp(400, 6_000))
    }

    async fn part(
        &mut self,
        text: &str,
        at: std::ops::Range<usize>,
        passages: &[Passage],
        sentences: usize,
    ) -> Result<Vec<Line>, Trouble> {
        let written = self.write(text, sentences).await?;
        let from = at.start;
        let own = &passages[at];
        let checked = cite::check(&written, "", own);
        let other_language = Language::of(&written).is_some_and(|language| Some(language) != Language::of(text));
        let mut lines: Vec<Line> = Vec::new();
        if !other_language {
            let line = |s: &cite::Checked| {
                s.passage.map(|p| Line { text: s.text.clone(), passage: from + p, support: s.support })
            };
            lines.extend(checked.iter().filter_map(line));
        }
        if lines.is_empty() {
            lines.extend(leading(own).map(|(p, text)| Line { text, passage: from + p, support: 1.0 }));
        }
        lines.truncate(sentences.max(1));
        Ok(lines)
    }

    /// Summarises the summaries, and keeps of that what the passages support.
    async fn reduce(&mut self, lines: Vec<Line>, passages: &[Passage]) -> Result<Vec<Line>, Trouble> {
        let room = self.room().await?;
        let mut reduced: Vec<Line> = Vec::new();
        let groups: Vec<&[Line]> = lines.chunks((room / 160).clamp(8, 40)).collect();
        for (n, group) in (1..).zip(&groups) {
            self.tell(n, groups.len()).await?;
            let text = group.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join(" ");
            let wanted = (group.len() / 2).clamp(1, SENTENCES);
            let written = self.write(&text, wanted).await?;
            let behind: Vec<Passage> = group.iter().map(|line| passages[line.passage].clone()).collect();
            let supported = cite::check(&written, "", &behind).into_iter().filter_map(|s| {
                s.passage.map(|p| Line { text: s.text, passage: group[p].passage, support: s.support })
            });
            let before = reduced.len();
            for line in supported {
                if !reduced.iter().any(|known| known.text == line.text) {
                    reduced.push(line);
                }
            }
            if reduced.len() == before {
                reduced.extend(thinned(group.to_vec(), wanted));
            }
            reduced.truncate(before + wanted);
        }
        Ok(reduced)
    }

    async fn write(&mut self, text: &str, sentences: usize) -> Result<String, Trouble> {
        let context =
            SummaryPrompt { title: self.title.clone(), topic: self.topic.clone(), sentences, text: text.to_owned() };
        let request = Request {
            messages: vec![Message::new(Role::User, self.parts.prompts.summary(self.language, &context)?)],
            sampling: Sampling { repeat_penalty: 1.1, repeat_window: 128, ..Sampling::default() },
            max_tokens: PART_TOKENS,
            caller: Caller { name: self.caller.to_owned(), class: Class::Summary, ..Caller::default() },
            ..Request::default()
        };
        let generation = self.parts.model.get().await?.generate(request).await?;
        let (written, finish) = generation.collect().await?;
        self.usage += finish.usage;
        Ok(written)
    }

    async fn tell(&self, part: usize, parts: usize) -> Result<(), Trouble> {
        let (part, parts) = (part.to_string(), parts.to_string());
        let line = self.parts.words.say(self.language, "progress-summary", &[("part", &part), ("parts", &parts)]);
        self.reply.send(ReplyEvent::Progress(line)).await
    }
}

/// Passages in runs of at most `room` characters, cut between documents and where a section ends if that
/// wastes less than half of the room.
fn stretches(passages: &[Passage], room: usize) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut length) = (0, 0);
    for (at, passage) in passages.iter().enumerate() {
        let size = passage.text.chars().count();
        let before = at.checked_sub(1).map(|before| &passages[before]);
        let new_document = before.is_some_and(|before| before.document != passage.document);
        let new_section = before.is_some_and(|before| before.section != passage.section);
        if at > start && (length + size > room || new_document || (new_section && length > room / 2)) {
            found.push(start..at);
            (start, length) = (at, 0);
        }
        length += size;
    }
    found.push(start..passages.len());
    found
}

/// The first sentence of the longest passage: what a section says of itself.
fn leading(passages: &[Passage]) -> Option<(usize, String)> {
    let (at, passage) = passages.iter().enumerate().max_by_key(|(_, passage)| passage.text.len())?;
    let first = tutor_index::analyze::sentences(&passage.text).into_iter().find(|s| s.chars().count() > 20)?;
    Some((at, first.trim().to_owned()))
}

/// `most` of the lines, spread over all of them.
fn thinned(lines: Vec<Line>, most: usize) -> Vec<Line> {
    let all = lines.len();
    let kept = |at: usize| at * most / all != (at + 1) * most / all;
    lines.into_iter().enumerate().filter(|(at, _)| all <= most || kept(*at)).map(|(_, line)| line).collect()
}

fn sourced(lines: &[Line], passages: &[Passage]) -> Answered {
    let mut answered = Answered { found: true, ..Answered::default() };
    let mut cited: Vec<Cited> = Vec::new();
    for line in lines {
        let at = cited.iter().position(|source| source.passage == line.passage).unwrap_or_else(|| {
            let quote = cite::quote(&line.text, &passages[line.passage]).to_owned();
            cited.push(Cited { passage: line.passage, quote });
            cited.len() - 1
        });
        let n = u32::try_from(at + 1).unwrap_or(u32::MAX);
        answered.text.push_str(&format!("- {} [{n}]\n", line.text.replace('\n', " ")));
        answered.sentences.push((line.text.clone(), Some(n), line.support));
    }
    answered.text.truncate(answered.text.trim_end().len());
    answered.sources = cited.into_iter().map(|c| (passages[c.passage].clone(), c.quote)).collect();
    answered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passage(document: &str, section: &str, length: usize) -> Passage {
        Passage {
            course: "c".into(),
            document: document.into(),
            section: vec![section.into()],
            marks: Vec::new(),
            place: 0,
            text: "a".repeat(length),
        }
    }

    #[test]
    fn stretches_fit_the_room_and_end_with_documents() {
        let passages = [
            passage("a", "1", 400),
            passage("a", "1", 400),
            passage("a", "2", 400),
            passage("b", "1", 100),
            passage("b", "2", 5000),
        ];
        assert_eq!(stretches(&passages, 1000), [0..2, 2..3, 3..4, 4..5]);
    }

    #[test]
    fn thinning_keeps_lines_from_everywhere() {
        let lines: Vec<Line> = (0..9).map(|n| Line { text: n.to_string(), passage: n, support: 1.0 }).collect();
        let kept: Vec<usize> = thinned(lines, 3).iter().map(|line| line.passage).collect();
        assert_eq!(kept, [2, 5, 8]);
    }
}
