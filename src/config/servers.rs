//! The servers that answer instead of this machine: `[[models.servers]]`, or a list of addresses.

use std::time::Duration;

use figment::value::{Dict, Value};
use tutor_models::remote::{Key, ServerSettings, Waits};

use super::{Problem, Reader, Wrong};

/// The most servers; each is watched.
const MOST: usize = 64;

/// Servers that answer in the place of a model in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Servers {
    /// The servers, at least one.
    pub servers: Vec<ServerSettings>,
    /// What the model is called there, where all call it the same.
    pub model: Option<String>,
    /// How long a server is waited for.
    pub waits: Waits,
    /// The model in this process answers when no server does.
    pub last_resort: bool,
}

/// What one entry of the list may say.
const ENTRY: [&str; 3] = ["url", "model", "key"];

impl Reader {
    /// The servers, when the settings name any.
    pub(super) fn servers(&mut self) -> Option<Servers> {
        let model = self.text("models.server_model").filter(|text| !text.is_empty());
        let key = self.text("models.server_key").filter(|text| !text.is_empty()).map(Key);
        let waits = Waits::default();
        let seconds = |default: Duration| u32::try_from(default.as_secs()).unwrap_or(u32::MAX);
        let first = self.number("models.server_first_word", 1, 600, seconds(waits.first));
        let gap = self.number("models.server_gap", 1, 600, seconds(waits.gap));
        let last_resort = self.get("models.last_resort", "config-wants-flag").unwrap_or(false);
        let mut servers = self.listed();
        if servers.len() > MOST {
            let wrong = Wrong::Range { found: servers.len() as i64, least: 1, most: MOST as i64 };
            self.problems.push(Problem { key: "models.servers".to_owned(), wrong });
        }
        for server in &mut servers {
            server.model = server.model.take().or_else(|| model.clone());
            server.key = server.key.take().or_else(|| key.clone());
        }
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let waits = Waits { first: seconds(first), gap: seconds(gap) };
        (!servers.is_empty()).then_some(Servers { servers, model, waits, last_resort })
    }

    /// A list of tables and addresses, or one text with commas, as an environment variable has it.
    fn listed(&mut self) -> Vec<ServerSettings> {
        let key = "models.servers";
        let wanted = "config-wants-servers";
        match self.figment.find_value(key) {
            Err(_) => Vec::new(),
            Ok(Value::String(_, text)) => {
                let urls = text.split(',').map(str::trim).filter(|url| !url.is_empty());
                urls.filter_map(|url| self.address(key, url)).map(bare).collect()
            }
            Ok(Value::Array(_, entries)) => {
                let entries = (1..).zip(entries);
                entries.filter_map(|(number, entry): (usize, _)| self.entry(number, entry)).collect()
            }
            Ok(_) => self.wrong_kind(key, wanted, Vec::new()),
        }
    }

    fn entry(&mut self, number: usize, entry: Value) -> Option<ServerSettings> {
        let at = |name: &str| format!("models.servers[{number}].{name}");
        let entry = match entry {
            Value::String(_, url) => return self.address(&at("url"), &url).map(bare),
            Value::Dict(_, entry) => entry,
            _ => return self.odd(&at("url"), "config-wants-servers"),
        };
        for name in entry.keys().filter(|name| !ENTRY.contains(&name.as_str())) {
            self.problems.push(Problem { key: at(name), wrong: Wrong::Unknown { nearest: None } });
        }
        let mut text = |name: &str| match entry.get(name) {
            None => None,
            Some(Value::String(_, text)) => Some(text.clone()).filter(|text| !text.is_empty()),
            Some(_) => self.odd(&at(name), "config-wants-text"),
        };
        let (url, model, key) = (text("url"), text("model"), text("key").map(Key));
        let url = self.address(&at("url"), &url.unwrap_or_default())?;
        Some(ServerSettings { url, model, key })
    }

    /// An address that has no room for a secret.
    fn address(&mut self, key: &str, url: &str) -> Option<String> {
        let scheme = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        if scheme.is_some_and(|rest| !rest.is_empty() && !rest.contains(['@', '?', '#', ' '])) {
            return Some(url.to_owned());
        }
        self.odd(key, "config-wants-server")
    }

    /// A value that is not what is wanted. It is not shown: it may be a key in the wrong place.
    fn odd<T>(&mut self, key: &str, wanted: &'static str) -> Option<T> {
        self.problems.push(Problem { key: key.to_owned(), wrong: Wrong::Kind { found: "…".to_owned(), wanted } });
        None
    }
}

fn bare(url: String) -> ServerSettings {
    ServerSettings { url, model: None, key: None }
}

/// Where secrets of servers stand in these settings.
pub(super) fn secrets(models: &Dict) -> Vec<String> {
    let mut found = Vec::new();
    if models.contains_key("server_key") {
        found.push("models.server_key".to_owned());
    }
    if let Some(Value::Array(_, entries)) = models.get("servers") {
        let has_key = |entry: &Value| matches!(entry, Value::Dict(_, entry) if entry.contains_key("key"));
        let keyed = (1..).zip(entries).filter(|(_, entry): &(usize, _)| has_key(entry));
        found.extend(keyed.map(|(number, _)| format!("models.servers[{number}].key")));
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::config::tests::load;

    use super::*;

    fn servers(text: &str) -> Servers {
        load(text).unwrap().models.servers.unwrap()
    }

    #[test]
    fn servers_are_a_list_of_tables_or_addresses() {
        let tables = servers(
            "[models]\nserver_key = 'all'\nserver_first_word = 5\nlast_resort = true\n\
             [[models.servers]]\nurl = 'http://gpu1:8000'\n\
             [[models.servers]]\nurl = 'https://gpu2/v1'\nmodel = 'large'\nkey = 'own'\n",
        );
        let key = |key: &str| Some(Key(key.to_owned()));
        let first = ServerSettings { url: "http://gpu1:8000".to_owned(), model: None, key: key("all") };
        let second =
            ServerSettings { url: "https://gpu2/v1".to_owned(), model: Some("large".to_owned()), key: key("own") };
        assert_eq!(tables.servers, [first.clone(), second]);
        assert_eq!((tables.waits.first, tables.last_resort), (Duration::from_secs(5), true));
        let first = ServerSettings { key: None, ..first };
        for text in ["'http://gpu1:8000, http://gpu1:8000'", "['http://gpu1:8000', {url = 'http://gpu1:8000'}]"] {
            assert_eq!(
                servers(&format!("[models]\nservers = {text}")).servers,
                [first.clone(), first.clone()],
                "{text}"
            );
        }
        assert_eq!(load("[models]\nservers = ''").unwrap().models.servers, None);
    }

    #[test]
    fn every_mistake_in_a_list_is_named_and_no_secret_is_shown() {
        let problems = load(
            "[models]\nserver_gap = 0\n[[models.servers]]\nurl = 'gpu1'\n[[models.servers]]\nurl = 'http://me:pass@gpu2'\nkey = 7\nkee = 'x'\n",
        )
        .unwrap_err();
        let mut keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
        keys.sort_unstable();
        let expected = [
            "models.server_gap",
            "models.servers[1].url",
            "models.servers[2].kee",
            "models.servers[2].key",
            "models.servers[2].url",
        ];
        assert_eq!(keys, expected);
        assert!(!format!("{problems:?}").contains("pass"));
    }
}
