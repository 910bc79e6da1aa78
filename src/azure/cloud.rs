//! The named clouds: where ARM, sign-in and Microsoft Graph answer in each of them. Host names of what is built
//! there are the compiler's.
//!
//! A closed table, because a spec may come from a pull request and must not be able to point secgw's tokens at a
//! host of its choosing (architecture.md decision 11). The authority host of `azure_identity` is set from here
//! too, so `AZURE_AUTHORITY_HOST` has no influence.

use std::fmt;

use url::Url;

/// One national cloud. Scopes are derived: `<endpoint>/.default`.
#[derive(Debug, PartialEq, Eq)]
pub struct Cloud {
    /// The name used in specs and flags.
    pub name: &'static str,
    pub arm: &'static str,
    pub authority: &'static str,
    pub graph: &'static str,
    /// Suffix of the hosts of key vaults.
    pub vault: &'static str,
    /// Whom a federated token has to be for: "Workload identity federation", learn.microsoft.com, read 2026-11-23.
    pub token_exchange: &'static str,
}

/// Graph and sign-in hosts: learn.microsoft.com/graph/deployments, read 2026-11-23; sign-in hosts equal those of
/// `azure_identity` 1.0. ARM hosts: the environments of Azure's own tools.
pub const CLOUDS: &[Cloud] = &[
    Cloud {
        name: "public",
        arm: "https://management.azure.com",
        authority: "https://login.microsoftonline.com",
        graph: "https://graph.microsoft.com",
        vault: "vault.azure.net",
        token_exchange: "api://AzureADTokenExchange",
    },
    Cloud {
        name: "usGovernment",
        arm: "https://management.usgovcloudapi.net",
        authority: "https://login.microsoftonline.us",
        graph: "https://graph.microsoft.us",
        vault: "vault.usgovcloudapi.net",
        token_exchange: "api://AzureADTokenExchangeUSGov",
    },
    Cloud {
        name: "china",
        arm: "https://management.chinacloudapi.cn",
        authority: "https://login.chinacloudapi.cn",
        graph: "https://microsoftgraph.chinacloudapi.cn",
        vault: "vault.azure.cn",
        token_exchange: "api://AzureADTokenExchangeChina",
    },
];

impl Cloud {
    pub fn public() -> &'static Self {
        &CLOUDS[0]
    }

    pub fn find(name: &str) -> Option<&'static Self> {
        CLOUDS
            .iter()
            .find(|cloud| cloud.name.eq_ignore_ascii_case(name))
    }

    pub fn arm_scope(&self) -> String {
        format!("{}/.default", self.arm)
    }

    pub fn graph_scope(&self) -> String {
        format!("{}/.default", self.graph)
    }

    pub fn endpoints(&self) -> Result<Endpoints, url::ParseError> {
        Ok(Endpoints {
            arm: Url::parse(self.arm)?,
            graph: Url::parse(self.graph)?,
        })
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The parsed bases that request URLs are built on.
#[derive(Clone, Debug)]
pub struct Endpoints {
    pub arm: Url,
    pub graph: Url,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cloud_has_https_endpoints_and_a_name_of_its_own() {
        for cloud in CLOUDS {
            let endpoints = cloud.endpoints().unwrap();
            assert_eq!(endpoints.arm.scheme(), "https", "{cloud}");
            assert_eq!(endpoints.graph.scheme(), "https", "{cloud}");
            assert!(cloud.authority.starts_with("https://login."), "{cloud}");
            assert_eq!(
                CLOUDS
                    .iter()
                    .filter(|other| other.name == cloud.name)
                    .count(),
                1
            );
        }
    }

    #[test]
    fn clouds_are_found_by_name_whatever_the_case() {
        assert_eq!(
            Cloud::find("usgovernment").unwrap().arm_scope(),
            "https://management.usgovcloudapi.net/.default"
        );
        assert_eq!(Cloud::find("Public"), Some(Cloud::public()));
        assert_eq!(Cloud::find("germany"), None);
    }
}
