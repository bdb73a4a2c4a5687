//! What gateways, log, services and bus do.

use ghostlight_check::Way;
use ghostlight_rig::{Beacon, Change, Entry, Key, Position, Revision, RigName, Snapshot, Stamp};
use rand::RngExt;

use super::{Fault, Logged, World};
use crate::gateway::{Asked, Copy, Message, Waiting};

/// What a client asked for, as it goes into the log.
fn change(asked: &Asked) -> Change {
    let key = || Key::new(&format!("{}-{}", asked.client, asked.seq)).unwrap();
    Change { idempotency_key: (asked.way == Way::Keyed).then(key), ..asked.levels.clone().into() }
}

impl World {
    /// A gateway appends what has gathered.
    pub(super) fn append(&mut self, gateway: usize) {
        let inbox = &mut self.gateways[gateway].inbox;
        let most = self.random.random_range(1..4).min(inbox.len());
        // A change under a key ends its entry.
        let most = inbox.iter().take(most).position(|asked| asked.way == Way::Keyed).map_or(most, |keyed| keyed + 1);
        let asked: Vec<_> = inbox.drain(..most).collect();
        let mut changes = asked.iter().map(change);
        let Some(first) = changes.next() else { return };
        let mut entry = Entry::new(first);
        changes.for_each(|change| entry.push(change).unwrap());
        let last = self.log.last().map_or(self.saved_revision(), |logged| logged.revision);
        let revision = Revision(last.0 + self.random.random_range(1..3));
        let position = Position::new(self.epoch(), revision.0);
        if self.fault == Fault::Unapplied && self.random.random_bool(0.2) {
            entry = Entry::new(Change::default());
        }
        self.log.push(Logged { revision, entry });
        let waiting = asked.into_iter().enumerate().map(|(index, asked)| Waiting { asked, position, index });
        self.gateways[gateway].waiting.extend(waiting);
    }

    /// Where an order without entries begins.
    pub(super) fn saved_revision(&self) -> Revision {
        let position = self.saved.position;
        if position.epoch.0 == self.epoch() { position.revision } else { Revision(0) }
    }

    /// A service folds the next entry and announces what it did.
    pub(super) fn fold(&mut self, service: usize) -> bool {
        let (rigs, folded) = &mut self.services[service];
        let Some(Logged { revision, entry }) = self.log.get(*folded) else { return false };
        *folded += 1;
        let delta = if self.fault == Fault::TwoOrders && service == 1 {
            let mut changes = entry.changes().iter().rev().cloned();
            let mut reversed = Entry::new(changes.next().unwrap());
            changes.for_each(|change| reversed.push(change).unwrap());
            rigs.apply(*revision, Stamp(revision.0), &RigName::default(), &reversed)
        } else {
            rigs.apply(*revision, Stamp(revision.0), &RigName::default(), entry)
        };
        self.verdicts.entry(delta.position).or_insert_with(|| delta.verdicts.clone());
        for gateway in 0..self.gateways.len() {
            self.carry(gateway, Message::Delta(delta.clone()));
        }
        true
    }

    pub(super) fn carry(&mut self, gateway: usize, message: Message) {
        let is_faulty = matches!(message, Message::Delta(_)) && self.random.random_bool(0.05);
        let link = &mut self.gateways[gateway].link;
        match self.fault {
            Fault::Drop if is_faulty => {}
            Fault::Double if is_faulty => link.extend([message.clone(), message]),
            Fault::Reorder if is_faulty => link.insert(link.len().saturating_sub(1), message),
            _ => link.push_back(message),
        }
    }

    /// A gateway takes the next message in.
    pub(super) fn deliver(&mut self, gateway: usize) -> bool {
        let Some(message) = self.gateways[gateway].link.pop_front() else { return false };
        if let Some(passed_on) = self.gateways[gateway].take(&message) {
            for client in self.clients.iter_mut().filter(|client| client.gateway == Some(gateway)) {
                client.queue.push_back(passed_on.clone());
            }
        }
        true
    }

    pub(super) fn acks_early(&self) -> bool {
        matches!(self.fault, Fault::LostTail | Fault::SameEpoch)
    }

    /// Whether an entry was lost with its epoch.
    pub(super) fn is_lost(&self, position: Position) -> bool {
        position.epoch.0 < self.epoch() && self.kept.get(&position.epoch.0).is_some_and(|kept| position > *kept)
    }

    pub(super) fn is_durable(&self, position: Position) -> bool {
        position <= self.saved.position || self.acks_early()
    }

    pub(super) fn save(&mut self) {
        let image = self.services[0].0.image_since(Revision(0));
        let rig = self.rig(0);
        (self.saved.position, self.saved.state) = (rig.position(), rig.map().state());
        self.saved.keyed.extend(image.rigs.into_values().flat_map(|rig| rig.keyed));
    }

    pub(super) fn beacon(&mut self, service: usize) {
        let Beacon { store, position, time, digests } = self.rig(service).beacon();
        for gateway in 0..self.gateways.len() {
            // A naive gateway would pass on what it does not understand.
            if let Copy::Guarded(_) = self.gateways[gateway].copy {
                self.carry(gateway, Message::Beacon(Beacon { store, position, time, digests: digests.clone() }));
            }
        }
    }

    /// A gateway that asks for a snapshot gets one.
    pub(super) fn answer_snapshot(&mut self, gateway: usize, service: usize) {
        if std::mem::take(&mut self.gateways[gateway].asks) {
            let snapshot: Snapshot = self.rig(service).snapshot();
            self.carry(gateway, Message::Snapshot(snapshot));
        }
    }

    /// All services lose what was not saved, and begin anew.
    pub(super) fn crash(&mut self) {
        let saved = self.saved.position;
        self.kept.entry(self.epoch()).or_insert(saved);
        let start = if self.fault == Fault::SameEpoch { saved } else { Position::new(self.epoch() + 1, 0) };
        self.log.clear();
        for (rigs, folded) in &mut self.services {
            (*rigs, *folded) = (self.saved.restored(start), 0);
        }
        self.save();
        for gateway in 0..self.gateways.len() {
            if let Copy::Naive(_) = self.gateways[gateway].copy {
                let snapshot = self.rig(0).snapshot();
                self.carry(gateway, Message::Snapshot(snapshot));
            }
        }
    }

    /// Everything that is under way gets where it goes; a beacon and a snapshot for who asks make good for what is lost.
    pub(super) fn flow(&mut self) {
        for gateway in 0..self.gateways.len() {
            while !self.gateways[gateway].inbox.is_empty() {
                self.append(gateway);
            }
        }
        for service in 0..self.services.len() {
            while self.fold(service) {}
        }
        self.save();
        self.beacon(0);
        for gateway in 0..self.gateways.len() {
            while self.deliver(gateway) {}
            self.answer_snapshot(gateway, 0);
            while self.deliver(gateway) {}
        }
    }
}
