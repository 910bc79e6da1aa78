//! The spec as the compiler sees it: plain types, every reference checked, every default filled in.
//!
//! `spec::load` makes it from YAML; whatever stands here has passed validation, so nothing downstream checks
//! again. Each element that becomes a resource knows its position (`at`). Secrets are references and never values.
//! Sections that are written just as they are used are declared here by `section!`; what has to be worked out first
//! (operations from contracts, the topology) has its written form in `document`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use uuid::Uuid;

use super::declare::{choice, section};
use super::document::{Scopes, Settings};
use super::ownership::{IgnoreRule, Tombstone};
use super::tree::Value;
use super::validate;
use super::value::{
    ApiName, ApiPath, ClientName, ControlId, Day, EmailAddress, FunctionName, HostName,
    OperationName, Origin, PartName, RedirectUri, Region, ResourceGroupName, ScopeName,
    ServiceName, SpecName, TenantDomain, UserFlowName,
};
use super::written::Filled;
use crate::resource::{At, Safety, Unmanaged};

#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    pub at: At,
    pub name: SpecName,
    pub azure: Azure,
    pub identity: Identity,
    pub gateway: Gateway,
    /// Never empty.
    pub functions: Vec<Function>,
    /// Never empty.
    pub apis: Vec<Api>,
    pub network: Network,
    pub front_door: FrontDoor,
    pub observability: Observability,
    pub controls: Controls,
    /// Sections whose resources a plan may neither delete nor replace.
    pub protect: BTreeSet<Section>,
    pub unmanaged: Unmanaged,
    pub ignore: Vec<IgnoreRule>,
    /// What must not be there.
    pub absent: Vec<Tombstone>,
    pub moved: Vec<Moved>,
    pub safety: Safety,
}

/// The parts of a spec that may get another name and stay what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movable {
    Api,
    Client,
}

impl Movable {
    /// The list of the spec that it stands in.
    pub(super) fn list(self) -> &'static str {
        match self {
            Self::Api => "apis",
            Self::Client => "clients",
        }
    }
}

impl Spec {
    /// The name under which Azure knows a part: the one it began with, before it `moved`.
    pub fn first_name<'a>(&'a self, part: Movable, name: &'a str) -> &'a str {
        let mut first = name;
        // Each line is followed once: `validate` refuses a chain that bites its tail.
        for _ in &self.moved {
            let Some(from) = self.moved.iter().find_map(|moved| moved.from(part, first)) else {
                break;
            };
            first = from;
        }
        first
    }
}

section! {
    /// A part that was called otherwise.
    pub struct Moved {
        /// What it was called: `apis/orders`.
        "from" from: PartName,
        /// What it is called now: `apis/purchases`.
        "to" to: PartName,
    }
}

impl Moved {
    fn from(&self, part: Movable, name: &str) -> Option<&str> {
        let (list, to) = self.to.split_once('/')?;
        let (_, from) = self.from.split_once('/')?;
        (list == part.list() && to == name).then_some(from)
    }
}

section! {
    /// Where in Azure everything goes.
    pub struct Azure {
        /// Id of the subscription.
        "subscription" subscription: Uuid,
        /// Directory of the subscription. Without it the subscription itself says which one that is.
        "tenantId" tenant_id: Option<Uuid>,
        /// Resource group that holds everything; made if it does not exist.
        "resourceGroup" resource_group: ResourceGroupName,
        /// Region of everything that has one.
        "location" location: Region,
        /// Which of Azure's clouds. Their endpoints are the operator's to name, never the spec's.
        "cloud" cloud: Cloud = "public",
        /// Tags on every resource that can carry them.
        "tags" tags: BTreeMap<String, String> = Value::map(),
    }
}

choice! {
    pub enum Cloud {
        Public = "public",
        UsGovernment = "usGovernment",
        China = "china",
    }
}

section! {
    /// Who may call: the identity tenant, its sign-in flow and the applications in it.
    pub struct Identity {
        /// `b2c` for Azure AD B2C, `externalId` for Microsoft Entra External ID.
        "provider" provider: IdentityProvider,
        /// Initial domain of the identity tenant, which is not the subscription's own.
        "tenant" tenant: TenantDomain,
        /// Id of the identity tenant.
        "tenantId" tenant_id: Uuid,
        /// How to sign in to the identity tenant; without it the operator's own sign-in serves there too.
        "credential" credential: Option<Credential>,
        /// The flow by which users sign in.
        "userFlow" user_flow: UserFlow,
        /// The application that stands for the APIs: the audience of every token.
        "api" api: ApiApplication,
        /// The applications that may call the APIs.
        "clients" clients: Vec<Client> = Value::list(),
        /// The accounts that are let in, made beforehand. Left out: everybody whom the sign-in flow lets in.
        "accounts" accounts: Option<Vec<Account>>,
    }
}

