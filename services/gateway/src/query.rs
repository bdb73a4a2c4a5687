//! Query parameters: `output=1`, `kinds=levels,master`, `detail=1`, `dimmer=7`, `prefix=fr`, `limit=100`. Unknown parameters are ignored.

use ghostlight_rig::{Dimmer, Interest, KindId};

use crate::refusal::Refusal;

/// The value of a parameter, if the query has it; empty if it stands there without one.
fn member<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    let members = query.unwrap_or_default().split('&');
    let mut members = members.map(|member| member.split_once('=').unwrap_or((member, "")));
    members.find_map(|(member, value)| (member == name).then_some(value))
}

/// A parameter of any text, decoded; `None` if it is missing.
pub(crate) fn text(query: Option<&str>, name: &str) -> Option<String> {
    let mut members = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    members.find(|(member, _)| member == name).map(|(_, text)| text.into_owned())
}

/// The number in `limit=`; `None` if the parameter is missing.
pub(crate) fn limit(query: Option<&str>) -> Result<Option<usize>, Refusal> {
    let Some(limit) = member(query, "limit") else { return Ok(None) };
    let problem = || Refusal::bad_input(format!("limit: {limit:?} is not a whole number from 1 on"));
    limit.parse().ok().filter(|limit| *limit > 0).map(Some).ok_or_else(problem)
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

#[cfg(test)]
mod tests {
    use ghostlight_proto::Code;

    use super::*;

    fn problem<T: std::fmt::Debug>(read: Result<T, Refusal>) -> String {
        let refusal = read.unwrap_err();
        assert_eq!(refusal.code(), Code::BadInput);
        refusal.detail().to_owned()
    }

    #[test]
    fn a_flag_is_0_or_1() {
        for (query, is_set) in [
            (None, false),
            (Some(""), false),
            (Some("output=0"), false),
            (Some("output=1"), true),
            (Some("kinds=levels&output=1"), true),
            (Some("outputs=1&input=1&xoutput=1"), false),
            (Some("outputs"), false),
        ] {
            assert_eq!(flag(query, "output"), Ok(is_set), "{query:?}");
        }
        for bad in ["output", "a=1&output", "output=", "output=2", "output=true", "output=01"] {
            assert!(problem(flag(Some(bad), "output")).starts_with("output is 0 or 1, not "), "{bad}");
        }
    }

    #[test]
    fn kinds_are_named_or_the_default_ones() {
        let all = Interest::named(["levels", "labels", "master", "blackout"]);
        assert_eq!((kinds(None), kinds(Some("output=1"))), (Ok(all), Ok(all)));
        assert_eq!(kinds(Some("output=1&kinds=master,levels")), Ok(Interest::named(["levels", "master"])));
        assert_eq!(kinds(Some("kinds=,master,")), Ok(Interest::named(["master"])));
        assert_eq!((kinds(Some("kinds=")), kinds(Some("kinds"))), (Ok(Interest::NONE), Ok(Interest::NONE)));
        let unknown = problem(kinds(Some("kinds=levels,tomorrow")));
        assert!(unknown.starts_with("kinds: \"tomorrow\" is not one of levels, labels"), "{unknown}");
    }

    #[test]
    fn a_text_is_decoded_and_a_limit_is_at_least_1() {
        assert_eq!(text(Some("limit=5&prefix=B%C3%BCh+ne%26"), "prefix").as_deref(), Some("Büh ne&"));
        assert_eq!((text(None, "prefix"), text(Some("prefi=a"), "prefix")), (None, None));
        assert_eq!((limit(None), limit(Some("prefix=a&limit=7"))), (Ok(None), Ok(Some(7))));
        for bad in ["limit", "limit=", "limit=0", "limit=-1", "limit=x"] {
            assert!(problem(limit(Some(bad))).contains("from 1 on"), "{bad}");
        }
    }

    #[test]
    fn a_dimmer_is_named_or_all_of_them() {
        assert_eq!((dimmer(None), dimmer(Some("detail=1"))), (Ok(None), Ok(None)));
        assert_eq!(dimmer(Some("detail=1&dimmer=65535")), Ok(Dimmer::new(65_535)));
        for bad in ["dimmer", "dimmer=", "dimmer=0", "dimmer=01", "dimmer=65536", "dimmer=x"] {
            assert!(problem(dimmer(Some(bad))).contains("1 to 65535"), "{bad}");
        }
    }
}
