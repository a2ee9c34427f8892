//! `tutor courses`: create, list, invite, documents, meaning, remove, restore.

use std::ops::ControlFlow;

use clap::Subcommand;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tutor_index::Status;

use super::{Failure, Output};
use crate::app::App;
use crate::dialogue::{invitation, meaning_told, read_meaning};
use crate::memory::{Course, CourseId, MemoryError, Role};

/// Its arguments.
#[derive(Debug, Clone, Serialize, Deserialize, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Serialize, Deserialize, Subcommand)]
enum Action {
    Create {
        #[arg(value_name = "ID")]
        id: String,
        #[arg(long, value_name = "TITLE")]
        title: Option<String>,
    },
    List {
        #[arg(long)]
        json: bool,
    },
    Invite {
        #[arg(value_name = "ID")]
        id: String,
        #[arg(long, value_enum, default_value = "student")]
        role: Role,
    },
    Documents {
        #[arg(value_name = "ID")]
        id: String,
        #[arg(long)]
        json: bool,
    },
    Meaning {
        #[arg(value_name = "ID")]
        id: String,
        #[arg(value_name = "SHARE")]
        share: Option<String>,
    },
    Remove {
        #[arg(value_name = "ID")]
        id: String,
        #[arg(value_name = "NAME")]
        name: String,
    },
    Restore {
        #[arg(value_name = "ID")]
        id: String,
        #[arg(value_name = "NAME")]
        name: String,
    },
}

impl Arguments {
    /// Carries it out.
    pub(super) async fn run(self, app: &App, output: &Output) -> Result<(), Failure> {
        match self.action {
            Action::Create { id, title } => create(app, output, &id, title).await,
            Action::List { json } => list(app, output, json).await,
            Action::Invite { id, role } => invite(app, output, &id, role).await,
            Action::Documents { id, json } => documents(app, output, &id, json).await,
            Action::Meaning { id, share } => meaning(app, output, &id, share.as_deref()).await,
            Action::Remove { id, name } => remove(app, output, &id, &name).await,
            Action::Restore { id, name } => restore(app, output, &id, &name).await,
        }
    }
}

/// The course with this identifier, or a sentence that says what to do.
pub(super) async fn known(app: &App, id: &str) -> Result<Course, Failure> {
    let course = match CourseId::parse(id) {
        Some(id) => app.parts.memory.course(&id).await?,
        None => None,
    };
    course.ok_or_else(|| Failure::Said("cli-course-unknown", vec![("course", id.to_owned())]))
}

async fn create(app: &App, output: &Output, id: &str, title: Option<String>) -> Result<(), Failure> {
    let Some(course) = CourseId::parse(id) else {
        return Err(Failure::Said("course-bad-id", vec![("id", id.to_owned())]));
    };
    let title = title.unwrap_or_else(|| course.to_string());
    let course = Course::new(course, title, Timestamp::now());
    match app.parts.memory.create_course(&course).await {
        Err(MemoryError::Exists(_)) => {
            return Err(Failure::Said("course-exists", vec![("course", course.id.to_string())]));
        }
        created => created?,
    }
    let values = [("course", course.id.as_str()), ("title", course.title.as_str())];
    output.out(app.parts.words.say(output.terminal().language, "cli-course-created", &values)).await;
    Ok(())
}

async fn list(app: &App, output: &Output, as_json: bool) -> Result<(), Failure> {
    for course in app.parts.memory.courses().await? {
        let id = course.id.to_string();
        let documents = app.parts.on_index(move |index| index.documents(&id)).await?;
        let passages: usize = documents.iter().map(|document| document.passages).sum();
        if as_json {
            let line =
                json!({"id": course.id, "title": course.title, "documents": documents.len(), "passages": passages});
            output.json(&line).await;
        } else {
            let count = documents.len().to_string();
            let documents = app.parts.words.say(output.terminal().language, "documents", &[("count", &count)]);
            output.out(format!("{}\t{}\t{documents}", course.id, course.title)).await;
        }
    }
    Ok(())
}

async fn invite(app: &App, output: &Output, id: &str, role: Role) -> Result<(), Failure> {
    let course = known(app, id).await?;
    let invitation = invitation(&course.id, role, Timestamp::now());
    app.parts.memory.invite(&invitation).await?;
    output.out(invitation.code).await;
    Ok(())
}

async fn documents(app: &App, output: &Output, id: &str, as_json: bool) -> Result<(), Failure> {
    let course = known(app, id).await?.id.to_string();
    for document in app.parts.on_index(move |index| index.documents(&course)).await? {
        if as_json {
            output.json(&document).await;
        } else {
            let count = document.passages.to_string();
            let passages = app.parts.words.say(output.terminal().language, "passages", &[("count", &count)]);
            output.out(format!("{}\t{passages}", super::ask::printable(&document.name))).await;
        }
    }
    Ok(())
}

/// Shows how much meaning counts when a course is searched, after setting it where a share is given.
async fn meaning(app: &App, output: &Output, id: &str, share: Option<&str>) -> Result<(), Failure> {
    let mut course = known(app, id).await?;
    if let Some(share) = share {
        let Some(wanted) = read_meaning(share) else {
            return Err(Failure::Said("meaning-bad", vec![("share", super::ask::printable(share))]));
        };
        course.meaning = wanted;
        app.parts.memory.save_course(&course).await?;
    }
    let (kind, percent) = meaning_told(&course);
    let values = [("course", course.title.as_str()), ("kind", kind), ("percent", &percent)];
    output.out(app.parts.words.say(output.terminal().language, "meaning-now", &values)).await;
    Ok(())
}

async fn remove(app: &App, output: &Output, id: &str, name: &str) -> Result<(), Failure> {
    let course = known(app, id).await?;
    let (id, document) = (course.id.to_string(), name.to_owned());
    if !app.parts.on_index(move |index| index.remove(&id, &document)).await? {
        let values = vec![("course", course.title), ("name", name.to_owned())];
        return Err(Failure::Said("remove-unknown", values));
    }
    output.out(app.parts.words.say(output.terminal().language, "cli-removed", &[("name", name)])).await;
    Ok(())
}

async fn restore(app: &App, output: &Output, id: &str, name: &str) -> Result<(), Failure> {
    let course = known(app, id).await?;
    let (id, document) = (course.id.to_string(), name.to_owned());
    let restored = app.parts.on_index(move |index| index.restore(&id, &document, &mut |_| ControlFlow::Continue(())));
    let Some(restored) = restored.await? else {
        return Err(Failure::Said("restore-unknown", vec![("course", course.title), ("name", name.to_owned())]));
    };
    let say = |key: &str, values: &[(&str, &str)]| app.parts.words.say(output.terminal().language, key, values);
    let passages = say("passages", &[("count", &restored.document.passages.to_string())]);
    let key = if restored.status == Status::Replaced { "cli-restored-instead" } else { "restored" };
    output.out(say(key, &[("name", name), ("passages", &passages)])).await;
    Ok(())
}
