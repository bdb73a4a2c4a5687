//! Query parameters: `output=1`, `kinds=levels,master`, `detail=1`, `dimmer=7`. Unknown parameters are ignored.

use ghostlight_rig::{Dimmer, Interest, KindId};

use crate::refusal::Refusal;

/// The value of a parameter, if the query has it.
fn member<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    let mut members = query.unwrap_or_default().split('&');
    members.find_map(|member| member.strip_prefix(name)?.strip_prefix('='))
}

/// Whether a parameter is 1; a missing one counts as 0.
pub(crate) fn flag(query: Option<&str>, name: &str) -> Result<bool, Refusal> {
    match member(query, name) {
        None | Some("0") => Ok(false),
        Some("1") => Ok(true),
        Some(other) => Err(Refusal::bad_input(format!("{name} is 0 or 1, not {other:?}"))),
    }
}

/// The kinds in `kinds=`; the default kinds if the parameter is missing.
pub(crate) fn kinds(query: Option<&str>) -> Result<Interest, Refusal> {
    let Some(names) = member(query, "kinds") else { return Ok(Interest::default()) };
    let kind = |name: &str| KindId::read(name).map_err(|problem| Refusal::bad_input(format!("kinds: {problem}")));
    names.split(',').filter(|name| !name.is_empty()).map(kind).collect()
}

/// The dimmer in `dimmer=`; `None`, which means all of them, if the parameter is missing.
pub(crate) fn dimmer(query: Option<&str>) -> Result<Option<Dimmer>, Refusal> {
    let Some(number) = member(query, "dimmer") else { return Ok(None) };
    let problem = || Refusal::bad_input(format!("dimmer: {number:?} is not a dimmer number (1 to 65535)"));
    Dimmer::parse(number).map(Some).ok_or_else(problem)
}
