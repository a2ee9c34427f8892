//! One turn, top to bottom: who asks what, the ability that answers, the record on disk, the last words.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tutor_bots::chat::{Attachment, Content, Files, Incoming, ReplyEvent};
use tutor_bots::markup;
use tutor_models::generate::Usage;
use tutor_prompts::Language;

use super::command::Command;
use super::intent::{self, Intent};
use super::policy::{self, About, Person};
use super::{Parts, Reply, Trouble, account, answer, course, learn, summary, words};
use crate::memory::{CourseId, Said, StudentId, Turn};

/// What an ability made of a turn.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What the tutor says.
    pub(super) said: Said,
    /// Files that go along; they are not kept.
    pub(super) files: Vec<Attachment>,
    /// What becomes of the turn.
    pub(super) keep: Keep,
    /// The course that it was about.
    pub(super) course: Option<CourseId>,
    /// The question as it was understood, when that differs.
    pub(super) understood: Option<String>,
    /// What it cost.
    pub(super) usage: Usage,
}

/// What becomes of a turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Keep {
    /// It is part of the conversation.
    Dialogue,
    /// It is kept, but later questions do not refer to it.
    #[default]
    Command,
    /// It is made anew when it is asked for again: it hands out or removes what is kept.
    Nothing,
}

impl Outcome {
    /// An outcome that is only a text.
    pub(super) fn text(text: String) -> Self {
        Self { said: Said { text, ..Said::default() }, ..Self::default() }
    }
}

/// Everything that an ability knows of its turn.
pub(super) struct Scene<'a> {
    pub(super) parts: &'a Parts,
    pub(super) incoming: &'a Incoming,
    pub(super) person: Person,
    pub(super) language: Language,
    pub(super) reply: &'a Reply,
}

impl Scene<'_> {
    /// The message `key` in the language of this turn, as plain text.
    pub(super) fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        words::plain(&self.parts.words, self.language, key, values)
    }

    /// The message `key` as CommonMark: titles, names and whatever else is put into it stand for themselves.
    pub(super) fn write(&self, key: &str, values: &[(&str, &str)]) -> String {
        words::written(&self.parts.words, self.language, key, values)
    }

    /// An outcome that is the message `key`.
    pub(super) fn tell(&self, key: &str, values: &[(&str, &str)]) -> Outcome {
        Outcome::text(self.write(key, values))
    }
}

/// Answers one message. Whatever happens, the reply ends in an answer or a reason; only a turn that is
/// cut off ends without [`ReplyEvent::Done`], so that it stays pending.
pub(super) async fn run(
    parts: &Parts,
    incoming: &Incoming,
    files: Arc<dyn Files>,
    reply: &Reply,
    cut: &CancellationToken,
) {
    let span = tracing::info_span!("turn", id = %incoming.id);
    let turn = async {
        let language = language(parts, incoming).await.unwrap_or_default();
        let work = async {
            let work = carry_out(parts, incoming, files, language, reply);
            // What becomes of a document is told as it is: learning stops by itself, or says that it was too late to.
            if matches!(incoming.content, Content::File(_)) { work.await } else { reply.while_wanted(work).await }
        };
        let done = tokio::select! {
            biased;
            done = work => done,
            () = cut.cancelled() => {
                let text = parts.words.say(language, "cut-off", &[]);
                return reply.finish(vec![ReplyEvent::Text(format!("\n\n*{text}*"))]).await;
            }
        };
        match done {
            Ok(outcome) => reply.finish(events(outcome.said, outcome.files)).await,
            Err(Trouble::Gone) => tracing::debug!("nobody listens any more"),
            Err(trouble) => {
                if !matches!(trouble, Trouble::Stopped) {
                    tracing::warn!(error = &trouble as &dyn std::error::Error, "turn failed");
                }
                let text = markup::escape(&words::trouble(&parts.words, language, &trouble));
                reply.finish(vec![ReplyEvent::Rewrite(text), ReplyEvent::Done]).await;
            }
        }
    };
    turn.instrument(span).await;
}

