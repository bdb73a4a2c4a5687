//! What a query of Prometheus asks for: enough of its language to find every metric and label in it.

/// What stands before a list of labels in brackets.
const LISTS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
const WORDS: [&str; 7] = ["and", "or", "unless", "offset", "bool", "inf", "nan"];

/// All that a query names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// Metrics, each with what it asks of their labels.
    pub(crate) metrics: Vec<(String, Vec<Matcher>)>,
    /// Labels that it groups or joins by.
    pub(crate) labels: Vec<String>,
}

/// What is asked of a label: a value, or several of which any will do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Matcher {
    pub(crate) label: String,
    pub(crate) values: Vec<String>,
}

/// Reads a query.
pub(crate) fn named(query: &str) -> Named {
    let mut named = Named::default();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        match first {
            'a'..='z' | 'A'..='Z' | '_' | ':' => {
                let (word, after) = word(rest);
                rest = after.trim_start();
                if LISTS.contains(&word) {
                    let list;
                    (list, rest) = bracketed(rest, '(', ')');
                    named.labels.extend(list.split(',').map(|label| label.trim().to_owned()).filter(|l| !l.is_empty()));
                } else if !WORDS.contains(&word) && !is_called(rest) {
                    let matchers;
                    (matchers, rest) = bracketed(rest, '{', '}');
                    named.metrics.push((word.to_owned(), self::matchers(matchers)));
                }
            }
            // Of a duration, the unit is no name.
            '0'..='9' | '.' => rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.'),
            '[' => rest = bracketed(rest, '[', ']').1,
            '"' | '\'' => rest = string(rest).1,
            '{' => panic!("a metric without a name in {query:?}"),
            _ => rest = &rest[first.len_utf8()..],
        }
    }
    named
}

/// Whether what follows a word shows that it is a function: its arguments, or what an aggregation groups by.
fn is_called(rest: &str) -> bool {
    rest.starts_with('(') || ["by", "without"].contains(&word(rest).0)
}

fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':').unwrap_or(text.len()))
}

/// What stands between brackets, if any do, and what comes after them.
fn bracketed(text: &str, open: char, close: char) -> (&str, &str) {
    let Some(inner) = text.strip_prefix(open) else { return ("", text) };
    let mut rest = inner;
    while !rest.starts_with(close) {
        let first = rest.chars().next().unwrap_or_else(|| panic!("no {close} in {text:?}"));
        rest = if first == '"' { string(rest).1 } else { &rest[first.len_utf8()..] };
    }
    (&inner[..inner.len() - rest.len()], &rest[close.len_utf8()..])
}

/// A text in quotes, and what comes after it.
fn string(text: &str) -> (&str, &str) {
    let quote = &text[..1];
    text[1..].split_once(quote).unwrap_or_else(|| panic!("no end of {text:?}"))
}

fn matchers(text: &str) -> Vec<Matcher> {
    let mut matchers = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (label, after) = word(rest);
        let (operator, after) = after.split_at(after.find('"').unwrap_or_else(|| panic!("no value in {text:?}")));
        let (value, after) = string(after);
        let values = if operator.contains('~') { value.split('|').collect() } else { vec![value] };
        matchers.push(Matcher { label: label.to_owned(), values: values.into_iter().map(str::to_owned).collect() });
        rest = after.trim_start_matches([',', ' ', '\n']);
    }
    matchers
}

#[test]
fn every_name_in_a_query_is_found() {
    let query = r#"histogram_quantile(0.99, sum by (job, le) (rate(a_bucket{job=~"$job|x",le!="+Inf"}[5m]))) > 0.05 and on(job)
        topk(1e3, b:total offset 10m) / on () group_left (role) clamp_min(c{}, 1) or count(d == bool 0) unless "e(f" == vector(1)"#;
    let matcher = |label: &str, values: &[&str]| Matcher {
        label: label.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let expected = Named {
        metrics: vec![
            ("a_bucket".to_owned(), vec![matcher("job", &["$job", "x"]), matcher("le", &["+Inf"])]),
            ("b:total".to_owned(), vec![]),
            ("c".to_owned(), vec![]),
            ("d".to_owned(), vec![]),
        ],
        labels: ["job", "le", "job", "role"].map(str::to_owned).into(),
    };
    assert_eq!(named(query), expected);
}
