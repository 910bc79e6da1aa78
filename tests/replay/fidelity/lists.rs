//! What is not compared, with the reason: values that no two runs share, and answers that depend on the moment.
//!
//! Each line that is used shows up in the table's `listed` column; `replay --listed` prints which and how often.

/// A value that differs from run to run. It must be there, and be of the same JSON type.
pub struct Volatile {
    /// The type's end, lower-cased; empty: any.
    pub kind: &'static str,
    /// Path with `*` for list positions and map keys; `**` at the end: everything below.
    pub path: &'static str,
    pub why: &'static str,
}

const fn volatile(kind: &'static str, path: &'static str, why: &'static str) -> Volatile {
    Volatile { kind, path, why }
}

pub const VOLATILE: &[Volatile] = &[
    volatile("", "systemData/**", "who and when"),
    volatile("", "value/*/systemData/**", "who and when"),
];

/// A value that is one thing in some recordings and another in others, at one API version and for equal requests:
/// Azure changed its mind, by region or by day.
pub struct Varying {
    pub kind: &'static str,
    pub path: &'static str,
    pub why: &'static str,
}

pub const VARYING: &[Varying] = &[];

/// An answer that says "not now": the same request is taken some seconds later.
pub struct Transient {
    pub status: u16,
    /// Empty: any.
    pub code: &'static str,
    pub why: &'static str,
}

const fn transient(status: u16, code: &'static str, why: &'static str) -> Transient {
    Transient { status, code, why }
}

pub const TRANSIENT: &[Transient] = &[
    transient(429, "", "throttled, or another write holds the resource"),
    transient(500, "", "Azure's own failure"),
    transient(504, "", "the front end gave up waiting"),
    transient(
        409,
        "AnotherOperationInProgress",
        "a race with another write",
    ),
    transient(409, "Conflict", "a race with another write"),
    transient(
        400,
        "PrincipalNotFound",
        "the directory has not heard of a new principal yet",
    ),
    transient(
        400,
        "ReferencedResourceNotProvisioned",
        "a race with the referenced resource's own write",
    ),
];

/// Whether a path fits a pattern of the lists above.
pub fn fits(pattern: &str, path: &str) -> bool {
    let mut path = path.split('/');
    for segment in pattern.split('/') {
        if segment == "**" {
            return path.next().is_some();
        }
        match path.next() {
            Some(found) if segment == "*" || segment.eq_ignore_ascii_case(found) => {}
            _ => return false,
        }
    }
    path.next().is_none()
}
