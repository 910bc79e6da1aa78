//! IDP-09: that the accounts which the spec declares are there, and that nobody else gets in (domain.md D).

use std::collections::BTreeSet;

use serde_json::Value;

use super::control::Severity;
use super::demand::Demands;
use super::identity::USER;
use super::report::{Outcome, Verdict, expect};
use super::state::Entry;
use super::subject::Subject;
use super::token::{Judgement, scopes, stands};
use crate::resource::body::get;
use crate::resource::{Directory, ResourceId};

/// The addresses by which a local account signs in: those of other directories have none.
fn sign_ins(user: &Entry) -> Vec<String> {
    let identities = user.list("/identities").iter();
    identities
        .filter(|identity| {
            get(identity, "/signInType")
                .and_then(Value::as_str)
                .is_some_and(|kind| ["emailAddress", "userName"].contains(&kind))
        })
        .filter_map(|identity| get(identity, "/issuerAssignedId")?.as_str())
        .map(str::to_lowercase)
        .collect()
}

pub(super) fn expected(subject: &Subject<'_>) -> Vec<Verdict> {
    let declared = subject
        .intent
        .declared
        .as_ref()
        .and_then(|declared| declared.accounts.as_ref());
    let Some(declared) = declared else {
        let why =
            "the spec lists no accounts: whoever the sign-in flow lets in is let in".to_owned();
        return vec![Verdict::nowhere(Outcome::NotApplicable(why))];
    };
    let mut seen = BTreeSet::new();
    let mut verdicts: Vec<Verdict> = Vec::new();
    for user in subject.all(USER) {
        let own = sign_ins(user);
        if own.is_empty() {
            continue;
        }
        let is_known = own.iter().any(|sign_in| declared.contains(sign_in));
        let is_enabled = user.flag("/accountEnabled") != Some(false);
        let faults = [
            expect(
                is_known || !is_enabled,
                user,
                "/identities",
                "an account that the spec names",
            ),
            expect(!is_known || is_enabled, user, "/accountEnabled", "`true`"),
        ];
        verdicts.push(Verdict::of(user, faults.into_iter().flatten()));
        seen.extend(own);
    }
    let lost = declared.difference(&seen);
    verdicts.extend(lost.map(|sign_in| {
        let id = ResourceId::graph(Directory::Identity, "users", &sign_in.replace('/', "%2F"));
        Verdict::missing(&id, None, "there, as the spec says")
    }));
    verdicts.extend(let_in(subject, declared));
    verdicts
}

/// Whom the spec's own APIs let in. Without the list, whoever signs in is a user: no less bad than a sign-up.
fn let_in(subject: &Subject<'_>, declared: &BTreeSet<String>) -> Vec<Verdict> {
    let users = subject.all(USER).filter(|user| {
        let own = sign_ins(user);
        own.iter().any(|sign_in| declared.contains(sign_in))
    });
    let known: BTreeSet<String> = users
        .filter_map(|user| subject.state.text(&user.id, "/@object"))
        .collect();
    scopes(subject, |scope| {
        if subject.declared_demands(scope.id).is_none() {
            return Err("it is not the spec's".to_owned());
        }
        if scope.position("validate-jwt").is_none() {
            return Err("no `validate-jwt` runs: POL-01".to_owned());
        }
        let said = match Demands::of(scope).accounts {
            Some(accounts) if accounts.is_subset(&known) => return Ok(Judgement::default()),
            Some(accounts) => format!("lets in {:?}", accounts.difference(&known)),
            None => "lets in whoever signs in".to_owned(),
        };
        Ok(Judgement {
            severity: Some(Severity::High),
            ..vec![stands(said, "the accounts that the spec names, alone")].into()
        })
    })
}
