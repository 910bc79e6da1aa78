//! Values that are more than text, parsed once: names that Azure would otherwise refuse, addresses, places.
//!
//! Each row states its rule three times over, for the reader (`accepts`), the JSON Schema (`pattern`) and people
//! (`hint`); a test holds the first two together.

use std::fmt;
use std::ops::Deref;

use serde::Serialize;
use time::Date;
use time::macros::format_description;
use url::Url;

use super::diagnostic::Code;
use super::read::{Read, Reader};
use super::regions;
use super::tree::Node;
use super::written::schema_of_text;
use crate::text::nearest;

/// What makes a text an acceptable name, address or place.
pub(crate) struct Rule {
    pub(crate) what: &'static str,
    pub(crate) accepts: fn(&str) -> bool,
    pub(crate) pattern: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) example: &'static str,
    /// Known values, where there are so few that a near miss can be named.
    pub(crate) known: fn() -> Vec<&'static str>,
}

macro_rules! text_values {
    ($($(#[doc = $doc:literal])* $name:ident { $($rule:tt)+ })+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
            #[serde(transparent)]
            pub struct $name(String);

            impl $name {
                pub(crate) const RULE: Rule = Rule { $($rule)+ };

                pub fn as_str(&self) -> &str {
                    &self.0
                }

                pub fn parse(text: &str) -> Option<Self> {
                    (Self::RULE.accepts)(text).then(|| Self(text.to_owned()))
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

            impl Read for $name {
                type Written = Self;

                fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
                    let text = reader.text(node)?;
                    Self::parse(&text).or_else(|| refuse(node, &text, &Self::RULE, reader))
                }
            }

            schema_of_text!($name, Self::RULE.pattern, Self::RULE.example);
        )+

        #[cfg(test)]
        pub(crate) const RULES: &[(&str, Rule)] = &[$((stringify!($name), $name::RULE)),+];
    };
}

fn refuse<T>(node: &Node, text: &str, rule: &Rule, reader: &mut Reader<'_>) -> Option<T> {
    let known = (rule.known)();
    let help = match nearest(text, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{}, for example `{}`", rule.hint, rule.example),
    };
    reader.report(
        node,
        Code::InvalidName,
        format!("`{text}` is not {}", rule.what),
        help,
    );
    None
}

fn nothing_known() -> Vec<&'static str> {
    Vec::new()
}

/// Length and characters, letters and digits at both ends.
fn is_name(text: &str, length: std::ops::RangeInclusive<usize>, extra: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    length.contains(&text.chars().count())
        && text.chars().all(inside)
        && ends(text.chars().next())
        && ends(text.chars().last())
}

fn is_part(text: &str) -> bool {
    text.split_once('/').is_some_and(|(list, name)| {
        ["apis", "clients"].contains(&list) && is_name(name, 1..=90, " ._-")
    })
}

fn is_control_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(theme, number)| {
        (3..=4).contains(&theme.len())
            && theme.bytes().all(|c| c.is_ascii_uppercase())
            && number.len() == 2
            && number.bytes().all(|c| c.is_ascii_digit())
    })
}

fn day(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}

impl Day {
    /// Nothing never happens: what is no day is no `Day`.
    pub fn date(&self) -> Option<Date> {
        day(self)
    }
}

/// A double dash ends the name where it is part of another one (`resource::owner`).
fn is_spec(text: &str) -> bool {
    is_name(text, 1..=24, "-") && is_lower(text) && starts_with_letter(text) && !text.contains("--")
}

fn is_lower(text: &str) -> bool {
    !text.chars().any(|c| c.is_ascii_uppercase())
}

fn starts_with_letter(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn is_resource_group(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "_-.()".contains(c);
    (1..=90).contains(&text.len()) && text.chars().all(inside) && !text.ends_with('.')
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| is_name(label, 1..=63, "-") && is_lower(label);
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

/// Certificates that Front Door manages are limited to 64 characters; hosts of Azure's own cannot be claimed.
fn is_own_host(text: &str) -> bool {
    let azure = [".azurefd.net", ".azure-api.net", ".azurewebsites.net"];
    text.len() <= 64 && is_host(text) && !azure.iter().any(|suffix| text.ends_with(suffix))
}

fn is_tenant(text: &str) -> bool {
    text.strip_suffix(".onmicrosoft.com")
        .is_some_and(|label| is_name(label, 1..=27, "") && is_lower(label))
}

fn is_path(text: &str) -> bool {
    let segment = |segment: &str| {
        !segment.is_empty()
            && segment
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c))
    };
    text.len() <= 400 && text.split('/').all(segment)
}

