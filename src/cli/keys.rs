//! `tutor keys`: create, list, revoke the keys to the models as a service.

use clap::Subcommand;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::table::{NONE, table};
use super::{Failure, Output};
use crate::app::App;
use crate::memory::{ApiKey, CourseId, KeySecret, MemoryError, Meter, Priority, day};

/// Its arguments.
#[derive(Debug, Clone, Serialize, Deserialize, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Serialize, Deserialize, Subcommand)]
enum Action {
    Create {
        #[arg(value_name = "NAME")]
        name: String,
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        requests_per_minute: Option<u32>,
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        tokens_per_day: Option<u64>,
        #[arg(long, value_enum, default_value = "student")]
        priority: Priority,
        #[arg(long, value_name = "DATE")]
        expires: Option<Date>,
        #[arg(long, value_name = "COURSE")]
        teach: Vec<String>,
    },
    List {
        #[arg(long)]
        json: bool,
    },
    Revoke {
        #[arg(value_name = "NAME")]
        name: String,
    },
}

impl Arguments {
    /// Carries it out.
    pub(super) async fn run(self, app: &App, output: &Output) -> Result<(), Failure> {
        match self.action {
            Action::List { json } => list(app, output, json).await,
            Action::Revoke { name } => revoke(app, output, &name).await,
            Action::Create { name, requests_per_minute, tokens_per_day, priority, expires, teach } => {
                let mut teaches = Vec::new();
                for course in &teach {
                    teaches.push(super::courses::known(app, course).await?.id);
                }
                let secret = KeySecret::random();
                let key = ApiKey {
                    name: ApiKey::parse_name(&name)
                        .ok_or_else(|| Failure::Said("key-bad-name", vec![("name", name)]))?,
                    hash: secret.hash(),
                    requests_per_minute,
                    tokens_per_day,
                    priority,
                    teaches,
                    created: Timestamp::now(),
                    expires: expires.map(end_of).transpose()?,
                };
                create(app, output, &key, &secret).await
            }
        }
    }
}

/// The end of a day in UTC.
fn end_of(date: Date) -> Result<Timestamp, Failure> {
    let end = date.tomorrow().and_then(|next| next.to_zoned(TimeZone::UTC));
    end.map(|end| end.timestamp()).map_err(|_| Failure::Said("key-bad-date", vec![("date", date.to_string())]))
}

/// The key alone goes to standard output, so that a script can take it.
async fn create(app: &App, output: &Output, key: &ApiKey, secret: &KeySecret) -> Result<(), Failure> {
    match app.parts.memory.create_key(key).await {
        Err(MemoryError::Exists(name)) => return Err(Failure::Said("key-exists", vec![("name", name)])),
        created => created?,
    }
    output.note(&app.parts.words.say(output.terminal().language, "key-created", &[("name", &key.name)])).await;
    output.out(secret.reveal()).await;
    Ok(())
}

async fn list(app: &App, output: &Output, as_json: bool) -> Result<(), Failure> {
    let now = Timestamp::now();
    let mut rows = Vec::new();
    for key in app.parts.memory.keys().await? {
        let today = app.parts.memory.metered_on(Meter::Key, &key.name, day(now)).await?;
        if as_json {
            let line = json!({
                "name": key.name,
                "id": key.id(),
                "requests_per_minute": key.requests_per_minute,
                "tokens_per_day": key.tokens_per_day,
                "priority": key.priority,
                "teaches": key.teaches,
                "created": key.created,
                "expires": key.expires,
                "today": {"requests": today.requests, "tokens": today.total()},
            });
            output.json(&line).await;
            continue;
        }
        let or_none = |text: Option<String>| text.unwrap_or_else(|| NONE.to_owned());
        rows.push(vec![
            key.name.clone(),
            key.id().to_owned(),
            priority_name(key.priority),
            or_none(courses(&key.teaches)),
            or_none(key.requests_per_minute.map(|n| n.to_string())),
            or_none(key.tokens_per_day.map(|n| n.to_string())),
            today.total().to_string(),
            or_none(key.expires.map(|at| at.strftime("%F %R").to_string())),
        ]);
    }
    if !rows.is_empty() {
        let headings = ["name", "id", "priority", "teaches", "requests", "limit", "today", "expires"];
        let say = |name: &str| app.parts.words.say(output.terminal().language, &format!("keys-{name}"), &[]);
        for line in table(&headings.map(say), &rows) {
            output.out(line).await;
        }
    }
    Ok(())
}

/// The courses that a key teaches, if any.
fn courses(taught: &[CourseId]) -> Option<String> {
    let courses: Vec<&str> = taught.iter().map(CourseId::as_str).collect();
    (!courses.is_empty()).then(|| courses.join(" "))
}

/// As it is given on the command line.
fn priority_name(priority: Priority) -> String {
    use clap::ValueEnum as _;
    priority.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

async fn revoke(app: &App, output: &Output, name: &str) -> Result<(), Failure> {
    let Some(key) = app.parts.memory.revoke_key(name).await? else {
        return Err(Failure::Said("key-unknown", vec![("name", name.to_owned())]));
    };
    output.out(app.parts.words.say(output.terminal().language, "key-revoked", &[("name", &key.name)])).await;
    Ok(())
}
