//! Requests to ARM, Microsoft Graph and public documents as values, without IO.
//!
//! `client` sends them, `retry` looks at whether they may be repeated, `read` and apply build them. ARM and Graph
//! differ in the realm (which token, which tenant) and in the shape of the address, not in the code path.

use std::fmt;

use serde_json::Value;
use url::Url;

use super::cloud::Endpoints;
use crate::resource::{Directory, Realm};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Head,
    Put,
    Patch,
    Post,
    Delete,
}

impl Verb {
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// Whether sending the same request twice does the same as sending it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Reads, PUT, PATCH with absolute values, DELETE.
    Safe,
    /// A POST that creates an object with a server-made id: repeated only when it certainly did not arrive.
    OnlyIfNotReceived,
}

#[derive(Clone)]
pub struct Request {
    pub realm: Realm,
    pub verb: Verb,
    pub url: Url,
    pub body: Option<Value>,
    pub if_match: Option<String>,
    pub repeat: Repeat,
    /// A POST that only reads (`config/appsettings/list`).
    pub reads: bool,
}

impl Request {
    fn new(realm: Realm, verb: Verb, url: Url) -> Self {
        let (reads, repeat) = match verb {
            Verb::Get | Verb::Head => (true, Repeat::Safe),
            Verb::Put | Verb::Patch | Verb::Delete => (false, Repeat::Safe),
            Verb::Post => (false, Repeat::OnlyIfNotReceived),
        };
        Self {
            realm,
            verb,
            url,
            body: None,
            if_match: None,
            repeat,
            reads,
        }
    }

    pub fn get(realm: Realm, url: Url) -> Self {
        Self::new(realm, Verb::Get, url)
    }

    pub fn put(realm: Realm, url: Url, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::new(realm, Verb::Put, url)
        }
    }

    pub fn patch(realm: Realm, url: Url, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::new(realm, Verb::Patch, url)
        }
    }

    pub fn head(realm: Realm, url: Url) -> Self {
        Self::new(realm, Verb::Head, url)
    }

    /// A POST that changes something: creates a Graph object, starts an ARM action.
    pub fn post(realm: Realm, url: Url, body: Option<Value>) -> Self {
        Self {
            body,
            ..Self::new(realm, Verb::Post, url)
        }
    }

    /// A POST that only reads, because what it returns is too secret for a GET (`listKeys`, `appsettings/list`).
    pub fn read_action(realm: Realm, url: Url) -> Self {
        Self {
            reads: true,
            repeat: Repeat::Safe,
            ..Self::new(realm, Verb::Post, url)
        }
    }

    pub fn delete(realm: Realm, url: Url) -> Self {
        Self::new(realm, Verb::Delete, url)
    }

    #[must_use]
    pub fn if_match(mut self, etag: impl Into<String>) -> Self {
        self.if_match = Some(etag.into());
        self
    }
}

/// `PUT https://management.azure.com/subscriptions/…`: no query, because polling addresses carry signatures there.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "{} https://{host}{}", self.verb.name(), self.url.path())
    }
}

/// The body may hold secrets (app settings, passwords), so it is never shown.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("line", &self.to_string())
            .finish_non_exhaustive()
    }
}

impl Endpoints {
    /// `path` starts with `/`: a resource id, or a resource id and an action. Segments are encoded here.
    pub fn arm_url(&self, path: &str, api_version: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.arm.clone();
        url.set_path(&encode_path(path));
        let pairs = std::iter::once(("api-version", api_version)).chain(query.iter().copied());
        url.set_query(Some(&encode_query(pairs)));
        url
    }

    /// `path` is relative to the version (`v1.0`, `beta`) and encoded already: keys stand inside of segments there
    /// (`servicePrincipals(appId='…')`), see [`encode_segment`].
    pub fn graph_url(&self, version: &str, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.graph.clone();
        url.set_path(&format!("/{version}/{path}"));
        let query = encode_query(query.iter().copied());
        url.set_query((!query.is_empty()).then_some(&query));
        url
    }

    /// Whether a token of this realm may be sent to this address: addresses for polling and paging come out of
    /// responses, and a token must not follow one to another host.
    pub fn owns(&self, realm: Realm, url: &Url) -> bool {
        let base = match realm {
            Realm::Arm => &self.arm,
            Realm::Graph(Directory::Identity | Directory::Workforce) => &self.graph,
            Realm::Fact => return url.scheme() == "https",
        };
        let (Some(own), Some(host)) = (base.host_str(), url.host_str()) else {
            return false;
        };
        let in_domain = host == own
            || host
                .strip_suffix(own)
                .is_some_and(|head| head.ends_with('.'));
        url.scheme() == "https" && in_domain && url.port() == base.port()
    }
}

/// The inside of a string literal of an `OData` filter: `o''brien`.
pub fn odata_literal(text: &str) -> String {
    text.replace('\'', "''")
}

