// Kinds of things: one that is made up here goes through the whole client, and one that is yet to come is passed over.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KINDS, Replica, read } from '../../console/ghostlight.js';
import { Ledger, shown } from './support/ledger.js';
import { World, settled } from './support/world.js';

const POSITION = { epoch: 7, time: '1790000000123456789' };

/** The digest of `one` = "a" and `two` = "b" by the default rule: `services/rig` computes it so too. */
const digestOf = (values) => {
  const replica = new Replica(['made_up']);
  replica.take(read(JSON.stringify({ type: 'snapshot', ...POSITION, revision: 1, made_up: values })));
  return replica.digests.made_up;
};

describe('a made-up kind, which is one entry in the table', () => {
  before(() => KINDS.set('made_up', { key: (text) => text, read: (value) => value }));
  after(() => KINDS.delete('made_up'));

  test('goes through snapshot, delta, set, pending, beacon and catching up', async (t) => {
    const world = new World(t);
    const rig = world.connect({ client: 'console-1', kinds: ['levels', 'made_up'] });
    world.socket.open();
    assert.deepEqual(JSON.parse(world.socket.texts[0].text).kinds, ['levels', 'made_up']);
    world.socket.hear({ type: 'snapshot', ...POSITION, revision: 1, levels: { 1: 50 }, made_up: { one: 'a' } });
    assert.deepEqual(Object.fromEntries(rig.value('made_up')), { one: 'a' });
    assert.deepEqual(Object.keys(rig.digests), ['levels', 'made_up']);

    const done = rig.change({ made_up: { one: null, two: 'b' }, levels: { 2: 20 } });
    assert.deepEqual(world.socket.sets, [
      { type: 'set', seq: 1, levels: { 2: 20 }, made_up: { one: null, two: 'b' } },
    ]);
    assert.ok(rig.pending('made_up', 'two') && !rig.pending('made_up', 'three'));
    const origins = [{ client: 'console-1', seq: 1 }];
    world.socket.hear({
      type: 'delta', ...POSITION, prev: 1, revision: 2, levels: { 2: 20 }, made_up: { one: null, two: 'b' }, origins,
    });
    world.socket.hear({ type: 'ack', seq: 1, position: '7-2' });
    assert.equal(await done, '7-2');
    assert.ok(!rig.pending('made_up', 'two'));
    const change = world.details('change').at(-1);
    assert.deepEqual([...change.made_up], [['one', null], ['two', 'b']]);
    assert.deepEqual(change.origins[0].items, { levels: [2], made_up: ['one', 'two'] });
    assert.equal(rig.time, POSITION.time, 'no digit is lost');

    const digests = { ...rig.digests, made_up: digestOf({ two: 'b' }) };
    world.socket.hear({ type: 'beacon', ...POSITION, revision: 2, digests });
    assert.equal(rig.state, 'live');
    world.socket.end();
    world.pass(world.next_ms);
    world.socket.open();
    assert.equal(JSON.parse(world.socket.texts[0].text).resume, '7-2');
    world.socket.hear({ type: 'delta', ...POSITION, prev: 2, revision: 4, made_up: { three: 'c' }, origins: [] });
    assert.deepEqual(Object.fromEntries(rig.value('made_up')), { two: 'b', three: 'c' });
    world.socket.hear({ type: 'beacon', ...POSITION, revision: 4, digests: { made_up: '0123456789abcdef' } });
    assert.equal(rig.state, 'offline', 'it is proved like any other');
    rig.close();
  });

  test('a page that does not want it neither holds it nor compares it', () => {
    const replica = new Replica(['levels']);
    replica.take(read(JSON.stringify({ type: 'snapshot', ...POSITION, revision: 1, levels: {}, made_up: { one: 'a' } })));
    assert.equal(replica.value('made_up').size, 0);
    const beacon = { type: 'beacon', ...POSITION, revision: 1, digests: { made_up: '0123456789abcdef' } };
    assert.equal(replica.take(read(JSON.stringify(beacon))), 'had');
  });
});

test('a page that was opened before a kind was added stays live, and connects once', async (t) => {
  const world = new World(t);
  const ledger = new Ledger();
  const rig = world.live(ledger);
  const later = (message) => ({ ...message, tomorrow: { dawn: { level: 7 } } });
  for (let level = 1; level <= 40; level += 1) {
    const origins = [{ client: 'console-2', seq: level, items: { levels: [1], tomorrow: ['dawn'] } }];
    world.socket.hear(later(ledger.change({ levels: { 1: level } }, origins)));
    const beacon = ledger.beacon();
    world.socket.hear({ ...beacon, digests: { ...beacon.digests, tomorrow: '0123456789abcdef' } });
    world.pass(100);
    await settled();
  }
  world.socket.hear(later(ledger.snapshot()));
  assert.deepEqual(shown(rig), ledger.map);
  assert.equal(rig.state, 'live');
  assert.equal(world.sockets.length, 1);
  rig.close();
});
