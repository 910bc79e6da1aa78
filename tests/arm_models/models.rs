//! Every API Management and Web body that the environments send, read into the official models and written back.
//!
//! The bodies come from the traffic log of a whole apply of each environment into an empty sandbox, by the product's own
//! binary: this package knows nothing else of secgw.

mod plain;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use azure_mgmt_apimanagement::models as apim;
use azure_mgmt_web::models as web;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use plain::{Plain, unwrapped};

/// A model that takes a body and gives it back.
type Through = fn(&Value) -> Result<Value, serde_json::Error>;

struct Row {
    method: &'static str,
    /// Resource type; for the configurations of a site, with its name.
    about: &'static str,
    through: Through,
}

const fn row(method: &'static str, about: &'static str, through: Through) -> Row {
    Row {
        method,
        about,
        through,
    }
}

const MODELS: &[Row] = &[
    row(
        "PUT",
        "Microsoft.ApiManagement/service",
        through::<apim::ApiManagementServiceResource>,
    ),
    row(
        "PATCH",
        "Microsoft.ApiManagement/service",
        through::<apim::ApiManagementServiceUpdateParameters>,
    ),
    row(
        "PUT",
        "Microsoft.ApiManagement/service/apis",
        through::<apim::ApiCreateOrUpdateParameter>,
    ),
    row(
        "PUT",
        "Microsoft.ApiManagement/service/apis/operations",
        through::<apim::OperationContract>,
    ),
    row(
        "PUT",
        "Microsoft.ApiManagement/service/apis/policies",
        through::<apim::PolicyContract>,
    ),
    row(
        "PUT",
        "Microsoft.ApiManagement/service/backends",
        through::<apim::BackendContract>,
    ),
    row(
        "PUT",
        "Microsoft.ApiManagement/service/diagnostics",
        through::<apim::DiagnosticContract>,
    ),
    row(
        "PUT",
        "Microsoft.ApiManagement/service/loggers",
        through::<apim::LoggerContract>,
    ),
    row(
        "PUT",
        "Microsoft.ApiManagement/service/namedValues",
        through::<apim::NamedValueCreateContract>,
    ),
    row(
        "PUT",
        "Microsoft.ApiManagement/service/policies",
        through::<apim::PolicyContract>,
    ),
    row(
        "PUT",
        "Microsoft.ApiManagement/service/policyRestrictions",
        through::<apim::PolicyRestrictionContract>,
    ),
    row(
        "PUT",
        "Microsoft.ApiManagement/service/privateEndpointConnections",
        through::<apim::PrivateEndpointConnectionRequest>,
    ),
    row(
        "PUT",
        "Microsoft.ApiManagement/service/products",
        through::<apim::ProductContract>,
    ),
    row(
        "PUT",
        "Microsoft.ApiManagement/service/tags",
        through::<apim::TagCreateUpdateParameters>,
    ),
    row(
        "PATCH",
        "Microsoft.ApiManagement/service/tenant",
        through::<apim::AccessInformationUpdateParameters>,
    ),
    row(
        "PUT",
        "Microsoft.Web/serverfarms",
        through::<web::AppServicePlan>,
    ),
    row("PUT", "Microsoft.Web/sites", through::<web::Site>),
    row(
        "PATCH",
        "Microsoft.Web/sites",
        through::<web::SitePatchResource>,
    ),
    row(
        "PATCH",
        "Microsoft.Web/sites/config/web",
        through::<web::SiteConfigResource>,
    ),
    row(
        "PUT",
        "Microsoft.Web/sites/config/appsettings",
        through::<web::StringDictionary>,
    ),
    row(
        "PUT",
        "Microsoft.Web/sites/config/authsettingsV2",
        through::<web::SiteAuthSettingsV2>,
    ),
    row(
        "PUT",
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
        through::<web::CsmPublishingCredentialsPoliciesEntity>,
    ),
];

fn through<Model: DeserializeOwned + Serialize>(body: &Value) -> Result<Value, serde_json::Error> {
    let model = Model::deserialize(Plain(body))?;
    serde_json::to_value(model).map(unwrapped)
}

/// What came after the models: resource type, where, and since when.
const NEWER: &[(&str, &str, &str)] = &[
    (
        "Microsoft.Web/sites",
        "/properties/outboundVnetRouting",
        "2024-11-01; the models are of 2024-04-01",
    ),
    (
        "Microsoft.Web/sites",
        "/properties/sshEnabled",
        "2024-11-01; the models are of 2024-04-01",
    ),
];

struct Body {
    method: String,
    about: String,
    sent: Value,
}

