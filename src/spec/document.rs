//! The written form of what the model does not hold as it was written: the whole document, APIs, the network,
//! lists and maps that become lists of elements with a position.

use std::net::Ipv4Addr;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::contract::Contract;
use super::declare::{choice, section};
use super::diagnostic::Code;
use super::model::{
    Azure, Backend, Cidr, Controls, Cors, Domain, FrontDoorSku, Function, Gateway, Hsts, Identity,
    Method, Moved, Observability, PolicyFragment, RateLimit, Scope, SecretSource, Section, Setting,
    SettingValue, Waf,
};
use super::ownership::{IgnoreRule, SafetySection, Tombstone, UnmanagedSection};
use super::read::{Read, Reader};
use super::reference::{Part, Reference, parse};
use super::secret::{is_secret_name, looks_like_secret};
use super::source::Source;
use super::tree::{Node, Place, Value};
use super::value::{ApiName, ApiPath, HostName, OperationPath, ScopeName, SpecName};
use super::written::{Filled, Kept, text_schema};

section! {
    /// A secure API gateway on Azure: which APIs there are, who may call them, where they run.
    pub(crate) struct Document {
        /// Version of this format.
        "secgw" version: Kept<Version>,
        /// Marks what the spec owns; the names that secgw derives start with it.
        "name" name: Kept<SpecName>,
        /// A spec that this one is laid over, relative to this file: maps are merged, lists whose items have a
        /// `name` are merged by it, anything else is replaced; `null` removes what is underneath.
        "extends" extends: Kept<Option<String>>,
        /// Where in Azure everything goes.
        "azure" azure: Kept<Azure>,
        /// Who may call.
        "identity" identity: Kept<Identity>,
        /// The API Management service.
        "gateway" gateway: Kept<Gateway>,
        /// The Function apps behind it.
        "functions" functions: Kept<Filled<Kept<Function>>>,
        /// The APIs that it serves.
        "apis" apis: Kept<Filled<Kept<ApiSection>>>,
        /// How the parts are connected.
        "network" network: Kept<NetworkSection> = Value::map(),
        /// The edge.
        "frontDoor" front_door: Kept<FrontDoorSection> = Value::map(),
        /// Logs and metrics.
        "observability" observability: Kept<Observability> = Value::map(),
        /// What the security controls make of the gateway.
        "controls" controls: Kept<Controls> = Value::map(),
        /// Sections whose resources a plan may neither delete nor replace.
        "protect" protect: Kept<Vec<Section>> = Value::list(),
        /// What becomes of resources and list items that the spec does not name: `report` keeps and shows them,
        /// `prune` removes them, `ignore` keeps and counts them. What secgw owns whole is pruned unless its collection
        /// says otherwise; everything else is reported.
        "unmanaged" unmanaged: Kept<UnmanagedSection> = Value::map(),
        /// What is left alone, each with its reason.
        "ignore" ignore: Kept<Vec<IgnoreRule>> = Value::list(),
        /// Resources that must not be there, whoever made them: a whole id, `Microsoft.…` in the resource group, or a
        /// path in the gateway such as `apis/legacy`.
        "absent" absent: Kept<Vec<Tombstone>> = Value::list(),
        /// Parts that have another name than they began with. Azure renames nothing, so each goes on there under its
        /// first name for as long as its line stands here; without the line the old one is deleted and a new one made.
        "moved" moved: Kept<Vec<Moved>> = Value::list(),
        /// How much one run may do: a number, or a share of what is there. 30% deletions and no replacement when left
        /// out.
        "safety" safety: Kept<SafetySection> = Value::map(),
    }
}

choice! {
    pub(crate) enum Version {
        V1 = "v1",
    }
}

