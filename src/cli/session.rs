//! From settings and a spec to a plan: starts the sandbox where it is asked for, signs in, reads, plans.
//!
//! `plan` and `apply` share everything here; they part at the first write. Secrets are fetched here, at the moment
//! they are used, and go nowhere else.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use azure_core::credentials::TokenCredential;
use secrecy::SecretString;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::acceptance::{accepted, severity};
use super::error::Error;
use super::named;
use super::output::Output;
use super::settings::{Choice, Group, Place, Work};
use super::surroundings;
use crate::azure::auth::{self, IdentityTenant};
use crate::azure::read::read_live;
use crate::azure::{
    self, AuthSettings, Client, Cloud, PooledClient, Proxy, Route, activity, vault,
};
use crate::compile::{self, CompileError};
use crate::controls::{self, Intent, State};
use crate::plan::{self, Assessment, History, Idle, Norm, Plan, Review, Selection};
use crate::render;
use crate::render::plan::Shown;
use crate::render::safe;
use crate::render::style::{NOTE, paint};
use crate::resource::{Graph, Live, ResourceId};
use crate::sandbox;
use crate::spec::{Code, Diagnostic, LoadOptions, Loaded, SecretError, SecretSource, Spec};
use crate::text::{nearest, plural};

/// Own waits are shortened as operations are, but never to nothing: a poll without a pause is a busy loop.
const LEAST_PACE: f64 = 0.002;
/// How far back the activity log is read; Azure keeps 90 days of it.
const LOOK_BACK: time::Duration = time::Duration::days(30);
/// The sandbox's own subscription, and its tenant.
const SANDBOX_SUBSCRIPTION: &str = "00000000-0000-4000-8000-000000000001";
const SANDBOX_TENANT: &str = "00000000-0000-4000-8000-000000000002";

/// A way to Azure, or to the sandbox, that has signed in.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) target: render::Target,
    pub(super) route: Route,
    /// Factor on waits of our own: 1 against Azure.
    pub(super) pace: f64,
    /// Its sandbox answers as long as it is held.
    ground: Ground,
}

/// What the spec asks for, what is there, and what follows.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) desired: Graph,
    pub(super) live: Live,
    pub(super) plan: Plan,
    pub(super) review: Review,
    /// What of it was asked for.
    pub(super) selection: Selection,
}

impl Planned {
    /// Whether there is something that may be written.
    pub(super) fn is_applicable(&self) -> bool {
        let Self { plan, review, .. } = self;
        plan.has_changes() && plan.unreadable.is_empty() && review.objections.is_empty()
    }

    /// Whether there is nothing to do and nothing in the way.
    pub(super) fn is_done(&self) -> bool {
        let Self { plan, review, .. } = self;
        !plan.has_changes() && plan.unreadable.is_empty() && review.objections.is_empty()
    }

    pub(super) fn shown<'a>(&'a self, target: &'a render::Target) -> Shown<'a> {
        Shown {
            spec: &self.name,
            target,
            plan: &self.plan,
            objections: &self.review.objections,
            allowed: &self.review.allowed,
        }
    }
}

/// What the spec asks for. What only compiling finds is shown like any other problem of the spec.
pub(super) fn compile(loaded: &Loaded) -> Result<Graph, Error> {
    let unknown = unknown_controls(&loaded.spec);
    if !unknown.is_empty() {
        return Err(Error::Spec(loaded.diagnostics(unknown)));
    }
    compile::compile(&loaded.spec).map_err(|error| match error {
        CompileError::Spec(found) => Error::Spec(loaded.diagnostics(found)),
        defect @ (CompileError::UnknownKind(_) | CompileError::Graph(_)) => {
            Error::Other(anyhow::Error::new(defect))
        }
    })
}

/// Accepting a control that does not exist accepts nothing, and nobody would notice.
fn unknown_controls(spec: &Spec) -> Vec<Diagnostic> {
    let accepted = spec.controls.accept.iter();
    accepted
        .filter(|accepted| controls::find(&accepted.control).is_none())
        .map(|accepted| {
            let ids = controls::all().map(|control| control.id);
            let help = nearest(&accepted.control, ids).map_or_else(
                || "`secgw check -v` lists them".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("there is no control `{}`", accepted.control);
            Diagnostic::new(Code::InvalidValue, accepted.at.clone(), message, help)
        })
        .collect()
}

/// The sandbox where one is asked for: sessions of several specs share it.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    sandbox: Option<Arc<sandbox::Running>>,
}

