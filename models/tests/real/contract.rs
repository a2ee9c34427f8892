//! What the generation port promises, held by both of its bodies: the engine in this process, and servers over HTTP.

use std::sync::Arc;
use std::time::Duration;

use tutor_models::catalog::DEFAULT_CHAT;
use tutor_models::engine::{Engine, EngineSettings};
use tutor_models::generate::{
    Event, Finish, FinishReason, Format, Generate, GenerateError, Message, Request, Role, Sampling,
};
use tutor_models::remote::{Remote, RemoteSettings, ServerSettings, Waits};

/// A body of the port, and the engine behind it.
struct Body {
    model: Arc<dyn Generate>,
    engine: Arc<Engine>,
}

fn engine() -> Arc<Engine> {
    let settings = EngineSettings {
        name: DEFAULT_CHAT.to_owned(),
        path: crate::model(DEFAULT_CHAT),
        context: 1024,
        parallel: 1,
        queue: 2,
        threads: 1,
        ..EngineSettings::default()
    };
    Arc::new(Engine::start(settings).unwrap())
}

fn here() -> Body {
    let engine = engine();
    Body { model: engine.clone(), engine }
}

async fn there() -> Body {
    let engine = engine();
    let server = ServerSettings { url: crate::bridge::serve(engine.clone()).await, model: None, key: None };
    let waits = Waits { first: Duration::from_secs(120), gap: Duration::from_secs(120) };
    let settings = RemoteSettings { name: DEFAULT_CHAT.to_owned(), servers: vec![server], context: 4096, waits };
    let remote = Remote::start(settings, None).unwrap();
    // The server's window is known as soon as it was asked for it.
    while remote.window() != 1024
        || remote.count(&ask("?", 1).messages).await != engine.count(&ask("?", 1).messages).await
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Body { model: Arc::new(remote), engine }
}

fn ask(question: &str, max_tokens: usize) -> Request {
    let rules = "You are a helpful tutor. Answer in short sentences.";
    let messages = vec![Message::new(Role::System, rules), Message::new(Role::User, question)];
    Request { messages, max_tokens, ..Request::default() }
}

impl Body {
    async fn answer(&self, request: Request) -> (String, Finish) {
        self.model.generate(request).await.unwrap().collect().await.unwrap()
    }

    async fn refusal(&self, request: Request) -> GenerateError {
        match self.model.generate(request).await {
            Ok(generation) => generation.collect().await.unwrap_err(),
            Err(error) => error,
        }
    }

    async fn keeps_the_contract(&self) {
        assert_eq!((self.model.name(), self.model.window()), (DEFAULT_CHAT, 1024));
        self.answers_are_the_same_and_counted().await;
        self.texts_hold_whole_characters().await;
        self.answers_end_where_they_should().await;
        self.a_seed_repeats_an_answer().await;
        self.formats_are_followed().await;
        self.what_does_not_fit_is_refused_before_any_work().await;
        self.a_dropped_answer_is_given_up().await;
        self.a_full_queue_refuses_at_once().await;
    }

    async fn answers_are_the_same_and_counted(&self) {
        let question = ask("What is the capital of France?", 24);
        let (first, finish) = self.answer(question.clone()).await;
        assert!(first.contains("Paris"), "{first}");
        assert_eq!(finish.usage.prompt_tokens, self.model.count(&question.messages).await.unwrap());
        let (again, finish) = self.answer(question).await;
        assert_eq!(again, first);
        assert!(finish.usage.cached_tokens > 0 && finish.usage.completion_tokens <= 24);
    }

    async fn texts_hold_whole_characters(&self) {
        let mut generation = self.model.generate(ask("Repeat exactly: 光在玻璃中更慢 🙂 é", 48)).await.unwrap();
        while let Some(event) = generation.next().await {
            if let Event::Text(text) = event.unwrap() {
                assert!(!text.is_empty() && !text.contains('\u{fffd}'), "{text:?}");
            }
        }
        assert!(generation.usage().completion_tokens > 0);
    }

