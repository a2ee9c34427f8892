//! What a server says of itself: its model, its window, and how many tokens a chat takes there.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Counting, Failure, Known, Server};
use crate::generate::{GenerateError, Message, Role};
use crate::remote::estimate;

#[derive(Debug, Deserialize)]
struct Models {
    data: Vec<Listed>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
    /// vLLM and SGLang.
    max_model_len: Option<usize>,
    /// llama-server.
    meta: Option<Meta>,
}

#[derive(Debug, Deserialize)]
struct Meta {
    n_ctx: Option<usize>,
}

/// llama-server's settings, as far as they matter.
#[derive(Debug, Deserialize)]
struct Props {
    default_generation_settings: Defaults,
}

#[derive(Debug, Deserialize)]
struct Defaults {
    n_ctx: usize,
}

#[derive(Debug, Deserialize)]
struct Tokens {
    count: Option<usize>,
    max_model_len: Option<usize>,
    tokens: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
struct Prompt {
    prompt: String,
}

impl Server {
    /// Asks whether it is there and what it serves; how it counts is asked once.
    pub(in crate::remote) async fn look(&self) -> Result<(), Failure> {
        let models: Models = self.call(self.client.get(format!("{}/v1/models", self.url))).await?;
        let meant = |listed: &&Listed| self.model.as_ref().is_none_or(|model| listed.id == *model);
        let Some(listed) = models.data.iter().find(meant) else {
            return Err(Failure::Broken("it does not serve the model".to_owned()));
        };
        let window = listed.max_model_len.or(listed.meta.as_ref().and_then(|meta| meta.n_ctx));
        {
            let mut known = self.known();
            known.model = Some(listed.id.clone());
            known.window = window.or(known.window);
        }
        if self.known().counting == Counting::Unknown {
            self.learn_to_count().await;
        }
        Ok(())
    }

    /// Forgets what it has said: another server may stand in its place.
    pub(in crate::remote) fn forget(&self) {
        *self.known() = Known::default();
    }

    async fn learn_to_count(&self) {
        let sample = [Message::new(Role::User, "Hi")];
        let mut counting = Counting::Estimate;
        for way in [Counting::Chat, Counting::Text] {
            if self.count_by(way, &sample).await.is_ok_and(|tokens| tokens > 0) {
                counting = way;
                break;
            }
        }
        let props = self.client.get(format!("{}/props", self.url));
        if self.known().window.is_none()
            && let Ok(Props { default_generation_settings: Defaults { n_ctx } }) = self.call(props).await
        {
            self.known().window = Some(n_ctx);
        }
        self.known().counting = counting;
    }

    /// The tokens that a chat takes there: counted by the server where it does so, else estimated.
    pub(in crate::remote) async fn count(&self, messages: &[Message]) -> Result<usize, Failure> {
        let counting = self.known().counting;
        self.count_by(counting, messages).await
    }

    async fn count_by(&self, counting: Counting, messages: &[Message]) -> Result<usize, Failure> {
        let post = |path: &str, body: Value| self.client.post(format!("{}{path}", self.url)).json(&body);
        let quiet = json!({"enable_thinking": false});
        let silent = || Failure::Refused(GenerateError::Backend { reason: "it does not count".to_owned() });
        match counting {
            Counting::Unknown | Counting::Estimate => Ok(estimate::tokens(messages)),
            Counting::Chat => {
                let chat = json!({"model": self.model(), "messages": messages, "add_generation_prompt": true, "chat_template_kwargs": quiet});
                let Tokens { count, max_model_len, .. } = self.call(post("/tokenize", chat)).await?;
                let mut known = self.known();
                known.window = known.window.or(max_model_len);
                count.ok_or_else(silent)
            }
            Counting::Text => {
                let chat = json!({"messages": messages, "chat_template_kwargs": quiet});
                let Prompt { prompt } = self.call(post("/apply-template", chat)).await?;
                let text = json!({"content": prompt, "add_special": true, "parse_special": true});
                let Tokens { tokens, .. } = self.call(post("/tokenize", text)).await?;
                tokens.map(|tokens| tokens.len()).ok_or_else(silent)
            }
        }
    }
}
