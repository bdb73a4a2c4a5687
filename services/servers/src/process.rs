//! A server's process, and the watch that ends it when its owner ends.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Far longer than a process needs to stop, even on a busy machine.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// The shell script that starts a server, and lets it outlive nobody. The server is a child of this shell, with its
/// output in a log. A second child holds one end of a pipe whose other end is ours. When we end, in whatever way, it
/// reads the end of the pipe, kills the server with all its children, and removes the server's folder. When the server
/// ends by itself, the second child and the shell end too.
///
/// The server is stopped before its children are listed, so that it starts none meanwhile. When the owner of a stopped
/// server ends, the kernel sends all three SIGHUP, which must not end the watch.
const WATCH: &str = r#"
log=$1 folder=$2
shift 2
trap '' HUP
exec 3<&0
"$@" >>"$log" 2>&1 </dev/null 3<&- &
server=$!
(
    read -r _ <&3
    trap '' TERM
    kill -STOP "$server"
    kill -KILL "$server" $(cat "/proc/$server/task/$server/children" || pgrep -P "$server")
    rm -rf -- "$folder"
) >/dev/null 2>&1 &
watch=$!
echo "$server"
wait "$server"
ended=$?
kill "$watch"
exit "$ended"
"#;

/// How to start a server.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The path of the program.
    pub program: PathBuf,
    /// The program's arguments.
    pub args: Vec<String>,
    /// The server's whole environment, beside PATH; `None` for ours.
    pub environment: Option<BTreeMap<String, String>>,
    /// The folder with the server's data, which is removed with it if the test process is killed.
    pub folder: PathBuf,
    /// The user that the server runs as; `None` for ours.
    pub user: Option<User>,
}

/// A user of this machine.
#[derive(Clone, Copy, Debug)]
pub struct User {
    /// The user's number.
    pub uid: u32,
    /// The number of the user's group.
    pub gid: u32,
}

impl Launch {
    /// The file with the server's output. A new start appends to it.
    pub fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The last 15 lines of the server's output.
    pub fn last_words(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Starts the server, without waiting until it is ready.
    ///
    /// # Errors
    /// No process could be started.
    pub fn start(&self) -> io::Result<Process> {
        let mut command = Command::new("sh");
        command.args(["-c", WATCH, "ghostlight-servers"]).arg(self.log()).arg(&self.folder);
        command.arg(&self.program).args(&self.args).current_dir(&self.folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // A group of its own: what ends ours, such as an interrupt from the keyboard, does not end the watch.
        command.process_group(0);
        if let Some(environment) = &self.environment {
            let path = std::env::var_os("PATH").map(|path| ("PATH", path));
            command.env_clear().envs(path).envs(environment);
        }
        if let Some(user) = self.user {
            command.uid(user.uid).gid(user.gid);
        }
        let mut shell = command.spawn()?;
        let owner = shell.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = shell.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let pid = line.trim().parse();
        let pid = pid.map_err(|_| io::Error::other(format!("{} did not start", self.program.display())))?;
        Ok(Process { shell, _owner: owner, pid })
    }
}

/// A started server. It is killed when this value is dropped.
#[derive(Debug)]
pub struct Process {
    shell: Child,
    /// Our end of the watch's pipe.
    _owner: Option<ChildStdin>,
    pid: u32,
}

impl Process {
    /// The number of the server's own process, not that of the shell around it.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The exit status, if the server has ended.
    ///
    /// # Errors
    /// The status cannot be read.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.shell.try_wait()
    }

    /// Sends a signal, by its name without SIG, to the server's own process.
    ///
    /// # Errors
    /// The server has ended.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        signal(&[self.pid], name)
    }

    /// Pauses the server and all its children. Returns the children.
    pub(crate) fn pause(&self) -> io::Result<Vec<u32>> {
        self.signal("STOP")?;
        wait_until_held(self.pid);
        let children = children(self.pid)?;
        // One of the children may just have ended.
        let _ = signal(&children, "STOP");
        Ok(children)
    }

    /// Lets the server and its children go on.
    pub(crate) fn resume(&self) -> io::Result<()> {
        let _ = signal(&children(self.pid)?, "CONT");
        self.signal("CONT")
    }

    /// Kills the server and all its children. Returns the children, which may take a moment to end.
    pub(crate) fn kill(&self) -> io::Result<Vec<u32>> {
        let children = self.pause()?;
        let _ = signal(&children, "KILL");
        self.signal("KILL")?;
        Ok(children)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.ended()
            && self.kill().is_ok()
        {
            let _ = self.shell.wait();
        }
    }
}

fn signal(pids: &[u32], name: &str) -> io::Result<()> {
    if pids.is_empty() {
        return Ok(());
    }
    // The shell's own `kill`, because not every machine has a program of that name.
    let mut command = Command::new("sh");
    command.args(["-c", r#"kill -s "$@""#, "kill", name]).args(pids.iter().map(u32::to_string));
    let output = command.output()?;
    let why = || io::Error::other(format!("SIG{name} {pids:?}: {}", String::from_utf8_lossy(&output.stderr)));
    if output.status.success() { Ok(()) } else { Err(why()) }
}

/// Waits until all threads of a process are held: on other cores, they run on for a moment after the signal. Without
/// `/proc`, it does not wait.
fn wait_until_held(pid: u32) {
    let is_held = |task: fs::DirEntry| {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_none_or(|rest| !rest.starts_with(['R', 'S', 'D']))
    };
    let tasks = Path::new("/proc").join(pid.to_string()).join("task");
    for _ in 0..STOP_TIMEOUT.as_millis() {
        let mut tasks = fs::read_dir(&tasks).into_iter().flatten().flatten();
        if tasks.all(is_held) {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn children(pid: u32) -> io::Result<Vec<u32>> {
    let listed = match fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")) {
        Ok(listed) => listed,
        Err(_) => {
            let output = Command::new("pgrep").args(["-P", &pid.to_string()]).output()?;
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
    };
    Ok(listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect())
}

/// Whether a process has ended, even if nobody has read its exit status yet.
pub(crate) fn is_gone(pid: u32) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    stat.map_or(true, |stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X'])))
}
