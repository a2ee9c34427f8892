//! The worker on a strict fake: a model that writes its prompt backwards and checks that it is used as its contract says.

use tokio::sync::mpsc::Receiver;

use super::*;
use crate::generate::{Event, Finish, FinishReason, Usage};

mod prefixes;

/// Ends an answer.
const END: Token = 0;
/// A step that holds it fails, or panics.
const POISON: Token = -1;
const BOMB: Token = -2;

/// What the fake was asked to do.
#[derive(Debug, Default)]
struct Fake {
    sequences: Vec<Vec<Token>>,
    steps: Vec<Vec<Feed>>,
    /// Whether the state can only be forgotten as a whole.
    whole: bool,
    copies: usize,
}

/// Remembers how much was written.
#[derive(Debug)]
struct Backwards {
    prompt: Option<Vec<Token>>,
    written: usize,
}

impl Fake {
    fn new(parallel: usize) -> Self {
        Self { sequences: vec![Vec::new(); parallel], ..Self::default() }
    }
}

impl Decode for Fake {
    type Sampler = Backwards;
    type State = Vec<Token>;

    fn most(&self) -> usize {
        8
    }

    fn sampler(&self, _: &Sampling, format: &Format, _: bool) -> Result<Backwards, GenerateError> {
        match format {
            Format::Text => Ok(Backwards { prompt: None, written: 0 }),
            _ => Err(GenerateError::BadFormat { reason: "it knows none".to_owned() }),
        }
    }

    fn forgets_parts(&self) -> bool {
        !self.whole
    }

    fn copy(&mut self, from: usize, to: usize) -> bool {
        assert_ne!(from, to);
        self.sequences[to] = self.sequences[from].clone();
        self.copies += 1;
        true
    }

    fn cut(&mut self, sequence: usize, keep: usize) -> bool {
        let held = &mut self.sequences[sequence];
        assert!(keep <= held.len(), "cannot keep what is not there");
        let cut = !self.whole || keep == held.len() || keep == 0;
        held.truncate(if cut { keep } else { 0 });
        cut
    }

    fn state_size(&self, sequence: usize) -> usize {
        self.sequences[sequence].len()
    }

    fn save(&self, sequence: usize) -> Option<Vec<Token>> {
        Some(self.sequences[sequence].clone())
    }

    fn restore(&mut self, sequence: usize, state: &Vec<Token>) -> bool {
        self.sequences[sequence].clone_from(state);
        true
    }

    fn write(&self, sequence: usize, file: &Path, tokens: &[Token]) -> bool {
        assert_eq!(self.sequences[sequence], tokens, "what is written is not what is known");
        std::fs::write(file, serde_json::to_vec(tokens).unwrap()).is_ok()
    }

    fn read(&mut self, sequence: usize, file: &Path) -> Option<Vec<Token>> {
        let tokens: Vec<Token> = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
        self.sequences[sequence].clone_from(&tokens);
        Some(tokens)
    }

    fn clear(&mut self) {
        self.sequences.iter_mut().for_each(Vec::clear);
    }

    fn decode(&mut self, feeds: &[Feed]) -> Result<(), DecodeError> {
        assert!(!feeds.is_empty() && feeds.len() <= self.most(), "a step of {} tokens", feeds.len());
        assert!(feeds.is_sorted_by_key(|feed| feed.sequence), "sequences out of order");
        self.steps.push(feeds.to_vec());
        for feed in feeds {
            let held = &mut self.sequences[feed.sequence];
            assert_eq!(feed.position, held.len(), "a gap in sequence {}", feed.sequence);
            held.push(feed.token);
        }
        if feeds.iter().any(|feed| feed.token == BOMB) {
            panic!("bomb");
        }
        if feeds.iter().any(|feed| feed.token == POISON) { Err(DecodeError("poison".to_owned())) } else { Ok(()) }
    }

