//! One recording, played into a fresh sandbox.
//!
//! Time is the recording's: an operation of the sandbox ends when the recording first shows that Azure's did. Requests
//! go out with the sandbox's own generated values, polls to the addresses the sandbox itself gave.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use secgw::sandbox::{About, Answer, Direct};
use serde_json::Value;
use time::macros::datetime;

use super::alias::Aliases;
use super::compare::Comparison;
use super::recording::{Exchange, Recording, error_code, is_running, path_of, shows_running};
use super::table::{Place, Table};
use super::{lists, seed};

const STATUS: &str = "Azure-AsyncOperation";
const LOCATION: &str = "Location";

pub(crate) fn play(recording: &Recording, table: &mut Table) -> anyhow::Result<()> {
    let dir = tempfile::tempdir().context("no directory for the sandbox")?;
    let tenant = seed::tenant(recording);
    let mut direct = Direct::open(dir.path(), &tenant, datetime!(2026-01-02 03:04:05 UTC))
        .context("the sandbox does not open")?;
    let seeds = seed::seeds(recording, &direct);
    for (id, body) in seeds.objects.values() {
        direct.plant(id, body).context("cannot plant")?;
    }
    for (principal, is_user) in &seeds.principals {
        direct
            .plant_principal(principal, *is_user)
            .context("cannot plant")?;
    }
    let mut player = Player {
        direct,
        table,
        recording: &recording.name,
        aliases: Aliases::default(),
        polls: BTreeMap::new(),
        deleted: BTreeSet::new(),
        sent: BTreeMap::new(),
        to_come: to_come(recording),
        unknown: seeds.objects.into_keys().collect(),
    };
    let sound = recording
        .exchanges
        .iter()
        .take_while(|exchange| !exchange.is_garbled());
    for (number, exchange) in sound.enumerate() {
        player.exchange(number, exchange);
    }
    let garbled = recording
        .exchanges
        .iter()
        .skip_while(|exchange| !exchange.is_garbled());
    garbled.for_each(|_| player.skip(lists::GARBLED));
    Ok(())
}

/// An address that the recording polls.
#[derive(Clone)]
struct Poll {
    kind: &'static str,
    header: &'static str,
    /// Ours under the same header; none: the sandbox does not offer it.
    address: Option<String>,
    /// What it answered right after the operation began.
    running: Option<Answer>,
}

struct Player<'a> {
    direct: Direct,
    table: &'a mut Table,
    recording: &'a str,
    aliases: Aliases,
    polls: BTreeMap<String, Poll>,
    deleted: BTreeSet<String>,
    /// The last successful write of each id.
    sent: BTreeMap<String, Value>,
    /// Where the recording first writes each id.
    to_come: BTreeMap<String, usize>,
    /// Planted and not PUT since: what a read shows of these is the recording itself.
    unknown: BTreeSet<String>,
}

