//! What a process is told: whether it understands that, and where it is sent.

use std::fmt::Display;

use clap::{Args as _, Command};
use ghostlight::serve::{GatewayRole, ServeArgs, StateRole};

/// <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>, and those of its exporter.
const OF_OPENTELEMETRY: [&str; 5] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_METRICS_EXPORTER",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
];

/// What a role of ours can be told.
fn role(name: &str) -> Command {
    let command = Command::new("ghostlight");
    match name {
        "serve" => ServeArgs::augment_args(command),
        "gateway" => GatewayRole::augment_args(command),
        "state" => StateRole::augment_args(command),
        other => panic!("there is no role {other}"),
    }
}

/// A role reads every variable of an environment, and takes its value. Those for both roles may say what is only the
/// other's.
pub(crate) fn understands<'a>(
    name: &str,
    environment: impl IntoIterator<Item = (&'a String, impl AsRef<str> + Display)>,
) {
    let command = role(name);
    let mut arguments = vec!["ghostlight".to_owned()];
    for (variable, value) in environment {
        if OF_OPENTELEMETRY.contains(&variable.as_str()) {
            continue;
        }
        let mut known = command.get_arguments();
        let known = known.find(|argument| argument.get_env().is_some_and(|env| env == variable.as_str()));
        let flag = known.unwrap_or_else(|| panic!("{name}: nothing reads {variable}")).get_long().unwrap();
        arguments.extend([format!("--{flag}"), value.to_string()]);
    }
    command.try_get_matches_from(arguments).unwrap_or_else(|error| panic!("{name}: {error}"));
}

/// Every `host:port` of a text, whatever stands around it; not those of the machine itself.
pub(crate) fn addresses(text: &str) -> Vec<(String, u16)> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !":.-_".contains(c));
    let address = |word: &str| {
        let (host, port) = word.split_once(':')?;
        let is_a_name = host.starts_with(|c: char| c.is_ascii_alphabetic());
        port.parse().ok().filter(|_| is_a_name).map(|port| (host.to_owned(), port))
    };
    words.filter_map(address).collect()
}
