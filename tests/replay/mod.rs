//! Measures secgw's diff against what Azure really returned.
//!
//! Every successful write of a recording is taken as desired, the first settled read of the same id as live
//! (`recording`). `leaf` pairs their values; `equality` counts differences that are none, `mutation` changes each live
//! value in turn and counts those that go unnoticed, `lossless` looks at the body that secgw would send. `others` holds
//! the rows of the types that secgw does not manage, `report` the table. A further measure is another module with a
//! function from pairs to counts, and a column in the table. `fidelity` measures the sandbox instead, by playing whole
//! recordings into it.

mod equality;
pub(crate) mod fidelity;
mod leaf;
mod lossless;
mod mutation;
mod others;
mod policy;
mod recording;
mod report;
mod witness;

use std::path::Path;

pub(crate) use report::Report;

/// Measures every recording in a folder.
pub(crate) fn measure(folder: &Path) -> anyhow::Result<Report> {
    let recordings = recording::read_folder(folder)?;
    let witness = witness::Witness::read()?;
    let mut report = Report::new(recordings.len());
    for recording in &recordings {
        let paired = recording::pairs(recording);
        report.unpaired(&paired.unread);
        for pair in &paired.pairs {
            report.pair(pair);
            report.equality(pair, &equality::measure(pair));
            report.mutation(pair, &mutation::measure(pair, &witness));
            report.lossless(pair, &lossless::measure(pair, &witness));
        }
    }
    Ok(report)
}
