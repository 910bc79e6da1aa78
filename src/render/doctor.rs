//! How signing in went: each way that was tried, whose tokens they are, what they may do and what is missing.
//!
//! Claims and names alone; a token is never among them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::plan_json::FORMAT_VERSION;
use super::style::{BAD, DIM, GOOD, STRONG, paint, wrap};
use super::{Place, safe};
use crate::azure::auth::Who;
use crate::azure::doctor::{Grant, Outcome, Tried};
use crate::resource::Directory;
use crate::resource::rights::{Permission, Rights, is_allowed};

/// What was said in place of an answer, and what to try.
#[derive(Clone, Debug)]
pub struct Refused {
    pub said: String,
    pub hint: Option<String>,
}

pub type Found<T> = Result<T, Refused>;

#[derive(Debug)]
pub struct Doctored<'a> {
    pub spec: &'a str,
    pub place: Place,
    pub subscription: String,
    pub tried: Vec<Tried>,
    /// On the resource group; none where nobody signed in.
    pub grants: Option<Found<Vec<Grant>>>,
    /// Whose tokens for Microsoft Graph there are, by directory that the spec works in.
    pub graph: Vec<(Directory, String, Found<Who>)>,
    pub plan: &'a Rights,
    pub apply: &'a Rights,
}

/// What one purpose lacks.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Missing {
    pub actions: Vec<String>,
    pub permissions: Vec<(Directory, &'static str)>,
    /// Without an answer nobody knows.
    pub unknown: Vec<&'static str>,
}

impl Missing {
    pub fn is_empty(&self) -> bool {
        let Self {
            actions,
            permissions,
            unknown,
        } = self;
        actions.is_empty() && permissions.is_empty() && unknown.is_empty()
    }
}

impl Doctored<'_> {
    pub fn missing(&self, needed: &Rights) -> Missing {
        let mut missing = Missing::default();
        match &self.grants {
            Some(Ok(grants)) => {
                let is_held = |action: &&String| {
                    grants
                        .iter()
                        .any(|grant| is_allowed(action, &grant.actions, &grant.not))
                };
                let lacking = needed.actions.iter().filter(|action| !is_held(action));
                missing.actions = lacking.cloned().collect();
            }
            Some(Err(_)) => missing.unknown.push("rights in Azure Resource Manager"),
            None => missing.unknown.push("a sign-in to Azure"),
        }
        for (directory, permissions) in &needed.permissions {
            let who = self.graph.iter().find(|(of, ..)| of == directory);
            match who {
                Some((_, _, Ok(who))) => {
                    let lacking = permissions
                        .iter()
                        .filter(|permission| !permission.is_among(&held(who)));
                    missing.permissions.extend(
                        lacking.map(|permission: &&Permission| (*directory, permission.name)),
                    );
                }
                Some((_, _, Err(_))) | None => missing.unknown.push(match directory {
                    Directory::Identity => "a sign-in to the identity tenant",
                    Directory::Workforce => {
                        "a token for Microsoft Graph in the subscription's tenant"
                    }
                }),
            }
        }
        missing
    }

    pub fn text(&self, width: usize) -> String {
        let mut out = format!(
            "{}\n",
            paint(
                STRONG,
                &format!("Signing in to {} for {}", self.place, self.spec)
            )
        );
        for tried in &self.tried {
            let (mark, says) = attempt(&tried.outcome);
            line(
                &mut out,
                &format!("{mark} {}", safe::line(&tried.source.to_string())),
                &says,
                width,
            );
        }
        let _infallible = writeln!(
            out,
            "\n{}",
            paint(
                STRONG,
                &format!("Azure Resource Manager, subscription {}", self.subscription)
            )
        );
        match &self.grants {
            Some(Ok(grants)) => {
                let actions: Vec<&str> = grants
                    .iter()
                    .flat_map(|grant| &grant.actions)
                    .map(String::as_str)
                    .collect();
                let shown = match actions.as_slice() {
                    few if few.len() <= 6 => few.join(", "),
                    many => format!("{} actions", many.len()),
                };
                line(&mut out, "  may do", &shown, width);
            }
            Some(Err(refused)) => say_refused(&mut out, refused, width),
            None => line(&mut out, "  nobody", "signed in", width),
        }
        for (directory, tenant, who) in &self.graph {
            let title = format!("Microsoft Graph, {} tenant {tenant}", directory.name());
            let _infallible = writeln!(out, "\n{}", paint(STRONG, &safe::line(&title)));
            match who {
                Ok(who) => say_who(&mut out, who, width),
                Err(refused) => say_refused(&mut out, refused, width),
            }
        }
        out.push('\n');
        say_missing(&mut out, "plan", &self.missing(self.plan), width);
        say_missing(&mut out, "apply", &self.missing(self.apply), width);
        out
    }

    pub fn json(&self) -> Value {
        let attempts = self.tried.iter().map(|tried| {
            let (state, said) = match &tried.outcome {
                Outcome::Unset(needs) => ("unset", Some((*needs).to_owned())),
                Outcome::Passed => ("passed", None),
                Outcome::Failed { said, .. } => ("failed", Some(safe::line(said))),
                Outcome::Won(_) => ("won", None),
            };
            let who = match &tried.outcome {
                Outcome::Won(who) => who_json(who),
                Outcome::Unset(_) | Outcome::Passed | Outcome::Failed { .. } => Value::Null,
            };
            json!({ "method": tried.source.method.name(), "client_id": tried.source.client_id, "state": state, "said": said, "who": who })
        });
        let graph = self.graph.iter().map(|(directory, tenant, found)| match found {
            Ok(who) => json!({ "directory": directory.name(), "tenant": tenant, "who": who_json(who) }),
            Err(refused) => json!({ "directory": directory.name(), "tenant": tenant, "said": safe::line(&refused.said), "hint": refused.hint }),
        });
        json!({
            "format_version": FORMAT_VERSION,
            "spec": self.spec,
            "subscription": self.subscription,
            "attempts": attempts.collect::<Vec<_>>(),
            "actions": self.grants.as_ref().and_then(|found| found.as_ref().ok()).map(|grants| grants.iter().map(|grant| json!({ "actions": grant.actions, "not_actions": grant.not })).collect::<Vec<_>>()),
            "graph": graph.collect::<Vec<_>>(),
            "missing": { "plan": missing_json(&self.missing(self.plan)), "apply": missing_json(&self.missing(self.apply)) },
        })
    }
}

