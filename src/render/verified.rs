//! A plan or an outcome together with what the attacks on the result came to: one document in every form.

use serde_json::{Value, json};

use super::change::Room;
use super::junit::Suite;
use super::markdown::capped;
use super::notice::{self, Notice, Topic};
use super::told::Told;
use super::verify::Attacked;
use crate::verify::Outcome;

pub struct Verified<'a> {
    pub told: Told<'a>,
    pub attacked: Attacked<'a>,
}

impl Verified<'_> {
    pub fn last_line(&self) -> String {
        self.attacked.summary()
    }

    pub fn text(&self, room: Room) -> String {
        format!("{}\n{}", self.told.text(room), self.attacked.text(room))
    }

    pub fn json(&self) -> Value {
        let mut whole = self.told.json();
        whole["verify"] = self.attacked.json();
        whole
    }

    /// The last line is what the attacks came to.
    pub fn jsonl(&self) -> Vec<Value> {
        let mut lines = self.told.jsonl();
        lines.push(json!({ "type": "verify", "verify": self.attacked.json() }));
        lines
    }

    pub fn markdown(&self, name: &str, most: usize) -> String {
        let page = self.attacked.markdown();
        let lines: Vec<String> = page.lines().map(|line| format!("{line}\n")).collect();
        let page = capped(&lines, most / 2, "more lines");
        let first = self
            .told
            .markdown(name, most.saturating_sub(page.len() + 1));
        format!("{first}\n{page}")
    }

    /// A run for each of the two, which code scanning tells apart by their ids.
    pub fn sarif(&self) -> Value {
        let mut log = notice::sarif(&self.told.notices());
        let mut other = self.attacked.sarif();
        log["runs"][0]["automationDetails"] =
            json!({ "id": format!("secgw/{}/", self.told.word()) });
        other["runs"][0]["automationDetails"] = json!({ "id": "secgw/verify/" });
        if let (Some(runs), Some(more)) = (
            log["runs"].as_array_mut(),
            other["runs"].as_array_mut().map(std::mem::take),
        ) {
            runs.extend(more);
        }
        log
    }

    pub fn suites(&self) -> Vec<Suite> {
        [self.told.suites(), self.attacked.suites()].concat()
    }

    /// With one for each attack that succeeded.
    pub fn notices(&self) -> Vec<Notice> {
        let failed = self.attacked.report.with(Outcome::Fail);
        let attacks = failed.map(|tried| {
            let probe = tried.probe;
            let message = format!("{} {}: {}", probe.id, probe.title, tried.verdict.reason);
            Notice::new(Topic::Attack, &self.attacked.name, &message, None)
        });
        let mut notices: Vec<Notice> = self.told.notices().into_iter().chain(attacks).collect();
        notice::sort(&mut notices);
        notices
    }

    pub fn values(&self) -> Vec<(&'static str, String)> {
        let count = self.attacked.report.count(Outcome::Fail).to_string();
        [self.told.values(), vec![("attacks", count)]].concat()
    }
}

impl std::fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verified")
            .field("told", &self.told)
            .finish_non_exhaustive()
    }
}
