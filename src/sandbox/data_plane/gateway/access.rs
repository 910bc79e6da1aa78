//! Subscription keys: whether a call needs one, and which product it then comes under.

use super::effective::member;
use super::run::Failure;
use crate::sandbox::behaviour::apim::subscription_keys;
use crate::sandbox::data_plane::call::Call;
use crate::sandbox::data_plane::hosts;
use crate::sandbox::store::{Object, Store};

const SUBSCRIPTION: &str = "Microsoft.ApiManagement/service/subscriptions";
const PRODUCT: &str = "Microsoft.ApiManagement/service/products";

/// Names an API has for the key unless it says otherwise.
const HEADER: &str = "Ocp-Apim-Subscription-Key";
const QUERY: &str = "subscription-key";

#[derive(Default)]
pub(super) struct Access {
    pub(super) subscription: Option<Object>,
    pub(super) product: Option<Object>,
    pub(super) denied: Option<Failure>,
}

pub(super) fn check(store: &Store, service: &Object, api: &Object, call: &Call) -> Access {
    let names = &api.body["properties"]["subscriptionKeyParameterNames"];
    let header = names["header"].as_str().unwrap_or(HEADER);
    let query = names["query"].as_str().unwrap_or(QUERY);
    let sent = call
        .header(header)
        .map(str::to_owned)
        .or_else(|| call.parameter(query));
    let api_id = api.id.split(";rev=").next().unwrap_or_default();
    let with_key = sent
        .as_deref()
        .and_then(|key| admitted(store, service, api_id, key));
    if let Some(access) = with_key {
        return access;
    }
    // An open product admits everybody, and its policy runs (documented for APIs in such products).
    let open = products(store, service, api_id)
        .find(|product| product.body["properties"]["subscriptionRequired"] == false);
    let needs_key = api.body["properties"]["subscriptionRequired"] != false && open.is_none();
    Access {
        subscription: None,
        product: open.cloned(),
        denied: needs_key.then(|| denied(api, header, call, sent.is_some())),
    }
}

/// Published products an API is in.
fn products<'a>(
    store: &'a Store,
    service: &Object,
    api: &str,
) -> impl Iterator<Item = &'a Object> + use<'a> {
    let name = hosts::name(api).to_owned();
    let published = store
        .of_kind(&service.id, PRODUCT)
        .filter(|product| product.body["properties"]["state"] == "published");
    published.filter(move |product| store.get(&format!("{}/apis/{name}", product.id)).is_some())
}

/// What a key opens; none: no active subscription has it, or its scope is elsewhere.
fn admitted(store: &Store, service: &Object, api: &str, key: &str) -> Option<Access> {
    let mut subscriptions = store
        .of_kind(&service.id, SUBSCRIPTION)
        .filter(|subscription| subscription.body["properties"]["state"] == "active");
    let subscription = subscriptions
        .find(|subscription| subscription_keys(subscription).iter().any(|own| own == key))?;
    let scope = member(&subscription.body, "scope")
        .trim_end_matches('/')
        .to_lowercase();
    let own = service.id.to_lowercase();
    let product = products(store, service, api).find(|product| product.id.to_lowercase() == scope);
    let opens = scope == own
        || scope == format!("{own}/apis")
        || scope == api.to_lowercase()
        || product.is_some();
    opens.then(|| Access {
        subscription: Some(subscription.clone()),
        product: product.cloned(),
        denied: None,
    })
}

fn denied(api: &Object, header: &str, call: &Call, was_sent: bool) -> Failure {
    let (reason, message) = if was_sent {
        (
            "SubscriptionKeyInvalid",
            "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
        )
    } else {
        (
            "SubscriptionKeyNotFound",
            "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.",
        )
    };
    let realm = format!("https://{}/{}", call.host, member(&api.body, "path"));
    Failure {
        source: "authorization",
        reason,
        message: message.to_owned(),
        status: 401,
        shown: None,
        headers: vec![(
            "WWW-Authenticate".to_owned(),
            format!("AzureApiManagementKey realm=\"{realm}\",name=\"{header}\",type=\"header\""),
        )],
    }
}
