//! What the gateway answers: its policy, the APIs, their policies and operations.
//!
//! Guards first (architecture.md, decision 6): the gateway's policy waits for Front Door to be the only way in, an API for
//! the gateway's policy, an API's policy for the rule that keeps `<base />` in it, and an operation, without which
//! an API answers nothing, for its API's policy.

use std::sync::Arc;

use serde_json::{Value, json};

use super::draft::{Draft, sorted};
use super::ids::Ids;
use crate::policy::{self, Document, Edge, Extra, ExtraProblem, Limit, Part, UserClaim};
use crate::resource::Recommendation::{R1, R2, R7, R8, R9, R10};
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
        edge: edge(spec, ids),
        address_limit: ADDRESS_LIMIT,
        hsts: policy::Hsts {
            max_age: hsts.max_age.as_secs(),
            include_subdomains: hsts.include_subdomains,
        },
    });
    Draft::body(ids.global_policy(), &spec.gateway.at, body(&document))
        .after(ids.closed_service())
        .serves(&[R1, R8, R9, R10])
}

fn edge(spec: &Spec, ids: Ids) -> Edge {
    if spec.network.topology.has_private_edge() {
        Edge::PrivateLink
    } else {
        Edge::HeaderCheck {
            named_value: ids.front_door_id_name(),
        }
    }
}

