//! The real program on real sockets: each test starts the binary on a free port with a folder of its own.

mod support;

mod closing;
mod conditional;
mod crash;
mod shutdown;
mod slow;
mod store_faults;
