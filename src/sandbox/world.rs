//! The state all services share: the store, the time, and the settings of this run.

use time::OffsetDateTime;

use super::store::Store;

pub(crate) struct World {
    pub(crate) store: Store,
    /// Time of the request being answered: read once by the server, so that one request sees one moment.
    pub(crate) now: OffsetDateTime,
    /// Operations take their documented time multiplied by this.
    pub(crate) operation_scale: f64,
    /// Members per page of a list.
    pub(crate) page_size: usize,
}
