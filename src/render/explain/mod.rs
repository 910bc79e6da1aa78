//! Why something is: a control with its reasons, a resource or a property with what asks for it and what Azure makes
//! of it, each with the fact behind it.

mod property;
mod resource;
mod words;

use std::fmt::Write as _;

pub use property::{Property, UnknownProperty, properties};
pub use resource::Explained;

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
    for (name, text) in rows {
        row(&mut out, name, &[text.to_owned()], width);
    }
    out
}

/// Columns before the text of a row.
const MARGIN: usize = 14;

/// A name and what there is to say of it, each on lines of its own; nothing where there is nothing.
fn row(out: &mut String, name: &str, texts: &[String], width: usize) {
    let texts = texts.iter().filter(|text| !text.is_empty());
    let lines = texts.flat_map(|text| wrap(text, width.saturating_sub(MARGIN).max(30)));
    for (index, line) in lines.enumerate() {
        let name = if index == 0 { name } else { "" };
        let _infallible = writeln!(out, "  {} {line}", paint(DIM, &format!("{name:<11}")));
    }
}
