//! `GET /metrics`: what the engine does, in Prometheus' text form.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use tutor_models::generate::{Load, ServerLoad, Times};

use super::Shared;
use super::quota::Counts;

/// All of it.
pub(super) async fn show(State(service): Shared) -> impl IntoResponse {
    let mut page = Page::default();
    if let Some(engine) = service.parts.model.running() {
        of_model(&mut page, service.parts.model.chat_name(), &engine.load());
    }
    of_keys(&mut page, &service.quotas.counts());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.text)
}

fn of_model(page: &mut Page, model: &str, load: &Load) {
    let labels = [("model", model)];
    let mut one = |name, kind, help, value| {
        page.family(name, kind, help);
        page.sample(name, &labels, value);
    };
    one("requests_total", "counter", "Requests that got a slot.", load.requests as f64);
    one("prompt_tokens_total", "counter", "Tokens of prompts.", load.prompt_tokens as f64);
    one("cached_tokens_total", "counter", "Tokens of prompts whose state was known.", load.cached_tokens as f64);
    one("computed_tokens_total", "counter", "Tokens that went through the model.", load.computed_tokens as f64);
    one("written_tokens_total", "counter", "Tokens of answers.", load.written_tokens as f64);
    one("steps_total", "counter", "Decode steps.", load.steps as f64);
    one("busy_seconds_total", "counter", "Seconds of decode steps.", load.busy);
    let each = |sum: f64, of: f64| if of > 0.0 { sum / of } else { 0.0 };
    let (steps, prompts) = (load.steps as f64, load.prompt_tokens as f64);
    one(
        "tokens_per_second",
        "gauge",
        "Tokens of answers in a busy second.",
        each(load.written_tokens as f64, load.busy),
    );
    one("batch_tokens", "gauge", "Tokens of a step, on average.", each(load.computed_tokens as f64, steps));
    one(
        "cache_hit_ratio",
        "gauge",
        "Share of prompt tokens that were known.",
        each(load.cached_tokens as f64, prompts),
    );
    one("queue_requests", "gauge", "Requests that wait for a slot.", load.waiting as f64);
    one("active_requests", "gauge", "Requests that have a slot.", load.active as f64);
    page.family("model_memory_bytes", "gauge", "Bytes that a model takes, by what for.");
    for (what, bytes) in [("weights", load.model_bytes), ("slots", load.context_bytes), ("prefixes", load.kept_bytes)] {
        page.sample("model_memory_bytes", &[("model", model), ("for", what)], bytes as f64);
    }
    of_servers(page, model, &load.servers);
    page.histogram("queue_seconds", "Seconds from a request to its slot.", model, &load.waited);
    page.histogram("first_token_seconds", "Seconds from a request to its first token.", model, &load.first_token);
}

/// How the servers do, where the model is on servers.
fn of_servers(page: &mut Page, model: &str, servers: &[ServerLoad]) {
    if servers.is_empty() {
        return;
    }
    page.family("server_asked", "gauge", "1 while requests go to a server, 0 while it is left alone.");
    for server in servers {
        page.sample("server_asked", &[("model", model), ("server", &server.url)], f64::from(u8::from(server.asked)));
    }
    page.family("server_active_requests", "gauge", "Requests that a server works on for this program.");
    for server in servers {
        page.sample("server_active_requests", &[("model", model), ("server", &server.url)], server.active as f64);
    }
}

/// What keys have asked for since the start; the metered usage of days stands on disk.
fn of_keys(page: &mut Page, keys: &[(String, Counts)]) {
    page.family("key_requests_total", "counter", "Requests with a key.");
    for (name, counts) in keys {
        page.sample("key_requests_total", &[("key", name)], counts.requests as f64);
    }
    page.family("key_refused_total", "counter", "Requests beyond the quotas of a key.");
    for (name, counts) in keys {
        page.sample("key_refused_total", &[("key", name)], counts.refused as f64);
    }
    page.family("key_tokens_total", "counter", "Tokens of a key's requests, by kind.");
    for (name, Counts { tokens, .. }) in keys {
        let kinds =
            [("prompt", tokens.prompt_tokens), ("cached", tokens.cached_tokens), ("written", tokens.completion_tokens)];
        for (kind, tokens) in kinds {
            page.sample("key_tokens_total", &[("key", name), ("kind", kind)], tokens as f64);
        }
    }
}

