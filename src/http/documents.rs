//! `/v1/courses/{course}/documents`: a course's documents, for programs that teach it: listed, uploaded with progress, removed.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{self, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use futures::Stream;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tutor_index::{Document, IndexError, Ingested, Progress, Status};
use tutor_prompts::Language;

use super::access::Access;
use super::body::{self, Limit};
use super::refusal::Refusal;
use super::{Service, Shared};
use crate::dialogue::{FILE_LIMIT, Parts, Trouble, remarks};
use crate::memory::CourseId;

/// A file, which may come over a slow line.
const FILE: Limit = Limit { bytes: FILE_LIMIT as usize, more: 8 << 20, time: Duration::from_secs(300) };
/// Files that come in or are learned at the same time; each may take its size in memory.
pub(super) const UPLOADS: usize = 4;
/// When to come again while all of these are taken.
const AGAIN: Duration = Duration::from_secs(5);

/// All of a course's documents, with the version of its notes.
pub(super) async fn list(
    State(service): Shared,
    Extension(access): Extension<Access>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Refusal> {
    let course = named(path)?;
    let course = taught(&service, &access, &course).await?.to_string();
    let listed = move |index: &tutor_index::Index| Ok((index.documents(&course)?, index.version(&course)?));
    let (documents, version) = service.parts.on_index(listed).await?;
    let documents: Vec<Value> = documents.iter().map(described).collect();
    Ok(Json(json!({"object": "list", "data": documents, "version": version})))
}

/// Learns the body as a document of the course. It answers with events: how far it is, what became of it, `[DONE]`; or
/// with what became of it alone, where the program accepts JSON.
pub(super) async fn learn(
    State(service): Shared,
    Extension(access): Extension<Access>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let (course, name) = named(path)?;
    let course = taught(&service, &access, &course).await?;
    if name.contains(char::is_control) {
        // It would tear the lists that people read.
        return Err(Refusal::of_file(&IndexError::BadName { name }));
    }
    let busy = || Refusal::too_many("other files are being learned", "busy", AGAIN);
    let place = service.uploads.clone().try_acquire_owned().map_err(|_| busy())?;
    let (head, body) = request.into_parts();
    let bytes = body::whole(body, FILE).await?;
    let mut learning = Learning::start(service.parts.clone(), &course, &name, bytes, place);
    if wants_json(&head.headers) {
        let ingested = learning.end().await?;
        let status = if ingested.status == Status::Added { StatusCode::CREATED } else { StatusCode::OK };
        return Ok((status, Json(learning.told(&ingested))).into_response());
    }
    // What fails at once is told by the status, as programs expect it.
    let first = match learning.next().await {
        Step::Done(done) => Step::Done(Ok(done?)),
        step => step,
    };
    Ok(Sse::new(learning.events(first)).keep_alive(sse::KeepAlive::default()).into_response())
}

/// Takes a document out of the course; what it was is kept as after any removal.
pub(super) async fn remove(
    State(service): Shared,
    Extension(access): Extension<Access>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<Value>, Refusal> {
    let (course, name) = named(path)?;
    let course = taught(&service, &access, &course).await?.to_string();
    let document = name.clone();
    if !service.parts.on_index(move |index| index.remove(&course, &document)).await? {
        return Err(Refusal::new(StatusCode::NOT_FOUND, format!("the course has no document {name:?}")));
    }
    Ok(Json(json!({"object": "document", "name": name, "deleted": true})))
}

/// What the address names; it may be no text at all.
fn named<T>(path: Result<Path<T>, PathRejection>) -> Result<T, Refusal> {
    path.map(|Path(named)| named).map_err(|error| Refusal::bad(error.body_text()).with_code("bad_name"))
}

/// The course, if whoever asks may teach it. Who may not learns nothing of it, not even whether it is there.
async fn taught(service: &Service, access: &Access, course: &str) -> Result<CourseId, Refusal> {
    let id = CourseId::parse(course);
    if !id.as_ref().is_some_and(|id| access.may_teach(id)) && access.key.is_some() {
        let reason = format!("the key may not teach {course:?}: tutor keys create NAME --teach {course}");
        return Err(Refusal::new(StatusCode::FORBIDDEN, reason).with_code("course_not_allowed"));
    }
    let known = match &id {
        Some(id) => service.parts.memory.course(id).await.map_err(Trouble::from)?,
        None => None,
    };
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, format!("there is no course {course:?}"));
    known.map(|course| course.id).ok_or_else(unknown)
}

/// Whether a program reads JSON rather than events.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.contains("application/json") && !accepted.contains("text/event-stream")
}