impl Ground {
    pub(super) async fn prepare(place: &Place) -> Result<Self, Error> {
        let sandbox = match place {
            Place::Sandbox(options) => {
                let running = sandbox::start(options.clone()).await;
                Some(Arc::new(running.context("the sandbox does not start")?))
            }
            Place::Azure { .. } => None,
        };
        Ok(Self { sandbox })
    }

    /// Lets the sandbox finish what it is writing, unless somebody else is still on it.
    pub(super) async fn leave(self) {
        if let Some(sandbox) = self.sandbox.and_then(Arc::into_inner) {
            sandbox.stop().await;
        }
    }
}

/// Where to go, and as whom.
pub(super) struct Way {
    pub(super) route: Route,
    pub(super) auth: AuthSettings,
    proxy: Proxy,
    pub(super) place: render::Place,
    pub(super) pace: f64,
}

impl Way {
    pub(super) fn of(
        place: &Place,
        ground: &Ground,
        tenant: Option<String>,
        cloud: &'static Cloud,
    ) -> Result<Self, Error> {
        match (place, &ground.sandbox) {
            (Place::Sandbox(options), Some(running)) => {
                Ok(Self::to_sandbox(options, running, tenant.as_deref()))
            }
            (Place::Sandbox(_), None) => {
                Err(Error::Other(anyhow::anyhow!("the sandbox was not started")))
            }
            (
                Place::Azure {
                    auth,
                    ca_file,
                    proxy,
                },
                _,
            ) => Ok(Self {
                proxy: proxy.clone(),
                ..Self::to_azure(auth, ca_file.as_ref(), cloud, tenant)?
            }),
        }
    }

    pub(super) fn http(&self) -> Result<PooledClient, Error> {
        let http = PooledClient::new(&self.route).context("cannot set up connections")?;
        Ok(http.naming(self.proxy.clone()))
    }

    fn is_sandbox(&self) -> bool {
        matches!(self.place, render::Place::Sandbox { .. })
    }

    fn to_azure(
        auth: &AuthSettings,
        ca_file: Option<&PathBuf>,
        cloud: &'static Cloud,
        tenant: Option<String>,
    ) -> Result<Self, Error> {
        let read = |path: &PathBuf| {
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
        };
        let extra_roots = ca_file.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self {
            route: Route::Internet { extra_roots },
            auth: AuthSettings {
                tenant: tenant.or_else(|| auth.tenant.clone()),
                ..auth.clone()
            },
            proxy: Proxy::default(),
            place: render::Place::Cloud(cloud.name),
            pace: 1.0,
        })
    }

    fn to_sandbox(
        options: &sandbox::Options,
        running: &sandbox::Running,
        tenant: Option<&str>,
    ) -> Self {
        Self {
            route: Route::Loopback {
                address: running.address(),
                ca: running.ca_pem().as_bytes().to_vec(),
            },
            auth: AuthSettings::sandbox(tenant.unwrap_or(SANDBOX_TENANT)),
            proxy: Proxy::default(),
            place: render::Place::Sandbox {
                directory: options.dir.clone(),
            },
            pace: options.operation_scale.clamp(LEAST_PACE, 1.0),
        }
    }
}

impl Session {
    pub(super) async fn open(work: &Work, spec: &Spec) -> Result<Self, Error> {
        Self::on(Ground::prepare(&work.place).await?, work, spec).await
    }

    pub(super) async fn on(ground: Ground, work: &Work, spec: &Spec) -> Result<Self, Error> {
        let cloud = Cloud::find(spec.azure.cloud.as_str()).unwrap_or_else(Cloud::public);
        let tenant = spec.azure.tenant_id.map(|tenant| tenant.to_string());
        let way = Way::of(&work.place, &ground, tenant, cloud)?;
        let http = way.http()?;
        let signed_in = auth::sign_in(&way.auth, &http, cloud).await?;
        let identity = identity(&way, &work.spec, spec, (&http, cloud, &signed_in)).await?;
        let client = Client::new(&http, cloud, &signed_in, Some(identity), way.pace)?;
        let tenant = signed_in.who.tenant.or(way.auth.tenant);
        Ok(Self {
            client,
            target: render::Target {
                place: way.place,
                subscription: spec.azure.subscription.to_string(),
                tenant,
                identity_tenant: spec.identity.tenant.to_string(),
            },
            route: way.route,
            pace: way.pace,
            ground,
        })
    }

