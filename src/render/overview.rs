//! A plan at a glance: a line for each change, riskiest first, with what it is about and how long it usually takes.

use std::fmt::Write as _;

use super::change::{Room, gist, head};
use super::label;
use super::style::{DIM, NOTE, columns, fit, paint, wrap};
use crate::plan::{Change, Plan};

const MARGIN: usize = 2;
const GAP: usize = 2;
/// Less room than this for the middle column is none: it goes beneath.
const LEAST_GIST: usize = 16;

/// One change in three columns.
struct Row<'a> {
    change: &'a Change,
    head: String,
    gist: String,
    time: String,
}

impl<'a> Row<'a> {
    fn new(change: &'a Change) -> Self {
        Self {
            change,
            head: head(change),
            gist: gist(change),
            time: label::length(change.usual_seconds().into()),
        }
    }
}

/// The widths that all rows of one plan share.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    head: usize,
    time: usize,
    width: usize,
}

impl Columns {
    /// Heads get what they need up to half of the page, and all of it where it is narrow.
    pub fn of(plan: &Plan, room: Room) -> Self {
        let rows: Vec<Row<'_>> = super::section::shown(plan).map(Row::new).collect();
        let times = rows.iter().map(|row| columns(&row.time));
        let time = times.max().unwrap_or(0);
        let heads = rows.iter().map(|row| columns(&row.head));
        let most = if room.width < 80 {
            room.width.saturating_sub(MARGIN + GAP + time)
        } else {
            room.width / 2
        };
        Self {
            head: heads.max().unwrap_or(0).min(most),
            time,
            width: room.width,
        }
    }

    fn gist(self) -> usize {
        let taken = MARGIN + self.head + GAP + GAP + self.time;
        match self.width.saturating_sub(taken) {
            0..LEAST_GIST => 0,
            left => left,
        }
    }
}

/// The lines of the changes of one section and layer.
pub fn lines(changes: &[&Change], plan: &Plan, columns: Columns) -> String {
    let mut out = String::new();
    for change in changes {
        row(&Row::new(change), columns, &mut out);
        let effects = plan.effects.get(&change.key);
        for line in effects.iter().flat_map(|effects| {
            let said = format!("* {}", effects.join("; "));
            wrap(&said, columns.width.saturating_sub(MARGIN + 4))
        }) {
            let _infallible = writeln!(out, "{}{}", " ".repeat(MARGIN + 4), paint(NOTE, &line));
        }
    }
    out
}

/// The middle stands on the line if all of it fits there, else beneath.
fn row(row: &Row<'_>, widths: Columns, out: &mut String) {
    let Row {
        change,
        head,
        gist,
        time,
    } = row;
    let room = widths.gist();
    let is_inline = columns(gist) <= room && columns(head) <= widths.head;
    let whole = widths.head + if room == 0 { 0 } else { GAP + room };
    let head_width = if is_inline { widths.head } else { whole };
    let head = fit(head, head_width);
    let middle = if is_inline { gist.as_str() } else { "" };
    let gap = head_width.saturating_sub(columns(&head));
    let rest = whole.saturating_sub(head_width + GAP + columns(middle));
    let verb = change.action.verb();
    let (sign, name) = head.split_at(super::style::symbol(verb).len());
    let sign = paint(super::style::of(verb), sign);
    let margin = " ".repeat(MARGIN);
    let middle = if is_inline && room > 0 {
        format!(
            "{}{}{}",
            " ".repeat(gap + GAP),
            paint(DIM, middle),
            " ".repeat(rest)
        )
    } else {
        " ".repeat(gap)
    };
    let time = format!("{time:>width$}", width = widths.time);
    let _infallible = writeln!(
        out,
        "{margin}{sign}{name}{middle}{}{}",
        " ".repeat(GAP),
        paint(DIM, &time)
    );
    if !is_inline && !gist.is_empty() {
        for line in wrap(gist, widths.width.saturating_sub(MARGIN + 4)) {
            let _infallible = writeln!(out, "{margin}    {}", paint(DIM, &line));
        }
    }
}
