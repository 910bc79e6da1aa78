//! The counts of one measurement, by resource type, and what they say.

use std::collections::BTreeMap;
use std::fmt;

use secgw::sandbox::Answer;

use super::compare::{Leaf, Verdict};

/// Expected and met.
#[derive(Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) all: usize,
    pub(crate) right: usize,
}

impl Tally {
    fn count(&mut self, is_right: bool) {
        self.all += 1;
        self.right += usize::from(is_right);
    }

    fn add(&mut self, other: Self) {
        self.all += other.all;
        self.right += other.right;
    }

    pub(crate) fn percent(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let percent = match self.all {
            0 => 100.0,
            all => 100.0 * self.right as f64 / all as f64,
        };
        percent
    }
}

#[derive(Default, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) is_managed: bool,
    /// Leaves of what is read, without those on a list.
    pub(crate) leaves: Tally,
    pub(crate) listed: usize,
    pub(crate) statuses: Tally,
    pub(crate) codes: Tally,
    /// Answers that start operations, and polls.
    pub(crate) operations: Tally,
    /// Leaves of the answers to writes: shown, not required.
    pub(crate) written: Tally,
}

#[derive(Default)]
pub(crate) struct Table {
    pub(crate) recordings: usize,
    pub(crate) rows: BTreeMap<String, Row>,
    /// Exchanges of types without a row.
    pub(crate) without_row: BTreeMap<String, usize>,
    /// Exchanges that were not played, by reason.
    pub(crate) not_played: BTreeMap<String, usize>,
    /// Use of each line of the lists.
    pub(crate) listed: BTreeMap<(String, &'static str), usize>,
    /// Wrong things by type and place: how often, and one of them.
    pub(crate) wrong: BTreeMap<(String, String), (usize, String)>,
}

impl Table {
    pub(crate) fn row(&mut self, kind: &str) -> &mut Row {
        self.rows.entry(kind.to_owned()).or_insert_with(|| Row {
            is_managed: is_managed(kind),
            ..Row::default()
        })
    }

    pub(crate) fn status(&mut self, at: &Place, recorded: u16, ours: &Answer) {
        self.row(at.kind).statuses.count(recorded == ours.status);
        if recorded != ours.status {
            let what = format!("status {recorded} → {}", ours.status);
            let said = match ours.status {
                400.. => ours.body.to_string(),
                _ => String::new(),
            };
            self.complain(at, &what, &said);
        }
    }

    pub(crate) fn code(&mut self, at: &Place, recorded: &str, ours: &str) {
        self.row(at.kind).codes.count(recorded == ours);
        if recorded != ours {
            self.complain(at, "code", &format!("{recorded} → {ours}"));
        }
    }

    pub(crate) fn operation(&mut self, at: &Place, what: &str, recorded: &str, ours: &str) {
        self.row(at.kind).operations.count(recorded == ours);
        if recorded != ours {
            self.complain(at, what, &format!("{recorded} → {ours}"));
        }
    }

    pub(crate) fn leaves(&mut self, at: &Place, leaves: &[Leaf], is_read: bool) {
        for leaf in leaves {
            if let Verdict::Listed(why) = leaf.verdict {
                self.row(at.kind).listed += usize::from(is_read);
                *self.listed.entry((at.kind.to_owned(), why)).or_default() += 1;
                continue;
            }
            let row = self.row(at.kind);
            let tally = if is_read {
                &mut row.leaves
            } else {
                &mut row.written
            };
            tally.count(leaf.verdict == Verdict::Equal);
            if let Verdict::Wrong { recorded, ours } = &leaf.verdict {
                let prefix = if is_read { "" } else { "(written) " };
                let path = pattern(&leaf.path);
                let text = format!("{} → {}", short(recorded), short(ours));
                self.complain(at, &format!("{prefix}{path}"), &text);
            }
        }
    }

    pub(crate) fn complain(&mut self, at: &Place, what: &str, text: &str) {
        let key = (at.kind.to_owned(), what.to_owned());
        let entry = self.wrong.entry(key).or_insert_with(|| {
            let text = format!(
                "{text}  {} {} [{}#{}]",
                at.method, at.version, at.recording, at.number
            );
            (0, text)
        });
        entry.0 += 1;
    }

