//! Elements into statements. The first thing outside the subset is the error, and then nothing runs.

use std::net::IpAddr;
use std::rc::Rc;

use super::expression::Expression;
use super::read_token;
use super::shape;
use super::statement::{
    Answer, CheckHeader, Cors, Forward, Limit, ManagedIdentity, Named, Statement, Status, Step,
    Text, WhenThere,
};
use crate::sandbox::behaviour::apim::document::{Element, Node};

/// `choose` in `choose`, fragment in fragment.
const DEEPEST: usize = 24;

pub(super) type Read<T> = Result<T, String>;

/// Where the elements being read stand.
pub(super) struct Place<'a> {
    pub(super) scope: &'static str,
    /// What `<base/>` stands for here; none in a fragment and at the outermost scope.
    pub(super) base: Option<&'a [Step]>,
    /// The root element of a policy fragment, its named values filled in.
    pub(super) fragment: &'a dyn Fn(&str) -> Read<Element>,
    pub(super) depth: usize,
}

pub(super) fn steps(parent: &Element, place: &Place) -> Read<Vec<Step>> {
    if place.depth > DEEPEST {
        return Err("statements nested too deeply".to_owned());
    }
    let mut steps = Vec::new();
    for element in parent.elements() {
        shape::check(element)?;
        match element.name.as_str() {
            "base" => {
                let base = place.base.ok_or("<base /> at this scope")?;
                steps.extend_from_slice(base);
            }
            "include-fragment" => {
                let id = literal(element, "fragment-id")?.ok_or("a fragment without name")?;
                let fragment = (place.fragment)(id)?;
                let inside = Place {
                    base: None,
                    depth: place.depth + 1,
                    ..*place
                };
                steps.extend(self::steps(&fragment, &inside)?);
            }
            _ => steps.push(Step {
                statement: Rc::new(statement(element, place)?),
                scope: place.scope,
            }),
        }
    }
    Ok(steps)
}

fn inner(element: &Element, place: &Place) -> Read<Vec<Step>> {
    let inside = Place {
        depth: place.depth + 1,
        ..*place
    };
    steps(element, &inside)
}

fn statement(element: &Element, place: &Place) -> Read<Statement> {
    Ok(match element.name.as_str() {
        "authentication-managed-identity" => Statement::ManagedIdentity(managed_identity(element)?),
        "check-header" => Statement::CheckHeader(check_header(element)?),
        "choose" => choose(element, place)?,
        "cors" => Statement::Cors(cors(element)?),
        "emit-metric" | "log-to-eventhub" | "trace" => Statement::Note(notes(element)?),
        "find-and-replace" => Statement::FindAndReplace {
            from: needed(element, "from")?,
            to: needed(element, "to")?,
        },
        "forward-request" => Statement::Forward(forward(element)?),
        "ip-filter" => ip_filter(element)?,
        "limit-concurrency" => Statement::Together(inner(element, place)?),
        "mock-response" => Statement::Mock {
            status: attribute_or(element, "status-code", "200")?,
            content_type: attribute(element, "content-type")?,
        },
        "quota" | "quota-by-key" | "rate-limit" | "rate-limit-by-key" => {
            Statement::Limit(limit(element)?)
        }
        "retry" => Statement::Retry {
            condition: needed(element, "condition")?,
            count: needed(element, "count")?,
            steps: inner(element, place)?,
        },
        "return-response" => Statement::Return(answer(element)?),
        "rewrite-uri" => Statement::RewriteUri {
            template: needed(element, "template")?,
            copies: attribute_or(element, "copy-unmatched-params", "true")?,
        },
        "set-backend-service" => Statement::SetBackend {
            url: attribute(element, "base-url")?,
            id: attribute(element, "backend-id")?,
        },
        "set-body" => Statement::SetBody(body(element)?),
        "set-header" => Statement::SetHeader(named(element)?),
        "set-method" => Statement::SetMethod(content(element)?),
        "set-query-parameter" => Statement::SetQuery(named(element)?),
        "set-status" => Statement::SetStatus(status(element)?),
        "set-variable" => Statement::SetVariable {
            name: fixed(element, "name")?,
            value: needed(element, "value")?,
        },
        "validate-azure-ad-token" => {
            Statement::ValidateToken(Box::new(read_token::workforce(element)?))
        }
        "validate-content" => Statement::ValidateContent {
            most: needed(element, "max-size")?,
            prevents_size: prevents(element, "size-exceeded-action")?,
            prevents_type: prevents(element, "unspecified-content-type-action")?,
        },
        "validate-jwt" => Statement::ValidateToken(Box::new(read_token::jwt(element)?)),
        other => return Err(format!("<{other}> as a statement")),
    })
}

/// A text that is plain or one expression: nothing says what a mixture would be.
pub(super) fn text(source: &str) -> Read<Text> {
    let trimmed = source.trim();
    if trimmed.starts_with("@(") || trimmed.starts_with("@{") {
        return Expression::parse(trimmed).map(Text::Computed);
    }
    if source.contains("@(") || source.contains("@{") {
        return Err("text and an expression in one value".to_owned());
    }
    Ok(Text::Plain(source.to_owned()))
}