    fn sample(&mut self, index: usize, sampler: &mut Backwards) -> Token {
        let feed = self.steps.last().unwrap()[index];
        assert!(feed.last, "nothing was asked of entry {index}");
        let prompt = sampler.prompt.get_or_insert_with(|| self.sequences[feed.sequence].clone());
        sampler.written += 1;
        prompt.len().checked_sub(sampler.written).map_or(END, |place| prompt[place])
    }

    fn ends(&self, token: Token) -> bool {
        token == END
    }

    fn bytes(&self, token: Token) -> Vec<u8> {
        vec![u8::try_from(token).unwrap()]
    }
}

type Answer = Receiver<Result<Event, GenerateError>>;

fn ask(queue: &Queue<Job>, prompt: &str, max_tokens: usize, stop: &[&str]) -> Answer {
    ask_tokens(queue, prompt.bytes().map(Token::from).collect(), max_tokens, stop)
}

fn ask_tokens(queue: &Queue<Job>, prompt: Vec<Token>, max_tokens: usize, stop: &[&str]) -> Answer {
    let (job, answer) = job(prompt, max_tokens, stop);
    queue.push(job).unwrap();
    answer
}

fn job(prompt: Vec<Token>, max_tokens: usize, stop: &[&str]) -> (Job, Answer) {
    let (flight, answer) = Flight::new(max_tokens);
    let job = Job {
        prompt,
        shared: 0,
        sampling: Sampling::default(),
        format: Format::Text,
        stop: stop.iter().map(|stop| (*stop).to_owned()).collect(),
        max_tokens,
        endless: false,
        caller: Caller::default(),
        since: Instant::now(),
        flight: Arc::new(flight),
    };
    (job, answer)
}

fn worker(fake: Fake, parallel: usize) -> Worker<Fake> {
    Worker::new(fake, parallel, Prefixes::new(1 << 10), Arc::default(), Instant::now)
}

/// Works until every slot is free and nothing waits.
fn work(worker: &mut Worker<Fake>, queue: &Queue<Job>) {
    for _ in 0..10_000 {
        assert!(worker.admit(queue));
        if worker.slots.iter().all(Slot::is_free) {
            return;
        }
        worker.step();
    }
    panic!("the worker does not come to an end");
}

/// The text and how it ended; `Err` for an error or a missing end.
fn read(answer: &mut Answer) -> Result<(String, Finish), Option<GenerateError>> {
    let mut text = String::new();
    loop {
        match answer.try_recv() {
            Ok(Ok(Event::Text(more) | Event::Anew(more))) => text.push_str(&more),
            Ok(Ok(Event::Done(finish))) => return Ok((text, finish)),
            Ok(Err(error)) => return Err(Some(error)),
            Err(_) => return Err(None),
        }
    }
}

#[test]
fn an_answer_ends_by_itself_by_a_stop_string_or_at_its_limit() {
    let cases = [
        ("abc", 9, vec![], "cba", FinishReason::Stop, 4),
        ("abc", 3, vec![], "cba", FinishReason::Length, 3),
        ("abc", 2, vec!["b"], "c", FinishReason::Stop, 2),
        ("abcdef", 9, vec!["cb"], "fed", FinishReason::Stop, 5),
        ("abc", 1, vec!["cb"], "c", FinishReason::Length, 1),
    ];
    for (prompt, max_tokens, stop, text, reason, completion_tokens) in cases {
        let (queue, mut worker) = (Queue::new(4), worker(Fake::new(1), 1));
        let mut answer = ask(&queue, prompt, max_tokens, &stop);
        work(&mut worker, &queue);
        let usage = Usage { prompt_tokens: prompt.len(), cached_tokens: 0, completion_tokens };
        assert_eq!(read(&mut answer), Ok((text.to_owned(), Finish { reason, usage })), "{prompt} {stop:?}");
    }
}

