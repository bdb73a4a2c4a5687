//! The consistency checker: a judge of what consoles saw, and a driver that makes them see it.
