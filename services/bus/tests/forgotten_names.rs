//! What is left of the names of rigs that nobody follows any more: a law of the echo, in a process of its own, because
//! it counts the bytes that the whole process has allocated.

mod laws;
mod support;

use ghostlight_bus::memory::MemoryEcho;
use laws::echo::a_name_that_nobody_follows_any_more_costs_nothing;
use peak_alloc::PeakAlloc;
use tokio::sync::Mutex;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// Held by the test that counts.
static COUNTING: Mutex<()> = Mutex::const_new(());

#[tokio::test]
async fn memory_echo() {
    let _alone = COUNTING.lock().await;
    a_name_that_nobody_follows_any_more_costs_nothing(&MemoryEcho::default(), || ALLOCATED.current_usage()).await;
}

#[tokio::test]
async fn nats_echo() {
    let _alone = COUNTING.lock().await;
    a_name_that_nobody_follows_any_more_costs_nothing(&*support::echo().await, || ALLOCATED.current_usage()).await;
}
