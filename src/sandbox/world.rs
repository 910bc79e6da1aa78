//! The state all services share: the store, the time, and the settings of this run.

use time::{Duration, OffsetDateTime};

use super::store::Store;

pub(crate) struct World {
    pub(crate) store: Store,
    /// Time of the request being answered: read once by the server, so that one request sees one moment.
    pub(crate) now: OffsetDateTime,
    /// Operations take their documented time multiplied by this.
    pub(crate) operation_scale: f64,
    /// Members per page of a list.
    pub(crate) page_size: usize,
    /// How long a new directory object stays invisible to Microsoft Graph's readers; zero unless a fault asks for it.
    pub(crate) replication_lag: Duration,
}
