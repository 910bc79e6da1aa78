//! What the gateway answers: its policy, the APIs, their policies and operations.
//!
//! Guards first (architecture.md, decision 6): the gateway's policy waits for public access to be off, an API for the
//! gateway's policy, an API's policy for the rule that keeps `<base />` in it, and an operation, without which
//! an API answers nothing, for its API's policy.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::draft::Draft;
use super::ids::Ids;
use crate::policy::{self, Document, Edge, Extra, ExtraProblem, Limit, Part, UserClaim};
use crate::resource::Recommendation::{R1, R2, R7, R8, R9};
use crate::resource::{At, ResourceId, Term, concat, reference_to, text};
use crate::spec::{
    Api, Code, Cors, Diagnostic, IdentityProvider, Operation, ParameterKind, PolicyFragment,
    RateLimitBy, Spec,
};

/// Before any token is looked at. Many users may share an address, so this only stops a flood.
const ADDRESS_LIMIT: Limit = Limit {
    calls: 300,
    period: 60,
};

/// Where the spec names no limit per user (R8): plenty for a person, little for a script.
const USER_LIMIT: Limit = Limit {
    calls: 120,
    period: 60,
};

/// In bytes. What is larger would pass the firewall without being inspected (domain.md C.4).
const BODY_CAP: u32 = 128 * 1024;

