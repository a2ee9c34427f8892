//! The ability to answer: understand, retrieve, generate, check, cite.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tutor_bots::chat::{Audience, Button, IncomingId, ReplyEvent, Source, Sources};
use tutor_index::{Hit, Passage, Query};
use tutor_models::generate::{
    Caller, Event, Generate, GenerateError, Generation, Message, Request, Role, Sampling, Usage,
};
use tutor_prompts::{AnswerPrompt, Excerpt, Language, QuestionPrompt};

use super::cite::{self, Cited};
use super::intent::button;
use super::turn::{Keep, Outcome, Scene};
use super::understand::{exchange, stands_alone, understand};
use super::{Parts, Reply, Trouble, heard, place, words};
use crate::memory::{Course, OpenQuestion, Said, Turn, Unsupported};

/// Passages given to the model; more make the first token later and a small model no wiser.
const PASSAGES: usize = 4;

/// Tokens of an answer.
const ANSWER_TOKENS: usize = 320;

/// How often somebody who waits for the first word is told what it waits for.
const WAIT_TOLD: Duration = Duration::from_secs(3);

/// Turns of the conversation that a follow-up sees.
const HISTORY: usize = 2;

/// A question in its place.
pub(crate) struct Asked<'a> {
    pub(crate) course: &'a Course,
    pub(crate) question: &'a str,
    /// The conversation so far, oldest first.
    pub(crate) history: &'a [Turn],
    pub(crate) language: Language,
    /// The pseudonym of who asks: the model is shared fairly between students.
    pub(crate) caller: &'a str,
}

impl Asked<'_> {
    /// Whom the model works for.
    pub(crate) fn caller(&self) -> Caller {
        Caller { name: self.caller.to_owned(), ..Caller::default() }
    }
}

/// A checked answer.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    /// The text with `[n]` marks.
    pub(crate) text: String,
    /// The notes cover the question.
    pub(crate) found: bool,
    /// The passages behind the marks (or the nearest ones), with their quotes.
    pub(crate) sources: Vec<(Passage, String)>,
    /// Each sentence with the number of its source and its support.
    pub(crate) sentences: Vec<(String, Option<u32>, f32)>,
    /// The question as it was understood, when that differs.
    pub(crate) understood: Option<String>,
    /// What it cost.
    pub(crate) usage: Usage,
    /// Milliseconds until passages were found, the first token came, and all was done.
    pub(crate) retrieve_ms: u64,
    pub(crate) first_token_ms: Option<u64>,
    pub(crate) total_ms: u64,
}

/// A turn in a chat.
pub(super) async fn turn(scene: &Scene<'_>, course: &Course, question: &str) -> Result<Outcome, Trouble> {
    let history = scene.parts.memory.recent(&scene.incoming.place.key(), HISTORY + 2).await?;
    // A conversation that moved to another course starts anew there.
    let history: Vec<Turn> = history.into_iter().filter(|turn| turn.course.as_ref() == Some(&course.id)).collect();
    let asked =
        Asked { course, question, history: &history, language: scene.language, caller: &scene.person.student.id.0 };
    let group = scene.incoming.place.audience == Audience::Group;
    let known =
        if group && stands_alone(question, &history) { Some(known(scene, course, question).await?) } else { None };
    if let Some((said, at)) = known.as_ref().and_then(|key| scene.parts.heard.answer(key)) {
        return Ok(heard(scene, course, said, at));
    }
    let answered = answer(scene.parts, &asked, scene.reply).await?;
    let label = scene.say(if answered.found { "sources" } else { "nearest" }, &[]);
    let offer = Button { label: scene.say("pass-on", &[]), data: button::pass_on(&scene.incoming.id) };
    let buttons = if !answered.found && offer.data.len() <= Button::DATA_LIMIT { vec![offer] } else { Vec::new() };
    let said = Said { text: answered.text.clone(), sources: sources(scene, label, &answered.sources), buttons };
    if let Some(key) = known.filter(|_| answered.found) {
        scene.parts.heard.keep(key, said.clone(), Timestamp::now());
    }
    Ok(Outcome {
        said,
        keep: Keep::Dialogue,
        course: Some(course.id.clone()),
        // In a group the question before may be another student's: it must not become a part of this one's record.
        understood: answered.understood.filter(|_| !group),
        usage: answered.usage,
        ..Outcome::default()
    })
}

