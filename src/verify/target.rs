//! What is attacked: hosts, one operation to attack them by, and what the spec promises about both.
//!
//! The command makes it from the spec, and from live state where the spec cannot know (Front Door's default host, the ids
//! of applications). Nothing here is secret but `front_door_id`, which never reaches a report.

use std::time::Duration;

use secrecy::SecretString;

/// A deployment as it looks from outside.
#[derive(Debug)]
pub struct Target {
    /// Hosts that Front Door serves; the first is attacked.
    pub edge: Vec<String>,
    /// Front Door's default host where a custom domain stands in its place.
    pub unlinked: Option<String>,
    pub gateway: String,
    /// Portals, management and configuration hosts of the gateway.
    pub companions: Vec<String>,
    pub functions: Vec<String>,
    /// Blob hosts, each with a container that nobody may list.
    pub storage: Vec<(String, String)>,
    /// Declared, read-only and without parameters where there is such a one.
    pub operation: Operation,
    /// One that asks for a scope that `operation` does not ask for.
    pub stricter: Option<Operation>,
    /// Methods that no operation has on the path of `operation`.
    pub undeclared: Vec<&'static str>,
    /// An origin that browsers may call from.
    pub origin: Option<String>,
    pub limits: Limits,
    /// The id by which the gateway knows its Front Door.
    pub front_door_id: Option<SecretString>,
    /// Seconds that `Strict-Transport-Security` promises.
    pub hsts: u64,
    /// Functions take TLS 1.3 alone.
    pub functions_want_tls13: bool,
    pub shape: Shape,
    pub provider: Provider,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub method: String,
    pub path: String,
    pub scopes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub calls: u32,
    pub per: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of one user, at the gateway.
    pub user: Option<Limit>,
    /// Of one address, before its token is looked at.
    pub guard: Limit,
    /// Of one address, at Front Door.
    pub edge: Limit,
}

/// Which ways in there are supposed to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Front Door reaches the gateway by private link; else the gateway's address answers Front Door alone.
    pub has_private_edge: bool,
    /// The Function has a private endpoint and no other way in; else it admits the gateway's address.
    pub has_private_backend: bool,
}

/// Where users sign in.
#[derive(Debug)]
pub struct Provider {
    pub is_b2c: bool,
    pub host: String,
    /// Domain of the directory, as addresses of user flows have it.
    pub tenant: String,
    pub tenant_id: String,
    pub user_flow: String,
    /// Other user flows that the directory has, as far as they can be read.
    pub other_flows: Vec<String>,
    /// Id of the application that stands for the APIs: the audience of every token.
    pub audience: Option<String>,
    /// What scopes begin with.
    pub scope_prefix: Option<String>,
    pub clients: Vec<Client>,
    /// Sign-in names that are let in; none: everybody whom the flow lets in.
    pub accounts: Option<Vec<String>>,
}

/// An application that users sign in to.
#[derive(Clone, Debug)]
pub struct Client {
    pub name: String,
    pub id: String,
    pub is_public: bool,
    pub redirects: Vec<String>,
    pub scopes: Vec<String>,
}

impl Target {
    pub fn edge(&self) -> &str {
        self.edge.first().map_or("", String::as_str)
    }

    /// The spec's own hosts, to which a user's token may go.
    pub fn own_hosts(&self) -> impl Iterator<Item = String> {
        let own = self.edge.iter().chain(&self.functions);
        own.chain([&self.gateway]).cloned()
    }

    pub(super) fn scm(&self) -> impl Iterator<Item = String> {
        self.functions.iter().filter_map(|host| {
            let (name, rest) = host.split_once('.')?;
            Some(format!("{name}.scm.{rest}"))
        })
    }
}

impl Provider {
    /// `https://…/{tenant}[/{flow}]`; `flow` counts with B2C alone.
    pub(super) fn base(&self, flow: &str) -> String {
        if self.is_b2c {
            format!("/{}/{flow}", self.tenant)
        } else {
            format!("/{}", self.tenant_id)
        }
    }

    /// The issuer of the default form (domain facts D.7).
    pub(super) fn issuer(&self) -> String {
        let Self {
            host, tenant_id, ..
        } = self;
        if self.is_b2c {
            format!("https://{host}/{tenant_id}/v2.0/")
        } else {
            format!("https://{tenant_id}.ciamlogin.com/{tenant_id}/v2.0")
        }
    }
}
