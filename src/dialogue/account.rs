//! What concerns the person: help, language, usage, linked accounts, export, being forgotten.

use jiff::{SignedDuration, Timestamp};
use tutor_bots::chat::{Attachment, Audience, Button};
use tutor_prompts::Language;

use super::Trouble;
use super::command::{Argument, Command};
use super::course::random_code;
use super::intent::button;
use super::turn::{Keep, Outcome, Scene};
use crate::memory::Role;

/// Minutes that a linking code is valid.
const LINK_MINUTES: i64 = 15;

/// What to say where there is no course: a key of the catalogue.
pub(super) fn no_course(scene: &Scene<'_>) -> &'static str {
    match scene.incoming.place.audience {
        Audience::Direct => "no-course",
        Audience::Group => "no-course-group",
    }
}

pub(super) async fn help(scene: &Scene<'_>, command: Command) -> Result<Outcome, Trouble> {
    if command == Command::Start {
        return Ok(Outcome::text(format!("{}\n\n{}", scene.say("start", &[]), scene.say("start-next", &[]))));
    }
    let memberships = scene.parts.memory.memberships(&scene.person.student.id).await?;
    let teaches = scene.person.admin || memberships.iter().any(|membership| membership.role == Role::Teacher);
    let mut text = scene.say("help-intro", &[("example", &scene.say("help-example", &[]))]);
    text.push_str(&format!(" {}\n\n**{}**\n", scene.say("help-follow", &[]), scene.say("help-commands", &[])));
    for command in Command::ALL.into_iter().filter(|command| teaches || !for_teachers(*command)) {
        let placeholder = |name: &str| scene.say(&format!("argument-{name}"), &[]);
        let argument = match command.argument() {
            Argument::None => String::new(),
            Argument::Optional(name) => format!(" [{}]", placeholder(name)),
            Argument::Required(name) | Argument::File(name) => format!(" {}", placeholder(name).to_uppercase()),
        };
        let description = command.description(&scene.parts.words, scene.language);
        text.push_str(&format!("\n- `/{}{argument}` {description}", command.name()));
    }
    Ok(Outcome::text(text))
}

fn for_teachers(command: Command) -> bool {
    use Command::{Create, Invite, Learn, Questions, Remove, Restore, Rules};
    matches!(command, Learn | Remove | Restore | Invite | Questions | Rules | Create)
}

pub(super) async fn start_afresh(scene: &Scene<'_>) -> Result<Outcome, Trouble> {
    scene.parts.memory.start_afresh(&scene.incoming.place.key()).await?;
    Ok(scene.tell("fresh", &[]))
}

pub(super) async fn language(scene: &Scene<'_>, argument: &str) -> Result<Outcome, Trouble> {
    let wanted = match argument.to_lowercase().as_str() {
        "auto" | "自动" => None,
        "english" | "英文" | "英语" => Some(Language::En),
        "chinese" | "中文" | "汉语" => Some(Language::Zh),
        tag => match Language::from_tag(tag) {
            Some(language) => Some(language),
            None => return Ok(scene.tell("language-how", &[])),
        },
    };
    let mut student = scene.person.student.clone();
    student.language = wanted;
    scene.parts.memory.save_student(&student).await?;
    let spoken = wanted.unwrap_or(scene.language);
    let key = if wanted.is_some() { "language-set" } else { "language-auto" };
    Ok(Outcome::text(scene.parts.words.say(spoken, key, &[])))
}

pub(super) async fn usage(scene: &Scene<'_>) -> Result<Outcome, Trouble> {
    if let Some(refusal) = direct_only(scene) {
        return Ok(refusal);
    }
    let total = scene.parts.memory.usage(&scene.person.student.id).await?;
    let values = [
        ("turns", total.turns.to_string()),
        ("prompt", total.tokens.prompt_tokens.to_string()),
        ("cached", total.tokens.cached_tokens.to_string()),
        ("completion", total.tokens.completion_tokens.to_string()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let outcome = scene.tell("usage-mine", &values);
    Ok(Outcome { keep: Keep::Nothing, ..outcome })
}

pub(super) async fn link(scene: &Scene<'_>, code: &str) -> Result<Outcome, Trouble> {
    if let Some(refusal) = direct_only(scene) {
        return Ok(refusal);
    }
    let (memory, now) = (&scene.parts.memory, Timestamp::now());
    if code.is_empty() {
        let code = random_code(8);
        let expires = now + SignedDuration::from_mins(LINK_MINUTES);
        memory.offer_link(&scene.person.student.id, &code, expires).await?;
        let outcome = scene.tell("link-code", &[("code", &code), ("minutes", &LINK_MINUTES.to_string())]);
        return Ok(Outcome { keep: Keep::Nothing, ..outcome });
    }
    let linked = memory.link(&code.to_uppercase(), &scene.incoming.account, now).await?;
    let shown: String = code.chars().take(32).collect();
    let outcome = match linked {
        Some(_) => scene.tell("link-done", &[]),
        None => scene.tell("link-unknown", &[("code", &shown)]),
    };
    // The turn would be kept for a person who is no longer there.
    Ok(Outcome { keep: Keep::Nothing, ..outcome })
}

pub(super) async fn export(scene: &Scene<'_>) -> Result<Outcome, Trouble> {
    if let Some(refusal) = direct_only(scene) {
        return Ok(refusal);
    }
    if !scene.incoming.surface.files {
        return Ok(scene.tell("export-no-files", &[]));
    }
    let kept = scene.parts.memory.export(&scene.person.student.id).await?;
    let bytes = serde_json::to_vec_pretty(&kept).map_err(|_| Trouble::Task)?;
    let file = Attachment { name: "tutor-export.json".to_owned(), bytes, refused: scene.say("export-refused", &[]) };
    Ok(Outcome { files: vec![file], keep: Keep::Nothing, ..scene.tell("export-done", &[]) })
}

pub(super) fn ask_to_forget(scene: &Scene<'_>) -> Result<Outcome, Trouble> {
    if let Some(refusal) = direct_only(scene) {
        return Ok(refusal);
    }
    let mut outcome = scene.tell("forget-ask", &[]);
    outcome.said.buttons = vec![
        Button { label: scene.say("forget-confirm", &[]), data: button::FORGET.to_owned() },
        Button { label: scene.say("forget-keep", &[]), data: button::KEEP.to_owned() },
    ];
    Ok(outcome)
}

pub(super) async fn forget(scene: &Scene<'_>, confirmed: bool) -> Result<Outcome, Trouble> {
    if let Some(refusal) = direct_only(scene) {
        return Ok(refusal);
    }
    if !confirmed {
        return Ok(Outcome { keep: Keep::Nothing, ..scene.tell("forget-kept", &[]) });
    }
    let gone = scene.parts.forget(&scene.person.student.id).await?;
    let count = |key: &str, count: usize| scene.say(key, &[("count", &count.to_string())]);
    let (answers, records) = (count("answers", gone.turns), count("records", gone.records));
    let values = [("answers", answers.as_str()), ("records", records.as_str())];
    Ok(Outcome { keep: Keep::Nothing, ..scene.tell("forget-done", &values) })
}

fn direct_only(scene: &Scene<'_>) -> Option<Outcome> {
    let group = scene.incoming.place.audience == Audience::Group;
    group.then(|| Outcome { keep: Keep::Nothing, ..scene.tell("direct-only", &[]) })
}