/// Turns of a conversation in which a person's language is looked for: in a group others speak in between.
const RECENT: usize = 16;

/// The language to answer in: the person's choice, else that of the text, of what the person said before, of the client.
pub(super) async fn language(parts: &Parts, incoming: &Incoming) -> Result<Language, Trouble> {
    let student = parts.memory.student(&incoming.account).await?;
    let chosen = student.as_ref().and_then(|student| student.language);
    let written = match &incoming.content {
        Content::Text(text) => Language::of(text),
        // A code or a name tells little; only a sentence does.
        Content::Command { argument, .. } if argument.contains(' ') || !argument.is_ascii() => Language::of(argument),
        Content::File(file) => Language::of(&file.caption),
        Content::Command { .. } | Content::Press { .. } | Content::Unreadable => None,
    };
    if let Some(language) = chosen.or(written) {
        return Ok(language);
    }
    let recent = parts.memory.recent(&incoming.place.key(), RECENT).await?;
    let own = |turn: &&Turn| student.as_ref().is_some_and(|student| student.id == turn.student);
    let spoken = recent.iter().rev().filter(own).find_map(|turn| Language::of(&turn.asked));
    let client = || incoming.locale.as_deref().and_then(Language::from_tag);
    Ok(spoken.or_else(client).unwrap_or_default())
}

async fn carry_out(
    parts: &Parts,
    incoming: &Incoming,
    files: Arc<dyn Files>,
    language: Language,
    reply: &Reply,
) -> Result<Outcome, Trouble> {
    if let Some(turn) = parts.memory.turn(&incoming.id).await? {
        tracing::info!("answered before, the record is shown again");
        return Ok(Outcome { said: turn.said, ..Outcome::default() });
    }
    let _in_work = parts.begun.begin(&incoming.id).ok_or(Trouble::GivenUp)?;
    let student = parts.memory.welcome(&incoming.account, pseudonym(), Timestamp::now()).await?;
    let person = Person::new(parts, student);
    let scene = Scene { parts, incoming, person, language, reply };
    let intent = intent::intent(&incoming.content);
    let asked = asked(&incoming.content);
    let outcome = act(&scene, intent, files).await?;
    if outcome.keep != Keep::Nothing {
        let turn = Turn {
            incoming: incoming.id.clone(),
            conversation: incoming.place.key(),
            student: scene.person.student.id.clone(),
            course: outcome.course.clone(),
            at: Timestamp::now(),
            asked,
            understood: outcome.understood.clone(),
            said: outcome.said.clone(),
            dialogue: outcome.keep == Keep::Dialogue,
            usage: outcome.usage,
            model: (outcome.usage != Usage::default()).then(|| parts.model.chat_name().to_owned()),
        };
        parts.memory.record(&turn).await?;
    }
    Ok(outcome)
}

async fn act(scene: &Scene<'_>, intent: Intent, files: Arc<dyn Files>) -> Result<Outcome, Trouble> {
    match intent {
        Intent::Answer(question) => match in_course(scene).await? {
            Ok(course) => answer::turn(scene, &course, &question).await,
            Err(outcome) => Ok(outcome),
        },
        Intent::Learn(file) => match in_course(scene).await? {
            Ok(course) => learn::turn(scene, &course, &file, files).await,
            Err(outcome) => Ok(outcome),
        },
        Intent::Command(command, argument) => obey(scene, command, &argument).await,
        Intent::PassOn(id) => answer::pass_on(scene, &id).await,
        Intent::Close(id) => course::close_question(scene, &id).await,
        Intent::Forget { confirmed } => account::forget(scene, confirmed).await,
        Intent::Refuse(key) => Ok(scene.tell(key, &[])),
        Intent::TooLong(length) => {
            Ok(scene
                .tell("too-long", &[("length", &length.to_string()), ("limit", &intent::MESSAGE_LIMIT.to_string())]))
        }
        Intent::Unknown(name) => Ok(scene.tell("unknown-command", &[("name", &name)])),
    }
}

