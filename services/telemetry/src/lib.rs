//! What can be seen of Ghostlight from outside: how long each stage of the way of a change takes, where it is slow, and
//! what is wrong.

pub mod metrics;