#[test]
fn more_requests_than_slots_are_all_answered_and_none_mixed_up() {
    let (queue, mut worker) = (Queue::new(16), worker(Fake::new(2), 2));
    let prompts = ["alpha", "b", "charlie is a longer prompt", "delta", "echo", "foxtrot", "golf", "hotel"];
    let mut answers: Vec<Answer> = prompts.iter().map(|prompt| ask(&queue, prompt, 99, &[])).collect();
    work(&mut worker, &queue);
    for (prompt, answer) in prompts.iter().zip(&mut answers) {
        let expected: String = prompt.chars().rev().collect();
        assert_eq!(read(answer).unwrap().0, expected);
    }
}

#[test]
fn running_answers_get_a_token_in_every_step_while_a_long_prompt_is_read() {
    let (queue, mut worker) = (Queue::new(4), worker(Fake::new(2), 2));
    let _first = ask(&queue, "abcdefghij", 99, &[]);
    assert!(worker.admit(&queue));
    worker.step();
    worker.step();
    let _second = ask(&queue, &"x".repeat(30), 99, &[]);
    assert!(worker.admit(&queue));
    for _ in 0..4 {
        worker.step();
        let step = worker.decoder.steps.last().unwrap();
        assert_eq!(step.iter().filter(|feed| feed.sequence == 0).count(), 1);
        assert!(step.len() > 1, "the prompt is not read on");
    }
}

#[test]
fn who_leaves_frees_the_slot_before_the_next_step() {
    let (queue, mut worker) = (Queue::new(4), worker(Fake::new(1), 1));
    let first = ask(&queue, "abcdefgh", 99, &[]);
    let mut second = ask(&queue, "xy", 99, &[]);
    assert!(worker.admit(&queue));
    worker.step();
    drop(first);
    assert!(worker.admit(&queue));
    worker.step();
    assert_eq!(worker.decoder.steps.last().unwrap().iter().map(|feed| feed.token).collect::<Vec<_>>(), [120, 121]);
    work(&mut worker, &queue);
    assert_eq!(read(&mut second).unwrap().0, "yx");
}

#[test]
fn what_was_computed_for_who_leaves_is_known() {
    let (queue, mut worker) = (Queue::new(4), worker(Fake::new(1), 1));
    let (job, answer) = job("abcdefghijklmnopqrst".bytes().map(Token::from).collect(), 50, &[]);
    let spent = job.flight.spent.clone();
    queue.push(job).unwrap();
    let mut known = vec![spent.get()];
    for _ in 0..4 {
        worker.admit(&queue);
        worker.step();
        known.push(spent.get());
    }
    drop(answer);
    work(&mut worker, &queue);
    let usage = |prompt_tokens, completion_tokens| Usage { prompt_tokens, cached_tokens: 0, completion_tokens };
    // Eight tokens a step: the third reads the last four and writes the first.
    assert_eq!(known, [usage(0, 0), usage(8, 0), usage(16, 0), usage(20, 1), usage(20, 2)]);
    assert_eq!(spent.get(), usage(20, 2), "nothing more is computed");
}

#[test]
fn a_prompt_that_begins_as_an_earlier_one_is_not_read_twice() {
    for (whole, cached) in [(false, 5), (true, 0)] {
        let (queue, mut worker) = (Queue::new(4), worker(Fake { whole, ..Fake::new(2) }, 2));
        let mut answers = [ask(&queue, "rule one", 2, &[]), ask(&queue, "other", 2, &[])];
        work(&mut worker, &queue);
        let mut again = ask(&queue, "rule two", 2, &[]);
        work(&mut worker, &queue);
        let (text, finish) = read(&mut again).unwrap();
        assert_eq!((text.as_str(), finish.usage.cached_tokens), ("ow", cached));
        assert!(answers.iter_mut().all(|answer| read(answer).is_ok()));
    }
}

