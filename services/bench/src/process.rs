//! CPU time and memory of a server's process, read from Linux. On other systems they are left out.

use std::time::Duration;

/// Memory that a process holds, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident, shared pages counted in full.
    pub(crate) rss: u64,
    /// Resident, shared pages counted in proportion; unknown where the kernel does not let us read it.
    pub(crate) pss: Option<u64>,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    use super::{Duration, Memory};

    /// The unit of times in `/proc`: hundredths of a second (USER_HZ).
    const TICK: Duration = Duration::from_millis(10);

    /// The state of a listening socket in `/proc/net/tcp`.
    const LISTENS: &str = "0A";

    pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The fields after the program's name, which may contain any character. The user time is the 14th of all
        // fields.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u32>().ok();
        Some(TICK * (ticks()? + ticks()?))
    }

    pub(crate) fn memory(pid: u32) -> Option<Memory> {
        let bytes = |file: &str, name: &str| {
            let text = fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
            let kilobytes = text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?;
            Some(kilobytes.parse::<u64>().ok()? * 1024)
        };
        Some(Memory { rss: bytes("status", "VmRSS:")?, pss: bytes("smaps_rollup", "Pss:") })
    }

    pub(crate) fn listening_on(port: u16) -> Option<u32> {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
        let sockets: Vec<_> =
            tables.iter().flat_map(|table| table.lines().filter_map(|line| socket(line, port))).collect();
        let mut pids =
            fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.find(|pid| holds(*pid, &sockets))
    }

    /// The target of links to the socket of this line, if the socket listens on the port.
    fn socket(line: &str, port: u16) -> Option<String> {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [_, local, _, state, _, _, _, _, _, inode, ..] = fields[..] else { return None };
        let of_port = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?;
        (state == LISTENS && of_port == port).then(|| format!("socket:[{inode}]"))
    }

    fn holds(pid: u32, sockets: &[String]) -> bool {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        let mut links = files.filter_map(|file| fs::read_link(file.path()).ok());
        links.any(|link| sockets.iter().any(|socket| link.as_os_str() == socket.as_str()))
    }
}

#[cfg(not(target_os = "linux"))]
mod linux {
    use super::{Duration, Memory};

    pub(crate) fn cpu_time(_pid: u32) -> Option<Duration> {
        None
    }

    pub(crate) fn memory(_pid: u32) -> Option<Memory> {
        None
    }

    pub(crate) fn listening_on(_port: u16) -> Option<u32> {
        None
    }
}

/// The CPU time that a process has used so far, summed over its threads, user and system, to a hundredth of a second.
pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
    linux::cpu_time(pid)
}

/// The memory that a process holds now.
pub(crate) fn memory(pid: u32) -> Option<Memory> {
    linux::memory(pid)
}

/// The process that listens on a port, if it can be seen.
pub(crate) fn listening_on(port: u16) -> Option<u32> {
    linux::listening_on(port)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_by_its_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let pid = std::process::id();
        assert_eq!(listening_on(port), Some(pid));
        assert!(cpu_time(pid).is_some());
        let memory = memory(pid).unwrap();
        assert!(memory.rss > 1_000_000, "{memory:?}");
        assert!(memory.pss.is_some_and(|pss| pss <= memory.rss * 2), "{memory:?}");
    }
}
