//! From a change and what is there, the request to send. Pure.

use serde_json::Value;
use uuid::Uuid;

use crate::azure::cloud::Endpoints;
use crate::azure::request::Request;
use crate::plan::Set;
use crate::policy::{self, Document, Form};
use crate::resource::compose::{self, Values};
use crate::resource::{
    Etag, Found, Generated, How, Kind, Live, Realm, Ref, ResourceId, Term, Write, body,
};

/// The resource a request is about.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) id: &'a ResourceId,
    pub(super) kind: &'static Kind,
    pub(super) endpoints: &'a Endpoints,
}

/// A value that a change needs and live state does not have, though what it comes from was applied.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} has no usable value at {}", .0.resource, .0.pointer)]
pub(super) struct Missing(Ref);

/// Puts the values that are known by now into what a change sets.
pub(super) fn values(kind: &Kind, set: &Set, live: &Live) -> Result<Values, Missing> {
    let lookup = |reference: &Ref| {
        live.value(reference)
            .filter(|value| !kind.has_policy() || policy::may_fill(value))
    };
    set.iter()
        .map(|(pointer, term)| {
            let term = generated(&term.resolve(&lookup));
            let missing = || {
                term.references()
                    .first()
                    .map(|reference| Missing((*reference).clone()))
            };
            match (term.known(), missing()) {
                (Some(value), _) => Ok((pointer.clone(), value)),
                (None, Some(missing)) => Err(missing),
                // Nothing but references can be unknown once generated values are made.
                (None, None) => Ok((pointer.clone(), Value::Null)),
            }
        })
        .collect()
}

/// A policy that is rewritten keeps the comments that somebody put into the live one.
pub(super) fn with_comments(kind: &Kind, found: &Found, mut values: Values) -> Values {
    let is_policy = |pointer: &str| kind.has(pointer, &|how| matches!(how, How::Policy(_)));
    for (pointer, value) in values.iter_mut().filter(|(pointer, _)| is_policy(pointer)) {
        let live = body::get(&found.body, pointer).and_then(Value::as_str);
        let read = |text: &str| Document::read(text, Form::Raw).ok();
        if let (Some(live), Some(wanted)) = (live.and_then(read), value.as_str().and_then(read)) {
            *value = Value::String(policy::keep_comments(&live, &wanted).write(Form::Raw));
        }
    }
    values
}

/// Makes the values that nobody is given.
fn generated(term: &Term) -> Term {
    match term {
        // Letters, digits and symbols, 122 random bits: within every directory's complexity rules.
        Term::Generated(Generated::Password) => {
            Term::Json(Value::String(format!("Aa1!{}", Uuid::new_v4().simple())))
        }
        Term::Object(members) => Term::Object(
            members
                .iter()
                .map(|(key, term)| (key.clone(), generated(term)))
                .collect(),
        ),
        Term::Array(items) => Term::Array(items.iter().map(generated).collect()),
        Term::Json(_) | Term::Ref(_) | Term::Concat(_) | Term::Each { .. } | Term::Item => {
            term.clone()
        }
    }
}

impl Target<'_> {
    pub(super) fn create(&self, values: &Values) -> Request {
        let body = compose::for_create(values);
        match (self.kind.write, self.id.realm()) {
            (Write::Link, _) => Request {
                body: None,
                ..Request::put(self.id.realm(), self.url(None), Value::Null)
            },
            (Write::Patch, _) => Request::patch(self.id.realm(), self.url(None), body),
            (_, Realm::Graph(_)) => {
                Request::post(self.id.realm(), self.collection_url(), Some(body))
            }
            _ => Request::put(self.id.realm(), self.url(None), body),
        }
    }

    pub(super) fn update(&self, found: &Found, values: &Values) -> Request {
        let mut body = compose::for_update(self.kind, &found.body, values);
        let (realm, url) = (self.id.realm(), self.url(Some(found)));
        let request = match self.kind.write {
            Write::Put | Write::Link => Request::put(realm, url, body),
            Write::Approve => {
                // The id Azure gave it must stand in the body too (domain.md A.6).
                if let (Some(object), Value::Object(members)) = (&found.object, &mut body) {
                    members.insert("id".to_owned(), Value::String(object.clone()));
                }
                Request::put(realm, url, body)
            }
            Write::PutThenPatch if compose::is_whole(self.kind, values) => {
                Request::put(realm, url, body)
            }
            Write::PutThenPatch | Write::Patch | Write::PostThenPatch | Write::Never => {
                Request::patch(realm, url, body)
            }
        };
        match (self.kind.etag, &found.etag) {
            (Etag::Enforced | Etag::EnforcedWithStarOnDelete, Some(etag)) => request.if_match(etag),
            (Etag::EnforcedWithStarOnDelete, None) => request.if_match("*"),
            (Etag::Enforced | Etag::None, _) => request,
        }
    }

    /// What is deleted for a value that no update takes away; the value is done with.
    pub(super) fn unset(&self, values: &mut Values) -> Option<Request> {
        let rule = self.kind.unset?;
        values.get(rule.path).filter(|value| value.is_null())?;
        values.remove(rule.path);
        let below = self.id.child(rule.collection, rule.name);
        let url = self
            .endpoints
            .arm_url(below.as_str(), self.kind.api_version, &[]);
        Some(Request::delete(below.realm(), url))
    }

    pub(super) fn delete(&self, found: &Found) -> Request {
        let request = Request::delete(self.id.realm(), self.url(Some(found)));
        match (self.kind.etag, &found.etag) {
            (Etag::EnforcedWithStarOnDelete, None) => request.if_match("*"),
            (Etag::Enforced | Etag::EnforcedWithStarOnDelete, Some(etag)) => request.if_match(etag),
            (Etag::Enforced | Etag::None, _) => request,
        }
    }

    /// Where it is, by the id Azure gave it where it has one of its own.
    pub(super) fn url(&self, found: Option<&Found>) -> url::Url {
        let object = found.and_then(|found| found.object.as_deref());
        match self.id.realm() {
            Realm::Arm => self.endpoints.arm_url(
                object.unwrap_or(self.id.as_str()),
                self.kind.api_version,
                self.query(found),
            ),
            Realm::Graph(_) => {
                let path = format!(
                    "{}/{}",
                    self.id.collection(),
                    object.unwrap_or(self.id.name())
                );
                self.endpoints.graph_url(self.kind.api_version, &path, &[])
            }
            Realm::Fact => self.endpoints.arm.clone(),
        }
    }

    /// The list of what is inside of it.
    pub(super) fn inside(&self) -> Request {
        let path = format!("{}/resources", self.id);
        let url = self.endpoints.arm_url(&path, self.kind.api_version, &[]);
        Request::get(self.id.realm(), url)
    }

    fn query(&self, found: Option<&Found>) -> &'static [(&'static str, &'static str)] {
        // Subscriptions of a product go with it; without this Azure refuses (field.md 0.3).
        match (found.is_some(), self.kind.type_name) {
            (true, "Microsoft.ApiManagement/service/products") => {
                &[("deleteSubscriptions", "true")]
            }
            _ => &[],
        }
    }

    fn collection_url(&self) -> url::Url {
        self.endpoints
            .graph_url(self.kind.api_version, self.id.collection(), &[])
    }
}
