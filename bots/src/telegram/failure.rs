//! What an error of the Bot API means: for a delivery, and for the one who polls.

use std::time::Duration;

use teloxide::{ApiError, RequestError};

use crate::delivery::{Failure, Scope};

/// What `error` means for the call that met it. Texts are Telegram's own (tdlib/telegram-bot-api).
pub(super) fn failure(error: &RequestError) -> Failure {
    match error {
        RequestError::RetryAfter(seconds) => Failure::RetryAfter { after: seconds.duration(), scope: Scope::Chat },
        RequestError::Api(error) => refused(error),
        RequestError::Network(error) if error.is_connect() => Failure::Unreached,
        RequestError::MigrateToChatId(_) => Failure::Unreached,
        RequestError::Network(_) | RequestError::InvalidJson { .. } | RequestError::Io(_) => Failure::Unknown,
    }
}

fn refused(error: &ApiError) -> Failure {
    match error {
        ApiError::MessageNotModified => Failure::NotModified,
        ApiError::MessageToEditNotFound
        | ApiError::MessageToDeleteNotFound
        | ApiError::MessageIdInvalid
        | ApiError::MessageCantBeEdited => Failure::Gone,
        ApiError::BotBlocked
        | ApiError::BotKicked
        | ApiError::BotKickedFromSupergroup
        | ApiError::BotKickedFromChannel
        | ApiError::UserDeactivated
        | ApiError::CantInitiateConversation
        | ApiError::CantTalkWithBots
        | ApiError::ChatNotFound
        | ApiError::GroupDeactivated
        | ApiError::NotEnoughRightsToPostMessages => Failure::Forbidden,
        ApiError::InvalidToken => Failure::Unreached,
        ApiError::Unknown(text) => described(text),
        _ => Failure::Rejected,
    }
}

/// Reads a description that teloxide does not know.
fn described(text: &str) -> Failure {
    let text = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let no_access = [
        "forbidden",
        "not enough rights to send",
        "no rights to send",
        "chat_write_forbidden",
        "topic_closed",
        "topic_deleted",
        "thread not found",
    ];
    if has(&["message is not modified"]) {
        Failure::NotModified
    } else if has(&no_access) {
        Failure::Forbidden
    } else if has(&["bad request", "entity too large"]) {
        Failure::Rejected
    } else {
        Failure::Unknown
    }
}

/// The error's kind for a log: what it says itself may hold the token or a text.
pub(super) fn name(error: &RequestError) -> &'static str {
    match error {
        RequestError::RetryAfter(_) => "too many requests",
        RequestError::Api(_) => "refused",
        RequestError::Network(error) if error.is_connect() => "no connection",
        RequestError::Network(error) if error.is_timeout() => "timeout",
        RequestError::Network(_) | RequestError::Io(_) => "connection lost",
        RequestError::MigrateToChatId(_) => "chat moved",
        RequestError::InvalidJson { .. } => "answer not understood",
    }
}

/// The growing pause between attempts of the one who polls.
#[derive(Debug, Default)]
pub(super) struct Pause {
    failures: u32,
}

/// The longest pause between two attempts.
const LONGEST: Duration = Duration::from_secs(30);

impl Pause {
    /// How long to wait after `error`; `None` when waiting will not help, since the token is wrong.
    pub(super) fn after(&mut self, error: &RequestError) -> Option<Duration> {
        match error {
            RequestError::Api(ApiError::InvalidToken) => None,
            RequestError::RetryAfter(seconds) => Some(seconds.duration()),
            _ => Some(self.next()),
        }
    }

    /// The next pause: half a second, doubled each time, up to half a minute.
    pub(super) fn next(&mut self) -> Duration {
        let pause = Duration::from_millis(500) * 2u32.saturating_pow(self.failures.min(8));
        self.failures += 1;
        pause.min(LONGEST).mul_f64(0.75 + rand::random::<f64>() / 4.0)
    }

    /// It works again.
    pub(super) fn over(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_understood() {
        let cases = [
            (
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
                Failure::NotModified,
            ),
            ("Bad Request: message is not modified", Failure::NotModified),
            ("Bad Request: message to edit not found", Failure::Gone),
            ("Bad Request: message to delete not found", Failure::Gone),
            ("Forbidden: bot was blocked by the user", Failure::Forbidden),
            ("Forbidden: bot is not a member of the supergroup chat", Failure::Forbidden),
            ("Bad Request: not enough rights to send text messages to the chat", Failure::Forbidden),
            ("Bad Request: message thread not found", Failure::Forbidden),
            ("Bad Request: BUTTON_DATA_INVALID", Failure::Rejected),
            ("Bad Request: can't parse entities: unsupported entity", Failure::Rejected),
            ("Bad Request: something new", Failure::Rejected),
            ("Internal Server Error", Failure::Unknown),
            ("Bad Gateway", Failure::Unknown),
        ];
        for (description, meant) in cases {
            let error: ApiError = serde_json::from_value(description.into()).unwrap();
            assert_eq!(refused(&error), meant, "{description:?}");
        }
    }

    #[test]
    fn a_wrong_token_is_not_waited_for() {
        let mut pause = Pause::default();
        assert_eq!(pause.after(&RequestError::Api(ApiError::InvalidToken)), None);
        let seconds = teloxide::types::Seconds::from_seconds(7);
        assert_eq!(pause.after(&RequestError::RetryAfter(seconds)), Some(Duration::from_secs(7)));
        let pauses: Vec<Duration> = (0..20).map(|_| pause.next()).collect();
        assert!(pauses.iter().all(|pause| *pause <= LONGEST) && pauses[1] > pauses[0] && pauses[19] > LONGEST / 2);
    }
}
