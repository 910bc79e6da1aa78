//! Measures secgw's diff against what Azure really returned.
//!
//! Every successful write of a recording is taken as desired, the first settled read of the same id as live
//! (`recording`). `leaf` pairs their values; `equality` counts differences that are none, `mutation` changes each live
//! value in turn and counts those that go unnoticed, `lossless` looks at the body that secgw would send. `others` holds
//! the rows of the types that secgw does not manage, `report` the table. A further measure is another module with a
//! function from pairs to counts, and a column in the table. `fidelity` measures the sandbox instead, by playing whole
//! recordings into it; `official` by putting Azure's documentation examples to it.

mod equality;
mod leaf;
mod lossless;
mod mutation;
mod others;
mod policy;
mod recording;
mod report;
mod witness;

use std::path::Path;

use recording::{Pair, Recording};
use witness::Witness;

pub(crate) use report::Report;

/// Measures every recording in a folder.
pub(crate) fn measure(folder: &Path) -> anyhow::Result<Report> {
    let recordings = recording::read_folder(folder)?;
    let witness = Witness::read()?;
    let mut report = Report::new(recordings.len());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = recordings.len().div_ceil(workers).max(1);
    std::thread::scope(|scope| {
        let shares: Vec<_> = recordings
            .chunks(share)
            .map(|share| scope.spawn(|| share.iter().map(|it| measured(it, &witness)).collect()))
            .collect();
        for share in shares {
            let share: Vec<Measured> = share
                .join()
                .map_err(|_| anyhow::anyhow!("a measurement broke off"))?;
            for measured in &share {
                report.add(measured);
            }
        }
        Ok(report)
    })
}

/// What one recording says.
struct Measured {
    unread: Vec<String>,
    pairs: Vec<(Pair, equality::Counts, mutation::Counts, lossless::Counts)>,
}

fn measured(recording: &Recording, witness: &Witness) -> Measured {
    let paired = recording::pairs(recording, witness);
    let measured = |pair: Pair| {
        let equality = equality::measure(&pair);
        let mutation = mutation::measure(&pair, witness);
        let lossless = lossless::measure(&pair, witness);
        (pair, equality, mutation, lossless)
    };
    Measured {
        unread: paired.unread,
        pairs: paired.pairs.into_iter().map(measured).collect(),
    }
}
