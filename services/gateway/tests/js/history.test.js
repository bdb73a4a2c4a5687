// Whatever is lost, doubled or reordered on the way: a replica only ever shows maps that the rig had, in the rig's
// order, and comes to the newest. Held on histories made by chance; a failure names the seed that repeats it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Replica, read } from '../../console/ghostlight.js';
import { Chance, holds } from './support/chance.js';
import { Ledger, digests, shown } from './support/ledger.js';
import { World } from './support/world.js';

const parsed = (message) => read(JSON.stringify(message));

/** A change of a few items out of few, so that they meet. */
function someChange(chance) {
  const dimmer = () => chance.pick([1, 2, 3, 256, 65535]);
  const level = () => (chance.is(0.2) ? null : chance.whole(0, 10000) / 100);
  const label = () => (chance.is(0.3) ? null : chance.pick(['Front wash', 'Ω𝄞', '"', 'a'.repeat(40)]));
  const change = { skip: chance.whole(1, 3) };
  const levels = Array.from({ length: chance.whole(1, 3) }, () => [dimmer(), level()]);
  if (chance.is(0.8)) change.levels = Object.fromEntries(levels);
  if (chance.is(0.3)) change.labels = { [dimmer()]: label() };
  if (chance.is(0.15)) change.master = chance.pick([0, 50, 99.99, 100]);
  if (chance.is(0.15)) change.blackout = chance.is(0.5);
  return change;
}

/** A rig's history, and what was said of it on the way: deltas, catching-up deltas, beacons and snapshots, in order. */
function someHistory(chance) {
  const ledger = new Ledger();
  const said = [ledger.snapshot()];
  for (let step = chance.whole(1, 20); step > 0; step -= 1) {
    if (chance.is(0.04)) ledger.begin(chance.is(0.5) ? { levels: { 7: 7 }, master: 70 } : {});
    said.push(ledger.change(someChange(chance)));
    if (chance.is(0.3)) said.push(ledger.delta(chance.whole(0, ledger.revision)));
    if (chance.is(0.3)) said.push(ledger.beacon());
    if (chance.is(0.1)) said.push(ledger.snapshot());
  }
  return { ledger, said };
}

/** The same messages from a bad network: some lost, some twice, some late. */
function badlyDelivered(chance, said) {
  const copies = said.flatMap((message, at) => {
    const count = chance.is(0.15) ? 0 : chance.is(0.15) ? 2 : 1;
    return Array.from({ length: count }, () => ({ message, at: at + (chance.is(0.2) ? chance.next() * 6 : 0) }));
  });
  return copies.sort((a, b) => a.at - b.at).map(({ message }) => message);
}

/** Watches a replica, or a client, that follows a ledger: what it shows was there, and later than what it showed. */
class Witness {
  #order;
  #last = -1;

  constructor(ledger) {
    this.#order = [...ledger.history.keys()];
    this.ledger = ledger;
  }