async fn obey(scene: &Scene<'_>, command: Command, argument: &str) -> Result<Outcome, Trouble> {
    match command {
        // A link such as t.me/NAME?start=CODE opens the chat and says this.
        Command::Start if !argument.is_empty() => course::join(scene, argument).await,
        Command::Start | Command::Help => account::help(scene, command).await,
        Command::Join => course::join(scene, argument).await,
        Command::Courses => course::list(scene).await,
        Command::Switch => course::switch(scene, argument).await,
        Command::Leave => course::leave(scene, argument).await,
        Command::Create => course::create(scene, argument).await,
        Command::New => account::start_afresh(scene).await,
        Command::Language => account::language(scene, argument).await,
        Command::Usage => account::usage(scene).await,
        Command::Link => account::link(scene, argument).await,
        Command::Export => account::export(scene).await,
        Command::Forget => account::ask_to_forget(scene),
        Command::Stop => Ok(scene.tell("nothing-to-stop", &[])),
        Command::Ask
        | Command::Summary
        | Command::Documents
        | Command::Learn
        | Command::Remove
        | Command::Restore
        | Command::Invite
        | Command::Questions
        | Command::Rules => match in_course(scene).await? {
            Ok(about) => obey_in_course(scene, command, &about, argument).await,
            Err(outcome) => Ok(outcome),
        },
    }
}

async fn obey_in_course(
    scene: &Scene<'_>,
    command: Command,
    about: &crate::memory::Course,
    argument: &str,
) -> Result<Outcome, Trouble> {
    match command {
        Command::Summary => summary::turn(scene, about, argument).await,
        Command::Documents => course::documents(scene, about).await,
        Command::Remove => course::remove(scene, about, argument).await,
        Command::Restore => course::restore(scene, about, argument).await,
        Command::Invite => course::invite(scene, about, argument).await,
        Command::Questions => course::questions(scene, about).await,
        Command::Rules => course::rules(scene, about, argument).await,
        Command::Learn => Ok(scene.tell("learn-how", &[("course", &about.title)])),
        _ => answer::turn(scene, about, argument).await,
    }
}

/// The course of this turn, or what to say when there is none.
async fn in_course(scene: &Scene<'_>) -> Result<Result<crate::memory::Course, Outcome>, Trouble> {
    Ok(match policy::about(scene.parts, &scene.person, &scene.incoming.place).await? {
        About::Course(course) => Ok(course),
        About::Choose(courses) => Err(Outcome::text(course::choice(scene, "which-course", &courses))),
        About::Nothing => Err(scene.tell(account::no_course(scene), &[])),
    })
}

/// What is kept as the student's words.
fn asked(content: &Content) -> String {
    match content {
        Content::Text(text) | Content::Command { argument: text, .. }
            if text.chars().count() > intent::MESSAGE_LIMIT =>
        {
            // It was refused; how it began tells which one it was.
            format!("{}…", text.trim().chars().take(200).collect::<String>())
        }
        Content::Text(text) => text.trim().to_owned(),
        Content::Command { name, argument } if name == Command::Ask.name() => argument.clone(),
        Content::Command { name, argument } => format!("/{name} {argument}").trim().to_owned(),
        Content::Press { data } => data.clone(),
        Content::File(file) if !file.caption.trim().is_empty() => file.caption.trim().to_owned(),
        Content::File(file) => file.name.clone(),
        Content::Unreadable => String::new(),
    }
}

/// The events that show all of what was said.
fn events(said: Said, files: Vec<Attachment>) -> Vec<ReplyEvent> {
    let mut events = vec![ReplyEvent::Rewrite(said.text)];
    events.extend(said.sources.map(ReplyEvent::Sources));
    if !said.buttons.is_empty() {
        events.push(ReplyEvent::Buttons(said.buttons));
    }
    events.extend(files.into_iter().map(ReplyEvent::File));
    events.push(ReplyEvent::Done);
    events
}

/// A random pseudonym of 64 bits.
fn pseudonym() -> StudentId {
    StudentId(format!("s{:016x}", rand::random::<u64>()))
}
