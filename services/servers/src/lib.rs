//! Real servers for tests: nats-server, PostgreSQL, Prometheus, and a proxy that cuts.
//!
//! How Ghostlight behaves when a server dies, hangs or is cut off can only be tested with the real server. Each server
//! here listens on ports of its own of 127.0.0.1, keeps what it stores in a folder of its own, and ends with its owner:
//! when the owner is dropped, and also when the whole test process is killed. See [`NatsServer`], [`NatsCluster`],
//! [`Postgres`], [`Prometheus`] and [`Proxy`]; and [`Launch`] for anything else.
//!
//! Everything waits for a condition, with a deadline; if it is not met, the error quotes the server's log. A program
//! that is not installed is an error too, which says how to get it.

mod cluster;
mod copy;
mod nats;
mod ports;
mod postgres;
mod probe;
mod process;
mod programs;
mod prometheus;
mod proxy;
mod service;

pub use cluster::NatsCluster;
pub use nats::{NatsOptions, NatsServer, SyncInterval, nats_server};
pub use ports::Port;
pub use postgres::{Postgres, not_root};
pub use process::{Launch, Process, User};
pub use programs::postgres as postgres_programs;
pub use prometheus::{Alert, Exemplar, Labels, Prometheus, PrometheusOptions, Sample, Target, promtool};
pub use proxy::Proxy;
