//! The known name that is most like an unknown one.

use strsim::osa_distance;

/// The name that differs least from `name`: by one edit, or by two if `name` is longer than four characters. A name of one
/// or two characters is like nothing. An edit inserts, removes or replaces a character, or swaps two neighbours. Of
/// equally near names, the first.
///
/// Almost every name is passed over by its length and its letters, so that a search of 100,000 takes milliseconds.
pub fn nearest<S: AsRef<str>>(name: &str, known: impl Iterator<Item = S>) -> Option<S> {
    let name = name.to_lowercase();
    let (chars, letters) = shape(&name);
    let most = match chars {
        0..=2 => return None,
        3..=4 => 1,
        _ => 2,
    };
    let (mut best, mut limit) = (None, most + 1);
    for candidate in known {
        let (candidate_chars, candidate_letters) = shape(candidate.as_ref());
        let is_far = candidate_chars.abs_diff(chars) >= limit
            || (letters ^ candidate_letters).count_ones() as usize > 2 * (limit - 1);
        if is_far {
            continue;
        }
        let distance = osa_distance(&name, candidate.as_ref());
        if distance < limit && distance > 0 {
            (best, limit) = (Some(candidate), distance);
        }
    }
    best
}

/// How many characters a text has, and which, by their codes modulo 64. An edit changes at most two of those.
fn shape(text: &str) -> (usize, u64) {
    text.chars().fold((0, 0), |(count, letters), c| (count + 1, letters | 1 << (u32::from(c) % 64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_found_within_the_limit() {
        let known = ["at", "thru", "wash", "front wash", "spot"];
        for (name, found) in [
            ("att", Some("at")),
            ("THUR", Some("thru")),
            ("wosh", Some("wash")),
            ("frnt wsh", Some("front wash")),
            ("fornt wash", Some("front wash")),
            ("frt wsh", None),
            ("blue", None),
            ("ot", None),
            ("wash", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), found, "{name}");
        }
    }

    #[test]
    fn the_first_of_equally_near_names_is_taken() {
        assert_eq!(nearest("wash 3", ["wash 1", "wash 2"].into_iter()), Some("wash 1"));
    }
}