impl Player<'_> {
    fn exchange(&mut self, number: usize, exchange: &Exchange) {
        if let Some(poll) = self.polls.get(&poll_key(&exchange.url)).cloned() {
            self.poll(number, exchange, &poll);
            return;
        }
        let path = exchange.path();
        let kind = match self.direct.about(&path) {
            About::Resource(kind) | About::Collection(kind) | About::Action(kind) => kind,
            About::Platform => {
                return self.skip("not of a resource, or a poll of an operation begun before");
            }
            About::Unknown => {
                *self.table.without_row.entry(type_of(&path)).or_default() += 1;
                return;
            }
        };
        let code = error_code(&exchange.response_body).unwrap_or_default();
        if let Some(why) = transient(exchange.status, &code) {
            return self.skip(why);
        }
        let written = self.to_come.get(&path.to_lowercase());
        let is_early = written.is_some_and(|written| number < *written);
        if exchange.is_read() && exchange.is_success() && is_early && !self.direct.exists(&path) {
            return self.skip(lists::OVERTAKEN);
        }
        if exchange.status == 404 && self.is_gone_unseen(&path) {
            return self.skip(lists::GONE_UNSEEN);
        }
        match exchange.is_read() {
            _ if holds(exchange) => {}
            true => self.direct.settle(Some(&path)),
            false => self.direct.settle(None),
        }
        let version = version_of(&exchange.url);
        let at = Place {
            kind,
            recording: self.recording,
            number,
            method: &exchange.method,
            version: &version,
        };
        let answer = self.send(exchange);
        self.table.status(&at, exchange.status, &answer);
        if exchange.status >= 400 && !exchange.response_body.is_null() {
            let ours = error_code(&answer.body).unwrap_or_default();
            if exchange.status == 404
                && ours == "ResourceGroupNotFound"
                && ours != code
                && self.is_in_gone_group(&path)
            {
                self.skip(lists::GONE_GROUP);
            } else {
                self.table.code(&at, &code, &ours);
            }
        }
        self.operation(&at, exchange, &answer, &path, kind);
        if exchange.method == "DELETE" && exchange.is_success() {
            self.deleted.insert(path.to_lowercase());
        }
        if exchange.is_write() && exchange.is_success() {
            self.remember(&path, exchange);
        }
        if exchange.method == "PUT" && exchange.is_success() {
            self.deleted.remove(&path.to_lowercase());
            self.unknown.remove(&path.to_lowercase());
        }
        let is_read = exchange.is_read();
        if exchange.is_success() && answer.status < 300 && !self.is_planted(&path) {
            self.bodies(&at, exchange, &answer, is_read);
        }
    }

    fn remember(&mut self, path: &str, exchange: &Exchange) {
        let sent = self.sent.entry(path.to_lowercase()).or_default();
        match exchange.method.as_str() {
            "PATCH" => overlay(sent, &exchange.request_body),
            _ => *sent = exchange.request_body.clone(),
        }
    }

    fn skip(&mut self, why: &str) {
        *self.table.not_played.entry(why.to_owned()).or_default() += 1;
    }

    fn is_in_gone_group(&self, path: &str) -> bool {
        let path = path.to_lowercase();
        let is_group = |id: &&String| id.matches('/').count() == 4;
        let mut gone = self.deleted.iter().filter(is_group);
        gone.any(|group| path.starts_with(&format!("{group}/")))
    }

    /// It was there, and nothing in the recording took it away.
    fn is_gone_unseen(&self, path: &str) -> bool {
        let path = path.to_lowercase();
        let is_above = |id: &String| path == *id || path.starts_with(&format!("{id}/"));
        self.direct.exists(&path) && !self.deleted.iter().any(is_above)
    }

    fn is_planted(&self, path: &str) -> bool {
        self.unknown.contains(&path.to_lowercase())
    }

    fn send(&mut self, exchange: &Exchange) -> Answer {
        let headers: Vec<(String, String)> = exchange
            .request_headers
            .iter()
            .map(|(name, value)| (name.clone(), self.aliases.text(value)))
            .collect();
        let url = self.aliases.text(&exchange.url);
        let body = self.aliases.value(&exchange.request_body);
        self.direct.send(&exchange.method, &url, &headers, &body)
    }

    fn bodies(&mut self, at: &Place, exchange: &Exchange, answer: &Answer, is_read: bool) {
        if exchange.is_dropped() || exchange.method == "HEAD" {
            return;
        }
        let path = exchange.response_body["id"].as_str().map(str::to_lowercase);
        let sent = path.and_then(|path| self.sent.get(&path).cloned());
        let sent = sent.unwrap_or_default();
        let mut comparison = Comparison {
            kind: at.kind,
            aliases: &mut self.aliases,
            sent: &sent,
            leaves: Vec::new(),
        };
        let recorded = self.unknown.iter();
        let planted: Vec<&str> = recorded.map(String::as_str).collect();
        let (recorded, ours) = (
            without(&exchange.response_body, &planted),
            without(&answer.body, &planted),
        );
        comparison.run(&recorded, &ours);
        let leaves = comparison.leaves;
        self.table.leaves(at, &leaves, is_read);
    }

    /// Which headers start an operation, and where ours is polled.
    fn operation(
        &mut self,
        at: &Place,
        exchange: &Exchange,
        answer: &Answer,
        path: &str,
        kind: &'static str,
    ) {
        if exchange.is_read() || !exchange.is_success() || answer.status >= 300 {
            return;
        }
        let shown = |status: Option<&str>, location: Option<&str>| {
            let names = [(STATUS, status), (LOCATION, location)];
            let names: Vec<&str> = names
                .iter()
                .filter(|(_, value)| value.is_some())
                .map(|(name, _)| *name)
                .collect();
            names.join(" + ")
        };
        let theirs = [exchange.header(STATUS), exchange.header(LOCATION)];
        let ours = [answer.header(STATUS), answer.header(LOCATION)];
        let (recorded, own) = (shown(theirs[0], theirs[1]), shown(ours[0], ours[1]));
        let varies = lists::style(at.kind, at.version);
        match varies.filter(|_| recorded != own && !own.is_empty()) {
            Some(why) => self.skip(why),
            None => self.table.operation(at, "headers", &recorded, &own),
        }
        for ((header, theirs), ours) in [STATUS, LOCATION].into_iter().zip(theirs).zip(ours) {
            let Some(theirs) = theirs.filter(|url| !is_itself(url, path)) else {
                continue;
            };
            let address = ours.filter(|url| !is_itself(url, path)).map(str::to_owned);
            let running = address
                .as_ref()
                .map(|url| self.direct.send("GET", url, &[], &Value::Null));
            let poll = Poll {
                kind,
                header,
                address,
                running,
            };
            self.polls.insert(poll_key(theirs), poll);
        }
    }

    fn poll(&mut self, number: usize, exchange: &Exchange, poll: &Poll) {
        let version = version_of(&exchange.url);
        let at = Place {
            kind: poll.kind,
            recording: self.recording,
            number,
            method: "POLL",
            version: &version,
        };
        if transient(exchange.status, "").is_some() {
            return self.skip("a poll that Azure itself failed");
        }
        let is_over = !(exchange.status == 202 || is_running(&exchange.response_body["status"]));
        let answer = match (&poll.address, is_over) {
            (Some(address), true) => {
                self.direct.settle(Some(address));
                Some(self.direct.send("GET", address, &[], &Value::Null))
            }
            (Some(_), false) => poll.running.clone(),
            (None, _) => None,
        };
        let Some(answer) = answer else {
            if let Some(why) = lists::style(poll.kind, &version) {
                return self.skip(why);
            }
            let what = format!("poll of {}", poll.header);
            self.table
                .operation(&at, &what, &exchange.status.to_string(), "not offered");
            return;
        };
        let shown = |status: u16, body: &Value| {
            let word = body["status"].as_str().unwrap_or(match body {
                Value::Null => "no body",
                _ => "a body",
            });
            format!("{status} {word}")
        };
        let phase = if is_over { "over" } else { "running" };
        let what = format!("poll of {}, {phase}", poll.header);
        self.table.operation(
            &at,
            &what,
            &shown(exchange.status, &exchange.response_body),
            &shown(answer.status, &answer.body),
        );
        if is_over && answer.status == exchange.status {
            self.bodies(&at, exchange, &answer, true);
        }
    }
}

