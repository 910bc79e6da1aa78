//! Every id and every derived name of the graph, computed from the spec alone.
//!
//! Families refer to each other through this file and never call each other. Names follow from logical names, so
//! a graph is the same on every machine and in every run (architecture.md, decision 1).

use uuid::Uuid;

use super::hosts::{self, Hosts};
use crate::resource::{Directory, ResourceId, owner};
use crate::spec::{
    Account, Api, ApiName, Client, Domain, FunctionName, IdentityProvider, Movable, Operation,
    Scope, Spec, Tier,
};

/// Namespace of the uuids that secgw derives from names.
const NAMESPACE: Uuid = Uuid::from_u128(0x8f2d_51c6_0f5e_4b7e_9c0a_7d6b_1f3a_e42c);

/// Tiers of the first generation: they choose their ciphers, answer to keys and come with samples (domain.md A.1).
pub(super) fn is_classic(tier: Tier) -> bool {
    match tier {
        Tier::Developer | Tier::Basic | Tier::Standard | Tier::Premium => true,
        Tier::Consumption | Tier::BasicV2 | Tier::StandardV2 | Tier::PremiumV2 => false,
    }
}

/// What a role is needed for; the ids are those of Azure's built-in roles.
#[derive(Clone, Copy)]
pub(super) enum Role {
    StorageBlobDataOwner,
    MonitoringMetricsPublisher,
}

impl Role {
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::StorageBlobDataOwner => "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
            Self::MonitoringMetricsPublisher => "3913510d-42f4-4e42-8a64-420c390055eb",
        }
    }
}

/// The parts of a virtual network.
#[derive(Clone, Copy)]
pub(super) enum Subnet {
    Gateway,
    PrivateEndpoints,
    Functions,
}

impl Subnet {
    pub(super) const ALL: [Self; 3] = [Self::Gateway, Self::PrivateEndpoints, Self::Functions];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::PrivateEndpoints => "private-endpoints",
            Self::Functions => "functions",
        }
    }
}

/// Ids and names of one spec.
#[derive(Clone, Copy)]
pub(super) struct Ids<'a> {
    spec: &'a Spec,
}

impl<'a> Ids<'a> {
    pub(super) fn new(spec: &'a Spec) -> Self {
        Self { spec }
    }

    pub(super) fn hosts(self) -> &'static Hosts {
        hosts::of(self.spec.azure.cloud)
    }

    fn named(self, part: &str) -> String {
        fitting(format!("{}-{part}", self.spec.name), LONGEST)
    }

    /// Names of kinds that carry no tag start with this: it says whose they are.
    fn prefixed(self, part: &str) -> String {
        fitting(format!("{}{part}", owner::prefix(&self.spec.name)), LONGEST)
    }
}

/// Platform and observability.
impl Ids<'_> {
    pub(super) fn group(self) -> ResourceId {
        let azure = &self.spec.azure;
        ResourceId::resource_group(&azure.subscription.to_string(), &azure.resource_group)
    }

    fn provider(self, type_name: &str, name: &str) -> ResourceId {
        self.group().provider(type_name, name)
    }

    fn managed_identity(self, name: &str) -> ResourceId {
        self.provider("Microsoft.ManagedIdentity/userAssignedIdentities", name)
    }

    pub(super) fn gateway_identity(self) -> ResourceId {
        self.managed_identity(&self.named("gateway"))
    }

    pub(super) fn function_identity(self, function: &FunctionName) -> ResourceId {
        self.managed_identity(&self.named(function))
    }

    /// Named after who is meant and not after today's principal id, so that a new principal is seen as a change of
    /// the same assignment.
    pub(super) fn role_assignment(
        scope: &ResourceId,
        principal: &ResourceId,
        role: Role,
    ) -> ResourceId {
        let logical = format!("{scope}|{principal}|{}", role.id()).to_ascii_lowercase();
        let name = Uuid::new_v5(&NAMESPACE, logical.as_bytes()).to_string();
        scope.provider("Microsoft.Authorization/roleAssignments", &name)
    }

    pub(super) fn role_definition(self, role: Role) -> String {
        format!(
            "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{}",
            self.spec.azure.subscription,
            role.id()
        )
    }

    pub(super) fn workspace(self) -> ResourceId {
        self.provider(
            "Microsoft.OperationalInsights/workspaces",
            &self.named("logs"),
        )
    }

    pub(super) fn component(self) -> ResourceId {
        self.provider("Microsoft.Insights/components", &self.named("insights"))
    }

    pub(super) fn diagnostic_setting(self, of: &ResourceId) -> ResourceId {
        of.provider(
            "Microsoft.Insights/diagnosticSettings",
            &self.prefixed("logs"),
        )
    }
}

