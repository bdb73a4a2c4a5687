//! Metrics of the process, under the names that Prometheus' own clients use, and of its runtime.

use std::fs;

use tokio::runtime::Handle;

use super::{Meters, Observed, Of};

/// The unit of times in `/proc`: hundredths of a second (USER_HZ), whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

/// Adds the metrics, read at each scrape and each export. Without `/proc`, those of the process are 0.
pub(super) fn observe(meters: &mut Meters) {
    let gauge = |of| (Observed::Gauge, of);
    let counter = |of| (Observed::Counter, of);
    let me = |read: fn() -> Option<f64>| move || read().unwrap_or_default();
    meters.observe(("process_cpu", "Processor time that was used"), counter(Of::Seconds), me(cpu_seconds));
    meters.observe(("process_resident_memory", "Memory in use"), gauge(Of::Bytes), me(resident));
    meters.observe(("process_virtual_memory", "Memory that is mapped"), gauge(Of::Bytes), me(mapped));
    meters.observe(("process_open_fds", "Open files and sockets"), gauge(Of::Number), me(open_files));
    meters.observe(("process_max_fds", "How many files and sockets may be open"), gauge(Of::Number), me(most_files));
    meters.observe(("process_threads", "Threads"), gauge(Of::Number), me(threads));
    let started = started().unwrap_or_default();
    meters.observe(("process_start_time", "When the process started, since 1970"), gauge(Of::Seconds), move || started);
    // Without a runtime there are no metrics of a runtime.
    let Ok(runtime) = Handle::try_current() else { return };
    let of = move |read: fn(&Handle) -> f64| {
        let runtime = runtime.clone();
        move || read(&runtime)
    };
    meters.observe(
        ("tokio_workers", "Threads that run tasks"),
        gauge(Of::Number),
        of(|at| at.metrics().num_workers() as f64),
    );
    meters.observe(("tokio_alive_tasks", "Tasks"), gauge(Of::Number), of(|at| at.metrics().num_alive_tasks() as f64));
    meters.observe(
        ("tokio_global_queue_depth", "Tasks that wait for a thread"),
        gauge(Of::Number),
        of(|at| at.metrics().global_queue_depth() as f64),
    );
    meters.observe(("tokio_busy", "How long threads have run tasks, summed"), counter(Of::Seconds), of(busy));
}

fn busy(runtime: &Handle) -> f64 {
    let metrics = runtime.metrics();
    (0..metrics.num_workers()).map(|worker| metrics.worker_total_busy_duration(worker).as_secs_f64()).sum()
}

fn cpu_seconds() -> Option<f64> {
    Some((stat(14)? + stat(15)?) / TICKS_PER_SECOND)
}

fn resident() -> Option<f64> {
    status("VmRSS:").map(|kilobytes| kilobytes * 1024.0)
}

fn mapped() -> Option<f64> {
    status("VmSize:").map(|kilobytes| kilobytes * 1024.0)
}

fn open_files() -> Option<f64> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count() as f64)
}

fn most_files() -> Option<f64> {
    match word_after(&fs::read_to_string("/proc/self/limits").ok()?, "Max open files")? {
        "unlimited" => Some(f64::INFINITY),
        most => most.parse().ok(),
    }
}

fn threads() -> Option<f64> {
    status("Threads:")
}

fn started() -> Option<f64> {
    let boot: f64 = word_after(&fs::read_to_string("/proc/stat").ok()?, "btime")?.parse().ok()?;
    Some(boot + stat(22)? / TICKS_PER_SECOND)
}

/// A field of `/proc/self/stat`, by its number in proc(5).
fn stat(field: usize) -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses. The name may contain any character.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(field - 3)?.parse().ok()
}

/// A line's number in `/proc/self/status`.
fn status(name: &str) -> Option<f64> {
    word_after(&fs::read_to_string("/proc/self/status").ok()?, name)?.parse().ok()
}

/// The first word after the name of a line.
fn word_after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_measured_as_its_own_system_calls_tell() {
        // Other tests open files meanwhile, but not hundreds of them.
        let files: Vec<_> = (0..200).map(|_| fs::File::open("/proc/self/stat").unwrap()).collect();
        let open = open_files().unwrap();
        assert!(open >= 200.0 && most_files().unwrap() > open);
        drop(files);
        assert!(open_files().unwrap() < open - 100.0);
        assert!(threads().unwrap() >= 2.0, "the test's and the main one");
        assert!(mapped().unwrap() >= resident().unwrap() && resident().unwrap() > 100_000.0);
        let began = std::time::Instant::now();
        while cpu_seconds().unwrap() < 0.05 {
            assert!(began.elapsed().as_secs() < 60, "a thread that is busy uses time");
        }
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        let age = now - started().unwrap();
        assert!((-2.0..600.0).contains(&age), "it started {age} s ago");
    }
}
