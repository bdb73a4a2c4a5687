//! Members of queries: `output=1`, `kinds=levels,master`, `detail=1`, `dimmer=7`. Members that are not known are passed
//! over.

use ghostlight_rig::{Dimmer, Interest, KindId};

use crate::refusal::Refusal;

/// The value of a member, if the query has it.
fn member<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    let mut members = query.unwrap_or_default().split('&');
    members.find_map(|member| member.strip_prefix(name)?.strip_prefix('='))
}

/// Whether a member is 1. It is 0 if it is left out.
pub(crate) fn flag(query: Option<&str>, name: &str) -> Result<bool, Refusal> {
    match member(query, name) {
        None | Some("0") => Ok(false),
        Some("1") => Ok(true),
        Some(other) => Err(Refusal::bad_input(format!("{name} is 0 or 1, not {other:?}"))),
    }
}

/// The kinds that are wanted: the default kinds if the query does not say.
pub(crate) fn kinds(query: Option<&str>) -> Result<Interest, Refusal> {
    let Some(names) = member(query, "kinds") else { return Ok(Interest::default()) };
    let kind = |name: &str| {
        let known: Vec<_> = KindId::ALL.iter().map(|kind| kind.name()).collect();
        let problem = || Refusal::bad_input(format!("kinds: {name:?} is not one of {}", known.join(", ")));
        KindId::named(name).ok_or_else(problem)
    };
    names.split(',').filter(|name| !name.is_empty()).map(kind).collect()
}

/// The one dimmer that is asked for; all of them if the query does not say.
pub(crate) fn dimmer(query: Option<&str>) -> Result<Option<Dimmer>, Refusal> {
    let Some(number) = member(query, "dimmer") else { return Ok(None) };
    let problem = || Refusal::bad_input(format!("dimmer: {number:?} is not a dimmer number (1 to 65535)"));
    Dimmer::parse(number).map(Some).ok_or_else(problem)
}