section! {
    /// An API: its operations, who may call them, and what answers.
    pub(crate) struct ApiSection {
        /// Identifier of the API.
        "name" name: Kept<ApiName>,
        /// What people see; the contract's title when left out.
        "displayName" display_name: Kept<Option<String>>,
        /// Where it lies below the gateway's host.
        "path" path: Kept<ApiPath>,
        /// An OpenAPI 3 contract in YAML or JSON, relative to this file.
        "contract" contract: Kept<Option<Contract>>,
        /// What answers the calls.
        "backend" backend: Kept<Backend>,
        /// What every call needs, unless its operation says otherwise.
        "require" require: Kept<Option<Require>>,
        /// With a contract: what some of its operations need. Without: the operations.
        "operations" operations: Kept<Vec<Kept<InlineOperation>>> = Value::list(),
        /// How often somebody may call.
        "rateLimit" rate_limit: Kept<Option<RateLimit>>,
        /// Which browser applications may call from another origin.
        "cors" cors: Kept<Option<Cors>>,
        /// A file with extra gateway policy, composed with the guards and never replacing them.
        "policy" policy: Kept<Option<PolicyFragment>>,
    }
}

section! {
    /// What a call needs.
    pub(crate) struct Require {
        /// Scopes, all of which must be in the token.
        "scopes" scopes: Vec<ScopeName> as Filled<ScopeName>,
    }
}

section! {
    /// One operation of an API.
    pub(crate) struct InlineOperation {
        /// The HTTP method.
        "method" method: Method,
        /// Path below the API's own, parameters in braces.
        "path" path: OperationPath,
        /// What calls of this operation need, instead of what the API says.
        "require" require: Option<Require>,
    }
}

section! {
    /// How the parts are connected.
    pub(crate) struct NetworkSection {
        /// `auto` picks the strongest that the tier allows.
        "mode" mode: NetworkMode = "auto",
        /// Range of the virtual network, for topologies that have one.
        "addressSpace" address_space: Cidr = "10.64.0.0/20",
    }
}

choice! {
    pub(crate) enum NetworkMode {
        Auto = "auto",
        Injected = "injected",
        Integrated = "integrated",
        IpRestricted = "ipRestricted",
    }
}

section! {
    /// The edge: Front Door with its firewall.
    pub(crate) struct FrontDoorSection {
        /// Only Premium has private link and managed firewall rules.
        "sku" sku: FrontDoorSku = "Premium",
        /// The web application firewall.
        "waf" waf: Waf = Value::map(),
        /// What browsers are told about HTTPS.
        "hsts" hsts: Hsts = Value::map(),
        /// Host names of your own. None: the default host stays linked.
        "domains" domains: Vec<Domain> as Domains = Value::list(),
    }
}

/// `{ orders.read: Read orders }`
pub(crate) struct Scopes(Vec<Scope>);

impl From<Scopes> for Vec<Scope> {
    fn from(scopes: Scopes) -> Self {
        scopes.0
    }
}

impl Read for Scopes {
    type Written = Self;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            return reader.wrong_type(node, "a map of scopes and descriptions");
        }
        if node.entries().is_empty() {
            reader.report(
                node,
                Code::InvalidValue,
                "at least one is needed here",
                "for example `{ orders.read: Read orders }`",
            );
            return None;
        }
        let scopes: Vec<Option<Scope>> = node
            .entries()
            .iter()
            .map(|entry| scope(entry, reader))
            .collect();
        scopes.into_iter().collect::<Option<_>>().map(Self)
    }
}

fn scope(entry: &super::tree::Entry, reader: &mut Reader<'_>) -> Option<Scope> {
    let name = ScopeName::parse(&entry.key);
    if name.is_none() {
        let key = Node {
            value: Value::Text(entry.key.clone()),
            place: entry.key_place.clone(),
            path: entry.node.path.clone(),
        };
        ScopeName::read(&key, reader);
    }
    let description = String::read(&entry.node, reader);
    Some(Scope {
        at: entry.key_place.at(&entry.node.path),
        name: name?,
        description: description?,
    })
}

impl JsonSchema for Scopes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scopes".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object", "minProperties": 1,
            "propertyNames": { "pattern": ScopeName::RULE.pattern },
            "additionalProperties": generator.subschema_for::<<String as Read>::Written>(),
            "examples": [{ "orders.read": "Read orders" }],
        })
    }
}

