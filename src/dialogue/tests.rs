//! Whole conversations over a real index and memory, with a model that says what the test wants.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tutor_bots::chat::*;
use tutor_models::engine::GpuLayers;
use tutor_models::generate::{
    Event, Finish, FinishReason, Generate, GenerateError, Generation, Load, Message, Request, Role, Usage,
};

use super::*;
use crate::config;
use crate::memory::fake::FakeMemory;

/// A model that answers by script and counts words as tokens; it refuses what a real one would refuse.
struct Scripted {
    script: fn(&Request) -> String,
    seen: Mutex<Vec<Request>>,
    /// Requests that wait; those before a new one take four seconds each.
    waiting: Arc<AtomicUsize>,
}

#[async_trait]
impl Generate for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn window(&self) -> usize {
        2_000
    }

    fn load(&self) -> Load {
        Load { waiting: self.waiting.load(Ordering::SeqCst), ..Load::default() }
    }

    async fn count(&self, messages: &[Message]) -> Result<usize, GenerateError> {
        Ok(messages.iter().map(|message| message.content.split_whitespace().count() + 4).sum())
    }

    async fn generate(&self, request: Request) -> Result<Generation, GenerateError> {
        let tokens = self.count(&request.messages).await?;
        let limit = self.window() - request.max_tokens;
        if tokens > limit {
            return Err(GenerateError::PromptTooLong { tokens, limit });
        }
        let text = (self.script)(&request);
        self.seen.lock().unwrap().push(request);
        let (events, received) = mpsc::channel(1);
        let waiting = self.waiting.clone();
        let mut ahead = waiting.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            while ahead > 0 {
                tokio::time::sleep(Duration::from_secs(4)).await;
                ahead -= 1;
                waiting.fetch_sub(1, Ordering::SeqCst);
            }
            waiting.fetch_sub(1, Ordering::SeqCst);
            for word in text.split_inclusive(' ') {
                if events.send(Ok(Event::Text(word.to_owned()))).await.is_err() {
                    return;
                }
            }
            let completion_tokens = text.split(' ').count();
            let usage = Usage { prompt_tokens: tokens, cached_tokens: 0, completion_tokens };
            let _ = events.send(Ok(Event::Done(Finish { reason: FinishReason::Stop, usage }))).await;
        });
        Ok(Generation::new(received))
    }
}

/// Files by their reference.
struct Uploads(Vec<(&'static str, &'static [u8])>);

#[async_trait]
impl Files for Uploads {
    async fn fetch(&self, file: &FileRef, _limit: u64) -> Result<Vec<u8>, FetchError> {
        let found = self.0.iter().find(|(name, _)| *name == file.reference);
        found.map(|(_, bytes)| bytes.to_vec()).ok_or(FetchError::Failed { reason: "gone".into() })
    }
}

/// A tutor on a stage: what is said to it, and what it says.
struct Stage {
    dialogue: Dialogue,
    parts: Arc<Parts>,
    model: Arc<Scripted>,
    count: Mutex<u32>,
    _folder: tempfile::TempDir,
}

const NOTES: &[u8] = b"# Circuits\n\n## Gates\n\nThe add gate distributes the gradient equally to all of its inputs. \
It does so because its local gradient is 1.0 for every input.\n\n## Steps\n\nThe learning rate sets the size of a step.\n";

const TIDES: &[u8] = b"# The coast\n\nThe moon causes the tides.\n";

impl Stage {
    fn new(script: fn(&Request) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = Arc::new(Scripted { script, seen: Mutex::default(), waiting: Arc::default() });
        let models = config::Models {
            folder: folder.path().to_owned(),
            chat: "scripted".into(),
            small: None,
            also: Vec::new(),
            memory: 0,
            embed: String::new(),
            threads: 1,
            context: 2_000,
            parallel: 1,
            gpu_layers: GpuLayers::Auto,
            prefix_memory: 0,
            prefix_folder: None,
            servers: None,
        };
        let parts = Arc::new(Parts {
            memory: Arc::new(FakeMemory::default()),
            index: Arc::new(Index::open(&folder.path().join("index"), None).unwrap()),
            model: Model::ready(models, model.clone()),
            prompts: Prompts::load(None).unwrap(),
            words: Arc::new(Words::load().unwrap()),
            admins: HashSet::from([AccountId::new("test", "admin")]),
            heard: Heard::default(),
            begun: Begun::new(folder.path().join("begun")),
        });
        Self { dialogue: Dialogue::new(parts.clone()), parts, model, count: Mutex::default(), _folder: folder }
    }

