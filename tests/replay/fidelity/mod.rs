//! Sandbox fidelity: recorded traffic played into a fresh sandbox, its answers compared with Azure's.
//!
//! `recording` reads files, `seed` finds what they presuppose, `play` carries one out, `compare` pairs bodies,
//! `alias` knows which generated value stands for which, `lists` holds what is not compared and why, `table` counts.

mod alias;
mod compare;
mod lists;
mod play;
pub(crate) mod recording;
pub(crate) mod seed;
mod table;

use std::path::Path;

pub(crate) use table::Table;

/// Plays every recording in a folder.
pub(crate) fn measure(folder: &Path) -> anyhow::Result<Table> {
    let mut table = Table::default();
    for recording in recording::read_folder(folder)? {
        table.recordings += 1;
        play::play(&recording, &mut table)?;
    }
    Ok(table)
}
