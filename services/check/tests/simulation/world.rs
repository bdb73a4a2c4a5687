//! The world: log, services, bus, gateways, clients, the judge, and what may go wrong with all of them.

use std::collections::BTreeMap;

use ghostlight_check::{Event, Judge, Tolerates, Violation, Way, Who};
use ghostlight_rig::{
    Beacon, Change, Dimmer, Entry, Image, Level, Levels, Position, Revision, Rig, RigImage, RigName, Rigs, Slots,
    Snapshot, State, Update,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::client::Client;
use crate::gateway::{Asked, Copy, Gateway, Message};

const DIMMERS: u16 = 6;
const START: Position = Position::new(1, 0);
/// A client waits with so many changes unanswered.
const MOST_PENDING: usize = 6;

/// What kind of gateways there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gateways {
    /// With a replica each, fed by two services.
    Guarded,
    /// Without one, fed by one service.
    Naive,
}

/// What goes wrong beyond what may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The bus loses deltas.
    Drop,
    /// The bus lets deltas overtake each other.
    Reorder,
    /// The bus carries deltas twice.
    Double,
    /// A change is acknowledged and not applied.
    Unapplied,
    /// A change is acknowledged before it is saved.
    LostTail,
    /// And the order goes on under the old epoch.
    SameEpoch,
    /// A gateway lets clients resume whose maps are newer than its own.
    BehindGateway,
    /// A gateway acknowledges before it has told.
    EarlyAck,
    /// A service folds an entry's changes in another order.
    TwoOrders,
    /// A gateway tells other levels than were set.
    Corrupt,
    /// A change is acknowledged at a position that was there before it.
    OldAck,
}

/// An entry of the log.
#[derive(Clone, Debug)]
struct Logged {
    revision: Revision,
    entry: Entry,
}

#[derive(Debug)]
pub(crate) struct World {
    random: StdRng,
    fault: Fault,
    /// The log of the current epoch, and what each service has made of it.
    log: Vec<Logged>,
    services: Vec<(Rigs, usize)>,
    saved: (Position, State),
    /// What was saved of each epoch that is over.
    kept: BTreeMap<u64, Position>,
    gateways: Vec<Gateway>,
    clients: Vec<Client>,
    /// The next value of each dimmer.
    values: [u16; DIMMERS as usize],
    judge: Option<Judge>,
    violations: Vec<Violation>,
}

/// The rigs as they were saved, in the order that begins at `start`.
fn restored(state: &State, start: Position) -> Rigs {
    let levels = state.levels.iter().map(|(&dimmer, &level)| (dimmer, Some(level))).collect();
    let slots = Slots::of(Update { levels, ..Update::default() }, Revision(0));
    let position = if start.epoch == START.epoch { start } else { START };
    let rigs = [(RigName::default(), RigImage { position, slots, ..RigImage::default() })].into();
    Rigs::restore(Image { position, rigs, ..Image::default() }, start, 1)
}

