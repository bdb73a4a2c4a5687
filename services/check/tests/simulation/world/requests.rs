//! Changes over HTTP, under a key: asked for again wherever a gateway is, until one answers.

use ghostlight_check::{Event, Way};
use ghostlight_rig::{Position, Verdict};
use rand::RngExt;

use super::{Fault, World};
use crate::client::Request;
use crate::gateway::{Asked, Waiting};

/// Numbers that no change over a WebSocket has.
const FIRST: u64 = 1_000_000;

impl World {
    /// A client asks for something over HTTP, or looks for the answer, or gives that attempt up and asks again.
    pub(super) fn request(&mut self, client: usize) {
        let gateway = self.random.random_range(0..self.gateways.len());
        match &mut self.clients[client].request {
            // Entries that are folded backwards could not hold a change under a key.
            None if self.fault == Fault::TwoOrders => {}
            None => {
                let levels = self.levels();
                let one = &mut self.clients[client];
                one.seq += 1;
                one.request = Some(Request { seq: FIRST + one.seq, levels, gateway, attempt: 0 });
                self.post(client);
            }
            Some(request) if self.random.random_bool(0.2) => {
                (request.gateway, request.attempt) = (gateway, request.attempt + 1);
                self.post(client);
            }
            Some(_) => self.look_for_answer(client),
        }
    }

    fn post(&mut self, client: usize) {
        let Some(Request { seq, levels, gateway, attempt }) = &self.clients[client].request else { return };
        let (seq, levels, way) = (*seq, levels.clone(), Way::Keyed);
        let asked = Asked { client, connection: *attempt, seq, levels: levels.clone(), way };
        self.gateways[*gateway].inbox.push_back(asked);
        self.tell(client, Event::Sent { seq, levels, way });
    }

    fn look_for_answer(&mut self, client: usize) {
        let Some(Request { seq, gateway, attempt, .. }) = self.clients[client].request else { return };
        let is_this = |one: &Waiting| {
            let Asked { client: asker, connection, seq: number, way, .. } = one.asked;
            (asker, connection, number, way) == (client, attempt, seq, Way::Keyed)
        };
        let Some(&Waiting { position, index, .. }) = self.gateways[gateway].waiting.iter().find(|one| is_this(one))
        else {
            return;
        };
        if self.is_lost(position) {
            self.clients[client].request = None;
            return self.tell(client, Event::Refused { seq });
        }
        let stands = self.gateways[gateway].position();
        if !self.is_durable(position) || stands < position {
            return;
        }
        self.clients[client].request = None;
        let first = self.first(position, index);
        self.tell(client, Event::Acked { seq, position: first });
        let levels = self.gateways[gateway].map().levels;
        self.tell(client, Event::Read { after: first, position: stands, levels });
    }

    /// Where a change happened that is in the log at a position: elsewhere, if it is a repeat.
    fn first(&self, position: Position, index: usize) -> Position {
        match self.verdicts.get(&position).and_then(|verdicts| verdicts.get(&index)) {
            Some(&Verdict::Repeated(first)) => first,
            _ => position,
        }
    }

    /// Nobody waits any longer.
    pub(super) fn end_requests(&mut self) {
        for client in 0..self.clients.len() {
            self.look_for_answer(client);
            if let Some(Request { seq, .. }) = self.clients[client].request.take() {
                self.tell(client, Event::Unknown { seq });
            }
        }
    }
}