/// API Management revisions are addressed as `apis/x%3Brev%3D2` (quirks.md part 2, apis): everything outside the
/// unreserved set is encoded, segment by segment.
fn encode_path(path: &str) -> String {
    path.split('/')
        .map(encode_segment)
        .collect::<Vec<_>>()
        .join("/")
}

pub fn encode_segment(text: &str) -> String {
    percent_encode(text, b"")
}

/// `$` stays readable in names (`$filter`), space is `%20` (a `+` is not a space to every Azure service).
fn encode_query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    pairs
        .map(|(name, value)| {
            format!(
                "{}={}",
                percent_encode(name, b"$"),
                percent_encode(value, b"$/:(),'")
            )
        })
        .collect::<Vec<_>>()
        .join("&")
}

fn percent_encode(text: &str, also_plain: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also_plain.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 15].map(|nibble| char::from(HEX[usize::from(nibble)]));
            encoded.push('%');
            encoded.extend(digits);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::super::cloud::Cloud;
    use super::*;
    use serde_json::json;

    fn endpoints() -> Endpoints {
        Cloud::public().endpoints().unwrap()
    }

    #[test]
    fn arm_addresses_encode_each_segment_and_carry_the_api_version_first() {
        let path = "/subscriptions/s/resourceGroups/rg (1)/providers/Microsoft.ApiManagement/service/gw/apis/x;rev=2";
        let url = endpoints().arm_url(path, "2024-05-01", &[("format", "rawxml")]);
        assert_eq!(
            url.as_str(),
            "https://management.azure.com/subscriptions/s/resourceGroups/rg%20%281%29/providers/\
             Microsoft.ApiManagement/service/gw/apis/x%3Brev%3D2?api-version=2024-05-01&format=rawxml"
        );
    }

    #[test]
    fn names_cannot_climb_out_of_their_segment() {
        let url = endpoints().arm_url("/subscriptions/s/resourceGroups/a?b#c", "v", &[]);
        assert_eq!(url.path(), "/subscriptions/s/resourceGroups/a%3Fb%23c");
        assert_eq!(url.query(), Some("api-version=v"));
    }

    #[test]
    fn graph_filters_are_encoded_and_quoted() {
        let filter = format!(
            "identities/any(c:c/issuerAssignedId eq '{}')",
            odata_literal("o'brien+a@example.com")
        );
        let url = endpoints().graph_url("v1.0", "users", &[("$filter", &filter)]);
        assert_eq!(
            url.as_str(),
            "https://graph.microsoft.com/v1.0/users?$filter=identities/any(c:c/issuerAssignedId%20eq%20\
             %27o%27%27brien%2Ba%40example.com%27)"
        );
        let decoded: Vec<_> = url.query_pairs().collect();
        assert_eq!(decoded[0].1, filter);
    }

    #[test]
    fn beta_is_a_matter_of_the_path() {
        let url = endpoints().graph_url("beta", "identity/b2cUserFlows/B2C_1_signin", &[]);
        assert_eq!(
            url.as_str(),
            "https://graph.microsoft.com/beta/identity/b2cUserFlows/B2C_1_signin"
        );
    }

    #[test]
    fn tokens_stay_with_their_own_host() {
        let own = |realm, text: &str| endpoints().owns(realm, &Url::parse(text).unwrap());
        assert!(own(
            Realm::Arm,
            "https://management.azure.com/subscriptions/x?t=1"
        ));
        assert!(own(Realm::Arm, "https://westeurope.management.azure.com/x"));
        assert!(!own(Realm::Arm, "https://evilmanagement.azure.com/x"));
        assert!(!own(Realm::Arm, "https://management.azure.com.example/x"));
        assert!(!own(Realm::Arm, "https://management.azure.com:8443/x"));
        assert!(!own(Realm::Arm, "http://management.azure.com/x"));
        assert!(!own(
            Realm::Graph(Directory::Identity),
            "https://management.azure.com/x"
        ));
    }

    #[test]
    fn only_a_post_that_changes_something_may_not_be_repeated() {
        let url = endpoints().arm_url("/x", "v", &[]);
        assert_eq!(
            Request::post(Realm::Arm, url.clone(), None).repeat,
            Repeat::OnlyIfNotReceived
        );
        assert_eq!(
            Request::read_action(Realm::Arm, url.clone()).repeat,
            Repeat::Safe
        );
        assert_eq!(
            Request::put(Realm::Arm, url.clone(), json!({})).repeat,
            Repeat::Safe
        );
        assert!(Request::read_action(Realm::Arm, url.clone()).reads);
        assert!(!Request::delete(Realm::Arm, url).reads);
    }

    #[test]
    fn neither_bodies_nor_signatures_are_shown() {
        let url = Url::parse("https://management.azure.com/operations/1?s=signature").unwrap();
        let request = Request::put(Realm::Arm, url, json!({"password": "hunter2"}));
        let shown = format!("{request} {request:?}");
        assert!(
            shown.starts_with("PUT https://management.azure.com/operations/1 "),
            "{shown}"
        );
        assert!(
            !shown.contains("hunter2") && !shown.contains("signature"),
            "{shown}"
        );
    }
}
