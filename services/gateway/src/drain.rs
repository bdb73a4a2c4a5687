//! How a gateway stops: at once, or over a drain in which each connection ends at its own random moment. So the
//! consoles of a replaced gateway do not all reach the other gateways in the same second.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Whether a gateway serves, drains or is over. While it drains, it still accepts connections and changes, and
/// connections end one by one.
#[derive(Clone, Debug)]
pub(crate) struct Stopping {
    /// The length of the drain.
    drain: Duration,
    /// Cancelled when the drain begins. It is a child of `over`, so it is also cancelled when the gateway is over, and
    /// a task that waits for the end waits for this token only.
    begun: CancellationToken,
    /// When the drain ends; set when it begins.
    drained: Arc<OnceLock<Instant>>,
    /// Cancelled when the gateway accepts nothing more.
    over: CancellationToken,
}

impl Stopping {
    pub(crate) fn new(drain: Duration) -> Self {
        let over = CancellationToken::new();
        Self { drain, begun: over.child_token(), drained: Arc::default(), over }
    }

    /// Begins the drain, and returns when it ends.
    pub(crate) fn begin(&self) -> Instant {
        let drained = *self.drained.get_or_init(|| Instant::now() + self.drain);
        self.begun.cancel();
        drained
    }

    /// Whether the drain has begun, or the gateway is over.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Cancelled when the gateway accepts nothing more.
    pub(crate) fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// Whether the gateway accepts nothing more.
    pub(crate) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Resolves when the caller has to end: at a random moment in what is left of the drain.
    pub(crate) fn moment(&self) -> impl Future<Output = ()> + Send + use<> {
        let Self { begun, drained, over, .. } = self.clone();
        async move {
            begun.cancelled().await;
            let now = Instant::now();
            let left = drained.get().map_or(Duration::ZERO, |drained| drained.saturating_duration_since(now));
            let own = sleep_until(now + left.mul_f64(fastrand::f64()));
            // Boxed, because every connection holds this future until the gateway stops.
            Box::pin(over.run_until_cancelled(own)).await;
        }
    }

    /// Makes a response the last of its connection while the gateway drains. Once the gateway is over, connections end
    /// anyway, and a refusal says so: its client asks another gateway. Most responses pass without a lock.
    pub(crate) fn mark(&self, mut response: Response) -> Response {
        let is_last = match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => false,
            StatusCode::SERVICE_UNAVAILABLE => self.has_begun(),
            _ => self.drained.get().is_some(),
        };
        if is_last {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn moments_are_spread_over_the_drain_and_over_what_is_left_of_it() {
        const DRAIN: Duration = Duration::from_secs(1_000);
        let stopping = Stopping::new(DRAIN);
        let began = Instant::now();
        let moments = async |count: usize| {
            let each = (0..count).map(|_| async {
                stopping.moment().await;
                began.elapsed().div_duration_f64(DRAIN)
            });
            futures_util::future::join_all(each).await
        };
        let (early, late) = tokio::join!(moments(1_000), async {
            stopping.begin();
            tokio::time::sleep(DRAIN / 2).await;
            moments(1_000).await
        });
        let within = |moments: &[f64], from: f64| moments.iter().filter(|at| (from..from + 0.25).contains(*at)).count();
        // 250 of them on average: fewer than 150 happens less than once in ten thousand million runs.
        assert!([0.0, 0.25, 0.5, 0.75].iter().all(|from| within(&early, *from) > 150), "{early:?}");
        assert!(within(&late, 0.5) > 300 && within(&late, 0.75) > 300, "{late:?}");
    }

    #[tokio::test]
    async fn without_a_drain_all_go_at_once_and_so_they_do_when_it_is_cut_short() {
        let stopping = Stopping::new(Duration::ZERO);
        assert!(!stopping.has_begun());
        stopping.begin();
        stopping.moment().await;

        let stopping = Stopping::new(Duration::from_secs(3_600));
        stopping.begin();
        assert!(stopping.has_begun() && !stopping.is_over());
        stopping.over().cancel();
        stopping.moment().await;
        assert!(stopping.is_over());
    }

    #[test]
    fn only_an_answer_is_the_last_and_not_an_upgrade() {
        let marked = |stopping: &Stopping, status| {
            let mut response = Response::default();
            *response.status_mut() = status;
            stopping.mark(response).headers().contains_key(header::CONNECTION)
        };
        let stopping = Stopping::new(Duration::from_secs(1));
        assert!(!marked(&stopping, StatusCode::OK));
        stopping.begin();
        assert!(marked(&stopping, StatusCode::OK) && !marked(&stopping, StatusCode::SWITCHING_PROTOCOLS));

        let without_drain = Stopping::new(Duration::ZERO);
        assert!(!marked(&without_drain, StatusCode::SERVICE_UNAVAILABLE));
        without_drain.over().cancel();
        assert!(marked(&without_drain, StatusCode::SERVICE_UNAVAILABLE));
    }
}
