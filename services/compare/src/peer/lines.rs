//! Lines of code.

use std::path::Path;

/// Counts the lines of a file that are neither blank nor comments. In Python a text that begins a line with three quotes
/// is a comment. Tests at the end of a file of Rust do not count.
pub(super) fn count(file: &Path) -> std::io::Result<usize> {
    let text = std::fs::read_to_string(file)?;
    let extension = file.extension().and_then(|extension| extension.to_str());
    Ok(match extension {
        Some("py") => python(&text),
        Some("rs") => slashes(text.split("#[cfg(test)]").next().unwrap_or_default()),
        _ => slashes(&text),
    })
}

fn python(text: &str) -> usize {
    const QUOTES: &str = "\"\"\"";
    let mut inside = false;
    let counts = |line: &&str| {
        let ends = line.matches(QUOTES).count();
        let comment = inside || line.starts_with(QUOTES) || line.starts_with('#');
        if inside || line.starts_with(QUOTES) {
            inside ^= ends % 2 == 1;
        }
        !comment && !line.is_empty()
    };
    text.lines().map(str::trim).filter(counts).count()
}

fn slashes(text: &str) -> usize {
    let mut inside = false;
    let counts = |line: &&str| {
        let comment = inside || line.starts_with("//") || line.starts_with("/*");
        inside = (inside || line.starts_with("/*")) && !line.ends_with("*/");
        !comment && !line.is_empty()
    };
    text.lines().map(str::trim).filter(counts).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_blank_lines_nor_comments_count() {
        let python =
            "\"\"\"Says\n\nmore.\"\"\"\nimport a\n\n# why\ndef f():\n    \"\"\"One line.\"\"\"\n    return 1\n";
        assert_eq!(super::python(python), 3);
        assert_eq!(slashes("//! Module\n\n/* a\n b\n*/\nlet a = 1; // why\n/** one */\nf();\n"), 2);
    }

    #[test]
    fn tests_in_the_file_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.rs");
        std::fs::write(&file, "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n").unwrap();
        assert_eq!(count(&file).unwrap(), 1);
    }
}
