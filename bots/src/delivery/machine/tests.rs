//! The machine step by step: tables of what it does next, and why.

use super::*;
use crate::chat::Button;
use crate::delivery::Scope;

const S: Duration = Duration::from_secs(1);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A machine with its ledger and a clock that is moved by hand.
struct Bench {
    delivery: Delivery,
    ledger: Ledger,
    now: Duration,
}

impl Bench {
    fn new(pace: Pace, start: Start) -> Self {
        let id = IncomingId("telegram:1".into());
        Self { delivery: Delivery::new(pace, "chat", &id, start), ledger: Ledger::default(), now: 1000 * S }
    }

    fn telegram() -> Self {
        Self::new(Pace::telegram_direct(), Start::Fresh)
    }

    fn show(&mut self, texts: &[&str], stage: Stage) -> &mut Self {
        let posts = texts.iter().map(|text| Post::line(text)).collect();
        self.delivery.show(posts, 0, stage, self.now);
        self
    }

    /// The next call, after as much waiting as the machine asks for; the sign of work is passed over.
    fn call(&mut self) -> Call {
        for _ in 0..50 {
            match self.delivery.next(self.now, &mut self.ledger) {
                Next::Call(Call::Working) => self.delivery.succeeded(self.now, None),
                Next::Call(call) => return call,
                Next::WaitUntil(time) => self.now = time,
                Next::Finished(ending) => panic!("finished: {ending:?}"),
            }
        }
        panic!("the machine makes no call");
    }

    /// The next call in short: `send 0 text`, `edit 5 text`.
    fn line(&mut self) -> String {
        match self.call() {
            Call::Send { opening, post, .. } => format!("send {} {}", opening.index, post.document.text()),
            Call::Edit { id, post, .. } => format!("edit {id} {}", post.document.text()),
            Call::Delete { id } => format!("delete {id}"),
            Call::File { index, .. } => format!("file {index}"),
            Call::Working => "working".into(),
        }
    }

    fn ok(&mut self, id: &str) -> &mut Self {
        self.delivery.succeeded(self.now, Some(id).filter(|id| !id.is_empty()).map(str::to_owned));
        self
    }

    fn fail(&mut self, failure: Failure) -> &mut Self {
        self.delivery.failed(self.now, failure, 0.5, &mut self.ledger);
        self
    }

    fn ending(&mut self) -> Ending {
        match self.delivery.next(self.now, &mut self.ledger) {
            Next::Finished(ending) => ending,
            other => panic!("not finished: {other:?}"),
        }
    }
}

#[test]
fn a_reply_that_is_whole_at_once_is_sent_directly() {
    let mut bench = Bench::telegram();
    assert_eq!(bench.show(&["Joined."], Stage::Whole).line(), "send 0 Joined.");
    assert_eq!(bench.ok("5").ending(), Ending::Stands);
    assert_eq!(bench.delivery.standing(), ["5"]);
}

#[test]
fn a_streamed_reply_is_opened_and_then_edited() {
    let mut bench = Bench::telegram();
    assert_eq!(bench.show(&["Looking…"], Stage::Progress).line(), "send 0 Looking…");
    bench.ok("5");
    assert_eq!(bench.show(&["The"], Stage::Growing).line(), "edit 5 The");
    bench.ok("");
    assert_eq!(bench.show(&["The add gate", "and more"], Stage::Whole).line(), "edit 5 The add gate");
    bench.ok("");
    assert_eq!(bench.line(), "send 1 …", "the second message is opened too");
    bench.ok("6");
    assert_eq!(bench.line(), "edit 6 and more");
    assert_eq!(bench.ok("").ending(), Ending::Stands);
}

#[test]
fn where_sends_are_idempotent_the_text_is_sent_directly_and_repeated_word_for_word() {
    let mut bench = Bench::new(Pace::discord(), Start::Fresh);
    let Call::Send { opening, post, .. } = bench.show(&["The"], Stage::Growing).call() else { panic!() };
    assert_eq!((post.document.text().as_str(), opening.nonce.len()), ("The", 20));
    bench.fail(Failure::Unknown);
    let Call::Send { opening: again, post, .. } = bench.show(&["The add"], Stage::Growing).call() else { panic!() };
    assert_eq!((post.document.text().as_str(), again), ("The", opening));
    bench.ok("5");
    assert_eq!(bench.line(), "edit 5 The add");
}