/// What the answer to a question depends on, with the notes as they are now.
async fn known(scene: &Scene<'_>, course: &Course, question: &str) -> Result<heard::Question, Trouble> {
    let id = course.id.to_string();
    let version = scene.parts.on_index(move |index| index.version(&id)).await?;
    Ok(heard::Question::new(course, version, scene.language, question))
}

/// An answer that this class, or another group of the course, was given before.
fn heard(scene: &Scene<'_>, course: &Course, mut said: Said, at: Timestamp) -> Outcome {
    let time = at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string();
    said.text.push_str(&format!("\n\n*{}*", scene.write("answer-from", &[("time", &time)])));
    Outcome { said, keep: Keep::Dialogue, course: Some(course.id.clone()), ..Outcome::default() }
}

/// Passes a question on to the teacher.
pub(super) async fn pass_on(scene: &Scene<'_>, id: &IncomingId) -> Result<Outcome, Trouble> {
    let turn = scene.parts.memory.turn(id).await?;
    let own = turn.filter(|turn| turn.conversation == scene.incoming.place.key());
    let Some((turn, course)) = own.and_then(|turn| turn.course.clone().map(|course| (turn, course))) else {
        return Ok(scene.tell("pass-on-gone", &[]));
    };
    let question = OpenQuestion {
        incoming: id.clone(),
        course,
        student: turn.student,
        text: turn.understood.unwrap_or(turn.asked),
        at: turn.at,
    };
    let new = scene.parts.memory.pass_on(&question).await?;
    Ok(scene.tell(if new { "passed-on" } else { "passed-on-already" }, &[]))
}

/// Sources as adapters show them.
pub(super) fn sources(scene: &Scene<'_>, label: String, passages: &[(Passage, String)]) -> Option<Sources> {
    let item = |(n, (passage, quote)): (u32, &(Passage, String))| Source {
        n,
        title: place::title(passage, quote, |key, values| scene.say(key, values)),
        quote: quote.clone(),
    };
    let items: Vec<Source> = (1..).zip(passages).map(item).collect();
    (!items.is_empty()).then_some(Sources { label, items })
}

/// Answers a question from the notes of its course. Tokens go to `reply` as they come; the checked answer
/// is returned, and what it says may differ from what was streamed.
pub(crate) async fn answer(parts: &Parts, asked: &Asked<'_>, reply: &Reply) -> Result<Answered, Trouble> {
    let start = Instant::now();
    let understood = understand(parts, asked, reply).await?;
    reply.progress(parts.words.say(asked.language, "progress-search", &[])).await?;
    let hits = retrieve(parts, asked.course, &understood.question).await?;
    let retrieve_ms = milliseconds(start);
    let mut answered = if hits.first().is_some_and(Hit::is_covering) {
        let history = if understood.follows { asked.history } else { &[] };
        let passages: Vec<Passage> = hits.into_iter().map(|hit| hit.passage).take(PASSAGES).collect();
        from_notes(parts, asked, &understood.question, passages, history, reply, start).await?
    } else {
        not_covered(parts, asked, &understood.question, hits)
    };
    answered.usage += understood.usage;
    answered.understood = understood.follows.then_some(understood.question);
    answered.retrieve_ms = retrieve_ms;
    answered.total_ms = milliseconds(start);
    Ok(answered)
}

