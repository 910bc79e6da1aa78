//! What a check looks at: the state, what is meant by it, and the policies in effect.

use super::calls::Callees;
use super::demand::Demands;
use super::effective::{Policies, Scope};
use super::intent::Intent;
use super::state::{Entry, State};
use crate::resource::ResourceId;

pub(super) const SERVICE: &str = "Microsoft.ApiManagement/service";
pub(super) const API: &str = "Microsoft.ApiManagement/service/apis";
pub(super) const OPERATION: &str = "Microsoft.ApiManagement/service/apis/operations";
pub(super) const BACKEND: &str = "Microsoft.ApiManagement/service/backends";
pub(super) const CONNECTION: &str = "Microsoft.ApiManagement/service/privateEndpointConnections";
pub(super) const GLOBAL_POLICY: &str = "Microsoft.ApiManagement/service/policies";
pub(super) const API_POLICY: &str = "Microsoft.ApiManagement/service/apis/policies";
pub(super) const OPERATION_POLICY: &str =
    "Microsoft.ApiManagement/service/apis/operations/policies";
pub(super) const FRAGMENT: &str = "Microsoft.ApiManagement/service/policyFragments";
pub(super) const PROFILE: &str = "Microsoft.Cdn/profiles";
pub(super) const ENDPOINT: &str = "Microsoft.Cdn/profiles/afdEndpoints";
pub(super) const ROUTE: &str = "Microsoft.Cdn/profiles/afdEndpoints/routes";
pub(super) const ORIGIN: &str = "Microsoft.Cdn/profiles/originGroups/origins";
pub(super) const DOMAIN: &str = "Microsoft.Cdn/profiles/customDomains";
pub(super) const FIREWALL: &str = "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies";
pub(super) const SITE: &str = "Microsoft.Web/sites";
pub(super) const SLOT: &str = "Microsoft.Web/sites/slots";
pub(super) const SITE_CONFIG: &str = "Microsoft.Web/sites/config";
pub(super) const DIAGNOSTIC_SETTING: &str = "Microsoft.Insights/diagnosticSettings";
pub(super) const APPLICATION: &str = "Microsoft.Graph/applications";

/// Everything a check may look at; it asks nobody else.
pub struct Subject<'a> {
    pub state: &'a State,
    pub intent: &'a Intent,
    pub policies: &'a Policies,
    /// What runs for each API, by these policies.
    pub(super) scopes: Vec<Scope<'a>>,
    /// Whom the gateway's own resources say that it calls.
    pub(super) standing: Callees,
    pub today: time::Date,
}

/// The generation of a gateway: they differ in what can be set (domain.md A.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    Consumption,
    Classic,
    V2,
}

pub(super) fn tier(service: &Entry) -> &str {
    service.text("/sku/name").unwrap_or_default()
}

pub(super) fn generation(service: &Entry) -> Generation {
    match tier(service).to_ascii_lowercase().as_str() {
        "consumption" => Generation::Consumption,
        tier if tier.ends_with("v2") => Generation::V2,
        _ => Generation::Classic,
    }
}

impl<'a> Subject<'a> {
    pub fn new(
        state: &'a State,
        intent: &'a Intent,
        policies: &'a Policies,
        today: time::Date,
    ) -> Self {
        Self {
            state,
            intent,
            policies,
            scopes: policies.scopes(state),
            standing: Callees::standing(state, policies),
            today,
        }
    }

    pub(super) fn all(&self, type_name: &'a str) -> impl Iterator<Item = &'a Entry> {
        let state: &'a State = self.state;
        state.all(type_name)
    }

    /// What the spec declares that an API of its own asks for, by the id of what belongs to the API.
    pub(super) fn declared_demands(&self, id: &ResourceId) -> Option<&'a Demands> {
        let intent: &'a Intent = self.intent;
        intent.declared.as_ref()?.demands.get(&id.ancestor(API)?)
    }

    /// A configuration of a site, by its name.
    pub(super) fn config(&self, site: &ResourceId, name: &str) -> Option<&'a Entry> {
        self.state.get(&site.child("config", name))
    }

    /// The private endpoint connections of a service that are in force, with the text by which they were asked for.
    pub(super) fn approved(&self, service: &'a Entry) -> Vec<&'a Entry> {
        self.state
            .beneath(&service.id, CONNECTION)
            .filter(|entry| {
                entry.is(
                    "/properties/privateLinkServiceConnectionState/status",
                    "Approved",
                )
            })
            .collect()
    }
}