/// Network.
impl Ids<'_> {
    pub(super) fn network(self) -> ResourceId {
        self.provider("Microsoft.Network/virtualNetworks", &self.named("network"))
    }

    pub(super) fn subnet(self, subnet: Subnet) -> ResourceId {
        self.network().child("subnets", subnet.name())
    }

    pub(super) fn security_group(self, subnet: Subnet) -> ResourceId {
        self.provider(
            "Microsoft.Network/networkSecurityGroups",
            &self.named(subnet.name()),
        )
    }

    pub(super) fn public_address(self) -> ResourceId {
        self.provider(
            "Microsoft.Network/publicIPAddresses",
            &self.named("gateway"),
        )
    }

    /// Unique within the region, as the gateway's name is; 3 to 63 lower-case letters, digits and hyphens.
    pub(super) fn public_address_label(self) -> String {
        format!("{}-gateway", self.spec.gateway.name).to_ascii_lowercase()
    }

    pub(super) fn private_endpoint(self, function: &FunctionName) -> ResourceId {
        self.provider("Microsoft.Network/privateEndpoints", &self.named(function))
    }

    pub(super) fn zone(self) -> ResourceId {
        self.provider(
            "Microsoft.Network/privateDnsZones",
            self.hosts().private_function,
        )
    }

    pub(super) fn zone_link(self) -> ResourceId {
        self.zone()
            .child("virtualNetworkLinks", &self.named("network"))
    }

    pub(super) fn zone_group(self, function: &FunctionName) -> ResourceId {
        self.private_endpoint(function)
            .child("privateDnsZoneGroups", "default")
    }
}

/// Functions.
impl Ids<'_> {
    pub(super) fn plan(self, function: &FunctionName) -> ResourceId {
        let name = fitting(format!("{function}-plan"), 60);
        self.provider("Microsoft.Web/serverfarms", &name)
    }

    pub(super) fn site(self, function: &FunctionName) -> ResourceId {
        self.provider("Microsoft.Web/sites", function)
    }

    pub(super) fn site_config(self, function: &FunctionName, name: &str) -> ResourceId {
        self.site(function).child("config", name)
    }

    pub(super) fn publishing(self, function: &FunctionName, name: &str) -> ResourceId {
        self.site(function)
            .child("basicPublishingCredentialsPolicies", name)
    }

    /// What must stand before anybody may reach the function: everything but the way in.
    pub(super) fn function_guards(self, function: &FunctionName) -> [ResourceId; 3] {
        [
            self.site_config(function, "authsettingsV2"),
            self.publishing(function, "ftp"),
            self.publishing(function, "scm"),
        ]
    }

    pub(super) fn function_host(self, function: &FunctionName) -> String {
        format!("{function}.{}", self.hosts().function)
    }

    /// Globally unique, 3 to 24 lower-case letters and digits.
    pub(super) fn storage_name(self, function: &FunctionName) -> String {
        let seed = format!("{}/{function}", self.group()).to_ascii_lowercase();
        let digits = Uuid::new_v5(&NAMESPACE, seed.as_bytes())
            .simple()
            .to_string();
        format!("st{}", &digits[..22])
    }

    pub(super) fn storage(self, function: &FunctionName) -> ResourceId {
        self.provider(
            "Microsoft.Storage/storageAccounts",
            &self.storage_name(function),
        )
    }

    pub(super) fn container(self, function: &FunctionName) -> ResourceId {
        self.storage(function)
            .child("blobServices", "default")
            .child("containers", "deployments")
    }

    pub(super) fn container_url(self, function: &FunctionName) -> String {
        let account = self.storage_name(function);
        format!("https://{account}.{}/deployments", self.hosts().blob)
    }
}

/// Edge.
impl Ids<'_> {
    pub(super) fn profile(self) -> ResourceId {
        self.provider("Microsoft.Cdn/profiles", &self.named("edge"))
    }

    pub(super) fn endpoint(self) -> ResourceId {
        self.profile().child("afdEndpoints", &self.spec.name)
    }

    pub(super) fn origin_group(self) -> ResourceId {
        self.profile().child("originGroups", "gateway")
    }

    pub(super) fn origin(self) -> ResourceId {
        self.origin_group().child("origins", "gateway")
    }

    /// Rule sets and rules take letters and digits alone.
    pub(super) fn rule_set(self) -> ResourceId {
        self.profile().child("ruleSets", "security")
    }

    pub(super) fn rule(self, name: &str) -> ResourceId {
        self.rule_set().child("rules", name)
    }

    pub(super) fn route(self) -> ResourceId {
        self.endpoint().child("routes", "gateway")
    }

    pub(super) fn security_policy(self) -> ResourceId {
        self.profile().child("securityPolicies", "firewall")
    }

    /// Dots are not allowed; dashes are doubled, so that no two hosts get one name.
    pub(super) fn custom_domain(self, domain: &Domain) -> ResourceId {
        let name = domain.host.replace('-', "--").replace('.', "-");
        self.profile().child("customDomains", &name)
    }

    /// Firewall policies take letters and digits alone: `orders-prod` becomes `secgwOrdersProd`.
    pub(super) fn firewall(self) -> ResourceId {
        let words = self.spec.name.split(|c: char| !c.is_ascii_alphanumeric());
        let name: String = words.map(capitalised).collect();
        self.provider(
            "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies",
            &format!("secgw{name}"),
        )
    }
}

