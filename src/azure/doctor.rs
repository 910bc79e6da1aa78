//! What each way to sign in says, and what whoever signs in may do: facts for `secgw auth doctor`. Nothing is decided
//! here, and tokens go no further than their claims.

use azure_core::credentials::TokenCredential;
use serde_json::Value;

use super::auth::{self, AuthSettings, Method, Source, Who};
use super::client::Client;
use super::cloud::Cloud;
use super::error::Error;
use super::hints;
use super::pipeline::PooledClient;
use super::request::Request;
use crate::resource::{Realm, ResourceId};

/// One way to sign in, and what came of it.
#[derive(Debug)]
pub struct Tried {
    pub source: Source,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub enum Outcome {
    /// Not configured: what it would take.
    Unset(&'static str),
    /// Configured, and not used because something before it is.
    Passed,
    Failed {
        said: String,
        hint: Option<&'static str>,
    },
    Won(Who),
}

/// What somebody may do at a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    pub actions: Vec<String>,
    pub not: Vec<String>,
}

/// Tries the ways that a sign-in would take, in its order; the others are told with what they lack.
pub async fn attempts(
    settings: &AuthSettings,
    http: &PooledClient,
    cloud: &Cloud,
) -> (Vec<Tried>, Option<auth::SignIn>) {
    let taken = settings.methods();
    let mut tried = Vec::new();
    let mut won = None;
    for method in taken.iter().copied() {
        let outcome = if won.is_some() {
            Outcome::Passed
        } else {
            let only = AuthSettings {
                method: Some(method),
                ..settings.clone()
            };
            match auth::sign_in(&only, http, cloud).await {
                Ok(signed_in) => {
                    let who = signed_in.who.clone();
                    won = Some(signed_in);
                    Outcome::Won(who)
                }
                Err(error) => Outcome::Failed {
                    said: error.reason(),
                    hint: error.hint(),
                },
            }
        };
        tried.push(Tried {
            source: settings.source(method),
            outcome,
        });
    }
    let others = Method::ALL
        .into_iter()
        .filter(|method| !taken.contains(method));
    tried.extend(others.map(|method| Tried {
        source: Source {
            method,
            client_id: None,
        },
        outcome: if settings.has(method) {
            Outcome::Passed
        } else {
            Outcome::Unset(method.needs())
        },
    }));
    tried.sort_by_key(|tried| position(tried.source.method));
    (tried, won)
}

fn position(method: Method) -> usize {
    Method::ALL
        .iter()
        .position(|known| *known == method)
        .unwrap_or_default()
}

/// Whose token a credential gives for Microsoft Graph.
pub async fn graph_token(
    credential: &dyn TokenCredential,
    cloud: &Cloud,
) -> Result<Who, (String, Option<&'static str>)> {
    let scope = cloud.graph_scope();
    match credential.get_token(&[scope.as_str()], None).await {
        Ok(token) => Ok(Who::of(token.token.secret())),
        Err(error) => {
            let said = auth::said(&error);
            let hint = hints::for_sign_in(&said);
            Err((said, hint))
        }
    }
}

/// What the client may do in a resource group; where there is none yet, in its subscription. REST API "Permissions -
/// List" 2022-04-01.
pub async fn grants(client: &Client, group: &ResourceId) -> Result<Vec<Grant>, Error> {
    match grants_at(client, group.as_str()).await {
        Err(error) if error.is_not_found() => {
            let subscription = group.subscription().unwrap_or_default();
            grants_at(client, &format!("/subscriptions/{subscription}")).await
        }
        found => found,
    }
}

async fn grants_at(client: &Client, scope: &str) -> Result<Vec<Grant>, Error> {
    let path = format!("{scope}/providers/Microsoft.Authorization/permissions");
    let url = client.endpoints().arm_url(&path, "2022-04-01", &[]);
    let found = client.list(Request::get(Realm::Arm, url)).await?;
    Ok(found.iter().map(grant).collect())
}

fn grant(found: &Value) -> Grant {
    let texts = |name: &str| {
        let list = found[name].as_array().into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Grant {
        actions: texts("actions"),
        not: texts("notActions"),
    }
}
