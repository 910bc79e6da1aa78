//! What was measured: a table by resource type, lists of what falls short, a summary.

use std::collections::BTreeMap;
use std::fmt;

use super::recording::Pair;
use super::{Measured, equality, lossless, mutation};

#[derive(Default)]
struct Row {
    is_managed: bool,
    unread: usize,
    pairs: usize,
    same: usize,
    equal: usize,
    not_effective: usize,
    wrong: usize,
    noticed: usize,
    missed: usize,
    not_returned: usize,
    bodies: usize,
    lossless: usize,
}

/// Occurrences of one line, and the first recording it is in.
type Lines = BTreeMap<String, (usize, String)>;

#[derive(Default)]
pub(crate) struct Report {
    recordings: usize,
    rows: BTreeMap<String, Row>,
    wrong: Lines,
    not_effective: Lines,
    equal: Lines,
    missed: Lines,
    not_returned: Lines,
    read_only: Lines,
    lossy: Lines,
}

fn add(lines: &mut Lines, line: String, pair: &Pair) {
    let entry = lines
        .entry(line)
        .or_insert_with(|| (0, pair.recording.clone()));
    entry.0 += 1;
}

impl Report {
    pub(crate) fn new(recordings: usize) -> Self {
        Self {
            recordings,
            ..Self::default()
        }
    }

    fn row(&mut self, type_name: &str) -> &mut Row {
        self.rows.entry(type_name.to_ascii_lowercase()).or_default()
    }

    pub(super) fn add(&mut self, measured: &Measured) {
        self.unpaired(&measured.unread);
        for (pair, equality, mutation, lossless) in &measured.pairs {
            self.pair(pair);
            self.equality(pair, equality);
            self.mutation(pair, mutation);
            self.lossless(pair, lossless);
        }
    }

    fn unpaired(&mut self, types: &[String]) {
        for type_name in types {
            self.row(type_name).unread += 1;
        }
    }

    fn pair(&mut self, pair: &Pair) {
        let row = self.row(&pair.id.type_name());
        row.pairs += 1;
        row.is_managed |= pair.is_managed;
    }

    fn equality(&mut self, pair: &Pair, counts: &equality::Counts) {
        let type_name = pair.id.type_name();
        let row = self.row(&type_name);
        row.same += counts.same;
        row.equal += counts.equal.len();
        row.not_effective += counts.not_effective.len();
        row.wrong += counts.wrong.len();
        for reason in &counts.wrong {
            let line = format!("{type_name} {}: {}", reason.pointer, reason.why);
            add(&mut self.wrong, line, pair);
        }
        for reason in &counts.not_effective {
            let line = format!("{type_name} {}: {}", reason.pointer, reason.why);
            add(&mut self.not_effective, line, pair);
        }
        for reason in &counts.equal {
            add(&mut self.equal, reason.why.clone(), pair);
        }
    }

    fn mutation(&mut self, pair: &Pair, counts: &mutation::Counts) {
        let type_name = pair.id.type_name();
        let row = self.row(&type_name);
        row.noticed += counts.noticed;
        row.missed += counts.missed.len();
        row.not_returned += counts.not_returned.len();
        for miss in &counts.missed {
            let line = format!("{type_name} {}: {} ({})", miss.pointer, miss.why, miss.what);
            add(&mut self.missed, line, pair);
        }
        for pointer in &counts.not_returned {
            add(
                &mut self.not_returned,
                format!("{type_name} {pointer}"),
                pair,
            );
        }
        for pointer in &counts.read_only {
            add(&mut self.read_only, format!("{type_name} {pointer}"), pair);
        }
    }

    fn lossless(&mut self, pair: &Pair, counts: &lossless::Counts) {
        let type_name = pair.id.type_name();
        let row = self.row(&type_name);
        row.bodies += counts.bodies;
        row.lossless += counts.lossless;
        for fault in &counts.faults {
            add(&mut self.lossy, format!("{type_name} {fault}"), pair);
        }
    }

    fn total(&self) -> Row {
        let mut total = Row::default();
        for row in self.rows.values() {
            total.unread += row.unread;
            total.pairs += row.pairs;
            total.same += row.same;
            total.equal += row.equal;
            total.not_effective += row.not_effective;
            total.wrong += row.wrong;
            total.noticed += row.noticed;
            total.missed += row.missed;
            total.not_returned += row.not_returned;
            total.bodies += row.bodies;
            total.lossless += row.lossless;
        }
        total
    }

    /// Whether every measure is met: no false difference, 99.5 % of changes noticed, no lossy write.
    pub(crate) fn is_met(&self) -> bool {
        let total = self.total();
        total.pairs > 0
            && total.wrong == 0
            && total.missed * 200 <= total.noticed + total.missed
            && total.lossless == total.bodies
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>6} {:>6} | {:>6} {:>6} {:>5} {:>5} | {:>7} {:>6} {:>7} | {:>6} {:>6}",
            self.pairs,
            self.unread,
            self.same,
            self.equal,
            self.not_effective,
            self.wrong,
            self.noticed,
            self.missed,
            self.not_returned,
            self.bodies,
            self.bodies - self.lossless,
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, lines) in [
            ("Equal, because", &self.equal),
            ("Not effective", &self.not_effective),
            ("Sent, never returned", &self.not_returned),
            ("Sent though read-only", &self.read_only),
            ("False differences", &self.wrong),
            ("Missed", &self.missed),
            ("Lossy", &self.lossy),
        ] {
            writeln!(
                f,
                "\n{title}: {}",
                lines.values().map(|(n, _)| n).sum::<usize>()
            )?;
            for (line, (count, recording)) in lines {
                writeln!(f, "  {count:>4} x {line} [{recording}]")?;
            }
        }
        let head = format!(
            "{:>6} {:>6} | {:>6} {:>6} {:>5} {:>5} | {:>7} {:>6} {:>7} | {:>6} {:>6}",
            "pairs",
            "unread",
            "same",
            "equal",
            "note",
            "false",
            "noticed",
            "missed",
            "unseen",
            "bodies",
            "lossy"
        );
        writeln!(f, "\n{:<72} {head}", "type (* managed by secgw)")?;
        for (type_name, row) in &self.rows {
            let mark = if row.is_managed { "*" } else { " " };
            writeln!(f, "{mark} {type_name:<70} {row}")?;
        }
        let total = self.total();
        writeln!(f, "  {:<70} {total}", "all")?;
        let mutations = total.noticed + total.missed;
        #[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
        let percent = 100.0 * total.noticed as f64 / mutations.max(1) as f64;
        write!(
            f,
            "{}: {} recordings, {} writes read back; false differences {}; changes noticed {}/{mutations} ({percent:.2} %); lossless writes {}/{}",
            if self.is_met() { "met" } else { "NOT MET" },
            self.recordings,
            total.pairs,
            total.wrong,
            total.noticed,
            total.lossless,
            total.bodies
        )
    }
}
