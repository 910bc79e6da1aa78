//! Where a plan or an apply is about: every output names it.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use serde::ser::SerializeMap;
use serde_json::{Value, json};

use super::safe;
use crate::azure::Cloud;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub place: Place,
    pub subscription: String,
    /// Of the subscription; known once signed in.
    pub tenant: Option<String>,
    /// Where the users are.
    pub identity_tenant: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The Azure embedded in the binary, and where it keeps its state.
    Sandbox { directory: PathBuf },
    /// One of Azure's clouds.
    Cloud(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sandbox { directory } => {
                let directory = directory.display().to_string();
                write!(f, "SANDBOX {}", safe::line(&directory))
            }
            Self::Cloud("public") => f.write_str("Azure"),
            Self::Cloud(name) => write!(f, "Azure {name}"),
        }
    }
}

/// For one line that has to say it in a few words.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · subscription {}", self.place, self.subscription)
    }
}

impl Target {
    /// `subscription …`, `tenant …`, `identity tenant …`.
    pub fn details(&self) -> Vec<String> {
        let tenant = self.tenant.iter().map(|tenant| format!("tenant {tenant}"));
        [format!("subscription {}", self.subscription)]
            .into_iter()
            .chain(tenant)
            .chain([format!("identity tenant {}", self.identity_tenant)])
            .map(|detail| safe::line(&detail))
            .collect()
    }
}

impl Target {
    /// What makes it another target: where a sandbox keeps its state is not part of it.
    pub fn identity(&self) -> Value {
        let mut identity = json!(self);
        if let Value::Object(members) = &mut identity {
            members.remove("directory");
        }
        identity
    }

    /// A target as a plan file says it; none where it is no target.
    pub fn read(written: &Value) -> Option<Self> {
        let text = |name: &str| written.get(name).and_then(Value::as_str);
        let place = match text("kind")? {
            "SANDBOX" => Place::Sandbox {
                directory: text("directory")?.into(),
            },
            "azure" => Place::Cloud(Cloud::find(text("cloud")?)?.name),
            _ => return None,
        };
        Some(Self {
            place,
            subscription: text("subscription")?.to_owned(),
            tenant: text("tenant").map(str::to_owned),
            identity_tenant: text("identity_tenant")?.to_owned(),
        })
    }
}

impl Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            place,
            subscription,
            tenant,
            identity_tenant,
        } = self;
        let mut map = serializer.serialize_map(None)?;
        match place {
            Place::Sandbox { directory } => {
                map.serialize_entry("kind", "SANDBOX")?;
                map.serialize_entry("directory", &directory.display().to_string())?;
            }
            Place::Cloud(name) => {
                map.serialize_entry("kind", "azure")?;
                map.serialize_entry("cloud", name)?;
            }
        }
        map.serialize_entry("subscription", subscription)?;
        map.serialize_entry("tenant", tenant)?;
        map.serialize_entry("identity_tenant", identity_tenant)?;
        map.end()
    }
}
