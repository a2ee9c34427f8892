//! Which files stand behind the paths of a command, and what their documents are called.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use crate::dialogue::document_name;

/// What stands behind a path.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The files, each by its path from where the names begin: its own name, or its path within the folder.
    pub(super) files: Vec<(PathBuf, PathBuf)>,
    /// Files of a folder that cannot be read, by their names.
    pub(super) left_out: usize,
}

/// The file at a path, whatever its type; all readable files of a folder.
pub(super) fn found(path: &Path) -> std::io::Result<Found> {
    let mut found = Found::default();
    if !std::fs::metadata(path)?.is_dir() {
        let base = path.parent().unwrap_or(path);
        found.files.push((path.to_owned(), path.strip_prefix(base).unwrap_or(path).to_owned()));
        return Ok(found);
    }
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let (file, kind) = (entry.path(), entry.file_type()?);
            // A link could lead out of the folder, or round in it.
            if is_passing(&entry.file_name().to_string_lossy()) || kind.is_symlink() {
                continue;
            } else if kind.is_dir() {
                folders.push(file);
            } else if kind.is_file() && tutor_index::supports(&file.to_string_lossy()) {
                let within = file.strip_prefix(path).unwrap_or(&file).to_owned();
                found.files.push((file, within));
            } else {
                found.left_out += 1;
            }
        }
    }
    found.files.sort();
    Ok(found)
}

/// Whether a name says that a file is hidden, or stands there only while another one is open or copied.
fn is_passing(name: &str) -> bool {
    const ENDINGS: [&str; 8] = ["~", ".tmp", ".temp", ".swp", ".swx", ".part", ".crdownload", ".download"];
    let name = name.to_lowercase();
    name.starts_with(['.', '#']) || name.starts_with("~$") || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The files with their document names. Where two would have the same, each is named from one folder further up, so that
/// `week1/notes.md` does not take the place of `week2/notes.md`.
pub(super) fn named(files: Vec<(PathBuf, PathBuf)>) -> Vec<(PathBuf, String)> {
    let mut lengths: Vec<usize> = files.iter().map(|(_, within)| within.components().count()).collect();
    let end = |file: &Path, length: usize| -> PathBuf {
        let parts: Vec<_> = file.components().filter(|part| matches!(part, Component::Normal(_))).collect();
        parts[parts.len().saturating_sub(length)..].iter().collect()
    };
    loop {
        let names: Vec<PathBuf> = files.iter().zip(&lengths).map(|((file, _), length)| end(file, *length)).collect();
        let mut owners: HashMap<&Path, HashSet<&Path>> = HashMap::new();
        for ((file, _), name) in files.iter().zip(&names) {
            owners.entry(name).or_default().insert(file);
        }
        let same = |at: usize| owners[names[at].as_path()].len() > 1 && lengths[at] < files[at].0.components().count();
        let longer: Vec<usize> = (0..names.len()).filter(|at| same(*at)).collect();
        if longer.is_empty() {
            let name = |path: PathBuf| match path.parent() {
                Some(parent) if parent != Path::new("") => path.to_string_lossy().into_owned(),
                _ => document_name(&path.to_string_lossy()),
            };
            return files.into_iter().zip(names).map(|((file, _), path)| (file, name(path))).collect();
        }
        longer.into_iter().for_each(|at| lengths[at] += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_are_told_apart_by_their_folders() {
        let file = |file: &str, within: &str| (PathBuf::from(file), PathBuf::from(within));
        let files = vec![
            file("/c/week1/notes.md", "notes.md"),
            file("/c/week2/notes.md", "notes.md"),
            file("/c/plan.md", "plan.md"),
            file("/d/a/x/1.md", "x/1.md"),
            file("/d/b/x/1.md", "x/1.md"),
            file("/notes.md", "notes.md"),
            file("/c/plan.md", "plan.md"),
        ];
        let names: Vec<String> = named(files).into_iter().map(|(_, name)| name).collect();
        assert_eq!(
            names,
            ["week1/notes.md", "week2/notes.md", "plan.md", "a/x/1.md", "b/x/1.md", "notes.md", "plan.md"]
        );
    }

    #[test]
    fn a_folder_gives_its_readable_files_and_counts_the_others() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        for name in
            ["b.md", "sub/a.txt", "song.mp3", ".hidden.md", "~$b.docx", "b.md~", ".b.md.swp", "c.md.part", "#b.md#"]
        {
            std::fs::write(folder.path().join(name), "text").unwrap();
        }
        let found = found(folder.path()).unwrap();
        let within: Vec<_> = found.files.iter().map(|(_, within)| within.to_str().unwrap()).collect();
        assert_eq!((within, found.left_out), (vec!["b.md", "sub/a.txt"], 1));
    }
}