    /// All managed types together.
    pub(crate) fn total(&self) -> Row {
        let mut total = Row::default();
        for row in self.rows.values().filter(|row| row.is_managed) {
            total.leaves.add(row.leaves);
            total.listed += row.listed;
            total.statuses.add(row.statuses);
            total.codes.add(row.codes);
            total.operations.add(row.operations);
            total.written.add(row.written);
        }
        total
    }
}

/// Where in the recordings something was seen.
pub(crate) struct Place<'a> {
    pub(crate) kind: &'a str,
    pub(crate) recording: &'a str,
    pub(crate) number: usize,
    pub(crate) method: &'a str,
    pub(crate) version: &'a str,
}

fn is_managed(kind: &str) -> bool {
    secgw::resource::kinds::all().any(|known| known.type_name.eq_ignore_ascii_case(kind))
}

/// Positions in lists do not matter for what is wrong.
fn pattern(path: &str) -> String {
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| match segment.parse::<usize>() {
            Ok(_) => "*",
            Err(_) => segment,
        })
        .collect();
    segments.join("/")
}

fn short(text: &str) -> String {
    match text.char_indices().nth(400) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.lists(f)?;
        writeln!(
            f,
            "\n{:64} {:>6} {:>6} {:>6} {:>7} {:>6} {:>9} {:>7} {:>9} {:>9}",
            "type (* managed by secgw)",
            "leaves",
            "equal",
            "wrong",
            "%",
            "listed",
            "statuses",
            "codes",
            "operations",
            "written"
        )?;
        for is_managed in [false, true] {
            let rows = self.rows.iter();
            for (kind, row) in rows.filter(|(_, row)| row.is_managed == is_managed) {
                line(f, kind, row)?;
            }
        }
        let total = self.total();
        line(f, "all managed types", &total)?;
        write!(
            f,
            "{}: {} recordings; leaves {}/{} ({:.2} %, {} listed); statuses {}/{}; error codes {}/{}; operations {}/{}; managed types without a row {}",
            if self.is_met() { "met" } else { "NOT MET" },
            self.recordings,
            total.leaves.right,
            total.leaves.all,
            total.leaves.percent(),
            total.listed,
            total.statuses.right,
            total.statuses.all,
            total.codes.right,
            total.codes.all,
            total.operations.right,
            total.operations.all,
            self.without_behaviour().count(),
        )
    }
}

impl Table {
    fn lists(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "Not as Azure:")?;
        let mut wrong: Vec<_> = self.wrong.iter().collect();
        wrong.sort_by_key(|((kind, _), (count, _))| (kind.clone(), std::cmp::Reverse(*count)));
        for ((kind, what), (count, one)) in wrong {
            writeln!(f, "{count:6} x {kind} {what}: {one}")?;
        }
        writeln!(f, "\nNot compared:")?;
        for ((kind, why), count) in &self.listed {
            writeln!(f, "{count:6} x {kind}: {why}")?;
        }
        writeln!(f, "\nNot played:")?;
        for (why, count) in &self.not_played {
            writeln!(f, "{count:6} x {why}")?;
        }
        for (kind, count) in &self.without_row {
            writeln!(f, "{count:6} x {kind}: no behaviour row")?;
        }
        Ok(())
    }

    fn without_behaviour(&self) -> impl Iterator<Item = &String> {
        self.without_row.keys().filter(|kind| is_managed(kind))
    }

    /// At least 97 of 100 leaves, every status, error code and operation, and no managed type left out.
    pub(crate) fn is_met(&self) -> bool {
        let total = self.total();
        let is_whole = |tally: Tally| tally.right == tally.all;
        total.leaves.all > 0
            && total.leaves.percent() >= 97.0
            && is_whole(total.statuses)
            && is_whole(total.codes)
            && is_whole(total.operations)
            && self.without_behaviour().count() == 0
    }
}

fn line(f: &mut fmt::Formatter, name: &str, row: &Row) -> fmt::Result {
    let of = |tally: Tally| format!("{}/{}", tally.right, tally.all);
    let name = if row.is_managed {
        format!("* {name}")
    } else {
        format!("  {name}")
    };
    writeln!(
        f,
        "{name:64} {:>6} {:>6} {:>6} {:>7.2} {:>6} {:>9} {:>7} {:>9} {:>9}",
        row.leaves.all,
        row.leaves.right,
        row.leaves.all - row.leaves.right,
        row.leaves.percent(),
        row.listed,
        of(row.statuses),
        of(row.codes),
        of(row.operations),
        of(row.written),
    )
}
