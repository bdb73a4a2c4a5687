//! Makes room in the stream: purges saved entries.

use async_nats::jetstream::stream::Info;
use ghostlight_rig::Revision;

use super::stream::Stream;

/// How many saved entries stay in the stream, for state services that are a little behind.
const KEPT: u64 = 10_000;

/// How many more saved entries may gather before they are purged.
const GATHERED: u64 = 10_000;

/// Purges saved entries, if enough have gathered.
pub(super) async fn make(stream: &Stream, saved: Revision) {
    let info = stream.cached_info();
    let Some(up_to) = superfluous(info.state.first_sequence, saved.0, is_tight(info)) else { return };
    if let Err(error) = stream.purge().sequence(up_to + 1).await {
        tracing::warn!(%error, "saved entries stay in the stream for now");
    }
}

/// Whether the stream is more than half full. Then no saved entry is kept, because few entries may be large.
fn is_tight(info: &Info) -> bool {
    u64::try_from(info.config.max_bytes).is_ok_and(|most| info.state.bytes > most / 2)
}

/// The last entry to purge, given the first one in the stream and the last one saved; `None` if it is too early.
fn superfluous(first: u64, saved: u64, is_tight: bool) -> Option<u64> {
    let (kept, gathered) = if is_tight { (0, 1) } else { (KEPT, GATHERED) };
    let up_to = saved.saturating_sub(kept);
    (up_to + 1 >= first.max(1) + gathered).then_some(up_to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_entries_go_in_heaps_and_the_last_of_them_stay() {
        assert_eq!(superfluous(1, 0, false), None);
        assert_eq!(superfluous(1, KEPT + GATHERED - 1, false), None);
        assert_eq!(superfluous(1, KEPT + GATHERED, false), Some(GATHERED));
        assert_eq!(superfluous(GATHERED + 1, KEPT + GATHERED + 1, false), None);
        assert_eq!(superfluous(GATHERED + 1, KEPT + 2 * GATHERED, false), Some(2 * GATHERED));
    }

    #[test]
    fn in_a_stream_that_fills_up_no_saved_entry_stays() {
        assert_eq!(superfluous(1, 0, true), None);
        assert_eq!(superfluous(0, 0, true), None, "an empty stream may begin at 0");
        assert_eq!(superfluous(1, 1, true), Some(1));
        assert_eq!(superfluous(5, 4, true), None, "nothing saved is left");
        assert_eq!(superfluous(5, 7, true), Some(7));
    }
}