/// `{ NAME: value }`, where a value may be a Key Vault reference.
pub(crate) struct Settings(Vec<Setting>);

impl From<Settings> for Vec<Setting> {
    fn from(settings: Settings) -> Self {
        settings.0
    }
}

impl Read for Settings {
    type Written = Self;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            return reader.wrong_type(node, "a map of settings");
        }
        let settings: Vec<Option<Setting>> = node
            .entries()
            .iter()
            .map(|entry| setting(entry, reader))
            .collect();
        settings.into_iter().collect::<Option<_>>().map(Self)
    }
}

/// Settings that decide how the platform runs the app are the compiler's to write.
const PLATFORM_SETTINGS: &[&str] = &[
    "AzureWebJobs",
    "WEBSITE_",
    "FUNCTIONS_",
    "APPLICATIONINSIGHTS_",
    "APPINSIGHTS_",
    "SCM_",
];

fn setting(entry: &super::tree::Entry, reader: &mut Reader<'_>) -> Option<Setting> {
    let name = entry.key.clone();
    let fine = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let key = Node {
        value: Value::Nothing,
        place: entry.key_place.clone(),
        path: entry.node.path.clone(),
    };
    if !fine {
        let help = "letters, digits and underscores, starting with a letter".to_owned();
        reader.report(
            &key,
            Code::InvalidName,
            format!("`{name}` is not a name for a setting"),
            help,
        );
    }
    let platform = PLATFORM_SETTINGS
        .iter()
        .any(|prefix| name.starts_with(prefix));
    if platform {
        reader.report(
            &key,
            Code::NotForSpecs,
            format!("`{name}` is set by secgw itself"),
            "leave it out",
        );
    }
    let value = setting_value(&name, &entry.node, reader)?;
    (fine && !platform).then(|| Setting {
        at: entry.key_place.at(&entry.node.path),
        name,
        value,
    })
}

fn setting_value(name: &str, node: &Node, reader: &mut Reader<'_>) -> Option<SettingValue> {
    if let Some(Reference::KeyVault { vault, secret }) = only_reference(node) {
        reader.notes.secrets.insert(node.path.clone());
        return Some(SettingValue::KeyVault { vault, secret });
    }
    if is_secret_name(name) {
        let help =
            "write `${keyvault:vault/secret}`: Azure reads it from there, and nobody else has to"
                .to_owned();
        reader.report_secret(
            node,
            Code::LiteralSecret,
            format!("`{name}` names a secret, but its value is not in a Key Vault"),
            help,
        );
        return None;
    }
    reader.text(node).map(SettingValue::Plain)
}

/// The reference, when the text is one and nothing else.
fn only_reference(node: &Node) -> Option<Reference> {
    match parse(node.text()?).ok()?.as_slice() {
        [Part::Reference(reference)] => Some(reference.clone()),
        _ => None,
    }
}

impl JsonSchema for Settings {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Settings".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" },
            "additionalProperties": { "type": "string" },
            "examples": [{ "ORDERS_TABLE": "orders", "PAYMENT_KEY": "${keyvault:kv-orders/payment-key}" }],
        })
    }
}

/// Host names of the operator's own.
pub(crate) struct Domains(Vec<Domain>);

impl From<Domains> for Vec<Domain> {
    fn from(domains: Domains) -> Self {
        domains.0
    }
}

impl Read for Domains {
    type Written = Vec<HostName>;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let hosts = Vec::<HostName>::read(node, reader)?;
        let domains = hosts
            .into_iter()
            .zip(node.items())
            .map(|(host, item)| Domain {
                at: item.at(),
                host,
            });
        Some(Self(domains.collect()))
    }
}

