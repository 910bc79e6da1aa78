//! The functions: plan, storage by identity, the site and everything that locks it.
//!
//! A site is closed from its first write on: what guards it is part of the body that creates it (`siteConfig`), and
//! the way in (a private endpoint in T1 and T2, the gateway's address in T3) comes after its sign-in is required.

use serde_json::{Map, Value, json};

use super::draft::{Draft, identity, tags};
use super::ids::{Ids, Role, Subnet};
use crate::resource::Recommendation::{R1, R2, R3, R4, R5, R6, R7};
use crate::resource::{Term, concat, each, reference_to, text};
use crate::spec::{Function, HostingPlan, Runtime, SettingValue, Spec, Topology};

pub(super) fn compile(spec: &Spec, ids: Ids) -> Vec<Draft> {
    spec.functions
        .iter()
        .flat_map(|function| {
            let site = Site {
                spec,
                ids,
                function,
            };
            site.drafts()
        })
        .collect()
}

/// One function of the spec, with what its drafts are made from.
struct Site<'a> {
    spec: &'a Spec,
    ids: Ids<'a>,
    function: &'a Function,
}

impl Site<'_> {
    fn drafts(&self) -> Vec<Draft> {
        vec![
            self.plan(),
            self.storage(),
            self.container(),
            self.site(),
            self.publishing("ftp"),
            self.publishing("scm"),
            self.settings(),
            self.authentication(),
            self.configuration(),
        ]
    }

    fn plan(&self) -> Draft {
        let HostingPlan::FlexConsumption = self.function.plan;
        let body = json!({
            "location": self.spec.azure.location,
            "tags": tags(self.spec),
            "kind": "functionapp",
            "sku": { "name": "FC1", "tier": "FlexConsumption" },
            "properties": { "reserved": true },
        });
        Draft::body(self.ids.plan(&self.function.name), &self.function.at, body).serves(&[R3])
    }

    fn storage(&self) -> Draft {
        let body = json!({
            "location": self.spec.azure.location,
            "tags": tags(self.spec),
            "kind": "StorageV2",
            "sku": { "name": "Standard_LRS" },
            "properties": {
                "minimumTlsVersion": "TLS1_2",
                "supportsHttpsTrafficOnly": true,
                "allowBlobPublicAccess": false,
                "allowSharedKeyAccess": false,
                "allowCrossTenantReplication": false,
                "defaultToOAuthAuthentication": true,
            }
        });
        Draft::body(
            self.ids.storage(&self.function.name),
            &self.function.at,
            body,
        )
        .serves(&[R2, R7])
    }

    fn container(&self) -> Draft {
        let name = &self.function.name;
        let body = json!({ "properties": { "publicAccess": "None" } });
        Draft::body(self.ids.container(name), &self.function.at, body)
            .after([self.ids.storage(name)])
            .serves(&[R7])
    }

    fn site(&self) -> Draft {
        let name = &self.function.name;
        let user = self.ids.function_identity(name);
        let mut properties = json!({
            "serverFarmId": self.ids.plan(name),
            "reserved": true,
            "httpsOnly": true,
            "publicNetworkAccess": self.public_access(),
            "sshEnabled": false,
            "keyVaultReferenceIdentity": user,
            "functionAppConfig": self.app_config(),
            "siteConfig": self.closed(),
        });
        if self.has_private_endpoint() {
            properties["virtualNetworkSubnetId"] = json!(self.ids.subnet(Subnet::Functions));
            properties["outboundVnetRouting"] = json!({ "allTraffic": true });
        } else {
            // One that still reached into a network would keep it from being deleted.
            properties["virtualNetworkSubnetId"] = Value::Null;
        }
        let body = json!({
            "location": self.spec.azure.location,
            "tags": tags(self.spec),
            "kind": "functionapp,linux",
            "identity": identity(&user),
            "properties": properties,
        });
        let storage = self.ids.storage(name);
        let role = Role::StorageBlobDataOwner;
        let subnet = self
            .has_private_endpoint()
            .then(|| self.ids.subnet(Subnet::Functions));
        Draft::body(self.ids.site(name), &self.function.at, body)
            .after([self.ids.plan(name), self.ids.container(name)])
            .after([Ids::role_assignment(&storage, &user, role), user])
            .after(subnet)
            .serves(&[R3, self.network_recommendation()])
    }

    fn app_config(&self) -> Value {
        let name = &self.function.name;
        let (language, version) = match self.function.runtime {
            runtime @ (Runtime::Node20 | Runtime::Node22 | Runtime::Node24) => {
                ("node", runtime.version())
            }
        };
        json!({
            "deployment": { "storage": {
                "type": "blobContainer",
                "value": self.ids.container_url(name),
                "authentication": {
                    "type": "UserAssignedIdentity",
                    "userAssignedIdentityResourceId": self.ids.function_identity(name),
                },
            } },
            "runtime": { "name": language, "version": version },
            "scaleAndConcurrency": { "maximumInstanceCount": 100, "instanceMemoryMB": 2048 },
        })
    }

    /// What holds before and after the way in is there. The gateway speaks TLS 1.3 to its backends
    /// (`gateway::protocols`), so nothing older is taken.
    fn closed(&self) -> Value {
        json!({
            "publicNetworkAccess": self.public_access(),
            "minTlsVersion": "1.3",
            "scmMinTlsVersion": "1.3",
            "ftpsState": "Disabled",
            "http20Enabled": true,
            "remoteDebuggingEnabled": false,
            "ipSecurityRestrictionsDefaultAction": "Deny",
            "scmIpSecurityRestrictionsDefaultAction": "Deny",
            "scmIpSecurityRestrictionsUseMain": false,
        })
    }

    fn configuration(&self) -> Draft {
        let mut properties = self.closed();
        properties["ipSecurityRestrictions"] = json!(self.allowed());
        properties["scmIpSecurityRestrictions"] = json!([]);
        properties["cors"] = json!({ "allowedOrigins": [], "supportCredentials": false });
        let name = &self.function.name;
        let body = json!({ "properties": properties });
        Draft::body(self.ids.site_config(name, "web"), &self.function.at, body)
            // Without TLS 1.3 towards backends every call would fail (domain.md I, 20).
            .after([self.ids.service()])
            .after(self.ids.function_guards(name))
            .serves(&[R2, R3, R4, self.network_recommendation()])
    }

    /// The addresses that the public side of the function lets in: none, or those the gateway calls from today.
    fn allowed(&self) -> Term {
        match self.spec.network.topology {
            Topology::PrivateEdgePrivateBackend | Topology::FilteredEdgePrivateBackend => {
                Term::Array(Vec::new())
            }
            Topology::PrivateEdgeRestrictedBackend => each(
                &self.ids.service(),
                "/properties/publicIPAddresses",
                json!({
                    "name": concat([text("gateway-"), Term::Item]),
                    "priority": 100,
                    "action": "Allow",
                    "tag": "Default",
                    "ipAddress": concat([Term::Item, text("/32")]),
                }),
            ),
        }
    }

    fn publishing(&self, protocol: &str) -> Draft {
        let id = self.ids.publishing(&self.function.name, protocol);
        let body = json!({ "properties": { "allow": false } });
        Draft::body(id, &self.function.at, body).serves(&[R4, R7])
    }

    fn settings(&self) -> Draft {
        let name = &self.function.name;
        let client = reference_to(&self.ids.function_identity(name), "/properties/clientId");
        let mut settings = Map::new();
        let mut set = |key: &str, value: Value| settings.insert(key.to_owned(), value);
        for setting in &self.function.settings {
            set(&setting.name, json!(setting_value(&setting.value)));
        }
        let account = self.ids.storage_name(name);
        set("AzureWebJobsStorage__accountName", json!(account));
        set("AzureWebJobsStorage__credential", json!("managedidentity"));
        set("AzureWebJobsStorage__clientId", json!(client));
        if self.spec.observability.app_insights {
            let component = self.ids.component();
            set(
                "APPLICATIONINSIGHTS_CONNECTION_STRING",
                json!(reference_to(&component, "/properties/ConnectionString")),
            );
            let sign_in = concat([text("ClientId="), client, text(";Authorization=AAD")]);
            set("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", json!(sign_in));
        }
        let id = self.ids.site_config(name, "appsettings");
        Draft::body(id, &self.function.at, json!({ "properties": settings })).serves(&[R7])
    }

    /// Easy Auth: only the gateway's managed identity gets an answer (domain.md B.3).
    fn authentication(&self) -> Draft {
        let application = Ids::backend_application();
        let audience = reference_to(&application, "/appId");
        let gateway = self.ids.gateway_identity();
        let caller = reference_to(&gateway, "/properties/clientId");
        let principal = reference_to(&gateway, "/properties/principalId");
        let body = json!({ "properties": {
            "platform": { "enabled": true, "runtimeVersion": "~1" },
            "globalValidation": {
                "requireAuthentication": true,
                "unauthenticatedClientAction": "Return401",
                "excludedPaths": [],
            },
            "httpSettings": { "requireHttps": true, "forwardProxy": { "convention": "NoProxy" } },
            "identityProviders": { "azureActiveDirectory": {
                "enabled": true,
                "registration": { "clientId": audience, "openIdIssuer": self.issuer() },
                "validation": {
                    "allowedAudiences": [audience],
                    "defaultAuthorizationPolicy": {
                        "allowedApplications": [caller],
                        "allowedPrincipals": { "identities": [principal] },
                    },
                    "jwtClaimChecks": { "allowedClientApplications": [caller] },
                },
            } },
            "login": { "tokenStore": { "enabled": false } },
        } });
        let id = self.ids.site_config(&self.function.name, "authsettingsV2");
        Draft::body(id, &self.function.at, body)
            .after([Ids::service_principal(&application)])
            .serves(&[R1, R7])
    }

    /// Of the subscription's directory; an identity in it knows its id where the spec does not say it.
    fn issuer(&self) -> Term {
        let tenant = match self.spec.azure.tenant_id {
            Some(tenant) => text(tenant.to_string()),
            None => reference_to(&self.ids.gateway_identity(), "/properties/tenantId"),
        };
        let host = format!("https://{}/", self.ids.hosts().login);
        concat([text(host), tenant, text("/v2.0")])
    }

    fn has_private_endpoint(&self) -> bool {
        self.spec.network.topology.has_private_backend()
    }

    fn public_access(&self) -> &'static str {
        if self.has_private_endpoint() {
            "Disabled"
        } else {
            "Enabled"
        }
    }

    fn network_recommendation(&self) -> crate::resource::Recommendation {
        if self.has_private_endpoint() { R5 } else { R6 }
    }
}

