//! A fleet of servers of which some die, hang, are slow, or are not there: no student sees an error, and answers are whole.

use std::sync::atomic::Ordering::Relaxed;

use axum::http::StatusCode;

use super::*;
use crate::generate::{Caller, Event, Finish, FinishReason, Role, Usage};
use stub::{Manner, Stub, nobody};

mod stub;

const TEXT: &str = "Light bends when it enters glass, since it is slower there than in air; 光在玻璃中更慢。";
const OTHER: &str = "Light bends because glass is denser than air, and so it takes another way through it.";

/// Long enough for a machine under load, short enough for a test.
const WAITS: Waits = Waits { first: Duration::from_millis(1_500), gap: Duration::from_millis(1_500) };

const AT_ONCE: Manner = Manner::Well(Duration::ZERO);

fn settings(urls: &[&str]) -> RemoteSettings {
    let server = |url: &&str| ServerSettings { url: (*url).to_owned(), model: None, key: None };
    RemoteSettings { name: "fleet".to_owned(), servers: urls.iter().map(server).collect(), context: 4096, waits: WAITS }
}

fn remote(stubs: &[&Stub]) -> Remote {
    let urls: Vec<&str> = stubs.iter().map(|stub| stub.url.as_str()).collect();
    Remote::start(settings(&urls), None).unwrap()
}

fn question() -> Request {
    Request { messages: vec![Message::new(Role::User, "Why does light bend?")], max_tokens: 64, ..Request::default() }
}

async fn answer(remote: &Remote) -> Result<(String, Finish), GenerateError> {
    remote.generate(question()).await?.collect().await
}

/// Waits for what must come; the test fails when it does not.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came: {what}");
}

