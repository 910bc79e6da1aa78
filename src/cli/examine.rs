//! Looks at how signing in goes, for `secgw auth doctor`: a refusal is a finding here and not the end.

use super::error::Error;
use super::session::{Ground, Way, identity};
use super::settings::Work;
use crate::azure::auth::{SignIn, Who};
use crate::azure::doctor::{self, Grant};
use crate::azure::{self, Client, Cloud, PooledClient};
use crate::render::doctor::{Doctored, Found, Refused};
use crate::resource::rights::Rights;
use crate::resource::{Directory, ResourceId};
use crate::spec::Spec;

pub(super) async fn examine<'a>(
    work: &Work,
    spec: &'a Spec,
    (plan, apply): (&'a Rights, &'a Rights),
) -> Result<(Doctored<'a>, Ground), Error> {
    let cloud = Cloud::find(spec.azure.cloud.as_str()).unwrap_or_else(Cloud::public);
    let tenant = spec.azure.tenant_id.map(|tenant| tenant.to_string());
    let ground = Ground::prepare(&work.place).await?;
    let way = Way::of(&work.place, &ground, tenant, cloud)?;
    let http = way.http()?;
    let (tried, signed_in) = doctor::attempts(&way.auth, &http, cloud).await;
    let mut graph = Vec::new();
    let mut held = None;
    if let Some(signed_in) = &signed_in {
        held = Some(grants(spec, signed_in, (&http, cloud, way.pace)).await);
        if plan.permissions.contains_key(&Directory::Workforce) {
            let tenant = signed_in.who.tenant.clone().unwrap_or_default();
            let who = whose(doctor::graph_token(&*signed_in.credential, cloud).await);
            graph.push((Directory::Workforce, tenant, who));
        }
        let found = match identity(&way, &work.spec, spec, (&http, cloud, signed_in)).await {
            Ok(credential) => whose(doctor::graph_token(&*credential, cloud).await),
            Err(error) => Err(Refused {
                said: error.to_string(),
                hint: error.hint().map(std::borrow::Cow::into_owned),
            }),
        };
        graph.push((Directory::Identity, spec.identity.tenant.to_string(), found));
    }
    let doctored = Doctored {
        spec: &spec.name,
        place: way.place,
        subscription: spec.azure.subscription.to_string(),
        tried,
        grants: held,
        graph,
        plan,
        apply,
    };
    Ok((doctored, ground))
}

async fn grants(
    spec: &Spec,
    signed_in: &SignIn,
    (http, cloud, pace): (&PooledClient, &Cloud, f64),
) -> Found<Vec<Grant>> {
    let subscription = spec.azure.subscription.to_string();
    let group = ResourceId::resource_group(&subscription, &spec.azure.resource_group);
    let ask = async || {
        let client = Client::new(http, cloud, signed_in, None, pace)?;
        doctor::grants(&client, &group).await
    };
    ask().await.map_err(|error: azure::Error| Refused {
        said: match error.azure() {
            Some(said) => format!("{} {}", said.code, said.message),
            None => error.to_string(),
        },
        hint: error.hint().map(String::from),
    })
}

fn whose(found: Result<Who, (String, Option<&'static str>)>) -> Found<Who> {
    found.map_err(|(said, hint)| Refused {
        said,
        hint: hint.map(str::to_owned),
    })
}
