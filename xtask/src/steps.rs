//! The commands that xtask runs. Each is shown before it runs, and its output passes through.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The cargo that runs xtask, or the one on the PATH.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// One command, run at the root of the workspace.
pub(crate) struct Step {
    program: OsString,
    args: Vec<String>,
    env: Vec<(&'static str, String)>,
}

impl Step {
    /// A command without arguments.
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), args: Vec::new(), env: Vec::new() }
    }

    /// A subcommand of cargo.
    pub(crate) fn cargo<const N: usize>(args: [&str; N]) -> Self {
        Self::new(cargo()).args(args)
    }

    /// Adds arguments.
    pub(crate) fn args<S: AsRef<str>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets a variable in the command's environment.
    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Shows the command, runs it, and fails if it does.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        println!("\n$ {self}");
        let status = self.command().status().with_context(|| format!("{self} did not start"))?;
        if !status.success() {
            bail!("{self} failed ({status})");
        }
        Ok(())
    }

    /// Runs the command silently, and returns whether it succeeded.
    pub(crate) fn succeeds(&self) -> bool {
        let silent = self.command().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        silent.is_ok_and(|status| status.success())
    }

    /// Runs the command silently, and returns its output if it succeeded.
    pub(crate) fn output(&self) -> Option<String> {
        let output = self.command().stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).envs(self.env.iter().map(|(name, value)| (name, value))).current_dir(root());
        command
    }
}

/// The command as one would type it.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quoted(value))?;
        }
        // The full path of cargo is long and says nothing.
        let program = Path::new(&self.program).file_name().unwrap_or(&self.program);
        f.write_str(&program.to_string_lossy())?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", quoted(arg)))
    }
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_shown_as_one_would_type_it() {
        let step = Step::new("/usr/bin/cargo").args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(step.to_string(), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
        assert_eq!(Step::new("printf").args(["it's", "", "*"]).to_string(), r"printf 'it'\''s' '' '*'");
    }

    #[test]
    fn a_step_that_fails_is_named() {
        let error = Step::new("false").run().unwrap_err().to_string();
        assert!(error.starts_with("false failed"), "{error}");
        let error = format!("{:#}", Step::new("ghostlight-no-such-program").run().unwrap_err());
        assert!(error.starts_with("ghostlight-no-such-program did not start"), "{error}");
    }

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("Cargo.toml").is_file() && root().join("xtask").is_dir());
    }
}
