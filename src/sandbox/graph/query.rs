//! `OData` system query options: `$filter`, `$select`, `$top`, and paging by `$skiptoken`. `$count` is ignored.

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::entity::Entity;
use super::filter::Filter;
use super::refused;
use super::session::Session;
use crate::sandbox::message::Request;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::Object;

/// Largest `$top` (documented for directory objects).
const MOST: usize = 999;

#[derive(Debug)]
pub(super) struct Query {
    filter: Option<Filter>,
    select: Vec<String>,
    top: Option<usize>,
    /// Id of the last object of the page before.
    after: Option<String>,
}

impl Query {
    pub(super) fn parse(request: &Request, entity: &Entity) -> Result<Self, Refusal> {
        for option in ["$orderby", "$expand", "$search", "$skip"] {
            if request.parameter(option).is_some() {
                return Err(unsupported());
            }
        }
        let select = select(request, entity)?;
        let filter = filter(request, entity)?;
        let top = match request.parameter("$top").map(str::parse::<usize>) {
            None => None,
            Some(Ok(top)) if (1..=MOST).contains(&top) => Some(top),
            Some(_) => {
                return Err(refused::bad(
                    "Invalid page size specified. Must be between 1 and 999 inclusive.",
                ));
            }
        };
        let after = request.parameter("$skiptoken").map(str::to_owned);
        Ok(Self {
            filter,
            select,
            top,
            after,
        })
    }

    /// What this query shows of one object.
    pub(super) fn project(&self, entity: &Entity, body: &Value) -> Value {
        let Value::Object(body) = body else {
            return body.clone();
        };
        if !self.select.is_empty() {
            return pick(body, &self.select);
        }
        if entity.shown.is_empty() {
            return Value::Object(body.clone());
        }
        pick(body, entity.shown)
    }

    /// One page of a collection, as the body of the answer.
    pub(super) fn page(&self, session: &Session, entity: &Entity, objects: Vec<&Object>) -> Value {
        let size = self.top.unwrap_or(session.page_size.max(1));
        let mut rest = objects
            .into_iter()
            .filter(|object| self.is_after(object))
            .filter(|object| {
                self.filter
                    .as_ref()
                    .is_none_or(|filter| filter.holds(&object.body))
            });
        let page: Vec<&Object> = rest.by_ref().take(size).collect();
        let values: Vec<Value> = page
            .iter()
            .map(|object| self.project(entity, &object.body))
            .collect();
        let mut body = json!({
            "@odata.context": context(session.request, entity.collection, false),
            "value": values,
        });
        if let (Some(last), Some(_)) = (page.last(), rest.next()) {
            body["@odata.nextLink"] = next_link(session.request, &last.key()).into();
        }
        body
    }

    fn is_after(&self, object: &Object) -> bool {
        self.after
            .as_ref()
            .is_none_or(|after| object.key() > *after)
    }
}

/// `https://graph.microsoft.com/v1.0/$metadata#applications/$entity`
pub(super) fn context(request: &Request, collection: &str, is_one: bool) -> String {
    let version = request.path.trim_start_matches('/').split('/').next();
    let one = if is_one { "/$entity" } else { "" };
    format!(
        "{}/{}/$metadata#{collection}{one}",
        request.origin(),
        version.unwrap_or("v1.0")
    )
}

fn pick(body: &Map<String, Value>, names: &[impl AsRef<str>]) -> Value {
    names
        .iter()
        .filter_map(|name| {
            let (name, value) = body.get_key_value(name.as_ref())?;
            Some((name.clone(), value.clone()))
        })
        .collect::<Map<_, _>>()
        .into()
}

fn select(request: &Request, entity: &Entity) -> Result<Vec<String>, Refusal> {
    let names = request.parameter("$select").unwrap_or("");
    let mut select = Vec::new();
    for name in names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        known(entity, name)?;
        select.push(name.to_owned());
    }
    Ok(select)
}

fn filter(request: &Request, entity: &Entity) -> Result<Option<Filter>, Refusal> {
    let Some(text) = request.parameter("$filter") else {
        return Ok(None);
    };
    let filter = Filter::parse(text)
        .map_err(|why| refused::malformed(format!("Invalid filter clause: {why}.")))?;
    for name in filter.properties() {
        known(entity, name)?;
    }
    let is_eventual = request
        .header("consistencylevel")
        .is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
    if filter.is_advanced() && !is_eventual {
        return Err(unsupported());
    }
    Ok(Some(filter))
}

fn known(entity: &Entity, name: &str) -> Result<(), Refusal> {
    if entity.has_property(name) {
        return Ok(());
    }
    Err(refused::malformed(format!(
        "Could not find a property named '{name}' on type '{}'.",
        entity.odata_type
    )))
}

fn unsupported() -> Refusal {
    Refusal::new(400, "Request_UnsupportedQuery", "Unsupported Query.")
}

fn next_link(request: &Request, last: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &request.query {
        if !name.eq_ignore_ascii_case("$skiptoken") {
            query.append_pair(name, value);
        }
    }
    query.append_pair("$skiptoken", last);
    format!("{}{}?{}", request.origin(), request.path, query.finish())
}
