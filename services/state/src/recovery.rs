//! How an order begins: from what the store holds, under a compare-and-set there, so that of many services that find the
//! log broken one begins a new epoch, and the others go on in it.

use ghostlight_bus::Entries;
use ghostlight_rig::{Image, KindId, LogPosition, Partition};

use crate::{Parts, StartError};

/// What the store holds, and the mark from which the log goes on. A store of another partition is left as it is.
pub(crate) async fn load(parts: &Parts) -> Result<(Image, LogPosition), StartError> {
    let image = parts.store.load().await?;
    check(&image, parts.partition)?;
    compare(&image);
    parts.log.claim(parts.store.id(), image.mark()).await?;
    let start = parts.log.begin(image.mark()).await?;
    Ok((image, start))
}

/// Begins at `start`, in the store first if that is another epoch; then reads the log from there.
pub(crate) async fn begin(
    parts: &Parts,
    stored: LogPosition,
    start: LogPosition,
) -> Result<Box<dyn Entries>, StartError> {
    if start != stored {
        parts.store.begin(stored.position, start).await?;
    }
    Ok(parts.log.read(start).await?)
}

/// Compares what the store holds with the digests that were saved with it. The show goes on with what there is: nobody can
/// tell here what is right.
fn compare(image: &Image) {
    for (name, rig) in &image.rigs {
        let kinds: Vec<_> = rig.changed_kinds().into_iter().map(KindId::name).collect();
        if !kinds.is_empty() {
            tracing::error!(
                rig = %name,
                "ALARM: the {} in the store are not those that were saved. The store is damaged, or another program has \
                 written to it. Look at the rig before the show, or restore a backup",
                kinds.join(" and ")
            );
        }
    }
}

/// Makes sure that all rigs are in the partition.
fn check(image: &Image, ours: Partition) -> Result<(), StartError> {
    match image.rigs.keys().find(|rig| !ours.holds(rig)) {
        Some(rig) => Err(StartError::Foreign { rig: rig.clone(), its: ours.among().of(rig), ours }),
        None => Ok(()),
    }
}
