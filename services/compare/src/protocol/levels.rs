//! Levels as text: `33.25` percent, and maps as JSON: `{"1":33.25}`. Nothing is allocated.

use super::ProtocolError;

/// Writes hundredths of a percent as percent, with as few digits as it takes.
pub(super) fn write_level(level: u16, out: &mut Vec<u8>) {
    write_number(level / 100, out);
    let rest = level % 100;
    if rest > 0 {
        let (tenths, hundredths) = ((rest / 10) as u8, (rest % 10) as u8);
        out.extend([b'.', b'0' + tenths]);
        if hundredths > 0 {
            out.push(b'0' + hundredths);
        }
    }
}

/// Writes a number in decimal.
pub(super) fn write_number(number: u16, out: &mut Vec<u8>) {
    let mut digits = [0; 5];
    let (mut rest, mut first) = (number, digits.len());
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(&digits[first..]);
}

/// Writes the map of one dimmer.
pub(super) fn write_map(dimmer: u16, level: u16, out: &mut Vec<u8>) {
    out.extend(b"{\"");
    write_number(dimmer, out);
    out.extend(b"\":");
    write_level(level, out);
    out.push(b'}');
}

/// Reads a dimmer's number.
pub(super) fn dimmer(text: &[u8]) -> Option<u16> {
    number(text).and_then(|number| u16::try_from(number).ok()).filter(|dimmer| *dimmer > 0)
}

/// Reads percent as hundredths of a percent.
pub(super) fn level(text: &[u8]) -> Option<u16> {
    let (whole, rest) = match text.iter().position(|byte| *byte == b'.') {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &b"0"[..]),
    };
    let hundredths = match rest {
        [tenths, hundredths, zeros @ ..] if zeros.iter().all(|zero| *zero == b'0') => number(&[*tenths, *hundredths])?,
        [tenths] => number(&[*tenths])? * 10,
        _ => return None,
    };
    u16::try_from(number(whole)? * 100 + hundredths).ok().filter(|level| *level <= 10_000)
}

fn number(text: &[u8]) -> Option<u32> {
    let digits = (1..=5).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    digits.then(|| text.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}

/// Reads a map as JSON.
///
/// # Errors
/// The text is no map of dimmers and levels.
pub(super) fn read_map(text: &[u8], mut on: impl FnMut(u16, u16)) -> Result<(), ProtocolError> {
    let wrong = || ProtocolError::new("not a map of levels", text);
    let inside = text.trim_ascii().strip_prefix(b"{").and_then(|text| text.strip_suffix(b"}")).ok_or_else(wrong)?;
    if inside.trim_ascii().is_empty() {
        return Ok(());
    }
    // No name and no value of a map of levels contains a comma or a colon.
    for item in inside.split(|byte| *byte == b',') {
        let colon = item.iter().position(|byte| *byte == b':').ok_or_else(wrong)?;
        let name = item[..colon].trim_ascii().strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\""));
        let (dimmer, level) = name.and_then(dimmer).zip(level(item[colon + 1..].trim_ascii())).ok_or_else(wrong)?;
        on(dimmer, level);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_is_read_as_it_was_written() {
        for hundredths in 0..=10_000 {
            let mut text = Vec::new();
            write_level(hundredths, &mut text);
            assert_eq!(level(&text), Some(hundredths), "{}", String::from_utf8_lossy(&text));
        }
        let mut text = Vec::new();
        [0, 5, 3_320, 10_000].iter().for_each(|level| {
            write_level(*level, &mut text);
            text.push(b' ');
        });
        assert_eq!(String::from_utf8(text).unwrap(), "0 0.05 33.2 100 ");
    }

    #[test]
    fn other_texts_are_no_levels() {
        assert_eq!(level(b"50.0"), Some(5_000));
        assert_eq!(level(b"50.500"), Some(5_050));
        for text in ["", "-1", "101", "1.", ".5", "1.234", "1e2", "null", "100.01"] {
            assert_eq!(level(text.as_bytes()), None, "{text}");
        }
        for text in ["0", "65536", "one", "", "123456"] {
            assert_eq!(dimmer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn maps_are_read_and_other_texts_are_shown() {
        let mut seen = Vec::new();
        read_map(br#" {"1": 50, "65535":0.5} "#, |dimmer, level| seen.push((dimmer, level))).unwrap();
        read_map(b"{}", |_, _| panic!("nothing")).unwrap();
        assert_eq!(seen, [(1, 5_000), (65_535, 50)]);
        for text in ["", "[]", "{", r#"{"0":1}"#, r#"{"1":"a"}"#, r#"{1:1}"#, r#"{"1":1,}"#] {
            let error = read_map(text.as_bytes(), |_, _| {}).unwrap_err().to_string();
            assert_eq!(error, format!("not a map of levels: {text:?}"));
        }
    }

    #[test]
    fn a_map_is_written() {
        let mut text = Vec::new();
        write_map(65_535, 2_510, &mut text);
        assert_eq!(text, br#"{"65535":25.1}"#);
    }
}
