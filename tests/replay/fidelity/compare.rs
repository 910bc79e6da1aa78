//! Two bodies, leaf by leaf.
//!
//! Strict: names with their case, null apart from absent, empty lists, `1.0` apart from `1`. What Azure makes up anew
//! each time is recognised by its form (GUIDs, times, entity tags) or stands in `lists`.

use serde_json::Value;

use super::alias::Aliases;
use super::lists;
use super::recording::is_running;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Equal,
    /// Not compared, and why.
    Listed(&'static str),
    Wrong {
        recorded: String,
        ours: String,
    },
}

pub(crate) struct Leaf {
    pub(crate) path: String,
    pub(crate) verdict: Verdict,
}

pub(crate) struct Comparison<'a> {
    pub(crate) kind: &'a str,
    pub(crate) aliases: &'a mut Aliases,
    /// The body of the write that this answer follows: what was sent is never a matter of defaults.
    pub(crate) sent: &'a Value,
    pub(crate) leaves: Vec<Leaf>,
}

impl Comparison<'_> {
    pub(crate) fn run(&mut self, recorded: &Value, ours: &Value) {
        let recorded = self.aliases.value(recorded);
        self.walk("", Some(&recorded), Some(ours));
    }

    fn walk(&mut self, path: &str, recorded: Option<&Value>, ours: Option<&Value>) {
        match (recorded, ours) {
            (Some(Value::Object(recorded)), Some(Value::Object(ours)))
                if !(recorded.is_empty() && ours.is_empty()) =>
            {
                for (name, value) in recorded {
                    self.walk(&join(path, name), Some(value), ours.get(name));
                }
                for (name, value) in ours
                    .iter()
                    .filter(|(name, _)| !recorded.contains_key(*name))
                {
                    self.walk(&join(path, name), None, Some(value));
                }
            }
            (Some(Value::Array(recorded)), Some(Value::Array(ours)))
                if !(recorded.is_empty() && ours.is_empty()) =>
            {
                for (index, (recorded, ours)) in
                    paired(path, recorded, ours).into_iter().enumerate()
                {
                    self.walk(&join(path, &index.to_string()), recorded, ours);
                }
            }
            (Some(one), None) => self.lonely(path, one, true),
            (None, Some(one)) => self.lonely(path, one, false),
            (Some(recorded), Some(ours)) => self.leaf(path, recorded, ours),
            (None, None) => {}
        }
    }

    /// Every leaf of something that only one side has.
    fn lonely(&mut self, path: &str, value: &Value, is_recorded: bool) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (name, value) in members {
                    self.lonely(&join(path, name), value, is_recorded);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    self.lonely(&join(path, &index.to_string()), item, is_recorded);
                }
            }
            scalar => {
                let (recorded, ours) = if is_recorded {
                    (scalar.to_string(), "absent".to_owned())
                } else {
                    ("absent".to_owned(), scalar.to_string())
                };
                let text = scalar.as_str().unwrap_or_default();
                let is_foreign = lists::FOREIGN.iter().any(|kind| text.contains(kind));
                let verdict = match self.varying(path) {
                    _ if is_recorded && is_foreign && !text.contains(".nic.") => {
                        Verdict::Listed(lists::FOREIGN_WHY)
                    }
                    Some(why) => Verdict::Listed(why),
                    None => Verdict::Wrong { recorded, ours },
                };
                self.push(path, verdict);
            }
        }
    }

    fn leaf(&mut self, path: &str, recorded: &Value, ours: &Value) {
        let verdict = if recorded == ours {
            Verdict::Equal
        } else if let Some(why) = self.varying(path) {
            Verdict::Listed(why)
        } else if let Some(why) = self.volatile(path).filter(|_| same_type(recorded, ours)) {
            Verdict::Listed(why)
        } else {
            match (recorded, ours) {
                (Value::String(recorded), Value::String(ours)) => self.texts(path, recorded, ours),
                _ => wrong(recorded, ours),
            }
        };
        self.push(path, verdict);
    }

    fn texts(&mut self, path: &str, recorded: &str, ours: &str) -> Verdict {
        let is_tag = path.rsplit('/').next() == Some("etag");
        if is_tag && tag_style(recorded) == tag_style(ours) {
            return Verdict::Listed("entity tag");
        }
        if is_time(recorded) && is_time(ours) {
            return Verdict::Listed("time");
        }
        let is_state = path.to_lowercase().ends_with("provisioningstate");
        if is_state && is_running(&recorded.into()) && is_running(&ours.into()) {
            return Verdict::Listed("a state on the way to the end");
        }
        if without_numbers(recorded) == without_numbers(ours) {
            return Verdict::Listed("one of a region's numbered stamps");
        }
        if recorded.contains("REDACTED") && !ours.is_empty() {
            return Verdict::Listed("redacted in the recording");
        }
        let (recorded_mask, recorded_made) = masked(recorded);
        let (our_mask, our_made) = masked(ours);
        let is_made_up = recorded_mask == our_mask && recorded_made.len() == our_made.len();
        if is_made_up && !recorded_made.is_empty() {
            let mut pairs = recorded_made.iter().zip(&our_made);
            if pairs.all(|(recorded, ours)| self.aliases.bind(recorded, ours)) {
                return Verdict::Listed("generated id");
            }
        }
        wrong(&recorded.into(), &ours.into())
    }

    fn varying(&self, path: &str) -> Option<&'static str> {
        let own = own_path(path);
        let pointer = format!("/{own}");
        if self
            .sent
            .pointer(&pointer)
            .is_some_and(|sent| !sent.is_null())
        {
            return None;
        }
        listed(lists::VARYING, self.kind, own)
    }

    fn volatile(&self, path: &str) -> Option<&'static str> {
        listed(lists::VOLATILE, self.kind, own_path(path))
    }

    fn push(&mut self, path: &str, verdict: Verdict) {
        self.leaves.push(Leaf {
            path: path.to_owned(),
            verdict,
        });
    }
}

