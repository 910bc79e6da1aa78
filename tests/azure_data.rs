//! What secgw makes of traffic that Azure really produced, and of what Azure documents, from `../shared/azure`.
#![expect(
    clippy::print_stderr,
    reason = "a test says what it skips and what it measured"
)]

use std::path::{Path, PathBuf};

#[path = "replay/fidelity/mod.rs"]
mod fidelity;
#[path = "replay/official.rs"]
mod official;
mod replay;

/// The data, if it is here.
fn azure() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/azure");
    let is_here = folder.join("recordings/dev").is_dir();
    if !is_here {
        eprintln!("SKIPPED: ../shared/azure is not here");
    }
    is_here.then_some(folder)
}

#[test]
fn no_difference_is_false_none_is_hidden_and_no_write_loses_anything() -> anyhow::Result<()> {
    let Some(azure) = azure() else {
        return Ok(());
    };
    let report = replay::measure(&azure.join("recordings/dev"))?;
    eprintln!("{report}");
    assert!(report.is_met(), "a measure falls short");
    Ok(())
}

#[test]
fn the_sandbox_answers_as_azure_did() -> anyhow::Result<()> {
    let Some(azure) = azure() else {
        return Ok(());
    };
    let table = fidelity::measure(&azure.join("recordings/dev"))?;
    eprintln!("{table}");
    assert!(table.is_met(), "a measure falls short");
    Ok(())
}

#[test]
fn the_sandbox_takes_azures_examples_and_refuses_them_with_one_thing_wrong() -> anyhow::Result<()> {
    let Some(azure) = azure() else {
        return Ok(());
    };
    let outcome = official::measure(&azure)?;
    let (accepted, refused) = (outcome.accepted, outcome.refused);
    eprintln!(
        "official examples: {accepted} accepted, {refused} refused with one thing wrong; not managed: {}",
        outcome.unmanaged.join(", ")
    );
    assert!(
        outcome.troubles.is_empty(),
        "{}",
        outcome.troubles.join("\n")
    );
    assert!(accepted > 10 && refused > 10 * accepted);
    Ok(())
}