/// What is sent for a document: one text, whose holes are references.
fn body(document: &Document) -> Value {
    let parts = document.to_parts().into_iter().map(|part| match part {
        Part::Text(written) => text(written),
        Part::Hole(key) => filling(&key),
    });
    // Without holes it is plain text.
    let value = concat(parts).resolve(&|_| None);
    json!({ "properties": { "format": "rawxml", "value": value } })
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
            clients: sorted(clients.map(|client| self.ids.client_application(client)))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::compile::example::{Compiled, all, dev, prod};
    use crate::compile::{CompileError, compile};
    use crate::policy::{Form, Section};
    use crate::resource::Ref;

    /// An API's policy as a document, its late values replaced by their keys.
    fn policy_of(spec: &Spec) -> Document {
        let compiled = Compiled::of(spec);
        let id = compiled.ids.api_policy(&spec.apis[0].name);
        let value = compiled.at(&id, "/properties/value");
        let known = value
            .resolve(&|reference| Some(json!(reference.resource.name())))
            .known()
            .unwrap();
        Document::read(known.as_str().unwrap(), Form::Raw).unwrap()
    }

    #[test]
    fn where_no_private_link_does_the_gateway_asks_for_the_profiles_id_first() {
        for spec in all() {
            let compiled = Compiled::of(&spec);
            let ids = compiled.ids;
            let text = compiled.value(&ids.global_policy(), "/properties/value");
            let text = text.as_str().unwrap();
            let asks = !spec.network.topology.has_private_edge();
            assert_eq!(text.contains("X-Azure-FDID"), asks, "{}", spec.name);
            if asks {
                let check = text.find("<check-header").unwrap();
                assert!(check < text.find("<rate-limit-by-key").unwrap());
                let named = compiled.value(&ids.front_door_id(), "/properties/displayName");
                let value = format!("<value>{{{{{}}}}}</value>", named.as_str().unwrap());
                assert!(text.contains(&value), "{text}");
            }
        }
    }

    fn text_of(spec: &Spec) -> String {
        policy_of(spec).write(Form::Raw)
    }

    #[test]
    fn guards_come_before_what_they_guard() {
        for spec in all() {
            let compiled = Compiled::of(&spec);
            let ids = compiled.ids;
            let api = &spec.apis[0];
            for operation in &api.operations {
                compiled.assert_order(&[
                    ids.service(),
                    ids.global_policy(),
                    ids.api(&api.name),
                    ids.restriction(&api.name),
                    ids.api_policy(&api.name),
                    ids.operation(api, operation),
                ]);
            }
            for closing in ids.closed_service() {
                assert!(
                    compiled.waits_for(&ids.global_policy(), &closing),
                    "{closing}"
                );
            }
            assert!(compiled.waits_for(
                &ids.api_policy(&api.name),
                &ids.backend(&api.backend.function)
            ));
        }
    }

    #[test]
    fn an_api_is_https_without_keys_and_marked_as_ours() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let api = &spec.apis[0].name;
        let id = compiled.ids.api(api);
        assert_eq!(
            compiled.value(&id, "/properties/protocols"),
            json!(["https"])
        );
        assert_eq!(
            compiled.value(&id, "/properties/subscriptionRequired"),
            false
        );
        let link = compiled.ids.api_tag(api);
        assert_eq!(link.name(), compiled.ids.tag().name());
        assert!(compiled.waits_for(&link, &compiled.ids.tag()));
        let restriction = compiled.ids.restriction(api);
        assert_eq!(
            compiled.value(&restriction, "/properties"),
            json!({ "scope": id, "requireBase": "true" })
        );
    }

    #[test]
    fn late_values_of_a_policy_come_from_where_they_are_made() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let id = compiled.ids.api_policy(&spec.apis[0].name);
        let value = compiled.at(&id, "/properties/value");
        assert!(matches!(value, Term::Concat(_)));
        let mut wanted = vec![
            (Ids::api_application(), "/appId"),
            (compiled.ids.metadata(), "/issuer"),
            (Ids::backend_application(), "/appId"),
            (compiled.ids.gateway_identity(), "/properties/clientId"),
        ];
        let identity = &spec.identity;
        let clients = identity.clients.iter();
        wanted.extend(clients.map(|client| (compiled.ids.client_application(client), "/appId")));
        let accounts = identity.accounts.iter().flatten();
        wanted.extend(accounts.map(|account| (Ids::account(account), "/@object")));
        let wanted: BTreeSet<Ref> = wanted.iter().map(|(id, at)| Ref::new(id, at)).collect();
        let found: BTreeSet<Ref> = value.references().into_iter().cloned().collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_token_is_checked_before_a_user_is_counted_and_the_function_called() {
        let text = text_of(&prod());
        let places: Vec<usize> = [
            "<base />",
            "<validate-jwt",
            "Contains(((Jwt)context.Variables[\"jwt\"]).Subject)",
            "context.Operation.Id",
            "user:orders:",
            "<set-backend-service",
            "<authentication-managed-identity",
        ]
        .map(|part| {
            text.find(part)
                .unwrap_or_else(|| panic!("{part} in {text}"))
        })
        .to_vec();
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn every_operation_has_its_scopes_and_any_other_is_refused() {
        let spec = prod();
        let text = text_of(&spec);
        for operation in &spec.apis[0].operations {
            let row = format!("context.Operation.Id == \"{}\"", operation.name);
            assert_eq!(text.matches(&row).count(), 1, "{row}");
        }
        assert!(text.contains("<otherwise>"));
        assert!(text.contains("value=\"orders.read orders.ship\""));
    }

    #[test]
    fn with_external_id_users_are_known_by_their_object_and_no_flow_is_named() {
        let mut spec = prod();
        assert!(text_of(&spec).contains("<claim name=\"tfp\""));
        spec.identity.provider = IdentityProvider::ExternalId;
        let text = text_of(&spec);
        assert!(!text.contains("tfp") && text.contains("\"oid\""), "{text}");
    }

    #[test]
    fn users_are_counted_even_where_the_spec_does_not_say_how() {
        let mut spec = dev();
        let calls = |spec: &Spec, key: &str| {
            let document = policy_of(spec);
            let inbound = document.section(Section::Inbound).unwrap().clone();
            inbound.children.into_iter().find_map(|node| match node {
                policy::Node::Element(element) if element.name == "rate-limit-by-key" => {
                    let value = |name: &str| {
                        let mut all = element.attributes.iter();
                        let found = all.find(|attribute| attribute.name == name)?;
                        found.value.as_text().map(str::to_owned)
                    };
                    value("counter-key")?
                        .contains(key)
                        .then(|| value("calls"))?
                }
                policy::Node::Element(_) | policy::Node::Text(_) | policy::Node::Comment(_) => None,
            })
        };
        assert_eq!(calls(&spec, "user:orders:").as_deref(), Some("600"));
        assert_eq!(calls(&spec, "ip:orders:"), None);
        if let Some(limit) = &mut spec.apis[0].rate_limit {
            limit.by = RateLimitBy::Ip;
        }
        assert_eq!(calls(&spec, "ip:orders:").as_deref(), Some("600"));
        assert_eq!(calls(&spec, "user:orders:").as_deref(), Some("120"));
        spec.apis[0].rate_limit = None;
        assert_eq!(calls(&spec, "user:orders:").as_deref(), Some("120"));
    }

    #[test]
    fn everything_wrong_with_own_policies_is_reported_at_its_line() {
        let mut spec = prod();
        let at = spec.apis[0].at.clone();
        spec.apis[0].policy = Some(PolicyFragment {
            at: at.clone(),
            file: "policies/own.xml".to_owned(),
            text: "<policies>\n  <inbound>\n    <cors />\n    <base />\n  </inbound>\n</policies>"
                .to_owned(),
        });
        let Err(CompileError::Spec(problems)) = compile(&spec) else {
            panic!("an own policy may not say <base /> or <cors />");
        };
        let lines: Vec<u32> = problems.iter().map(|problem| problem.at.line()).collect();
        assert!(lines.contains(&3) && lines.contains(&4), "{problems:?}");
        for problem in &problems {
            assert_eq!(problem.at.file(), "policies/own.xml");
            assert_eq!(problem.at.path(), at.path());
            assert_eq!(problem.code, Code::Policy);
        }
    }

    #[test]
    fn the_gateways_policy_limits_every_address_and_follows_no_redirect() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let id = compiled.ids.global_policy();
        let text = compiled.value(&id, "/properties/value");
        let text = text.as_str().unwrap();
        assert!(text.contains("X-Azure-SocketIP"));
        assert!(text.contains("follow-redirects=\"false\""));
        assert!(text.contains("max-age=31536000"));
        assert_eq!(compiled.value(&id, "/properties/format"), "rawxml");
    }
}