fn to_come(recording: &Recording) -> BTreeMap<String, usize> {
    let mut first = BTreeMap::new();
    for (number, exchange) in recording.exchanges.iter().enumerate() {
        if exchange.method == "PUT" && exchange.is_success() {
            first
                .entry(exchange.path().to_lowercase())
                .or_insert(number);
        }
    }
    first
}

fn overlay(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                overlay(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// Members of a list that were planted show the recording to itself.
fn without(body: &Value, planted: &[&str]) -> Value {
    let Some(items) = body["value"].as_array() else {
        return body.clone();
    };
    // Subscriptions are blanked in some places and not in others.
    let rest = |id: &str| {
        id.trim_start_matches('/')
            .split('/')
            .skip(2)
            .collect::<Vec<_>>()
            .join("/")
    };
    let planted: Vec<String> = planted.iter().map(|id| rest(id)).collect();
    let is_planted = |item: &&Value| {
        let id = item["id"].as_str().unwrap_or_default().to_lowercase();
        !planted.contains(&rest(&id))
    };
    let mut body = body.clone();
    body["value"] = items.iter().filter(is_planted).cloned().collect();
    body
}

/// The recording shows that operations still run: time must not pass before this exchange.
fn holds(exchange: &Exchange) -> bool {
    match exchange.method.as_str() {
        "GET" | "HEAD" => exchange.is_success() && shows_running(&exchange.response_body),
        _ => exchange.status == 409,
    }
}

fn transient(status: u16, code: &str) -> Option<&'static str> {
    let mut list = lists::TRANSIENT.iter();
    list.find(|one| one.status == status && (one.code.is_empty() || one.code == code))
        .map(|one| one.why)
}

/// `Location` of a created identity is the identity: nothing to poll.
fn is_itself(url: &str, path: &str) -> bool {
    path_of(url).eq_ignore_ascii_case(path) && own_query(url).is_empty()
}

/// What an operation is known by: its path, and what of the query is neither version nor signature.
fn poll_key(url: &str) -> String {
    let query = own_query(url).join("&");
    format!("{}?{query}", path_of(url)).to_lowercase()
}

fn own_query(url: &str) -> Vec<String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut own: Vec<String> = query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default().to_lowercase();
            !["", "api-version", "t", "c", "s", "h"].contains(&name.as_str())
        })
        .map(str::to_owned)
        .collect();
    own.sort();
    own
}

fn version_of(url: &str) -> String {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(name, _)| name.eq_ignore_ascii_case("api-version"));
    found.map_or_else(String::new, |(_, version)| version.to_owned())
}

/// A type as the path spells it, for counting what has no row.
fn type_of(path: &str) -> String {
    let lower = path.to_lowercase();
    let Some(at) = lower.rfind("/providers/") else {
        return "no provider".to_owned();
    };
    let mut segments = lower[at + "/providers/".len()..].split('/');
    let namespace = segments.next().unwrap_or_default().to_owned();
    segments
        .step_by(2)
        .fold(namespace, |text, segment| format!("{text}/{segment}"))
}
