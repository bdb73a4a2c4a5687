//! What a client of the full protocol holds, checked with every message.

use ghostlight_rig::kinds::levels::Levels;
use ghostlight_rig::{Digest, Dimmer, Kind, Level};
use serde_json::Value;

use crate::support::{Map, Socket};

/// A map at a position, as the messages of the full protocol tell it, over a WebSocket or as events.
#[derive(Clone, Debug, Default)]
pub(crate) struct FullMap {
    pub(crate) epoch: u64,
    pub(crate) revision: u64,
    pub(crate) map: Map,
    /// The changes that were acknowledged, by their number.
    pub(crate) acks: Vec<u64>,
    /// How many beacons proved that the map is the right one.
    pub(crate) proofs: usize,
}

impl FullMap {
    /// Takes a message, which must be one that may come now.
    pub(crate) fn take(&mut self, message: &Value) {
        let number = |name: &str| message[name].as_u64().unwrap_or_else(|| panic!("no {name}: {message}"));
        match message["type"].as_str() {
            Some("snapshot") => {
                let (epoch, revision) = (number("epoch"), number("revision"));
                assert!((epoch, revision) > (self.epoch, self.revision) || self.epoch == 0, "{message} after {self:?}");
                (self.epoch, self.revision) = (epoch, revision);
                self.map = serde_json::from_value(message["levels"].clone()).unwrap();
            }
            Some("delta") => {
                assert_eq!(number("epoch"), self.epoch, "{message}");
                let (prev, revision) = (number("prev"), number("revision"));
                assert!(prev <= self.revision && self.revision < revision, "{message} at {}", self.revision);
                self.revision = revision;
                self.map.extend(
                    serde_json::from_value::<Option<Map>>(message["levels"].clone()).unwrap().unwrap_or_default(),
                );
                self.map.retain(|_, level| !level.is_null());
            }
            Some("beacon") => {
                assert_eq!((number("epoch"), number("revision")), (self.epoch, self.revision), "{message}");
                assert_eq!(message["digests"]["levels"], digest(&self.map), "{message}");
                self.proofs += 1;
            }
            Some("ack") => {
                let (epoch, revision) = message["position"].as_str().unwrap().split_once('-').unwrap();
                let acked: (u64, u64) = (epoch.parse().unwrap(), revision.parse().unwrap());
                assert!(acked <= (self.epoch, self.revision), "{message} comes before what it did: {self:?}");
                self.acks.push(number("seq"));
            }
            _ => panic!("{message}"),
        }
    }

    /// Takes one message of a socket, and answers it.
    pub(crate) async fn hear(&mut self, socket: &mut Socket) -> Value {
        let message = socket.json().await;
        self.take(&message);
        message
    }

    /// Reads until the map is this one, and a beacon has proved it.
    pub(crate) async fn follow_to(&mut self, socket: &mut Socket, map: &Map) {
        while self.map != *map {
            self.hear(socket).await;
        }
        let proofs = self.proofs;
        while self.proofs == proofs {
            self.hear(socket).await;
        }
    }

    /// Where it stands, as text.
    pub(crate) fn position(&self) -> String {
        format!("{}-{}", self.epoch, self.revision)
    }
}

/// The digest of the levels of a map, computed anew.
pub(crate) fn digest(map: &Map) -> String {
    let mut digest = Digest::default();
    for (dimmer, level) in map {
        digest += Levels::digest(&Dimmer::parse(dimmer).unwrap(), &Level::parse(&level.to_string()).unwrap());
    }
    digest.to_string()
}