    async fn answers_end_where_they_should(&self) {
        let (text, finish) = self.answer(ask("Tell me a long story about a cat.", 3)).await;
        assert_eq!((finish.reason, finish.usage.completion_tokens), (FinishReason::Length, 3), "{text}");
        let (whole, _) = self.answer(ask("What is the capital of France?", 24)).await;
        let stopped = Request { stop: vec!["Paris".to_owned()], ..ask("What is the capital of France?", 24) };
        let (text, finish) = self.answer(stopped).await;
        assert_eq!((Some(text.as_str()), finish.reason), (whole.split("Paris").next(), FinishReason::Stop));
        let endless = Request { ignore_eos: true, ..ask("Say hello.", 40) };
        assert_eq!(self.answer(endless).await.1.usage.completion_tokens, 40);
    }

    async fn a_seed_repeats_an_answer(&self) {
        let drawn = |seed| {
            let sampling = Sampling { temperature: 1.2, min_p: 0.02, repeat_penalty: 1.1, seed, ..Sampling::default() };
            Request { sampling, ..ask("Tell me a story about a cat.", 24) }
        };
        self.answer(drawn(0)).await;
        let (first, again, other) =
            (self.answer(drawn(7)).await, self.answer(drawn(7)).await, self.answer(drawn(8)).await);
        assert_eq!(first.0, again.0);
        assert_ne!(first.0, other.0);
    }

    async fn formats_are_followed(&self) {
        let schema = r#"{"type": "object", "required": ["n"], "additionalProperties": false, "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 9}}}"#;
        let with = |format| Request { format, ..ask("Pick a number, as JSON.", 32) };
        let (text, _) = self.answer(with(Format::JsonSchema(schema.to_owned()))).await;
        let made: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert!((1..=9).contains(&made["n"].as_i64().unwrap()), "{text}");
        let error = self.refusal(with(Format::JsonSchema(r#"{"type": 7}"#.to_owned()))).await;
        assert!(matches!(error, GenerateError::BadFormat { .. }), "{error:?}");
    }

    async fn what_does_not_fit_is_refused_before_any_work(&self) {
        let before = self.engine.load().computed_tokens;
        let long = ask(&"word ".repeat(2_000), 24);
        let tokens = self.model.count(&long.messages).await.unwrap();
        assert_eq!(self.refusal(long).await, GenerateError::PromptTooLong { tokens, limit: 1_000 });
        assert_eq!(self.engine.load().computed_tokens, before);
        // What is long and fits is taken, though a careful estimate says otherwise.
        let (_, finish) = self.answer(ask(&"gradient ".repeat(340), 24)).await;
        assert!(finish.usage.prompt_tokens > 340, "{:?}", finish.usage);
    }

    async fn a_dropped_answer_is_given_up(&self) {
        let before = self.engine.load().written_tokens;
        let endless = Request { ignore_eos: true, ..ask("Tell me a long story about a dog.", 900) };
        let mut generation = self.model.generate(endless).await.unwrap();
        assert!(matches!(generation.next().await, Some(Ok(Event::Text(_)))));
        let spent = generation.usage();
        assert!(spent.prompt_tokens > 0 && spent.completion_tokens > 0, "{spent:?}");
        drop(generation);
        self.is_idle().await;
        assert!(self.engine.load().written_tokens - before < 900, "an answer that nobody hears was written to its end");
    }

    async fn a_full_queue_refuses_at_once(&self) {
        // One is written, two wait, and one more is refused.
        let endless = |number| Request { ignore_eos: true, ..ask(&format!("Tell me story {number}."), 600) };
        let mut first = self.model.generate(endless(0)).await.unwrap();
        first.next().await.unwrap().unwrap();
        let waiting = [self.model.generate(endless(1)).await.unwrap(), self.model.generate(endless(2)).await.unwrap()];
        let error = self.refusal(endless(3)).await;
        assert!(matches!(error, GenerateError::Busy { .. }), "{error:?}");
        drop((first, waiting));
        self.is_idle().await;
    }

    async fn is_idle(&self) {
        for _ in 0..500 {
            if self.engine.load().active == 0 && self.engine.load().waiting == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the engine still works: {:?}", self.engine.load());
    }
}

#[tokio::test]
async fn the_engine_keeps_the_contract() {
    here().keeps_the_contract().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_keep_the_contract() {
    there().await.keeps_the_contract().await;
}
