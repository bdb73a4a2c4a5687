//! Tables of text, whose columns are as wide as their contents: for the screen, which has no room for all, and for
//! text.

use std::fmt::Write as _;

use crate::format::{NOTHING, age, bytes, duration, number, or_nothing, percent, rate, worst};
use crate::view::{Answer, Gateway, Here, Process, StageView, StateService};

/// The number of spaces between columns.
pub const GAP: usize = 2;

/// A column of a table with rows of type `R`.
pub struct Column<R> {
    head: &'static str,
    /// When there is not enough room, columns with higher numbers are removed first. 0 is never removed as empty.
    goes: u8,
    cell: fn(&R) -> String,
}

/// The contents of a table, and the widths of its columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The names of the columns.
    pub heads: Vec<&'static str>,
    /// The width of each column, in characters.
    pub widths: Vec<usize>,
    /// The cells of each row.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of as many columns as there is room for.
    pub fn fitting<R>(columns: &[Column<R>], rows: &[R], room: usize) -> Self {
        let cells = |column: &Column<R>| rows.iter().map(|row| (column.cell)(row)).collect::<Vec<_>>();
        let mut shown: Vec<_> = columns.iter().map(|column| (column, cells(column))).collect();
        let width = |head: &str, cells: &[String]| {
            cells.iter().map(|cell| cell.chars().count()).chain([head.chars().count()]).max().unwrap_or_default()
        };
        let total = |shown: &[(&Column<R>, Vec<String>)]| {
            shown.iter().map(|(column, cells)| width(column.head, cells) + GAP).sum::<usize>().saturating_sub(GAP)
        };
        // Removes columns without values; then the least important ones.
        shown
            .retain(|(column, cells)| column.goes == 0 || cells.iter().any(|cell| cell != NOTHING && !cell.is_empty()));
        while total(&shown) > room && shown.len() > 1 {
            let least = (0..shown.len()).max_by_key(|at| (shown[*at].0.goes, *at)).unwrap_or_default();
            shown.remove(least);
        }
        let widths = shown.iter().map(|(column, cells)| width(column.head, cells)).collect();
        let heads = shown.iter().map(|(column, _)| column.head).collect();
        let row = |at: usize| shown.iter().map(|(_, cells)| cells[at].clone()).collect();
        Self { heads, widths, rows: (0..rows.len()).map(row).collect() }
    }

    /// A cell padded to its column's width: names to the left, numbers to the right.
    pub fn aligned(&self, column: usize, cell: &str) -> String {
        let width = self.widths[column];
        if column == 0 || matches!(self.heads[column], "role" | "slowest at") {
            format!("{cell:<width$}")
        } else {
            format!("{cell:>width$}")
        }
    }

    /// The table as lines of text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let heads: Vec<_> = self.heads.iter().map(|head| (*head).to_owned()).collect();
        for row in std::iter::once(&heads).chain(&self.rows) {
            let cells: Vec<_> = row.iter().enumerate().map(|(at, cell)| self.aligned(at, cell)).collect();
            let _ = writeln!(text, "{}", cells.join(&" ".repeat(GAP)).trim_end());
        }
        text
    }
}

/// The columns of processes.
pub const PROCESSES: &[Column<Process>] = &[
    Column { head: "process", goes: 0, cell: |process| process.name.clone() },
    Column { head: "role", goes: 1, cell: role },
    Column { head: "version", goes: 14, cell: |process| here(process, |here| Some(here.version.clone())) },
    Column { head: "up", goes: 9, cell: |process| here(process, |here| here.uptime_seconds.map(age)) },
    Column { head: "cpu", goes: 6, cell: |process| here(process, |here| here.cpu_cores.map(percent)) },
    Column { head: "memory", goes: 12, cell: |process| here(process, |here| here.memory_bytes.map(bytes)) },
    Column { head: "changes/s", goes: 2, cell: |process| here(process, |here| changes(here).map(rate)) },
    Column { head: "p50", goes: 8, cell: |process| gateway(process, |at| at.echo?.p50_seconds.map(duration)) },
    Column { head: "p99", goes: 3, cell: |process| gateway(process, |at| at.echo?.p99_seconds.map(duration)) },
    Column { head: "consoles", goes: 4, cell: |process| gateway(process, |at| Some(number(consoles(at)))) },
    Column { head: "sent/s", goes: 10, cell: |process| gateway(process, |at| at.deliveries_per_second.map(rate)) },
    Column { head: "behind", goes: 11, cell: |process| gateway(process, cursor_lag) },
    Column { head: "log lag", goes: 7, cell: |process| state(process, |at| at.log_lag_revisions.map(number)) },
    Column { head: "store lag", goes: 5, cell: |process| state(process, |at| at.store_lag_seconds.map(duration)) },
    Column { head: "saves/s", goes: 13, cell: |process| state(process, saves) },
    Column { head: "nats", goes: 15, cell: |process| here(process, nats) },
];

