//! The spec as the compiler sees it: plain types, every reference checked, every default filled in.
//!
//! `spec::load` makes it from YAML; whatever stands here has passed validation, so nothing downstream checks
//! again. Each element that becomes a resource knows its position (`at`). Secrets are references and never values.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::value::{
    ApiName, ApiPath, ClientName, EmailAddress, FunctionName, HostName, OperationName, Origin,
    RedirectUri, Region, ResourceGroupName, ScopeName, ServiceName, SpecName, TenantDomain,
    UserFlowName,
};
use crate::resource::At;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spec {
    pub at: At,
    pub name: SpecName,
    pub azure: Azure,
    pub identity: Identity,
    pub gateway: Gateway,
    pub functions: Vec<Function>,
    pub apis: Vec<Api>,
    pub network: Network,
    pub front_door: FrontDoor,
    pub observability: Observability,
    /// Sections whose resources a plan may neither delete nor replace.
    pub protect: BTreeSet<Section>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Azure {
    pub at: At,
    pub subscription: Uuid,
    /// Directory of the subscription. Without it the subscription itself says which one that is.
    pub tenant_id: Option<Uuid>,
    pub resource_group: ResourceGroupName,
    pub location: Region,
    pub cloud: Cloud,
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Cloud {
    Public,
    UsGovernment,
    China,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Identity {
    pub at: At,
    pub provider: IdentityProvider,
    pub tenant: TenantDomain,
    pub tenant_id: Uuid,
    /// How to sign in to the identity tenant; without it the operator's own sign-in serves there too.
    pub credential: Option<Credential>,
    pub user_flow: UserFlow,
    pub api: ApiApplication,
    pub clients: Vec<Client>,
    /// The accounts that are let in; `None` lets in everybody whom the sign-in flow lets in.
    pub accounts: Option<Vec<Account>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum IdentityProvider {
    /// Azure AD B2C.
    B2c,
    /// Microsoft Entra External ID.
    ExternalId,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Credential {
    pub at: At,
    pub client_id: Uuid,
    pub client_secret: SecretSource,
}

/// Where a secret is to be had. The value is fetched at the moment it is used and never stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SecretSource {
    /// `${env:NAME}`
    Environment { variable: String },
    /// `${file:PATH}`, already resolved to a path inside the project.
    File { path: String },
    /// `${keyvault:vault/secret}`
    KeyVault { vault: String, secret: String },
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UserFlow {
    pub at: At,
    pub name: UserFlowName,
    /// Whether people may make accounts for themselves.
    pub sign_up: bool,
}

/// The application that stands for the APIs in the identity tenant: the audience of every token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ApiApplication {
    pub at: At,
    pub display_name: String,
    pub scopes: Vec<Scope>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scope {
    pub at: At,
    pub name: ScopeName,
    pub description: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Client {
    pub at: At,
    pub name: ClientName,
    pub kind: ClientKind,
    pub redirect_uris: Vec<RedirectUri>,
    pub scopes: Vec<ScopeName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ClientKind {
    /// Runs in the browser: authorization code with PKCE, no secret.
    Spa,
    /// Runs on a server.
    Web,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    pub at: At,
    pub display_name: String,
    pub sign_in: EmailAddress,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gateway {
    pub at: At,
    pub name: ServiceName,
    pub sku: Sku,
    pub publisher: Publisher,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sku {
    pub at: At,
    pub name: Tier,
    pub units: u32,
}

/// Tiers of API Management.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Tier {
    Consumption,
    Developer,
    Basic,
    Standard,
    Premium,
    BasicV2,
    StandardV2,
    PremiumV2,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Publisher {
    pub at: At,
    pub name: String,
    pub email: EmailAddress,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Function {
    pub at: At,
    pub name: FunctionName,
    pub plan: HostingPlan,
    pub runtime: Runtime,
    pub settings: Vec<Setting>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum HostingPlan {
    FlexConsumption,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Runtime {
    #[serde(rename = "node-20")]
    Node20,
    #[serde(rename = "node-22")]
    Node22,
    #[serde(rename = "node-24")]
    Node24,
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
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    pub at: At,
    pub name: String,
    pub value: SettingValue,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SettingValue {
    Plain(String),
    /// Read by Azure itself, so the value passes through neither secgw nor ARM.
    KeyVault {
        vault: String,
        secret: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize)]
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

/// Names one of `functions`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backend {
    pub at: At,
    pub function: FunctionName,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Put,
    Post,
    Delete,
    Head,
    Patch,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Head => "HEAD",
            Self::Patch => "PATCH",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TemplateParameter {
    pub name: String,
    /// JSON type: `string`, `integer`, `number`, `boolean`.
    pub kind: ParameterKind,
    pub description: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterKind {
    String,
    Integer,
    Number,
    Boolean,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RateLimit {
    pub at: At,
    pub calls: u32,
    /// Whole seconds, at most 300: the limit of `rate-limit-by-key`.
    pub per: Duration,
    pub by: RateLimitBy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RateLimitBy {
    User,
    Ip,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cors {
    pub at: At,
    pub origins: Vec<Origin>,
}

/// Extra gateway policy of the operator's own, composed with the guards and never replacing them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyFragment {
    pub at: At,
    /// The file as the user would name it, for messages about its content.
    pub file: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Network {
    pub at: At,
    pub topology: Topology,
    /// Why this topology, for people: `StandardV2 has private endpoints and outbound VNet integration`.
    pub reason: String,
    /// Range of the virtual network; only topologies with one use it.
    pub address_space: Cidr,
}

/// How traffic runs from the edge to the Function (topologies of the domain reference that are built).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Topology {
    /// T1: private link from Front Door, VNet integration to a Function that has only a private endpoint.
    #[serde(rename = "T1")]
    PrivateEdgePrivateBackend,
    /// T3: private link from Front Door; the Function is public but admits the gateway's VIP and identity only.
    #[serde(rename = "T3")]
    PrivateEdgeRestrictedBackend,
}

/// An IPv4 range; host bits are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrontDoor {
    pub at: At,
    pub sku: FrontDoorSku,
    pub waf: Waf,
    pub hsts: Hsts,
    /// Without any, the default host `*.azurefd.net` stays linked.
    pub domains: Vec<Domain>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum FrontDoorSku {
    Standard,
    Premium,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waf {
    pub at: At,
    pub mode: WafMode,
    pub rate_limit: WafRateLimit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WafMode {
    Prevention,
    Detection,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WafRateLimit {
    pub at: At,
    pub requests: u32,
    /// One minute or five: the edge counts over nothing else.
    pub per: Duration,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hsts {
    pub at: At,
    pub max_age: Duration,
    /// Only with custom domains: `azurefd.net` is not the operator's to speak for.
    pub include_subdomains: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Domain {
    pub at: At,
    pub host: HostName,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Observability {
    pub at: At,
    pub log_analytics: bool,
    /// Only with `log_analytics`: components are workspace-based.
    pub app_insights: bool,
}

/// Sections of the spec that `protect` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Section {
    Identity,
    Gateway,
    Functions,
    Apis,
    Network,
    FrontDoor,
    Observability,
}
