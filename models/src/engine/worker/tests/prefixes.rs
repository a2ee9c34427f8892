//! What is known of earlier prompts after their slots were given away, and after a restart.

use super::*;

/// A course's rules and notes, long enough to be kept.
fn notes(of: char) -> String {
    of.to_string().repeat(WORTH_KEEPING + 8)
}

/// Asks, works it off, and tells how many tokens of the prompt were known.
fn cached(worker: &mut Worker<Fake>, prompt: &str, shared: usize) -> usize {
    let queue = Queue::new(1);
    let (mut asked, mut answer) = job(prompt.bytes().map(Token::from).collect(), 1, &[]);
    asked.shared = shared;
    queue.push(asked).unwrap();
    work(worker, &queue);
    let (text, finish) = read(&mut answer).unwrap();
    assert_eq!(text, prompt.chars().last().unwrap().to_string());
    finish.usage.cached_tokens
}

#[test]
fn a_prompt_whose_slot_was_given_away_is_not_read_twice() {
    let mut worker = worker(Fake::new(1), 1);
    let prompts = ['a', 'b', 'c'].map(|course| notes(course) + "?");
    assert_eq!(prompts.each_ref().map(|prompt| cached(&mut worker, prompt, 0)), [0, 0, 0]);
    let all_but_one = prompts[0].len() - 1;
    assert_eq!(prompts.each_ref().map(|prompt| cached(&mut worker, prompt, 0)), [all_but_one; 3]);
    assert_eq!(cached(&mut worker, &(notes('b') + "other"), 0), notes('b').len());
    assert!(worker.stats.read().kept_bytes > 0);
}

#[test]
fn nothing_is_kept_without_room_and_by_models_that_cannot_forget_a_part() {
    for fake in [Fake::new(1), Fake { whole: true, ..Fake::new(1) }] {
        let room = if fake.whole { 1 << 10 } else { 10 };
        let mut worker = Worker::new(fake, 1, Prefixes::new(room), Arc::default(), Instant::now);
        for course in ['a', 'b', 'a'] {
            assert_eq!(cached(&mut worker, &(notes(course) + "?"), 0), 0);
        }
    }
}

#[test]
fn only_what_holds_nothing_of_a_person_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("prefixes");
    let closed = Queue::new(1);
    closed.close();
    let question = "who was it? ".repeat(9);
    let (first, second) = (notes('a') + &question, notes('b') + &question);

    let mut before = worker(Fake::new(1), 1);
    cached(&mut before, &first, notes('a').len());
    cached(&mut before, &second, 0);
    before.run(&closed, Some(&kept));

    for file in std::fs::read_dir(&kept).unwrap() {
        let tokens: Vec<Token> = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        assert_eq!(tokens, vec![Token::from(b'a'); notes('a').len()], "a person's words are on disk");
    }
    std::fs::write(kept.join("damaged.state"), "?").unwrap();
    let mut after = worker(Fake::new(1), 1);
    after.recall(&kept);
    assert_eq!(cached(&mut after, &first, 0), notes('a').len());
    assert_eq!(cached(&mut after, &second, 0), 0);
}
