//! What a round costs: the CPU time of the peer and of the generator, and the peer's memory.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::fault::Fault;
use crate::peer::Peer;
use crate::work::Outcome;

/// The CPU times at the begin of a round.
pub(crate) struct Spent<'a> {
    peer: &'a Peer,
    of_peer: Duration,
    of_generator: Duration,
}

impl<'a> Spent<'a> {
    /// Begins to count.
    pub(crate) fn since_now(peer: &'a Peer) -> Result<Self, Fault> {
        Ok(Self { peer, of_peer: peer.cpu_time()?, of_generator: generator_time() })
    }

    /// Adds what was spent for each answer, and the memory of the peer now.
    pub(crate) fn add_to(&self, outcome: &mut Outcome) -> Result<(), Fault> {
        let of_peer = self.peer.cpu_time()?.saturating_sub(self.of_peer);
        let of_generator = generator_time().saturating_sub(self.of_generator);
        for (figure, spent) in [("cpu_us_each", of_peer), ("generator_cpu_us_each", of_generator)] {
            outcome.figures.insert(figure, spent.as_secs_f64() * 1e6 / outcome.answers.max(1) as f64);
        }
        outcome.figures.insert("memory_mb", self.peer.memory_bytes()? as f64 / 1e6);
        Ok(())
    }
}

/// The CPU time of this thread, which is the generator's.
fn generator_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("below a second"))
}
