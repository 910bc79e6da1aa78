//! Runs a plan: reads what is there, sends what a change sets, waits for Azure, reads again.
//!
//! Apply chooses nothing: what happens is in the changes. `run` drives them all, in the order that `schedule` allows;
//! `carry_out` is one of them, whose requests `write` makes and `send` sees through. What it tells is `event`, why one
//! went no further `halt`, without the secrets that Azure may `quote`.

mod carry_out;
mod event;
mod halt;
mod quote;
mod run;
mod schedule;
mod send;
mod three_way;
mod write;

pub use event::{Because, Event, Failure, Outcome};
pub use run::{Job, Report, run};
pub use schedule::Schedule;
pub use three_way::ThreeWay;
