//! A full disk: what does not fit is refused with a sentence, and nothing that stood is hurt.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program::{Program, fixture};

/// A small disk in memory, taken away when it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one at `folder`; `None`, with the reason printed, where this process may not.
    fn mount(folder: &Path, megabytes: u32) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(folder.to_owned())),
            _ => {
                eprintln!("skipped: this process may not mount a small disk");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_hurts_nothing() {
    let program = Program::new();
    let Some(_disk) = SmallDisk::mount(&program.data(), 24) else { return };
    let program = program.with_course("coast", "The coast", &[&fixture("tides.md")]).await;
    let before = program.run(&["courses", "documents", "coast", "--json"]).await.ok().out;

    let filler = program.data().join("filler");
    let left = free(&program.data());
    std::fs::write(&filler, vec![1_u8; usize::try_from(left.saturating_sub(20_000)).unwrap()]).unwrap();
    let big = program.folder().join("big.md");
    let text: String =
        (0..1_500).map(|n| format!("Cell number {n} has {} ribosomes and {} neighbours.\n\n", n * 7, n * 13)).collect();
    std::fs::write(&big, text).unwrap();
    let done = program.run(&["ingest", "--course", "coast", "--json", big.to_str().unwrap()]).await;
    assert_eq!(done.code, 1, "{done:?}");
    let told = if done.out.is_empty() { done.err } else { done.json()[0]["error"].to_string() };
    assert!(told.contains("disk") || told.contains("space"), "{told}");
    // What cannot be kept is not answered: what a student is told is on disk first.
    std::fs::write(program.data().join("rest"), vec![1_u8; usize::try_from(free(&program.data())).unwrap()]).unwrap();
    let asked = program.run(&["ask", "--course", "coast", "--student", "ada", "When do spring tides occur?"]).await;
    assert_eq!(asked.code, 1, "{asked:?}");
    assert!(asked.err.contains("disk") || asked.err.contains("space"), "{asked:?}");
    std::fs::remove_file(program.data().join("rest")).unwrap();

    std::fs::remove_file(&filler).unwrap();
    assert_eq!(program.run(&["courses", "documents", "coast", "--json"]).await.ok().out, before);
    let hits = program.run(&["search", "--course", "coast", "spring tides", "--json"]).await.ok().json();
    assert!(!hits.is_empty());
    program.run(&["ingest", "--course", "coast", fixture("compost.html").to_str().unwrap()]).await.ok();
}

/// Bytes that are free on the disk of `folder`.
fn free(folder: &Path) -> u64 {
    let output = Command::new("df").args(["--output=avail", "-B1"]).arg(folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().last().unwrap().trim().parse().unwrap()
}
