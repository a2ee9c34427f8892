//! The console as a pipe and as a terminal, with a scripted tutor behind it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../tests/support/script.rs"]
mod script;

use std::io::{self, Cursor, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use script::{Script, Step, text_step, whole};
use tokio_util::sync::CancellationToken;
use tutor_bots::chat::{Attachment, Button, Content, ReplyEvent, Source, Sources};
use tutor_bots::console::{Config, ConsoleError, Display, Input, Size, Words, run};
use tutor_bots::markup::console::Ink;

/// Output that can be read while the console still has it.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn config(folder: &Path) -> Config {
    Config {
        student: "ada".into(),
        locale: Some("en-GB".into()),
        display: Display::Plain,
        ink: Ink::Plain,
        words: Words {
            prompt: "> ".into(),
            saved: "Saved as {path}".into(),
            not_saved: "Could not save {path}".into(),
            stopped: "(stopped)".into(),
            cut_off: "(cut off)".into(),
        },
        folder: folder.to_owned(),
    }
}

/// Everything that the console prints when these lines are piped into it.
async fn piped(config: Config, tutor: &Arc<Script>, lines: &str) -> String {
    let paper = Paper::default();
    let input = Input::Lines(Box::new(Cursor::new(lines.to_owned())));
    let tutor = Arc::<Script>::clone(tutor);
    run(config, input, paper.clone(), tutor, CancellationToken::new()).await.unwrap();
    paper.text()
}

fn answer() -> Vec<Step> {
    let quote = "The add gate takes its gradient and distributes it equally to all of its inputs.";
    let source = Source { n: 1, title: "optimization-2.md › Patterns".into(), quote: quote.into() };
    let buttons = ["Ask the teacher", "Another question"];
    let buttons = buttons.map(|label| Button { label: label.into(), data: label.to_lowercase() });
    vec![
        Step::Say(ReplyEvent::Progress("Looking in the notes…".into())),
        text_step("It **add"),
        text_step("s**\u{1b}[2J up."),
        Step::Say(ReplyEvent::Rewrite(
            "The **add gate** copies its gradient\u{1b}[2J\u{7} [1].\n\n- equally\n- to all".into(),
        )),
        Step::Say(ReplyEvent::Sources(Sources { label: "Sources".into(), items: vec![source] })),
        Step::Say(ReplyEvent::Buttons(buttons.into())),
        Step::Say(ReplyEvent::Done),
    ]
}

#[tokio::test]
async fn a_pipe_gets_what_stands_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let tutor = Script::new(&[("What does the add gate do?", answer())]);
    let lines = "What does the add gate do?\n\n  \n2\n2\n/join K7Q2\n/help\nlast without line feed";
    let transcript = piped(config(folder.path()), &tutor, lines).await;
    insta::assert_snapshot!(transcript, @r"
    The add gate copies its gradient[2J [1].

    • equally
    • to all

    Sources
    [1] optimization-2.md › Patterns
    │ The add gate takes its gradient and distributes it equally to all of its inputs.

      1) Ask the teacher
      2) Another question

    Heard: press another question

    Heard: 2

    Heard: /join K7Q2

    Heard: /help

    Heard: last without line feed
    ");
    assert_eq!(tutor.delivered(), 6);
    let heard = &tutor.heard()[0];
    assert_eq!((heard.account.as_str(), heard.place.key().as_str()), ("console:ada", "console:ada"));
    assert_eq!(heard.locale.as_deref(), Some("en-GB"));
}