  look(position, shows, itsDigest) {
    if (position === null) return;
    const at = this.#order.indexOf(position);
    assert.notEqual(at, -1, `the rig never stood at ${position}`);
    assert.ok(at >= this.#last, `${position} comes before ${this.#order[this.#last]}`);
    this.#last = at;
    assert.deepEqual(shows, this.ledger.history.get(position), `the map at ${position}`);
    assert.deepEqual(itsDigest, digests(shows), `the digest at ${position}`);
  }
}

test('a replica only shows maps that the rig had, in order, and converges', () => {
  holds(600, (chance) => {
    const { ledger, said } = someHistory(chance);
    const replica = new Replica();
    const witness = new Witness(ledger);
    for (const message of badlyDelivered(chance, said)) {
      const before = replica.written;
      const verdict = replica.take(parsed(message));
      assert.equal(verdict === 'applied', replica.written !== before, 'it says "applied" when it has moved, only then');
      assert.notEqual(verdict, 'diverged');
      witness.look(replica.written, shown(replica), replica.digests);
    }
    // The beacon shows what was lost, and the snapshot brings it.
    const verdict = replica.take(parsed(ledger.beacon()));
    assert.equal(verdict === 'had', replica.written === ledger.position);
    replica.take(parsed(ledger.snapshot()));
    witness.look(replica.written, shown(replica), replica.digests);
    assert.equal(replica.written, ledger.position);
    assert.equal(replica.take(parsed(ledger.beacon())), 'had');
  });
});

test('catching up from anywhere equals having seen it all', () => {
  holds(300, (chance) => {
    const ledger = new Ledger();
    const replicas = [];
    for (let step = chance.whole(1, 12); step > 0; step -= 1) {
      const replica = new Replica();
      replica.take(parsed(ledger.snapshot()));
      replicas.push({ replica, revision: ledger.revision });
      ledger.change(someChange(chance));
    }
    for (const { replica, revision } of replicas) {
      if (revision === 0 && ledger.revision === 0) continue;
      const delta = ledger.delta(chance.whole(0, revision));
      assert.equal(replica.take(parsed(delta)), 'applied');
      assert.deepEqual(shown(replica), ledger.map);
      assert.deepEqual(replica.digests, digests(ledger.map));
    }
  });
});

test('a replica that is wrong says so, whatever comes, until a snapshot of the same position or a later one', () => {
  holds(200, (chance) => {
    const { ledger, said } = someHistory(chance);
    const replica = new Replica();
    replica.take(parsed(ledger.snapshot()));
    const other = { ...ledger.beacon(), digests: digests({ ...ledger.map, master: 12.34 }) };
    assert.equal(replica.take(parsed(other)), 'diverged');
    assert.equal(replica.resume, null, 'it does not go on from there');
    const older = badlyDelivered(chance, said).filter(({ revision }) => revision < ledger.revision);
    for (const message of older) assert.equal(replica.take(parsed(message)), 'diverged');
    if (chance.is(0.5)) ledger.change(someChange(chance));
    assert.equal(replica.take(parsed(ledger.snapshot())), 'applied');
    assert.deepEqual(shown(replica), ledger.map);
    assert.equal(replica.resume, ledger.position);
  });
});

test('an epoch that is void is never resumed', () => {
  for (const heard of ['delta', 'beacon']) {
    const ledger = new Ledger();
    const old = ledger.change({ levels: { 1: 10 } });
    const replica = new Replica();
    replica.take(parsed({ ...ledger.snapshot(), revision: 0, levels: {} }));
    ledger.begin({ levels: { 1: 90 } });
    const news = heard === 'delta' ? ledger.change({ levels: { 2: 20 } }) : ledger.beacon();
    assert.equal(replica.take(parsed(news)), 'new epoch');
    assert.equal(replica.resume, null);
    assert.equal(replica.take(parsed(old)), 'applied', 'a gateway that lags goes on with the old order');
    assert.equal(replica.resume, null, 'which is void all the same');
    assert.equal(replica.take(parsed(ledger.snapshot())), 'applied');
    assert.equal(replica.resume, ledger.position);
  }
});

test('a client on a bad network only shows maps that the rig had, tells every difference, and converges', (t) => {
  const world = new World(t);
  holds(120, (chance) => {
    const { ledger, said } = someHistory(chance);
    const witness = new Witness(ledger);
    const rig = world.connect({ random: new Chance(chance.whole(0, 1e9)).next });
    // Who only listens to the changes holds the same map.
    const copy = { levels: new Map(), labels: new Map(), master: 100, blackout: false };
    rig.addEventListener('change', ({ detail }) => {
      for (const kind of ['levels', 'labels']) {
        for (const [dimmer, value] of detail[kind]) copy[kind].set(dimmer, value);
        for (const [dimmer, value] of detail[kind]) if (value === null) copy[kind].delete(dimmer);
      }
      copy.master = detail.master ?? copy.master;
      copy.blackout = detail.blackout ?? copy.blackout;
      witness.look(rig.position, shown(copy), rig.digests);
      witness.look(rig.position, shown(rig), rig.digests);
    });
    let newest = 0;
    for (const message of badlyDelivered(chance, said)) {
      newest = Math.max(newest, message.epoch);
      // A server that answers with an older epoch twice is believed, which is no step forward.
      if (message.type === 'snapshot' && message.epoch < newest) continue;
      if (world.socket.isClosed) world.pass(5000);
      if (!world.socket.isOpen) world.socket.open();
      if (chance.is(0.05)) world.socket.end();
      else world.socket.hear(chance.is(0.03) ? JSON.stringify(message).slice(0, -9) : message);
      witness.look(rig.position, shown(rig), rig.digests);
      assert.notEqual(rig.state, 'stale');
    }
    if (world.socket.isClosed) world.pass(5000);
    if (!world.socket.isOpen) world.socket.open();
    world.socket.hear(ledger.snapshot());
    world.socket.hear(ledger.beacon());
    assert.equal(rig.state, 'live');
    assert.equal(rig.position, ledger.position);
    assert.deepEqual(shown(rig), ledger.map);
    rig.close();
    assert.equal(world.timers, 0);
  });
});
