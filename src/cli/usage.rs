//! `tutor usage`: what keys, courses, students and models used.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::table::table;
use super::{Failure, Output};
use crate::app::App;
use crate::memory::{DayUsage, Meter, Metered};

/// Its arguments.
#[derive(Debug, Clone, Serialize, Deserialize, clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, value_enum)]
    by: Option<Meter>,
    #[arg(long, value_name = "DATE")]
    since: Option<Date>,
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Carries it out: one JSON line a day and name, or a table of sums for each meter.
    pub(super) async fn run(self, app: &App, output: &Output) -> Result<(), Failure> {
        let meters = self.by.map_or_else(|| Meter::ALL.to_vec(), |meter| vec![meter]);
        let mut between = false;
        for meter in meters {
            let rows = app.parts.memory.metered(meter, self.since).await?;
            if self.json {
                for row in rows {
                    output.json(&line(meter, &row)).await;
                }
            } else if !rows.is_empty() {
                if std::mem::replace(&mut between, true) {
                    output.out("").await;
                }
                show(app, output, meter, &rows).await;
            }
        }
        Ok(())
    }
}

fn line(meter: Meter, row: &Metered) -> serde_json::Value {
    let DayUsage { requests, tokens } = row.usage;
    json!({
        "by": meter,
        "name": row.name,
        "day": row.day,
        "requests": requests,
        "prompt_tokens": tokens.prompt_tokens,
        "cached_tokens": tokens.cached_tokens,
        "completion_tokens": tokens.completion_tokens,
    })
}

/// Sums, the largest first.
async fn show(app: &App, output: &Output, meter: Meter, rows: &[Metered]) {
    let mut sums: BTreeMap<&str, DayUsage> = BTreeMap::new();
    for row in rows {
        *sums.entry(&row.name).or_default() += row.usage;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, usage)| std::cmp::Reverse(usage.total()));
    let cells = |(name, usage): (&str, DayUsage)| {
        let DayUsage { requests, tokens } = usage;
        let numbers = [requests as usize, tokens.prompt_tokens, tokens.cached_tokens, tokens.completion_tokens];
        [name.to_owned()].into_iter().chain(numbers.map(|number| number.to_string())).collect()
    };
    let rows: Vec<Vec<String>> = sums.into_iter().map(cells).collect();
    let first = match meter {
        Meter::Key => "key",
        Meter::Course => "course",
        Meter::Student => "student",
        Meter::Model => "model",
    };
    let say = |name: &str| app.parts.words.say(output.terminal().language, &format!("usage-{name}"), &[]);
    for line in table(&[first, "requests", "prompt", "cached", "completion"].map(say), &rows) {
        output.out(line).await;
    }
}
