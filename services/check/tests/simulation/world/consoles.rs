//! What the clients do.

use ghostlight_check::{Event, Way};
use ghostlight_rig::{Dimmer, Level, Levels, Position};
use rand::RngExt;

use super::{DIMMERS, Fault, MAX_PENDING, World};
use crate::gateway::{Asked, Message, Waiting};

impl World {
    /// A client asks for a change.
    pub(super) fn write(&mut self, client: usize) {
        let one = &self.clients[client];
        if one.gateway.is_none() || one.position() == Position::default() || one.pending.len() >= MAX_PENDING {
            return;
        }
        let levels = self.levels();
        let one = &mut self.clients[client];
        one.seq += 1;
        one.pending.insert(one.seq, (levels, 0));
        let seq = one.seq;
        self.send(client, seq);
    }

    /// Levels that nobody has asked for before.
    pub(super) fn levels(&mut self) -> Levels {
        let mut levels = Levels::new();
        for _ in 0..self.random.random_range(1..3) {
            let number = self.random.random_range(0..DIMMERS);
            let value = &mut self.values[usize::from(number)];
            *value += 1;
            let level = Level::from_hundredths(*value).filter(|_| self.random.random_bool(0.9));
            levels.insert(Dimmer::new(number + 1).unwrap(), level);
        }
        levels
    }

    pub(super) fn send(&mut self, client: usize, seq: u64) {
        let one = &mut self.clients[client];
        let (connection, gateway) = (one.connection, one.gateway.unwrap());
        let (levels, sent) = one.pending.get_mut(&seq).unwrap();
        *sent += 1;
        let levels = levels.clone();
        let way = Way::Socket;
        self.gateways[gateway].inbox.push_back(Asked { client, connection, seq, levels: levels.clone(), way });
        self.tell(client, Event::Sent { seq, levels, way });
    }

    /// A client reads what its gateway has for it, then what became of its changes.
    pub(super) fn read(&mut self, client: usize) {
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

    pub(super) fn told(&mut self, client: usize, mut message: Message) {
        if let (Fault::Corrupt, Message::Delta(delta)) = (self.fault, &mut message)
            && self.random.random_bool(0.2)
        {
            delta.update.levels.insert(Dimmer::MIN, Some(Level::FULL));
        }
        let event = self.clients[client].take(message);
        self.tell(client, event);
    }

    /// Answers a client's changes that are durable and have been told.
    pub(super) fn answer(&mut self, client: usize, gateway: usize, reached: Position) {
        let waiting = std::mem::take(&mut self.gateways[gateway].waiting);
        for one in waiting {
            let Waiting { asked: Asked { seq, connection, .. }, position, .. } = one;
            if one.asked.way == Way::Keyed || one.asked.client != client {
                self.gateways[gateway].waiting.push(one);
            } else if connection != self.clients[client].connection {
                // Whoever is gone is answered no more.
            } else if self.is_lost(position) {
                self.clients[client].pending.remove(&seq);
                self.tell(client, Event::Refused { seq });
            } else if self.is_durable(position) && position <= reached {
                self.clients[client].pending.remove(&seq);
                let early = Position::new(position.epoch.0, position.revision.0 / 2);
                let is_wrong = self.fault == Fault::OldAck && self.random.random_bool(0.2);
                self.tell(client, Event::Acked { seq, position: if is_wrong { early } else { position } });
            } else {
                self.gateways[gateway].waiting.push(one);
            }
        }
    }

    /// A client connects, and resumes where it left off.
    pub(super) fn connect(&mut self, client: usize) {
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

    pub(super) fn disconnect(&mut self, client: usize) {
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
    pub(super) fn get(&mut self, client: usize) {
        let Some(gateway) = self.clients[client].gateway else { return };
        let position = self.gateways[gateway].position();
        if position >= self.clients[client].position() {
            let levels = self.gateways[gateway].map().levels;
            self.tell(client, Event::Read { after: self.clients[client].position(), position, levels });
        }
    }
}
