//! What secgw makes of traffic that Azure really produced, from `../shared/azure`.
#![expect(
    clippy::print_stderr,
    reason = "a test says what it skips and what it measured"
)]

use std::path::Path;

mod replay;

#[test]
fn no_difference_is_false_none_is_hidden_and_no_write_loses_anything() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/azure/recordings/dev");
    if !folder.is_dir() {
        eprintln!("skipped: ../shared/azure is not here");
        return Ok(());
    }
    let report = replay::measure(&folder)?;
    eprintln!("{report}");
    assert!(report.is_met(), "a measure falls short");
    Ok(())
}