fn held(who: &Who) -> Vec<&str> {
    let roles = who.roles.iter().map(String::as_str);
    roles.chain(who.scopes.split_whitespace()).collect()
}

fn attempt(outcome: &Outcome) -> (String, String) {
    match outcome {
        Outcome::Won(who) => (paint(GOOD, "+"), format!("won: {}", whose(who))),
        Outcome::Failed { said, hint } => {
            let hint = hint.map_or_else(String::new, |hint| format!(". {hint}"));
            (
                paint(BAD, "x"),
                format!("failed: {}{hint}", safe::line(said)),
            )
        }
        Outcome::Passed => (
            paint(DIM, "-"),
            "not tried: another one goes first".to_owned(),
        ),
        Outcome::Unset(needs) => (paint(DIM, "-"), format!("not set: {needs}")),
    }
}

fn whose(who: &Who) -> String {
    let Who {
        tenant,
        object_id,
        app_id,
        user,
        audience,
        ..
    } = who;
    let parts = [
        ("user", user),
        ("client", app_id),
        ("object", object_id),
        ("tenant", tenant),
        ("audience", audience),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name} {}", safe::line(value.as_deref()?))))
        .collect();
    parts.join(", ")
}

fn say_who(out: &mut String, who: &Who, width: usize) {
    line(out, "  token of", &whose(who), width);
    let held = held(who);
    let held = if held.is_empty() {
        "none".to_owned()
    } else {
        held.join(", ")
    };
    line(out, "  may", &safe::line(&held), width);
}

fn say_refused(out: &mut String, refused: &Refused, width: usize) {
    line(
        out,
        &format!("{} refused", paint(BAD, "x")),
        &safe::line(&refused.said),
        width,
    );
    if let Some(hint) = &refused.hint {
        line(out, "  hint", &safe::line(hint), width);
    }
}

fn say_missing(out: &mut String, purpose: &str, missing: &Missing, width: usize) {
    if missing.is_empty() {
        line(
            out,
            &format!("{} {purpose}", paint(GOOD, "+")),
            "nothing is missing",
            width,
        );
        return;
    }
    let permissions = missing.permissions.iter();
    let permissions =
        permissions.map(|(directory, name)| format!("{name} in the {} tenant", directory.name()));
    let all: Vec<String> = missing
        .unknown
        .iter()
        .map(|what| (*what).to_owned())
        .chain(missing.actions.iter().cloned())
        .chain(permissions)
        .collect();
    for (index, what) in all.iter().enumerate() {
        let name = if index == 0 {
            format!("{} {purpose}", paint(BAD, "x"))
        } else {
            "  ".to_owned()
        };
        line(out, &name, &format!("lacks {what}"), width);
    }
    let remedy =
        format!("secgw auth permissions --for {purpose} prints a role and the permissions");
    line(out, "  remedy", &remedy, width);
}

/// Columns of the name.
const MARGIN: usize = 30;

fn line(out: &mut String, name: &str, text: &str, width: usize) {
    let plain = anstream::adapter::strip_str(name).to_string();
    let pad = " ".repeat(MARGIN.saturating_sub(plain.chars().count()).max(1));
    for (index, text) in wrap(text, width.saturating_sub(MARGIN + 2).max(30))
        .iter()
        .enumerate()
    {
        let _infallible = if index == 0 {
            writeln!(out, "{name}{pad}{text}")
        } else {
            writeln!(out, "{}{text}", " ".repeat(MARGIN))
        };
    }
}

fn who_json(who: &Who) -> Value {
    let Who {
        tenant,
        object_id,
        app_id,
        user,
        audience,
        scopes,
        roles,
    } = who;
    json!({
        "tenant": tenant, "object_id": object_id, "client_id": app_id, "user": user, "audience": audience,
        "scopes": scopes.split_whitespace().collect::<Vec<_>>(), "roles": roles,
    })
}

fn missing_json(missing: &Missing) -> Value {
    let permissions = missing.permissions.iter();
    let permissions = permissions
        .map(|(directory, name)| json!({ "directory": directory.name(), "permission": name }));
    json!({ "actions": missing.actions, "permissions": permissions.collect::<Vec<_>>(), "unknown": missing.unknown })
}