impl Read for SecretSource {
    type Written = SecretText;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.notes.secrets.insert(node.path.clone());
        if node.text().is_none() {
            return reader.wrong_type(node, "a reference to a secret");
        }
        match only_reference(node) {
            Some(Reference::Environment {
                variable,
                default: None,
            }) => Some(Self::Environment { variable }),
            Some(Reference::File { path }) => {
                reader.locate(node, &path).map(|path| Self::File { path })
            }
            Some(Reference::KeyVault { vault, secret }) => Some(Self::KeyVault { vault, secret }),
            Some(Reference::Environment {
                default: Some(_), ..
            })
            | None => {
                let help = "write `${env:NAME}`, `${file:PATH}` or `${keyvault:vault/secret}` and nothing else".to_owned();
                reader.report_secret(
                    node,
                    Code::LiteralSecret,
                    "a secret may not stand in a spec",
                    help,
                );
                None
            }
        }
    }
}

pub(crate) struct SecretText;

impl JsonSchema for SecretText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecretText".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^\$\{(env|file|keyvault):[^}]+\}$", "examples": ["${env:B2C_CLIENT_SECRET}"] })
    }
}

impl Read for PolicyFragment {
    type Written = FileText;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let path = reader.text(node)?;
        let source = reader.open(node, &path)?;
        secrets_in_text(&source, node, reader);
        Some(Self {
            at: node.at(),
            file: source.name.to_string(),
            text: source.text.clone(),
        })
    }
}

/// Policies are kept like specs, so a secret has no place in them either.
fn secrets_in_text(source: &Arc<Source>, node: &Node, reader: &mut Reader<'_>) {
    let mut offset = 0;
    for (line, text) in (1..).zip(source.text.split('\n')) {
        if let Some(what) = looks_like_secret(text) {
            let place = Place {
                source: Arc::clone(source),
                line,
                column: 1,
                offset,
                length: text.len(),
            };
            let line = Node {
                value: Value::Nothing,
                place,
                path: Arc::clone(&node.path),
            };
            let help = "take it out, change it wherever it is used, and keep it in a Key Vault";
            reader.report_secret(
                &line,
                Code::LiteralSecret,
                format!("this looks like {what}"),
                help,
            );
        }
        offset += text.len() + 1;
    }
}

pub(crate) struct FileText;

impl JsonSchema for FileText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FileText".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "examples": ["./openapi/orders.yaml"] })
    }
}

impl Read for Cidr {
    type Written = CidrText;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node)?;
        let range = parse_cidr(&text);
        if range.is_none() {
            let help = "a private IPv4 range from /8 to /22, for example `10.64.0.0/20`".to_owned();
            reader.report(
                node,
                Code::InvalidValue,
                format!("`{text}` cannot be the range of the virtual network"),
                help,
            );
        }
        range
    }
}

/// API Management recommends a /24 for itself, and three more parts need room: a /22 is the least.
fn parse_cidr(text: &str) -> Option<Cidr> {
    let (address, prefix) = text.split_once('/')?;
    let (address, prefix): (Ipv4Addr, u8) = (address.parse().ok()?, prefix.parse().ok()?);
    let aligned = u32::from(address).trailing_zeros() >= 32 - u32::from(prefix.min(32));
    ((8..=22).contains(&prefix) && aligned && address.is_private())
        .then_some(Cidr { address, prefix })
}

pub(crate) struct CidrText;

impl JsonSchema for CidrText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CidrText".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        text_schema(
            r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/([89]|1[0-9]|2[0-2])$",
            "10.64.0.0/20",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_network_needs_a_private_range_with_room() {
        assert_eq!(
            parse_cidr("10.64.0.0/20").map(|range| range.to_string()),
            Some("10.64.0.0/20".to_owned())
        );
        for text in [
            "10.64.0.0/23",
            "10.64.1.0/20",
            "8.8.0.0/16",
            "10.64.0.0",
            "10.0.0.0/99",
            "10.0.0/16",
        ] {
            assert_eq!(parse_cidr(text), None, "{text}");
        }
    }

    #[test]
    fn subnets_lie_inside_their_range() {
        let range = parse_cidr("10.64.0.0/20").unwrap();
        assert_eq!(
            range.subnet(24, 3).map(|part| part.to_string()),
            Some("10.64.3.0/24".to_owned())
        );
        assert_eq!(range.subnet(24, 16), None);
        assert_eq!(range.subnet(16, 0), None);
    }
}
