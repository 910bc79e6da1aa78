//! Who may call: the identity tenant, its sign-in flow, the applications and accounts in it.

use uuid::Uuid;

use super::declare::{choice, section};
use super::document::Scopes;
use super::tree::Value;
use super::value::{ClientName, EmailAddress, RedirectUri, ScopeName, TenantDomain, UserFlowName};
use super::written::Filled;
use crate::resource::At;

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
