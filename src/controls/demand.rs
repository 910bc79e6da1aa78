//! What the policy in effect for an API asks of a caller, as far as it stands in a form that can be told: which accounts
//! get in, which scopes an operation asks for, how much somebody may call, and from which origins (domain.md E).
//!
//! The same reading of what a spec compiles to and of what is live makes the two comparable. A guard counts where it
//! always runs, behind the token and before anything that may answer.

use std::collections::{BTreeMap, BTreeSet};

use super::early::{may_answer, refuses};
use super::effective::{Policies, Scope, Step, attribute, every, text_of};
use super::state::State;
use super::subject::API;
use super::token::Judgement;
use super::token::stands;
use crate::policy::{self, Element, REQUIRED_SCOPES};
use crate::resource::{Graph, ResourceId};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Demands {
    /// The users who get in, by the id that their tokens carry; nothing where everybody does.
    pub(super) accounts: Option<BTreeSet<String>>,
    /// Nothing where the scopes of operations are not looked at, or in a way that cannot be told.
    pub(super) table: Option<Table>,
    /// By the key that calls are counted by.
    pub(super) limits: BTreeMap<String, Limit>,
    pub(super) cors: BTreeSet<Admitted>,
}

/// What each operation asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    /// Nothing where the operation is refused.
    pub(super) rows: BTreeMap<String, Option<BTreeSet<String>>>,
    /// Whether operations that it does not name are refused.
    pub(super) is_closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) calls: u64,
    /// In seconds.
    pub(super) period: u64,
}

/// Something that `cors` lets in: the list that names it, and the item.
pub(super) type Admitted = (&'static str, String);

/// Of the spec's own APIs.
pub(super) fn of_graph(graph: &Graph) -> BTreeMap<ResourceId, Demands> {
    let state = State::desired(graph);
    let policies = Policies::of(&state);
    let scopes = policies.scopes(&state).into_iter();
    scopes
        .filter_map(|scope| Some((scope.id.ancestor(API)?, Demands::of(&scope))))
        .collect()
}

impl Demands {
    pub(super) fn of(scope: &Scope<'_>) -> Self {
        let guards = guards(scope);
        let limits = held(scope)
            .into_iter()
            .filter_map(|counter| Some((counter.key.clone(), counter.limit()?)))
            .collect();
        let cors = scope
            .inbound
            .iter()
            .filter(|step| step.element.name == "cors");
        Self {
            accounts: accounts(guards),
            table: table(guards, scope),
            limits,
            cors: cors.flat_map(|step| admitted(step.element)).collect(),
        }
    }
}

/// Where the first statement stands that may answer a caller whose token was taken.
fn end(scope: &Scope<'_>) -> usize {
    let behind = scope.position("validate-jwt").map_or(0, |token| token + 1);
    let answers = scope.inbound[behind..]
        .iter()
        .position(|step| may_answer(step.element));
    answers.map_or(scope.inbound.len(), |at| behind + at)
}

fn guards<'s, 'a>(scope: &'s Scope<'a>) -> &'s [Step<'a>] {
    scope
        .position("validate-jwt")
        .map_or(&[], |token| &scope.inbound[token + 1..end(scope)])
}

/// The condition of a choice whose first branch refuses.
fn refused_if(step: &Element) -> Option<String> {
    let branch = step.elements().next().filter(|_| step.name == "choose")?;
    let is_refused = branch.elements().next().is_some_and(refuses);
    attribute(branch, "condition").filter(|_| is_refused)
}

