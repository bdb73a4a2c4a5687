//! What `ghostlight top` shows: the state of running processes.
//!
//! [`fetch`] scrapes them, [`rates`] makes a [`view`] of two scrapes, and [`draw`] and [`plain`] show it. All modules
//! but [`fetch`] and [`screen`] are pure.

pub mod alarms;
pub mod buckets;
pub mod draw;
pub mod fetch;
pub mod format;
pub mod history;
pub mod plain;
pub mod rates;
pub mod scrape;
pub mod screen;
pub mod table;
pub mod view;

#[cfg(test)]
mod tests;