fn is_email(text: &str) -> bool {
    let local = |local: &str| {
        !local.is_empty()
            && local
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c))
    };
    text.len() <= 254
        && text
            .split_once('@')
            .is_some_and(|(name, host)| local(name) && is_host(&host.to_lowercase()))
}

/// Plain HTTP is acceptable to this machine alone; whether it is here at all, the tier decides.
fn is_safe_url(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && url.host_str() == Some("localhost"))
}

fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        is_safe_url(&url) && url.origin().ascii_serialization() == text && !text.contains('*')
    })
}

fn is_redirect(text: &str) -> bool {
    let fine = |url: Url| {
        is_safe_url(&url)
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    };
    text.len() <= 256 && !text.contains(['*', ' ']) && Url::parse(text).is_ok_and(fine)
}

text_values! {
    /// Name of the spec: it marks what the spec owns, and the names that secgw derives start with it.
    SpecName {
        what: "a name for a spec",
        accepts: is_spec,
        pattern: "^(?!.*--)[a-z]([a-z0-9-]{0,22}[a-z0-9])?$",
        hint: "1 to 24 lower-case letters, digits and single dashes, starting with a letter",
        example: "orders",
        known: nothing_known,
    }
    /// A part of the spec by what it is and its name: `apis/orders`.
    PartName {
        what: "the name of a part",
        accepts: |text| is_part(text),
        pattern: "^(apis|clients)/[A-Za-z0-9]([A-Za-z0-9 ._-]{0,88}[A-Za-z0-9])?$",
        hint: "`apis/NAME` or `clients/NAME`; a Function's name is its host and cannot be kept under another",
        example: "apis/orders",
        known: nothing_known,
    }
    /// Id of a security control: `NET-04`.
    ControlId {
        what: "the id of a control",
        accepts: is_control_id,
        pattern: "^[A-Z]{3,4}-[0-9]{2}$",
        hint: "a theme and two digits, as `secgw check` shows it",
        example: "NET-04",
        known: nothing_known,
    }
    /// A day of the calendar: `2027-01-31`.
    Day {
        what: "a day",
        accepts: |text| day(text).is_some(),
        pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        hint: "year, month and day of a real one",
        example: "2027-01-31",
        known: nothing_known,
    }
    ResourceGroupName {
        what: "a name for a resource group",
        accepts: is_resource_group,
        pattern: r"^[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]$",
        hint: "1 to 90 letters, digits and `_-.()`, not ending in a dot",
        example: "rg-orders-prod",
        known: nothing_known,
    }
    /// An Azure region as Azure names it: `westeurope`.
    Region {
        what: "an Azure region",
        accepts: |text| regions::find(text).is_some(),
        pattern: "^[a-z0-9]+$",
        hint: "the region's name without spaces, in lower case",
        example: "westeurope",
        known: regions::names,
    }
    /// Domain of the identity tenant: `contosob2c.onmicrosoft.com`.
    TenantDomain {
        what: "the initial domain of an identity tenant",
        accepts: is_tenant,
        pattern: r"^[a-z0-9]{1,27}\.onmicrosoft\.com$",
        hint: "up to 27 lower-case letters and digits, then `.onmicrosoft.com`",
        example: "contosob2c.onmicrosoft.com",
        known: nothing_known,
    }
    /// Id of the sign-in flow: `B2C_1_signin`.
    UserFlowName {
        what: "a name for a user flow",
        accepts: |text| is_name(text, 1..=64, "_"),
        pattern: "^[A-Za-z0-9]([A-Za-z0-9_]{0,62}[A-Za-z0-9])?$",
        hint: "1 to 64 letters, digits and underscores",
        example: "B2C_1_signin",
        known: nothing_known,
    }
    ScopeName {
        what: "a name for a scope",
        accepts: |text| is_name(text, 1..=120, "._-"),
        pattern: "^[A-Za-z0-9]([A-Za-z0-9._-]{0,118}[A-Za-z0-9])?$",
        hint: "1 to 120 letters, digits, dots, dashes and underscores",
        example: "orders.read",
        known: nothing_known,
    }
    /// Name of a client application.
    ClientName {
        what: "a name for a client application",
        accepts: |text| is_name(text, 1..=90, " ._-"),
        pattern: "^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,88}[A-Za-z0-9])?$",
        hint: "1 to 90 letters, digits, spaces, dots, dashes and underscores",
        example: "orders-web",
        known: nothing_known,
    }
    /// Name of an API Management service: globally unique, the host is `<name>.azure-api.net`.
    ServiceName {
        what: "a name for an API Management service",
        accepts: |text| is_name(text, 1..=50, "-") && starts_with_letter(text),
        pattern: "^[A-Za-z]([A-Za-z0-9-]{0,48}[A-Za-z0-9])?$",
        hint: "1 to 50 letters, digits and dashes, starting with a letter",
        example: "apim-orders-prod",
        known: nothing_known,
    }
    /// Name of a Function app: globally unique, the host is `<name>.azurewebsites.net`.
    FunctionName {
        what: "a name for a Function app",
        accepts: |text| is_name(text, 2..=60, "-"),
        pattern: "^[A-Za-z0-9][A-Za-z0-9-]{0,58}[A-Za-z0-9]$",
        hint: "2 to 60 letters, digits and dashes",
        example: "func-orders-prod",
        known: nothing_known,
    }
    /// Identifier of an API inside API Management.
    ApiName {
        what: "a name for an API",
        accepts: |text| is_name(text, 1..=80, "-") && is_lower(text),
        pattern: "^[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?$",
        hint: "1 to 80 lower-case letters, digits and dashes",
        example: "orders",
        known: nothing_known,
    }
    /// Path of an API below the gateway's host, without slashes at its ends.
    ApiPath {
        what: "a path for an API",
        accepts: is_path,
        pattern: "^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$",
        hint: "segments of letters, digits and `-._~`, without a slash at the start or the end",
        example: "orders/v1",
        known: nothing_known,
    }
    /// Identifier of an operation inside an API, derived from `operationId` or method and path.
    OperationName {
        what: "a name for an operation",
        accepts: |text| is_name(text, 1..=80, "-") && is_lower(text),
        pattern: "^[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?$",
        hint: "1 to 80 lower-case letters, digits and dashes",
        example: "list-orders",
        known: nothing_known,
    }
    /// Path of an operation below its API's, with parameters in braces: `/orders/{orderId}`.
    OperationPath {
        what: "a path for an operation",
        accepts: is_operation_path,
        pattern: r"^/([A-Za-z0-9._~:@-]+|\{[A-Za-z0-9_-]+\})?(/([A-Za-z0-9._~:@-]+|\{[A-Za-z0-9_-]+\}))*$",
        hint: "starts with a slash; each segment is plain text or one parameter in braces",
        example: "/orders/{orderId}",
        known: nothing_known,
    }
    /// An origin of a browser application: scheme, host and perhaps a port.
    Origin {
        what: "an origin that may be let in",
        accepts: is_origin,
        pattern: r"^(https://[^/?#*\s]+|http://localhost(:[0-9]+)?)$",
        hint: "`https://` and a host in lower case, without a path, a wildcard or a default port",
        example: "https://app.contoso.com",
        known: nothing_known,
    }
    /// Where the identity provider may send a browser after sign-in.
    RedirectUri {
        what: "a redirect URI that can be trusted",
        accepts: is_redirect,
        pattern: r"^(https://[^#*\s]+|http://localhost(:[0-9]+)?(/[^#*\s]*)?)$",
        hint: "`https://`, a host and a path, without a wildcard or a fragment",
        example: "https://app.contoso.com/auth",
        known: nothing_known,
    }
    /// A host name of the operator's own: `api.contoso.com`.
    HostName {
        what: "a host name that Front Door can serve",
        accepts: is_own_host,
        pattern: r"^[a-z0-9-]+(\.[a-z0-9-]+)+$",
        hint: "a host name of your own in lower case, at most 64 characters",
        example: "api.contoso.com",
        known: nothing_known,
    }
    EmailAddress {
        what: "an e-mail address",
        accepts: is_email,
        pattern: r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        hint: "a name, `@` and a domain",
        example: "ada@example.com",
        known: nothing_known,
    }
}

