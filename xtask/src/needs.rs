//! What the tests need beside Rust, and how to install it.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::bail;

use crate::{apt, kubernetes, nats, npm, peers, prometheus};

/// Programs that tests need.
struct Need {
    /// What it is, and what for.
    what: &'static str,
    /// The need is met when one program of each group is found.
    programs: &'static [&'static [&'static str]],
    /// The packages on Debian and its kin that contain the programs.
    debian: &'static [&'static str],
    /// How to get the programs on other systems.
    elsewhere: &'static str,
}

/// The needs of the tests. A test whose need is not met fails; it is not skipped.
const NEEDS: &[Need] = &[CURL, CHROMIUM, NODE, POSTGRES, KUBECTL];

const CURL: Need = Need {
    what: "curl, for the examples of the README",
    programs: &[&["curl"]],
    debian: &["curl"],
    elsewhere: "install curl 7.82 or later; it must be on the PATH",
};

const CHROMIUM: Need = Need {
    what: "Chromium and its WebDriver, for the test of the page",
    programs: &[&["chromium", "chromium-browser", "google-chrome"], &["chromedriver"]],
    debian: &["chromium", "chromium-driver"],
    elsewhere: "on macOS `brew install --cask google-chrome chromedriver`, on Fedora `dnf install chromium chromedriver`, \
                elsewhere any Chromium with the ChromeDriver of its version; a browser and `chromedriver` must be on the \
                PATH",
};

const NODE: Need = Need {
    what: "Node and npm, for the tests of the console's JavaScript",
    programs: &[&["node"], &["npm"]],
    debian: &["nodejs", "npm"],
    elsewhere: "on macOS `brew install node`, on Fedora `dnf install nodejs npm`, elsewhere Node 18 or later; `node` and \
                `npm` must be on the PATH",
};

const POSTGRES: Need = Need {
    what: "PostgreSQL, for the tests of its store",
    programs: &[&["initdb"], &["postgres"], &["createdb"]],
    debian: &["postgresql"],
    elsewhere: "on macOS `brew install postgresql@17`, on Fedora `dnf install postgresql-server`, elsewhere PostgreSQL 13 \
                or later; `initdb`, `postgres` and `createdb` must be on the PATH, or where Debian has them",
};

const KUBECTL: Need = Need {
    what: "kubectl, for what `kubectl apply -k` makes of the manifests",
    programs: &[&["kubectl"]],
    debian: &["kubernetes-client"],
    elsewhere: "see https://kubernetes.io/docs/tasks/tools; `kubectl` must be on the PATH, and needs no cluster",
};

/// Installs what is missing, as far as this machine allows: programs first, then packages that these programs install.
///
/// # Errors
/// Something is still missing; the error names it, and says what to do.
pub(crate) fn meet() -> anyhow::Result<()> {
    meet_programs()?;
    nats::install()?;
    kubernetes::install()?;
    prometheus::install()?;
    npm::install()?;
    peers::install()
}

fn meet_programs() -> anyhow::Result<()> {
    let missing = missing(NEEDS, &Places::of_this_machine());
    if missing.is_empty() {
        return Ok(());
    }
    let problem = install(&missing).err();
    let missing = self::missing(NEEDS, &Places::of_this_machine());
    if missing.is_empty() {
        return Ok(());
    }
    bail!("{}", describe(&missing, problem.as_ref()))
}

/// The needs that are not met.
fn missing<'a>(needs: &'a [Need], places: &Places) -> Vec<&'a Need> {
    let met = |need: &&Need| need.programs.iter().all(|any_of| any_of.iter().any(|program| places.have(program)));
    needs.iter().filter(|need| !met(need)).collect()
}

/// The folders in which programs are looked for.
struct Places(Vec<PathBuf>);

impl Places {
    fn of_this_machine() -> Self {
        // Debian has a folder for each version of PostgreSQL, and does not put it on the PATH.
        let postgres = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let postgres = postgres.map(|version| version.path().join("bin"));
        Self(std::env::var_os("PATH").iter().flat_map(std::env::split_paths).chain(postgres).collect())
    }

    fn have(&self, program: &str) -> bool {
        let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
        self.0.iter().any(|place| place.join(&file).is_file())
    }
}

fn install(missing: &[&Need]) -> anyhow::Result<()> {
    let names: Vec<_> = missing.iter().map(|need| need.what).collect();
    println!("Missing: {}. Installing it.", names.join("; "));
    apt::install(missing.iter().flat_map(|need| need.debian).copied())
}

fn describe(missing: &[&Need], problem: Option<&anyhow::Error>) -> String {
    let mut text = "the tests need what this machine does not have".to_owned();
    if let Some(problem) = problem {
        let _ = write!(text, ", and it could not be installed: {problem:#}");
    }
    for need in missing {
        let packages = need.debian.join(" ");
        let _ = write!(text, "\n- {}: on Debian `apt-get install {packages}`, {}", need.what, need.elsewhere);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROWSER: Need = Need {
        what: "a browser",
        programs: &[&["chromium", "google-chrome"], &["chromedriver"]],
        debian: &["chromium", "chromium-driver"],
        elsewhere: "elsewhere any other",
    };

    fn machine_with(programs: &[&str]) -> (tempfile::TempDir, Places) {
        let bin = tempfile::tempdir().unwrap();
        for program in programs {
            let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
            std::fs::write(bin.path().join(file), "").unwrap();
        }
        let places = Places(vec!["/does/not/exist".into(), bin.path().to_owned()]);
        (bin, places)
    }

    #[test]
    fn a_need_is_met_by_one_program_of_each_group() {
        for (programs, met) in [
            (&["chromium", "chromedriver"][..], true),
            (&["google-chrome", "chromedriver", "other"], true),
            (&["chromium", "google-chrome"], false),
            (&["chromedriver"], false),
            (&[], false),
        ] {
            let (_bin, places) = machine_with(programs);
            assert_eq!(missing(&[BROWSER], &places).is_empty(), met, "{programs:?}");
        }
    }

    #[test]
    fn what_could_not_be_installed_is_named_with_what_to_do() {
        let text = describe(&[&BROWSER], Some(&anyhow::anyhow!("no network")));
        assert!(text.contains("could not be installed: no network"), "{text}");
        assert!(text.contains("a browser: on Debian `apt-get install chromium chromium-driver`"), "{text}");
        assert!(text.contains("elsewhere any other"), "{text}");
    }
}