/// Azure's limit for most names here; a longer one is cut and ends in a digest of all of it.
const LONGEST: usize = 80;

fn fitting(name: String, longest: usize) -> String {
    if name.len() <= longest {
        return name;
    }
    let digest = Uuid::new_v5(&NAMESPACE, name.as_bytes())
        .simple()
        .to_string();
    let kept: String = name.chars().take(longest - 9).collect();
    format!("{kept}-{}", &digest[..8])
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}", first.to_ascii_uppercase(), letters.as_str())
    })
}

/// Gateway.
impl Ids<'_> {
    pub(super) fn service(self) -> ResourceId {
        self.provider("Microsoft.ApiManagement/service", &self.spec.gateway.name)
    }

    /// Where a deleted service keeps its name for 48 hours (domain.md A.8).
    pub(super) fn deleted_service(self) -> ResourceId {
        let azure = &self.spec.azure;
        ResourceId::of_subscription(&azure.subscription.to_string())
            .provider("Microsoft.ApiManagement/locations", &azure.location)
            .child("deletedservices", &self.spec.gateway.name)
    }

    pub(super) fn service_host(self) -> String {
        format!("{}.{}", self.spec.gateway.name, self.hosts().gateway)
    }

    /// Sent along with Front Door's private link, and how the pending connection is told from a stranger's.
    pub(super) fn link_message(self) -> String {
        format!("secgw {}", self.spec.name)
    }

    pub(super) fn connection(self) -> ResourceId {
        self.service()
            .child("privateEndpointConnections", &self.link_message())
    }

    /// Holds the id that the profile writes into `X-Azure-FDID`.
    pub(super) fn front_door_id_name(self) -> String {
        self.prefixed("fdid")
    }

    pub(super) fn front_door_id(self) -> ResourceId {
        self.service()
            .child("namedValues", &self.front_door_id_name())
    }

    pub(super) fn tenant(self, access: &str) -> ResourceId {
        self.service().child("tenant", access)
    }

    /// What Azure puts into a new service of the first generation, open to anybody with a key.
    pub(super) fn samples(self) -> Vec<ResourceId> {
        let service = self.service();
        if !is_classic(self.spec.gateway.sku.name) {
            return Vec::new();
        }
        vec![
            service.child("apis", "echo-api"),
            service.child("products", "starter"),
            service.child("products", "unlimited"),
        ]
    }

    pub(super) fn backend_name(self, function: &FunctionName) -> String {
        self.prefixed(function)
    }

    pub(super) fn backend(self, function: &FunctionName) -> ResourceId {
        self.service()
            .child("backends", &self.backend_name(function))
    }

    pub(super) fn tag_name(self) -> String {
        owner::link(&self.spec.name)
    }

    pub(super) fn tag(self) -> ResourceId {
        self.service().child("tags", &self.tag_name())
    }

    pub(super) fn logger(self, name: &str) -> ResourceId {
        self.service().child("loggers", name)
    }

    pub(super) fn insights_logger(self) -> ResourceId {
        self.logger(&self.prefixed("insights"))
    }

    pub(super) fn diagnostic(self, name: &str) -> ResourceId {
        self.service().child("diagnostics", name)
    }

    fn first<'n>(self, api: &'n ApiName) -> &'n str
    where
        Self: 'n,
    {
        self.spec.first_name(Movable::Api, api)
    }

    pub(super) fn restriction(self, api: &ApiName) -> ResourceId {
        self.service()
            .child("policyRestrictions", &self.prefixed(self.first(api)))
    }

    pub(super) fn global_policy(self) -> ResourceId {
        self.service().child("policies", "policy")
    }

    pub(super) fn api(self, api: &ApiName) -> ResourceId {
        self.service().child("apis", self.first(api))
    }

    pub(super) fn api_policy(self, api: &ApiName) -> ResourceId {
        self.api(api).child("policies", "policy")
    }

    pub(super) fn api_tag(self, api: &ApiName) -> ResourceId {
        self.api(api).child("tags", &self.tag_name())
    }

    pub(super) fn operation(self, api: &Api, operation: &Operation) -> ResourceId {
        self.api(&api.name).child("operations", &operation.name)
    }

    /// What must stand before the gateway may get a policy, so that nothing but Front Door reaches it: the service with
    /// the approval without which its last change is withheld, or with the network that filters, and the id to check.
    pub(super) fn closed_service(self) -> Vec<ResourceId> {
        if self.spec.network.topology.has_private_edge() {
            vec![self.service(), self.connection()]
        } else {
            vec![
                self.service(),
                self.security_group(Subnet::Gateway),
                self.front_door_id(),
            ]
        }
    }
}