choice! {
    pub enum IdentityProvider {
        /// Azure AD B2C.
        B2c = "b2c",
        /// Microsoft Entra External ID.
        ExternalId = "externalId",
    }
}

section! {
    /// A management application of the identity tenant, which secgw signs in as.
    pub struct Credential {
        /// Id of the application.
        "clientId" client_id: Uuid,
        /// Reference to its secret: `${env:NAME}`, `${file:PATH}` or `${keyvault:vault/secret}`.
        "clientSecret" client_secret: SecretSource,
    }
}

/// Where a secret is to be had. The value is fetched at the moment it is used and never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// `${env:NAME}`
    Environment { variable: String },
    /// `${file:PATH}`: relative to the working directory when it lies inside, else absolute.
    File { path: String },
    /// `${keyvault:vault/secret}`
    KeyVault { vault: String, secret: String },
}

section! {
    /// The flow by which users sign in.
    pub struct UserFlow {
        /// Id of the flow; with B2C it starts with `B2C_1_`.
        "name" name: UserFlowName,
        /// Whether people may make accounts for themselves.
        "signUp" sign_up: bool = false,
    }
}

section! {
    /// The application that stands for the APIs in the identity tenant: the audience of every token.
    pub struct ApiApplication {
        /// What people see when they are asked for consent.
        "displayName" display_name: String,
        /// What a caller may be allowed to do: scope and description.
        "scopes" scopes: Vec<Scope> as Scopes,
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    pub at: At,
    pub name: ScopeName,
    pub description: String,
}

section! {
    /// An application that signs users in and calls the APIs for them.
    pub struct Client {
        /// Name of the application.
        "name" name: ClientName,
        /// `spa` runs in the browser, `web` on a server.
        "type" kind: ClientKind,
        /// Where the identity provider may send a browser after sign-in.
        "redirectUris" redirect_uris: Vec<RedirectUri> as Filled<RedirectUri>,
        /// Scopes it may ask for.
        "scopes" scopes: Vec<ScopeName> as Filled<ScopeName>,
    }
}

choice! {
    pub enum ClientKind {
        /// Runs in the browser: authorization code with PKCE, no secret.
        Spa = "spa",
        /// Runs on a server.
        Web = "web",
    }
}

section! {
    /// An account that is made beforehand, with a random password that nobody is given.
    pub struct Account {
        /// The person's name.
        "displayName" display_name: String,
        /// The e-mail address to sign in with.
        "signIn" sign_in: EmailAddress,
    }
}

section! {
    /// The API Management service.
    pub struct Gateway {
        /// Globally unique: the host is `<name>.azure-api.net`.
        "name" name: ServiceName,
        /// Tier and size; the tier decides how private the gateway can be.
        "sku" sku: Sku,
        /// Whom Azure writes to about the service.
        "publisher" publisher: Publisher,
    }
}

section! {
    /// Tier and size of the service.
    pub struct Sku {
        /// The tier.
        "name" name: Tier,
        /// How many units of it.
        "units" units: u32 = 1,
    }
    check validate::units_fit_the_tier
}

choice! {
    /// Tiers of API Management.
    pub enum Tier {
        Consumption = "Consumption",
        Developer = "Developer",
        Basic = "Basic",
        Standard = "Standard",
        Premium = "Premium",
        BasicV2 = "BasicV2",
        StandardV2 = "StandardV2",
        PremiumV2 = "PremiumV2",
    }
}

section! {
    /// Whom Azure writes to about the service.
    pub struct Publisher {
        /// Name of the organisation.
        "name" name: String,
        /// Its address.
        "email" email: EmailAddress,
    }
}

section! {
    /// A Function app in Node.js.
    pub struct Function {
        /// Globally unique: the host is `<name>.azurewebsites.net`.
        "name" name: FunctionName,
        /// How it is hosted.
        "plan" plan: HostingPlan,
        /// The language runtime.
        "runtime" runtime: Runtime,
        /// What the code finds in its environment: text, or `${keyvault:vault/secret}` for secrets.
        "settings" settings: Vec<Setting> as Settings = Value::map(),
    }
}

choice! {
    pub enum HostingPlan {
        FlexConsumption = "flexConsumption",
    }
    refused {
        "consumption" => "the Consumption plan has neither private endpoints nor VNet integration",
        "elasticPremium" => "the Elastic Premium plan is not built yet",
        "dedicated" => "dedicated plans are not built yet",
    }
}

choice! {
    pub enum Runtime {
        Node20 = "node-20",
        Node22 = "node-22",
        Node24 = "node-24",
    }
    refused {
        "node-18" => "Node.js 18 gets no security fixes any more",
    }
}

impl Runtime {
    /// The version as Azure writes it beside the runtime's name `node`.
    pub fn version(self) -> &'static str {
        match self {
            Self::Node20 => "20",
            Self::Node22 => "22",
            Self::Node24 => "24",
        }
    }
}

