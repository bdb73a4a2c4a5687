//! The world: log, services, bus, gateways, clients, the judge, and what may go wrong with all of them.

mod consoles;
mod requests;
mod servers;

use std::collections::BTreeMap;

use ghostlight_check::{Event, Judge, Tolerates, Violation, Who};
use ghostlight_rig::{
    Entry, IdempotentChange, Image, Key, Partition, Position, Revision, Rig, RigImage, RigName, Rigs, Slots, State,
    Update, Verdict,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::client::Client;
use crate::gateway::{Copy, Gateway};

const DIMMERS: u16 = 6;
const START: Position = Position::new(1, 0);
/// A client waits with so many changes unanswered.
const MAX_PENDING: usize = 6;

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
    saved: Saved,
    /// What became of the changes of each entry that were not simply applied.
    verdicts: BTreeMap<Position, BTreeMap<usize, Verdict>>,
    /// What was saved of each epoch that is over.
    kept: BTreeMap<u64, Position>,
    gateways: Vec<Gateway>,
    clients: Vec<Client>,
    /// The next value of each dimmer.
    values: [u16; DIMMERS as usize],
    judge: Option<Judge>,
    violations: Vec<Violation>,
}

/// What outlives a crash.
#[derive(Debug, Default)]
struct Saved {
    position: Position,
    state: State,
    keyed: BTreeMap<Key, IdempotentChange>,
}

impl Saved {
    /// The rigs, in the order that begins at `start`.
    fn restored(&self, start: Position) -> Rigs {
        let levels = self.state.levels.iter().map(|(&dimmer, &level)| (dimmer, Some(level))).collect();
        let slots = Slots::of(&Update { levels, ..Update::default() }, Revision(0));
        let position = if start.epoch == START.epoch { start } else { START };
        let mut keyed: Vec<_> = self.keyed.iter().map(|(key, &keyed)| (key.clone(), keyed)).collect();
        keyed.sort_by_key(|(_, keyed)| keyed.position);
        let rigs = [(RigName::default(), RigImage { position, slots, keyed, ..RigImage::default() })].into();
        Rigs::restore(Image { position, rigs, ..Image::default() }, start, 1, Partition::default())
    }
}

impl World {
    pub(crate) fn new(seed: u64, gateways: Gateways, fault: Fault, tolerates: &[Tolerates]) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let saved = Saved { position: START, ..Saved::default() };
        let services = if gateways == Gateways::Guarded { 2 } else { 1 };
        let copy = || match gateways {
            Gateways::Guarded => Copy::Guarded(Box::default()),
            Gateways::Naive => Copy::Naive(Box::default()),
        };
        let clients = random.random_range(2..5);
        Self {
            fault,
            log: Vec::new(),
            services: (0..services).map(|_| (saved.restored(START), 0)).collect(),
            saved,
            verdicts: BTreeMap::new(),
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
            0..160 => self.write(client),
            160..200 => self.request(client),
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
        self.end_requests();
    }
}
