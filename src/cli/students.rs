//! `tutor students`: list, export, forget.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tutor_bots::chat::AccountId;

use super::{Failure, Output};
use crate::app::App;
use crate::memory::{Student, StudentId};

/// Its arguments.
#[derive(Debug, Clone, Serialize, Deserialize, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Serialize, Deserialize, Subcommand)]
enum Action {
    List {
        #[arg(long)]
        json: bool,
    },
    Export {
        #[arg(value_name = "ID")]
        id: String,
    },
    Forget {
        #[arg(value_name = "ID")]
        id: String,
    },
}

impl Arguments {
    /// Carries it out.
    pub(super) async fn run(self, app: &App, output: &Output) -> Result<(), Failure> {
        match self.action {
            Action::List { json } => list(app, output, json).await,
            Action::Export { id } => export(app, output, &id).await,
            Action::Forget { id } => forget(app, output, &id).await,
        }
    }
}

async fn list(app: &App, output: &Output, as_json: bool) -> Result<(), Failure> {
    for student in app.parts.memory.students().await? {
        let courses = app.parts.memory.memberships(&student.id).await?;
        let courses: Vec<String> = courses.into_iter().map(|membership| membership.course.to_string()).collect();
        if as_json {
            output.json(&json!({"id": student.id, "accounts": student.accounts, "courses": courses})).await;
        } else {
            let accounts: Vec<&str> = student.accounts.iter().map(AccountId::as_str).collect();
            output.out(format!("{}\t{}\t{}", student.id.0, accounts.join(" "), courses.join(" "))).await;
        }
    }
    Ok(())
}

async fn export(app: &App, output: &Output, id: &str) -> Result<(), Failure> {
    let student = known(app, id).await?;
    let kept = app.parts.memory.export(&student.id).await?;
    match serde_json::to_string_pretty(&kept) {
        Ok(text) => output.out(text).await,
        Err(error) => output.error(&error.to_string()).await,
    }
    Ok(())
}

async fn forget(app: &App, output: &Output, id: &str) -> Result<(), Failure> {
    let student = known(app, id).await?;
    let gone = app.parts.forget(&student.id).await?;
    let say = |key: &str, values: &[(&str, &str)]| app.parts.words.say(output.terminal().language, key, values);
    let count = |key: &str, count: usize| say(key, &[("count", &count.to_string())]);
    let (answers, records) = (count("answers", gone.turns), count("records", gone.records));
    output.out(say("cli-forgotten", &[("answers", &answers), ("records", &records)])).await;
    Ok(())
}

/// A student by pseudonym, by account (`telegram:12345`), or by the name given to `tutor ask --student`.
async fn known(app: &App, id: &str) -> Result<Student, Failure> {
    let memory = &app.parts.memory;
    if let Some(student) = memory.student_by_id(&StudentId(id.to_owned())).await? {
        return Ok(student);
    }
    for account in [AccountId::parse(id), Some(AccountId::new("console", id))].into_iter().flatten() {
        if let Some(student) = memory.student(&account).await? {
            return Ok(student);
        }
    }
    Err(Failure::Said("cli-student-unknown", vec![("student", id.to_owned())]))
}