pub(super) fn attribute(element: &Element, name: &str) -> Read<Option<Text>> {
    element.attribute(name).map(text).transpose()
}

pub(super) fn needed(element: &Element, name: &str) -> Read<Text> {
    attribute(element, name)?.ok_or_else(|| format!("<{}> without '{name}'", element.name))
}

pub(super) fn attribute_or(element: &Element, name: &str, default: &str) -> Read<Text> {
    Ok(attribute(element, name)?.unwrap_or_else(|| Text::Plain(default.to_owned())))
}

/// An attribute that takes no expression.
pub(super) fn literal<'a>(element: &'a Element, name: &str) -> Read<Option<&'a str>> {
    match element.attribute(name) {
        Some(value) => match text(value)? {
            Text::Plain(_) if !super::secret::is_in(value) => Ok(Some(value)),
            Text::Plain(_) | Text::Computed(_) => {
                Err(format!("a computed '{name}' of <{}>", element.name))
            }
        },
        None => Ok(None),
    }
}

pub(super) fn fixed(element: &Element, name: &str) -> Read<String> {
    let found = literal(element, name)?;
    found
        .map(str::to_owned)
        .ok_or_else(|| format!("<{}> without '{name}'", element.name))
}

/// One of the values an attribute may have; the first is the default.
pub(super) fn choice(element: &Element, name: &str, values: &[&str]) -> Read<usize> {
    let Some(found) = literal(element, name)? else {
        return Ok(0);
    };
    let mut values = values.iter();
    values
        .position(|value| value.eq_ignore_ascii_case(found))
        .ok_or_else(|| format!("'{name}' {found:?} of <{}>", element.name))
}

fn is_true(element: &Element, name: &str, default: bool) -> Read<bool> {
    if default {
        Ok(choice(element, name, &["true", "false"])? == 0)
    } else {
        Ok(choice(element, name, &["false", "true"])? == 1)
    }
}

/// The text in an element, comments left out.
fn raw(element: &Element) -> String {
    let texts = element.children.iter().filter_map(|node| match node {
        Node::Text(text) => Some(text.as_str()),
        Node::Element(_) | Node::Comment(_) => None,
    });
    texts.collect()
}

pub(super) fn content(element: &Element) -> Read<Text> {
    text(raw(element).trim())
}

/// A body's blanks are its own.
fn body(element: &Element) -> Read<Text> {
    text(&raw(element))
}

/// The texts of all children of one name, each of them checked.
pub(super) fn contents(parent: &Element, name: &str) -> Read<Vec<Text>> {
    let mut found = Vec::new();
    for child in parent.elements().filter(|child| child.name == name) {
        shape::check(child)?;
        found.push(content(child)?);
    }
    Ok(found)
}

/// The one child of that name.
pub(super) fn part<'a>(parent: &'a Element, name: &str) -> Read<Option<&'a Element>> {
    let mut children = parent.elements().filter(|child| child.name == name);
    let found = children.next();
    if children.next().is_some() {
        return Err(format!("several <{name}> in <{}>", parent.name));
    }
    found
        .map(|child| shape::check(child).map(|()| child))
        .transpose()
}

/// The texts in a child that is a list.
pub(super) fn list(parent: &Element, name: &str, of: &str) -> Read<Vec<Text>> {
    match part(parent, name)? {
        Some(list) => contents(list, of),
        None => Ok(Vec::new()),
    }
}

/// The same where no expression may stand.
fn words(parent: &Element, name: &str, of: &str) -> Read<Vec<String>> {
    let texts = list(parent, name, of)?.into_iter();
    texts
        .map(|text| match text {
            Text::Plain(word) => Ok(word),
            Text::Computed(_) => Err(format!("a computed <{of}>")),
        })
        .collect()
}

fn choose(element: &Element, place: &Place) -> Read<Statement> {
    let mut branches = Vec::new();
    let mut otherwise = None;
    for branch in element.elements() {
        shape::check(branch)?;
        let steps = inner(branch, place)?;
        match branch.name.as_str() {
            "when" if otherwise.is_none() => branches.push((needed(branch, "condition")?, steps)),
            "otherwise" if otherwise.is_none() => otherwise = Some(steps),
            _ => return Err("a branch behind <otherwise>".to_owned()),
        }
    }
    Ok(Statement::Choose {
        branches,
        otherwise: otherwise.unwrap_or_default(),
    })
}

fn check_header(element: &Element) -> Read<CheckHeader> {
    Ok(CheckHeader {
        name: needed(element, "name")?,
        code: needed(element, "failed-check-httpcode")?,
        message: needed(element, "failed-check-error-message")?,
        ignores_case: attribute_or(element, "ignore-case", "false")?,
        values: contents(element, "value")?,
    })
}

