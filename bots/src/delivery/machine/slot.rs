//! Slots: the messages of a reply as they stand, compared with what should stand.

use super::Post;

/// The messages of a reply, in order.
#[derive(Debug, Default)]
pub(super) struct Slots(Vec<Slot>);

/// One message of the reply.
#[derive(Debug, Clone, Default)]
struct Slot {
    /// Its id; `None` where no message stands.
    id: Option<String>,
    shown: Shown,
    /// How often it was removed by somebody else.
    losses: u32,
    /// It could not be deleted; it is blanked.
    kept: bool,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Shown {
    /// Nobody knows.
    #[default]
    Unknown,
    /// This.
    Post(Post),
    /// The platform refuses what it should say: it is left as it is.
    Refused,
}

/// One difference between what should stand and what stands. Numbers are indices in the reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// No message stands there yet.
    Open(usize),
    /// The message says something else.
    Edit(usize, String),
    /// The message is one too many.
    Delete(usize, String),
    /// The message is one too many and cannot be deleted.
    Blank(usize, String),
    /// The file with this index was not sent.
    File(usize),
}

/// How often a message that was removed by somebody else is sent again.
const LOSSES: u32 = 2;

impl Slots {
    pub(super) fn resumed(ids: Vec<String>) -> Self {
        Self(ids.into_iter().map(|id| Slot { id: Some(id), ..Slot::default() }).collect())
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter_map(|slot| slot.id.clone())
    }

    /// The first difference; messages that are too many count only when the reply is `whole`.
    pub(super) fn difference(&self, want: &[Post], whole: bool) -> Option<Step> {
        let mut differences = want.iter().enumerate().filter_map(|(index, post)| self.at(index, post));
        differences.next().or_else(|| self.surplus(want.len()).filter(|_| whole))
    }

    fn at(&self, index: usize, post: &Post) -> Option<Step> {
        let Some(slot) = self.0.get(index) else { return Some(Step::Open(index)) };
        match (&slot.shown, &slot.id) {
            (Shown::Refused, _) => None,
            (_, None) => Some(Step::Open(index)),
            (Shown::Post(shown), Some(_)) if shown == post => None,
            (_, Some(id)) => Some(Step::Edit(index, id.clone())),
        }
    }

    fn surplus(&self, wanted: usize) -> Option<Step> {
        let blank = Shown::Post(Post::line("…"));
        self.0.iter().enumerate().skip(wanted).rev().find_map(|(index, slot)| {
            let id = slot.id.clone()?;
            match slot.kept {
                false => Some(Step::Delete(index, id)),
                true if slot.shown == blank || slot.shown == Shown::Refused => None,
                true => Some(Step::Blank(index, id)),
            }
        })
    }

    /// A message was sent as number `index`; `post` is what it certainly says.
    pub(super) fn opened(&mut self, index: usize, id: String, post: Option<Post>) {
        self.reach(index);
        self.0[index].id = Some(id);
        self.0[index].shown = post.map_or(Shown::Unknown, Shown::Post);
    }

    /// The message says `post` now.
    pub(super) fn says(&mut self, index: usize, post: Post) {
        self.0[index].shown = Shown::Post(post);
    }

    /// It is not known any more what the message says.
    pub(super) fn forget(&mut self, index: usize) {
        self.0[index].shown = Shown::Unknown;
    }

    /// The message was removed, as it should be.
    pub(super) fn deleted(&mut self, index: usize) {
        self.0[index] = Slot { losses: self.0[index].losses, ..Slot::default() };
    }

    /// The message was removed by somebody else: it is sent again, but not for ever.
    pub(super) fn lost(&mut self, index: usize) {
        let losses = self.0[index].losses + 1;
        let shown = if losses > LOSSES { Shown::Refused } else { Shown::Unknown };
        self.0[index] = Slot { id: None, shown, losses, kept: false };
    }

    /// The message cannot be removed.
    pub(super) fn keep(&mut self, index: usize) {
        self.0[index].kept = true;
    }

    /// The platform refuses what the message should say, in every form.
    pub(super) fn refused(&mut self, index: usize) {
        self.reach(index);
        self.0[index].shown = Shown::Refused;
    }

    pub(super) fn losses(&self, index: usize) -> u32 {
        self.0.get(index).map_or(0, |slot| slot.losses)
    }

    pub(super) fn any_refused(&self) -> bool {
        self.0.iter().any(|slot| slot.shown == Shown::Refused)
    }

    fn reach(&mut self, index: usize) {
        if self.0.len() <= index {
            self.0.resize(index + 1, Slot::default());
        }
    }
}
