//! Settings: `tutor.toml` and `TUTOR_…` variables, checked as a whole into one typed value.
//!
//! Every mistake is found in one pass and named with its key; unknown keys are refused.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format as _, Toml};
use figment::value::{Dict, Value};
use serde::de::DeserializeOwned;
use tracing::level_filters::LevelFilter;
use tutor_bots::chat::AccountId;
use tutor_models::catalog::{Catalog, Role};
use tutor_models::engine::GpuLayers;

mod servers;

pub use servers::Servers;

/// A token or key; it never shows in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How to reach a messenger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messenger {
    /// The bot's token.
    pub token: Secret,
    /// A server other than the platform's own.
    pub api_url: Option<String>,
}

/// Where health and the models are served, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Http {
    /// The address.
    pub listen: SocketAddr,
    /// Programs on this machine need a key too.
    pub require_key: bool,
}

impl Http {
    /// Whether every program needs a key: where others can reach the address, and where the settings say so.
    pub fn key_required(&self) -> bool {
        self.require_key || !self.listen.ip().is_loopback()
    }
}

/// The models and what they may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Models {
    /// Where model files stand; may be shared by installations.
    pub folder: PathBuf,
    /// The catalogue name of the chat model.
    pub chat: String,
    /// The catalogue name of a small chat model for what needs no good writer; without it the chat model does that too.
    pub small: Option<String>,
    /// Catalogue names of chat models that other programs may ask for, too.
    pub also: Vec<String>,
    /// MiB that models in memory may take together; 0 is no limit.
    pub memory: u32,
    /// The catalogue name of the embedder.
    pub embed: String,
    /// Threads of the CPU; 0 takes all cores.
    pub threads: u32,
    /// Tokens of prompt and answer together, for each answer.
    pub context: u32,
    /// Answers written at the same time.
    pub parallel: u32,
    /// Layers on the GPU.
    pub gpu_layers: GpuLayers,
    /// MiB that the states of earlier prompts may take.
    pub prefix_memory: u32,
    /// Where the states of rules and course notes outlive a restart, if anywhere.
    pub prefix_folder: Option<PathBuf>,
    /// The servers that answer instead of a model in this process, if any.
    pub servers: Option<Servers>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// All settings, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Telegram, when a token is set.
    pub telegram: Option<Messenger>,
    /// Discord, when a token is set.
    pub discord: Option<Messenger>,
    /// Where health and the models are served, if anywhere.
    pub http: Option<Http>,
    /// The models.
    pub models: Models,
    /// Accounts that may do everything.
    pub admins: Vec<AccountId>,
    /// Where everything that must last is kept.
    pub data: PathBuf,
    /// A folder whose templates replace the built-in ones.
    pub prompts: Option<PathBuf>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines are written, in the syntax of tracing's `EnvFilter`.
    pub log_level: String,
}

/// One mistake in the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, such as `models.threads`; a file's path when the file cannot be read.
    pub key: String,
    /// What is wrong.
    pub wrong: Wrong,
}

/// What can be wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// No such key; the nearest one that exists.
    Unknown { nearest: Option<String> },
    /// The value is not of the kind that is wanted: a key of the catalogue that names the kind.
    Kind { found: String, wanted: &'static str },
    /// The number is outside of the range.
    Range { found: i64, least: i64, most: i64 },
    /// The file with a secret can be read by others.
    Exposed,
    /// No model of the catalogue that could do this; those that can.
    Model { found: String, fit: Vec<String> },
    /// Programs on other machines would be served without a key.
    Open,
    /// The file cannot be read, or is not TOML.
    File { reason: String },
}

const KEYS: [&str; 29] = [
    "telegram.token",
    "telegram.api_url",
    "discord.token",
    "discord.api_url",
    "http.listen",
    "http.require_key",
    "models.folder",
    "models.chat",
    "models.small",
    "models.also",
    "models.memory",
    "models.embed",
    "models.threads",
    "models.context",
    "models.parallel",
    "models.gpu_layers",
    "models.prefix_memory",
    "models.prefix_folder",
    "models.servers",
    "models.server_model",
    "models.server_key",
    "models.server_first_word",
    "models.server_gap",
    "models.last_resort",
    "access.admins",
    "data.folder",
    "prompts.folder",
    "log.format",
    "log.level",
];