fn setting_value(value: &SettingValue) -> String {
    match value {
        SettingValue::Plain(text) => text.clone(),
        SettingValue::KeyVault { vault, secret } => {
            format!("@Microsoft.KeyVault(VaultName={vault};SecretName={secret})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::example::{Compiled, all, dev, prod, staging};
    use crate::spec::Setting;

    #[test]
    fn a_site_is_closed_by_the_write_that_creates_it() {
        for spec in all() {
            let compiled = Compiled::of(&spec);
            let site = compiled.ids.site(&spec.functions[0].name);
            let created = compiled.value(&site, "/properties/siteConfig");
            for (key, value) in [
                ("ipSecurityRestrictionsDefaultAction", json!("Deny")),
                ("scmIpSecurityRestrictionsDefaultAction", json!("Deny")),
                ("ftpsState", json!("Disabled")),
                ("minTlsVersion", json!("1.3")),
                ("remoteDebuggingEnabled", json!(false)),
            ] {
                assert_eq!(created[key], value, "{key}");
            }
            assert_eq!(compiled.value(&site, "/properties/httpsOnly"), true);
            assert_eq!(compiled.value(&site, "/properties/sshEnabled"), false);
            assert_eq!(
                created["publicNetworkAccess"],
                compiled.value(&site, "/properties/publicNetworkAccess")
            );
        }
    }

    #[test]
    fn what_holds_at_creation_holds_afterwards() {
        for spec in all() {
            let compiled = Compiled::of(&spec);
            let name = &spec.functions[0].name;
            let created = compiled.value(&compiled.ids.site(name), "/properties/siteConfig");
            let web = compiled.ids.site_config(name, "web");
            for (key, value) in created.as_object().unwrap() {
                assert_eq!(compiled.value(&web, &format!("/properties/{key}")), *value);
            }
        }
    }

    #[test]
    fn without_a_network_exactly_the_gateways_addresses_are_let_in() {
        let spec = dev();
        let compiled = Compiled::of(&spec);
        let web = compiled.ids.site_config(&spec.functions[0].name, "web");
        let restrictions = compiled.at(&web, "/properties/ipSecurityRestrictions");
        let service = compiled.ids.service();
        let resolved = restrictions.resolve(&|reference| {
            assert_eq!(reference.resource, service);
            assert_eq!(reference.pointer, "/properties/publicIPAddresses");
            Some(json!(["20.1.2.3", "20.1.2.4"]))
        });
        let rules = resolved.known().unwrap();
        let shown: Vec<(&Value, &Value, &Value)> = rules
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| (&rule["name"], &rule["action"], &rule["ipAddress"]))
            .collect();
        let allow = json!("Allow");
        assert_eq!(
            shown,
            [
                (&json!("gateway-20.1.2.3"), &allow, &json!("20.1.2.3/32")),
                (&json!("gateway-20.1.2.4"), &allow, &json!("20.1.2.4/32")),
            ]
        );
    }

    #[test]
    fn in_a_network_nobody_is_let_in_from_outside() {
        for spec in [staging(), prod()] {
            let compiled = Compiled::of(&spec);
            let name = &spec.functions[0].name;
            let web = compiled.ids.site_config(name, "web");
            let site = compiled.ids.site(name);
            assert_eq!(
                compiled.value(&web, "/properties/ipSecurityRestrictions"),
                json!([])
            );
            assert_eq!(
                compiled.value(&web, "/properties/publicNetworkAccess"),
                "Disabled"
            );
            assert_eq!(
                compiled.value(&site, "/properties/publicNetworkAccess"),
                "Disabled"
            );
            assert_eq!(
                compiled.value(&site, "/properties/outboundVnetRouting/allTraffic"),
                true
            );
            assert!(compiled.waits_for(&site, &compiled.ids.subnet(Subnet::Functions)));
        }
    }

    #[test]
    fn the_way_in_comes_after_every_guard() {
        for spec in all() {
            let compiled = Compiled::of(&spec);
            let name = &spec.functions[0].name;
            let web = compiled.ids.site_config(name, "web");
            for guard in compiled.ids.function_guards(name) {
                assert!(compiled.waits_for(&web, &guard), "{guard}");
            }
            // TLS 1.3 is demanded of the gateway only once it speaks it.
            assert!(compiled.waits_for(&web, &compiled.ids.service()));
        }
    }

    #[test]
    fn only_the_gateways_identity_gets_an_answer() {
        for spec in all() {
            let compiled = Compiled::of(&spec);
            let id = compiled
                .ids
                .site_config(&spec.functions[0].name, "authsettingsV2");
            let gateway = compiled.ids.gateway_identity();
            let client = reference_to(&gateway, "/properties/clientId");
            let principal = reference_to(&gateway, "/properties/principalId");
            let validation = "/properties/identityProviders/azureActiveDirectory/validation";
            let at = |path: &str| compiled.at(&id, &format!("{validation}/{path}")).clone();
            let only = |term: &Term| Term::Array(vec![term.clone()]);
            let policy = "defaultAuthorizationPolicy";
            assert_eq!(at(&format!("{policy}/allowedApplications")), only(&client));
            assert_eq!(
                at(&format!("{policy}/allowedPrincipals/identities")),
                only(&principal)
            );
            assert_eq!(
                at("jwtClaimChecks/allowedClientApplications"),
                only(&client)
            );
            assert_eq!(
                at("allowedAudiences"),
                only(&reference_to(&Ids::backend_application(), "/appId"))
            );
            assert_eq!(
                compiled.value(&id, "/properties/globalValidation"),
                json!({
                    "requireAuthentication": true,
                    "unauthenticatedClientAction": "Return401",
                    "excludedPaths": [],
                })
            );
            assert_eq!(compiled.value(&id, "/properties/platform/enabled"), true);
        }
    }

    #[test]
    fn the_issuer_is_the_subscriptions_directory_said_or_found() {
        let mut spec = prod();
        let pointer =
            "/properties/identityProviders/azureActiveDirectory/registration/openIdIssuer";
        let issuer = |spec: &Spec| {
            let compiled = Compiled::of(spec);
            let id = compiled
                .ids
                .site_config(&spec.functions[0].name, "authsettingsV2");
            compiled
                .at(&id, pointer)
                .resolve(&|reference| {
                    (reference.pointer == "/properties/tenantId").then(|| json!("found"))
                })
                .known()
                .unwrap()
        };
        let said = spec.azure.tenant_id.unwrap();
        assert_eq!(
            issuer(&spec),
            format!("https://login.microsoftonline.com/{said}/v2.0")
        );
        spec.azure.tenant_id = None;
        assert_eq!(
            issuer(&spec),
            "https://login.microsoftonline.com/found/v2.0"
        );
    }

    #[test]
    fn nothing_takes_a_key_or_a_password() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let name = &spec.functions[0].name;
        let storage = compiled.ids.storage(name);
        assert_eq!(
            compiled.value(&storage, "/properties/allowSharedKeyAccess"),
            false
        );
        for protocol in ["ftp", "scm"] {
            let policy = compiled.ids.publishing(name, protocol);
            assert_eq!(compiled.value(&policy, "/properties/allow"), false);
        }
        let settings = compiled.ids.site_config(name, "appsettings");
        let body = compiled.resource(&settings).body().unwrap();
        assert!(body.at("/properties/AzureWebJobsStorage").is_none());
        assert_eq!(
            compiled.value(&settings, "/properties/AzureWebJobsStorage__credential"),
            "managedidentity"
        );
        assert_eq!(
            compiled.value(&settings, "/properties/AzureWebJobsStorage__accountName"),
            storage.name()
        );
    }

    #[test]
    fn a_secret_setting_is_read_by_azure_itself() {
        let mut spec = prod();
        let at = spec.functions[0].at.clone();
        spec.functions[0].settings = vec![Setting {
            at,
            name: "PAYMENT_KEY".to_owned(),
            value: SettingValue::KeyVault {
                vault: "kv-orders".to_owned(),
                secret: "payment".to_owned(),
            },
        }];
        let compiled = Compiled::of(&spec);
        let settings = compiled
            .ids
            .site_config(&spec.functions[0].name, "appsettings");
        assert_eq!(
            compiled.value(&settings, "/properties/PAYMENT_KEY"),
            "@Microsoft.KeyVault(VaultName=kv-orders;SecretName=payment)"
        );
    }
}