/// The best passages, those that cover the question first.
async fn retrieve(parts: &Parts, course: &Course, question: &str) -> Result<Vec<Hit>, Trouble> {
    let (course, meaning, text) = (course.id.to_string(), course.share(), question.to_owned());
    let found = move |index: &tutor_index::Index| {
        index.search(&Query { course: &course, document: None, text: &text, limit: PASSAGES * 2, meaning })
    };
    let mut hits = parts.on_index(found).await?;
    if let Some(best) = (0..hits.len()).max_by(|&a, &b| hits[a].coverage.total_cmp(&hits[b].coverage).then(b.cmp(&a)))
        && !hits[0].is_covering()
    {
        hits[..=best].rotate_right(1);
    }
    Ok(hits)
}

fn not_covered(parts: &Parts, asked: &Asked<'_>, question: &str, hits: Vec<Hit>) -> Answered {
    let near: Vec<Passage> = hits.into_iter().filter(|hit| hit.coverage > 0.0).map(|hit| hit.passage).take(3).collect();
    let key = if near.is_empty() { "not-covered" } else { "not-covered-near" };
    let text = words::written(&parts.words, asked.language, key, &[("course", &asked.course.title)]);
    let sources = near.into_iter().map(|passage| (cite::quote(question, &passage).to_owned(), passage));
    Answered { text, sources: sources.map(|(quote, passage)| (passage, quote)).collect(), ..Answered::default() }
}

async fn from_notes(
    parts: &Parts,
    asked: &Asked<'_>,
    question: &str,
    mut passages: Vec<Passage>,
    history: &[Turn],
    reply: &Reply,
    start: Instant,
) -> Result<Answered, Trouble> {
    let model = parts.model.of_course(asked.course.id.as_str()).await?;
    let limit = model.window().saturating_sub(ANSWER_TOKENS);
    let mut seen = history.len().min(HISTORY);
    let messages = loop {
        let messages = prompt(parts, asked, question, &passages, &history[history.len() - seen..])?;
        if model.count(&messages).await? <= limit {
            break messages;
        }
        // What matters least goes first: the older talk, then the passages that were found last.
        if seen > 0 {
            seen -= 1;
        } else if passages.len() > 1 {
            passages.pop();
        } else if !halve(&mut passages) {
            break messages;
        }
    };
    let rules = AnswerPrompt { course: asked.course.title.clone(), excerpts: Vec::new() };
    let rules = parts.prompts.answer(asked.language, &rules)?;
    let put = messages.last().map_or_else(|| rules.clone(), |message| format!("{rules}\n{}", message.content));
    let request = Request {
        messages,
        // Rules and notes; what people said comes behind them.
        shared: 1,
        caller: asked.caller(),
        // The likeliest words, so that the same question gets the same answer. No penalty for repeating: an answer that
        // quotes the notes must be free to.
        sampling: Sampling::default(),
        max_tokens: ANSWER_TOKENS,
        ..Request::default()
    };
    let ahead = model.load().waiting;
    let mut generation = model.generate(request).await?;
    let mut answered = Answered { found: true, ..Answered::default() };
    let mut written = String::new();
    let mut event = first_event(parts, asked, &*model, &mut generation, ahead, reply).await?;
    while let Some(now) = event {
        match now? {
            Event::Text(text) => {
                answered.first_token_ms.get_or_insert_with(|| milliseconds(start));
                written.push_str(&text);
                reply.send(ReplyEvent::Text(text)).await?;
            }
            Event::Anew(text) => {
                written.clone_from(&text);
                reply.send(ReplyEvent::Rewrite(text)).await?;
            }
            Event::Done(finish) => answered.usage = finish.usage,
        }
        event = generation.next().await;
    }
    let written = Written { text: &written, put: &put };
    settle(parts, asked, question, written, &passages, &mut answered);
    if seen < history.len().min(HISTORY) {
        answered.text = format!("{}\n\n*{}*", answered.text, parts.words.say(asked.language, "history-cut", &[]));
    }
    Ok(answered)
}