impl World {
    pub(crate) fn new(seed: u64, gateways: Gateways, fault: Fault, tolerates: &[Tolerates]) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let empty = State::default();
        let services = if gateways == Gateways::Guarded { 2 } else { 1 };
        let copy = || match gateways {
            Gateways::Guarded => Copy::Guarded(Box::default()),
            Gateways::Naive => Copy::Naive(Box::default()),
        };
        let clients = random.random_range(2..5);
        Self {
            fault,
            log: Vec::new(),
            services: (0..services).map(|_| (restored(&empty, START), 0)).collect(),
            saved: (START, empty),
            kept: BTreeMap::new(),
            gateways: (0..random.random_range(2..4)).map(|_| Gateway::new(copy())).collect(),
            clients: (0..clients).map(|_| Client::default()).collect(),
            values: [0; DIMMERS as usize],
            judge: Some(Judge::new(START, tolerates)),
            violations: Vec::new(),
            random,
        }
    }

    /// The rest is judged; all that was found.
    pub(crate) fn judged(mut self) -> Vec<Violation> {
        self.violations.extend(self.judge.take().unwrap().finish());
        self.violations
    }

    fn tell(&mut self, client: usize, event: Event) {
        self.violations.extend(self.judge.as_mut().unwrap().observe(Who(client), event));
    }

    fn epoch(&self) -> u64 {
        self.services[0].0.position().epoch.0
    }

    fn rig(&self, service: usize) -> &Rig {
        self.services[service].0.get(&RigName::default()).unwrap()
    }

    pub(crate) fn step(&mut self) {
        let client = self.random.random_range(0..self.clients.len());
        let gateway = self.random.random_range(0..self.gateways.len());
        let service = self.random.random_range(0..self.services.len());
        if self.fault == Fault::BehindGateway && self.random.random_bool(0.03) {
            self.disconnect(client);
            self.connect(client);
        }
        if self.acks_early() && self.random.random_bool(0.01) {
            self.crash();
        }
        match self.random.random_range(0..1_000) {
            0..200 => self.write(client),
            200..350 => self.append(gateway),
            350..500 => drop(self.fold(service)),
            500..700 => drop(self.deliver(gateway)),
            700..880 => self.read(client),
            880..910 if !self.acks_early() || self.random.random_bool(0.2) => self.save(),
            910..930 => self.beacon(service),
            930..960 => self.answer_snapshot(gateway, service),
            960..975 => self.connect(client),
            975..990 => self.get(client),
            880..910 => {}
            990..997 => self.disconnect(client),
            _ => self.crash(),
        }
    }

    /// A client asks for a change.
    fn write(&mut self, client: usize) {
        let one = &self.clients[client];
        if one.gateway.is_none() || one.position() == Position::default() || one.pending.len() >= MOST_PENDING {
            return;
        }
        let mut levels = Levels::new();
        for _ in 0..self.random.random_range(1..3) {
            let number = self.random.random_range(0..DIMMERS);
            let value = &mut self.values[usize::from(number)];
            *value += 1;
            let level = Level::from_hundredths(*value).filter(|_| self.random.random_bool(0.9));
            levels.insert(Dimmer::new(number + 1).unwrap(), level);
        }
        let one = &mut self.clients[client];
        one.seq += 1;
        one.pending.insert(one.seq, (levels, 0));
        let seq = one.seq;
        self.send(client, seq);
    }

    fn send(&mut self, client: usize, seq: u64) {
        let one = &mut self.clients[client];
        let (connection, gateway) = (one.connection, one.gateway.unwrap());
        let (levels, sent) = one.pending.get_mut(&seq).unwrap();
        *sent += 1;
        let levels = levels.clone();
        self.gateways[gateway].inbox.push_back(Asked { client, connection, seq, levels: levels.clone() });
        self.tell(client, Event::Sent { seq, levels, way: Way::Socket });
    }

    /// A gateway appends what has gathered.
    fn append(&mut self, gateway: usize) {
        let most = self.random.random_range(1..4).min(self.gateways[gateway].inbox.len());
        let asked: Vec<_> = self.gateways[gateway].inbox.drain(..most).collect();
        let mut changes = asked.iter().map(|asked| Change::from(asked.levels.clone()));
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
        self.gateways[gateway].waiting.extend(asked.into_iter().map(|asked| (asked, position)));
    }

    /// Where an order without entries begins.
    fn saved_revision(&self) -> Revision {
        let (position, _) = self.saved;
        if position.epoch.0 == self.epoch() { position.revision } else { Revision(0) }
    }

    /// A service folds the next entry and announces what it did.
    fn fold(&mut self, service: usize) -> bool {
        let (rigs, folded) = &mut self.services[service];
        let Some(Logged { revision, entry }) = self.log.get(*folded) else { return false };
        *folded += 1;
        let delta = if self.fault == Fault::TwoOrders && service == 1 {
            let mut changes = entry.changes().iter().rev().cloned();
            let mut reversed = Entry::new(changes.next().unwrap());
            changes.for_each(|change| reversed.push(change).unwrap());
            rigs.apply(*revision, &RigName::default(), &reversed)
        } else {
            rigs.apply(*revision, &RigName::default(), entry)
        };
        for gateway in 0..self.gateways.len() {
            self.carry(gateway, Message::Delta(delta.clone()));
        }
        true
    }

    fn carry(&mut self, gateway: usize, message: Message) {
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
    fn deliver(&mut self, gateway: usize) -> bool {
        let Some(message) = self.gateways[gateway].link.pop_front() else { return false };
        if let Some(passed_on) = self.gateways[gateway].take(&message) {
            for client in self.clients.iter_mut().filter(|client| client.gateway == Some(gateway)) {
                client.queue.push_back(passed_on.clone());
            }
        }
        true
    }

    /// A client reads what its gateway has for it, then what became of its changes.
    fn read(&mut self, client: usize) {
        let Some(gateway) = self.clients[client].gateway else { return };
        if self.fault == Fault::EarlyAck && self.random.random_bool(0.1) {
            self.answer(client, gateway, Position::new(u64::MAX, 0));
        }
        while let Some(message) = self.clients[client].queue.pop_front() {
            self.told(client, message);
        }
        let step = self.gateways[gateway].step(self.clients[client].position());
        if let Some(message) = step {
            self.told(client, message);
        }
        let reached = self.gateways[gateway].position();
        self.answer(client, gateway, reached);
    }

    fn told(&mut self, client: usize, mut message: Message) {
        if let (Fault::Corrupt, Message::Delta(delta)) = (self.fault, &mut message)
            && self.random.random_bool(0.2)
        {
            delta.update.levels.insert(Dimmer::MIN, Some(Level::FULL));
        }
        let event = self.clients[client].take(message);
        self.tell(client, event);
    }

    /// Answers a client's changes that are durable and have been told.
    fn answer(&mut self, client: usize, gateway: usize, reached: Position) {
        let waiting = std::mem::take(&mut self.gateways[gateway].waiting);
        for (asked, position) in waiting {
            let is_gone = asked.connection != self.clients[asked.client].connection;
            let is_durable = position <= self.saved.0 || self.acks_early();
            if is_gone || asked.client != client {
                // Whoever is gone is answered no more.
                if !is_gone {
                    self.gateways[gateway].waiting.push((asked, position));
                }
            } else if position.epoch.0 < self.epoch() && position > self.lost_after(position) {
                self.clients[client].pending.remove(&asked.seq);
                self.tell(client, Event::Refused { seq: asked.seq });
            } else if is_durable && position <= reached {
                self.clients[client].pending.remove(&asked.seq);
                let early = Position::new(position.epoch.0, position.revision.0 / 2);
                let is_wrong = self.fault == Fault::OldAck && self.random.random_bool(0.2);
                let position = if is_wrong { early } else { position };
                self.tell(client, Event::Acked { seq: asked.seq, position });
            } else {
                self.gateways[gateway].waiting.push((asked, position));
            }
        }
    }

    fn acks_early(&self) -> bool {
        matches!(self.fault, Fault::LostTail | Fault::SameEpoch)
    }

    /// What of an older epoch was saved.
    fn lost_after(&self, position: Position) -> Position {
        self.kept.get(&position.epoch.0).copied().unwrap_or(position)
    }

    fn save(&mut self) {
        let rig = self.rig(0);
        self.saved = (rig.position(), rig.map().state());
    }

    fn beacon(&mut self, service: usize) {
        let Beacon { position, digest } = self.rig(service).beacon();
        for gateway in 0..self.gateways.len() {
            // A naive gateway would pass on what it does not understand.
            if let Copy::Guarded(_) = self.gateways[gateway].copy {
                self.carry(gateway, Message::Beacon(Beacon { position, digest }));
            }
        }
    }

    /// A gateway that asks for a snapshot gets one.
    fn answer_snapshot(&mut self, gateway: usize, service: usize) {
        if std::mem::take(&mut self.gateways[gateway].asks) {
            let snapshot: Snapshot = self.rig(service).snapshot();
            self.carry(gateway, Message::Snapshot(snapshot));
        }
    }

    /// A client connects, and resumes where it left off.
    fn connect(&mut self, client: usize) {
        let gateway = self.random.random_range(0..self.gateways.len());
        let (stands, at) = (self.gateways[gateway].position(), self.clients[client].position());
        let is_behind = stands < at && self.fault != Fault::BehindGateway;
        if self.clients[client].gateway.is_some() || stands == Position::default() || is_behind {
            return;
        }
        let one = &mut self.clients[client];
        one.gateway = Some(gateway);
        one.connection += 1;
        one.queue.clear();
        self.tell(client, Event::Connected);
        let first = self.gateways[gateway].step(at);
        let first = first.unwrap_or_else(|| Message::Snapshot(self.gateways[gateway].snapshot()));
        self.told(client, first);
        for seq in self.clients[client].pending.keys().copied().collect::<Vec<_>>() {
            self.send(client, seq);
        }
    }

    fn disconnect(&mut self, client: usize) {
        if self.clients[client].gateway.take().is_none() {
            return;
        }
        self.clients[client].connection += 1;
        let given_up = self.clients[client].pending.extract_if(.., |_, (_, sent)| *sent >= 2);
        for seq in given_up.map(|(seq, _)| seq).collect::<Vec<_>>() {
            self.tell(client, Event::Unknown { seq });
        }
    }

    /// A client reads the map over HTTP.
    fn get(&mut self, client: usize) {
        let Some(gateway) = self.clients[client].gateway else { return };
        let position = self.gateways[gateway].position();
        if position >= self.clients[client].position() {
            let levels = self.gateways[gateway].map().levels;
            self.tell(client, Event::Read { after: self.clients[client].position(), position, levels });
        }
    }

    /// All services lose what was not saved, and begin anew.
    fn crash(&mut self) {
        let (saved, state) = self.saved.clone();
        self.kept.entry(self.epoch()).or_insert(saved);
        let start = if self.fault == Fault::SameEpoch { saved } else { Position::new(self.epoch() + 1, 0) };
        self.log.clear();
        for (rigs, folded) in &mut self.services {
            (*rigs, *folded) = (restored(&state, start), 0);
        }
        self.save();
        for gateway in 0..self.gateways.len() {
            if let Copy::Naive(_) = self.gateways[gateway].copy {
                let snapshot = self.rig(0).snapshot();
                self.carry(gateway, Message::Snapshot(snapshot));
            }
        }
    }

    /// Nothing is written any more, everything gets where it goes, and everyone is connected.
    pub(crate) fn settle(&mut self) {
        self.flow();
        for client in 0..self.clients.len() {
            // Some gateway stands where the log ends, unless a fault has kept that from all.
            for _ in 0..100 {
                self.connect(client);
            }
        }
        self.flow();
        for client in 0..self.clients.len() {
            self.read(client);
        }
    }

    /// Everything that is under way gets where it goes; a beacon and a snapshot for who asks make good for what is lost.
    fn flow(&mut self) {
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