#[test]
fn the_first_words_are_collected_for_a_moment() {
    let mut bench = Bench::telegram();
    bench.show(&["Jo"], Stage::Growing);
    assert_eq!(bench.delivery.next(bench.now, &mut bench.ledger), Next::WaitUntil(bench.now + SETTLE));
    bench.now += ms(20);
    assert_eq!(bench.show(&["Joined."], Stage::Whole).line(), "send 0 Joined.");
}

#[test]
fn edits_of_a_growing_text_keep_a_call_in_hand_for_the_end() {
    let mut bench = Bench::telegram();
    bench.show(&["…"], Stage::Progress).line();
    bench.ok("5");
    let mut times = Vec::new();
    for n in 0..6 {
        bench.show(&[&format!("text {n}")], Stage::Growing).line();
        bench.ok("");
        times.push(bench.now);
        let before = bench.now;
        let mut end = Ledger::default();
        std::mem::swap(&mut end, &mut bench.ledger);
        assert!(end.ready_at("chat", &Pace::telegram_direct(), 0) <= before, "the final edit could go now");
        bench.ledger = end;
    }
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= Pace::telegram_direct().edit_every), "{times:?}");
    let before = bench.now;
    assert_eq!(bench.show(&["whole"], Stage::Whole).line(), "edit 5 whole");
    assert_eq!(bench.now, before);
}

#[test]
fn an_order_to_wait_is_obeyed_and_the_newest_text_follows() {
    let mut bench = Bench::telegram();
    bench.show(&["a"], Stage::Progress).line();
    bench.ok("5").show(&["b"], Stage::Growing).line();
    let told = bench.now;
    bench.fail(Failure::RetryAfter { after: 137 * S, scope: Scope::Chat });
    assert!(
        matches!(bench.delivery.next(bench.now, &mut bench.ledger), Next::WaitUntil(time) if time >= told + 137 * S)
    );
    assert_eq!(bench.show(&["whole"], Stage::Whole).line(), "edit 5 whole");
    assert_eq!(bench.now, told + 137 * S);
}

#[test]
fn failures_of_an_edit() {
    let cases = [
        (Failure::NotModified, "finished"),
        (Failure::Gone, "send 0 …"),
        (Failure::Rejected, "edit 5 whole"),
        (Failure::Unreached, "edit 5 whole"),
        (Failure::Unknown, "edit 5 whole"),
    ];
    for (failure, next) in cases {
        let mut bench = Bench::telegram();
        bench.show(&["a"], Stage::Progress).line();
        bench.ok("5").show(&["whole"], Stage::Whole).line();
        bench.fail(failure.clone());
        let came = match next {
            "finished" => format!("{:?}", bench.ending()).replace("Stands", "finished"),
            _ => bench.line(),
        };
        assert_eq!(came, next, "{failure:?}");
    }
}

#[test]
fn what_is_refused_is_tried_plainer_and_then_left() {
    let mut bench = Bench::telegram();
    bench.show(&["whole"], Stage::Whole);
    let mut tried = Vec::new();
    for _ in 0..3 {
        let Call::Send { fidelity, .. } = bench.call() else { panic!() };
        tried.push(fidelity);
        bench.fail(Failure::Rejected);
    }
    assert_eq!(tried, [Fidelity::Full, Fidelity::Unstyled, Fidelity::Bare]);
    assert_eq!(bench.ending(), Ending::Refused);
}

#[test]
fn a_text_that_grows_is_not_given_up_when_it_is_refused() {
    let mut bench = Bench::telegram();
    bench.show(&["a"], Stage::Progress).line();
    bench.ok("5").show(&["b"], Stage::Growing);
    for _ in 0..4 {
        bench.call();
        bench.fail(Failure::Rejected);
    }
    let Call::Edit { fidelity, .. } = bench.show(&["whole"], Stage::Whole).call() else { panic!() };
    assert_eq!(fidelity, Fidelity::Full);
}

#[test]
fn a_lost_network_is_waited_for_with_growing_pauses() {
    let mut bench = Bench::telegram();
    bench.show(&["whole"], Stage::Whole);
    let mut pauses = Vec::new();
    let start = bench.now;
    while bench.now < start + 600 * S {
        let before = bench.now;
        bench.call();
        pauses.push(bench.now - before);
        bench.fail(Failure::Unreached);
    }
    assert_eq!(pauses[1..7], [ms(375), ms(750), ms(1500), ms(3000), ms(6000), ms(12_000)].map(|p| p.max(p)));
    assert!(pauses.iter().all(|pause| *pause <= 30 * S));
    assert_eq!(bench.line(), "send 0 whole", "after ten minutes it is still tried");
}