#[tokio::test]
async fn a_terminal_sees_the_answer_grow() {
    let folder = tempfile::tempdir().unwrap();
    let mut steps = answer();
    steps.remove(3);
    let tutor = Script::new(&[("Go", steps)]);
    let live = Display::Live(|| Size { columns: 40, rows: 10 });
    let config = Config { display: live, ink: Ink::Colour, ..config(folder.path()) };
    let transcript = piped(config, &tutor, "Go\n").await;
    insta::assert_snapshot!(transcript.replace('\u{1b}', "␛").replace('\r', "␍"), @r"
    ␍␛[K␛[2mLooking in the notes…␛[0m␍␛[KIt **adds**[2J up.␍␛[JIt ␛[1madds␛[0m[2J up.

    ␛[1mSources␛[0m
    [1] optimization-2.md › Patterns
    │ ␛[2mThe add gate takes its gradient and distributes it equally to all of its inputs.␛[0m

      1) Ask the teacher
      2) Another question
    ");
}

#[tokio::test]
async fn files_are_read_from_and_written_to_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("my notes.md");
    std::fs::write(&notes, "# Gates").unwrap();
    std::fs::write(folder.path().join("export.json"), "mine").unwrap();
    let file = |name: &str| {
        Step::Say(ReplyEvent::File(Attachment {
            name: name.into(),
            bytes: b"{}".to_vec(),
            refused: "It was refused.".into(),
        }))
    };
    let fetch = vec![Step::Fetch(10), Step::Say(ReplyEvent::Done)];
    let small = vec![Step::Fetch(3), Step::Say(ReplyEvent::Done)];
    let export = vec![file("export.json"), file("../../../export.json"), Step::Say(ReplyEvent::Done)];
    let answers = [("file my notes.md", fetch), ("file export.json", small), ("/help", export)];
    let tutor = Script::new(&answers);
    let lines = format!(
        "/learn \"{}\"\n/learn {}\n/learn {}\n/help\n",
        notes.display(),
        folder.path().join("export.json").display(),
        folder.path().join("nothing.md").display(),
    );
    let transcript = piped(config(folder.path()), &tutor, &lines).await;
    insta::assert_snapshot!(transcript.replace(&folder.path().display().to_string(), "…"), @r"
    my notes.md has 7 bytes

    file is larger than 3 bytes

    Heard: file nothing.md

    Saved as …/export-1.json
    Saved as …/export-2.json
    ");
    assert_eq!(std::fs::read_to_string(folder.path().join("export.json")).unwrap(), "mine");
    let Content::File(first) = &tutor.contents()[0] else { panic!("no file") };
    assert_eq!((first.name.as_str(), first.size), ("my notes.md", 7));
}

#[tokio::test]
async fn a_refusal_and_a_cut_answer_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let tutor = Script::new(&[("Half", vec![text_step("The first half")])]);
    let transcript = piped(config(folder.path()), &tutor, "Half\n").await;
    assert_eq!(transcript, "The first half\n(cut off)\n\n");
    assert_eq!(tutor.delivered(), 0);

    tutor.refuse("The disk is full.\u{1b}[31m");
    let transcript = piped(config(Path::new("/nowhere")), &tutor, "Anything\n").await;
    assert_eq!(transcript, "The first half\n(cut off)\n\nThe disk is full.[31m\n\n", "what is pending comes first");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_told() {
    let file = Attachment { name: "export.json".into(), bytes: b"{}".to_vec(), refused: "It was refused.".into() };
    let tutor = Script::new(&[("/export", vec![Step::Say(ReplyEvent::File(file)), Step::Say(ReplyEvent::Done)])]);
    let transcript = piped(config(Path::new("/nowhere/at/all")), &tutor, "/export\n").await;
    assert_eq!(transcript, "Could not save export.json\n\n");
}

#[tokio::test]
async fn stopping_ends_the_console_at_its_prompt() {
    let folder = tempfile::tempdir().unwrap();
    // A pipe whose other end stays open and silent.
    let (silent, _held) = std::io::pipe().unwrap();
    let stop = CancellationToken::new();
    stop.cancel();
    let input = Input::Lines(Box::new(io::BufReader::new(silent)));
    run(config(folder.path()), input, Paper::default(), Script::new(&[]), stop).await.unwrap();
}

struct Closed(io::ErrorKind);

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_reader_who_goes_away_ends_the_console_and_a_full_disk_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let tutor = Script::new(&[("Go", whole("Gone."))]);
    for (kind, fails) in [(io::ErrorKind::BrokenPipe, false), (io::ErrorKind::StorageFull, true)] {
        let input = Input::Lines(Box::new(Cursor::new("Go\nGo\n")));
        let tutor = Arc::<Script>::clone(&tutor);
        let ended = run(config(folder.path()), input, Closed(kind), tutor, CancellationToken::new()).await;
        assert_eq!(matches!(ended, Err(ConsoleError::Output { .. })), fails, "{ended:?}");
    }
}
