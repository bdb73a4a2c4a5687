//! The schedule of beacons: every rig has its turn once per interval, a portion of the rigs at a time.

use ghostlight_proto::BEACON_INTERVAL;
use ghostlight_rig::RigName;
use tokio::time::Instant;

/// The most rigs that are announced at once. Many thousands at once would hold up changes, and would be more than may wait
/// to be sent.
pub(crate) const PORTION: usize = 1_000;

/// When the next portion is due, and where it begins.
#[derive(Debug)]
pub(crate) struct BeaconSchedule {
    due: Instant,
    /// The last rig that had its turn; `None` if the first rig is the next.
    after: Option<RigName>,
}

impl BeaconSchedule {
    /// The first portion is due now.
    pub(crate) fn start() -> Self {
        Self { due: Instant::now(), after: None }
    }

    /// When the next portion is due.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// The rig after which the next portion begins.
    pub(crate) fn after(&self) -> Option<&RigName> {
        self.after.as_ref()
    }

    /// A portion was announced, up to the rig `last`, or up to the end of `rigs` rigs. A schedule that is late goes on from
    /// now.
    pub(crate) fn announced(&mut self, last: Option<RigName>, rigs: usize) {
        let portions = rigs / PORTION + 1;
        self.due = (self.due + BEACON_INTERVAL.div_f64(portions as f64)).max(Instant::now());
        self.after = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_rig_has_its_turn_once_per_interval() {
        let mut schedule = BeaconSchedule::start();
        let began = schedule.due();
        let last = RigName::new("rig-1000").unwrap();
        for portion in 0..3 {
            tokio::time::sleep_until(schedule.due()).await;
            assert_eq!(schedule.after(), (portion > 0).then_some(&last));
            schedule.announced((portion < 2).then(|| last.clone()), 2_500);
        }
        assert_eq!(schedule.after(), None);
        // Three thirds of a second, each rounded.
        let took = schedule.due() - began;
        assert!(took.abs_diff(BEACON_INTERVAL).as_micros() < 10, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_schedule_that_is_late_does_not_catch_up() {
        let mut schedule = BeaconSchedule::start();
        tokio::time::advance(BEACON_INTERVAL * 5).await;
        schedule.announced(None, 1);
        assert_eq!(schedule.due(), Instant::now());
    }
}
