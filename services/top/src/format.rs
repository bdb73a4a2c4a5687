//! Formats numbers for people: short, and with at most three digits where that is enough.

use crate::buckets::Worst;

/// Shown in place of a missing value.
pub const NOTHING: &str = "–";

/// A duration, given in seconds.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 0.000_999_5 => format!("{:.0} µs", s * 1e6),
        s if s < 0.999_5 => format!("{} ms", digits(s * 1e3)),
        s if s < 99.95 => format!("{} s", digits(s)),
        s => format!("{s:.0} s"),
    }
}

/// How long a process has run, given in seconds.
pub fn age(seconds: f64) -> String {
    let whole = seconds.clamp(0.0, 1e12) as u64;
    match whole {
        s if s < 60 => format!("{s} s"),
        s if s < 3_600 => format!("{} min", s / 60),
        s if s < 86_400 => format!("{} h {:02}", s / 3_600, s / 60 % 60),
        s => format!("{} d {} h", s / 86_400, s / 3_600 % 24),
    }
}

/// A rate, given per second.
pub fn rate(per_second: f64) -> String {
    match per_second {
        r if r <= 0.0 => "0".to_owned(),
        r if r < 0.005 => "<0.01".to_owned(),
        r if r < 9.995 => trimmed(format!("{r:.2}")),
        r if r < 99.95 => trimmed(format!("{r:.1}")),
        r => number(r),
    }
}

/// A whole number.
pub fn number(number: f64) -> String {
    match number {
        n if n < 99_999.5 => format!("{n:.0}"),
        n if n < 99_999_500.0 => format!("{:.0}k", n / 1e3),
        n => format!("{:.0}M", n / 1e6),
    }
}

/// A size, given in bytes.
pub fn bytes(bytes: f64) -> String {
    match bytes / 1_048_576.0 {
        mib if mib < 1_000.0 => format!("{mib:.0} MiB"),
        mib => format!("{} GiB", digits(mib / 1_024.0)),
    }
}

/// A share from 0 to 1, in percent.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// The bucket of the largest value.
pub fn worst(worst: Worst) -> String {
    match worst {
        Worst::WithinSeconds(bound) => format!("≤ {}", duration(bound)),
        Worst::BeyondSeconds(bound) => format!("> {}", duration(bound)),
    }
}

/// The formatted value; [`NOTHING`] if there is none.
pub fn or_nothing(value: Option<f64>, words: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| NOTHING.to_owned(), words)
}

fn digits(number: f64) -> String {
    trimmed(if number < 9.95 { format!("{number:.1}") } else { format!("{number:.0}") })
}

fn trimmed(text: String) -> String {
    match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let durations = [(0.0, "0 µs"), (0.000_25, "250 µs"), (0.000_999_7, "1 ms"), (0.003_24, "3.2 ms")];
        for (seconds, text) in durations.into_iter().chain([(0.12, "120 ms"), (1.0, "1 s"), (2.51, "2.5 s")]) {
            assert_eq!(duration(seconds), text);
        }
        for (seconds, text) in [(5.0, "5 s"), (150.0, "2 min"), (15_120.0, "4 h 12"), (270_000.0, "3 d 3 h")] {
            assert_eq!(age(seconds), text);
        }
        for (per_second, text) in [(0.0, "0"), (0.001, "<0.01"), (0.5, "0.5"), (12.34, "12.3"), (1_234.5, "1234")] {
            assert_eq!(rate(per_second), text);
        }
        assert_eq!((number(123_456.0), number(1e9)), ("123k".to_owned(), "1000M".to_owned()));
        assert_eq!((bytes(31e6), bytes(3e9)), ("30 MiB".to_owned(), "2.8 GiB".to_owned()));
        assert_eq!(
            (worst(Worst::WithinSeconds(0.02)), worst(Worst::BeyondSeconds(10.0))),
            ("≤ 20 ms".into(), "> 10 s".into())
        );
    }
}
