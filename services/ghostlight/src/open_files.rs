//! Divides the files that the system lets this process open: each connection needs one.

use ghostlight_gateway::Limits;
use ghostlight_gateway::http_listener::Bounds;

/// The open files that are needed beside connections: the store, NATS, the listeners, what a request reads. A process
/// alone has some 20.
const OTHER_FILES: usize = 100;

/// The most connections of the admin listener: Prometheus, probes, and some people with `ghostlight top`.
const MAX_ADMIN_CONNECTIONS: usize = 64;

/// The most connections above these that are told so at once.
const MAX_ADMIN_REFUSALS: usize = 4;

/// The connections that the system's limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    connections: usize,
    refusals: usize,
    admin: usize,
}

impl Share {
    /// All that is wanted.
    fn wanted(limits: Option<&Limits>) -> Self {
        Self {
            connections: limits.map_or(0, |limits| limits.connections),
            refusals: limits.map_or(0, |limits| limits.refusals),
            admin: MAX_ADMIN_CONNECTIONS,
        }
    }

    fn files(self) -> usize {
        self.connections.saturating_add(self.refusals + self.admin + OTHER_FILES)
    }

    /// What of this so many open files allow. If they are few, half are for what is not a connection, and half of the rest
    /// is for connections of consoles.
    fn within(self, files: usize) -> Self {
        if self.files() <= files {
            return self;
        }
        let free = files - OTHER_FILES.min(files / 2);
        let (refusals, admin) = (self.refusals.min(free / 4).max(1), self.admin.min(free / 4).max(1));
        let connections = self.connections.min(free.saturating_sub(refusals + admin)).max(1);
        Self { connections, refusals, admin }
    }
}

/// Raises the limit of open files to what the settings need. If the system allows fewer, it lowers the number of
/// connections, so that a client for which there is no place is told so. Returns the bounds of the admin listener.
pub(crate) fn divide(limits: Option<&mut Limits>) -> Bounds {
    let wanted = Share::wanted(limits.as_deref());
    let possible = rlimit::increase_nofile_limit(wanted.files() as u64);
    // A limit that cannot be read is no limit that is known.
    let share = possible.map_or(wanted, |possible| wanted.within(usize::try_from(possible).unwrap_or(usize::MAX)));
    if share.connections < wanted.connections {
        let (connections, asked) = (share.connections, wanted.connections);
        tracing::warn!(
            "the system allows this process too few open files for {asked} connections: at most {connections} are \
             accepted; raise the limit (ulimit -n, LimitNOFILE) or lower --max-connections"
        );
    }
    let usual = Limits::default();
    let stall = limits.as_ref().map_or(usual.stall, |limits| limits.stall);
    if let Some(limits) = limits {
        (limits.connections, limits.refusals) = (share.connections, share.refusals);
    }
    Bounds { connections: share.admin, connections_per_address: None, refusals: MAX_ADMIN_REFUSALS, stall }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_has_its_share_of_what_the_system_allows() {
        let wanted = Share::wanted(Some(&Limits::default()));
        assert_eq!(wanted.within(20_000), wanted);
        assert_eq!(wanted.within(1_024), Share { connections: 796, refusals: 64, admin: 64 });
        assert_eq!(wanted.within(64), Share { connections: 16, refusals: 8, admin: 8 });
        assert_eq!(wanted.within(0), Share { connections: 1, refusals: 1, admin: 1 });
        for files in 32..12_000 {
            let share = wanted.within(files);
            assert!(share.files() - OTHER_FILES <= files - OTHER_FILES.min(files / 2), "{files}: {share:?}");
        }
    }
}