/// An application setting of a Function, seen by its code as an environment variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub at: At,
    pub name: String,
    pub value: SettingValue,
}

#[derive(Clone, Debug, PartialEq)]
pub enum SettingValue {
    Plain(String),
    /// Read by Azure itself, so the value passes through neither secgw nor ARM.
    KeyVault {
        vault: String,
        secret: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Api {
    pub at: At,
    pub name: ApiName,
    pub display_name: String,
    pub description: Option<String>,
    pub path: ApiPath,
    pub backend: Backend,
    /// From the contract, with the spec's own additions merged in; never empty.
    pub operations: Vec<Operation>,
    pub rate_limit: Option<RateLimit>,
    pub cors: Option<Cors>,
    pub policy: Option<PolicyFragment>,
}

section! {
    /// What answers the calls.
    pub struct Backend {
        /// One of `functions`.
        "function" function: FunctionName,
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Where the contract (or the spec, for an inline operation) names it.
    pub at: At,
    pub name: OperationName,
    pub display_name: String,
    pub description: Option<String>,
    pub method: Method,
    /// As API Management writes it: `/orders/{orderId}`.
    pub url_template: String,
    /// Exactly the placeholders of `url_template`, in its order.
    pub template_parameters: Vec<TemplateParameter>,
    /// All of them must be in the token; never empty. The operation's own `require`, else the API's.
    pub scopes: Vec<ScopeName>,
}

choice! {
    /// Methods an operation can have. `OPTIONS` is left to CORS, `TRACE` to nobody.
    pub enum Method {
        Get = "GET",
        Put = "PUT",
        Post = "POST",
        Delete = "DELETE",
        Head = "HEAD",
        Patch = "PATCH",
    }
    refused {
        "OPTIONS" => "an operation of its own would switch off the answers that `cors` gives to preflight requests",
        "TRACE" => "the method shows callers what their requests look like behind the gateway",
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct TemplateParameter {
    pub name: String,
    /// JSON type: `string`, `integer`, `number`, `boolean`.
    pub kind: ParameterKind,
    pub description: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    String,
    Integer,
    Number,
    Boolean,
}

section! {
    /// How often somebody may call.
    pub struct RateLimit {
        /// Calls in the time given by `per`.
        "calls" calls: u32,
        /// At most five minutes: the limit of API Management's `rate-limit-by-key`.
        "per" per: Duration,
        /// Who is counted: each user, or each address.
        "by" by: RateLimitBy = "user",
    }
    check validate::rate_limit
}

choice! {
    pub enum RateLimitBy {
        User = "user",
        Ip = "ip",
    }
}

section! {
    /// Which browser applications may call from another origin.
    pub struct Cors {
        /// Each exactly as browsers send it.
        "origins" origins: Vec<Origin> as Filled<Origin>,
    }
}

/// Extra gateway policy of the operator's own, composed with the guards and never replacing them.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyFragment {
    pub at: At,
    /// The file as the user would name it, for messages about its content.
    pub file: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub at: At,
    pub topology: Topology,
    /// Why this topology, for people: `StandardV2 has private endpoints and outbound VNet integration`.
    pub reason: String,
    /// Range of the virtual network; only topologies with one use it.
    pub address_space: Cidr,
}

/// How traffic runs from the edge to the Function (topologies of the domain reference that are built).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topology {
    /// T1: private link from Front Door, VNet integration to a Function that has only a private endpoint.
    PrivateEdgePrivateBackend,
    /// T2: the gateway stands in a virtual network with a public address that answers Front Door alone, by security
    /// group and by the profile's id; the Function has only a private endpoint.
    FilteredEdgePrivateBackend,
    /// T3: private link from Front Door; the Function is public but admits the gateway's VIP and identity only.
    PrivateEdgeRestrictedBackend,
}

impl Topology {
    /// Whether Front Door reaches the gateway by private link, and nobody reaches it otherwise.
    pub fn has_private_edge(self) -> bool {
        match self {
            Self::PrivateEdgePrivateBackend | Self::PrivateEdgeRestrictedBackend => true,
            Self::FilteredEdgePrivateBackend => false,
        }
    }

    /// Whether the gateway is in a virtual network, in which the Function has a private endpoint and no other way in.
    pub fn has_private_backend(self) -> bool {
        match self {
            Self::PrivateEdgePrivateBackend | Self::FilteredEdgePrivateBackend => true,
            Self::PrivateEdgeRestrictedBackend => false,
        }
    }
}

/// An IPv4 range; host bits are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    pub address: Ipv4Addr,
    pub prefix: u8,
}

impl Cidr {
    /// The `index`th part of this range with the given prefix length; `None` when it lies outside.
    pub fn subnet(self, prefix: u8, index: u32) -> Option<Self> {
        let bits = u32::from(prefix.checked_sub(self.prefix)?);
        let fits = prefix <= 32 && u64::from(index) < 1_u64 << bits;
        let offset = u64::from(index) << (32 - u32::from(prefix.min(32)));
        let start = u64::from(u32::from(self.address)) + offset;
        let address = Ipv4Addr::from(u32::try_from(start).ok()?);
        fits.then_some(Self { address, prefix })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct FrontDoor {
    pub at: At,
    pub sku: FrontDoorSku,
    pub waf: Waf,
    pub hsts: Hsts,
    /// Without any, the default host `*.azurefd.net` stays linked.
    pub domains: Vec<Domain>,
    /// Through which region private link reaches the gateway: its own, or the nearest that has it.
    pub private_link_location: Region,
}

choice! {
    pub enum FrontDoorSku {
        Premium = "Premium",
    }
    refused {
        "Standard" => "Front Door Standard has no private link, so the gateway would stay reachable around it",
    }
}

section! {
    /// The web application firewall at the edge.
    pub struct Waf {
        /// `prevention` blocks, `detection` only logs.
        "mode" mode: WafMode = "prevention",
        /// Guards against floods, per address; exact limits belong to `apis[].rateLimit`.
        "rateLimit" rate_limit: WafRateLimit = Value::map(),
    }
}

choice! {
    pub enum WafMode {
        Prevention = "prevention",
        Detection = "detection",
    }
}

section! {
    /// Guards against floods at the edge.
    pub struct WafRateLimit {
        /// Requests in the time given by `per`.
        "requests" requests: u32 = 1000,
        /// One minute or five: the edge counts over nothing else.
        "per" per: Duration = "5m",
    }
    check validate::edge_rate_limit
}

section! {
    /// What browsers are told about HTTPS.
    pub struct Hsts {
        /// How long they remember.
        "maxAge" max_age: Duration = "365d",
        /// Only with custom domains: `azurefd.net` is not yours to speak for.
        "includeSubdomains" include_subdomains: bool = false,
    }
    check validate::hsts
}

#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    pub at: At,
    pub host: HostName,
}

section! {
    /// Logs and metrics.
    pub struct Observability {
        /// A workspace that gets the logs of gateway, edge and functions.
        "logAnalytics" log_analytics: bool = true,
        /// Traces; only with `logAnalytics`, where they are kept.
        "appInsights" app_insights: bool = true,
    }
    check validate::observability
}

section! {
    /// What the security controls make of the gateway.
    pub struct Controls {
        /// From which severity on a failing control ends `secgw check` with exit code 4.
        "failOn" fail_on: FailOn = "high",
        /// Findings that are put up with for a while.
        "accept" accept: Vec<AcceptedFinding> = Value::list(),
    }
}

choice! {
    /// Severities of controls.
    pub enum FailOn {
        Low = "low",
        Medium = "medium",
        High = "high",
        Critical = "critical",
    }
}

section! {
    /// A finding that is put up with for a while; it stays in the report.
    pub struct AcceptedFinding {
        /// Id of the control, for example `NET-04`.
        "control" control: ControlId,
        /// The resource that it is accepted for, by its id or the end of it: `sites/func-orders`. Every one when left out.
        "resource" resource: Option<String>,
        /// Why.
        "reason" reason: String,
        /// The last day on which it is accepted. From the next on it fails again.
        "expires" expires: Day,
    }
    check validate::acceptance
}

choice! {
    /// Sections of the spec that `protect` can name.
    pub enum Section {
        Identity = "identity",
        Gateway = "gateway",
        Functions = "functions",
        Apis = "apis",
        Network = "network",
        FrontDoor = "frontDoor",
        Observability = "observability",
    }
}
