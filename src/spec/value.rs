//! Values that are more than text, parsed once: names Azure would refuse otherwise, durations, address ranges,
//! places. Each states its rule in one place, for the reader, the JSON Schema and the message alike.

use std::fmt;
use std::ops::Deref;

use serde::Serialize;

macro_rules! text_values {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text_values! {
    /// Name of the spec: it marks what the spec owns and starts the names that secgw derives.
    SpecName;
    ResourceGroupName;
    /// An Azure region as Azure names it: `westeurope`.
    Region;
    /// Domain of the identity tenant: `contosob2c.onmicrosoft.com`.
    TenantDomain;
    /// Id of the sign-in flow: `B2C_1_signin`.
    UserFlowName;
    ScopeName;
    /// Name of a client application.
    ClientName;
    /// Name of an API Management service: globally unique, the host is `<name>.azure-api.net`.
    ServiceName;
    /// Name of a Function app: globally unique, the host is `<name>.azurewebsites.net`.
    FunctionName;
    /// Identifier of an API inside API Management.
    ApiName;
    /// Path of an API below the gateway's host, without slashes at its ends.
    ApiPath;
    /// Identifier of an operation inside an API, derived from `operationId` or method and path.
    OperationName;
    /// An origin of a browser application: scheme, host and perhaps a port.
    Origin;
    /// Where the identity provider may send a browser after sign-in.
    RedirectUri;
    /// A host name of the operator's own: `api.contoso.com`.
    HostName;
    EmailAddress;
}
