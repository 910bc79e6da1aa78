//! API Management's gateway: what it answers by the stored service, APIs, operations and policies.
//!
//! `admission` says who gets this far, `matching` which API and operation a call is for, `access` whether a subscription
//! key is needed; `effective` puts the stored documents together, `shape` and `read` make statements of them, `run`,
//! `perform`, `guard`, `cors`, `limit` and `backend` carry them out, `expression` is their C#.
//!
//! The law of this folder: never let a call through by not understanding something. All of a call's policy is read
//! before any of it runs, and whatever is outside the subset is [`Reply::cannot_evaluate`].

mod access;
mod admission;
mod backend;
mod context;
mod cors;
mod effective;
mod expression;
mod guard;
mod limit;
mod matching;
mod perform;
mod read;
mod read_token;
mod run;
mod secret;
mod shape;
mod statement;
mod token;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Call, Plane, Reply, hosts};
use crate::sandbox::behaviour::Evidence;
use crate::sandbox::store::Object;
use access::Access;
use context::{Address, Context, Facts, Headers, Request, Response};
use effective::{Scopes, member};
use expression::{Fault, Value};
pub(crate) use limit::Counters;
use matching::{Lookup, Route};
use run::{Failure, Runner, Section, Target, error_response};
use statement::Policy;

const POLICIES: &str = "learn.microsoft.com/azure/api-management/api-management-policies";
const EXPRESSIONS: &str =
    "learn.microsoft.com/azure/api-management/api-management-policy-expressions";

/// What this folder states about Azure.
pub(crate) const CLAIMS: &[(&str, Evidence)] = &[
    (
        "what the policy statements do, their attributes and defaults",
        Evidence::Documented(POLICIES, "2025-10"),
    ),
    (
        "validate-jwt: algorithms by kind of key, keys and issuer from the OpenID configuration beside those listed",
        Evidence::Documented(
            "learn.microsoft.com/azure/api-management/validate-jwt-policy",
            "2024-03-18",
        ),
    ),
    (
        "members of context, and the types and methods of policy expressions",
        Evidence::Documented(EXPRESSIONS, "2025-10"),
    ),
    (
        "without public network access a caller from the internet reads 403 with its address and the service's name",
        Evidence::Documented(
            "learn.microsoft.com/azure/api-management/private-endpoint",
            "2025-11-11",
        ),
    ),
    (
        "with and without subscription keys: 401 with what is missing, open products, keys that are not needed ignored",
        Evidence::Documented(
            "learn.microsoft.com/azure/api-management/api-management-subscriptions",
            "2025-10",
        ),
    ),
    (
        "reasons and statuses of errors, and that on-error sees the response they would have",
        Evidence::Documented(
            "learn.microsoft.com/azure/api-management/api-management-error-handling-policies",
            "2025-10",
        ),
    ),
    (
        "an address that fits no operation is 404 and runs on-error alone: of the API where one was found, else the global one",
        Evidence::Inferred(
            "the error table names the step before policies; users customise 404 in the global on-error",
        ),
    ),
    (
        "addresses are matched without regard to case, a slash at the end makes another address",
        Evidence::Inferred("users' reports; not documented"),
    ),
    (
        "cors marks every answer to an allowed origin, errors too",
        Evidence::Inferred("browsers show the bodies of its 401 answers"),
    ),
    (
        "a gateway whose global document was deleted forwards calls as with the document it was born with",
        Evidence::Inferred("deletion was recorded, the traffic after it was not"),
    ),
];

/// Longest address the gateway takes (documented among the limits of the service, 2025-10).
const LONGEST_ADDRESS: usize = 16_384;

/// Built in, before all APIs (documented for health probes).
const STATUS_PATH: &str = "/status-0123456789abcdef";

