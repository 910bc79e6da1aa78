//! POL-01: that `validate-jwt` runs for every call, before anything else does something for the caller, and that what
//! stands behind it reads the token that it looked at (domain.md E.1).

use std::collections::BTreeSet;

use super::calls::callees;
use super::control::Severity;
use super::early;
use super::effective::{Scope, attribute, every};
use super::report::{Fault, Verdict};
use super::subject::Subject;
use super::token::{Judgement, scopes, stands};
use crate::policy::{Element, Value};

pub(super) fn covered(subject: &Subject<'_>) -> Vec<Verdict> {
    scopes(subject, |scope| Ok(uncovered(subject, scope)))
}

fn uncovered(subject: &Subject<'_>, scope: &Scope<'_>) -> Judgement {
    // A token has to pass all of them, so one without fault is enough; what runs before that one runs for everybody.
    let tokens = scope
        .steps("validate-jwt")
        .map(|(index, step)| (index, attributes(step)));
    let Some((index, faults)) = tokens.min_by_key(|(_, faults)| faults.len()) else {
        return vec![stands(hidden(scope), "`validate-jwt` that always runs")].into();
    };
    let mut found = Judgement::from(faults);
    found.faults.extend(elsewhere(scope));
    let callees = callees(subject, scope.id);
    found.add(early::judge(
        &scope.inbound[..index],
        &scope.on_error,
        callees,
    ));
    if let Some(fault) = other_scheme(scope.inbound[index].element) {
        // The token is still looked at.
        found.severity = found.faults.is_empty().then_some(Severity::Medium);
        found.faults.push(fault);
    }
    found
}

/// A bare token passes unless a scheme is required (the policy reference on learn.microsoft.com, 2024).
fn other_scheme(step: &Element) -> Option<Fault> {
    let scheme = attribute(step, "require-scheme");
    let holds = scheme
        .as_deref()
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("Bearer"));
    let said = scheme.map_or_else(
        || "no `require-scheme`".to_owned(),
        |scheme| format!("require-scheme=\"{scheme}\""),
    );
    (!holds).then(|| stands(said, "`Bearer`"))
}

/// Where statements read the token that was validated.
const READS_TOKEN: &str = "(Jwt)context.Variables[\"";

/// Variables that are read as the token, and are not what `validate-jwt` leaves there.
fn elsewhere(scope: &Scope<'_>) -> Vec<Fault> {
    let left: BTreeSet<String> = scope
        .steps("validate-jwt")
        .filter_map(|(_, step)| attribute(step, "output-token-variable-name"))
        .collect();
    let steps = || scope.inbound.iter().map(|step| step.element);
    let written: BTreeSet<String> = steps()
        .flat_map(|step| every(step, "set-variable"))
        .filter_map(|variable| attribute(variable, "name"))
        .collect();
    let read: BTreeSet<String> = steps().flat_map(tokens_read).collect();
    let faults = read.into_iter().filter_map(|name| {
        let wanted = "the token that was validated, as the statements behind read it";
        if !left.contains(&name) {
            let said = format!("`validate-jwt` leaves no token in the variable `{name}`");
            return Some(stands(said, wanted));
        }
        let said = format!("`set-variable` writes the variable `{name}`");
        written.contains(&name).then(|| stands(said, wanted))
    });
    faults.collect()
}

fn tokens_read(element: &Element) -> BTreeSet<String> {
    let attributes = element.attributes.iter().map(|attribute| &attribute.value);
    let texts: Vec<String> = attributes
        .chain(element.texts())
        .map(Value::shown)
        .collect();
    let own = texts.iter().flat_map(|text| {
        let names = text.split(READS_TOKEN).skip(1);
        names.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
    });
    own.chain(element.elements().flat_map(tokens_read))
        .collect()
}

fn hidden(scope: &Scope<'_>) -> &'static str {
    let somewhere = scope
        .inbound
        .iter()
        .any(|step| !every(step.element, "validate-jwt").is_empty());
    if somewhere {
        "`validate-jwt` runs only under a condition"
    } else {
        "no `validate-jwt`"
    }
}

fn attributes(step: &Element) -> Vec<Fault> {
    let mut faults = Vec::new();
    let is_header = attribute(step, "header-name")
        .is_some_and(|name| name.eq_ignore_ascii_case("Authorization"));
    if !is_header {
        let from = ["header-name", "query-parameter-name", "token-value"]
            .iter()
            .find_map(|name| Some(format!("{name}=\"{}\"", attribute(step, name)?)));
        let from = from.unwrap_or_else(|| "no place".to_owned());
        faults.push(stands(from, "the token from the header `Authorization`"));
    }
    let code = attribute(step, "failed-validation-httpcode").unwrap_or_else(|| "401".to_owned());
    if !["401", "403"].contains(&code.as_str()) {
        let value = format!("failed-validation-httpcode=\"{code}\"");
        faults.push(stands(value, "401 or 403 for a token that does not pass"));
    }
    faults
}
