//! The quiz of the Rust book as a list of questions for `tutor eval retrieval --csv`: which page does each stand on?
//!
//! `cargo run -p tutor-index --example quiz -- quiz.jsonl [worded] > quiz.csv`; `worded` leaves out the questions that are a
//! program and nothing else ("does it compile, and what does it print?").

use std::error::Error;
use std::fs::File;
use std::io::{BufRead as _, BufReader};

use serde::Deserialize;

/// A question as the quiz has it; what it holds besides is not needed.
#[derive(Deserialize)]
struct Quiz {
    #[serde(rename = "type")]
    kind: String,
    question: String,
    page: String,
    answer: serde_json::Value,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("a file with a question a line is needed")?;
    let worded = arguments.next().is_some_and(|argument| argument == "worded");
    let mut list = csv::Writer::from_writer(std::io::stdout());
    list.write_record(["question", "document", "answer"])?;
    for line in BufReader::new(File::open(path)?).lines() {
        let Quiz { kind, question, page, answer } = serde_json::from_str(&line?)?;
        if worded && kind == "Tracing" {
            continue;
        }
        list.write_record([question.trim(), &page, answer.as_str().unwrap_or_default()])?;
    }
    Ok(list.flush()?)
}
