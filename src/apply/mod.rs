//! Runs a plan: reads what is there, sends what a change sets, waits for Azure, reads again.
//!
//! Apply chooses nothing; what may start when is `schedule`, what happens is in the changes, what it tells is `event`.

mod event;
mod schedule;

pub use event::{Because, Event, Failure, Outcome};
pub use schedule::Schedule;