    /// A stage with a course that has notes, its admin in it.
    async fn with_course(script: fn(&Request) -> String) -> Self {
        let stage = Self::new(script);
        stage.say("admin", command("create", "circuits Circuits that learn")).await;
        let said = stage.say("admin", upload("notes.md")).await;
        assert!(said.contains("Learned notes.md"), "{said}");
        stage
    }

    fn incoming(&self, who: &str, place: Place, content: Content) -> Incoming {
        let mut count = self.count.lock().unwrap();
        *count += 1;
        Incoming {
            id: IncomingId(format!("test:{count}")),
            account: AccountId::new("test", who),
            name: Some("Ada Lovelace".into()),
            locale: Some("en".into()),
            place,
            surface: Surface { message_limit: 4096, edits: true, buttons: true, files: true, upload_limit: 1 << 20 },
            content,
        }
    }

    async fn say(&self, who: &str, content: Content) -> String {
        let place = Place { platform: "test".into(), chat: who.into(), thread: None, audience: Audience::Direct };
        self.hear(self.incoming(who, place, content)).await
    }

    async fn say_in_group(&self, who: &str, content: Content) -> String {
        let place = Place { platform: "test".into(), chat: "class".into(), thread: None, audience: Audience::Group };
        self.hear(self.incoming(who, place, content)).await
    }

    /// What stands in the chat in the end, as a person would see it.
    async fn hear(&self, incoming: Incoming) -> String {
        assert_eq!(self.dialogue.accept(&incoming).await.unwrap(), Acceptance::New);
        self.hear_again(incoming).await
    }

    async fn hear_again(&self, incoming: Incoming) -> String {
        let files = Arc::new(Uploads(vec![
            ("notes.md", NOTES),
            ("empty.md", b""),
            ("fake.pdf", b"no pdf"),
            ("tides.md", TIDES),
        ]));
        let mut replies = self.dialogue.reply(incoming, files).await;
        let (mut text, mut below, mut done) = (String::new(), String::new(), false);
        while let Some(event) = replies.recv().await {
            assert!(!done, "{event:?} after the end");
            match event {
                ReplyEvent::Progress(_) => {}
                ReplyEvent::Text(more) => text.push_str(&more),
                ReplyEvent::Rewrite(whole) => text = whole,
                ReplyEvent::Sources(sources) => {
                    below.push_str(&format!("\n{}:", sources.label));
                    for Source { n, title, quote } in sources.items {
                        below.push_str(&format!("\n[{n}] {title}: \"{quote}\""));
                    }
                }
                ReplyEvent::Buttons(buttons) => {
                    buttons.iter().for_each(|button| below.push_str(&format!("\n({})", button.label)));
                }
                ReplyEvent::File(file) => below.push_str(&format!("\n<{}>", file.name)),
                ReplyEvent::Done => done = true,
            }
        }
        assert!(done, "the reply broke off: {text}");
        format!("{text}{below}")
    }
}

fn text(text: &str) -> Content {
    Content::Text(text.into())
}

fn command(name: &str, argument: &str) -> Content {
    Content::Command { name: name.into(), argument: argument.into() }
}

fn press(data: &str) -> Content {
    Content::Press { data: data.into() }
}

fn upload(name: &str) -> Content {
    Content::File(FileRef { name: name.into(), size: 100, reference: name.into(), caption: String::new() })
}

fn faithful(_: &Request) -> String {
    "The add gate distributes the gradient equally to its inputs. Penguins live at the South Pole.".into()
}