#[test]
fn patience_ends_after_an_hour_in_vain() {
    let mut bench = Bench::telegram();
    bench.show(&["whole"], Stage::Whole);
    let start = bench.now;
    let ending = loop {
        match bench.delivery.next(bench.now, &mut bench.ledger) {
            Next::Call(_) => drop(bench.fail(Failure::Unknown)),
            Next::WaitUntil(time) => bench.now = time,
            Next::Finished(ending) => break ending,
        }
    };
    assert_eq!(ending, Ending::OutOfPatience);
    assert!(bench.now - start >= Pace::telegram_direct().patience);
}

#[test]
fn a_chat_that_shut_the_bot_out_gets_nothing_more() {
    let mut bench = Bench::telegram();
    bench.show(&["whole"], Stage::Whole).line();
    assert_eq!(bench.fail(Failure::Forbidden).ending(), Ending::Forbidden);
}

#[test]
fn after_a_restart_the_same_messages_are_edited_and_surplus_ones_removed() {
    let standing = ["5", "6", "7", "file:8"].map(str::to_owned).to_vec();
    let mut bench = Bench::new(Pace::telegram_direct(), Start::Resumed(standing.clone()));
    assert_eq!(bench.delivery.standing(), standing);
    bench.delivery.show(vec![Post::line("one")], 2, Stage::Whole, bench.now);
    let mut calls = Vec::new();
    for id in ["", "", "", "9"] {
        calls.push(bench.line());
        bench.ok(id);
    }
    assert_eq!(calls, ["edit 5 one", "delete 7", "delete 6", "file 1"]);
    assert_eq!(bench.ending(), Ending::Stands);
    assert_eq!(bench.delivery.standing(), ["5", "file:8", "file:9"]);
}

#[test]
fn a_message_that_cannot_be_removed_is_blanked() {
    let mut bench = Bench::new(Pace::telegram_direct(), Start::Resumed(vec!["5".into()]));
    assert_eq!(bench.show(&[], Stage::Whole).line(), "delete 5");
    assert_eq!(bench.fail(Failure::Rejected).line(), "edit 5 …");
    assert_eq!(bench.ok("").ending(), Ending::Stands);
}

#[test]
fn a_message_that_is_removed_again_and_again_is_left_alone() {
    let mut bench = Bench::new(Pace::telegram_direct(), Start::Resumed(vec!["5".into()]));
    bench.show(&["whole"], Stage::Whole);
    for id in ["6", "7", "8"] {
        assert!(bench.line().starts_with("edit"));
        bench.fail(Failure::Gone);
        if id != "8" {
            assert!(bench.line().starts_with("send 0"));
            bench.ok(id);
            bench.delivery.slots.forget(0);
        }
    }
    assert_eq!(bench.ending(), Ending::Refused);
}

#[test]
fn buttons_move_to_the_last_message() {
    let mut bench = Bench::telegram();
    let buttons = vec![Button { label: "More".into(), data: "more".into() }];
    let with = Post { buttons, ..Post::line("a") };
    bench.delivery.show(vec![with.clone()], 0, Stage::Whole, bench.now);
    bench.call();
    bench.ok("5");
    bench.delivery.show(
        vec![Post::line("a"), Post { document: Document::line("b"), ..with }],
        0,
        Stage::Whole,
        bench.now,
    );
    assert_eq!(bench.line(), "edit 5 a");
}

use crate::markup::Document;

#[test]
fn the_sign_of_work_is_kept_alive_while_nothing_is_new() {
    let mut bench = Bench::telegram();
    let (start, mut signs) = (bench.now, Vec::new());
    while bench.now < start + 15 * S {
        match bench.delivery.next(bench.now, &mut bench.ledger) {
            Next::Call(Call::Working) => {
                signs.push((bench.now - start).as_millis());
                bench.delivery.succeeded(bench.now, None);
            }
            Next::WaitUntil(time) => bench.now = time,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(signs, [120, 4620, 9120, 13_620]);
}