fn cors(element: &Element) -> Read<Cors> {
    let methods = part(element, "allowed-methods")?;
    let max_age = methods.map(|methods| attribute(methods, "preflight-result-max-age"));
    Ok(Cors {
        credentials: is_true(element, "allow-credentials", false)?,
        // The reference contradicts itself about the default (`domain.md` 0.2); the safer one is taken to be true.
        terminates: is_true(element, "terminate-unmatched-request", true)?,
        origins: list(element, "allowed-origins", "origin")?,
        methods: words(element, "allowed-methods", "method")?,
        max_age: max_age.transpose()?.flatten(),
        headers: words(element, "allowed-headers", "header")?,
        exposed: words(element, "expose-headers", "header")?,
    })
}

fn notes(element: &Element) -> Read<Vec<Text>> {
    let mut texts = Vec::new();
    for (_, value) in &element.attributes {
        texts.push(text(value)?);
    }
    texts.push(content(element)?);
    for child in element.elements() {
        shape::check(child)?;
        texts.extend(notes(child)?);
    }
    Ok(texts)
}

fn forward(element: &Element) -> Read<Forward> {
    let timeout = attribute(element, "timeout")?;
    Ok(Forward {
        follows: attribute_or(element, "follow-redirects", "false")?,
        fails_on_status: attribute_or(element, "fail-on-error-status-code", "false")?,
        timeout: timeout.or(attribute(element, "timeout-ms")?),
    })
}

fn ip_filter(element: &Element) -> Read<Statement> {
    let mut ranges = Vec::new();
    for child in element.elements() {
        shape::check(child)?;
        let ends = match child.name.as_str() {
            "address" => {
                let address = raw(child).trim().to_owned();
                (address.clone(), address)
            }
            _ => (fixed(child, "from")?, fixed(child, "to")?),
        };
        ranges.push((address(&ends.0)?, address(&ends.1)?));
    }
    Ok(Statement::IpFilter {
        allows: match fixed(element, "action")?.as_str() {
            "allow" => true,
            "forbid" => false,
            other => return Err(format!("'action' {other:?} of <ip-filter>")),
        },
        ranges,
    })
}

fn address(text: &str) -> Read<IpAddr> {
    text.parse()
        .map_err(|_| format!("the address {text:?} of <ip-filter>"))
}

fn limit(element: &Element) -> Read<Limit> {
    let variable = |name| literal(element, name).map(|found| found.map(str::to_owned));
    let is_by_key = element.name.ends_with("-by-key");
    Ok(Limit {
        is_quota: element.name.starts_with("quota"),
        calls: needed(element, "calls")?,
        period: needed(element, "renewal-period")?,
        key: if is_by_key {
            Some(needed(element, "counter-key")?)
        } else {
            None
        },
        condition: attribute(element, "increment-condition")?,
        count: attribute(element, "increment-count")?,
        retry_after_header: attribute(element, "retry-after-header-name")?,
        retry_after_variable: variable("retry-after-variable-name")?,
        remaining_header: attribute(element, "remaining-calls-header-name")?,
        remaining_variable: variable("remaining-calls-variable-name")?,
        total_header: attribute(element, "total-calls-header-name")?,
    })
}

fn managed_identity(element: &Element) -> Read<ManagedIdentity> {
    Ok(ManagedIdentity {
        resource: needed(element, "resource")?,
        client: attribute(element, "client-id")?,
        variable: literal(element, "output-token-variable-name")?.map(str::to_owned),
        ignores_error: is_true(element, "ignore-error", false)?,
    })
}

fn answer(element: &Element) -> Read<Answer> {
    let mut answer = Answer::default();
    for child in element.elements() {
        shape::check(child)?;
        match child.name.as_str() {
            "set-status" => answer.status = Some(status(child)?),
            "set-header" => answer.headers.push(named(child)?),
            _ => answer.body = Some(body(child)?),
        }
    }
    Ok(answer)
}

fn status(element: &Element) -> Read<Status> {
    Ok(Status {
        code: needed(element, "code")?,
        reason: attribute(element, "reason")?,
    })
}

fn named(element: &Element) -> Read<Named> {
    let actions = ["override", "append", "delete", "skip"];
    let action = choice(element, "exists-action", &actions)?;
    let values = contents(element, "value")?;
    let when_there = match actions[action] {
        "append" => WhenThere::Append,
        "delete" => WhenThere::Delete,
        "skip" => WhenThere::Skip,
        _ => WhenThere::Override,
    };
    let needs_value = !matches!(when_there, WhenThere::Delete);
    if needs_value && values.is_empty() {
        return Err(format!("<{}> without <value>", element.name));
    }
    Ok(Named {
        name: needed(element, "name")?,
        when_there,
        values,
    })
}

/// `prevent`, against `detect` and `ignore`, which let the call go on.
fn prevents(element: &Element, name: &str) -> Read<bool> {
    let action = fixed(element, name)?;
    match action.as_str() {
        "prevent" => Ok(true),
        "detect" | "ignore" => Ok(false),
        other => Err(format!("'{name}' {other:?} of <{}>", element.name)),
    }
}
