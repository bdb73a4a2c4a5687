//! A process with its descendants, which form one group.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

/// A running process. It is killed when this value is dropped.
pub(super) struct Process {
    child: Child,
}

impl Process {
    /// Starts a command, whose output goes to a file.
    pub(super) fn start(mut command: Command, output: &Path) -> io::Result<Self> {
        let output = File::create(output)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
        Ok(Self { child: command.spawn()? })
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Its identifier and those of its descendants.
    pub(super) fn ids(&self) -> Vec<u32> {
        let parents = parents();
        let mut ids = vec![self.child.id()];
        let mut at = 0;
        while let Some(parent) = ids.get(at).copied() {
            ids.extend(parents.iter().filter(|(_, of)| **of == parent).map(|(id, _)| *id));
            at += 1;
        }
        ids
    }

    /// Kills it with its descendants, as a crash would, and waits for its end.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            // The group is gone if all have ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
        self.child.wait().map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody is left to tell.
        let _ = self.kill();
    }
}

/// The parent of each process.
fn parents() -> BTreeMap<u32, u32> {
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    let parent = |folder: fs::DirEntry| {
        let id = folder.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(folder.path().join("stat")).ok()?;
        // The name, in parentheses, may contain anything.
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        Some((id, parent))
    };
    folders.filter_map(parent).collect()
}