/// Waits for the first event, and tells meanwhile how many questions are `ahead`: at most as many as there were when this
/// one was asked, and as wait now.
async fn first_event(
    parts: &Parts,
    asked: &Asked<'_>,
    model: &dyn Generate,
    generation: &mut Generation,
    mut ahead: usize,
    reply: &Reply,
) -> Result<Option<Result<Event, GenerateError>>, Trouble> {
    loop {
        tokio::select! {
            event = generation.next() => return Ok(event),
            () = tokio::time::sleep(WAIT_TOLD) => {
                ahead = ahead.min(model.load().waiting.saturating_sub(1));
                let key = if ahead > 0 { "progress-queue" } else { "progress-write" };
                reply.progress(parts.words.say(asked.language, key, &[("waiting", &ahead.to_string())])).await?;
            }
        }
    }
}

/// What the model wrote, and the rules and the question as they were put to it: small models repeat both.
#[derive(Clone, Copy)]
struct Written<'a> {
    text: &'a str,
    put: &'a str,
}

/// Checks what was written; where the notes support less than half of it, they speak for themselves.
fn settle(
    parts: &Parts,
    asked: &Asked<'_>,
    question: &str,
    written: Written<'_>,
    passages: &[Passage],
    into: &mut Answered,
) {
    let mark = parts.words.say(asked.language, "not-from-notes", &[]);
    let checked = cite::check(written.text, written.put, passages);
    let other_language = Language::of(written.text).is_some_and(|language| language != asked.language);
    let poor = other_language || cite::is_poor(&checked);
    let mut answer = cite::compose(&checked, passages, asked.course.unsupported, &mark);
    if poor {
        answer = cite::extract(question, passages, 2);
        let intro = parts.words.say(asked.language, "from-notes", &[]);
        answer.text = format!("{intro} {}", answer.text);
    }
    into.text = answer.text;
    into.sentences = answer.sentences;
    let source = |cited: Cited| (passages[cited.passage].clone(), cited.quote);
    // What is not verbatim is no quote, whatever made it.
    into.sources =
        answer.sources.into_iter().map(source).filter(|(passage, quote)| passage.text.contains(quote)).collect();
}

/// Rules, course and passages first, so that questions about the same passages begin with the same tokens.
fn prompt(
    parts: &Parts,
    asked: &Asked<'_>,
    question: &str,
    passages: &[Passage],
    history: &[Turn],
) -> Result<Vec<Message>, Trouble> {
    let say = |key: &str, values: &[(&str, &str)]| parts.words.say(asked.language, key, values);
    let excerpt = |passage: &Passage| Excerpt { title: place::title(passage, "", say), text: passage.text.clone() };
    let context = AnswerPrompt { course: asked.course.title.clone(), excerpts: passages.iter().map(excerpt).collect() };
    let mut messages = vec![Message::new(Role::System, parts.prompts.answer(asked.language, &context)?)];
    for exchange in history.iter().map(exchange) {
        messages.push(Message::new(Role::User, exchange.asked));
        messages.push(Message::new(Role::Assistant, exchange.answered));
    }
    let question = QuestionPrompt { question: question.to_owned() };
    messages.push(Message::new(Role::User, parts.prompts.question(asked.language, &question)?));
    Ok(messages)
}

/// Cuts the only passage left to half; false when nothing is left to cut.
fn halve(passages: &mut [Passage]) -> bool {
    let Some(passage) = passages.first_mut().filter(|passage| passage.text.chars().count() > 80) else { return false };
    let half = passage.text.chars().count() / 2;
    passage.text = passage.text.chars().take(half).collect();
    true
}

pub(super) fn milliseconds(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// What the rule is called, in settings and commands.
pub(super) fn rule_name(rule: Unsupported) -> &'static str {
    match rule {
        Unsupported::Mark => "mark",
        Unsupported::Drop => "drop",
    }
}