impl Settings {
    /// Reads `file` (or `tutor.toml` in the current folder, when it is there) and the environment over it.
    ///
    /// `data` is the data folder named on the command line, which wins over both.
    ///
    /// # Errors
    /// All mistakes, in the order of the keys.
    pub fn load(file: Option<&Path>, data: Option<&Path>) -> Result<Self, Vec<Problem>> {
        let default = Path::new("tutor.toml");
        let file = file.or_else(|| default.exists().then_some(default));
        let mut figment = Figment::new();
        let mut problems = Vec::new();
        if let Some(path) = file {
            match read(path) {
                Ok(read) => figment = read,
                Err(problem) => problems.push(problem),
            }
        }
        // Of a file that cannot be read, the environment is still checked.
        let mut reader = Reader::new(figment.merge(environment()), problems);
        if let (Some(path), None) = (file, reader.broken_file()) {
            reader.refuse_exposed_secrets(path);
        }
        reader.refuse_unknown();
        let settings = reader.settings(data);
        if reader.problems.is_empty() { Ok(settings) } else { Err(reader.problems) }
    }
}

impl Problem {
    fn file(path: &Path, error: &dyn std::fmt::Display) -> Self {
        Self { key: path.display().to_string(), wrong: Wrong::File { reason: error.to_string() } }
    }
}

/// What stands in a settings file.
fn read(path: &Path) -> Result<Figment, Problem> {
    let text = std::fs::read_to_string(path).map_err(|error| Problem::file(path, &error))?;
    let figment = Figment::new().merge(Toml::string(&text));
    match figment.extract::<Dict>() {
        Ok(_) => Ok(figment),
        Err(error) => Err(Problem::file(path, &error)),
    }
}

/// `TUTOR_MODELS_GPU_LAYERS` is `models.gpu_layers`; variables of other sections are not settings.
fn environment() -> Env {
    Env::prefixed("TUTOR_")
        .filter(|key| section(key.as_str()).is_some_and(|section| sections().contains(section)))
        .map(|key| key.as_str().to_lowercase().replacen('_', ".", 1).into())
}

fn section(key: &str) -> Option<&'static str> {
    let name = key.split(['_', '.']).next()?.to_lowercase();
    sections().into_iter().find(|section| *section == name)
}

fn sections() -> BTreeSet<&'static str> {
    KEYS.iter().filter_map(|key| key.split_once('.')).map(|(section, _)| section).collect()
}

/// Reads single keys and gathers what is wrong with them.
struct Reader {
    figment: Figment,
    values: Dict,
    problems: Vec<Problem>,
}

impl Reader {
    fn new(figment: Figment, problems: Vec<Problem>) -> Self {
        let values = figment.extract::<Dict>().unwrap_or_default();
        Self { figment, values, problems }
    }

