//! The talk: line after line is accepted by the tutor, and its reply shown.

use std::io::Write;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::disk::{self, Disk};
use super::input::{Read, Reader};
use super::screen::{Screen, printable};
use super::{Config, ConsoleError, Display, line};
use crate::chat::{
    Acceptance, AccountId, Attachment, Audience, Button, CommandSpec, Content, Incoming, IncomingId, Place, Replies,
    ReplyEvent, Sources, Surface, Tutor,
};
use crate::markup::Document;
use crate::markup::console::{Ink, render};

#[cfg(test)]
mod tests;

/// The platform's name in ids and keys.
const PLATFORM: &str = "console";

/// One person's talk with the tutor.
pub(crate) struct Talk<W> {
    config: Config,
    output: W,
    tutor: Arc<dyn Tutor>,
    commands: Vec<CommandSpec>,
    /// The buttons under the last answer.
    buttons: Vec<Button>,
    interrupts: mpsc::Receiver<()>,
}

impl<W: Write + Send> Talk<W> {
    pub(crate) fn new(config: Config, output: W, tutor: Arc<dyn Tutor>, interrupts: mpsc::Receiver<()>) -> Self {
        let commands = tutor.commands();
        Self { config, output, tutor, commands, buttons: Vec::new(), interrupts }
    }

    /// Answers what is pending, and then line after line.
    pub(crate) async fn go_on(&mut self, mut reader: Reader, stop: CancellationToken) -> Result<(), ConsoleError> {
        let own = self.account();
        for pending in self.tutor.pending(PLATFORM).await {
            if pending.incoming.account == own {
                self.answer(pending.incoming).await?;
            }
        }
        let prompt = self.config.words.prompt.clone();
        loop {
            let read = tokio::select! {
                read = reader.next(&prompt) => read,
                () = stop.cancelled() => return Ok(()),
            };
            match read {
                Read::Line(line) => self.hear(&line).await?,
                Read::End => return Ok(()),
                Read::Failed(error) => return Err(error),
            }
        }
    }

    async fn hear(&mut self, line: &str) -> Result<(), ConsoleError> {
        let Some(content) = line::meaning(line, &self.commands, &self.buttons) else { return Ok(()) };
        let incoming = self.incoming(content);
        match self.tutor.accept(&incoming).await {
            Ok(Acceptance::New) => self.answer(incoming).await,
            Ok(Acceptance::Known) => Ok(()),
            Err(unavailable) => self.print(&format!("{}\n\n", printable(&unavailable.reason))),
        }
    }

    fn account(&self) -> AccountId {
        AccountId::new(PLATFORM, &self.config.student)
    }

    fn incoming(&self, content: Content) -> Incoming {
        Incoming {
            id: IncomingId(format!("{PLATFORM}:{:032x}", rand::random::<u128>())),
            account: self.account(),
            name: None,
            locale: self.config.locale.clone(),
            place: Place {
                platform: PLATFORM.to_owned(),
                chat: self.config.student.clone(),
                thread: None,
                audience: Audience::Direct,
            },
            surface: Surface {
                message_limit: 1_000_000,
                edits: matches!(self.config.display, Display::Live(_)),
                buttons: true,
                files: true,
                upload_limit: 1 << 30,
            },
            content,
        }
    }

    /// Shows the reply to an accepted message.
    async fn answer(&mut self, incoming: Incoming) -> Result<(), ConsoleError> {
        let id = incoming.id.clone();
        // One that was pressed while nothing was being said is meant for nothing.
        while self.interrupts.try_recv().is_ok() {}
        let replies = self.tutor.reply(incoming, Arc::new(Disk)).await;
        let (reply, ending) = self.stream(replies).await?;
        self.close(&reply, ending).await?;
        self.buttons = reply.buttons;
        if ending != Ending::CutOff {
            self.tutor.delivered(&id).await;
        }
        Ok(())
    }