/// Everything that is wrong with the operator's own policies, at once.
pub(super) fn compile(spec: &Spec, ids: Ids) -> Result<Vec<Draft>, Vec<Diagnostic>> {
    let mut drafts = vec![global(spec, ids)];
    let mut problems = Vec::new();
    for api in &spec.apis {
        match api.policy.as_ref().map(extra).transpose() {
            Ok(extra) => drafts.extend(Compiled { spec, ids, api }.drafts(extra)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(drafts)
    } else {
        Err(problems)
    }
}

fn extra(fragment: &PolicyFragment) -> Result<Extra, Vec<Diagnostic>> {
    let file: Arc<str> = Arc::from(fragment.file.as_str());
    Extra::read(&fragment.text).map_err(|problems| {
        problems
            .into_iter()
            .map(|problem| {
                let position = problem.at();
                let path = fragment.at.path();
                let at = At::new(path, &file, position.line, position.column);
                Diagnostic::new(
                    Code::Policy,
                    at,
                    what_is_wrong(&problem),
                    "mend the policy file, or leave `policy` out",
                )
            })
            .collect()
    })
}

fn what_is_wrong(problem: &ExtraProblem) -> String {
    match problem {
        ExtraProblem::Unreadable(error) => error.fault.to_string(),
        ExtraProblem::Lint(problem) => problem.fault.to_string(),
        ExtraProblem::Refused { refusal, .. } => refusal.to_string(),
    }
}

fn global(spec: &Spec, ids: Ids) -> Draft {
    let hsts = &spec.front_door.hsts;
    let document = policy::global(&policy::Global {
        edge: Edge::PrivateLink,
        address_limit: ADDRESS_LIMIT,
        hsts: policy::Hsts {
            max_age: hsts.max_age.as_secs(),
            include_subdomains: hsts.include_subdomains,
        },
    });
    Draft::body(ids.global_policy(), &spec.gateway.at, body(&document))
        .after(ids.closed_service())
        .serves(&[R1, R8, R9])
}

/// What is sent for a document: one text, whose holes are references.
fn body(document: &Document) -> Value {
    let parts = document.to_parts().into_iter().map(|part| match part {
        Part::Text(written) => text(written),
        Part::Hole(key) => filling(&key),
    });
    json!({ "properties": { "format": "rawxml", "value": concat(parts) } })
}

/// A value of another resource inside a document. The hole's key says which, for people too.
fn hole(resource: &ResourceId, pointer: &str) -> policy::Value {
    policy::Value::hole(format!("{resource}#{pointer}"))
}

/// What [`hole`] put there.
fn filling(key: &str) -> Term {
    key.rsplit_once('#')
        .and_then(|(id, pointer)| Some(reference_to(&ResourceId::parse(id).ok()?, pointer)))
        .unwrap_or_else(|| text(key))
}

/// One API of the spec, with what its drafts are made from.
struct Compiled<'a> {
    spec: &'a Spec,
    ids: Ids<'a>,
    api: &'a Api,
}

impl Compiled<'_> {
    fn drafts(&self, extra: Option<Extra>) -> Vec<Draft> {
        let mut drafts = vec![
            self.api(),
            self.tag(),
            self.restriction(),
            self.policy(extra),
        ];
        let operations = self.api.operations.iter();
        drafts.extend(operations.map(|operation| self.operation(operation)));
        drafts
    }

    fn api(&self) -> Draft {
        let api = self.api;
        let body = json!({
            "properties": {
                "displayName": api.display_name,
                "description": api.description,
                "path": api.path,
                "protocols": ["https"],
                // Users sign in; a key would be a second and weaker way (R7).
                "subscriptionRequired": false,
                // Calls go where the policy sends them.
                "serviceUrl": null,
                "isCurrent": true,
            }
        });
        Draft::body(self.ids.api(&api.name), &api.at, body)
            .after([self.ids.global_policy()])
            .serves(&[R1, R2, R7])
    }

    fn tag(&self) -> Draft {
        let api = self.api;
        Draft::body(self.ids.api_tag(&api.name), &api.at, json!({}))
            .after([self.ids.tag()])
            .serves(&[R1])
    }

    /// Azure refuses a policy here that drops what the gateway's does (domain.md E.3).
    fn restriction(&self) -> Draft {
        let api = self.ids.api(&self.api.name);
        let body = json!({ "properties": { "scope": api, "requireBase": "true" } });
        Draft::body(self.ids.restriction(&self.api.name), &self.api.at, body)
            .after([api])
            .serves(&[R1])
    }

    fn policy(&self, extra: Option<Extra>) -> Draft {
        let name = &self.api.name;
        let source = self.api.policy.as_ref().map_or(&self.api.at, |own| &own.at);
        let document = policy::api(&self.document(extra));
        Draft::body(self.ids.api_policy(name), source, body(&document))
            .after([self.ids.restriction(name)])
            .after([self.ids.backend(&self.api.backend.function)])
            .serves(&[R1, R7, R8])
    }

    fn document(&self, extra: Option<Extra>) -> policy::Api {
        let backend = Ids::backend_application();
        let accounts = self.spec.identity.accounts.as_ref();
        policy::Api {
            name: self.api.name.to_string(),
            cors: self.api.cors.as_ref().map(|cors| self.cors(cors)),
            body_cap: BODY_CAP,
            token: self.token(),
            user: match self.spec.identity.provider {
                IdentityProvider::B2c => UserClaim::Subject,
                IdentityProvider::ExternalId => UserClaim::ObjectId,
            },
            accounts: accounts.map(|accounts| {
                let ids = accounts.iter().map(Ids::account);
                sorted(ids).iter().map(|id| hole(id, "/@object")).collect()
            }),
            operations: self.operations(),
            address_limit: self.limit(RateLimitBy::Ip),
            user_limit: self.limit(RateLimitBy::User).or(Some(USER_LIMIT)),
            user_quota: None,
            backend: policy::Backend {
                id: self.ids.backend_name(&self.api.backend.function),
                resource: hole(&backend, "/appId"),
                identity: hole(&self.ids.gateway_identity(), "/properties/clientId"),
            },
            extra,
        }
    }

    fn limit(&self, by: RateLimitBy) -> Option<Limit> {
        let limit = self
            .api
            .rate_limit
            .as_ref()
            .filter(|limit| limit.by == by)?;
        Some(Limit {
            calls: limit.calls,
            period: u32::try_from(limit.per.as_secs()).unwrap_or(u32::MAX),
        })
    }

    fn cors(&self, cors: &Cors) -> policy::Cors {
        let methods = self.api.operations.iter().map(|operation| operation.method);
        policy::Cors {
            origins: sorted(cors.origins.iter().map(ToString::to_string)),
            methods: sorted(methods)
                .iter()
                .map(|method| method.as_str().to_owned())
                .collect(),
            headers: ["Authorization", "Content-Type"]
                .map(str::to_owned)
                .to_vec(),
        }
    }

    fn token(&self) -> policy::Token {
        let identity = &self.spec.identity;
        let clients = identity.clients.iter();
        let scopes = self
            .api
            .operations
            .iter()
            .flat_map(|operation| &operation.scopes);
        policy::Token {
            openid_config: self.ids.metadata_url().into(),
            audience: hole(&Ids::api_application(), "/appId"),
            issuer: hole(&self.ids.metadata(), "/issuer"),
            scopes: sorted(scopes.map(ToString::to_string)),
            clients: sorted(clients.map(Ids::client_application))
                .iter()
                .map(|id| hole(id, "/appId"))
                .collect(),
            sign_in_policy: match identity.provider {
                IdentityProvider::B2c => Some(identity.user_flow.name.as_str().into()),
                IdentityProvider::ExternalId => None,
            },
        }
    }

    fn operations(&self) -> Vec<policy::Operation> {
        let mut rows: Vec<policy::Operation> = self
            .api
            .operations
            .iter()
            .map(|operation| policy::Operation {
                id: operation.name.to_string(),
                scopes: sorted(operation.scopes.iter().map(ToString::to_string)),
            })
            .collect();
        rows.sort_by(|one, other| one.id.cmp(&other.id));
        rows
    }

    fn operation(&self, operation: &Operation) -> Draft {
        let parameters: Vec<Value> = operation
            .template_parameters
            .iter()
            .map(|parameter| {
                json!({
                    "name": parameter.name,
                    "type": json_type(parameter.kind),
                    "description": parameter.description,
                    "required": true,
                })
            })
            .collect();
        let body = json!({
            "properties": {
                "displayName": operation.display_name,
                "description": operation.description,
                "method": operation.method.as_str(),
                "urlTemplate": operation.url_template,
                "templateParameters": parameters,
            }
        });
        Draft::body(self.ids.operation(self.api, operation), &operation.at, body)
            .after([self.ids.api_policy(&self.api.name)])
            .serves(&[R1])
    }
}

fn json_type(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::String => "string",
        ParameterKind::Integer => "integer",
        ParameterKind::Number => "number",
        ParameterKind::Boolean => "boolean",
    }
}

/// Lists of the spec have no order, so none may show in a document.
fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<BTreeSet<_>>().into_iter().collect()
}
