//! A platform that drops, delays, refuses and forgets; and what must hold nevertheless.

use proptest::prelude::*;

use super::*;
use crate::delivery::{Budgets, Rate, Scope};

/// What the platform does with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Luck {
    Good,
    /// The request is lost.
    LostBefore,
    /// The request is carried out and the response is lost.
    LostAfter,
    TooMany(u64),
    /// Somebody deletes the message just before.
    Deleted,
    Refused,
}

/// A chat as a server keeps it.
#[derive(Default)]
struct Server {
    messages: Vec<(String, Option<String>)>,
    nonces: std::collections::HashMap<String, String>,
    idempotent: bool,
    calls: Vec<Duration>,
    closed_until: Duration,
    trespasses: usize,
    answers_sent_anew: usize,
}

impl Server {
    fn handle(&mut self, call: &Call, luck: Luck, now: Duration) -> Result<Option<String>, Failure> {
        if now < self.closed_until {
            self.trespasses += 1;
        }
        if *call != Call::Working {
            self.calls.push(now);
        }
        match luck {
            Luck::Good => self.carry_out(call),
            Luck::LostBefore => Err(Failure::Unreached),
            Luck::LostAfter => self.carry_out(call).and(Err(Failure::Unknown)),
            Luck::TooMany(seconds) => {
                let after = Duration::from_secs(seconds);
                self.closed_until = now + after;
                Err(Failure::RetryAfter { after, scope: Scope::Chat })
            }
            Luck::Deleted => {
                if let Call::Edit { id, .. } | Call::Delete { id } = call {
                    self.messages[id.parse::<usize>().unwrap()].1 = None;
                }
                self.carry_out(call)
            }
            Luck::Refused => Err(Failure::Rejected),
        }
    }

    fn carry_out(&mut self, call: &Call) -> Result<Option<String>, Failure> {
        match call {
            Call::Working => Ok(None),
            Call::File { .. } => Ok(Some("0".into())),
            Call::Send { opening, post, .. } => Ok(Some(self.post(opening, post))),
            Call::Edit { id, post, .. } => self.change(id, Some(post.document.text())),
            Call::Delete { id } => self.change(id, None),
        }
    }

    fn post(&mut self, opening: &Opening, post: &Post) -> String {
        if let Some(id) = self.nonces.get(&opening.nonce).filter(|_| self.idempotent) {
            return id.clone();
        }
        let id = self.messages.len().to_string();
        self.nonces.insert(opening.nonce.clone(), id.clone());
        self.answers_sent_anew += usize::from(post.document.text().starts_with("answer"));
        self.messages.push((id.clone(), Some(post.document.text())));
        id
    }

    fn change(&mut self, id: &str, text: Option<String>) -> Result<Option<String>, Failure> {
        let place = &mut self.messages[id.parse::<usize>().unwrap()].1;
        if place.is_none() {
            return Err(Failure::Gone);
        }
        if text.is_some() && *place == text {
            return Err(Failure::NotModified);
        }
        *place = text;
        Ok(None)
    }

    fn stands(&self) -> Vec<String> {
        self.messages.iter().filter_map(|(_, text)| text.clone()).collect()
    }
}

/// Runs a reply in `steps` versions through a machine and a server with `luck`; calls take up to a second.
fn run(pace: &Pace, versions: &[Vec<String>], luck: &[(Luck, u64)]) -> (Server, Delivery, Ending) {
    let mut delivery = Delivery::new(pace.clone(), "chat", &IncomingId("telegram:1".into()), Start::Fresh);
    let mut server = Server { idempotent: pace.idempotent_sends, ..Server::default() };
    let (mut ledger, mut now, mut luck) = (Ledger::default(), Duration::from_secs(50), luck.iter());
    let mut versions = versions.iter().peekable();
    for _ in 0..20_000 {
        if let Some(texts) = versions.next() {
            let stage = match versions.peek() {
                _ if texts[0].starts_with("Looking") => Stage::Progress,
                Some(_) => Stage::Growing,
                None => Stage::Whole,
            };
            delivery.show(texts.iter().map(|text| Post::line(text)).collect(), 0, stage, now);
        }
        match delivery.next(now, &mut ledger) {
            Next::Finished(ending) => return (server, delivery, ending),
            Next::WaitUntil(time) => now = time,
            Next::Call(call) => {
                let (luck, took) = luck.next().copied().unwrap_or((Luck::Good, 50));
                let outcome = server.handle(&call, luck, now);
                now += Duration::from_millis(took);
                match outcome {
                    Ok(id) => delivery.succeeded(now, id),
                    Err(failure) => delivery.failed(now, failure, 0.3, &mut ledger),
                }
            }
        }
    }
    panic!("the delivery never ends");
}

fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![
        6 => Just(Luck::Good),
        1 => Just(Luck::LostBefore),
        2 => Just(Luck::LostAfter),
        1 => (1u64..200).prop_map(Luck::TooMany),
        1 => Just(Luck::Deleted),
    ]
}

fn versions() -> impl Strategy<Value = Vec<Vec<String>>> {
    (1usize..40, 1usize..5).prop_map(|(steps, parts)| {
        let text = |step: usize, part: usize| format!("answer {part} {}", "word ".repeat(step + 1).trim());
        let answers = (0..steps).map(|step| (0..=step * parts / steps).map(|part| text(step, part)).collect());
        std::iter::once(vec!["Looking…".to_owned()]).chain(answers).collect()
    })
}

fn most_in_window(calls: &[Duration], window: Duration) -> usize {
    let within =
        |(at, start): (usize, &Duration)| calls[at..].iter().take_while(|call| **call < *start + window).count();
    calls.iter().enumerate().map(within).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// What should stand stands at the end, in order; no limit was ever exceeded.
    #[test]
    fn the_final_text_always_stands(versions in versions(), luck in prop::collection::vec((luck(), 0u64..1000), 0..60)) {
        for (pace, window, most) in [
            (Pace::telegram_direct(), 10, 13), (Pace::telegram_group(), 60, 20), (Pace::discord(), 5, 5),
        ] {
            let (server, delivery, ending) = run(&pace, &versions, &luck);
            let want = versions.last().unwrap();
            let deleted = luck.iter().any(|(luck, _)| *luck == Luck::Deleted);
            prop_assert_eq!(server.trespasses, 0);
            prop_assert!(most_in_window(&server.calls, Duration::from_secs(window)) <= most);
            if ending == Ending::Stands {
                let own: Vec<String> = delivery.standing().iter().filter_map(|id| server.messages[id.parse::<usize>().unwrap()].1.clone()).collect();
                prop_assert_eq!(&own, want);
            } else {
                prop_assert!(deleted && ending == Ending::Refused, "{:?}", ending);
            }
        }
    }

    /// A streamed answer never stands twice: what a lost response leaves behind is an opener.
    #[test]
    fn no_answer_stands_twice(versions in versions(), luck in prop::collection::vec((luck(), 0u64..1000), 0..60)) {
        let (server, _, _) = run(&Pace::telegram_direct(), &versions, &luck);
        prop_assert_eq!(server.answers_sent_anew, 0);
        let answers: Vec<String> = server.stands().into_iter().filter(|text| text.starts_with("answer")).collect();
        let mut once = answers.clone();
        once.dedup();
        prop_assert_eq!(&answers, &once);
        let (server, _, _) = run(&Pace::discord(), &versions, &luck);
        let lost_by_others = luck.iter().filter(|(luck, _)| *luck == Luck::Deleted).count();
        prop_assert!(server.stands().len() <= versions.last().unwrap().len() + lost_by_others);
    }

    /// Refusals end the delivery, and soon.
    #[test]
    fn refusals_come_to_an_end(versions in versions(), refused in prop::collection::vec(any::<bool>(), 60)) {
        let luck: Vec<(Luck, u64)> = refused.iter().map(|no| (if *no { Luck::Refused } else { Luck::Good }, 50)).collect();
        let (server, _, _) = run(&Pace::telegram_direct(), &versions, &luck);
        prop_assert!(server.calls.len() < 200);
    }
}

#[test]
fn a_rate_of_its_own_is_kept_for_each_scope() {
    let budgets = Budgets::default();
    let pace = Pace { bot: Rate { every: Duration::from_secs(1), burst: 1 }, ..Pace::discord() };
    budgets.with(|ledger| ledger.book("a", &pace, Duration::from_secs(10)));
    assert_eq!(budgets.with(|ledger| ledger.ready_at("b", &pace, 0)), Duration::from_secs(11));
}
