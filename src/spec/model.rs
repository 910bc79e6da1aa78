//! The spec as the compiler sees it: plain types, every reference checked, every default filled in.
//!
//! `spec::load` makes it from YAML; whatever stands here has passed validation, so nothing downstream checks
//! again. Each element that becomes a resource knows its position (`at`). Secrets are references and never values.
//! Sections that are written just as they are used are declared here by `section!`; what has to be worked out first
//! (operations from contracts, the topology) has its written form in `document`. Who may call is `identity`, how calls
//! come in `edge`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uuid::Uuid;

use super::declare::{choice, section};
use super::document::Settings;
pub use super::edge::*;
pub use super::identity::*;
use super::ownership::{IgnoreRule, Tombstone};
use super::tree::Value;
use super::validate;
use super::value::{
    ApiName, ApiPath, ControlId, Day, EmailAddress, FunctionName, OperationName, Origin, PartName,
    Region, ResourceGroupName, ScopeName, ServiceName, SpecName,
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
