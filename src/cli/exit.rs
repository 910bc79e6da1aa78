//! How a run ends: the one list of exit codes, and which one wins when several hold.
//!
//! Commands return an [`Exit`]; nothing else knows a number. The table in the README is checked against this one.

use std::process::ExitCode;

use crate::render::report::Counts;

/// Declared from the least to the most telling: when several hold, the greatest is reported
/// (architecture.md, decision 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    Ok,
    Changes,
    Waiting,
    NotEffective,
    PartlyApplied,
    Blocked,
    Invalid,
    Failed,
    Interrupted,
}

impl Exit {
    /// By number, as the README lists them.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Failed,
        Self::Changes,
        Self::Invalid,
        Self::Blocked,
        Self::NotEffective,
        Self::Waiting,
        Self::PartlyApplied,
        Self::Interrupted,
    ];

    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Changes => 2,
            Self::Invalid => 3,
            Self::Blocked => 4,
            Self::NotEffective => 5,
            Self::Waiting => 6,
            Self::PartlyApplied => 7,
            Self::Interrupted => 130,
        }
    }

    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done; a plan without changes",
            Self::Failed => "failed",
            Self::Changes => {
                "there are changes (only with `--detailed-exitcode`), or drift (`drift`)"
            }
            Self::Invalid => "bad usage or invalid spec; nothing was written",
            Self::Blocked => "blocked: the plan may not be applied, or a control fails",
            Self::NotEffective => {
                "applied, but Azure did not keep all of it; or an attack succeeded"
            }
            Self::Waiting => "waiting for Azure or for a person; run it again",
            Self::PartlyApplied => "partly applied: some changes failed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Exit {
    /// How an apply ended. Where nothing was applied a failure is not partial.
    pub fn of_apply(counts: Counts) -> Self {
        let Counts {
            applied,
            failed,
            waiting,
            skipped: _,
            not_effective,
            unreadable,
        } = counts;
        let exits = [
            (failed > 0 && applied == 0, Self::Failed),
            (unreadable > 0, Self::Failed),
            (failed > 0, Self::PartlyApplied),
            (not_effective > 0, Self::NotEffective),
            (waiting > 0, Self::Waiting),
        ];
        let holding = exits.into_iter().filter(|(holds, _)| *holds);
        holding.map(|(_, exit)| exit).max().unwrap_or(Self::Ok)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_telling_of_several_wins() {
        let order = [
            Exit::Interrupted,
            Exit::Failed,
            Exit::Invalid,
            Exit::Blocked,
            Exit::PartlyApplied,
            Exit::NotEffective,
            Exit::Waiting,
            Exit::Changes,
            Exit::Ok,
        ];
        assert!(order.is_sorted_by(|one, other| one > other));
        assert_eq!(Exit::Waiting.max(Exit::PartlyApplied), Exit::PartlyApplied);
    }

    #[test]
    fn the_readme_lists_every_code_with_its_meaning() {
        let readme = include_str!("../../README.md");
        for exit in Exit::ALL {
            let row = format!("| {} | {} |", exit.code(), exit.meaning());
            assert!(readme.contains(&row), "README.md lacks the row `{row}`");
        }
    }

    fn counts() -> Counts {
        Counts {
            applied: 3,
            ..Counts::default()
        }
    }

    #[test]
    fn the_status_tells_the_worst_that_happened() {
        assert_eq!(Exit::of_apply(counts()), Exit::Ok);
        let failed = Counts {
            failed: 1,
            not_effective: 1,
            ..counts()
        };
        assert_eq!(Exit::of_apply(failed), Exit::PartlyApplied);
        assert_eq!(
            Exit::of_apply(Counts {
                applied: 0,
                ..failed
            }),
            Exit::Failed
        );
        let waiting = Counts {
            waiting: 1,
            ..counts()
        };
        assert_eq!(Exit::of_apply(waiting), Exit::Waiting);
        let ineffective = Counts {
            not_effective: 1,
            ..waiting
        };
        assert_eq!(Exit::of_apply(ineffective), Exit::NotEffective);
    }
}
