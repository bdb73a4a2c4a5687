//! The loop of the screen: takes readings and keys, and draws frames.

use std::io;
use std::time::Duration;

use chrono::Local;
use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures_util::StreamExt;
use ratatui::DefaultTerminal;
use tokio::time::Instant;

use crate::draw::{Scene, draw};
use crate::fetch::Asker;
use crate::history::History;
use crate::rates::{Followed, Reading};
use crate::view::View;

/// The intervals that + and - choose from, in seconds.
const INTERVALS: [f64; 8] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0];

/// The state of the screen.
#[derive(Debug)]
struct Screen {
    followed: Followed,
    history: History,
    view: Option<View>,
    time: String,
    interval: Duration,
    is_paused: bool,
}

/// The effect of a key on the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// The reading goes on as before.
    Nothing,
    /// The reading starts again: the interval has changed, or a pause has ended.
    Again,
    /// The loop ends.
    Quit,
}

/// Restores the terminal when it is dropped. After a panic, ratatui's hook restores it.
struct Borrowed(DefaultTerminal);

impl Drop for Borrowed {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Shows the screen until a key quits, or until `ended` resolves.
///
/// # Errors
/// If the terminal cannot be read or written.
pub async fn run(asker: &Asker, interval: Duration, ended: impl Future) -> io::Result<()> {
    tokio::pin!(ended);
    let mut terminal = Borrowed(ratatui::try_init()?);
    let mut keys = EventStream::new();
    let mut screen = Screen::new(interval);
    let ask = |at| async move {
        tokio::time::sleep_until(at).await;
        asker.ask().await
    };
    let mut read_at = Instant::now();
    let asking = ask(read_at);
    tokio::pin!(asking);
    loop {
        terminal.0.draw(|frame| draw(frame, &screen.scene()))?;
        tokio::select! {
            _ = &mut ended => return Ok(()),
            event = keys.next() => {
                let Some(event) = event.transpose()? else { return Ok(()) };
                match screen.wish(&event) {
                    Wish::Quit => return Ok(()),
                    // The reading in progress starts again, because it may have waited beyond its time limit.
                    Wish::Again => asking.set(ask(read_at + screen.interval)),
                    Wish::Nothing => {}
                }
            }
            readings = &mut asking, if !screen.is_paused => {
                screen.take(readings);
                read_at = Instant::now();
                asking.set(ask(read_at + screen.interval));
            }
        }
    }
}

impl Screen {
    fn new(interval: Duration) -> Self {
        Self {
            followed: Followed::default(),
            history: History::default(),
            view: None,
            time: String::new(),
            interval,
            is_paused: false,
        }
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            view: self.view.as_ref(),
            history: &self.history,
            time: &self.time,
            interval_seconds: self.interval.as_secs_f64(),
            is_paused: self.is_paused,
        }
    }

    fn take(&mut self, readings: Vec<Reading>) {
        let at_seconds = readings.iter().map(|reading| reading.at_seconds).fold(0.0, f64::max);
        let view = self.followed.take(readings);
        self.history.add(at_seconds, view.whole.echo.and_then(|echo| echo.p99_seconds));
        self.view = Some(view);
        self.time = Local::now().format("%H:%M:%S").to_string();
    }

    fn wish(&mut self, event: &Event) -> Wish {
        let Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press, .. }) = event else {
            return Wish::Nothing;
        };
        let now = self.interval.as_secs_f64();
        match code {
            KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => Wish::Quit,
            KeyCode::Char('q') | KeyCode::Esc => Wish::Quit,
            KeyCode::Char('p') => {
                self.is_paused = !self.is_paused;
                if self.is_paused { Wish::Nothing } else { Wish::Again }
            }
            KeyCode::Char('+' | '=') => self.every(INTERVALS.into_iter().find(|seconds| *seconds > now)),
            KeyCode::Char('-') => self.every(INTERVALS.into_iter().rfind(|seconds| *seconds < now)),
            _ => Wish::Nothing,
        }
    }

    fn every(&mut self, seconds: Option<f64>) -> Wish {
        let Some(seconds) = seconds else { return Wish::Nothing };
        self.interval = Duration::from_secs_f64(seconds);
        Wish::Again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn keys_do_what_they_say() {
        let mut screen = Screen::new(Duration::from_secs(2));
        let mut press = |code| {
            let wish = screen.wish(&key(code, KeyModifiers::NONE));
            (wish, screen.interval.as_secs_f64(), screen.is_paused)
        };
        assert_eq!(press(KeyCode::Char('x')), (Wish::Nothing, 2.0, false));
        assert_eq!(press(KeyCode::Char('p')), (Wish::Nothing, 2.0, true));
        assert_eq!(press(KeyCode::Char('p')), (Wish::Again, 2.0, false));
        assert_eq!(press(KeyCode::Char('+')), (Wish::Again, 5.0, false));
        for _ in 0..10 {
            press(KeyCode::Char('-'));
        }
        assert_eq!(press(KeyCode::Char('-')), (Wish::Nothing, 0.5, false));
        assert_eq!(press(KeyCode::Char('c')), (Wish::Nothing, 0.5, false));
        assert_eq!((press(KeyCode::Esc).0, press(KeyCode::Char('q')).0), (Wish::Quit, Wish::Quit));
        assert_eq!(screen.wish(&key(KeyCode::Char('c'), KeyModifiers::CONTROL)), Wish::Quit);
        assert_eq!(screen.wish(&Event::Resize(1, 1)), Wish::Nothing);
    }
}
