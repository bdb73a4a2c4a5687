//! Draws the view on a terminal.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Padding, Paragraph, RenderDirection, Row, Sparkline, Wrap};

use crate::format::{age, duration, or_nothing};
use crate::history::History;
use crate::plain;
use crate::table::{GAP, PROCESSES, STAGES, Table};
use crate::view::{StageView, View};

/// The style of alarms.
const BAD: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
/// The style of the slowest stage.
const SLOW: Style = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);
/// The style of frames and of hints.
const FAINT: Style = Style::new().add_modifier(Modifier::DIM);
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

/// The greatest length of a bar, in columns.
const LONGEST_BAR: u16 = 60;

/// The keys, and what they do.
const KEYS: &str = "q quit  p pause  +/- interval";

/// What is drawn.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The current view; `None` before the first reading.
    pub view: Option<&'a View>,
    /// The earlier readings.
    pub history: &'a History,
    /// The time of the reading, as text.
    pub time: &'a str,
    /// The interval between readings.
    pub interval_seconds: f64,
    /// Whether reading is paused.
    pub is_paused: bool,
}

/// Draws the scene on the whole frame.
pub fn draw(frame: &mut Frame<'_>, scene: &Scene<'_>) {
    let area = frame.area();
    let Some(view) = scene.view else {
        frame.render_widget(Paragraph::new("reading …"), area);
        return;
    };
    let most_alarms = usize::from(area.height / 5).max(1);
    let alarms = lines_of_alarms(view, most_alarms);
    let processes = u16::try_from(view.processes.len()).unwrap_or(u16::MAX).saturating_add(3).min(area.height / 2);
    let stages = if view.stages.is_empty() { 3 } else { view.stages.len() as u16 + 4 };
    let [top, alarm, process, stage, rest] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(alarms.len() as u16),
        Constraint::Length(processes),
        Constraint::Length(stages),
        Constraint::Fill(1),
    ])
    .areas(area);
    draw_title(frame, top, scene, view);
    frame.render_widget(Paragraph::new(alarms), alarm);
    draw_processes(frame, process, view);
    draw_stages(frame, stage, view);
    let [left, right] = Layout::horizontal([Constraint::Percentage(52), Constraint::Fill(1)]).areas(rest);
    draw_history(frame, left, scene.history);
    let lines: Vec<_> = plain::lines(&view.whole).into_iter().map(Line::from).collect();
    let lines = Paragraph::new(lines).wrap(Wrap { trim: false });
    frame.render_widget(lines.block(boxed(" consoles ".to_owned())), right);
}

fn draw_title(frame: &mut Frame<'_>, area: Rect, scene: &Scene<'_>, view: &View) {
    let (all, here) = (view.processes.len(), view.processes.iter().filter(|process| process.here().is_some()).count());
    let mut words = vec![Span::styled(" ghostlight top ", BOLD), Span::raw(format!(" {} ", scene.time))];
    words.push(Span::raw(format!(" {here} of {all} here  every {} s ", scene.interval_seconds)));
    if scene.is_paused {
        words.push(Span::styled(" paused ", Style::new().add_modifier(Modifier::REVERSED)));
    }
    let left = Line::from(words);
    let room = usize::from(area.width).saturating_sub(left.width());
    frame.render_widget(left, area);
    if room > KEYS.len() {
        frame.render_widget(Line::styled(format!("{KEYS} "), FAINT).alignment(Alignment::Right), area);
    }
}

fn lines_of_alarms(view: &View, most: usize) -> Vec<Line<'_>> {
    let shown = if view.alarms.len() > most { most - 1 } else { most };
    let alarms = view.alarms.iter().take(shown);
    let mut lines: Vec<_> =
        alarms.map(|alarm| Line::styled(format!(" ! {}  {}", alarm.process, alarm.what), BAD)).collect();
    if view.alarms.len() > shown {
        lines.push(Line::styled(format!(" ! {} more", view.alarms.len() - shown), BAD));
    }
    lines
}

fn draw_processes(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let table = Table::fitting(PROCESSES, &view.processes, usize::from(area.width.saturating_sub(4)));
    let style = |at: usize| {
        let name = &view.processes[at].name;
        if view.alarms.iter().any(|alarm| &alarm.process == name) { BAD } else { Style::new() }
    };
    let rows: Vec<_> = (0..table.rows.len()).map(|at| (row(&table, at), style(at))).collect();
    draw_table(frame, area, " processes ".to_owned(), &table, rows);
}

fn row(table: &Table, at: usize) -> Vec<String> {
    table.rows[at].iter().enumerate().map(|(column, cell)| table.aligned(column, cell)).collect()
}