impl OperationPath {
    /// Names of the parameters, in the order of the path.
    pub(crate) fn placeholders(&self) -> Vec<&str> {
        self.split('/').filter_map(placeholder).collect()
    }

    /// The path without the names of its parameters: what tells it from others.
    pub(crate) fn shape(&self) -> String {
        let segments = self
            .split('/')
            .map(|segment| placeholder(segment).map_or(segment, |_| "{}"));
        segments.collect::<Vec<_>>().join("/")
    }
}

fn placeholder(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn is_operation_path(text: &str) -> bool {
    let plain = |segment: &str| {
        !segment.is_empty()
            && segment
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._~:@-".contains(c))
    };
    let parameter = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    };
    let segment = |segment: &str| placeholder(segment).map_or_else(|| plain(segment), parameter);
    let names: Vec<&str> = text.split('/').filter_map(placeholder).collect();
    let distinct = names
        .iter()
        .collect::<std::collections::BTreeSet<_>>()
        .len()
        == names.len();
    let well_formed = text == "/"
        || text
            .strip_prefix('/')
            .is_some_and(|rest| rest.split('/').all(segment));
    text.len() <= 1000 && distinct && well_formed
}

impl OperationName {
    /// A stable name from an `operationId` or from method and path: `listOrders` and `GET /orders` both read well.
    pub(crate) fn derive(text: &str) -> Option<Self> {
        let mut slug = String::new();
        let mut after_lower = false;
        for c in text.chars() {
            if c.is_ascii_uppercase() && after_lower {
                slug.push('-');
            }
            after_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
            slug.push(if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            });
        }
        let words: Vec<&str> = slug.split('-').filter(|word| !word.is_empty()).collect();
        let name: String = words.join("-").chars().take(80).collect();
        Self::parse(name.trim_end_matches('-'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_accepts_whatever_the_reader_accepts() {
        let texts = [
            "",
            "a",
            "A",
            "-",
            "a-",
            "a b",
            "a.b",
            "a_b",
            "1",
            "orders",
            "apim-orders-prod",
            "westeurope",
            "B2C_1_signin",
            "orders.read",
            "orders/v1",
            "/orders",
            "/",
            "/orders/{id}/items",
            "/{a}/{a}",
            "/a{b}",
            "https://app.contoso.com",
            "https://app.contoso.com:8443",
            "http://localhost:3000",
            "https://app.contoso.com/auth",
            "http://app.contoso.com",
            "https://*.contoso.com",
            "api.contoso.com",
            "ada@example.com",
            "contosob2c.onmicrosoft.com",
            "rg.(x)_",
            "rg.",
        ];
        let long = [
            "a".repeat(24),
            "a".repeat(51),
            "a".repeat(61),
            "a".repeat(91),
        ];
        for (name, rule) in RULES {
            let schema =
                jsonschema::validator_for(&serde_json::json!({ "pattern": rule.pattern })).unwrap();
            for text in texts.iter().copied().chain(long.iter().map(String::as_str)) {
                let accepted = (rule.accepts)(text);
                let allowed = schema.is_valid(&serde_json::json!(text));
                assert!(
                    allowed || !accepted,
                    "{name}: the reader accepts `{text}`, the schema does not"
                );
            }
            assert!(
                (rule.accepts)(rule.example),
                "{name} refuses its own example"
            );
        }
    }

    #[test]
    fn names_that_azure_refuses_are_refused() {
        for (accepts, text) in [
            (SpecName::RULE.accepts, "Orders"),
            (SpecName::RULE.accepts, "orders--dev"),
            (ResourceGroupName::RULE.accepts, "rg."),
            (Region::RULE.accepts, "West Europe"),
            (TenantDomain::RULE.accepts, "contoso.com"),
            (ServiceName::RULE.accepts, "1apim"),
            (ServiceName::RULE.accepts, "apim_orders"),
            (FunctionName::RULE.accepts, "f"),
            (FunctionName::RULE.accepts, "func-"),
            (ApiPath::RULE.accepts, "/orders"),
            (Origin::RULE.accepts, "https://app.contoso.com/"),
            (Origin::RULE.accepts, "https://app.contoso.com:443"),
            (Origin::RULE.accepts, "http://app.contoso.com"),
            (Origin::RULE.accepts, "*"),
            (RedirectUri::RULE.accepts, "https://*.contoso.com/auth"),
            (RedirectUri::RULE.accepts, "http://app.contoso.com/auth"),
            (
                RedirectUri::RULE.accepts,
                "https://u:p@app.contoso.com/auth",
            ),
            (HostName::RULE.accepts, "orders.azurefd.net"),
            (HostName::RULE.accepts, "localhost"),
            (EmailAddress::RULE.accepts, "ada"),
        ] {
            assert!(!accepts(text), "{text}");
        }
    }

    #[test]
    fn operation_names_are_derived_from_ids_and_from_paths() {
        let derived = [
            "listOrders",
            "GET /orders/{orderId}/items",
            "Orders_Get2",
            "getHTTPStatus",
        ]
        .map(|text| OperationName::derive(text).unwrap().to_string());
        assert_eq!(
            derived,
            [
                "list-orders",
                "get-orders-order-id-items",
                "orders-get2",
                "get-httpstatus"
            ]
        );
        assert_eq!(OperationName::derive("///"), None);
    }
}
