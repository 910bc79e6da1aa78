//! One row of the catalogue: what a control demands, why, and how it is told whether a gateway meets it.

use super::report::Verdict;
use super::subject::Subject;
pub use crate::resource::Severity;
use crate::resource::{Evidence, Recommendation};

/// How a control is evaluated.
#[derive(Clone, Copy)]
pub enum Check {
    /// By what the resources say.
    Read(fn(&Subject<'_>) -> Vec<Verdict>),
    /// No API says it: a person has to look, and this is where.
    Manual(&'static str),
}

/// One security rule. The mappings say which entries of the Microsoft cloud security benchmark v1, of CIS Azure
/// Foundations v3.0.0 section 9 and of the OWASP API Security Top 10 2023 it serves (domain.md G).
pub struct Control {
    pub id: &'static str,
    pub title: &'static str,
    pub severity: Severity,
    /// Empty for what goes beyond the ten recommendations.
    pub serves: &'static [Recommendation],
    /// What holds where it is met.
    pub condition: &'static str,
    /// What an attacker, or an outage, makes of it where it is not.
    pub why: &'static str,
    pub remedy: &'static str,
    pub mcsb: &'static [&'static str],
    pub cis3: Option<&'static str>,
    pub owasp: &'static [&'static str],
    /// Tiers, plans or providers it is about.
    pub applies: &'static str,
    pub evidence: Evidence,
    /// Types that it reads: where one of them could not be read, the control says so.
    pub reads: &'static [&'static str],
    pub check: Check,
}

impl Control {
    /// What every row starts from.
    pub(super) const PLAIN: Self = Self {
        id: "",
        title: "",
        severity: Severity::High,
        serves: &[],
        condition: "",
        why: "",
        remedy: "",
        mcsb: &[],
        cis3: None,
        owasp: &[],
        applies: "all tiers",
        evidence: Evidence::Documented("domain.md G", "2026-11-23"),
        reads: &[],
        check: Check::Manual(""),
    };
}