/// The columns of stages.
pub const STAGES: &[Column<StageView>] = &[
    Column { head: "stage", goes: 0, cell: |stage| stage.stage.to_owned() },
    Column { head: "/s", goes: 2, cell: |stage| rate(stage.spread.per_second) },
    Column { head: "p50", goes: 3, cell: |stage| or_nothing(stage.spread.p50_seconds, duration) },
    Column { head: "p99", goes: 1, cell: |stage| or_nothing(stage.spread.p99_seconds, duration) },
    Column { head: "worst", goes: 4, cell: |stage| stage.spread.worst.map_or_else(|| NOTHING.to_owned(), worst) },
    Column { head: "slowest at", goes: 5, cell: |stage| stage.slowest_at.clone().unwrap_or_default() },
];

fn role(process: &Process) -> String {
    match &process.answer {
        Answer::Away { .. } => "away".to_owned(),
        Answer::Here(here) => here.role.clone(),
    }
}

fn here(process: &Process, words: impl Fn(&Here) -> Option<String>) -> String {
    process.here().and_then(words).unwrap_or_else(|| NOTHING.to_owned())
}

fn gateway(process: &Process, words: impl Fn(&Gateway) -> Option<String>) -> String {
    here(process, |here| words(here.gateway.as_ref()?))
}

fn state(process: &Process, words: impl Fn(&StateService) -> Option<String>) -> String {
    here(process, |here| words(here.state.as_ref()?))
}

/// The rate of changes: of those that it took in as a gateway, otherwise of those that it folded.
fn changes(here: &Here) -> Option<f64> {
    match (&here.gateway, &here.state) {
        (Some(gateway), _) => gateway.changes_per_second,
        (None, state) => state.as_ref()?.changes_per_second,
    }
}

fn consoles(gateway: &Gateway) -> f64 {
    gateway.connections.values().sum()
}

fn cursor_lag(gateway: &Gateway) -> Option<String> {
    gateway.cursor_lag_revisions.get("0.99").copied().map(number)
}

fn saves(state: &StateService) -> Option<String> {
    state.saves.get("saved")?.per_second.map(rate)
}

fn nats(here: &Here) -> Option<String> {
    Some(if here.nats.as_ref()?.is_connected { "yes" } else { "no" }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column<u8>] = &[
        Column { head: "name", goes: 0, cell: |row| "x".repeat((*row).into()) },
        Column { head: "half", goes: 2, cell: |row| (row / 2).to_string() },
        Column { head: "none", goes: 1, cell: |_| NOTHING.to_owned() },
        Column { head: "number", goes: 1, cell: ToString::to_string },
    ];

    #[test]
    fn what_is_wanted_least_goes_first() {
        let heads = |room| Table::fitting(COLUMNS, &[2, 10], room).heads;
        assert_eq!(heads(24), ["name", "half", "number"], "10 + 2 + 4 + 2 + 6");
        assert_eq!(heads(23), ["name", "number"]);
        assert_eq!((heads(17), heads(0)), (vec!["name"], vec!["name"]));
    }

    #[test]
    fn a_table_is_lines() {
        let text = Table::fitting(COLUMNS, &[2, 5], usize::MAX).text();
        assert_eq!(text, "name   half  number\nxx        1       2\nxxxxx     2       5\n");
        assert_eq!(Table::fitting(COLUMNS, &[], usize::MAX).text(), "name\n");
    }
}
