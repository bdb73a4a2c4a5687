//! A state service that keeps the rigs of one partition, and no others.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use ghostlight_proto::{RigSummary, encode_rigs};
use ghostlight_rig::{Partition, Partitions, Revision};
use ghostlight_state::StartError;
use tempfile::TempDir;

use support::{Deployment, answer, entry, moody, name, refused, soon};

/// A partition of four that does not hold `main`, and the name of a rig that it holds.
fn another() -> (Partition, String) {
    let partitions = Partitions::new(4).unwrap();
    let partition = partitions.all().find(|partition| !partition.holds(&name("main"))).unwrap();
    let ours = (0..).map(|number| format!("rig-{number}")).find(|rig| partition.holds(&name(rig))).unwrap();
    (partition, ours)
}

#[tokio::test]
async fn an_entry_of_another_partition_is_passed_over_and_the_order_goes_on() {
    let folder = TempDir::new().unwrap();
    let (partition, ours) = another();
    let deployment = Deployment::of(&folder, partition).await;
    let (mut followed, mut foreign) = (deployment.follow(&ours).await, deployment.follow("main").await);
    let passed = answer(deployment.append("main", entry(r#"{"1": 50}"#))).await.unwrap();
    let position = answer(deployment.append(&ours, entry(r#"{"7": 70}"#))).await.unwrap();
    assert_eq!(position.revision, Revision(passed.revision.0 + 1));
    let delta = followed.delta().await;
    assert_eq!((delta.prev, delta.position), (Revision(0), position), "its own rig was made by the second entry");
    assert!(foreign.has_heard_all(), "of the other one nothing is announced, not even where it stands");
    let stored = deployment.stored().await;
    assert_eq!((stored.position, stored.rigs.keys().collect::<Vec<_>>()), (position, vec![&name(&ours)]));
    let list = encode_rigs([RigSummary { name: name(&ours), position, dimmers: 1 }]);
    assert_eq!(deployment.list().await, list, "the rig that is always there is in its own partition");
    deployment.close().await;

    let deployment = Deployment::of(&folder, partition).await;
    assert_eq!(deployment.snapshot(&ours).await.state.levels.len(), 1);
    deployment.close().await;
}

#[tokio::test]
async fn an_entry_of_another_partition_that_comes_last_is_saved_as_passed() {
    let folder = TempDir::new().unwrap();
    let deployment = Deployment::of(&folder, another().0).await;
    let passed = answer(deployment.append("main", entry(r#"{"1": 50}"#))).await.unwrap();
    let stored = deployment.stored().await;
    assert_eq!((stored.position, stored.rigs.len()), (passed, 0));
    deployment.close().await;
}

#[tokio::test]
async fn the_store_of_another_partition_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let (partition, ours) = another();
    let deployment = Deployment::of(&folder, partition).await;
    answer(deployment.append(&ours, entry(r#"{"7": 70}"#))).await.unwrap();
    deployment.close().await;

    let store = moody(&folder).await;
    let before = soon("the load", store.inner.load()).await.unwrap();
    let others = partition.among().all().filter(|other| *other != partition);
    for other in others {
        let error = refused(store.clone(), other).await;
        let told = error.to_string();
        for words in [&ours, &format!("in partition {partition}"), &format!("keeps {other}"), "store of its own"] {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert!(matches!(error, StartError::Foreign { its, ours, .. } if (its, ours) == (partition, other)));
    }
    assert_eq!(soon("the load", store.inner.load()).await.unwrap(), before);
}
