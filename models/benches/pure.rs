//! The pure parts that run for every step or every request: `cargo bench -p tutor-models`. They are taken in as files, since
//! the crate keeps them to itself.

#![allow(dead_code, unused_imports, reason = "a part of each file is measured, and its tests run where it belongs")]

use std::time::Instant;

use divan::{Bencher, black_box};

#[path = "../src/remote/breaker.rs"]
mod breaker;
#[path = "../src/engine/sampler/greedy.rs"]
mod greedy;
#[path = "../src/remote/pool.rs"]
mod pool;
#[path = "../src/engine/schedule.rs"]
mod schedule;
#[path = "../src/remote/sse.rs"]
mod sse;
#[path = "../src/engine/prefix/tree.rs"]
mod tree;

use schedule::{Budget, Holding, Want};

/// As in the engine.
type Token = i32;
type Id = u64;

fn main() {
    divan::main();
}

/// One step of a class of which every fourth student's prompt is still read.
#[divan::bench(args = [4, 32, 256])]
fn scheduler_step(bencher: Bencher<'_, '_>, slots: usize) {
    let want = |slot: usize| match slot % 4 {
        0 => Want::Read { rest: 100 + slot, of: 400, since: slot as u64 },
        _ => Want::Write { tokens: 1 },
    };
    let wants: Vec<Want> = (0..slots).map(want).collect();
    bencher.bench(|| schedule::step(black_box(&wants), Budget { step: 512, beside_answers: 64 }, 7));
}

/// The slot for a prompt of 400 tokens, of which every slot knows the first 300.
#[divan::bench(args = [4, 32, 256])]
fn scheduler_place(bencher: Bencher<'_, '_>, slots: usize) {
    let held: Vec<Vec<Token>> = (0..slots).map(|slot| prompt(300, slot)).collect();
    let slots: Vec<Holding<'_>> =
        held.iter().map(|kept| Holding { kept, reading: None, free: true, used: 0 }).collect();
    let asked = prompt(300, slots.len() + 1);
    bencher.bench(|| schedule::place(black_box(&asked), black_box(&slots), 0));
}

/// A prompt: notes that all share, then a hundred tokens of its own.
fn prompt(shared: usize, own: usize) -> Vec<Token> {
    let own = own as Token;
    (0..shared as Token).chain((0..100).map(|token| token * 31 + own * 7_919)).collect()
}

/// The longest known beginning of a prompt of 400 tokens among so many kept ones.
#[divan::bench(args = [16, 256, 4_096])]
fn prefix_longest(bencher: Bencher<'_, '_>, kept: usize) {
    let mut tree = tree::Tree::default();
    for own in 0..kept {
        tree.insert(&prompt(300, own), own as Id);
    }
    let asked = prompt(300, kept / 2);
    bencher.bench(|| tree.longest(black_box(&asked)));
}

/// The likeliest token of a vocabulary: SmolLM2's and Qwen3's.
#[divan::bench(args = [49_152, 151_936])]
fn sampler_greedy(bencher: Bencher<'_, '_>, vocabulary: usize) {
    let logits: Vec<f32> = (0..vocabulary).map(|token| ((token * 2_654_435_761) % 1_000) as f32 / 100.0).collect();
    bencher.bench(|| greedy::likeliest(black_box(&logits), &[]));
}

/// The server for a request in a fleet.
#[divan::bench(args = [3, 64])]
fn fleet_choose(bencher: Bencher<'_, '_>, servers: usize) {
    let mut pool = pool::Pool::new(servers);
    (0..servers).for_each(|server| pool.enter(server, server * 13 % 7));
    let (tried, now) = (vec![0; servers], Instant::now());
    bencher.bench(|| pool.choose(black_box(&tried), now));
}

/// A hundred events of a stream, in pieces as they come from a socket.
#[divan::bench]
fn events_of_a_stream(bencher: Bencher<'_, '_>) {
    let event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" light\"},\"finish_reason\":null}]}\n\n";
    let stream = event.repeat(100);
    bencher.bench(|| {
        let mut events = sse::Events::default();
        let read = stream.as_bytes().chunks(1_400).filter_map(|part| events.feed(black_box(part)).ok());
        read.map(|events| events.len()).sum::<usize>()
    });
}
