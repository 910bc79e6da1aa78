//! Which route takes a request.

use serde_json::Value;

use super::specificity;
use crate::sandbox::data_plane::call::{Call, Scheme};
use crate::sandbox::data_plane::hosts::{ENDPOINT, ancestor, text};
use crate::sandbox::store::{Object, Store};

const ROUTE: &str = "Microsoft.Cdn/profiles/afdEndpoints/routes";

pub(super) struct Route<'a> {
    pub(super) id: &'a str,
    pub(super) properties: &'a Value,
}

impl Route<'_> {
    pub(super) fn takes(&self, scheme: Scheme) -> bool {
        let protocols = self.properties["supportedProtocols"].as_array();
        protocols.is_some_and(|protocols| {
            protocols.iter().any(|protocol| {
                protocol
                    .as_str()
                    .is_some_and(|protocol| protocol.eq_ignore_ascii_case(scheme.as_str()))
            })
        })
    }

    pub(super) fn redirects(&self) -> bool {
        self.properties["httpsRedirect"] == "Enabled"
    }
}

/// The enabled route of this domain with the most specific pattern.
pub(super) fn find<'a>(
    store: &'a Store,
    profile: &str,
    domain: &Object,
    call: &Call,
) -> Option<Route<'a>> {
    let is_default = domain.kind == ENDPOINT;
    store
        .of_kind(profile, ROUTE)
        .filter(|route| text(&route.body, "/properties/enabledState") != "Disabled")
        .filter(|route| {
            if is_default {
                ancestor(&route.id, 2).eq_ignore_ascii_case(&domain.id)
                    && text(&route.body, "/properties/linkToDefaultDomain") == "Enabled"
            } else {
                names(&route.body["properties"]["customDomains"], &domain.id)
            }
        })
        .filter_map(|route| {
            let properties = &route.body["properties"];
            let how = specificity(&properties["patternsToMatch"], call.path())?;
            Some((how, route))
        })
        .max_by_key(|(how, _)| *how)
        .map(|(_, route)| Route {
            id: &route.id,
            properties: &route.body["properties"],
        })
}

/// Whether a list of references names a resource.
pub(super) fn names(references: &Value, id: &str) -> bool {
    let references = references.as_array().into_iter().flatten();
    references
        .map(|reference| text(reference, "/id"))
        .any(|named| named.eq_ignore_ascii_case(id))
}
