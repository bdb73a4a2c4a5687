//! What the process uses, under the names that Prometheus' own clients have for it, and what its runtime does.

use procfs::WithCurrentSystemInfo;
use procfs::process::{LimitValue, Process};
use tokio::runtime::Handle;

use super::{Meters, Observed, Of};

/// Looks it up whenever somebody wants to know. Where there is no `/proc`, nothing of the process is known.
pub(super) fn observe(meters: &mut Meters) {
    let gauge = |of| (Observed::Gauge, of);
    let counter = |of| (Observed::Counter, of);
    let me =
        |read: fn(&Process) -> Option<f64>| move || Process::myself().ok().and_then(|me| read(&me)).unwrap_or_default();
    meters.observe(("process_cpu", "Processor time that was used"), counter(Of::Seconds), me(cpu_seconds));
    meters.observe(("process_resident_memory", "Memory in use"), gauge(Of::Bytes), me(resident));
    meters.observe(("process_virtual_memory", "Memory that is mapped"), gauge(Of::Bytes), me(mapped));
    meters.observe(("process_open_fds", "Open files and sockets"), gauge(Of::Number), me(open_files));
    meters.observe(("process_max_fds", "How many files and sockets may be open"), gauge(Of::Number), me(most_files));
    meters.observe(("process_threads", "Threads"), gauge(Of::Number), me(threads));
    let started = Process::myself().ok().and_then(|me| started(&me)).unwrap_or_default();
    meters.observe(("process_start_time", "When the process started, since 1970"), gauge(Of::Seconds), move || started);
    // Metrics of a process without a runtime have none of these.
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
    meters.observe(("tokio_busy", "How long the threads have run tasks, all together"), counter(Of::Seconds), of(busy));
}

fn busy(runtime: &Handle) -> f64 {
    let metrics = runtime.metrics();
    (0..metrics.num_workers()).map(|worker| metrics.worker_total_busy_duration(worker).as_secs_f64()).sum()
}

fn cpu_seconds(me: &Process) -> Option<f64> {
    let stat = me.stat().ok()?;
    Some((stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64)
}

fn resident(me: &Process) -> Option<f64> {
    Some(me.stat().ok()?.rss_bytes().get() as f64)
}

fn mapped(me: &Process) -> Option<f64> {
    Some(me.stat().ok()?.vsize as f64)
}

fn open_files(me: &Process) -> Option<f64> {
    Some(me.fd_count().ok()? as f64)
}

fn most_files(me: &Process) -> Option<f64> {
    match me.limits().ok()?.max_open_files.soft_limit {
        LimitValue::Value(most) => Some(most as f64),
        LimitValue::Unlimited => Some(f64::INFINITY),
    }
}

fn threads(me: &Process) -> Option<f64> {
    Some(me.stat().ok()?.num_threads as f64)
}

fn started(me: &Process) -> Option<f64> {
    let ticks = me.stat().ok()?.starttime as f64 / procfs::ticks_per_second() as f64;
    Some(procfs::boot_time_secs().ok()? as f64 + ticks)
}
