//! The results of a run: medians over its rounds, ratios between contenders, and wanted figures.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::log::Log;
use crate::measure::Round;

/// The results of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of the benchmark.
    pub version: &'static str,
    /// The number of cores, which servers and load share.
    pub cores: usize,
    /// The number of rounds of each measure; memory has one.
    pub rounds: u32,
    /// The counted seconds of each round.
    pub seconds: f64,
    /// The log of the deployment, if its NATS servers were named.
    pub log: Option<Log>,
    /// What was left out, and why.
    pub notes: Vec<String>,
    /// The results of each measure.
    pub measures: Vec<Measured>,
}

/// The results of one measure.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// The measure's name.
    pub name: String,
    /// The results of each contender, Ghostlight first.
    pub sides: Vec<Side>,
    /// Ghostlight's figures divided by those of the others.
    pub ratios: Vec<Ratio>,
    /// The figures that are wanted on two cores.
    pub wanted: Vec<Wanted>,
}

/// The results of one contender in one measure.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// The contender's name.
    pub name: &'static str,
    /// How many answers were counted in all rounds together. Each was checked.
    pub answers: u64,
    /// The median of each figure over the rounds.
    pub figures: BTreeMap<&'static str, f64>,
}

/// The ratio of a figure. It is taken in each round, so that a disturbance affects both sides.
#[derive(Clone, Debug, Serialize)]
pub struct Ratio {
    /// The figure's name.
    pub figure: &'static str,
    /// The contender by whose figure Ghostlight's is divided.
    pub over: &'static str,
    /// The median over the rounds.
    pub median: f64,
    /// The lowest of the rounds.
    pub least: f64,
    /// The highest of the rounds.
    pub most: f64,
}

/// A bound on a figure, or on a ratio, and whether it is met.
#[derive(Clone, Debug, Serialize)]
pub struct Wanted {
    /// The figure's name.
    pub figure: &'static str,
    /// The contender of the ratio; `None` if the bound is on the figure itself.
    pub over: Option<&'static str>,
    /// The bound.
    #[serde(flatten)]
    pub bound: Bound,
    /// The conditions of the bound.
    pub remark: &'static str,
    /// The measured value; `None` if it was left out.
    pub measured: Option<f64>,
    /// Whether the bound is met.
    pub met: Option<bool>,
}

/// A bound on a figure.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// At least this value.
    AtLeast(f64),
    /// At most this value.
    AtMost(f64),
}

/// The rounds of one contender.
pub(crate) struct Rounds {
    pub(crate) name: &'static str,
    pub(crate) rounds: Vec<Round>,
}

impl Bound {
    fn holds(self, measured: f64) -> bool {
        match self {
            Self::AtLeast(least) => measured >= least,
            Self::AtMost(most) => measured <= most,
        }
    }
}

impl Measured {
    /// Sums up the rounds of one measure. Ratios are those of the first contender to each of the others.
    pub(crate) fn of(name: String, rounds: &[Rounds], mut wanted: Vec<Wanted>) -> Self {
        let sides: Vec<Side> = rounds.iter().map(Side::of).collect();
        let ratios = match rounds {
            [first, others @ ..] => others.iter().flat_map(|other| ratios(first, other)).collect(),
            [] => vec![],
        };
        for want in &mut wanted {
            want.measured = match want.over {
                None => sides.first().and_then(|side| side.figures.get(want.figure).copied()),
                Some(over) => ratios
                    .iter()
                    .find(|ratio| ratio.figure == want.figure && ratio.over == over)
                    .map(|ratio| ratio.median),
            };
            want.met = want.measured.map(|measured| want.bound.holds(measured));
        }
        wanted.retain(|want| want.measured.is_some());
        Self { name, sides, ratios, wanted }
    }
}

impl Side {
    fn of(Rounds { name, rounds }: &Rounds) -> Self {
        let figures = rounds.first().into_iter().flat_map(|round| round.figures.keys().copied());
        let figures = figures.filter_map(|figure| {
            let values = rounds.iter().filter_map(|round| round.figures.get(figure).copied()).collect();
            Some((figure, median(values)?))
        });
        Self { name, answers: rounds.iter().map(|round| round.answers).sum(), figures: figures.collect() }
    }
}

fn ratios(one: &Rounds, other: &Rounds) -> Vec<Ratio> {
    let names = one.rounds.first().into_iter().flat_map(|round| round.figures.keys().copied());
    let ratio = |figure| {
        let each = one.rounds.iter().zip(&other.rounds);
        let each = each.filter_map(|(one, other)| Some(one.figures.get(figure)? / other.figures.get(figure)?));
        let each: Vec<f64> = each.filter(|ratio| ratio.is_finite()).collect();
        let (least, most) = each.iter().fold((f64::INFINITY, 0.0_f64), |(l, m), &r| (l.min(r), m.max(r)));
        Some(Ratio { figure, over: other.name, median: median(each)?, least, most })
    };
    names.filter_map(ratio).collect()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(values[values.len() / 2 - 1], upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(name: &'static str, values: &[f64]) -> Rounds {
        let round = |&value| Round { answers: 10, figures: BTreeMap::from([("p50_us", value)]) };
        Rounds { name, rounds: values.iter().map(round).collect() }
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let sides = [rounds("ghostlight", &[10.0, 40.0, 30.0]), rounds("bare", &[5.0, 20.0, 10.0])];
        let wanted =
            |bound| Wanted { figure: "p50_us", over: Some("bare"), bound, remark: "", measured: None, met: None };
        let wanted = vec![wanted(Bound::AtMost(2.0)), wanted(Bound::AtLeast(2.5))];
        let measured = Measured::of("m".into(), &sides, wanted);
        assert_eq!(measured.sides[0].answers, 30);
        assert_eq!(measured.sides[0].figures["p50_us"], 30.0);
        let ratio = &measured.ratios[0];
        assert_eq!((ratio.median, ratio.least, ratio.most), (2.0, 2.0, 3.0));
        assert_eq!(measured.wanted.iter().map(|want| want.met).collect::<Vec<_>>(), [Some(true), Some(false)]);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let want = Wanted {
            figure: "cpu_us_each",
            over: Some("bare"),
            bound: Bound::AtMost(1.25),
            remark: "",
            measured: None,
            met: None,
        };
        assert!(Measured::of("m".into(), &[rounds("ghostlight", &[1.0])], vec![want]).wanted.is_empty());
    }
}
