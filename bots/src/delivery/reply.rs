//! The reply so far: events add up to the messages that should stand in the chat.

use crate::chat::{Attachment, Button, ReplyEvent, Sources};
use crate::markup::{Dialect, Document, split};

use super::{Post, Stage};

/// Everything that a reply has said so far.
#[derive(Debug, Default)]
pub struct Reply {
    progress: Option<String>,
    text: String,
    sources: Option<Sources>,
    buttons: Vec<Button>,
    files: Vec<Attachment>,
    /// Which of the files the platform refuses.
    refused: Vec<usize>,
    end: End,
}

/// How the stream of events ended, if it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum End {
    #[default]
    Open,
    Cut,
    Done,
}

impl Reply {
    /// Takes in one event.
    pub fn apply(&mut self, event: ReplyEvent) {
        match event {
            ReplyEvent::Progress(line) => self.progress = Some(line),
            ReplyEvent::Text(text) => self.text.push_str(&text),
            ReplyEvent::Rewrite(text) => self.text = text,
            ReplyEvent::Sources(sources) => self.sources = Some(sources),
            ReplyEvent::Buttons(buttons) => self.buttons = buttons,
            ReplyEvent::File(file) => self.files.push(file),
            ReplyEvent::Done => self.end = End::Done,
        }
    }

    /// The stream is over. Without [`ReplyEvent::Done`] before, the reply was cut off.
    pub fn close(&mut self) {
        if self.end == End::Open {
            self.end = End::Cut;
        }
    }

    /// The reply is whole and on disk.
    pub fn is_done(&self) -> bool {
        self.end == End::Done
    }

    /// Nothing more will come.
    pub fn is_closed(&self) -> bool {
        self.end != End::Open
    }

    /// How far the reply has come.
    pub fn stage(&self) -> Stage {
        match self.end {
            End::Open if self.text.trim().is_empty() => Stage::Progress,
            End::Open => Stage::Growing,
            End::Cut | End::Done => Stage::Whole,
        }
    }

    /// The files so far.
    pub fn files(&self) -> &[Attachment] {
        &self.files
    }

    /// The platform refuses the files with these indices; true when that is news.
    pub fn refuse(&mut self, files: &[usize]) -> bool {
        let news = self.refused != files;
        self.refused = files.to_vec();
        news
    }

    /// The messages that should stand, each at most `limit` long.
    pub fn posts(&self, dialect: Dialect, limit: usize) -> Vec<Post> {
        let document = self.document();
        let parts = split(&document, limit, dialect).into_iter();
        let mut posts: Vec<Post> = parts.map(|document| Post { document, buttons: Vec::new() }).collect();
        if posts.is_empty() && !self.buttons.is_empty() {
            posts.push(Post::line("…"));
        }
        if let Some(last) = posts.last_mut() {
            last.buttons.clone_from(&self.buttons);
        }
        posts
    }

    fn document(&self) -> Document {
        let mut document = match self.end {
            End::Open => Document::parse_growing(&self.text),
            End::Cut | End::Done => Document::parse(&self.text),
        };
        if document.is_empty() && self.end != End::Done {
            return self.progress.as_deref().map(Document::line).unwrap_or_default();
        }
        for file in self.refused.iter().filter_map(|index| self.files.get(*index)) {
            document.blocks.extend(Document::line(&file.refused).blocks);
        }
        if let Some(sources) = &self.sources {
            document.push_sources(sources);
        }
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(events: Vec<ReplyEvent>) -> Reply {
        let mut reply = Reply::default();
        events.into_iter().for_each(|event| reply.apply(event));
        reply
    }

    fn texts(reply: &Reply) -> Vec<String> {
        reply.posts(Dialect::Telegram, 4096).iter().map(|post| post.document.text()).collect()
    }

    #[test]
    fn progress_stands_only_while_no_text_does() {
        use ReplyEvent::{Done, Progress, Rewrite, Text};
        let cases = [
            (vec![Progress("Looking…".into())], Stage::Progress, vec!["Looking…"]),
            (vec![Progress("Looking…".into()), Progress("Reading…".into())], Stage::Progress, vec!["Reading…"]),
            (vec![Progress("Looking…".into()), Text("Yes".into())], Stage::Growing, vec!["Yes"]),
            (vec![Text("Yes".into()), Progress("Looking…".into())], Stage::Growing, vec!["Yes"]),
            (vec![Text("Yes".into()), Rewrite("No".into()), Done], Stage::Whole, vec!["No"]),
            (vec![Progress("Looking…".into()), Done], Stage::Whole, vec![]),
        ];
        for (events, stage, stands) in cases {
            let reply = said(events.clone());
            assert_eq!(
                (reply.stage(), texts(&reply)),
                (stage, stands.into_iter().map(str::to_owned).collect()),
                "{events:?}"
            );
        }
    }

    #[test]
    fn a_reply_that_is_cut_off_keeps_its_progress_and_is_not_done() {
        let mut reply = said(vec![ReplyEvent::Progress("Looking…".into())]);
        reply.close();
        assert_eq!((reply.stage(), reply.is_done(), texts(&reply)), (Stage::Whole, false, vec!["Looking…".to_owned()]));
    }

    #[test]
    fn buttons_stand_under_the_last_message() {
        let button = Button { label: "Ask the teacher".into(), data: "ask".into() };
        let reply = said(vec![ReplyEvent::Buttons(vec![button.clone()]), ReplyEvent::Text("A sentence. ".repeat(600))]);
        let posts = reply.posts(Dialect::Telegram, 4096);
        assert_eq!(posts.len(), 2);
        assert_eq!((posts[0].buttons.len(), &posts[1].buttons), (0, &vec![button]));
    }
}