#[test]
fn a_failed_step_ends_its_requests_and_the_next_ones_are_answered() {
    for (token, reason) in [(POISON, "poison"), (BOMB, "the step panicked")] {
        let (queue, mut worker) = (Queue::new(4), worker(Fake::new(2), 2));
        let mut good = ask(&queue, "abc", 99, &[]);
        let mut bad = ask_tokens(&queue, vec![97, token], 9, &[]);
        let mut waiting = ask(&queue, "abc", 99, &[]);
        work(&mut worker, &queue);
        let failed = Err(Some(GenerateError::Backend { reason: reason.to_owned() }));
        assert_eq!(read(&mut bad), failed);
        assert_eq!(read(&mut good), failed);
        let (text, finish) = read(&mut waiting).unwrap();
        assert_eq!((text.as_str(), finish.usage.cached_tokens), ("cba", 0));
    }
}

#[test]
fn a_closed_queue_ends_the_answers_in_progress() {
    let (queue, mut worker) = (Queue::new(4), worker(Fake::new(1), 1));
    let mut answer = ask(&queue, "abc", 99, &[]);
    assert!(worker.admit(&queue));
    worker.step();
    queue.close();
    worker.run(&queue, None);
    assert_eq!(read(&mut answer), Err(Some(GenerateError::Stopped)));
}

#[test]
fn what_another_is_reading_is_copied_and_not_read_twice() {
    let (queue, mut worker) = (Queue::new(8), worker(Fake::new(4), 4));
    let shared = "the notes of the course, which are long enough to be worth it: ";
    let mut answers: Vec<Answer> = ["a", "b", "c"].map(|own| ask(&queue, &format!("{shared}{own}"), 1, &[])).into();
    work(&mut worker, &queue);
    let cached: Vec<usize> = answers.iter_mut().map(|answer| read(answer).unwrap().1.usage.cached_tokens).collect();
    assert_eq!(cached, [0, shared.len(), shared.len()]);
    let computed: usize = worker.decoder.steps.iter().map(Vec::len).sum();
    assert_eq!(computed, shared.len() + 3);
}

#[test]
fn answers_move_together_when_others_end() {
    let (queue, mut worker) = (Queue::new(8), worker(Fake::new(3), 3));
    let mut short = ask(&queue, "ab", 1, &[]);
    let mut long = ask(&queue, "lmnopqrs", 99, &[]);
    work(&mut worker, &queue);
    assert_eq!(read(&mut short).unwrap().0, "b");
    assert_eq!(read(&mut long).unwrap().0, "srqponml");
    assert_eq!(worker.decoder.copies, 1);
    assert!(worker.decoder.steps.last().unwrap().iter().all(|feed| feed.sequence == 0));
}

#[test]
fn drafts_change_no_word() {
    // Written backwards, this repeats itself, so that much of it can be guessed.
    let prompt = "abcabcabcabcabcabcabcabcXabcabcabcabc";
    let (queue, mut worker) = (Queue::new(8), worker(Fake::new(1), 1));
    let mut answer = ask(&queue, prompt, 99, &[]);
    work(&mut worker, &queue);
    let (text, finish) = read(&mut answer).unwrap();
    assert_eq!(text, prompt.chars().rev().collect::<String>());
    assert_eq!(finish.usage.completion_tokens, prompt.len() + 1);
    assert!(worker.decoder.steps.len() < prompt.len(), "{} steps: no draft was right", worker.decoder.steps.len());
}

#[test]
fn a_bad_format_and_a_late_turn_are_told() {
    let (queue, mut worker) = (Queue::new(8), worker(Fake::new(1), 1));
    let (mut bad, mut told) = job(vec![97], 9, &[]);
    bad.format = Format::Grammar("?".to_owned());
    queue.push(bad).unwrap();
    let (mut late, mut dropped) = job(vec![97], 9, &[]);
    late.caller.patience = Some(Duration::ZERO);
    queue.push(late).unwrap();
    std::thread::sleep(Duration::from_millis(2));
    work(&mut worker, &queue);
    assert_eq!(read(&mut told), Err(Some(GenerateError::BadFormat { reason: "it knows none".to_owned() })));
    assert_eq!(read(&mut dropped), Err(Some(GenerateError::TooLate)));
}
