//! The state all services share: the store, the time, and the settings of this run.

use time::{Duration, OffsetDateTime};

use super::activity::Activity;
use super::arm::catalogue::Catalogue;
use super::data_plane::Counters;
use super::rights::Rights;
use super::store::Store;

pub(crate) struct World {
    pub(crate) catalogue: Catalogue,
    pub(crate) store: Store,
    pub(crate) activity: Activity,
    pub(crate) rights: Rights,
    /// Time of the request being answered: read once by the server, so that one request sees one moment.
    pub(crate) now: OffsetDateTime,
    /// Operations take their documented time multiplied by this.
    pub(crate) operation_scale: f64,
    /// Members per page of a list.
    pub(crate) page_size: usize,
    /// A test asked for the operation that the current request starts to fail (`fault.rs`).
    pub(crate) fails_operation: bool,
    /// Directory of the caller being answered: where the identities of Azure resources live.
    pub(crate) tenant: String,
    /// Object id of that caller.
    pub(crate) caller: String,
    /// How long a new directory object stays invisible to Microsoft Graph's readers; zero unless a fault asks for it.
    pub(crate) replication_lag: Duration,
    /// What the deployed gateway remembers between calls.
    pub(crate) counters: Counters,
}

impl World {
    /// As fast and as faultless as can be; the server sets what its options say.
    pub(crate) fn new(catalogue: Catalogue, store: Store, now: OffsetDateTime) -> Self {
        Self {
            catalogue,
            store,
            activity: Activity::default(),
            rights: Rights::default(),
            now,
            operation_scale: 0.0,
            page_size: 100,
            fails_operation: false,
            tenant: String::new(),
            caller: String::new(),
            replication_lag: Duration::ZERO,
            counters: Counters::default(),
        }
    }
}

/// As Azure writes times: UTC, to the second.
pub(crate) fn timestamp(at: OffsetDateTime) -> String {
    use time::format_description::well_known::Rfc3339;
    let whole = at.replace_nanosecond(0).unwrap_or(at);
    whole.format(&Rfc3339).unwrap_or_default()
}
