//! What a server's process has used, as Linux tells it. Elsewhere it is left out.

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
    use procfs::WithCurrentSystemInfo;
    use procfs::net::TcpState;
    use procfs::process::{FDTarget, Process};

    use super::{Duration, Memory};

    pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
        let stat = process(pid)?.stat().ok()?;
        let ticks = stat.utime + stat.stime;
        Some(Duration::from_secs_f64(ticks as f64 / procfs::ticks_per_second() as f64))
    }

    pub(crate) fn memory(pid: u32) -> Option<Memory> {
        let process = process(pid)?;
        let rss = process.stat().ok()?.rss_bytes().get();
        let rollup = process.smaps_rollup().ok();
        let pss = rollup.and_then(|rollup| rollup.memory_map_rollup.iter().next()?.extension.map.get("Pss").copied());
        Some(Memory { rss, pss })
    }

    pub(crate) fn listening_on(port: u16) -> Option<u32> {
        let sockets = procfs::net::tcp().into_iter().flatten().chain(procfs::net::tcp6().into_iter().flatten());
        let inodes: Vec<u64> = sockets
            .filter(|socket| socket.state == TcpState::Listen && socket.local_address.port() == port)
            .map(|socket| socket.inode)
            .collect();
        let holds = |process: &Process| {
            let mut files = process.fd().into_iter().flatten().flatten();
            files.any(|file| matches!(file.target, FDTarget::Socket(inode) if inodes.contains(&inode)))
        };
        let found = procfs::process::all_processes().ok()?.flatten().find(holds)?;
        u32::try_from(found.pid()).ok()
    }

    fn process(pid: u32) -> Option<Process> {
        Process::new(i32::try_from(pid).ok()?).ok()
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

/// The CPU time that a process has used so far, of all its threads, user and system, to a hundredth of a second.
pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
    linux::cpu_time(pid)
}

/// The memory that a process holds now.
pub(crate) fn memory(pid: u32) -> Option<Memory> {
    linux::memory(pid)
}

/// The process that listens on a port, if we may see it.
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