/// Draws a table. A cell that a row has beyond the table's columns gets the rest of the width.
fn draw_table(frame: &mut Frame<'_>, area: Rect, title: String, table: &Table, rows: Vec<(Vec<String>, Style)>) {
    let heads = table.heads.iter().enumerate().map(|(column, head)| table.aligned(column, head));
    let widths = table.widths.iter().map(|width| Constraint::Length(u16::try_from(*width).unwrap_or(u16::MAX)));
    let rest = rows.iter().any(|(cells, _)| cells.len() > table.widths.len()).then_some(Constraint::Fill(1));
    let drawn = ratatui::widgets::Table::new(
        rows.into_iter().map(|(cells, style)| Row::new(cells).style(style)),
        widths.chain(rest),
    );
    let drawn = drawn.header(Row::new(heads).style(FAINT)).column_spacing(GAP as u16).block(boxed(title));
    frame.render_widget(drawn, area);
}

fn boxed(title: String) -> Block<'static> {
    Block::bordered().border_style(FAINT).title(title).padding(Padding::horizontal(1))
}

/// Draws the stages, and below them the end-to-end time.
fn draw_stages(frame: &mut Frame<'_>, area: Rect, view: &View) {
    if view.stages.is_empty() {
        let wait = Paragraph::new("rates and times come with the second reading");
        frame.render_widget(wait.block(boxed(" stages ".to_owned())), area);
        return;
    }
    let mut stages = view.stages.clone();
    let whole =
        view.whole.echo.map(|spread| StageView { stage: "end to end", spread, is_slowest: false, slowest_at: None });
    stages.extend(whole);
    // In a narrow window, half of the width is for the bars.
    let room = usize::from(area.width.saturating_sub(4));
    let mut table = Table::fitting(STAGES, &stages, room.saturating_sub(28).max(room / 2));
    if view.processes.len() < 2 {
        drop_column(&mut table, "slowest at");
    }
    let taken: usize = table.widths.iter().map(|width| width + GAP).sum();
    let bar_room =
        u16::try_from(room.saturating_sub(taken + MARK.chars().count())).unwrap_or(u16::MAX).min(LONGEST_BAR);
    let longest = stages.iter().filter_map(|stage| stage.spread.p99_seconds).fold(0.0, f64::max);
    let rows = stages.iter().enumerate().map(|(at, stage)| {
        let mut cells = row(&table, at);
        let mark = if stage.is_slowest { MARK } else { "" };
        cells.push(format!("{}{mark}", bar(stage, longest, bar_room)));
        let style = if stage.is_slowest { SLOW } else { Style::new() };
        (cells, style)
    });
    let rows = rows.collect();
    draw_table(frame, area, " stages: █ p50 ░ p99 ".to_owned(), &table, rows);
}

const MARK: &str = " ◂ slowest";

fn drop_column(table: &mut Table, head: &str) {
    let Some(at) = table.heads.iter().position(|name| *name == head) else { return };
    table.heads.remove(at);
    table.widths.remove(at);
    for row in &mut table.rows {
        row.remove(at);
    }
}

/// A bar whose length is proportional to the stage's times. The longest has the full length.
fn bar(stage: &StageView, longest: f64, room: u16) -> String {
    let cells = |seconds: Option<f64>| match seconds {
        Some(seconds) if longest > 0.0 => (seconds / longest * f64::from(room)).round().max(1.0) as usize,
        _ => 0,
    };
    let (half, most) = (cells(stage.spread.p50_seconds), cells(stage.spread.p99_seconds));
    let (half, most) = (half.min(room.into()), most.min(room.into()));
    format!("{}{}", "█".repeat(half), "░".repeat(most.saturating_sub(half)))
}

fn draw_history(frame: &mut Frame<'_>, area: Rect, history: &History) {
    let room = usize::from(area.width.saturating_sub(4));
    let newest = history.micros(1).first().copied().flatten().map(|micros| micros as f64 / 1e6);
    let short = format!(" end to end p99 {} ", or_nothing(newest, duration));
    let highest = history.highest(room).map(duration).unwrap_or_default();
    let long = format!("{short}({}: ≤ {highest}) ", age(history.span(room)));
    let title = if highest.is_empty() || long.chars().count() > room + 2 { short } else { long };
    let sparkline = Sparkline::default().data(history.micros(room)).direction(RenderDirection::RightToLeft);
    frame.render_widget(sparkline.style(Style::new().fg(Color::Cyan)).block(boxed(title)), area);
}
