//! The model's own chat template, applied so that a message's text can never be read as the template's markers.
//!
//! The template is rendered with a placeholder for every text. What comes out around the placeholders was written by
//! the template, and only that may become control tokens; the texts are put back afterwards, as plain text.

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, context};

use crate::generate::{Message, Role};

/// The form that a model without a usable template is spoken to in.
const CHATML: &str = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n\
                      {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/// Private-use characters around a message's number. Space on both sides shows whether the template trims texts.
const OPEN: char = '\u{f0000}';
const CLOSE: char = '\u{f0001}';
const SPACE: char = '\u{2003}';

const NAME: &str = "chat";

/// A stretch of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// The template's own words: markers in it are control tokens.
    Template(String),
    /// A message's text: nothing in it is a control token.
    Text(String),
}

/// Why a template cannot be applied.
#[derive(Debug, thiserror::Error)]
pub(super) enum TemplateError {
    /// The template refuses the messages or is broken.
    #[error("the chat template cannot be applied")]
    Rejected(#[from] Error),
    /// The template leaves messages out.
    #[error("the chat template leaves out message {index}")]
    Dropped {
        /// Its place among the messages.
        index: usize,
    },
}

/// A compiled chat template.
#[derive(Debug)]
pub(super) struct Template {
    environment: Environment<'static>,
    bos: String,
    eos: String,
}

impl Template {
    /// The template that `source` is, or ChatML when there is none or a single question cannot be put with it.
    pub(super) fn new(source: Option<&str>, bos: &str, eos: &str) -> Self {
        let question = [Message::new(Role::User, "?")];
        let own =
            source.map(|source| Self::compile(source, bos, eos).and_then(|own| own.apply(&question).map(|_| own)));
        match own {
            Some(Ok(own)) => return own,
            Some(Err(error)) => {
                tracing::warn!(error = %with_cause(&error), "the model's chat template is not usable, using chatml");
            }
            None => tracing::warn!("the model has no chat template, using chatml"),
        }
        let mut environment = Environment::new();
        // The constant compiles: a test holds it to that.
        let _ = environment.add_template(NAME, CHATML);
        Self { environment, bos: String::new(), eos: String::new() }
    }

    fn compile(source: &str, bos: &str, eos: &str) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        // As the Python library renders chat templates.
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        environment.add_template_owned(NAME, source.to_owned())?;
        Ok(Self { environment, bos: bos.to_owned(), eos: eos.to_owned() })
    }

    /// The prompt that asks for an answer to `messages`.
    ///
    /// Some templates know no system role, or want question and answer to alternate: what they refuse is put a second
    /// time in that form.
    pub(super) fn apply(&self, messages: &[Message]) -> Result<Vec<Piece>, TemplateError> {
        self.render(messages).or_else(|_| self.render(&alternating(messages)))
    }

    fn render(&self, messages: &[Message]) -> Result<Vec<Piece>, TemplateError> {
        let placeholder = |(index, message): (usize, &Message)| {
            context! { role => message.role, content => format!("{SPACE}{OPEN}{index}{CLOSE}{SPACE}") }
        };
        let rendered = self.environment.get_template(NAME)?.render(context! {
            messages => messages.iter().enumerate().map(placeholder).collect::<Vec<_>>(),
            bos_token => self.bos,
            eos_token => self.eos,
            add_generation_prompt => true,
            // Models that can think before they answer are asked not to: a student waits.
            enable_thinking => false,
            tools => (),
            documents => (),
        })?;
        pieces(&rendered, messages)
    }
}

/// Cuts what was rendered at the placeholders and puts the texts back.
fn pieces(rendered: &str, messages: &[Message]) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut seen = vec![false; messages.len()];
    let mut rest = rendered;
    while let Some((before, index, after)) = next_placeholder(rest) {
        let Some(message) = messages.get(index) else { break };
        seen[index] = true;
        let (before, text) = match before.strip_suffix(SPACE) {
            Some(before) => (before, message.content.as_str()),
            None => (before, message.content.trim_start()),
        };
        let (after, text) = match after.strip_prefix(SPACE) {
            Some(after) => (after, text),
            None => (after, text.trim_end()),
        };
        pieces.push(Piece::Template(before.to_owned()));
        pieces.push(Piece::Text(text.to_owned()));
        rest = after;
    }
    pieces.push(Piece::Template(rest.to_owned()));
    match seen.iter().position(|seen| !seen) {
        Some(index) => Err(TemplateError::Dropped { index }),
        None => Ok(pieces),
    }
}

fn next_placeholder(text: &str) -> Option<(&str, usize, &str)> {
    let (before, rest) = text.split_once(OPEN)?;
    let (index, after) = rest.split_once(CLOSE)?;
    Some((before, index.parse().ok()?, after))
}

/// The same messages without a system role and with the roles taking turns.
fn alternating(messages: &[Message]) -> Vec<Message> {
    let mut turns: Vec<Message> = Vec::new();
    for message in messages {
        let role = if message.role == Role::System { Role::User } else { message.role };
        match turns.last_mut() {
            Some(last) if last.role == role => {
                last.content.push_str("\n\n");
                last.content.push_str(&message.content);
            }
            _ => turns.push(Message::new(role, message.content.clone())),
        }
    }
    turns
}

/// An error and its cause in one line, for a log.
fn with_cause(error: &TemplateError) -> String {
    match error {
        TemplateError::Rejected(cause) => format!("{error}: {cause}"),
        TemplateError::Dropped { .. } => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
