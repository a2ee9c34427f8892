//! Who is served: whoever shows a key, and programs on this machine where the settings ask for none.
//!
//! Nothing that a request says of itself makes it more trusted. Where it was forwarded, or was meant for another host,
//! it may come from anywhere, though the connection comes from this machine: then a key is needed.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use tutor_models::generate::Caller;

use super::quota::{Bucket, Left};
use super::refusal::Refusal;
use super::{Service, Shared};
use crate::dialogue::Trouble;
use crate::memory::{ApiKey, CourseId, KeySecret, Meter, day};

/// Wrong keys that one place may show in a minute; after that it learns nothing for a while.
const WRONG_KEYS: u32 = 10;

/// Places whose wrong keys are counted.
const PLACES: usize = 4_096;

/// The longest name of a program's own user.
const USER: usize = 64;

/// Who makes a request.
#[derive(Debug, Clone)]
pub(super) struct Access {
    /// The key, if one was shown.
    pub(super) key: Option<Arc<ApiKey>>,
}

impl Access {
    /// Whether it may list and change a course's documents: programs on this machine may, and keys that were made for it.
    pub(super) fn may_teach(&self, course: &CourseId) -> bool {
        self.key.as_ref().is_none_or(|key| key.teaches.contains(course))
    }

    /// For whom the engine works. A key is one caller, whatever users its program names: else it could have many turns.
    pub(super) fn caller(&self, user: Option<String>) -> Caller {
        if let Some(key) = &self.key {
            return Caller { name: format!("key:{}", key.name), class: key.priority.class(), patience: None };
        }
        let user = user.filter(|user| !user.is_empty());
        let name = user.map(|user| format!("user:{}", user.chars().take(USER).collect::<String>()));
        Caller { name: name.unwrap_or_default(), ..Caller::default() }
    }
}

/// Lets in who may, within the limits of the key.
pub(super) async fn admit(State(service): Shared, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let access = match who(&service, peer, request.headers()).await {
        Ok(access) => access,
        Err(refusal) => return refusal.into_response(),
    };
    let key = access.key.clone();
    request.extensions_mut().insert(access);
    let within = key.as_ref().map_or(Ok(()), |key| service.quotas.request(key, Instant::now()));
    let mut response = match within {
        Ok(()) => next.run(request).await,
        Err(wait) => Refusal::too_many("the key has no requests left in this minute", "rate_limit_exceeded", wait)
            .into_response(),
    };
    if let Some(left) = key.as_ref().and_then(|key| service.quotas.left(key, day(Timestamp::now()), Instant::now())) {
        tell(response.headers_mut(), key.as_deref(), left);
    }
    response
}

async fn who(service: &Service, peer: Option<IpAddr>, headers: &HeaderMap) -> Result<Access, Refusal> {
    let free = !service.key_required && peer.is_some_and(|ip| ip.to_canonical().is_loopback()) && is_direct(headers);
    // Where none is needed, what is no key of ours is none: programs come with a key of another service, or "none".
    let Some(secret) = shown(headers)?.filter(|secret| !free || secret.is_ours()) else {
        if free {
            return Ok(Access { key: None });
        }
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "a key is needed: Authorization: Bearer KEY")
            .with_code("missing_api_key"));
    };
    let key = service.parts.memory.key(&secret.hash()).await.map_err(Trouble::from)?;
    let now = Timestamp::now();
    match key.filter(|key| key.expires.is_none_or(|expires| now < expires)) {
        Some(key) => {
            open_account(service, &key, now).await?;
            Ok(Access { key: Some(Arc::new(key)) })
        }
        None => Err(service.strangers.wrong(peer, Instant::now())),
    }
}

/// What is shown as a key. An empty one is none: clients that insist on a key can so be used without.
fn shown(headers: &HeaderMap) -> Result<Option<KeySecret>, Refusal> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let (scheme, secret) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "keys are shown as Authorization: Bearer KEY"));
    }
    let secret = secret.trim();
    Ok((!secret.is_empty()).then(|| KeySecret::presented(secret)))
}

/// Whether a request was made for this machine by name and handed on by nobody, as programs on it make them. A web page
/// that has a browser on this machine call us names another host.
fn is_direct(headers: &HeaderMap) -> bool {
    const HANDED_ON: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    let host = headers.get(header::HOST).map(|host| host.to_str().unwrap_or("?"));
    host.is_none_or(is_this_machine) && HANDED_ON.iter().all(|name| !headers.contains_key(*name))
}

