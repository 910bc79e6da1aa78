//! The attack matrix, one file a theme, in the order in which it is tried: quiet before loud, bursts last.

mod backend;
mod bypass;
mod hosts;
mod leaks;
mod limits;
mod origins;
mod requests;
mod sign_in;
mod tokens;
mod transport;

use super::probe::Probe;

const THEMES: [&[Probe]; 10] = [
    tokens::PROBES,
    transport::PROBES,
    bypass::PROBES,
    backend::PROBES,
    origins::PROBES,
    leaks::PROBES,
    requests::PROBES,
    sign_in::PROBES,
    hosts::PROBES,
    // What goes over a limit is last: whatever followed would meet it.
    limits::PROBES,
];

/// Every probe.
pub fn all() -> impl Iterator<Item = &'static Probe> {
    THEMES.into_iter().flatten()
}

pub fn find(id: &str) -> Option<&'static Probe> {
    all().find(|probe| probe.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_of_the_matrix_is_there_once() {
        let letters = [
            ('A', 21),
            ('B', 9),
            ('C', 7),
            ('D', 6),
            ('E', 4),
            ('F', 4),
            ('G', 4),
            ('H', 11),
            ('I', 6),
            ('J', 3),
        ];
        let wanted: BTreeSet<String> = letters
            .into_iter()
            .flat_map(|(letter, count)| (1..=count).map(move |n| format!("{letter}{n:02}")))
            .collect();
        let ids: Vec<&str> = all().map(|probe| probe.id).collect();
        let unique: BTreeSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(ids.len(), unique.len(), "an id is there twice");
        assert_eq!(unique, wanted);
    }

    #[test]
    fn the_control_probe_comes_first() {
        assert_eq!(all().next().unwrap().id, crate::verify::CONTROL);
    }
}