/// A page in Prometheus' text form; every name begins with `tutor_`.
#[derive(Debug, Default)]
struct Page {
    text: String,
}

impl Page {
    /// Begins a family: what its samples mean.
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "# HELP tutor_{name} {help}\n# TYPE tutor_{name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let _ = writeln!(self.text, "tutor_{name}{{{}}} {value}", labels.join(","));
    }

    fn histogram(&mut self, name: &str, help: &str, model: &str, times: &Times) {
        self.family(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        let mut below = 0;
        for (bound, count) in Times::BOUNDS.iter().zip(times.counts) {
            below += count;
            self.sample(&bucket, &[("model", model), ("le", &bound.to_string())], below as f64);
        }
        let all = (below + times.longer) as f64;
        self.sample(&bucket, &[("model", model), ("le", "+Inf")], all);
        self.sample(&format!("{name}_sum"), &[("model", model)], times.sum);
        self.sample(&format!("{name}_count"), &[("model", model)], all);
    }
}

/// A label's value: a backslash, a quotation mark or an end of line in it must not end it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use tutor_models::generate::Usage;

    use super::*;

    #[test]
    fn a_page_is_what_prometheus_reads() {
        let mut load = Load { requests: 2, prompt_tokens: 80, cached_tokens: 20, waiting: 3, ..Load::default() };
        [0.07, 0.3, 200.0].into_iter().for_each(|seconds| load.first_token.note(seconds));
        load.servers.push(ServerLoad { url: "http://gpu1".to_owned(), asked: true, active: 2 });
        let mut page = Page::default();
        of_model(&mut page, "a \"b\"\\\nc", &load);
        let tokens = Usage { prompt_tokens: 9, cached_tokens: 4, completion_tokens: 2 };
        of_keys(&mut page, &[("grader".to_owned(), Counts { requests: 3, refused: 1, tokens })]);
        let text = page.text;
        for line in [
            "# TYPE tutor_requests_total counter",
            r#"tutor_requests_total{model="a \"b\"\\\nc"} 2"#,
            r#"tutor_cache_hit_ratio{model="a \"b\"\\\nc"} 0.25"#,
            r#"tutor_queue_requests{model="a \"b\"\\\nc"} 3"#,
            r#"tutor_server_asked{model="a \"b\"\\\nc",server="http://gpu1"} 1"#,
            r#"tutor_server_active_requests{model="a \"b\"\\\nc",server="http://gpu1"} 2"#,
            r#"tutor_key_requests_total{key="grader"} 3"#,
            r#"tutor_key_refused_total{key="grader"} 1"#,
            r#"tutor_key_tokens_total{key="grader",kind="cached"} 4"#,
            "# TYPE tutor_first_token_seconds histogram",
            r#"tutor_first_token_seconds_bucket{model="a \"b\"\\\nc",le="0.1"} 1"#,
            r#"tutor_first_token_seconds_bucket{model="a \"b\"\\\nc",le="0.4"} 2"#,
            r#"tutor_first_token_seconds_bucket{model="a \"b\"\\\nc",le="100"} 2"#,
            r#"tutor_first_token_seconds_bucket{model="a \"b\"\\\nc",le="+Inf"} 3"#,
            r#"tutor_first_token_seconds_count{model="a \"b\"\\\nc"} 3"#,
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
        // Each family is told once, before its samples.
        let families = text.lines().filter(|line| line.starts_with("# TYPE"));
        let names: std::collections::HashSet<_> = families.clone().collect();
        assert_eq!(families.count(), names.len());
    }
}
