//! Which proxy requests go through, for messages: the HTTP client itself reads the same variables by the same rules.

/// The proxy of `HTTPS_PROXY`, and what goes past it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxy {
    /// The variable that names it, and its address without credentials.
    named: Option<(&'static str, String)>,
    /// Domains of `NO_PROXY`; `*` is all of them.
    past: Vec<String>,
}

/// The first that is set counts, as for `reqwest`.
const NAMES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const EXCEPT: [&str; 2] = ["NO_PROXY", "no_proxy"];

impl Proxy {
    pub fn of<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let named = NAMES.into_iter().find_map(|name| Some((name, get(name)?)));
        let past = EXCEPT.into_iter().find_map(&get).unwrap_or_default();
        Self {
            named: named.map(|(name, address)| (name, without_credentials(address))),
            past: past
                .split(',')
                .map(|domain| domain.trim().trim_start_matches('.').to_ascii_lowercase())
                .filter(|domain| !domain.is_empty())
                .collect(),
        }
    }

    /// ` through the proxy http://proxy:8080 (HTTPS_PROXY)`, or nothing.
    pub(super) fn on_the_way_to(&self, host: &str) -> String {
        let host = host.to_ascii_lowercase();
        let goes_past = self.past.iter().any(|domain| {
            domain == "*"
                || host
                    .strip_suffix(domain)
                    .is_some_and(|head| head.is_empty() || head.ends_with('.'))
        });
        match &self.named {
            Some((name, address)) if !goes_past => format!(" through the proxy {address} ({name})"),
            Some(_) | None => String::new(),
        }
    }
}

/// `http://user:password@proxy:8080/` is `http://proxy:8080`; what is no URL may be all secret but its end.
fn without_credentials(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(variables: &[(&str, &'static str)]) -> Proxy {
        Proxy::of(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| *value)
        })
    }

    #[test]
    fn a_proxy_is_named_with_its_variable_and_without_credentials() {
        for address in [
            "http://ada:pass@word@proxy.local:8080/",
            "ada:pass@word@proxy.local:8080",
            "http://proxy.local:8080?x",
        ] {
            let said = proxy(&[("https_proxy", address)]).on_the_way_to("login.example");
            assert_eq!(
                said,
                " through the proxy http://proxy.local:8080 (https_proxy)"
            );
        }
        assert_eq!(proxy(&[]).on_the_way_to("login.example"), "");
    }

    #[test]
    fn what_goes_past_the_proxy_names_none() {
        let set = |past| proxy(&[("ALL_PROXY", "socks5://p:1"), ("NO_PROXY", past)]);
        for past in ["azure.com", ".azure.com, x", "*", "Management.Azure.com"] {
            assert_eq!(
                set(past).on_the_way_to("management.azure.com"),
                "",
                "{past}"
            );
        }
        for past in ["zure.com", "graph.azure.com", ""] {
            let said = set(past).on_the_way_to("management.azure.com");
            assert_eq!(
                said, " through the proxy socks5://p:1 (ALL_PROXY)",
                "{past}"
            );
        }
    }
}