fn accounts(guards: &[Step<'_>]) -> Option<BTreeSet<String>> {
    let mut lists = guards
        .iter()
        .filter_map(|step| policy::read_accounts(&refused_if(step.element)?));
    Some(lists.next()?.into_iter().collect())
}

fn asks(element: &Element) -> Option<BTreeSet<String>> {
    let is_it = element.name == "set-variable" && element.get("name") == Some(REQUIRED_SCOPES);
    let value = attribute(element, "value").filter(|_| is_it)?;
    Some(value.split_whitespace().map(str::to_owned).collect())
}

fn table(guards: &[Step<'_>], scope: &Scope<'_>) -> Option<Table> {
    let names_scopes = |branch: &Element| {
        branch
            .elements()
            .next()
            .is_some_and(|it| asks(it).is_some())
    };
    let at = guards
        .iter()
        .position(|step| step.element.elements().any(names_scopes))?;
    let mut table = Table::default();
    for branch in guards[at].element.elements() {
        let first = branch.elements().next()?;
        let asked = asks(first);
        if asked.is_none() && !refuses(first) {
            return None;
        }
        if branch.name == "otherwise" {
            table.is_closed = asked.is_none();
        } else {
            let operation = policy::read_operation(&attribute(branch, "condition")?)?;
            table.rows.entry(operation).or_insert(asked);
        }
    }
    let is_looked_at = guards[at + 1..].iter().any(|step| {
        refused_if(step.element).is_some_and(|text| policy::looks_at_required_scopes(&text))
    });
    (is_looked_at && is_said_once(guards[at].element, scope)).then_some(table)
}

/// Whether nobody but the table says which scopes are required.
fn is_said_once(table: &Element, scope: &Scope<'_>) -> bool {
    let count = |element: &Element| {
        let said = every(element, "set-variable").into_iter();
        said.filter(|variable| asks(variable).is_some()).count()
    };
    let all: usize = scope.inbound.iter().map(|step| count(step.element)).sum();
    all == table.elements().count() - usize::from(table.element("otherwise").is_some())
}

impl Table {
    /// What an operation asks for; nothing where it is refused.
    pub(super) fn asked(&self, operation: &str) -> Option<BTreeSet<String>> {
        match self.rows.get(operation) {
            Some(asked) => asked.clone(),
            None => (!self.is_closed).then(BTreeSet::new),
        }
    }
}

/// How much of what is called a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counting {
    All,
    Nothing,
    /// What an expression says.
    Some,
}

/// One `rate-limit-by-key` or `quota-by-key`.
#[derive(Debug)]
pub(super) struct Counter {
    pub(super) key: String,
    calls: String,
    period: String,
    counting: Counting,
}

/// What is counted before anything may answer.
pub(super) fn held(scope: &Scope<'_>) -> Vec<Counter> {
    let names = ["rate-limit-by-key", "quota-by-key"];
    let steps = scope.inbound[..end(scope)]
        .iter()
        .filter(|step| names.contains(&step.element.name.as_str()));
    steps.map(|step| Counter::of(step.element)).collect()
}

impl Counter {
    pub(super) fn of(step: &Element) -> Self {
        let text = |name: &str| attribute(step, name).unwrap_or_default();
        Self {
            key: text("counter-key"),
            calls: text("calls"),
            period: text("renewal-period"),
            counting: counting(step),
        }
    }

    fn numbers(&self) -> Option<Limit> {
        Some(Limit {
            calls: self.calls.parse().ok()?,
            period: self.period.parse().ok()?,
        })
    }

    /// What it lets through, where that is known.
    pub(super) fn limit(&self) -> Option<Limit> {
        self.numbers().filter(|_| self.counting == Counting::All)
    }

    /// Whether it holds back what goes beyond a limit.
    pub(super) fn judge(&self, most: Limit) -> Judgement {
        let is_over = self.numbers().is_some_and(|limit| !most.is_kept_by(limit));
        if is_over || self.counting == Counting::Nothing {
            vec![stands(self.said(), most.wanted())].into()
        } else if self.limit().is_some() {
            Judgement::default()
        } else {
            Judgement::unknown("what a limit counts is made during the call")
        }
    }

    pub(super) fn said(&self) -> String {
        let counts = match self.counting {
            Counting::All => "",
            Counting::Nothing => ", and counts no call",
            Counting::Some => ", and counts what an expression says",
        };
        format!(
            "calls=\"{}\" renewal-period=\"{}\"{counts}",
            self.calls, self.period
        )
    }
}

impl Limit {
    pub(super) fn wanted(self) -> String {
        let Self { calls, period } = self;
        format!("at most {calls} calls in {period} s, and each one counts")
    }

    pub(super) fn is_kept_by(self, other: Self) -> bool {
        // As many calls in a longer time are fewer.
        u128::from(other.calls) * u128::from(self.period)
            <= u128::from(self.calls) * u128::from(other.period)
            && other.period > 0
    }
}

/// Both attributes may be left out: each call counts, as one (the policy reference on learn.microsoft.com, 2024).
fn counting(step: &Element) -> Counting {
    let plain = |name: &str| {
        let text = attribute(step, name)?;
        let inner = text
            .strip_prefix("@(")
            .and_then(|text| text.strip_suffix(')'));
        Some(inner.unwrap_or(&text).trim().to_ascii_lowercase())
    };
    let condition = plain("increment-condition");
    let count = plain("increment-count");
    let is_number = |text: &str| text.parse::<u64>().is_ok();
    match (condition.as_deref(), count.as_deref()) {
        (Some("false"), _) | (_, Some("0")) => Counting::Nothing,
        (None | Some("true"), count) if count.is_none_or(is_number) => Counting::All,
        _ => Counting::Some,
    }
}

/// Everything that a `cors` names, and whether credentials come along.
pub(super) fn admitted(cors: &Element) -> Vec<Admitted> {
    const LISTS: [&str; 4] = [
        "allowed-origins",
        "allowed-methods",
        "allowed-headers",
        "expose-headers",
    ];
    let items = LISTS.into_iter().flat_map(|list| {
        let items = cors.element(list).into_iter().flat_map(Element::elements);
        items.map(move |item| (list, text_of(item)))
    });
    let credentials = attribute(cors, "allow-credentials")
        .filter(|value| !value.eq_ignore_ascii_case("false"))
        .map(|value| ("allow-credentials", value));
    items.chain(credentials).collect()
}
