//! What to try when Azure refuses: one row per error code that has a known remedy.
//!
//! Hints are data; the command line attaches them to errors (architecture.md, house rule 7).

use super::response::AzureError;

#[derive(Debug)]
pub struct Hint {
    pub code: &'static str,
    /// Part of the message, where the code says too little; empty for any.
    pub says: &'static str,
    pub hint: &'static str,
}

const fn row(code: &'static str, hint: &'static str) -> Hint {
    Hint {
        code,
        says: "",
        hint,
    }
}

const fn saying(code: &'static str, says: &'static str, hint: &'static str) -> Hint {
    Hint { code, says, hint }
}

/// First match wins.
pub const HINTS: &[Hint] = &[
    row(
        "AuthorizationFailed",
        "give the signed-in identity the roles `Contributor` and `Role Based Access Control Administrator` on the resource group; new assignments take minutes to act",
    ),
    row(
        "LinkedAuthorizationFailed",
        "the signed-in identity also needs rights on the resource that this one refers to",
    ),
    row(
        "MissingSubscriptionRegistration",
        "register the resource provider that the message names: `az provider register --namespace <name>`",
    ),
    row(
        "SubscriptionNotFound",
        "check the subscription id and that the signed-in identity can see it: `az account list`",
    ),
    row(
        "InvalidSubscriptionId",
        "a subscription id is a GUID: `az account show --query id`",
    ),
    row(
        "InvalidAuthenticationTokenTenant",
        "sign in to the tenant of the subscription: `az login --tenant <tenant>`",
    ),
    row(
        "ExpiredAuthenticationToken",
        "sign in again, and check the clock of this machine",
    ),
    row(
        "RequestDisallowedByPolicy",
        "an Azure Policy forbids it; the message names the assignment to change or exempt",
    ),
    row(
        "ScopeLocked",
        "remove the lock on the resource or its group first",
    ),
    row(
        "QuotaExceeded",
        "ask for more quota in this region, or choose another one",
    ),
    row("SkuNotAvailable", "choose another region or tier"),
    row(
        "LocationNotAvailableForResourceType",
        "choose one of the regions that the message lists",
    ),
    row(
        "ServiceAlreadyExistsInSoftDeletedState",
        "the name is held by a deleted service for 48 hours: purge it (`az apim deletedservice purge`) or restore it",
    ),
    row(
        "ServiceAlreadyExists",
        "names of API Management services are global: choose another one",
    ),
    row(
        "StorageAccountAlreadyTaken",
        "names of storage accounts are global: choose another one",
    ),
    row(
        "ManagementApiRequestFailed",
        "the subnet's security group must let `ApiManagement` reach port 3443 of the virtual network",
    ),
    row(
        "RoleAssignmentExists",
        "somebody assigned this role under another name: delete that assignment, secgw makes its own",
    ),
    row(
        "PrincipalNotFound",
        "the identity does not exist in this tenant; a new one may need some more minutes",
    ),
    row(
        "PreconditionFailed",
        "it was changed since the plan was made: plan again",
    ),
    row(
        "ActivateServiceWithPrivateEndpointAccessNotAllowed",
        "public access can be switched off only after a private endpoint is approved",
    ),
    saying(
        "NotSupported",
        "Private Endpoint Connection",
        "public access can be switched off only after a private endpoint is approved",
    ),
    saying(
        "ValidationError",
        "Error in element",
        "the policy does not compile; the details name element, line and column",
    ),
    row(
        "Authorization_RequestDenied",
        "the application lacks a Graph permission with admin consent: Application.ReadWrite.All, DelegatedPermissionGrant.ReadWrite.All, IdentityUserFlow.ReadWrite.All, User.ReadWrite.All",
    ),
    saying(
        "AADB2C",
        "required delegated permissions",
        "the token is for the wrong tenant or the application lacks IdentityUserFlow.ReadWrite.All",
    ),
    saying(
        "Request_BadRequest",
        "identifierUris",
        "identifier URIs are unique in a directory and stay taken while a deleted application is kept: purge it under `directory/deletedItems`",
    ),
    row(
        "ObjectConflict",
        "an account with this identity exists, perhaps among the deleted users of the directory",
    ),
    row(
        "Request_MultipleObjectsWithSameKeyValue",
        "another object has the same key: delete one of them",
    ),
];

/// Sign-in failures carry their code in the text.
pub const SIGN_IN_HINTS: &[(&str, &str)] = &[
    (
        "AADSTS7000215",
        "the client secret is wrong: use the secret's value, not its id",
    ),
    (
        "AADSTS7000222",
        "the client secret has expired: make a new one",
    ),
    (
        "AADSTS700016",
        "the application is not in this tenant: check client id and tenant id",
    ),
    (
        "AADSTS90002:",
        "the tenant does not exist: check the tenant id and the cloud",
    ),
    (
        "AADSTS900023",
        "the tenant id is neither a GUID nor a domain name",
    ),
    (
        "AADSTS70021:",
        "no federated credential of the application matches this token: check issuer, subject and audience",
    ),
    ("AADSTS700024", "the federated token has expired"),
    (
        "AADSTS50076",
        "multi-factor authentication is required: `az login` again",
    ),
    ("az login", "run `az login`"),
    (
        "az not found",
        "install the Azure CLI and run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
    ),
    (
        "Identity not found",
        "this machine has no managed identity; give it one or sign in another way",
    ),
];

pub fn for_error(error: &AzureError) -> Option<&'static str> {
    let matches =
        |row: &&Hint| error.has_code(row.code) && (row.says.is_empty() || error.says(row.says));
    HINTS.iter().find(matches).map(|row| row.hint)
}

pub fn for_sign_in(message: &str) -> Option<&'static str> {
    SIGN_IN_HINTS
        .iter()
        .find(|(text, _)| message.contains(text))
        .map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::super::response::Response;
    use super::*;
    use serde_json::json;

    fn error(code: &str, message: &str) -> AzureError {
        let body = json!({"error": {"code": code, "message": message}}).to_string();
        AzureError::parse(&Response::new(409, [], body.as_bytes()))
    }

    #[test]
    fn every_hint_can_be_reached() {
        for row in HINTS {
            assert_eq!(
                for_error(&error(row.code, row.says)),
                Some(row.hint),
                "{}",
                row.code
            );
        }
        for (text, hint) in SIGN_IN_HINTS {
            assert_eq!(for_sign_in(text), Some(*hint), "{text}");
        }
    }

    #[test]
    fn unknown_codes_get_no_advice() {
        assert_eq!(for_error(&error("Teapot", "short and stout")), None);
        assert_eq!(for_sign_in("no"), None);
    }
}