/// Identity. The key of an application is also the name in its mark, `secgw:<spec>/<name>`.
impl Ids<'_> {
    pub(super) fn application_mark(self, application: &ResourceId) -> String {
        format!(
            "{}{}",
            owner::graph_prefix(&self.spec.name),
            application.name()
        )
    }

    pub(super) fn api_application() -> ResourceId {
        ResourceId::graph(Directory::Identity, "applications", "api")
    }

    /// A deleted application keeps its identifier URIs for 30 days (domain.md D.2).
    pub(super) fn deleted_api_application() -> ResourceId {
        ResourceId::graph(Directory::Identity, "directory/deletedItems", "api")
    }

    /// Both directories register their initial domain, which is what makes the URI unique and allowed.
    pub(super) fn api_uri(self) -> String {
        format!("https://{}/{}", self.spec.identity.tenant, self.spec.name)
    }

    pub(super) fn scope(self, scope: &Scope) -> Uuid {
        let seed = format!("{}/{}", self.api_uri(), scope.name);
        Uuid::new_v5(&NAMESPACE, seed.as_bytes())
    }

    fn client(self, client: &Client) -> String {
        format!(
            "client-{}",
            self.spec.first_name(Movable::Client, &client.name)
        )
    }

    pub(super) fn client_application(self, client: &Client) -> ResourceId {
        let key = self.client(client);
        ResourceId::graph(Directory::Identity, "applications", &key)
    }

    /// Stands for the functions in the subscription's directory: managed identities get tokens nowhere else.
    pub(super) fn backend_application() -> ResourceId {
        ResourceId::graph(Directory::Workforce, "applications", "backend")
    }

    pub(super) fn service_principal(application: &ResourceId) -> ResourceId {
        let directory = if *application == Self::backend_application() {
            Directory::Workforce
        } else {
            Directory::Identity
        };
        ResourceId::graph(directory, "servicePrincipals", application.name())
    }

    /// Microsoft Graph itself, as every directory knows it.
    pub(super) fn microsoft_graph() -> ResourceId {
        ResourceId::graph(Directory::Identity, "servicePrincipals", "microsoft-graph")
    }

    pub(super) fn grant(self, client: &Client, resource: &ResourceId) -> ResourceId {
        let key = format!("{}-to-{}", self.client(client), resource.name());
        ResourceId::graph(Directory::Identity, "oauth2PermissionGrants", &key)
    }

    pub(super) fn user_flow(self) -> ResourceId {
        let identity = &self.spec.identity;
        let collection = match identity.provider {
            IdentityProvider::B2c => "identity/b2cUserFlows",
            IdentityProvider::ExternalId => "identity/authenticationEventsFlows",
        };
        ResourceId::graph(Directory::Identity, collection, &identity.user_flow.name)
    }

    pub(super) fn account(account: &Account) -> ResourceId {
        // A key holds no slash, an address may.
        let key = account.sign_in.replace('/', "%2F");
        ResourceId::graph(Directory::Identity, "users", &key)
    }

    /// Issuer and signing keys of the sign-in flow, as the identity provider publishes them (domain.md D.7).
    pub(super) fn metadata_url(self) -> String {
        let identity = &self.spec.identity;
        let tenant = identity.tenant.split('.').next().unwrap_or_default();
        let path = ".well-known/openid-configuration";
        match identity.provider {
            IdentityProvider::B2c => format!(
                "https://{tenant}.{}/{}/{}/v2.0/{path}",
                self.hosts().b2c,
                identity.tenant,
                identity.user_flow.name
            ),
            IdentityProvider::ExternalId => format!(
                "https://{tenant}.{}/{}/v2.0/{path}",
                self.hosts().external_id,
                identity.tenant_id
            ),
        }
    }

    pub(super) fn metadata(self) -> ResourceId {
        ResourceId::fact(&self.metadata_url())
    }
}