#[test]
fn the_official_models_know_every_body_and_give_it_back_whole() {
    let mut used = BTreeSet::new();
    let mut read = 0;
    let mut troubles = Vec::new();
    for environment in environments() {
        let bodies = bodies(&environment);
        assert!(
            bodies.len() > 20,
            "{environment}: only {} bodies",
            bodies.len()
        );
        for body in &bodies {
            read += 1;
            let of = format!("{environment}: {} {}", body.method, body.about);
            match written(body) {
                Err(why) => troubles.push(format!("{of}: {why}")),
                Ok(lost) => {
                    for path in lost {
                        let is_at = |(about, at, _): &(&str, &str, &str)| {
                            *about == body.about && *at == path
                        };
                        match NEWER.iter().position(is_at) {
                            Some(line) => drop(used.insert(line)),
                            None => troubles
                                .push(format!("{of}: {path} does not come back as it went in")),
                        }
                    }
                }
            }
        }
    }
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
    let idle: Vec<_> = (0..NEWER.len())
        .filter(|line| !used.contains(line))
        .map(|line| NEWER[line])
        .collect();
    assert!(idle.is_empty(), "listed, but the models know it: {idle:?}");
    println!(
        "{read} bodies came back from the official models; {} properties listed as newer",
        NEWER.len()
    );
}

/// Where what was sent does not come back from the model.
fn written(body: &Body) -> Result<Vec<String>, String> {
    let mut rows = MODELS.iter();
    let row = rows
        .find(|row| row.method == body.method && row.about == body.about)
        .ok_or("no row says which model this is")?;
    let back = (row.through)(&body.sent).map_err(|error| error.to_string())?;
    let mut lost = Vec::new();
    compare("", &body.sent, &back, &mut lost);
    lost.retain(|path| !is_known_empty_list(row, &body.sent, path));
    Ok(lost)
}

/// The models write an empty list as nothing. That they know it shows in that they take nothing else in its place.
fn is_known_empty_list(row: &Row, sent: &Value, path: &str) -> bool {
    let mut other = sent.clone();
    match other.pointer_mut(path) {
        Some(Value::Array(items)) if items.is_empty() => {}
        _ => return false,
    }
    if let Some(list) = other.pointer_mut(path) {
        *list = "no list".into();
    }
    (row.through)(&other).is_err()
}

/// Where the two are not the same. A null is as good as nothing; `100.0` is `100`.
fn compare(path: &str, sent: &Value, back: &Value, lost: &mut Vec<String>) {
    match (sent, back) {
        (Value::Object(sent), Value::Object(back)) => {
            let names: BTreeSet<&String> = sent.keys().chain(back.keys()).collect();
            let of = |members: &Map<String, Value>, name: &String| {
                members.get(name).cloned().unwrap_or_default()
            };
            for name in names {
                compare(
                    &format!("{path}/{name}"),
                    &of(sent, name),
                    &of(back, name),
                    lost,
                );
            }
        }
        (Value::Array(sent), Value::Array(back)) if sent.len() == back.len() => {
            for (at, (sent, back)) in sent.iter().zip(back).enumerate() {
                compare(&format!("{path}/{at}"), sent, back, lost);
            }
        }
        (Value::Number(sent), Value::Number(back)) if sent.as_f64() == back.as_f64() => {}
        (sent, back) if sent == back => {}
        _ => lost.push(path.to_owned()),
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn environments() -> Vec<String> {
    let files = std::fs::read_dir(repository().join("environments")).expect("the environments");
    let mut names: Vec<String> = files
        .map(|file| file.expect("an environment").path())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    assert!(names.len() > 1, "{names:?}");
    names
}

/// What a whole apply of an environment into an empty sandbox sends to the two providers.
fn bodies(environment: &str) -> Vec<Body> {
    let directory = tempfile::tempdir().expect("a directory");
    let log = directory.path().join("traffic.jsonl");
    let mut sandbox = std::ffi::OsString::from("--sandbox=");
    sandbox.push(directory.path().join("sandbox"));
    let output = Command::new(env!("CARGO"))
        .args([
            "run",
            "--locked",
            "--quiet",
            "--",
            "apply",
            "--yes",
            "-e",
            environment,
        ])
        .arg(sandbox)
        .arg("--record")
        .arg(&log)
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{environment}\n{said}");
    let lines = std::fs::read_to_string(log).expect("a traffic log");
    lines.lines().filter_map(body).collect()
}

fn body(line: &str) -> Option<Body> {
    let mut line: Value = serde_json::from_str(line).expect("a line of the log");
    let sent = line["request_body"].take();
    let url = line["url"].as_str()?;
    let about = about(url).filter(|_| sent.is_object())?;
    let is_ours = ["Microsoft.ApiManagement/", "Microsoft.Web/"]
        .iter()
        .any(|provider| about.starts_with(provider));
    is_ours.then(|| Body {
        method: line["method"].as_str().unwrap_or_default().to_owned(),
        about,
        sent,
    })
}

/// The type of the resource that a URL is about; none for the address of a group or a token.
fn about(url: &str) -> Option<String> {
    let (path, _) = url.split_once('?').unwrap_or((url, ""));
    let (_, below) = path.rsplit_once("/providers/")?;
    let segments: Vec<&str> = below.split('/').collect();
    let (provider, rest) = segments.split_first()?;
    let types: Vec<&str> = rest.iter().step_by(2).copied().collect();
    let about = format!("{provider}/{}", types.join("/"));
    Some(match types.last() {
        Some(&"config") => format!("{about}/{}", rest.last()?),
        _ => about,
    })
}
