//! Why something is: a control with its reasons, its mapping and the fact behind it.

use std::fmt::Write as _;

use super::check::serves;
use super::style::{DIM, STRONG, paint, wrap};
use crate::controls::{Check, Control};

pub fn control(control: &Control, width: usize) -> String {
    let mut out = format!(
        "{} {} ({})\n",
        paint(STRONG, control.id),
        control.title,
        control.severity
    );
    let owasp = control.owasp.join(", ");
    let mcsb = control.mcsb.join(", ");
    let manual = match control.check {
        Check::Manual(whereabouts) => whereabouts,
        Check::Read(_) => "",
    };
    let evidence = control.evidence.to_string();
    let serves = serves(control);
    let rows = [
        ("met where", control.condition),
        ("else", control.why),
        ("remedy", control.remedy),
        ("by hand", manual),
        ("serves", &serves),
        ("applies", control.applies),
        ("MCSB v1", &mcsb),
        ("CIS 3.0 §9", control.cis3.unwrap_or_default()),
        ("OWASP 2023", &owasp),
        ("fact", &evidence),
    ];
    for (name, text) in rows.into_iter().filter(|(_, text)| !text.is_empty()) {
        for (index, line) in wrap(text, width.saturating_sub(14).max(30))
            .iter()
            .enumerate()
        {
            let name = if index == 0 { name } else { "" };
            let _infallible = writeln!(out, "  {} {line}", paint(DIM, &format!("{name:<11}")));
        }
    }
    out
}