    async fn stream(&mut self, mut replies: Replies) -> Result<(Reply, Ending), ConsoleError> {
        let mut reply = Reply::default();
        let mut screen = match self.config.display {
            Display::Plain => None,
            Display::Live(size) => Some(Screen::new(size())),
        };
        let ending = loop {
            let event = tokio::select! {
                event = replies.recv() => event,
                Some(()) = self.interrupts.recv() => break Ending::Stopped,
            };
            let Some(event) = event else { break Ending::CutOff };
            if event == ReplyEvent::Done {
                break Ending::Whole;
            }
            if let Some(screen) = &mut screen {
                let shown = show(screen, &event, self.config.ink);
                self.print(&shown)?;
            }
            reply.apply(event);
        };
        let body = render(&Document::parse(&reply.text), self.config.ink);
        let shown = match &mut screen {
            Some(screen) => screen.finish(&body, &reply.text),
            None if body.is_empty() => String::new(),
            None => body + "\n",
        };
        self.print(&shown)?;
        Ok((reply, ending))
    }

    /// Prints what stands below the text, and a blank line.
    async fn close(&mut self, reply: &Reply, ending: Ending) -> Result<(), ConsoleError> {
        let mut below = String::new();
        if let Some(sources) = &reply.sources {
            let mut document = Document::default();
            document.push_sources(sources);
            below.push_str(&format!("\n{}\n", render(&document, self.config.ink)));
        }
        if !reply.buttons.is_empty() {
            below.push('\n');
        }
        for (n, button) in reply.buttons.iter().enumerate() {
            below.push_str(&format!("  {}) {}\n", n + 1, printable(&button.label)));
        }
        for file in &reply.files {
            below.push_str(&format!("{}\n", self.save(file).await));
        }
        match ending {
            Ending::Whole => {}
            Ending::Stopped => below.push_str(&format!("{}\n", self.config.words.stopped)),
            Ending::CutOff => below.push_str(&format!("{}\n", self.config.words.cut_off)),
        }
        self.print(&format!("{below}\n"))
    }

    async fn save(&self, file: &Attachment) -> String {
        match disk::save(file, &self.config.folder).await {
            Ok(path) => self.config.words.saved.replace("{path}", &printable(&path.to_string_lossy())),
            Err(error) => {
                tracing::warn!(%error, "file not saved");
                self.config.words.not_saved.replace("{path}", &printable(&file.name))
            }
        }
    }

    fn print(&mut self, text: &str) -> Result<(), ConsoleError> {
        let written = self.output.write_all(text.as_bytes()).and_then(|()| self.output.flush());
        written.map_err(|source| ConsoleError::Output { source })
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Whole,
    /// The person broke it off: nothing more is wanted of it.
    Stopped,
    /// The stream ended before the answer did.
    CutOff,
}

/// All of a reply but its progress.
#[derive(Debug, Default)]
struct Reply {
    text: String,
    sources: Option<Sources>,
    buttons: Vec<Button>,
    files: Vec<Attachment>,
}

impl Reply {
    fn apply(&mut self, event: ReplyEvent) {
        match event {
            ReplyEvent::Text(text) => self.text.push_str(&text),
            ReplyEvent::Rewrite(text) => self.text = text,
            ReplyEvent::Sources(sources) => self.sources = Some(sources),
            ReplyEvent::Buttons(buttons) => self.buttons = buttons,
            ReplyEvent::File(file) => self.files.push(file),
            ReplyEvent::Progress(_) | ReplyEvent::Done => {}
        }
    }
}

/// What a terminal shows of an event when it comes.
fn show(screen: &mut Screen, event: &ReplyEvent, ink: Ink) -> String {
    match event {
        ReplyEvent::Progress(line) => screen.progress(line, ink == Ink::Colour),
        ReplyEvent::Text(text) => screen.text(text),
        ReplyEvent::Rewrite(text) => screen.rewrite(text),
        _ => String::new(),
    }
}
