//! What the client of a change is told, once its entry is durable.

use ghostlight_rig::Item;

use super::*;

/// A condition of a change, and whether the change is known to have happened if its announcement was missed.
#[tokio::test(start_paused = true)]
async fn of_an_entry_whose_announcement_was_missed_only_unconditional_changes_are_known() {
    let plain = || Change::from(levels([(1, 10)]));
    for (change, is_known) in [
        (plain(), true),
        (Change { if_match: Some(Position::new(1, 0)), ..plain() }, false),
        (Change { if_made: Some(true), ..plain() }, false),
        (keyed(levels([(1, 10)])), false),
    ] {
        let mut stage = Stage::new(1);
        let waits = stage.submit(1, change.clone()).await;
        let append = stage.append().await;
        let position = stage.land(append).position;
        stage.service.answer(&stage.feed);
        match outcome(waits).await {
            Ok(done) => assert_eq!((is_known, done.position, done.update), (true, position, change.update)),
            Err(refusal) => assert_eq!((is_known, refusal.code()), (false, Code::UnknownOutcome), "{change:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_a_new_epoch_overtakes_is_unknown() {
    let mut stage = Stage::new(1);
    let waits = stage.submit(1, levels([(1, 10)])).await;
    let append = stage.append().await;
    stage.land(append);
    Service::at(Position::new(2, 0)).answer(&stage.feed);
    assert_eq!(code(waits).await, Code::UnknownOutcome);
}

/// Each verdict, and the code of its refusal over HTTP and on a WebSocket, where a change has no condition but that its rig is
/// made.
#[tokio::test(start_paused = true)]
async fn each_verdict_has_its_answer() {
    let changed = || Verdict::Changed(vec![Item::Level(dimmer(1))]);
    let first = Position::new(1, 1);
    let codes = [
        (Verdict::Applied, None, None),
        (Verdict::Repeated(first), None, None),
        (changed(), Some(Code::Changed), Some(Code::NotFound)),
        (Verdict::KeyReused, Some(Code::KeyReused), Some(Code::KeyReused)),
        (Verdict::NoRoom, Some(Code::RigLimit), Some(Code::RigLimit)),
        (Verdict::Unknown, Some(Code::UnknownOutcome), Some(Code::UnknownOutcome)),
    ];
    let (mut stage, occupied) = Stage::occupied(1).await;
    let (answers, mut answered) = mpsc::channel(codes.len());
    let mut waits = Vec::new();
    let update = |index: usize| levels([(index as u16 + 1, 50)]);
    for index in 0..codes.len() {
        waits.push(stage.submit(1, update(index)).await);
        let permit = answers.clone().reserve_owned().await.unwrap();
        let reply = Reply::Connection(permit, Some(index as u64), Request::default());
        stage.queue.submit(update(index).into(), Source { connection: 1, ..Source::of_task() }, reply).await;
    }
    let first_delta = stage.land(occupied);
    stage.announce(first_delta);
    let append = stage.append().await;
    let mut delta = stage.land(append);
    for (index, (verdict, ..)) in codes.iter().enumerate() {
        if *verdict != Verdict::Applied {
            delta.verdicts.extend([(2 * index, verdict.clone()), (2 * index + 1, verdict.clone())]);
        }
    }
    let position = delta.position;
    stage.announce(delta);
    for (index, ((verdict, of_request, of_message), waits)) in codes.into_iter().zip(waits).enumerate() {
        let at = if verdict == Verdict::Applied { position } else { first };
        match (outcome(waits).await, of_request) {
            (Ok(done), None) => {
                let is_repeated = verdict == Verdict::Repeated(first);
                assert_eq!((done.position, done.update, done.is_repeated), (at, update(index), is_repeated));
            }
            (told, code) => assert_eq!(told.err().map(|refusal| refusal.code()), code, "{verdict:?}"),
        }
        let answer = tokio::time::timeout(SOON, answered.recv()).await.unwrap().unwrap();
        assert_eq!(answer.seq, Some(index as u64));
        let told = answer.outcome.map(|(position, _)| position).map_err(|refusal| refusal.code());
        assert_eq!(told, of_message.map_or(Ok(at), Err), "{verdict:?}");
    }
    // The two that were applied, and the one before them.
    assert_eq!(stage.appending.instruments.metrics.changes.get(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_change_is_answered_with_the_values_that_its_entry_left() {
    let (mut stage, occupied) = Stage::occupied(1).await;
    let refused = Change { if_match: Some(Position::new(7, 7)), ..levels([(1, 99)]).into() };
    let earlier = stage.submit(1, levels([(1, 10), (2, 10)])).await;
    let later = stage.submit(1, levels([(1, 20)])).await;
    let refused = stage.submit(1, refused).await;
    let delta = stage.land(occupied);
    stage.announce(delta);
    stage.serve().await;
    assert_eq!(outcome(earlier).await.unwrap().update, levels([(1, 20), (2, 10)]));
    assert_eq!(outcome(later).await.unwrap().update, levels([(1, 20)]));
    assert_eq!(code(refused).await, Code::Changed);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_sets_nothing_counts_only_if_it_removes_the_rig() {
    let nothing = Change::default();
    let removal = Change { action: Action::Remove, ..Change::default() };
    let whole = Change { action: Action::Replace(Default::default()), ..levels([(1, 10)]).into() };
    for (change, counted) in [(nothing, 0), (removal, 1), (whole, 1), (levels([(1, 10)]).into(), 1)] {
        let mut stage = Stage::new(1);
        let waits = stage.submit(1, change.clone()).await;
        stage.serve().await;
        outcome(waits).await.unwrap();
        assert_eq!(stage.appending.instruments.metrics.changes.get(), counted, "{change:?}");
    }
}
