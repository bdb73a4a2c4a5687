//! The results as tables in Markdown.

use std::fmt::Write as _;

use crate::report::{GHOSTLIGHT, Measured, Results};

/// The figures that are shown, with their titles.
const SHOWN: [(&str, &str); 7] = [
    ("per_second", "a second"),
    ("p50_us", "p50 µs"),
    ("p99_us", "p99 µs"),
    ("told_share", "told"),
    ("cpu_us_each", "CPU µs each"),
    ("generator_cpu_us_each", "generator's CPU µs each"),
    ("memory_mb", "memory MB"),
];

/// The ratios that are shown: of Ghostlight's figure to the peer's.
const RATIOS: [(&str, &str); 2] = [("per_second", "Ghostlight's rate"), ("p50_us", "Ghostlight's p50")];

/// The results as a text in Markdown: the peers, and a table for each work, with the ratios first.
pub fn markdown(results: &Results) -> String {
    let mut text = String::new();
    // A string takes everything.
    let _ = write(&mut text, results);
    text
}

fn write(text: &mut String, results: &Results) -> std::fmt::Result {
    let Results { version, command, machine, rounds, seconds, peers, works } = results;
    writeln!(text, "# Ghostlight {version} beside other servers\n")?;
    writeln!(text, "`{command}`\n")?;
    writeln!(
        text,
        "{} cores, which servers and load share; {}; {}.",
        machine.cores, machine.processor, machine.system
    )?;
    writeln!(
        text,
        "{rounds} rounds of {seconds} s, the peers one after another in each round. Figures are medians over the rounds. Ratios are"
    )?;
    writeln!(text, "Ghostlight's figure divided by the peer's in the same round.\n")?;
    writeln!(
        text,
        "| peer | lines of code | ready after ms | order | persistence | slow readers |\n|---|---|---|---|---|---|"
    )?;
    for peer in peers {
        let promise = |name| peer.promises.get(name).map_or("", String::as_str);
        let (order, persistence, slow) = (promise("order"), promise("persistence"), promise("slow readers"));
        let (title, lines, start) = (&peer.title, peer.lines_of_code, peer.start_ms);
        writeln!(text, "| {title} | {lines} | {start:.0} | {order} | {persistence} | {slow} |")?;
    }
    for work in works {
        write_work(text, results, work)?;
    }
    Ok(())
}

fn write_work(text: &mut String, results: &Results, work: &Measured) -> std::fmt::Result {
    let is_known =
        |(figure, _): &&(&str, &str)| results.peers.iter().any(|peer| work.median(&peer.name, figure).is_some());
    let shown: Vec<_> = SHOWN.iter().filter(is_known).collect();
    writeln!(text, "\n## {}\n", work.title)?;
    let titles = RATIOS.iter().map(|(_, title)| *title).chain(shown.iter().map(|(_, title)| *title));
    writeln!(text, "| peer | {} |", titles.collect::<Vec<_>>().join(" | "))?;
    writeln!(text, "|---|{}", "---|".repeat(RATIOS.len() + shown.len()))?;
    for peer in &results.peers {
        let ratio =
            |(figure, _): &(&str, &str)| (peer.name != GHOSTLIGHT).then(|| work.ratio(&peer.name, figure)).flatten();
        let ratios = RATIOS.iter().map(|shown| ratio(shown).map_or("–".to_owned(), |ratio| format!("{ratio:.2}")));
        let figures = shown.iter().map(|(figure, _)| work.median(&peer.name, figure).map_or("–".to_owned(), number));
        let columns = ratios.chain(figures).collect::<Vec<_>>().join(" | ");
        writeln!(text, "| {} | {columns} |", peer.title)?;
    }
    for peer in &results.peers {
        if let Some(fault) = work.fault(&peer.name) {
            writeln!(text, "\n{} failed: {fault}", peer.title)?;
        }
    }
    Ok(())
}

/// A number with about three digits.
fn number(value: f64) -> String {
    match value {
        1_000.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fault::Fault;
    use crate::report::{Described, Machine};
    use crate::work::{Outcome, Work};

    #[test]
    fn a_table_has_ratios_figures_and_what_failed() {
        let described = |name: &str, title: &str| Described {
            name: name.to_owned(),
            title: title.to_owned(),
            lines_of_code: 49,
            start_ms: 12.4,
            promises: BTreeMap::from([("order", "One loop.".to_owned())]),
        };
        let mut work = Measured::new(Work::Echo);
        for (name, p50_us) in [(GHOSTLIGHT, 60.0), ("ws", 120.0)] {
            let figures = [("p50_us", p50_us), ("per_second", 1e6 / p50_us)].into();
            work.add(name, Ok(Outcome { answers: 9, figures, latencies_us: Vec::new() }));
        }
        work.add("slow", Err(Fault::Late("the work was not done in time".to_owned())));
        let peers =
            vec![described(GHOSTLIGHT, "Ghostlight"), described("ws", "Node.js with ws"), described("slow", "Slow")];
        let machine = Machine { cores: 2, processor: "a processor".to_owned(), system: "linux 6".to_owned() };
        let results = Results {
            version: "0.1.0",
            command: "cargo xtask bench".to_owned(),
            machine,
            rounds: 1,
            seconds: 2.0,
            peers,
            works: vec![work],
        };
        let text = markdown(&results);
        for line in [
            "| Node.js with ws | 49 | 12 | One loop. |  |  |",
            "| peer | Ghostlight's rate | Ghostlight's p50 | a second | p50 µs |",
            "| Ghostlight | – | – | 16667 | 60.0 |",
            "| Node.js with ws | 2.00 | 0.50 | 8333 | 120.0 |",
            "| Slow | – | – | – | – |",
            "Slow failed: the work was not done in time",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
    }
}
