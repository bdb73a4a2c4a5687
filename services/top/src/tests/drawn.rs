//! Tests of what the screen shows.

use std::sync::LazyLock;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::*;
use crate::draw::{Scene, draw};
use crate::history::History;
use crate::plain;

fn history() -> History {
    let mut history = History::default();
    for at in 0..200 {
        let wave = 3.0 + 2.0 * (f64::from(at) / 7.0).sin() + if at == 170 { 9.0 } else { 0.0 };
        history.add(f64::from(at) * 2.0, (at % 50 != 20).then_some(wave / 1e3));
    }
    history
}

fn drawn(view: Option<&View>, is_paused: bool, (width, height): (u16, u16)) -> Buffer {
    let scene = Scene { view, history: &history(), time: "12:00:01", interval_seconds: 2.0, is_paused };
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, &scene)).unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let line = |cells: &[ratatui::buffer::Cell]| {
        let line: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
        format!("{}\n", line.trim_end())
    };
    buffer.content().chunks(width).map(line).collect()
}

fn compare(shown: &str, expected: &str) {
    assert!(shown == expected, "it shows:\n{shown}\nand not:\n{expected}");
}

/// A gateway that is stale and has diverged, and a state service that is gone.
fn troubled() -> View {
    let rigs =
        RigsNow { followed: 3, stale: 3, silence: Duration::from_secs(7), lags: [0, 2, 17], ..RigsNow::default() };
    let edge = Running::new("one:9464", "gateway").following(rigs).with_nats(true);
    let mut followed = Followed::default();
    followed.take(vec![edge.at(10.0), away("keeper:9464", 10.0)]);
    edge.change(500, Duration::from_millis(3));
    edge.stage(Stage::Append, 500, Duration::from_millis(1));
    edge.gateway().divergences.add_one();
    edge.gateway().rejected.of(Code::UnknownOutcome).add(4);
    followed.take(vec![edge.at(12.0), away("keeper:9464", 12.0)])
}

#[test]
fn a_busy_rig_on_a_large_screen() {
    compare(&text(&drawn(Some(&seen(busy(), work)), false, (120, 40))), include_str!("busy-120x40.txt"));
}

#[test]
fn a_busy_rig_on_a_small_screen() {
    compare(&text(&drawn(Some(&seen(busy(), work)), false, (80, 24))), include_str!("busy-80x24.txt"));
}

#[test]
fn a_troubled_rig_on_a_small_screen() {
    let buffer = drawn(Some(&troubled()), true, (80, 24));
    compare(&text(&buffer), include_str!("troubled-80x24.txt"));
    // The lines of alarms are red, and those of the processes that they are about.
    let red = |line: usize| buffer.content()[line * 80..][..80].iter().any(|cell| cell.fg == Color::Red);
    let lines: Vec<_> = (0..24).filter(|line| red(*line)).collect();
    assert_eq!(lines, [1, 2, 3, 4, 7, 8]);
    let healthy = drawn(Some(&seen(busy(), work)), false, (80, 24));
    assert!(healthy.content().iter().all(|cell| cell.fg != Color::Red));
}

#[test]
fn a_troubled_rig_as_text() {
    compare(&plain::text(&troubled()), include_str!("troubled.txt"));
}

#[test]
fn before_the_first_and_the_second_reading_it_says_so() {
    assert_eq!(text(&drawn(None, false, (20, 2))), "reading …\n\n");
    let first = Followed::default().take(busy().iter().map(|process| process.at(1.0)).collect());
    assert!(text(&drawn(Some(&first), false, (80, 24))).contains("come with the second reading"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_fits_every_screen(width in 0..300_u16, height in 0..120_u16, processes in 0..50_usize, is_paused: bool) {
        let readings = (0..processes).map(|at| away(&format!("{at}{}:9464", "x".repeat(at * 9)), 1.0));
        let many = Followed::default().take(readings.collect());
        for view in [None, Some(&*TROUBLED), Some(&many)] {
            let buffer = drawn(view, is_paused, (width, height));
            prop_assert_eq!(buffer.content().len(), usize::from(width) * usize::from(height));
        }
    }
}

static TROUBLED: LazyLock<View> = LazyLock::new(troubled);