/// Of a member of a list, the path inside it.
fn own_path(path: &str) -> &str {
    match path.strip_prefix("value/") {
        Some(inside) => inside.split_once('/').map_or("", |(_, own)| own),
        None => path,
    }
}

fn listed(list: &'static [lists::Line], kind: &str, path: &str) -> Option<&'static str> {
    let mut list = list.iter();
    list.find(|one| {
        let is_of = one.kind.is_empty() || kind.eq_ignore_ascii_case(one.kind);
        is_of && lists::fits(one.path, path)
    })
    .map(|one| one.why)
}

/// `x.z22.web.core.windows.net` and `westus-0.in.applicationinsights…`: which of a region's stamps serves whom.
fn without_numbers(text: &str) -> String {
    const PLACES: &[(&str, &str)] = &[
        (".z", "."),
        ("-", ".in.applicationinsights."),
        ("-", ".regional.azure-api.net"),
    ];
    let mut text = text.to_owned();
    for (before, after) in PLACES {
        let mut from = 0;
        while let Some(at) = text[from..].find(before) {
            let start = from + at + before.len();
            let digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 && text[start + digits..].starts_with(after) {
                text.replace_range(start..start + digits, "");
            }
            from = start;
        }
    }
    text
}

fn wrong(recorded: &Value, ours: &Value) -> Verdict {
    Verdict::Wrong {
        recorded: recorded.to_string(),
        ours: ours.to_string(),
    }
}

fn same_type(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

fn join(path: &str, name: &str) -> String {
    let name = name.replace('/', "~1");
    match path {
        "" => name,
        path => format!("{path}/{name}"),
    }
}

/// Members of a collection by id; anything else by position.
fn paired<'a>(
    path: &str,
    recorded: &'a [Value],
    ours: &'a [Value],
) -> Vec<(Option<&'a Value>, Option<&'a Value>)> {
    let id = |item: &Value| item["id"].as_str().map(without_subscription);
    if path != "value" || recorded.iter().chain(ours).any(|item| id(item).is_none()) {
        let length = recorded.len().max(ours.len());
        return (0..length)
            .map(|at| (recorded.get(at), ours.get(at)))
            .collect();
    }
    let twin = |of: &Value, among: &'a [Value]| among.iter().find(|item| id(item) == id(of));
    let mut pairs: Vec<_> = recorded
        .iter()
        .map(|item| (Some(item), twin(item, ours)))
        .collect();
    let extra = ours.iter().filter(|item| twin(item, recorded).is_none());
    pairs.extend(extra.map(|item| (None, Some(item))));
    pairs
}

/// Recorders blank subscriptions in some places and not in others.
fn without_subscription(id: &str) -> String {
    let id = id.trim_start_matches('/').to_lowercase();
    match id.strip_prefix("subscriptions/") {
        Some(rest) => rest.split_once('/').map_or("", |(_, rest)| rest).to_owned(),
        None => id,
    }
}

/// `W/"…"`, `"…"` or bare, around a GUID or something else.
fn tag_style(tag: &str) -> (bool, bool, bool) {
    let inner = tag.trim_start_matches("W/").trim_matches('"');
    (
        tag.starts_with("W/"),
        tag.contains('"'),
        guid_at(inner).is_some_and(|length| length == inner.len()),
    )
}

fn is_time(text: &str) -> bool {
    use time::OffsetDateTime;
    use time::format_description::well_known::{Rfc2822, Rfc3339};
    let text = text.replace("GMT", "+0000");
    let zoned = format!("{text}Z");
    OffsetDateTime::parse(&text, &Rfc3339).is_ok()
        || OffsetDateTime::parse(&zoned, &Rfc3339).is_ok()
        || OffsetDateTime::parse(&text, &Rfc2822).is_ok()
}

fn guid_at(text: &str) -> Option<usize> {
    let guid = text.get(..36)?;
    uuid::Uuid::parse_str(guid).is_ok().then_some(36)
}

/// Twenty-four hexadecimal digits, API Management's object ids, or sixty-four, digests.
fn object_id_at(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_hexdigit).count();
    [24, 64].contains(&digits).then_some(digits)
}

/// The text with every generated id blanked, and the ids.
fn masked(text: &str) -> (String, Vec<String>) {
    let mut mask = String::new();
    let mut made = Vec::new();
    let mut at = 0;
    let mut is_inside = false;
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        let found = guid_at(rest).or_else(|| object_id_at(rest));
        if let Some(length) = found.filter(|_| !is_inside) {
            made.push(rest[..length].to_owned());
            mask.push('\u{fffd}');
            at += length;
        } else {
            mask.push(next);
            is_inside = next.is_ascii_hexdigit();
            at += next.len_utf8();
        }
    }
    (mask, made)
}
