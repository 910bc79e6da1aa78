//! Runs a plan: reads what is there, sends what a change sets, waits for Azure, reads again.
//!
//! Apply chooses nothing; what may start when is `schedule`, what happens is in the changes, what it tells is `event`,
//! without the secrets that Azure may `quote`.

mod event;
mod quote;
mod run;
mod schedule;
mod three_way;
mod write;

pub use event::{Because, Event, Failure, Outcome};
pub use run::{Job, Report, run};
pub use schedule::Schedule;
pub use three_way::ThreeWay;
