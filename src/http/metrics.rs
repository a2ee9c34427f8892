//! `GET /metrics`: what the engine does, in Prometheus' text form.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use tutor_models::generate::{Load, Times};

use super::Shared;
use super::quota::Counts;

/// All of it.
pub(super) async fn show(State(service): Shared) -> impl IntoResponse {
    let mut page = Page::default();
    let models = service.parts.model.running();
    let models: Vec<(String, Load)> = models.iter().map(|model| (model.name().to_owned(), model.load())).collect();
    of_models(&mut page, &models);
    of_keys(&mut page, &service.quotas.counts());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.text)
}

/// What is told of a model: a family, its kind, its meaning and its value.
type Told = (&'static str, &'static str, &'static str, fn(&Load) -> f64);

const TOLD: [Told; 12] = [
    ("requests_total", "counter", "Requests that got a slot.", |load| load.requests as f64),
    ("prompt_tokens_total", "counter", "Tokens of prompts.", |load| load.prompt_tokens as f64),
    ("cached_tokens_total", "counter", "Tokens of prompts whose state was known.", |load| load.cached_tokens as f64),
    ("computed_tokens_total", "counter", "Tokens that went through the model.", |load| load.computed_tokens as f64),
    ("written_tokens_total", "counter", "Tokens of answers.", |load| load.written_tokens as f64),
    ("steps_total", "counter", "Decode steps.", |load| load.steps as f64),
    ("busy_seconds_total", "counter", "Seconds of decode steps.", |load| load.busy),
    ("tokens_per_second", "gauge", "Tokens of answers in a busy second.", |load| {
        share(load.written_tokens as f64, load.busy)
    }),
    ("batch_tokens", "gauge", "Tokens of a step, on average.", |load| {
        share(load.computed_tokens as f64, load.steps as f64)
    }),
    ("cache_hit_ratio", "gauge", "Share of prompt tokens that were known.", |load| {
        share(load.cached_tokens as f64, load.prompt_tokens as f64)
    }),
    ("queue_requests", "gauge", "Requests that wait for a slot.", |load| load.waiting as f64),
    ("active_requests", "gauge", "Requests that have a slot.", |load| load.active as f64),
];

fn share(of: f64, all: f64) -> f64 {
    if all > 0.0 { of / all } else { 0.0 }
}

/// The families of models, each with a sample for every model.
fn of_models(page: &mut Page, models: &[(String, Load)]) {
    for (name, kind, help, value) in TOLD {
        page.family(name, kind, help);
        for (model, load) in models {
            page.sample(name, &[("model", model)], value(load));
        }
    }
    page.family("model_memory_bytes", "gauge", "Bytes that a model takes, by what for.");
    for (model, load) in models {
        let parts = [("weights", load.model_bytes), ("slots", load.context_bytes), ("prefixes", load.kept_bytes)];
        for (what, bytes) in parts {
            page.sample("model_memory_bytes", &[("model", model), ("for", what)], bytes as f64);
        }
    }
    of_servers(page, models);
    page.histograms("queue_seconds", "Seconds from a request to its slot.", models, |load| &load.waited);
    page.histograms("first_token_seconds", "Seconds from a request to its first token.", models, |load| {
        &load.first_token
    });
}

/// How the servers do, where the model is on servers.
fn of_servers(page: &mut Page, models: &[(String, Load)]) {
    let servers = || models.iter().flat_map(|(model, load)| load.servers.iter().map(move |server| (model, server)));
    if servers().next().is_none() {
        return;
    }
    page.family("server_asked", "gauge", "1 while requests go to a server, 0 while it is left alone.");
    for (model, server) in servers() {
        page.sample("server_asked", &[("model", model), ("server", &server.url)], f64::from(u8::from(server.asked)));
    }
    page.family("server_active_requests", "gauge", "Requests that a server works on for this program.");
    for (model, server) in servers() {
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

    fn histograms(&mut self, name: &str, help: &str, models: &[(String, Load)], of: fn(&Load) -> &Times) {
        self.family(name, "histogram", help);
        for (model, load) in models {
            self.histogram(name, model, of(load));
        }
    }

    fn histogram(&mut self, name: &str, model: &str, times: &Times) {
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
    use tutor_models::generate::{ServerLoad, Usage};

    use super::*;

    #[test]
    fn a_page_is_what_prometheus_reads() {
        let mut load = Load { requests: 2, prompt_tokens: 80, cached_tokens: 20, waiting: 3, ..Load::default() };
        [0.07, 0.3, 200.0].into_iter().for_each(|seconds| load.first_token.note(seconds));
        load.servers.push(ServerLoad { url: "http://gpu1".to_owned(), asked: true, active: 2 });
        let mut page = Page::default();
        of_models(&mut page, &[("a \"b\"\\\nc".to_owned(), load), ("other".to_owned(), Load::default())]);
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
            r#"tutor_requests_total{model="other"} 0"#,
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