#[tokio::test]
async fn an_answer_comes_whole_with_what_it_cost() {
    let stub = Stub::start(AT_ONCE, TEXT).await;
    let remote = remote(&[&stub]);
    let (text, finish) = answer(&remote).await.unwrap();
    let written = TEXT.split(' ').count();
    assert_eq!(text, TEXT);
    assert_eq!(finish.reason, FinishReason::Stop);
    assert_eq!(finish.usage, Usage { prompt_tokens: 5, cached_tokens: 0, completion_tokens: written });
    let (cut, finish) =
        remote.generate(Request { max_tokens: 2, ..question() }).await.unwrap().collect().await.unwrap();
    assert_eq!((cut.as_str(), finish.reason), ("Light bends ", FinishReason::Length));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_dies_one_hangs_one_is_slow_and_no_student_sees_an_error() {
    let dying = Stub::start(Manner::Dies { after: 5 }, TEXT).await;
    let hanging = Stub::start(Manner::Hangs, TEXT).await;
    let slow = Stub::start(Manner::Well(Duration::from_millis(15)), TEXT).await;
    let remote = Arc::new(remote(&[&dying, &hanging, &slow]));
    let students = (0..30).map(|_| {
        let remote = remote.clone();
        tokio::spawn(async move { answer(&remote).await })
    });
    for student in students.collect::<Vec<_>>() {
        assert_eq!(student.await.unwrap().unwrap().0, TEXT);
    }
    let asked = |stub: &Stub| stub.seen.asked.load(Relaxed);
    assert!(asked(&dying) > 0 && asked(&hanging) > 0, "the ill ones were asked, too");
    assert!(slow.seen.whole.load(Relaxed) >= 30);
    let load = remote.load();
    assert_eq!((load.requests, load.active), (30, 0));
    assert!(!load.servers[1].asked, "who hangs is left alone");
}

#[tokio::test]
async fn what_was_told_is_not_told_again_when_another_server_goes_on() {
    let dying = Stub::start(Manner::Dies { after: 4 }, TEXT).await;
    let well = Stub::start(AT_ONCE, TEXT).await;
    let remote = remote(&[&dying, &well]);
    let mut generation = remote.generate(question()).await.unwrap();
    let mut told = String::new();
    while let Some(event) = generation.next().await {
        match event.unwrap() {
            Event::Text(more) => told.push_str(&more),
            Event::Anew(_) => panic!("the same answer begins anew"),
            Event::Done(_) => {}
        }
    }
    assert_eq!(told, TEXT);
    assert_eq!((dying.seen.asked.load(Relaxed), well.seen.asked.load(Relaxed)), (1, 1));
}

#[tokio::test]
async fn an_answer_that_goes_on_differently_begins_anew() {
    let dying = Stub::start(Manner::Dies { after: 4 }, TEXT).await;
    let well = Stub::start(AT_ONCE, OTHER).await;
    let remote = remote(&[&dying, &well]);
    let mut generation = remote.generate(question()).await.unwrap();
    let mut events = Vec::new();
    while let Some(event) = generation.next().await {
        events.push(event.unwrap());
    }
    assert!(events.contains(&Event::Anew("Light bends because ".to_owned())), "{events:?}");
    assert_eq!(answer(&remote).await.unwrap().0, OTHER);
}

#[tokio::test]
async fn dropping_an_answer_hangs_up() {
    let stub = Stub::start(Manner::Well(Duration::from_millis(20)), TEXT).await;
    let remote = remote(&[&stub]);
    let mut generation = remote.generate(question()).await.unwrap();
    assert!(matches!(generation.next().await, Some(Ok(Event::Text(_)))));
    let usage = generation.usage();
    assert!(usage.prompt_tokens > 0 && usage.completion_tokens > 0, "what it cost is known: {usage:?}");
    drop(generation);
    until("the server learns that nobody listens", || stub.seen.dropped.load(Relaxed) == 1).await;
    assert_eq!(stub.seen.whole.load(Relaxed), 0);
    until("its place is free", || remote.load().active == 0).await;
}

#[tokio::test]
async fn a_server_that_is_gone_is_left_alone_and_comes_back_after_a_trial() {
    let stub = Stub::start(Manner::Refuses(StatusCode::INTERNAL_SERVER_ERROR), TEXT).await;
    let well = Stub::start(AT_ONCE, TEXT).await;
    let remote = remote(&[&stub, &well]);
    for _ in 0..12 {
        answer(&remote).await.unwrap();
    }
    assert_eq!(stub.seen.asked.load(Relaxed), 3, "three failures in a row are enough");
    assert!(!remote.load().servers[0].asked);
    stub.seen.behave(AT_ONCE);
    until("a trial lets it back", || remote.load().servers[0].asked).await;
    let trials = stub.seen.asked.load(Relaxed);
    for _ in 0..4 {
        answer(&remote).await.unwrap();
    }
    assert!(stub.seen.asked.load(Relaxed) >= trials + 2);
}

/// A model in this process, as far as a last resort goes.
struct Here;

#[async_trait]
impl Generate for Here {
    fn name(&self) -> &str {
        "here"
    }

    fn window(&self) -> usize {
        1024
    }

    async fn count(&self, _: &[Message]) -> Result<usize, GenerateError> {
        Ok(1)
    }

    async fn generate(&self, _: Request) -> Result<Generation, GenerateError> {
        let (events, heard) = mpsc::channel(2);
        let usage = Usage { prompt_tokens: 1, cached_tokens: 0, completion_tokens: 1 };
        events.try_send(Ok(Event::Text("From here.".to_owned()))).unwrap();
        events.try_send(Ok(Event::Done(Finish { reason: FinishReason::Stop, usage }))).unwrap();
        Ok(Generation::new(heard))
    }
}

#[tokio::test]
async fn the_model_on_this_machine_is_the_last_resort() {
    let gone = nobody().await;
    let remote = Remote::start(settings(&[&gone]), Some(Arc::new(Here))).unwrap();
    assert_eq!(remote.window(), 1024, "what fits, fits there too");
    assert_eq!(answer(&remote).await.unwrap().0, "From here.");
    let alone = Remote::start(settings(&[&gone]), None).unwrap();
    let error = answer(&alone).await.unwrap_err();
    assert!(matches!(&error, GenerateError::Backend { reason } if reason.starts_with("no server answers")), "{error}");
}

#[tokio::test]
async fn an_answer_lost_half_way_is_ended_by_the_last_resort() {
    let dying = Stub::start(Manner::Dies { after: 4 }, TEXT).await;
    let remote = Remote::start(settings(&[&dying.url]), Some(Arc::new(Here))).unwrap();
    assert_eq!(answer(&remote).await.unwrap().0, "From here.");
    assert_eq!(dying.seen.asked.load(Relaxed), 2);
}

#[tokio::test]
async fn servers_with_too_much_to_do_say_for_how_long() {
    let full = Stub::start(Manner::Refuses(StatusCode::TOO_MANY_REQUESTS), TEXT).await;
    let remote = remote(&[&full]);
    let error = answer(&remote).await.unwrap_err();
    let GenerateError::Busy { wait, .. } = error else { panic!("{error}") };
    assert!(wait > Duration::from_secs(5) && wait <= Duration::from_secs(7), "{wait:?}");
    assert_eq!(full.seen.asked.load(Relaxed), 1, "it is left alone for as long as it says");
}

#[tokio::test]
async fn a_caller_s_patience_is_kept_and_held_against_no_server() {
    let hanging = Stub::start(Manner::Hangs, TEXT).await;
    let remote = remote(&[&hanging]);
    let caller = Caller { patience: Some(Duration::from_millis(200)), ..Caller::default() };
    let error = match remote.generate(Request { caller, ..question() }).await {
        Ok(generation) => generation.collect().await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error, GenerateError::TooLate);
    assert!(remote.load().servers[0].asked);
}

#[tokio::test]
async fn a_key_goes_to_its_server_and_nowhere_else() {
    let stub = Stub::start(AT_ONCE, TEXT).await;
    let other = Stub::start(AT_ONCE, TEXT).await;
    let mut two = settings(&[&stub.url, &other.url]);
    two.servers[0].key = Some(Key("sk-secret".to_owned()));
    let remote = Remote::start(two.clone(), None).unwrap();
    for _ in 0..4 {
        answer(&remote).await.unwrap();
    }
    assert_eq!(stub.seen.key.lock().unwrap().as_deref(), Some("Bearer sk-secret"));
    assert_eq!(*other.seen.key.lock().unwrap(), None);
    assert!(!format!("{two:?} {remote:?} {:?}", remote.fleet.servers).contains("sk-secret"));
    stub.seen.behave(Manner::Redirects);
    other.seen.behave(Manner::Redirects);
    assert!(answer(&remote).await.is_err(), "a redirection is not followed");
}

#[tokio::test]
async fn a_prompt_that_does_not_fit_is_refused_before_any_work() {
    let stub = Stub::start(AT_ONCE, TEXT).await;
    let remote = remote(&[&stub]);
    let long = Request { messages: vec![Message::new(Role::User, "12 ".repeat(4_000))], ..question() };
    let error = remote.generate(long).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, GenerateError::PromptTooLong { tokens, limit: 4_032 } if tokens > 8_000), "{error}");
    assert_eq!(stub.seen.asked.load(Relaxed), 0);
}

#[tokio::test]
async fn addresses_and_keys_that_are_none_are_refused() {
    for url in ["gpu1:8000", "ftp://gpu1", "http://me:secret@gpu1", "http://gpu1/?key=secret", ""] {
        let started = Remote::start(settings(&[url]), None);
        assert!(matches!(started, Err(RemoteError::Address { .. })), "{url}");
    }
    let mut odd = settings(&["http://gpu1/v1/"]);
    assert_eq!(Remote::start(odd.clone(), None).unwrap().fleet.servers[0].url, "http://gpu1");
    odd.servers[0].key = Some(Key("a\nb".to_owned()));
    assert!(matches!(Remote::start(odd, None), Err(RemoteError::Key { .. })));
}