/// Answers a call that DNS led to `service`.
pub(crate) fn answer(plane: &mut Plane, service: &str, call: Call) -> Reply {
    let Some(service) = plane.store.get(service).cloned() else {
        return Reply::closed();
    };
    if ["Created", "Activating", "Deleting"].contains(&member(&service.body, "provisioningState")) {
        return Reply::closed();
    }
    if let Some(reply) = admission::refusal(plane.store, &service, &call) {
        return reply;
    }
    if !hosts::gateway_hosts(&service).contains(&call.host) {
        return plain(error_response(404, "Resource not found"));
    }
    if call.target.len() > LONGEST_ADDRESS {
        return plain(error_response(414, "URI Too Long"));
    }
    let Some(path) = matching::normal(call.path()) else {
        return plain(error_response(400, "Bad Request"));
    };
    if call.path() == STATUS_PATH && ["GET", "HEAD"].contains(&call.method.as_str()) {
        return Reply::empty(200);
    }
    Arrival {
        plane,
        service,
        call,
        path,
    }
    .answer()
    .unwrap_or_else(|what| Reply::cannot_evaluate(&what))
}

fn plain(response: Response) -> Reply {
    Reply {
        status: response.status,
        headers: response.headers.0,
        body: response.body,
    }
}

/// A call that got in.
struct Arrival<'p, 'a> {
    plane: &'p mut Plane<'a>,
    service: Object,
    call: Call,
    path: Vec<String>,
}

impl Arrival<'_, '_> {
    fn find(&self, method: &str) -> Result<Found, String> {
        let store = self.plane.store;
        let looked = matching::find(store, &self.service.id, &self.call, method, &self.path)?;
        Ok(match looked {
            Lookup::Nothing => Found::default(),
            Lookup::Api(api, route) => Found {
                api: Some(api.clone()),
                operation: None,
                route,
            },
            Lookup::Operation(api, operation, route) => Found {
                api: Some(api.clone()),
                operation: Some(operation.clone()),
                route,
            },
        })
    }

    fn answer(self) -> Result<Reply, String> {
        let found = self.find(&self.call.method)?;
        if found.operation.is_none() {
            return self.answer_unmatched(found);
        }
        let access = match &found.api {
            Some(api) => access::check(self.plane.store, &self.service, api, &self.call),
            None => Access::default(),
        };
        let policy = self.policy(&found, access.product.as_ref())?;
        let denied = access.denied.clone();
        let runner = self.runner(found, access);
        Ok(match denied {
            None => runner.run(&policy),
            Some(failure) => runner.run_failed(&policy, failure),
        })
    }

    /// No operation fits: a preflight may still be answered, everything else is not found.
    fn answer_unmatched(self, found: Found) -> Result<Reply, String> {
        let asked = self.call.header("Access-Control-Request-Method");
        let asked_for = match asked.map(str::to_owned) {
            Some(method) if found.api.is_some() => self.find(&method)?,
            _ => Found::default(),
        };
        let preflight = self.policy(&asked_for, None)?;
        let policy = self.policy(&found, None)?;
        let runner = self.runner(found, Access::default());
        if asked_for.api.is_some() && cors::is_preflight(&runner.context) {
            match cors::preflight(&preflight, &runner.context) {
                Ok(Some(response)) => return Ok(plain(response)),
                Ok(None) => {}
                Err(Fault::Unknown(what) | Fault::Thrown(what)) => return Err(what),
            }
        }
        let failure = Failure {
            source: "configuration",
            reason: "OperationNotFound",
            message: "Unable to match incoming request to an operation.".to_owned(),
            status: 404,
            shown: Some("Resource not found".to_owned()),
            headers: Vec::new(),
        };
        Ok(runner.run_failed(&policy, failure))
    }

    fn policy(&self, found: &Found, product: Option<&Object>) -> Result<Policy, String> {
        let id = |object: &Option<Object>| object.as_ref().map(|object| object.id.clone());
        let (api, operation) = (id(&found.api), id(&found.operation));
        let scopes = Scopes {
            service: &self.service.id,
            product: product.map(|product| product.id.as_str()),
            api: api.as_deref(),
            operation: operation.as_deref(),
        };
        effective::policy(self.plane.store, &scopes)
    }
}

