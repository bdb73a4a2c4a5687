//! `beacon`: the map's position, and a digest of each kind.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ghostlight_rig::{Beacon, Digest, Digests, KindId, Position};
use serde::{Deserialize, Serialize, Serializer};

use crate::fault::BadInput;
use crate::text::{StoreText, need, read_store, read_time};

pub(super) fn encode(Beacon { store, position, time, digests }: &Beacon) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&BeaconOut {
        message: "beacon",
        store: StoreText(*store),
        epoch: position.epoch.0,
        revision: position.revision.0,
        time: time.to_string(),
        digests: DigestsText(digests),
    })
}

pub(super) fn decode(text: &[u8]) -> Result<Beacon, BadInput> {
    let BeaconIn { store, epoch, revision, time, digests } = serde_json::from_slice(text)?;
    let (store, time) = (read_store(store.as_deref())?, read_time(time.as_deref())?);
    let mut known = Digests::default();
    for (name, digest) in need(digests, "digests")? {
        let digest = need(Digest::parse(&digest), "digests")?;
        // A newer version may have more kinds.
        if let Some(kind) = KindId::named(&name) {
            known.set(kind, digest);
        }
    }
    let position = Position::new(need(epoch, "epoch")?, need(revision, "revision")?);
    Ok(Beacon { store, position, time, digests: known })
}

#[derive(Serialize)]
struct BeaconOut<'a> {
    #[serde(rename = "type")]
    message: &'static str,
    #[serde(skip_serializing_if = "StoreText::is_unknown")]
    store: StoreText,
    epoch: u64,
    revision: u64,
    time: String,
    digests: DigestsText<'a>,
}

/// The digest of each kind that the beacon covers, by the kind's name.
struct DigestsText<'a>(&'a Digests);

impl Serialize for DigestsText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(kind, digest)| (kind.name(), digest.to_string())))
    }
}

#[derive(Deserialize)]
struct BeaconIn<'a> {
    #[serde(borrow)]
    store: Option<Cow<'a, str>>,
    epoch: Option<u64>,
    revision: Option<u64>,
    #[serde(borrow)]
    time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    digests: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
}
