//! IDP-10: that applications have no password, or one that ends soon (domain.md D).

use serde_json::Value;
use time::Date;
use time::macros::format_description;

use super::report::{Fault, Verdict};
use super::state::Entry;
use super::subject::{APPLICATION, Subject};
use crate::resource::body::{get, join};

/// Days for which a password may last.
const LONGEST_PASSWORD: i64 = 180;

pub(super) fn short_lived(subject: &Subject<'_>) -> Vec<Verdict> {
    let list = "/passwordCredentials";
    let judge = |entry: &Entry| {
        let is_api = subject.intent.api_application.as_ref() == Some(&entry.id);
        // Nobody can keep a secret in a page.
        let needs_none = is_api || entry.at("/spa/redirectUris").is_some();
        let faults = entry.list(list).iter().enumerate();
        let faults = faults.filter_map(|(index, password)| {
            let lasts = days(password);
            let holds = !needs_none && lasts.is_some_and(|days| days <= LONGEST_PASSWORD);
            let said = match lasts {
                Some(days) => format!("a password for {days} days"),
                None => "a password without end".to_owned(),
            };
            let wanted = if needs_none {
                "no password".to_owned()
            } else {
                format!("at most {LONGEST_PASSWORD} days")
            };
            (!holds).then(|| Fault {
                pointer: join(list, &index.to_string()),
                value: Value::String(said),
                wanted,
            })
        });
        Verdict::of(entry, faults)
    };
    subject.all(APPLICATION).map(judge).collect()
}

/// How long a password lasts from its first day to its last.
fn days(password: &Value) -> Option<i64> {
    let day = |pointer| {
        let text = get(password, pointer)?.as_str()?;
        let format = format_description!("[year]-[month]-[day]");
        Date::parse(text.get(..10)?, format).ok()
    };
    Some((day("/endDateTime")? - day("/startDateTime")?).whole_days())
}
