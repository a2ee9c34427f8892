//! What became of a file: a line for scripts, or a sentence for people.

use serde::{Deserialize, Serialize};
use tutor_index::{Ingested, Status};
use tutor_prompts::Spoken;

use crate::cli::Output;
use crate::cli::ask::printable;

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Became {
    Added,
    Replaced,
    Unchanged,
    Failed,
    /// Its file is gone, and so is the document.
    Removed,
    /// Its file is gone, but what the course has under its name was learned from elsewhere.
    Left,
}

/// One line of `--json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) document: String,
    pub(super) status: Became,
    passages: usize,
    pages: Option<u32>,
    remarks: Vec<String>,
    error: Option<String>,
    /// The hash of the file's bytes, where they were learned.
    pub(super) sha256: Option<String>,
}

impl Told {
    /// Of a document that was learned, or known.
    pub(super) fn learned(name: &str, ingested: &Ingested, remarks: Vec<String>) -> Self {
        let status = match ingested.status {
            Status::Added => Became::Added,
            Status::Replaced => Became::Replaced,
            Status::Unchanged => Became::Unchanged,
        };
        let document = &ingested.document;
        Self {
            passages: document.passages,
            pages: document.pages,
            remarks,
            sha256: Some(document.sha256.clone()),
            ..Self::gone(name, status)
        }
    }

    /// Of a file that could not be learned.
    pub(super) fn failed(name: &str, error: String) -> Self {
        Self { error: Some(error), ..Self::gone(name, Became::Failed) }
    }

    /// Of a document whose file is gone.
    pub(super) fn gone(name: &str, status: Became) -> Self {
        let document = name.to_owned();
        Self { document, status, passages: 0, pages: None, remarks: Vec::new(), error: None, sha256: None }
    }

    /// Whether the file could not be learned.
    pub(super) fn has_failed(&self) -> bool {
        self.status == Became::Failed
    }

    /// Shows it.
    pub(super) async fn show(&self, spoken: &Spoken, output: &Output, json: bool) {
        if json {
            return output.json(self).await;
        }
        if let Some(error) = &self.error {
            return output.error(error).await;
        }
        let key = match self.status {
            Became::Added => "learned-added",
            Became::Replaced => "cli-learned-replaced",
            Became::Unchanged | Became::Failed => "learned-unchanged",
            Became::Removed => "cli-removed",
            Became::Left => "cli-watch-left",
        };
        let passages = spoken.say("passages", &[("count", &self.passages.to_string())]);
        output.out(spoken.say(key, &[("name", &printable(&self.document)), ("passages", &passages)])).await;
        for remark in &self.remarks {
            output.error(remark).await;
        }
    }
}
