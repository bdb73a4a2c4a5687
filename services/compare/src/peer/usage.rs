//! What processes use, from `/proc`.

use std::fs;
use std::io;
use std::time::Duration;

/// The CPU time of some processes so far, user and system together, to a hundredth of a second.
pub(super) fn cpu_time(processes: &[u32]) -> io::Result<Duration> {
    let ticks_per_second = rustix::param::clock_ticks_per_second();
    let mut ticks = 0;
    for process in processes {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        ticks += ticks_of(&stat).ok_or_else(|| io::Error::other(format!("/proc/{process}/stat: {stat}")))?;
    }
    Ok(Duration::from_secs_f64(ticks as f64 / ticks_per_second as f64))
}

/// The ticks in the line of a process (proc(5)): the name, in parentheses, may contain anything.
fn ticks_of(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// The memory of some processes in bytes. What several share counts once.
pub(super) fn memory_bytes(processes: &[u32]) -> io::Result<u64> {
    let mut kilobytes = 0;
    for process in processes {
        let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB"));
        let of_this = line.and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok());
        kilobytes += of_this.ok_or_else(|| io::Error::other(format!("/proc/{process}/smaps_rollup has no Pss")))?;
    }
    Ok(kilobytes * 1_024)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn this_process_uses_time_and_memory() {
        let this = [std::process::id()];
        let (before, began) = (cpu_time(&this).unwrap(), Instant::now());
        while cpu_time(&this).unwrap() == before {
            assert!(began.elapsed() < Duration::from_secs(30), "it has used no time");
        }
        assert!(memory_bytes(&this).unwrap() > 100_000);
        assert!(cpu_time(&[u32::MAX]).is_err());
    }

    #[test]
    fn a_name_with_parentheses_is_passed_over() {
        assert_eq!(ticks_of("7 (a) b) R 1 7 7 0 -1 0 0 0 0 0 30 12 0 0 20"), Some(42));
        assert_eq!(ticks_of("7 (a) R 1"), None);
    }
}
