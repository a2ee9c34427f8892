//! How fast a folder of Markdown is learned, and how fast 100,000 passages are searched, on one thread. Learning is told by the
//! clock and by the time on processors, which others on the machine do not lengthen.
//!
//! `cargo run --release -p tutor-index --example speed -- FOLDER [PASSAGES]`

use std::error::Error;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tutor_index::{Embed, EmbedFailed, Index, IndexError, Query};

/// The dimension of common small embedders.
const DIMENSIONS: usize = 384;

/// Vectors by chance: what a search costs does not depend on what they mean.
struct Chance;

impl Embed for Chance {
    fn name(&self) -> &str {
        "chance"
    }

    fn reads_chinese(&self) -> bool {
        true
    }

    fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedFailed> {
        Ok(texts.iter().map(|text| vector(text)).collect())
    }
}

fn vector(text: &str) -> Vec<f32> {
    let mut state =
        text.bytes().fold(1469598103934665603_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(1099511628211));
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..DIMENSIONS).map(|_| next()).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("a folder with Markdown files is needed")?;
    let passages: usize = arguments.next().map_or(Ok(100_000), |number| number.parse())?;
    let mut files = Vec::new();
    markdown(Path::new(&folder), &mut files)?;
    let texts = files.iter().map(std::fs::read_to_string).collect::<Result<Vec<String>, _>>()?;
    learn(&texts)?;
    search(&texts, passages)
}

fn markdown(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        match path.extension() {
            _ if path.is_dir() => markdown(&path, files)?,
            Some(ending) if ending == "md" => files.push(path),
            _ => {}
        }
    }
    files.sort();
    Ok(())
}

/// All texts, one document each, and all in one document.
fn learn(texts: &[String]) -> Result<(), Box<dyn Error>> {
    let joined = texts.join("\n\n");
    for (what, documents) in [("documents", texts.to_vec()), ("document of all", vec![joined])] {
        let folder = tempfile::tempdir()?;
        let index = Index::open(folder.path(), None)?;
        let (start, before) = (Instant::now(), on_processors());
        for (number, text) in documents.iter().enumerate() {
            let learned =
                index.ingest("course", &format!("{number}.md"), text.as_bytes(), &mut |_| ControlFlow::Continue(()));
            // Some books have pages that only include others.
            if !matches!(learned, Err(IndexError::Empty)) {
                learned?;
            }
        }
        let megabytes = documents.iter().map(String::len).sum::<usize>() as f64 / 1e6;
        let rate = |seconds: f64| format!("{:.1} MB/s", megabytes / seconds);
        let (clock, busy) = (rate(start.elapsed().as_secs_f64()), rate(on_processors() - before));
        say(&format!(
            "{} {what}: {megabytes:.1} MB learned, {clock} by the clock, {busy} on processors",
            documents.len()
        ))?;
    }
    Ok(())
}

/// The texts again and again, each time with other words in them, until there are as many passages as are wanted.
fn search(texts: &[String], passages: usize) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let index = Index::open(folder.path(), Some(Arc::new(Chance)))?;
    let mut count = 0;
    for round in 0.. {
        let varied: Vec<String> = texts.iter().map(|text| text.replace("e ", &format!("e v{round} "))).collect();
        let name = format!("{round}.md");
        count += index
            .ingest("course", &name, varied.join("\n\n").as_bytes(), &mut |_| ControlFlow::Continue(()))?
            .document
            .passages;
        if count >= passages {
            break;
        }
    }
    let lines =
        texts.iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| (40..120).contains(&line.len()));
    let questions: Vec<&str> = lines.step_by(7).take(1_000).collect();
    for (what, meaning) in [("words", Some(0.0)), ("both", None)] {
        index.search(&Query { course: "course", document: None, text: "warm", limit: 10, meaning })?;
        let mut times = Vec::with_capacity(questions.len());
        for text in &questions {
            let start = Instant::now();
            index.search(&Query { course: "course", document: None, text, limit: 10, meaning })?;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        let ms = |time: &Duration| time.as_secs_f64() * 1e3;
        let (half, most) = (ms(&times[times.len() / 2]), ms(&times[times.len() * 99 / 100]));
        say(&format!("{count} passages, {} searches by {what}: p50 {half:.1} ms, p99 {most:.1} ms", times.len()))?;
    }
    Ok(())
}

/// The seconds that all threads of this process have run; not a number where the system does not say. Linux counts in hundredths.
fn on_processors() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in brackets, may hold anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    if ticks.len() == 2 { ticks.iter().sum::<f64>() / 100.0 } else { f64::NAN }
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