fn described(document: &Document) -> Value {
    json!({
        "object": "document",
        "name": document.name,
        "sha256": document.sha256,
        "passages": document.passages,
        "pages": document.pages,
    })
}

/// A document that is being learned; when it is dropped, the work stops at its next step.
struct Learning {
    parts: Arc<Parts>,
    progress: watch::Receiver<Option<Progress>>,
    work: JoinHandle<Result<Ingested, IndexError>>,
    name: String,
    _dropped: DropGuard,
}

/// What a learning tells.
enum Step {
    Progress(Progress),
    Done(Result<Ingested, Refusal>),
}

impl Learning {
    fn start(parts: Arc<Parts>, course: &CourseId, name: &str, bytes: Vec<u8>, place: OwnedSemaphorePermit) -> Self {
        let (tell, progress) = watch::channel(None);
        let unwanted = CancellationToken::new();
        let (stop, index) = (unwanted.clone(), parts.index.clone());
        let (course, document) = (course.to_string(), name.to_owned());
        let work = tokio::task::spawn_blocking(move || {
            let _place = place;
            let mut progress = |step: Progress| {
                let _ = tell.send(Some(step));
                if stop.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            index.ingest(&course, &document, &bytes, &mut progress)
        });
        Self { parts, progress, work, name: name.to_owned(), _dropped: unwanted.drop_guard() }
    }

    /// The next step; steps that nobody asked for in time are left out.
    async fn next(&mut self) -> Step {
        while self.progress.changed().await.is_ok() {
            if let Some(step) = *self.progress.borrow_and_update() {
                return Step::Progress(step);
            }
        }
        let ended = (&mut self.work).await.map_err(|_| Refusal::from(Trouble::Task));
        Step::Done(ended.and_then(|done| done.map_err(|error| Refusal::of_file(&error))))
    }

    async fn end(&mut self) -> Result<Ingested, Refusal> {
        loop {
            if let Step::Done(done) = self.next().await {
                return done;
            }
        }
    }

    fn told(&self, ingested: &Ingested) -> Value {
        let mut told = described(&ingested.document);
        told["status"] = json!(ingested.status);
        told["remarks"] = json!(remarks(&self.parts.words, Language::En, &self.name, &ingested.remarks));
        told
    }

    /// The events, from the first step on.
    fn events(self, first: Step) -> impl Stream<Item = Result<sse::Event, Infallible>> + use<> {
        let start = (Some(self), vec![first], false);
        futures::stream::unfold(start, |(learning, mut ready, done)| async move {
            if done {
                let event = sse::Event::default().data("[DONE]");
                return Some((Ok(event), (None, ready, false)));
            }
            let mut learning = learning?;
            let step = match ready.pop() {
                Some(step) => step,
                None => learning.next().await,
            };
            let (event, next) = match step {
                Step::Progress(progress) => (reached(progress), (Some(learning), ready, false)),
                Step::Done(Ok(ingested)) => (learning.told(&ingested), (None, ready, true)),
                Step::Done(Err(refusal)) => (refusal.body(), (None, ready, false)),
            };
            Some((Ok(sse::Event::default().data(event.to_string())), next))
        })
    }
}

/// How far it is.
fn reached(progress: Progress) -> Value {
    let (stage, done, count) = match progress {
        Progress::Page { page, pages } => ("pages", json!(page), json!(pages)),
        Progress::Passages { count } => ("passages", json!(count), json!(count)),
        Progress::Vectors { done, count } => ("vectors", json!(done), json!(count)),
    };
    json!({"object": "document.progress", "stage": stage, "done": done, "count": count})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_get_events_unless_they_ask_for_json() {
        let accepts = |value: &'static str| {
            let value = header::HeaderValue::from_static(value);
            wants_json(&HeaderMap::from_iter([(header::ACCEPT, value)]))
        };
        assert!(accepts("application/json") && accepts("application/json, text/plain, */*"));
        assert!(!accepts("*/*") && !accepts("text/event-stream, application/json") && !wants_json(&HeaderMap::new()));
    }
}