    /// Reads what is live and plans.
    pub(super) async fn plan(
        &self,
        spec: &Spec,
        desired: Graph,
        choice: &Choice,
        output: &Output,
    ) -> Result<Planned, Error> {
        let began = tokio::time::Instant::now();
        output.say(&format!(
            "Reading {} on {} …\n",
            plural(desired.named(), "resource"),
            self.target
        ));
        let before = self.client.sent();
        let reading = read_live(&self.client, &desired).await;
        if output.is_detailed() {
            output.say(&format!(
                "Read with {} in {} of dependent reads, {} ms\n",
                plural(count(self.client.sent() - before), "request"),
                plural(count(reading.levels.into()), "level"),
                began.elapsed().as_millis()
            ));
        }
        let mut plan = plan::plan(&desired, &reading.live);
        let norm = norm(spec, &desired);
        let mut assessment = Assessment::of(&plan, &desired, &reading.live, &norm);
        if let Some(assessment) = &assessment {
            plan.standing = assessment.standing(&plan);
            plan.idle.extend(assessment.idle_acceptances());
        }
        for idle in &plan.idle {
            output.say(&idle_line(idle));
        }
        let changed = plan.changes.iter().map(|change| &change.key.address);
        let ids: BTreeSet<&ResourceId> = desired
            .iter()
            .map(|resource| &resource.id)
            .chain(changed)
            .collect();
        let selection = named::selection(&choice.selection, &ids, &spec.name)?;
        let mut plan = selection.of(plan);
        if plan.is_drift() {
            plan.history = self.history(&plan, &desired).await;
        }
        if let Some(assessment) = &mut assessment {
            if !selection.is_everything() {
                assessment.narrow(&plan);
            }
            plan.posture = assessment.posture(&plan);
        }
        let mut objections = plan::review(&plan, &desired);
        objections.extend(plan::standing::objections(&plan.standing));
        let review = Review::new(objections, &choice.allow);
        for unused in &review.unused {
            output.say(&format!("--allow {unused}: nothing needs it\n"));
        }
        Ok(Planned {
            name: spec.name.to_string(),
            desired,
            live: reading.live,
            plan,
            review,
            selection,
        })
    }

    /// For a resource group of which nothing else is known; the operator signs in to the identity tenant too where
    /// that is named.
    pub(super) async fn of_group(work: &Work, group: &Group) -> Result<Self, Error> {
        let cloud = work.cloud.unwrap_or_else(Cloud::public);
        let is_sandbox = matches!(work.place, Place::Sandbox(_));
        let subscription = match &group.subscription {
            Some(subscription) => subscription.clone(),
            None if is_sandbox => SANDBOX_SUBSCRIPTION.to_owned(),
            None => {
                return Err(Error::usage(
                    "the subscription of the resource group is not known",
                    "name it with `--subscription`, or set AZURE_SUBSCRIPTION_ID",
                ));
            }
        };
        let ground = Ground::prepare(&work.place).await?;
        let way = Way::of(&work.place, &ground, group.tenant.clone(), cloud)?;
        let http = way.http()?;
        let signed_in = auth::sign_in(&way.auth, &http, cloud).await?;
        let identity = match &group.identity {
            None => None,
            Some(tenant) => Some(operator_in(&way, tenant, &http, cloud).await?),
        };
        let client = Client::new(&http, cloud, &signed_in, identity, way.pace)?;
        let tenant = signed_in.who.tenant.or(way.auth.tenant);
        Ok(Self {
            client,
            target: render::Target {
                place: way.place,
                subscription,
                tenant,
                identity_tenant: group
                    .identity
                    .clone()
                    .unwrap_or_else(|| "(not looked at)".to_owned()),
            },
            route: way.route,
            pace: way.pace,
            ground,
        })
    }

    /// Reads what is live for the controls: what the graph names, and what stands around it.
    pub(super) async fn state(&self, graph: &Graph, output: &Output) -> State {
        output.say(&format!(
            "Reading {} on {} and what stands around them …\n",
            plural(graph.named(), "resource"),
            self.target
        ));
        surroundings::read(&self.client, graph).await.1
    }