    fn broken_file(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| matches!(problem.wrong, Wrong::File { .. }))
    }

    fn refuse_unknown(&mut self) {
        let mut found = Vec::new();
        for (section, value) in &self.values {
            match value {
                Value::Dict(_, keys) => found.extend(keys.keys().map(|key| format!("{section}.{key}"))),
                _ => found.push(section.clone()),
            }
        }
        for key in found.into_iter().filter(|key| !KEYS.contains(&key.as_str())) {
            let nearest = nearest(&key);
            self.problems.push(Problem { key, wrong: Wrong::Unknown { nearest } });
        }
    }

    fn refuse_exposed_secrets(&mut self, file: &Path) {
        let in_file = Figment::new().merge(Toml::file_exact(file));
        let open = std::fs::metadata(file).is_ok_and(|data| data.permissions().mode() & 0o077 != 0);
        let tokens = ["telegram.token", "discord.token"].into_iter().map(str::to_owned);
        let mut secrets: Vec<String> = tokens.filter(|key| in_file.find_value(key).is_ok()).collect();
        if let Ok(Value::Dict(_, models)) = in_file.find_value("models") {
            secrets.extend(servers::secrets(&models));
        }
        if open {
            self.problems.extend(secrets.into_iter().map(|key| Problem { key, wrong: Wrong::Exposed }));
        }
    }

    fn settings(&mut self, data: Option<&Path>) -> Settings {
        let telegram = self.messenger("telegram.token", "telegram.api_url");
        let discord = self.messenger("discord.token", "discord.api_url");
        let http = self.http();
        let models = self.models();
        let admins = self.admins();
        let folder = self.text("data.folder").map(PathBuf::from);
        Settings {
            telegram,
            discord,
            http,
            models,
            admins,
            data: data.map(Path::to_owned).or(folder).unwrap_or_else(default_folder),
            prompts: self.text("prompts.folder").map(PathBuf::from),
            log_format: self.log_format(),
            log_level: self.log_level(),
        }
    }

    fn http(&mut self) -> Option<Http> {
        let listen = self.text("http.listen").filter(|text| !text.is_empty());
        let listen =
            listen.and_then(|text| self.parsed("http.listen", &text, "config-wants-address", |t| t.parse().ok()));
        let asked: Option<bool> = self.get("http.require_key", "config-wants-flag");
        let http = Http { listen: listen?, require_key: asked.unwrap_or(false) };
        if asked == Some(false) && http.key_required() {
            self.problems.push(Problem { key: "http.require_key".to_owned(), wrong: Wrong::Open });
        }
        Some(http)
    }

    fn models(&mut self) -> Models {
        let models = Models {
            folder: self.text("models.folder").map_or_else(|| default_folder().join("models"), PathBuf::from),
            chat: self.text("models.chat").unwrap_or_else(|| "smollm2-135m-instruct".to_owned()),
            embed: self.text("models.embed").unwrap_or_else(|| "all-minilm-l6-v2".to_owned()),
            small: self.text("models.small").filter(|text| !text.is_empty()),
            also: self.list("models.also", "config-wants-models"),
            memory: self.number("models.memory", 0, u32::MAX, 0),
            threads: self.number("models.threads", 0, 1024, 0),
            context: self.number("models.context", 512, 1 << 20, 4096),
            parallel: self.number("models.parallel", 1, 256, 4),
            gpu_layers: self.gpu_layers(),
            prefix_memory: self.number("models.prefix_memory", 0, 1 << 20, 256),
            prefix_folder: self.text("models.prefix_folder").filter(|text| !text.is_empty()).map(PathBuf::from),
            servers: self.servers(),
        };
        // A catalogue that cannot be read is told of where it is used.
        if let Ok(catalog) = Catalog::load(&models.folder) {
            // Where a fleet answers, this machine need not have a model that could.
            if models.servers.is_none() {
                self.refuse_unfit("models.chat", &models.chat, Role::Chat, &catalog);
            }
            self.refuse_unfit("models.embed", &models.embed, Role::Embed, &catalog);
        }
        models
    }

    /// A name that the catalogue does not have, or has for other work.
    fn refuse_unfit(&mut self, key: &'static str, name: &str, role: Role, catalog: &Catalog) {
        let fit: Vec<String> =
            catalog.entries().filter(|entry| entry.role == role).map(|entry| entry.name.clone()).collect();
        if !fit.iter().any(|known| known == name) {
            self.problems.push(Problem { key: key.to_owned(), wrong: Wrong::Model { found: name.to_owned(), fit } });
        }
    }

    fn messenger(&mut self, token: &'static str, api_url: &'static str) -> Option<Messenger> {
        let url = self.text(api_url).filter(|text| !text.is_empty());
        let url = url.and_then(|text| {
            let valid = |t: &str| (t.starts_with("http://") || t.starts_with("https://")).then(|| t.to_owned());
            self.parsed(api_url, &text, "config-wants-url", valid)
        });
        let token = self.text(token).filter(|text| !text.is_empty())?;
        Some(Messenger { token: Secret(token), api_url: url })
    }

    /// `auto`, or how many layers.
    fn gpu_layers(&mut self) -> GpuLayers {
        let key = "models.gpu_layers";
        match self.figment.find_value(key) {
            Err(_) => GpuLayers::Auto,
            Ok(Value::String(_, text)) if text == "auto" => GpuLayers::Auto,
            Ok(Value::Num(_, number)) => match number.to_u128().and_then(|n| u32::try_from(n).ok()) {
                Some(count) => GpuLayers::Count(count),
                None => self.wrong_kind(key, "config-wants-layers", GpuLayers::Auto),
            },
            Ok(_) => self.wrong_kind(key, "config-wants-layers", GpuLayers::Auto),
        }
    }

    fn admins(&mut self) -> Vec<AccountId> {
        let (key, wanted) = ("access.admins", "config-wants-accounts");
        let named = self.list(key, wanted);
        named.iter().filter_map(|text| self.parsed(key, text, wanted, AccountId::parse)).collect()
    }

    /// A list, or one text with commas, as an environment variable has it.
    fn list(&mut self, key: &'static str, wanted: &'static str) -> Vec<String> {
        let texts = match self.figment.find_value(key) {
            Err(_) => return Vec::new(),
            Ok(Value::String(_, text)) => text.split(',').map(|part| part.trim().to_owned()).collect(),
            Ok(_) => self.get::<Vec<String>>(key, wanted).unwrap_or_default(),
        };
        texts.into_iter().filter(|text| !text.is_empty()).collect()
    }

    fn log_format(&mut self) -> LogFormat {
        let text = self.text("log.format").unwrap_or_else(|| "human".to_owned());
        let read = |text: &str| match text {
            "human" => Some(LogFormat::Human),
            "json" => Some(LogFormat::Json),
            _ => None,
        };
        self.parsed("log.format", &text, "config-wants-log-format", read).unwrap_or(LogFormat::Human)
    }

    fn log_level(&mut self) -> String {
        let text = self.text("log.level").unwrap_or_else(|| "info".to_owned());
        // A word that is no level would be taken for the name of a part of the program, of which all is written.
        let level = |part: &str| part.rsplit('=').next().is_some_and(|level| level.parse::<LevelFilter>().is_ok());
        let valid = |text: &str| {
            let known = text.split(',').all(level) && tracing_subscriber::EnvFilter::try_new(text).is_ok();
            known.then(|| text.to_owned())
        };
        self.parsed("log.level", &text, "config-wants-log-level", valid).unwrap_or_else(|| "info".to_owned())
    }

    fn text(&mut self, key: &'static str) -> Option<String> {
        // An account or a token of digits only is read as a number from the environment.
        if let Ok(Value::Num(_, number)) = self.figment.find_value(key) {
            return number.to_u128().map(|n| n.to_string());
        }
        self.get(key, "config-wants-text")
    }

    fn number(&mut self, key: &'static str, least: u32, most: u32, default: u32) -> u32 {
        let Some(found) = self.get::<i64>(key, "config-wants-number") else { return default };
        match u32::try_from(found) {
            Ok(number) if (least..=most).contains(&number) => number,
            _ => {
                let wrong = Wrong::Range { found, least: least.into(), most: most.into() };
                self.problems.push(Problem { key: key.to_owned(), wrong });
                default
            }
        }
    }

    fn get<T: DeserializeOwned>(&mut self, key: &'static str, wanted: &'static str) -> Option<T> {
        self.figment.find_value(key).ok()?;
        match self.figment.extract_inner(key) {
            Ok(value) => Some(value),
            Err(_) => self.wrong_kind(key, wanted, None),
        }
    }

    fn parsed<T>(
        &mut self,
        key: &'static str,
        text: &str,
        wanted: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = parse(text);
        if value.is_none() {
            let wrong = Wrong::Kind { found: text.to_owned(), wanted };
            self.problems.push(Problem { key: key.to_owned(), wrong });
        }
        value
    }

    fn wrong_kind<T>(&mut self, key: &'static str, wanted: &'static str, instead: T) -> T {
        let found = self.figment.find_value(key).map(|value| shown(&value)).unwrap_or_default();
        self.problems.push(Problem { key: key.to_owned(), wrong: Wrong::Kind { found, wanted } });
        instead
    }
}

