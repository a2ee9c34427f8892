//! The ability to learn a document: fetch, ingest with progress, tell what became of it.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::watch;
use tutor_bots::chat::{FetchError, FileRef, Files};
use tutor_bots::markup;
use tutor_index::{IndexError, Ingested, Progress, Status};
use tutor_prompts::{Language, Spoken};

use super::intent::{self, Intent};
use super::turn::{Outcome, Scene};
use super::{Parts, Reply, Trouble, answer, course, words};
use crate::memory::Course;

/// The largest file that is learned, in bytes.
pub(crate) const FILE_LIMIT: u64 = 50_000_000;

/// A teacher's upload. What a student asks beside a file is answered, and that the file was not read is said.
pub(super) async fn turn(
    scene: &Scene<'_>,
    course: &Course,
    file: &FileRef,
    files: Arc<dyn Files>,
) -> Result<Outcome, Trouble> {
    let name = document_name(&file.name);
    if let Some(refusal) = course::teachers_only(scene, course).await? {
        let Intent::Answer(question) = intent::question(&file.caption) else { return Ok(refusal) };
        let mut outcome = scene.reply.while_wanted(answer::turn(scene, course, &question)).await?;
        let unread = scene.write("file-unread", &[("name", &name), ("course", &course.title)]);
        outcome.said.text.push_str(&format!("\n\n{unread}"));
        return Ok(outcome);
    }
    let limit = scene.incoming.surface.upload_limit.min(FILE_LIMIT);
    let too_large = || scene.tell("file-too-large", &[("name", &name), ("limit", &words::size(limit))]);
    if file.size > limit {
        return Ok(too_large());
    }
    scene.reply.progress(scene.say("progress-fetch", &[("name", &name)])).await?;
    let fetched = scene.reply.while_wanted(async { Ok(files.fetch(file, limit).await) }).await?;
    let bytes = match fetched {
        Ok(bytes) => bytes,
        Err(FetchError::TooLarge { .. }) => return Ok(too_large()),
        Err(FetchError::Failed { reason }) => {
            tracing::warn!(reason, "cannot fetch a file");
            return Ok(scene.tell("file-fetch", &[("name", &name)]));
        }
    };
    let text = match learn(scene.parts, course, &name, bytes, scene.language, scene.reply).await? {
        Ok(ingested) => learned(scene, &name, &ingested),
        Err(error) => {
            markup::escape(&words::file_trouble(&scene.parts.words, scene.language, &markup::isolate(&name), &error))
        }
    };
    Ok(Outcome { course: Some(course.id.clone()), ..Outcome::text(text) })
}

/// Learns a document and tells `reply` how far it is. A file that cannot be learned is the inner error.
pub(crate) async fn learn(
    parts: &Parts,
    course: &Course,
    name: &str,
    bytes: Vec<u8>,
    language: Language,
    reply: &Reply,
) -> Result<Result<Ingested, IndexError>, Trouble> {
    let (tell, mut told) = watch::channel(words::plain(&parts.words, language, "progress-read", &[("name", name)]));
    let (index, course, document) = (parts.index.clone(), course.id.to_string(), name.to_owned());
    let (watching, spoken) = (reply.clone(), Spoken::new(parts.words.clone(), language));
    let work = tokio::task::spawn_blocking(move || {
        let mut progress = |step: Progress| {
            let _ = tell.send(describe(&spoken, &document, step));
            if watching.unwanted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        index.ingest(&course, &document, &bytes, &mut progress)
    });
    // Ends when the work ends, since the sender goes with it.
    loop {
        let line = told.borrow_and_update().clone();
        // A reply that is gone cancels the work, which then says so itself.
        let _ = reply.progress(line).await;
        if told.changed().await.is_err() {
            break;
        }
    }
    match work.await.map_err(|_| Trouble::Task)? {
        Err(IndexError::Cancelled) if reply.unwanted() => Err(Trouble::Stopped),
        done => Ok(done),
    }
}

/// The name of a document: the last part of a path, without control characters, at most 120 characters.
pub(crate) fn document_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or("document");
    let clean: String = last.chars().filter(|c| !c.is_control()).collect();
    let clean = clean.trim();
    let length = clean.chars().count();
    // The end carries the file's type, so a long name loses its beginning.
    clean.chars().skip(length.saturating_sub(120)).collect()
}

fn learned(scene: &Scene<'_>, name: &str, ingested: &Ingested) -> String {
    let key = match ingested.status {
        Status::Added => "learned-added",
        Status::Replaced => "learned-replaced",
        Status::Unchanged => "learned-unchanged",
    };
    let passages = scene.say("passages", &[("count", &ingested.document.passages.to_string())]);
    let learned = scene.write(key, &[("name", name), ("passages", &passages)]);
    let remarks = words::remarks(&scene.parts.words, scene.language, name, &ingested.remarks);
    let lines = std::iter::once(learned).chain(remarks.iter().map(|remark| markup::escape(remark)));
    lines.collect::<Vec<_>>().join("\n\n")
}

fn describe(words: &Spoken, name: &str, step: Progress) -> String {
    let name = &markup::isolate(name);
    match step {
        Progress::Page { page, pages } => {
            words.say("progress-pages", &[("name", name), ("page", &page.to_string()), ("pages", &pages.to_string())])
        }
        Progress::Passages { count } => {
            let passages = words.say("passages", &[("count", &count.to_string())]);
            words.say("progress-index", &[("name", name), ("passages", &passages)])
        }
        Progress::Vectors { done, count } => {
            words.say("progress-vectors", &[("name", name), ("done", &done.to_string()), ("count", &count.to_string())])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_last_part_of_a_path_and_harmless() {
        for (name, expected) in [
            ("notes.md", "notes.md"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a b.pdf", "a b.pdf"),
            ("a\u{0}\nb.md", "ab.md"),
            ("/", "document"),
            ("第一章.pdf", "第一章.pdf"),
        ] {
            assert_eq!(document_name(name), expected);
        }
        assert_eq!(document_name(&format!("{}.pdf", "长".repeat(300))).chars().count(), 120);
    }
}