#[tokio::test]
async fn an_answer_is_checked_marked_and_sourced() {
    let stage = Stage::with_course(faithful).await;
    let said = stage.say("admin", text("What does the add gate do to the gradient?")).await;
    insta::assert_snapshot!(said, @r#"
    The add gate distributes the gradient equally to its inputs. [1] Penguins live at the South Pole. *(not from the notes)*
    Sources:
    [1] notes.md › Circuits › Gates: "The add gate distributes the gradient equally to all of its inputs."
    "#);
    stage.say("admin", command("rules", "drop")).await;
    let said = stage.say("admin", text("What does an add gate do to a gradient?")).await;
    assert!(!said.contains("Penguins"), "{said}");
}

#[tokio::test]
async fn a_teacher_sets_how_much_meaning_counts() {
    let stage = Stage::with_course(faithful).await;
    let said = stage.say("admin", command("rules", "")).await;
    assert!(said.contains("kept and marked") && said.contains("meaning counts 70 %"), "{said}");
    let said = stage.say("admin", command("rules", "meaning 40")).await;
    assert_eq!(said, "Search in “Circuits that learn”: meaning counts 40 %, words the rest.");
    assert!(stage.say("admin", command("rules", "meaning off")).await.contains("by their words alone"));
    assert!(stage.say("admin", text("What does the add gate do to the gradient?")).await.contains("[1]"));
    assert!(stage.say("admin", command("rules", "meaning much")).await.contains("/rules meaning 50"));
    assert!(
        stage.say("admin", command("rules", "")).await.contains("by their words alone"),
        "what is no rule sets none"
    );
    assert!(stage.say("admin", command("rules", "meaning default")).await.contains("this is the default"));
}

#[tokio::test]
async fn what_the_notes_do_not_cover_is_said_and_passed_on() {
    let stage = Stage::with_course(faithful).await;
    let question = stage.incoming(
        "admin",
        Place { platform: "test".into(), chat: "admin".into(), thread: None, audience: Audience::Direct },
        text("Who won the 1998 football world cup?"),
    );
    let said = stage.hear(question.clone()).await;
    assert!(said.starts_with("The notes of “Circuits that learn” do not cover this question."), "{said}");
    assert!(said.ends_with("(Ask the teacher)"), "{said}");
    assert!(stage.model.seen.lock().unwrap().is_empty(), "no model is asked about what is not there");
    let pass = format!("pass:{}", question.id);
    assert!(stage.say("admin", press(&pass)).await.contains("teacher's list"));
    assert!(stage.say("admin", press(&pass)).await.contains("already"));
    let list = stage.say("admin", command("questions", "")).await;
    assert!(list.contains("1. Who won the 1998 football world cup?") && list.contains("(Done 1)"), "{list}");
    stage.say("admin", press(&format!("done:{}", question.id))).await;
    assert!(stage.say("admin", command("questions", "")).await.contains("No questions"));
}

#[tokio::test]
async fn a_follow_up_is_understood_from_the_conversation() {
    let stage = Stage::with_course(|request| {
        let last = &request.messages.last().unwrap().content;
        if last.starts_with("Rewrite") {
            return "Why does the add gate distribute the gradient equally?".into();
        }
        if last.starts_with("What") {
            return "The add gate distributes the gradient equally.".into();
        }
        "Its local gradient is 1.0 for every input.".into()
    })
    .await;
    stage.say("admin", text("What does the add gate do to the gradient?")).await;
    let said = stage.say("admin", text("and why is that?")).await;
    assert!(said.starts_with("Its local gradient is 1.0 for every input. [1]"), "{said}");
    let last = stage.model.seen.lock().unwrap().last().unwrap().clone();
    let asked = &last.messages.last().unwrap().content;
    assert!(asked.starts_with("Why does the add gate distribute the gradient equally?"), "{asked}");
    assert!(last.messages.iter().any(|message| message.role == Role::Assistant), "a follow-up sees the talk");
}

#[tokio::test]
async fn a_model_that_says_nothing_of_the_notes_is_replaced_by_the_notes() {
    let stage = Stage::with_course(|_| "Elephants never forget anything at all.".into()).await;
    let said = stage.say("admin", text("What does the add gate do to the gradient?")).await;
    insta::assert_snapshot!(said, @r#"
    The notes say: The add gate distributes the gradient equally to all of its inputs. [1]
    Sources:
    [1] notes.md › Circuits › Gates: "The add gate distributes the gradient equally to all of its inputs."
    "#);
}

#[tokio::test]
async fn only_members_get_in_and_only_teachers_teach() {
    let stage = Stage::with_course(faithful).await;
    assert!(stage.say("eve", text("What does the add gate do?")).await.contains("in no course yet"));
    assert!(stage.say("eve", command("switch", "circuits")).await.contains("no course “circuits”"));
    assert!(stage.say("eve", command("create", "mine Mine")).await.contains("Only an admin"));
    assert!(stage.say("eve", command("join", "AAAA2222")).await.contains("not valid"));
    let invited = stage.say("admin", command("invite", "student")).await;
    let code = invited.split_whitespace().skip_while(|word| *word != "/join").nth(1).unwrap().to_owned();
    assert!(stage.say("bob", command("join", &code.to_lowercase())).await.contains("Welcome to “Circuits that learn”"));
    assert!(stage.say("cem", command("start", &code)).await.contains("Welcome to “Circuits that learn”"));
    assert!(stage.say("cem", command("start", "")).await.contains("I am your course tutor"));
    assert!(stage.say("bob", text("What does the add gate do to the gradient?")).await.contains("[1]"));
    for forbidden in [
        upload("notes.md"),
        command("remove", "notes.md"),
        command("restore", ""),
        command("invite", ""),
        command("rules", "drop"),
        command("rules", "meaning off"),
    ] {
        let said = stage.say("bob", forbidden.clone()).await;
        assert!(said.contains("Only a teacher"), "{forbidden:?}: {said}");
    }
    let Content::File(file) = upload("my *own* notes.md") else { unreachable!() };
    let caption = "What does the add gate do to the gradient?".to_owned();
    let said = stage.say("bob", Content::File(FileRef { caption, ..file })).await;
    assert!(said.contains("[1]") && said.contains("I did not read “"), "{said}");
}

#[tokio::test]
async fn a_group_knows_nothing_of_what_was_private() {
    let stage = Stage::with_course(faithful).await;
    stage.say("admin", text("What does the add gate do to the gradient?")).await;
    assert!(stage.say_in_group("admin", text("What does the add gate do?")).await.contains("no course yet"));
    assert!(stage.say_in_group("bob", command("switch", "circuits")).await.contains("no course “circuits”"));
    assert!(stage.say_in_group("admin", command("switch", "circuits")).await.contains("now about"));
    stage.say_in_group("bob", text("and why is that, for the add gate and its gradient?")).await;
    let seen = stage.model.seen.lock().unwrap().last().unwrap().clone();
    assert!(seen.messages.iter().all(|message| message.role != Role::Assistant), "private turns leaked");
    for private in ["export", "forget", "link", "courses", "questions", "usage"] {
        let said = stage.say_in_group("admin", command(private, "")).await;
        assert!(said.contains("private"), "/{private}: {said}");
    }
}

#[tokio::test]
async fn a_turn_that_panics_ends_in_a_reason_and_the_conversation_goes_on() {
    let stage = Stage::with_course(|request| {
        assert!(!request.messages.last().unwrap().content.contains("add gate"), "a fault");
        "The learning rate sets the size of a step.".into()
    })
    .await;
    let said = stage.say("admin", text("What does the add gate do to the gradient?")).await;
    assert!(said.contains("Please try again"), "{said}");
    let said = stage.say("admin", text("What does the learning rate set?")).await;
    assert!(said.starts_with("The learning rate sets the size of a step. [1]"), "{said}");
}

#[tokio::test]
async fn in_a_group_another_s_question_becomes_no_part_of_one_s_record() {
    let stage = Stage::with_course(faithful).await;
    stage.say_in_group("admin", command("switch", "circuits")).await;
    stage.say_in_group("ada", text("What does the add gate do to the gradient?")).await;
    stage.say_in_group("bob", text("and why is that?")).await;
    let bob = stage.parts.memory.student(&AccountId::new("test", "bob")).await.unwrap().unwrap();
    let kept = serde_json::to_string(&stage.parts.memory.export(&bob.id).await.unwrap()).unwrap();
    assert!(kept.contains("and why is that?") && !kept.contains("What does the add gate"), "{kept}");
}

#[tokio::test]
async fn a_group_that_asks_again_hears_the_checked_answer_and_from_when_it_is() {
    let stage = Stage::with_course(faithful).await;
    stage.say_in_group("admin", command("switch", "circuits")).await;
    let first = stage.say_in_group("ada", text("What does the add gate do to the gradient?")).await;
    let asked = stage.model.seen.lock().unwrap().len();
    let again = stage.say_in_group("bob", text("what does the add gate  do to the gradient")).await;
    assert_eq!(stage.model.seen.lock().unwrap().len(), asked, "the model was asked again");
    let (answer, sources) = first.split_once("\nSources:").unwrap();
    assert!(again.starts_with(answer) && again.ends_with(sources) && again.contains("same question"), "{again}");
    // In private, and over changed notes, it is answered anew.
    stage.say("admin", text("What does the add gate do to the gradient?")).await;
    stage.say("admin", command("remove", "notes.md")).await;
    let other = FileRef { name: "other.md".into(), size: 1, reference: "notes.md".into(), caption: String::new() };
    stage.say("admin", Content::File(other)).await;
    let anew = stage.say_in_group("bob", text("What does the add gate do to the gradient?")).await;
    assert!(!anew.contains("same question") && stage.model.seen.lock().unwrap().len() == asked + 2, "{anew}");
}

#[tokio::test]
async fn in_a_group_everybody_is_spoken_to_in_their_own_language() {
    let stage = Stage::with_course(faithful).await;
    stage.say_in_group("admin", command("switch", "circuits")).await;
    stage.say_in_group("ada", text("What does the add gate do to the gradient?")).await;
    stage.say_in_group("bob", text("加法门对梯度做什么？")).await;
    let (ada, bob) =
        (stage.say_in_group("ada", command("help", "")).await, stage.say_in_group("bob", command("help", "")).await);
    assert!(ada.contains("`/ask QUESTION` Ask about the course"), "{ada}");
    assert!(bob.contains("`/ask 问题` 问课程里的问题"), "{bob}");
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told_how_many_are_ahead() {
    let stage = Stage::with_course(faithful).await;
    stage.model.waiting.store(2, Ordering::SeqCst);
    let place = Place { platform: "test".into(), chat: "admin".into(), thread: None, audience: Audience::Direct };
    let incoming = stage.incoming("admin", place, text("What does the add gate do to the gradient?"));
    let mut replies = stage.dialogue.reply(incoming, Arc::new(Uploads(Vec::new()))).await;
    let mut lines = Vec::new();
    while let Some(event) = replies.recv().await {
        if let ReplyEvent::Progress(line) = event {
            lines.push(line);
        }
    }
    let expected = ["Looking in the notes…", "2 questions are ahead of yours…", "One question is ahead of yours…"];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn an_answered_message_is_shown_again_and_not_answered_again() {
    let stage = Stage::with_course(faithful).await;
    let place = Place { platform: "test".into(), chat: "admin".into(), thread: None, audience: Audience::Direct };
    let incoming = stage.incoming("admin", place, text("What does the add gate do to the gradient?"));
    let first = stage.hear(incoming.clone()).await;
    assert_eq!(stage.dialogue.accept(&incoming).await.unwrap(), Acceptance::Known);
    let asked = stage.model.seen.lock().unwrap().len();
    assert_eq!(stage.hear_again(incoming.clone()).await, first);
    assert_eq!(stage.model.seen.lock().unwrap().len(), asked);
    assert!(stage.dialogue.pending("test").await.iter().any(|pending| pending.incoming.id == incoming.id));
    stage.dialogue.delivered(&incoming.id).await;
    assert!(stage.dialogue.pending("test").await.iter().all(|pending| pending.incoming.id != incoming.id));
}

#[tokio::test]
async fn a_message_that_ended_the_program_again_and_again_is_given_up() {
    let stage = Stage::with_course(faithful).await;
    let place = Place { platform: "test".into(), chat: "admin".into(), thread: None, audience: Audience::Direct };
    let incoming = stage.incoming("admin", place, text("What does the add gate do to the gradient?"));
    while let Some(ended) = stage.parts.begun.begin(&incoming.id) {
        std::mem::forget(ended);
    }
    let said = stage.hear(incoming.clone()).await;
    assert!(said.contains("interrupted at it several times"), "{said}");
    assert!(stage.say("admin", text("What sets the size of a step?")).await.contains("learning rate"));
}

#[tokio::test]
async fn a_teacher_undoes_the_last_change_of_a_document() {
    let stage = Stage::with_course(faithful).await;
    let question = || text("What does the add gate do to the gradient?");
    assert!(stage.say("admin", command("restore", "")).await.contains("no document was changed"));
    assert!(stage.say("admin", command("restore", "notes.md")).await.contains("no earlier version of “notes.md”"));
    assert!(stage.say("admin", command("remove", "notes.md")).await.contains("/restore brings it back"));
    assert!(!stage.say("admin", question()).await.contains("[1]"));
    assert!(stage.say("admin", command("restore", "")).await.contains("- `notes.md` (2 passages)"));
    assert!(stage.say("admin", command("restore", "notes.md")).await.contains("back as it was before: 2 passages."));
    assert!(stage.say("admin", question()).await.contains("[1]"));

    let other = FileRef { name: "notes.md".into(), size: 1, reference: "tides.md".into(), caption: String::new() };
    let said = stage.say("admin", Content::File(other)).await;
    assert!(said.contains("Learned the new version") && said.contains("/restore brings the old one back"), "{said}");
    for (learned, other) in [("add gate", "tides"), ("tides", "add gate")] {
        let said = stage.say("admin", command("restore", "notes.md")).await;
        assert!(said.contains("/restore once more undoes this"), "{said}");
        let index = stage.parts.index.clone();
        let text: String = index.passages("circuits", "notes.md", None).unwrap().into_iter().map(|p| p.text).collect();
        assert!(text.contains(learned) && !text.contains(other), "{text}");
    }
}

#[tokio::test]
async fn bad_input_gets_a_sentence() {
    let stage = Stage::with_course(faithful).await;
    for (content, expected) in [
        (text(" "), "empty"),
        (text(&"long ".repeat(200_000)), "too long"),
        (command("sudo", ""), "do not know the command /sudo"),
        (upload("empty.md"), "is empty"),
        (upload("fake.pdf"), "not what its name says"),
        (upload("gone.md"), "could not fetch"),
        (upload("song.mp3"), "could not fetch"),
        (command("remove", "other.md"), "has no document “other.md”"),
        (command("language", "klingon"), "/language en"),
        (press("nonsense"), "no longer"),
    ] {
        let shown = format!("{content:?}").chars().take(60).collect::<String>();
        let said = stage.say("admin", content).await;
        assert!(said.contains(expected), "{shown}: {said}");
    }
    assert!(stage.say("admin", command("documents", "")).await.contains("notes.md"));
}

#[tokio::test]
async fn the_answer_follows_the_language_that_is_written_or_chosen() {
    let stage = Stage::with_course(faithful).await;
    assert!(stage.say("admin", text("谁赢得了足球世界杯？")).await.contains("没有讲到"));
    stage.say("admin", command("language", "zh")).await;
    assert!(stage.say("admin", text("Who won the football world cup in 1998?")).await.contains("没有讲到"));
    stage.say("admin", command("language", "auto")).await;
    assert!(stage.say("admin", text("Who won the football world cup in 1998?")).await.contains("do not cover"));
}

#[tokio::test]
async fn export_and_forget_reach_all_of_it() {
    let stage = Stage::with_course(faithful).await;
    stage.say("admin", text("What does the add gate do to the gradient?")).await;
    assert!(stage.say("admin", command("export", "")).await.contains("<tutor-export.json>"));
    assert!(stage.say("admin", command("forget", "")).await.contains("(Yes, forget me)"));
    assert!(stage.say("admin", press("forget:no")).await.contains("Nothing was changed"));
    assert!(stage.say("admin", press("forget:yes")).await.contains("forgotten you"));
    assert_eq!(stage.parts.memory.students().await.unwrap(), []);
}

#[tokio::test]
async fn two_accounts_become_one_person() {
    let stage = Stage::with_course(faithful).await;
    let offered = stage.say("admin", command("link", "")).await;
    let code = offered.rsplit(' ').next().unwrap().to_owned();
    assert!(stage.say("phone", command("link", &code)).await.contains("Your two accounts are now linked"));
    assert!(stage.say("phone", text("What does the add gate do to the gradient?")).await.contains("[1]"));
    assert!(stage.say("eve", command("link", &code)).await.contains("not valid"));
}

#[tokio::test]
async fn a_summary_is_made_of_supported_sentences() {
    let stage = Stage::with_course(faithful).await;
    let said = stage.say("admin", command("summary", "notes")).await;
    assert!(said.starts_with("**Summary of notes.md**\n\n- The add gate distributes"), "{said}");
    assert!(!said.contains("Penguins") && said.contains("[1] notes.md"), "{said}");
    assert!(stage.say("admin", command("summary", "football")).await.contains("found nothing about “football”"));
}

/// The engine is fair between students only if it knows whose a request is.
#[tokio::test]
async fn every_request_bears_the_student_s_pseudonym() {
    let stage = Stage::with_course(faithful).await;
    stage.say("admin", text("What does the add gate do to the gradient?")).await;
    stage.say("admin", text("and why is that?")).await;
    stage.say("admin", command("summary", "notes")).await;
    let student = stage.parts.memory.students().await.unwrap().remove(0).id.0;
    let seen = stage.model.seen.lock().unwrap();
    let names: Vec<&str> = seen.iter().map(|request| request.caller.name.as_str()).collect();
    assert!(names.len() >= 4 && names.iter().all(|name| *name == student), "{names:?}");
}

/// Titles and names are people's words: they are shown as they are, in Markdown and beside any script.
#[tokio::test]
async fn foreign_words_stand_for_themselves() {
    let stage = Stage::new(faithful);
    let shown = |said: String| tutor_bots::markup::Document::parse(&said);
    let title = "a_b*c* [x](http://y) `z` <b> **";
    for (content, seen) in [
        (command("create", &format!("odd {title}")), format!("The course “{title}” is ready.")),
        (text("What is a gate?"), format!("The notes of “{title}” do not cover this question.")),
        (command("summary", "*moon*"), format!("found nothing about “*moon*” in the notes of “{title}”")),
        (command("remove", "- *x*.md"), format!("“{title}” has no document “- *x*.md”.")),
        (command("switch", "*y*"), "There is no course “*y*”".to_owned()),
        (command("courses", ""), title.to_owned()),
        (upload("*fake*.pdf"), "I could not fetch *fake*.pdf".to_owned()),
    ] {
        let document = shown(stage.say("admin", content.clone()).await);
        let styled =
            |span: &&tutor_bots::markup::Span| span.style.bold || span.style.italic || span.style.link.is_some();
        assert!(document.text().contains(&seen), "{content:?}: {}", document.text());
        assert_eq!(document.blocks.iter().flat_map(|block| &block.spans).find(styled), None, "{content:?}");
    }
    stage.say("admin", command("create", "sea מבוא לים")).await;
    let said = stage.say("admin", text("What is a gate?")).await;
    assert!(said.contains("The notes of “\u{2068}מבוא לים\u{2069}” do not cover"), "{said}");
}
