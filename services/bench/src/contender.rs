//! The contenders that are measured.

use crate::nats::Nats;
use crate::target::Target;

/// A contender: a server, or what NATS does alone.
#[derive(Clone, Copy)]
pub(crate) enum Contender<'a> {
    /// A server.
    Server(&'a Target),
    /// The hops of an echo through NATS, without Ghostlight.
    Hops(&'a Nats),
    /// A key-value bucket of NATS; each putting task has its own connection.
    Kv(&'a Nats),
    /// The same bucket; all putting tasks share one connection.
    KvShared(&'a Nats),
}

impl<'a> Contender<'a> {
    /// All contenders that use NATS alone.
    pub(crate) fn of_nats(nats: &'a Nats) -> [Self; 3] {
        [Self::Hops(nats), Self::Kv(nats), Self::KvShared(nats)]
    }

    /// The contender's name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server(target) => target.name,
            Self::Hops(_) => "hops",
            Self::Kv(_) => "kv",
            Self::KvShared(_) => "kv shared",
        }
    }
}