/// The outcome of matching, held by value: the run needs the store for itself.
#[derive(Default)]
struct Found {
    api: Option<Object>,
    operation: Option<Object>,
    route: Route,
}

impl<'p, 'a> Arrival<'p, 'a> {
    fn runner(self, found: Found, access: Access) -> Runner<'p, 'a> {
        let Found {
            api,
            operation,
            route,
        } = found;
        let Self {
            plane,
            service,
            call,
            path,
        } = self;
        let own_url = api.as_ref().map(|api| member(&api.body, "serviceUrl"));
        let target = Target::Api(own_url.unwrap_or_default().to_owned());
        let now = plane.now;
        let context = Context {
            request: request(&call, &path, route.parameters),
            response: None,
            variables: BTreeMap::new(),
            api: api.as_ref().map(api_facts).unwrap_or_default(),
            operation: operation.as_ref().map(operation_facts),
            product: access.product.as_ref().map(product_facts),
            subscription: access.subscription.as_ref().map(subscription_facts),
            deployment: deployment_facts(&service),
            request_id: Uuid::new_v4(),
            now,
            last_error: None,
        };
        Runner {
            plane,
            service,
            context,
            section: Section::Inbound,
            scope: "global",
            target,
            rest: route.rest,
            subscription: access.subscription.map(|subscription| subscription.key()),
            cors: None,
            added: Vec::new(),
            pending: Vec::new(),
            hops: call.hops,
        }
    }
}

fn request(call: &Call, path: &[String], matched: BTreeMap<String, String>) -> Request {
    let address = Address {
        scheme: call.scheme.as_str(),
        host: call.host.clone(),
        path: matching::joined(path),
        query: url::form_urlencoded::parse(call.query().as_bytes())
            .into_owned()
            .collect(),
    };
    let mut headers = Headers(call.headers.clone());
    headers.set("Host", call.host.clone());
    Request {
        method: call.method.clone(),
        original: address.clone(),
        address,
        headers,
        body: call.body.clone(),
        peer: call.source,
        matched,
        private_endpoint: admission::connection(call).map(|id| hosts::name(id).to_owned()),
    }
}

fn fact(object: &Object, name: &str) -> Value {
    member(&object.body, name).into()
}

fn flag(object: &Object, name: &str) -> Value {
    (object.body["properties"][name] == true).into()
}

fn api_facts(api: &Object) -> Facts {
    let id = hosts::name(&api.id);
    vec![
        ("Id", id.split(";rev=").next().unwrap_or(id).into()),
        ("Name", fact(api, "displayName")),
        ("Path", fact(api, "path")),
        ("Revision", fact(api, "apiRevision")),
        ("Version", fact(api, "apiVersion")),
        ("IsCurrentRevision", flag(api, "isCurrent")),
    ]
}

fn operation_facts(operation: &Object) -> Facts {
    vec![
        ("Id", hosts::name(&operation.id).into()),
        ("Name", fact(operation, "displayName")),
        ("Method", fact(operation, "method")),
        ("UrlTemplate", fact(operation, "urlTemplate")),
    ]
}

fn product_facts(product: &Object) -> Facts {
    vec![
        ("Id", hosts::name(&product.id).into()),
        ("Name", fact(product, "displayName")),
        ("ApprovalRequired", flag(product, "approvalRequired")),
        (
            "SubscriptionRequired",
            flag(product, "subscriptionRequired"),
        ),
    ]
}

fn subscription_facts(subscription: &Object) -> Facts {
    vec![
        ("Id", hosts::name(&subscription.id).into()),
        ("Name", fact(subscription, "displayName")),
    ]
}

fn deployment_facts(service: &Object) -> Facts {
    vec![
        ("ServiceName", hosts::name(&service.id).into()),
        (
            "Region",
            service.body["location"].as_str().unwrap_or_default().into(),
        ),
    ]
}
