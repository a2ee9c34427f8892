//! Everything that any library in this process logs, at every level, as text.

use std::fmt::{Debug, Write};
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

pub(super) static LOG: Mutex<String> = Mutex::new(String::new());

pub(super) fn keep() {
    // The first test sets it for all.
    let _ = tracing::subscriber::set_global_default(Recorder);
}

struct Recorder;
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

fn note(metadata: &Metadata<'_>, record: impl FnOnce(&mut dyn Visit)) {
    let mut line = Line(format!("{} {}", metadata.target(), metadata.name()));
    record(&mut line);
    let mut log = LOG.lock().unwrap();
    log.push_str(&line.0);
    log.push('\n');
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        note(span.metadata(), |line| span.record(line));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        note(event.metadata(), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