    /// Reads everything in a resource group.
    pub(super) async fn group_state(&self, group: &Group, output: &Output) -> State {
        output.say(&format!("Reading {} on {} …\n", group.name, self.target));
        let id = ResourceId::resource_group(&self.target.subscription, &group.name);
        let mut state = surroundings::group(&self.client, &id).await;
        if group.identity.is_some() {
            surroundings::identity(&self.client, &mut state).await;
        }
        state
    }

    pub(super) async fn live(&self, graph: &Graph) -> Live {
        read_live(&self.client, graph).await.live
    }

    /// Who made the drift. A log that may not be read takes nothing from the plan.
    async fn history(&self, plan: &Plan, desired: &Graph) -> History {
        let group = desired
            .iter()
            .find(|resource| resource.kind.type_name == "Microsoft.Resources/resourceGroups");
        let from = (OffsetDateTime::now_utc() - LOOK_BACK).format(&Rfc3339);
        let (Some(group), Ok(from)) = (group, from) else {
            return History::default();
        };
        match activity::writes(&self.client, &group.id, &from).await {
            Ok(log) => History::of(&plan.changes, &group.id, &log),
            Err(error) => History {
                note: Some(unexplained(&error)),
                ..History::default()
            },
        }
    }

    /// Lets the sandbox finish what it is writing.
    pub(super) async fn close(self) {
        self.ground.leave().await;
    }
}

fn norm(spec: &Spec, desired: &Graph) -> Norm {
    Norm {
        intent: Intent::of_spec(spec, desired),
        accepted: accepted(&spec.controls),
        fail_on: severity(spec.controls.fail_on),
        today: OffsetDateTime::now_utc().date(),
    }
}

fn idle_line(idle: &Idle) -> String {
    let said = safe::line(&format!("{}: {}", idle.at, idle.message));
    format!("{} {said}\n", paint(NOTE, "warning:"))
}

fn unexplained(error: &azure::Error) -> String {
    let said = error.azure();
    let why = said.map_or_else(
        || error.code().to_owned(),
        |said| format!("{} {}", said.status, said.code),
    );
    format!(
        "Who changed it is not known: the activity log could not be read ({why}). It takes the action Microsoft.Insights/eventtypes/values/Read, which the role Reader has."
    )
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The credential for the identity tenant: the spec's own, else the operator's sign-in there.
pub(super) async fn identity(
    way: &Way,
    load: &LoadOptions,
    spec: &Spec,
    (http, cloud, signed_in): (&PooledClient, &'static Cloud, &auth::SignIn),
) -> Result<Arc<dyn TokenCredential>, Error> {
    let tenant = spec.identity.tenant_id.to_string();
    let Some(credential) = &spec.identity.credential else {
        return operator_in(way, &tenant, http, cloud).await;
    };
    let client_secret = match (&credential.client_secret, way.is_sandbox()) {
        (SecretSource::KeyVault { vault, secret }, false) => {
            vault::secret(http, cloud, signed_in, vault, secret).await?
        }
        (source, _) => secret(source, way, load)?,
    };
    let settings = IdentityTenant {
        tenant,
        client_id: credential.client_id.to_string(),
        client_secret,
    };
    Ok(auth::identity_tenant(&settings, http, cloud)?)
}

/// The operator's own sign-in, in another tenant.
async fn operator_in(
    way: &Way,
    tenant: &str,
    http: &PooledClient,
    cloud: &'static Cloud,
) -> Result<Arc<dyn TokenCredential>, Error> {
    let auth = AuthSettings {
        tenant: Some(tenant.to_owned()),
        ..way.auth.clone()
    };
    Ok(auth::sign_in(&auth, http, cloud).await?.credential)
}

/// The sandbox takes any secret, so one that is not set is made up there.
fn secret(source: &SecretSource, way: &Way, load: &LoadOptions) -> Result<SecretString, Error> {
    match source.read(&load.environment, &load.directory) {
        Err(SecretError::NotSet { .. } | SecretError::KeptInAzure { .. }) if way.is_sandbox() => {
            Ok(SecretString::from("sandbox"))
        }
        other => Ok(other.context("signing in to the identity tenant")?),
    }
}