fn is_this_machine(host: &str) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The first time that a key is seen, its account begins with what was metered today.
async fn open_account(service: &Service, key: &ApiKey, now: Timestamp) -> Result<(), Refusal> {
    if !service.quotas.is_open(key) {
        let today = day(now);
        let used = service.parts.memory.metered_on(Meter::Key, &key.name, today).await.map_err(Trouble::from)?;
        service.quotas.open(key, today, used.total());
    }
    Ok(())
}

/// Says what the key has left, as OpenAI does.
fn tell(headers: &mut HeaderMap, key: Option<&ApiKey>, left: Left) {
    let mut put = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    if let (Some(limit), Some((requests, reset))) = (key.and_then(|key| key.requests_per_minute), left.requests) {
        put("x-ratelimit-limit-requests", limit.to_string());
        put("x-ratelimit-remaining-requests", requests.to_string());
        put("x-ratelimit-reset-requests", format!("{}ms", reset.as_millis()));
    }
    if let (Some(limit), Some(tokens)) = (key.and_then(|key| key.tokens_per_day), left.tokens) {
        put("x-ratelimit-limit-tokens", limit.to_string());
        put("x-ratelimit-remaining-tokens", tokens.to_string());
        put("x-ratelimit-reset-tokens", format!("{}s", until_tomorrow(Timestamp::now()).as_secs()));
    }
}

/// Until the next day begins (UTC).
pub(super) fn until_tomorrow(now: Timestamp) -> Duration {
    const DAY: i64 = 86_400;
    Duration::from_secs((DAY - now.as_second().rem_euclid(DAY)).unsigned_abs())
}

/// Where wrong keys come from. A right key is served from there nevertheless: others may work behind the same address,
/// and 256 bits are not guessed at any rate. What is bounded is what guessing costs, and what it learns.
#[derive(Debug, Default)]
pub(super) struct Strangers(Mutex<HashMap<IpAddr, Bucket>>);

impl Strangers {
    /// The answer to a wrong key from `peer`.
    fn wrong(&self, peer: Option<IpAddr>, now: Instant) -> Refusal {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= PLACES {
            places.retain(|_, bucket| !bucket.is_full(now));
        }
        let place = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), place);
        // Where all places are taken, newcomers share one.
        let place = if places.len() >= PLACES && !places.contains_key(&place) {
            IpAddr::V6(Ipv6Addr::UNSPECIFIED)
        } else {
            place
        };
        match places.entry(place).or_insert_with(|| Bucket::full(WRONG_KEYS, now)).take(now) {
            Ok(()) => Refusal::new(StatusCode::UNAUTHORIZED, "the key is wrong, revoked or expired")
                .with_code("invalid_api_key"),
            Err(wait) => Refusal::too_many("too many wrong keys", "rate_limit_exceeded", wait),
        }
    }
}

/// One household or school has a whole block of IPv6 addresses.
fn place(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !(u128::from(u64::MAX)))),
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_s_names_are_direct() {
        let cases = [
            (None, true),
            (Some("127.0.0.1:8080"), true),
            (Some("127.0.0.1"), true),
            (Some("[::1]:8080"), true),
            (Some("[::1]"), true),
            (Some("LocalHost:1"), true),
            (Some("tutor.example.org"), false),
            (Some("localhost.example.org:80"), false),
            (Some("192.168.0.7:8080"), false),
            (Some("127.0.0.1.example.org"), false),
            (Some(""), false),
        ];
        for (host, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(host) = host {
                headers.insert(header::HOST, HeaderValue::from_static(host));
            }
            assert_eq!(is_direct(&headers), expected, "{host:?}");
            headers.insert("x-forwarded-for", HeaderValue::from_static("127.0.0.1"));
            assert!(!is_direct(&headers), "what was handed on is from anywhere");
        }
    }

    #[test]
    fn wrong_keys_are_counted_by_place_in_bounded_memory() {
        let (strangers, now) = (Strangers::default(), Instant::now());
        let ask = |ip: &str| strangers.wrong(Some(ip.parse().unwrap()), now).status().as_u16();
        assert!((0..WRONG_KEYS).all(|n| ask(&format!("2001:db8::{n:x}")) == 401));
        assert_eq!((ask("2001:db8::ffff"), ask("2001:db8:1::1"), ask("10.0.0.1")), (429, 401, 401));
        for n in 0..20_000_u32 {
            ask(&std::net::Ipv4Addr::from_bits(n).to_string());
        }
        assert!(strangers.0.lock().unwrap().len() <= PLACES + 1);
    }

    #[test]
    fn a_day_ends_at_midnight() {
        let at = |text: &str| until_tomorrow(text.parse().unwrap()).as_secs();
        assert_eq!((at("2026-11-26T00:00:00Z"), at("2026-11-26T23:59:59Z")), (86_400, 1));
    }
}
