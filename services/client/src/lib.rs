//! The Rust client: a replica of a rig that stays current, and changes to the rig.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use ghostlight_client::{Client, Options, Saying};
//!
//! let client = Client::connect("http://127.0.0.1:8080", Options::default()).await?;
//! let levels = ghostlight_proto::parse_levels(br#"{"1": 50}"#)?;
//! let position = client.set(levels).await?;
//! println!("durable at {position}, and the map is {:?}", client.levels());
//! let said = client.say("1 thru 10 at 50", &Saying::default()).await?;
//! println!("{} changed {:?}", said.understood, said.changes);
//!
//! let mut follower = client.follow();
//! while let Some(change) = follower.changed().await {
//!     println!("{}: {:?}", change.position, change.news);
//! }
//! # Ok(()) }
//! ```
//!
//! Texts, look-ups and words are requests over HTTP ([`Api`]), which a client sends under its own name.
//!
//! One task owns the connection (`task`): it connects, sends hello with the position that it has, applies the server's
//! messages to a [`ghostlight_rig::Replica`] (`session`), and connects again when the connection ends. Readers are
//! cursors over the replica ([`Follower`]): a slow reader has no queue that could fill up, it skips to the newest
//! levels.

mod address;
mod api;
mod change;
mod client;
mod error;
mod follow;
mod options;
mod pending;
mod session;
mod shared;
mod status;
mod task;
mod texts;
mod view;

pub use api::{Answer, Api, ApiError, When};
pub use change::{Change, News};
pub use client::Client;
pub use error::{AddressError, ConnectError, SetError};
pub use follow::Follower;
pub use options::{Options, Pace};
pub use status::{State, Status};
pub use texts::{Found, Said, Saying};
