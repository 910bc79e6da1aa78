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
    /// An element of the policy is put under a condition.
    Wrap(&'static str),
    /// One more resource: a child, `providers/type/name` in the group, or a Graph object.
    Add(&'static str, &'static str),
    Gone,
}

use Change::{Add, Drop, DropIn, Gone, Push, Set, Text, Wrap};

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
}

const fn row(control: &'static str, changes: &'static [(&'static str, Change)]) -> Weakening {
    Weakening {
        control,
        environment: "",
        only: "",
        changes,
        also: &[],
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

macro_rules! custom {
    ($name:literal) => {
        concat!(
            "/properties/customProperties/Microsoft.WindowsAzure.ApiManagement.Gateway.Security.",
            $name
        )
    };
}

pub(super) const WEAKENINGS: &[Weakening] = &[
    row("APIM-01", &[("apis/orders", Set("/properties/protocols", r#"["http", "https"]"#))]),
    row("APIM-01", &[("apis/orders", Set("/properties/protocols", r#"["ws"]"#))]),
    row("APIM-02", &[(SERVICE, Set(custom!("Protocols.Tls10"), r#""True""#))]),
    row("APIM-02", &[(SERVICE, Set(custom!("Protocols.Ssl30"), r#""true""#))]),
    row("APIM-03", &[(SERVICE, Set(custom!("Backend.Protocols.Tls11"), r#""True""#))]),
    row("APIM-04", &[(SERVICE, Set(custom!("Backend.Protocols.Tls13"), r#""False""#))]),
    row("APIM-04", &[(SERVICE, Set(custom!("Backend.Protocols.Tls13"), "null"))]),
    row("APIM-05", &[(SERVICE, Set(custom!("Ciphers.TLS_RSA_WITH_AES_128_CBC_SHA"), "null"))]).of("dev staging"),
    row("APIM-05", &[(SERVICE, Set(custom!("Ciphers.TripleDes168"), r#""True""#))]).of("dev staging"),
    row("APIM-06", &[("privateEndpointConnections/secgw orders-dev", Set("/properties/privateLinkServiceConnectionState/status", r#""Pending""#))])
        .of("dev")
        .also(&["AFD-11"]),
    row("APIM-07", &[(SERVICE, Set("/properties/publicNetworkAccess", r#""Enabled""#))]).of("dev prod"),
    row("APIM-08", &[("apis/orders", Set("/properties/subscriptionRequired", "true"))]),
    row("APIM-08", &[("apis/orders", Set("/properties/subscriptionRequired", "null"))]),
    row("APIM-09", &[(SERVICE, Add("subscriptions/everything", r#"{ "properties": { "scope": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/x/apis" } }"#))]),
    row("APIM-10", &[(SERVICE, Add("products/starter", r#"{ "properties": {} }"#))]),
    row("APIM-12", &[(SERVICE, Set("/identity", "null"))]).also(&["FUN-13"]),
    row("APIM-13", &[("tenant/access", Set("/properties/enabled", "true"))]).of("dev staging"),
    row("APIM-13", &[("tenant/gitAccess", Set("/properties/enabled", "true"))]).of("dev staging"),
    row("APIM-17", &[(SERVICE, Add("namedValues/key", r#"{ "properties": { "displayName": "key", "secret": true } }"#))]),
    row("APIM-17", &[(SERVICE, Add("namedValues/key", r#"{ "properties": { "displayName": "key", "secret": true, "keyVault": { "secretIdentifier": "https://kv.vault.azure.net/secrets/a", "lastStatus": { "code": "Forbidden" } } } }"#))]),
    row("APIM-18", &[("backends/secgw-orders-{env}--func-orders-{env}", Set("/properties/tls/validateCertificateName", "false"))]),
    row("APIM-18", &[("backends/secgw-orders-{env}--func-orders-{env}", Set("/properties/url", r#""http://func.azurewebsites.net/api""#))]),
    row("APIM-18", &[("apis/orders", Set("/properties/serviceUrl", r#""http://func.azurewebsites.net""#))]),
    row("APIM-19", &[(SERVICE, Set("/properties/hostnameConfigurations", r#"[{ "type": "Proxy", "hostName": "api.contoso.com", "certificateSource": "Custom" }]"#))]),
    row("APIM-19", &[(SERVICE, Set("/properties/hostnameConfigurations", r#"[{ "type": "Proxy", "hostName": "api.contoso.com", "certificateSource": "KeyVault", "keyVaultId": "https://kv.vault.azure.net/secrets/cert/0123456789abcdef" }]"#))]),
    row("APIM-19", &[(SERVICE, Set("/properties/hostnameConfigurations", r#"[{ "type": "Proxy", "hostName": "api.contoso.com", "certificateSource": "Managed", "certificate": { "expiry": "2026-12-20T00:00:00Z" } }]"#))]),
    row("APIM-22", &[("apis/orders", Add("operations/rogue", r#"{ "properties": { "method": "GET", "urlTemplate": "/rogue" } }"#))]),
    row("APIM-22", &[("apis/orders/operations/list-orders", Gone)]),
    row("POL-01", &[(POLICY, Drop("validate-jwt"))]),
    row("POL-01", &[(POLICY, Wrap("validate-jwt"))]),
    row("POL-01", &[(POLICY, Text("header-name=\"Authorization\"", "query-parameter-name=\"token\""))]),
    row("POL-01", &[(POLICY, Text("header-name=\"Authorization\"", "header-name=\"X-Token\""))]),
    row("POL-01", &[(POLICY, Text("failed-validation-httpcode=\"401\"", "failed-validation-httpcode=\"200\""))]),
    // The operation's own policy does not run its API's.
    row("POL-01", &[("apis/orders/operations/list-orders", Add("policies/policy", r#"{ "properties": { "format": "rawxml", "value": "<policies><inbound /><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>" } }"#))])
        .also(&["POL-10", "POL-11", "POL-14", "POL-16", "POL-17"]),
    row("POL-02", &[(POLICY, DropIn("validate-jwt", "audiences"))]),
    row("POL-02", &[(POLICY, DropIn("audiences", "audience"))]),
    row("POL-02", &[(POLICY, Text("<audiences>", "<audiences><audience>11111111-0000-4000-8000-000000000000</audience>"))]),
    row("POL-03", &[(POLICY, DropIn("validate-jwt", "issuers"))]),
    row("POL-03", &[(POLICY, Text("<issuers>", "<issuers><issuer>https://evil.b2clogin.com/x/v2.0/</issuer>"))]),
    row("POL-04", &[(POLICY, Text("<openid-config url=\"https://", "<openid-config url=\"http://"))]),
    row("POL-04", &[(POLICY, Text("<openid-config url=\"https://contosob2c.b2clogin.com/", "<openid-config url=\"https://contosob2c.b2clogin.com.evil.example/"))]),
    row("POL-04", &[(POLICY, Text("<audiences>", "<openid-config url=\"https://evil.example/keys\" /><audiences>"))]),
    row("POL-05", &[(POLICY, Text("require-signed-tokens=\"true\"", "require-signed-tokens=\"false\""))]),
    row("POL-05", &[(POLICY, Text("require-expiration-time=\"true\"", "require-expiration-time=\"False\""))]),
    row("POL-05", &[(POLICY, Text("clock-skew=\"60\"", "clock-skew=\"86400\""))]),
    row("POL-05", &[(POLICY, Text("<audiences>", "<issuer-signing-keys><key>c2VjcmV0</key></issuer-signing-keys><audiences>"))]),
    row("POL-06", &[(POLICY, Text("name=\"scp\"", "name=\"roles\""))]),
    row("POL-06", &[(POLICY, Text(" separator=\" \"", ""))]),
    row("POL-06", &[(POLICY, Text("separator=\" \">", "separator=\" \"><value>openid</value>"))]),
    row("POL-07", &[(POLICY, Text("name=\"tfp\"", "name=\"idp\""))]),
    row("POL-07", &[(POLICY, Text("<value>B2C_1_signin</value>", "<value>B2C_1_signin</value><value>B2C_1_signup</value>"))]),
    row("POL-10", &[(POLICY, Drop("rate-limit-by-key"))]),
    row("POL-11", &[(GLOBAL, Drop("rate-limit-by-key"))]),
    row("POL-11", &[(GLOBAL, Text("X-Azure-SocketIP", "X-Forwarded-For"))]),
    row("POL-13", &[(POLICY, Text("<allowed-origins>", "<allowed-origins><origin>*</origin>"))]),
    row("POL-13", &[(POLICY, Text("terminate-unmatched-request=\"true\"", "terminate-unmatched-request=\"false\""))]),
    row("POL-13", &[(POLICY, Text(" terminate-unmatched-request=\"true\"", ""))]),
    row("POL-13", &[(POLICY, Text("<allowed-headers>", "<allowed-headers><header>*</header>"))]),
    row("POL-14", &[(POLICY, DropIn("outbound", "base"))]),
    row("POL-14", &[(POLICY, DropIn("inbound", "base"))]).also(&["POL-11"]),
    row("POL-14", &[("policyRestrictions/secgw-orders-{env}--orders", Set("/properties/requireBase", r#""false""#))]),
    row("POL-14", &[("policyRestrictions/secgw-orders-{env}--orders", Gone)]),
    row("POL-16", &[(POLICY, Drop("authentication-managed-identity"))]),
    row("POL-16", &[(POLICY, Text("ignore-error=\"false\"", "ignore-error=\"true\""))]),
    row("POL-16", &[(POLICY, Text("<authentication-managed-identity resource=\"", "<authentication-managed-identity resource=\"x"))]),
    row("POL-17", &[(POLICY, Text("name=\"X-User-Id\" exists-action=\"override\"", "name=\"X-User-Id\" exists-action=\"skip\""))]),
    row("POL-17", &[(POLICY, Text("name=\"X-User-Scopes\"", "name=\"X-Other\""))]),
    row("AFD-01", &[(ROUTE, Set("/properties/httpsRedirect", r#""Disabled""#))]),
    row("AFD-02", &[(ROUTE, Set("/properties/forwardingProtocol", r#""MatchRequest""#))]),
    row("AFD-02", &[(ORIGIN, Set("/properties/enforceCertificateNameCheck", "false"))]),
    row("AFD-03", &[("profiles/orders-{env}-edge", Add("customDomains/api", r#"{ "properties": { "hostName": "api.contoso.com", "tlsSettings": { "minimumTlsVersion": "TLS12" } } }"#))]).also(&["WAF-02"]),
    row("AFD-03", &[("profiles/orders-{env}-edge", Add("customDomains/api", r#"{ "properties": { "hostName": "api.contoso.com", "tlsSettings": { "minimumTlsVersion": "TLS13", "cipherSuiteSetType": "TLS12_2023" } } }"#))]).also(&["WAF-02"]),
    row("AFD-05", &[("rules/headers", Set("/properties/conditions", r#"[{ "name": "RequestMethod" }]"#))]),
    row("AFD-05", &[("rules/headers", Set("/properties/actions/0/parameters/value", r#""max-age=300""#))]),
    row("AFD-05", &[(ROUTE, Set("/properties/ruleSets", "[]"))]),
    row("AFD-06", &[(ROUTE, Set("/properties/cacheConfiguration", r#"{ "queryStringCachingBehavior": "UseQueryString" }"#))]),
    row("AFD-06", &[("rules/banners", Push("/properties/actions", r#"{ "name": "RouteConfigurationOverride", "parameters": { "cacheConfiguration": { "cacheBehavior": "HonorOrigin" } } }"#))]),
    row("AFD-07", &[(ROUTE, Set("/properties/customDomains", r#"[{ "id": "/subscriptions/s/x" }]"#))]),
    row("AFD-09", &[("profiles/orders-{env}-edge/providers/Microsoft.Insights/diagnosticSettings/secgw-orders-{env}--logs", Set("/properties/logs", "[]"))]),
    row("AFD-09", &[("profiles/orders-{env}-edge/providers/Microsoft.Insights/diagnosticSettings/secgw-orders-{env}--logs", Gone)]),
    row("AFD-11", &[(ORIGIN, Set("/properties/sharedPrivateLinkResource/groupId", r#""gateway""#))]).of("dev prod"),
    row("AFD-11", &[(ORIGIN, Set("/properties/sharedPrivateLinkResource", "null"))]).of("dev prod").also(&["AFD-12"]),
    row("AFD-12", &[(SERVICE, Add("privateEndpointConnections/stranger", r#"{ "properties": { "privateEndpoint": { "id": "/subscriptions/evil/resourceGroups/e/providers/Microsoft.Network/privateEndpoints/e" }, "privateLinkServiceConnectionState": { "status": "Approved", "description": "hello" } } }"#))]),
    row("WAF-01", &[(FIREWALL, Set("/properties/policySettings/mode", r#""Detection""#))]),
    row("WAF-01", &[(FIREWALL, Set("/properties/policySettings/enabledState", r#""Disabled""#))]),
    row("WAF-02", &[("securityPolicies/firewall", Set("/properties/parameters/associations/0/patternsToMatch", r#"["/api/*"]"#))]),
    row("WAF-02", &[("securityPolicies/firewall", Gone)]),
    row("WAF-03", &[(FIREWALL, Set("/properties/managedRules/managedRuleSets/0/ruleSetAction", r#""Log""#))]),
    row("WAF-03", &[(FIREWALL, Set("/properties/managedRules/managedRuleSets/0/ruleSetVersion", r#""1.1""#))]),
    row("WAF-05", &[(FIREWALL, Push("/properties/managedRules/managedRuleSets/0/exclusions", r#"{ "matchVariable": "RequestHeaderNames", "selectorMatchOperator": "Equals", "selector": "x" }"#))]),
    row("WAF-05", &[(FIREWALL, Push("/properties/managedRules/managedRuleSets/0/ruleGroupOverrides", r#"{ "ruleGroupName": "SQLI", "rules": [] }"#))]),
    row("WAF-05", &[(FIREWALL, Push("/properties/managedRules/managedRuleSets/0/ruleGroupOverrides", r#"{ "ruleGroupName": "SQLI", "rules": [{ "ruleId": "942100", "enabledState": "Disabled" }] }"#))]),
    row("WAF-06", &[(FIREWALL, Set("/properties/customRules/rules/1/action", r#""Log""#))]),
    row("WAF-06", &[(FIREWALL, Set("/properties/customRules/rules/1/enabledState", r#""Disabled""#))]),
    row("WAF-06", &[(FIREWALL, Set("/properties/customRules/rules/1/rateLimitThreshold", "1000000"))]),
    row("WAF-06", &[(FIREWALL, Set("/properties/customRules/rules/1/matchConditions/0/matchValue", r#"["zzz"]"#))]),
    row("WAF-07", &[(FIREWALL, Push("/properties/customRules/rules", r#"{ "name": "Partner", "priority": 1, "ruleType": "MatchRule", "action": "Allow", "matchConditions": [{ "matchVariable": "RemoteAddr", "operator": "IPMatch", "matchValue": ["203.0.113.0/24"] }] }"#))]),
    row("WAF-07", &[(FIREWALL, Push("/properties/customRules/rules", r#"{ "name": "All", "priority": 1, "ruleType": "MatchRule", "action": "Allow", "matchConditions": [{ "matchVariable": "SocketAddr", "operator": "IPMatch", "matchValue": ["0.0.0.0/0"] }] }"#))]),
    row("NET-01", &[(GROUP, Push("/properties/securityRules", r#"{ "name": "no-management", "properties": { "direction": "Inbound", "access": "Deny", "priority": 105, "protocol": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRange": "3443" } }"#))]).of("staging"),
    row("NET-01", &[(GROUP, Push("/properties/securityRules", r#"{ "name": "no-sql", "properties": { "direction": "Outbound", "access": "Deny", "priority": 101, "protocol": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRange": "1000-2000" } }"#))]).of("staging"),
    row("NET-01", &[("subnets/gateway", Set("/properties/networkSecurityGroup", "null"))]).of("staging").also(&["NET-04"]),
    row("NET-02", &[("subnets/gateway", Set("/properties/delegations", r#"[{ "name": "x", "properties": { "serviceName": "Microsoft.Web/serverFarms" } }]"#))]).of("staging"),
    row("NET-04", &[(GROUP, Push("/properties/securityRules", r#"{ "name": "office", "properties": { "direction": "Inbound", "access": "Allow", "priority": 150, "protocol": "Tcp", "sourceAddressPrefix": "Internet", "destinationAddressPrefix": "*", "destinationPortRange": "443" } }"#))]).of("staging"),
    row("NET-04", &[(GROUP, Push("/properties/securityRules", r#"{ "name": "anybody", "properties": { "direction": "Inbound", "access": "Allow", "priority": 150, "protocol": "*", "sourceAddressPrefixes": ["10.0.0.0/8", "0.0.0.0/0"], "destinationAddressPrefix": "*", "destinationPortRanges": ["80", "400-500"] } }"#))]).of("staging"),
    row("POL-09", &[(GLOBAL, Drop("check-header"))]).of("staging"),
    row("POL-09", &[(GLOBAL, Text("failed-check-httpcode=\"403\"", "failed-check-httpcode=\"200\""))]).of("staging"),
    row("POL-09", &[(GLOBAL, Text("<check-header name=\"X-Azure-FDID\"", "<check-header name=\"X-Forwarded-Host\""))]).of("staging"),
    row("POL-09", &[("namedValues/secgw-orders-staging--fdid", Set("/properties/value", r#""11111111-0000-4000-8000-000000000000""#))]).of("staging"),
    row("NET-02", &[("subnets/gateway", Set("/properties/delegations", "[]"))]).of("prod"),
    row("NET-02", &[("subnets/functions", Set("/properties/delegations/0/properties/serviceName", r#""Microsoft.Web/serverFarms""#))]).of("prod"),
    row("NET-03", &[(SITE, Set("/properties/publicNetworkAccess", r#""Enabled""#))]).of("prod staging"),
    row("NET-03", &[("privateEndpoints/orders-{env}-func-orders-{env}", Gone)]).of("prod staging"),
    row("FUN-01", &[(SITE, Set("/properties/httpsOnly", "false"))]),
    row("FUN-01", &[(SITE, Add("slots/blue", r#"{ "properties": { "httpsOnly": false } }"#))]),
    row("FUN-02", &[(WEB, Set("/properties/minTlsVersion", r#""1.2""#))]),
    row("FUN-05", &[(WEB, Set("/properties/ftpsState", r#""AllAllowed""#))]),
    row("FUN-05", &[(WEB, Set("/properties/ftpsState", r#""FtpsOnly""#))]),
    row("FUN-06", &[("basicPublishingCredentialsPolicies/ftp", Set("/properties/allow", "true"))]),
    row("FUN-07", &[("basicPublishingCredentialsPolicies/scm", Set("/properties/allow", "true"))]),
    row("FUN-08", &[(WEB, Set("/properties/remoteDebuggingEnabled", "true"))]),
    row("FUN-08", &[(SITE, Set("/properties/sshEnabled", "true"))]),
    row("FUN-09", &[(WEB, Set("/properties/ipSecurityRestrictionsDefaultAction", r#""Allow""#))]),
    row("FUN-10", &[(WEB, Push("/properties/ipSecurityRestrictions", r#"{ "name": "office", "priority": 200, "action": "Allow", "tag": "Default", "ipAddress": "203.0.113.0/24" }"#))]).of("dev"),
    row("FUN-10", &[(WEB, Push("/properties/ipSecurityRestrictions", r#"{ "name": "cloud", "priority": 200, "action": "Allow", "tag": "ServiceTag", "ipAddress": "AzureCloud" }"#))]).of("dev"),
    row("FUN-10", &[(WEB, Set("/properties/ipSecurityRestrictions", "[]"))]).of("dev"),
    row("FUN-11", &[(WEB, Set("/properties/scmIpSecurityRestrictionsDefaultAction", r#""Allow""#))]),
    row("FUN-11", &[(WEB, Push("/properties/scmIpSecurityRestrictions", r#"{ "name": "all", "priority": 1, "action": "Allow", "ipAddress": "0.0.0.0/0" }"#))]),
    row("FUN-13", &[(AUTH, Set("/properties/platform/enabled", "false"))]),
    row("FUN-13", &[(AUTH, Set("/properties/globalValidation/requireAuthentication", "false"))]),
    row("FUN-13", &[(AUTH, Set("/properties/globalValidation/unauthenticatedClientAction", r#""AllowAnonymous""#))]),
    row("FUN-13", &[(AUTH, Set("/properties/globalValidation/excludedPaths", r#"["/api/health"]"#))]),
    row("FUN-13", &[(AUTH, Push("/properties/identityProviders/azureActiveDirectory/validation/defaultAuthorizationPolicy/allowedApplications", r#""11111111-0000-4000-8000-000000000000""#))]),
    row("FUN-13", &[(AUTH, Set("/properties/identityProviders/azureActiveDirectory/validation/defaultAuthorizationPolicy", "null"))]),
    row("FUN-15", &[("config/appsettings", Set("/properties/AzureWebJobsStorage", r#""DefaultEndpointsProtocol=https""#))]),
    row("FUN-15", &[(SITE, Set("/identity", "null"))]),
    row("IDP-01", &[(API_APP, Set("/api/requestedAccessTokenVersion", "1"))]),
    row("IDP-01", &[(API_APP, Set("/api/oauth2PermissionScopes/0/isEnabled", "false"))]),
    row("IDP-02", &[(API_APP, Set("/signInAudience", r#""AzureADMultipleOrgs""#))]),
    row("IDP-03", &[(API_APP, Set("/web/implicitGrantSettings/enableIdTokenIssuance", "true"))]),
    row("IDP-04", &[(API_APP, Push("/spa/redirectUris", r#""https://evil.example/cb""#))]),
    row("IDP-04", &[(API_APP, Push("/web/redirectUris", r#""http://app.contoso.com/auth""#))]),
    row("IDP-05", &[(API_APP, Set("/isFallbackPublicClient", "true"))]),
    row("IDP-05", &[(API_APP, Set("/nativeAuthenticationApisEnabled", r#""all""#))]),
    row("IDP-05", &[(SERVICE, Add("graph:identity/identity/b2cUserFlows/B2C_1_ropc", r#"{ "userFlowType": "resourceOwner" }"#))]),
    row("IDP-06", &[("b2cUserFlows/B2C_1_signin", Set("/userFlowType", r#""signUpOrSignIn""#))]),
    // Two places: a flow that signs up is nobody's business until its tokens are taken.
    row("IDP-07", &[
        (SERVICE, Add("graph:identity/identity/b2cUserFlows/B2C_1_signup", r#"{ "userFlowType": "signUpOrSignIn" }"#)),
        (POLICY, Text("<value>B2C_1_signin</value>", "<value>B2C_1_signin</value><value>b2c_1_signup</value>")),
    ])
    .also(&["POL-07"]),
    row("IDP-08", &[("oauth2PermissionGrants/client-orders-web-to-api", Set("/scope", r#""orders.read orders.write orders.ship orders.all""#))]).of("prod"),
    row("IDP-08", &[("oauth2PermissionGrants/client-orders-web-to-microsoft-graph", Set("/scope", r#""openid offline_access Directory.Read.All""#))]).of("prod"),
    row("IDP-09", &[(SERVICE, Add("graph:identity/users/eve@example.com", r#"{ "accountEnabled": true, "identities": [{ "signInType": "emailAddress", "issuer": "contosob2c.onmicrosoft.com", "issuerAssignedId": "eve@example.com" }] }"#))]),
    row("IDP-09", &[("users/ada@example.com", Gone)]),
    row("IDP-11", &[("openid-configuration", Set("/jwks_uri", r#""https://evil.example/keys""#))]).only("live"),
    row("OBS-01", &[("service/apim-orders-{env}/providers/Microsoft.Insights/diagnosticSettings/secgw-orders-{env}--logs", Set("/properties/logs/0/enabled", "false"))]),
    row("OBS-02", &[("diagnostics/azuremonitor", Set("/properties/frontend/request/headers", r#"["Authorization"]"#))]),
    row("OBS-02", &[("diagnostics/applicationinsights", Set("/properties/backend/response/body/bytes", "8192"))]),
    row("OBS-02", &[("diagnostics/azuremonitor", Set("/properties/frontend/request/dataMasking", "null"))]),
    row("GOV-02", &[(SERVICE, Add("providers/Microsoft.KeyVault/vaults/kv", r#"{ "properties": { "enableRbacAuthorization": true, "enablePurgeProtection": true, "networkAcls": { "defaultAction": "Allow" } } }"#))]),
];
