//! How a run ends: the one list of exit codes, and which one wins when several hold.
//!
//! Commands return an [`Exit`]; nothing else knows a number. The table in the README is checked against this one.

use std::process::ExitCode;

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
            Self::Changes => "there are changes (only with `--detailed-exitcode`)",
            Self::Invalid => "bad usage or invalid spec; nothing was written",
            Self::Blocked => "blocked: the plan may not be applied",
            Self::NotEffective => "applied, but Azure did not keep all of it",
            Self::Waiting => "waiting for Azure or for a person; run it again",
            Self::PartlyApplied => "partly applied: some changes failed",
            Self::Interrupted => "interrupted",
        }
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
}