/// A value as a person would write it; secrets have no wrong kind that would be shown.
fn shown(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => number
            .to_i128()
            .map(|n| n.to_string())
            .or_else(|| number.to_f64().map(|n| n.to_string()))
            .unwrap_or_default(),
        Value::Array(..) => "[…]".to_owned(),
        _ => "{…}".to_owned(),
    }
}

/// The known key that shares the longest run of letters at its start and end with `key`.
fn nearest(key: &str) -> Option<String> {
    let alike = |known: &str| {
        let start = known.bytes().zip(key.bytes()).take_while(|(a, b)| a == b).count();
        let end = known.bytes().rev().zip(key.bytes().rev()).take_while(|(a, b)| a == b).count();
        (start + end).min(known.len())
    };
    let best = KEYS.iter().filter(|known| known.contains('.')).max_by_key(|known| alike(known))?;
    (alike(best) * 3 >= key.len() * 2).then(|| (*best).to_owned())
}

/// Where everything stands unless the settings name a folder: `tutor` in the user's data folder (`XDG_DATA_HOME`, which
/// counts only when it is absolute, else `~/.local/share`), else in the working folder.
fn default_folder() -> PathBuf {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")));
    base.unwrap_or_else(|| PathBuf::from(".")).join("tutor")
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn load(text: &str) -> Result<Settings, Vec<Problem>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tutor.toml");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        Settings::load(Some(&file), Some(folder.path()))
    }

    #[test]
    fn defaults_suit_a_machine_without_settings() {
        let settings = load("").unwrap();
        assert_eq!(settings.telegram, None);
        assert_eq!(settings.models.chat, "smollm2-135m-instruct");
        assert_eq!(settings.models.gpu_layers, GpuLayers::Auto);
    }

    #[test]
    fn the_example_is_valid() {
        let example = concat!(env!("CARGO_MANIFEST_DIR"), "/tutor.example.toml");
        Settings::load(Some(Path::new(example)), None).unwrap();
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let problems = load(
            "[telegram]\ntokn = 'a'\n[http]\nlisten = 'here'\n[models]\nthreads = 9999\nparallel = 'many'\n\
             chat = 'all-minilm-l6-v2'\nembed = 'nope'\n[access]\nadmins = ['ada']\n[log]\nlevel = 'loud'\n",
        )
        .unwrap_err();
        let mut keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
        keys.sort_unstable();
        let expected = [
            "access.admins",
            "http.listen",
            "log.level",
            "models.chat",
            "models.embed",
            "models.parallel",
            "models.threads",
            "telegram.tokn",
        ];
        assert_eq!(keys, expected);
        let unknown = problems.iter().find(|problem| problem.key == "telegram.tokn").unwrap();
        assert_eq!(unknown.wrong, Wrong::Unknown { nearest: Some("telegram.token".to_owned()) });
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tutor.toml");
        let text =
            "[telegram]\ntoken = '1:a'\n[models]\nserver_key = 'k'\n[[models.servers]]\nurl = 'http://a'\nkey = 'k'";
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let problems = Settings::load(Some(&file), None).unwrap_err();
        let exposed = |key: &str| Problem { key: key.to_owned(), wrong: Wrong::Exposed };
        let keys = ["telegram.token", "models.server_key", "models.servers[1].key"];
        assert_eq!(problems, keys.map(exposed));
    }

    #[test]
    fn who_listens_on_the_network_asks_for_keys() {
        for (text, expected) in [
            ("listen = '127.0.0.1:80'", Some(false)),
            ("listen = '[::1]:80'", Some(false)),
            ("listen = '127.0.0.1:80'\nrequire_key = true", Some(true)),
            ("listen = '0.0.0.0:80'", Some(true)),
            ("require_key = true", None),
        ] {
            let http = load(&format!("[http]\n{text}")).unwrap().http;
            assert_eq!(http.map(|http| http.key_required()), expected, "{text}");
        }
        let problems = load("[http]\nlisten = '0.0.0.0:80'\nrequire_key = false").unwrap_err();
        assert_eq!(problems, [Problem { key: "http.require_key".to_owned(), wrong: Wrong::Open }]);
    }

    #[test]
    fn a_file_that_is_not_toml_is_one_mistake_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("broken.toml");
        std::fs::write(&file, "telegram = [").unwrap();
        let problems = Settings::load(Some(&file), None).unwrap_err();
        assert!(matches!(&problems[..], [Problem { key, wrong: Wrong::File { .. } }] if key.ends_with("broken.toml")));
    }
}
