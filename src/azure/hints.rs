//! What to try when Azure refuses: one row per error code that has a known remedy.
//!
//! Hints are data; the command line attaches them to errors (architecture.md, house rule 7). Where Azure says which
//! action it wanted, or the request shows which Graph permission it takes, the hint names that and how to grant it.

use std::borrow::Cow;

use super::response::AzureError;
use crate::resource::rights;

pub type Advice = Cow<'static, str>;

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
        "InvalidAuthenticationToken",
        "the token is not for this cloud or tenant: `secgw auth doctor` shows whose it is",
    ),
    row(
        "InvalidAuthenticationTokenAudience",
        "the token is for another service or cloud: look at `azure.cloud` and `--cloud`",
    ),
    // domain.md I.33
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
    // domain.md I.5
    row(
        "ManagementApiRequestFailed",
        "the subnet's security group or routes keep `ApiManagement` from port 3443 of the virtual network: allow it, then ask for `applynetworkconfigurationupdates` and look at `networkstatus`",
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

/// Sign-in failures carry their code in the text: learn.microsoft.com/entra/identity-platform/reference-error-codes,
/// read 2026-11-23. First match wins; codes that begin like others come before them.
/// For what does not come through at all.
pub const NETWORK: &str = "check that this machine may reach that host; HTTPS_PROXY names a proxy, NO_PROXY what goes past it, and `--ca-file` trusts one that inspects TLS";

pub const SIGN_IN_HINTS: &[(&str, &str)] = &[
    ("cannot connect to ", NETWORK),
    (
        "AADSTS7000215",
        "the client secret is wrong: use the secret's value, not its id",
    ),
    (
        "AADSTS7000222",
        "the client secret has expired: make a new one",
    ),
    (
        "AADSTS7000112",
        "the application is disabled in this tenant: enable its service principal",
    ),
    (
        "AADSTS7000216",
        "Entra was shown neither a secret nor a token: `secgw auth doctor` shows what was tried",
    ),
    (
        "AADSTS700016",
        "the application is not in this tenant: check client id and tenant id",
    ),
    (
        "AADSTS700211",
        "no federated credential of the application has the issuer of this token: add one with exactly that issuer",
    ),
    (
        "AADSTS700212",
        "no federated credential of the application has the audience of this token: it must be the cloud's, such as `api://AzureADTokenExchange`",
    ),
    (
        "AADSTS700213",
        "no federated credential of the application has the subject of this token: add one for exactly this repository and branch, environment or pull request, or for this service connection",
    ),
    ("AADSTS700024", "the federated token has expired"),
    (
        "AADSTS70021:",
        "no federated credential of the application matches this token: check issuer, subject and audience",
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
        "AADSTS900382",
        "the application is of another cloud: check `azure.cloud`",
    ),
    (
        "AADSTS530034",
        "a Conditional Access policy blocks sign-ins by delegated administrators",
    ),
    (
        "AADSTS53003",
        "a Conditional Access policy blocks this sign-in: have its administrator look up the failure's correlation id in the sign-in logs; in a pipeline use a workload identity that the policy leaves out",
    ),
    (
        "AADSTS53000",
        "a Conditional Access policy wants a compliant device: sign in from one, or use a service principal",
    ),
    (
        "AADSTS53001",
        "a Conditional Access policy wants a domain-joined device: sign in from one, or use a service principal",
    ),
    (
        "AADSTS50076",
        "multi-factor authentication is required: `az login --tenant <tenant>` again, in a browser",
    ),
    (
        "AADSTS50079",
        "multi-factor authentication has to be set up first: `az login --tenant <tenant>` in a browser",
    ),
    (
        "AADSTS50158",
        "a Conditional Access policy wants more than a password: `az login --tenant <tenant>` in a browser",
    ),
    (
        "AADSTS50034",
        "the account is not in this directory: check the tenant id",
    ),
    (
        "AADSTS50105",
        "the account is not assigned to the application: have it assigned under Enterprise applications",
    ),
    (
        "AADSTS65001",
        "an administrator has not consented to the application's permissions: grant admin consent",
    ),
    ("AADSTS50173", "the sign-in was revoked: `az login` again"),
    ("AADSTS700082", "the sign-in has expired: `az login` again"),
    ("az login", "run `az login`"),
    (
        "az not found",
        "install the Azure CLI and run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
    ),
    (
        "GitHub gave no token",
        "give the job `permissions: id-token: write`; a job of a fork's pull request never gets a token",
    ),
    (
        "Azure Pipelines gave no token",
        "check the id of the service connection, that this pipeline may use it, and that SYSTEM_ACCESSTOKEN is $(System.AccessToken)",
    ),
    (
        "Identity not found",
        "this machine has no managed identity; give it one or sign in another way",
    ),
];

/// `doing` is the request as [`super::request::Request`] writes itself.
pub fn for_error(error: &AzureError, doing: &str) -> Option<Advice> {
    let matches =
        |row: &&Hint| error.has_code(row.code) && (row.says.is_empty() || error.says(row.says));
    missing_action(error)
        .or_else(|| missing_permission(error, doing))
        .map(Cow::Owned)
        .or_else(|| HINTS.iter().find(matches).map(|row| row.hint.into()))
}

/// ARM's refusals name the action and the scope: `… to perform action 'A' over scope 'S' …`, and for what is linked
/// `… to perform action(s) 'A' on the linked scope(s) 'S' …`.
fn missing_action(error: &AzureError) -> Option<String> {
    const LINKED: &str = "perform action(s) '";
    if !error.has_code("AuthorizationFailed") && !error.has_code("LinkedAuthorizationFailed") {
        return None;
    }
    let message = &error.message;
    let (action, rest) = message
        .split_once(LINKED)
        .or_else(|| message.split_once("perform action '"))?
        .1
        .split_once('\'')?;
    let scope = rest.split_once("scope")?.1.split('\'').nth(1)?;
    let who = message
        .split_once("object id '")
        .and_then(|(_, rest)| rest.split('\'').next());
    let who = who.unwrap_or("<object id>");
    Some(format!(
        "it lacks the action {action} on {scope}: `secgw auth permissions --for apply` (or plan) prints a role that has it; assign it with `az role assignment create --assignee-object-id {who} --role <role> --scope {scope}`. New assignments take minutes to act"
    ))
}

/// Graph never says which permission it wanted; the request does.
fn missing_permission(error: &AzureError, doing: &str) -> Option<String> {
    if !error.has_code("Authorization_RequestDenied") && !error.has_code("AADB2C") {
        return None;
    }
    let (verb, url) = doing.split_once(' ')?;
    let path = url
        .split("/v1.0/")
        .nth(1)
        .or_else(|| url.split("/beta/").nth(1))?;
    let segments: Vec<&str> = path.split(['/', '(']).collect();
    let collection = match segments.as_slice() {
        ["identity", second, ..] => format!("identity/{second}"),
        [first, ..] => (*first).to_owned(),
        [] => return None,
    };
    let permission = rights::permission_for(&collection, !matches!(verb, "GET" | "HEAD"))?;
    Some(format!(
        "the application lacks the Graph application permission {} with admin consent in this tenant: add it under App registrations, API permissions, and grant admin consent; `secgw auth permissions` lists all",
        permission.name
    ))
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
                for_error(&error(row.code, row.says), "").as_deref(),
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
    fn a_missing_action_is_named_with_its_scope_and_who_lacks_it() {
        let says = |code, message| for_error(&error(code, message), "").unwrap();
        let plain = says(
            "AuthorizationFailed",
            "The client 'c' with object id 'o' does not have authorization to perform action 'Microsoft.Web/sites/write' over scope '/subscriptions/s/resourceGroups/g' or the scope is invalid. If access was recently granted, please refresh your credentials.",
        );
        assert!(
            plain.contains(
                "the action Microsoft.Web/sites/write on /subscriptions/s/resourceGroups/g:"
            ),
            "{plain}"
        );
        assert!(plain.contains("--assignee-object-id o "), "{plain}");
        let linked = says(
            "LinkedAuthorizationFailed",
            "The client 'c' with object id 'o' has permission to perform action 'Microsoft.Network/privateEndpoints/write' on scope '/subscriptions/s'; however, it does not have permission to perform action(s) 'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked scope(s) '/subscriptions/s/x' (respectively) or the linked scope(s) are invalid.",
        );
        assert!(
            linked.contains("subnets/join/action on /subscriptions/s/x:"),
            "{linked}"
        );
    }

    #[test]
    fn a_missing_permission_follows_from_the_request() {
        let says = |doing| for_error(&error("Authorization_RequestDenied", "no"), doing).unwrap();
        let reading = says("GET https://graph.microsoft.com/v1.0/servicePrincipals(appId='x')");
        assert!(
            reading.contains("permission Application.Read.All "),
            "{reading}"
        );
        let flow = says("POST https://graph.microsoft.us/beta/identity/b2cUserFlows");
        assert!(
            flow.contains("permission IdentityUserFlow.ReadWrite.All "),
            "{flow}"
        );
        assert!(
            says("GET https://graph.microsoft.com/v1.0/groups")
                .contains("lacks a Graph permission")
        );
    }

    #[test]
    fn unknown_codes_get_no_advice() {
        assert_eq!(for_error(&error("Teapot", "short and stout"), ""), None);
        assert_eq!(for_sign_in("no"), None);
    }
}
