// The golden messages of `proto`, which hold the server byte for byte, hold the console too.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS, Replica, read } from '../../console/ghostlight.js';
import { GOLDEN, PINNED, golden, messages } from './support/golden.js';
import { digests, shown } from './support/ledger.js';
import { World } from './support/world.js';

/** What a server may say to a page. */
const SERVER = ['snapshot', 'delta', 'beacon', 'ack', 'error', 'presence'];

/** Whether a page knows the kind of every digest. */
const isKnown = (byKind) => Object.keys(byKind).every((name) => KINDS.has(name));

/** A replica that stands where a delta begins. */
function replicaBefore({ epoch, prev }) {
  const replica = new Replica();
  replica.take(read(JSON.stringify({ type: 'snapshot', epoch, revision: prev, levels: { 3: 30, 9: 90 } })));
  return replica;
}

/** A live client of this name. */
function clientOf(t, hello) {
  const world = new World(t);
  const { client, name, kind, kinds, want = [] } = JSON.parse(hello);
  const [presence, timing] = ['presence', 'timing'].map((wanted) => want.includes(wanted));
  const rig = world.connect({ client, name, kind, kinds, presence, timing });
  return { world, rig };
}

describe('every message of the server is understood', () => {
  for (const [name, text] of messages(...SERVER)) {
    test(name, () => {
      const { type, ...said } = JSON.parse(text);
      const message = read(text);
      assert.equal(message.type, type);
      delete said.traceparent; // it is for programs that trace
      if (type === 'presence' || type === 'error') assert.deepEqual(message.told, said);
      if (type === 'ack') assert.equal(`${message.position.epoch}-${message.position.revision}`, said.position);
      if (type === 'ack') assert.deepEqual(message.timing, said.timing);
    });
  }

  test('a message of another type is passed over', () => {
    assert.equal(read('{"type":"tomorrow","levels":7}'), null);
    assert.equal(read('{"origins":{},"timing":[],"type":"tomorrow","epoch":"x"}'), null);
  });

  for (const [name, text] of messages(...SERVER)) {
    test(`${name}, with what a newer server adds`, () => {
      const { consoles, origins, refused, ...said } = JSON.parse(text);
      const more = (list) => list?.map((one) => ({ ...one, tomorrow: { levels: 7 } }));
      const added = { ...said, origins: more(origins), refused: more(refused), tomorrow: [{}], output: {} };
      assert.deepEqual(read(JSON.stringify({ ...added, consoles })), read(text));
      if (consoles) assert.equal(read(JSON.stringify({ ...added, consoles: more(consoles) })).told.total, said.total);
    });
  }
});

describe('every message of a server of an older version is understood', () => {
  const said = PINNED.filter(([, text]) => SERVER.includes(JSON.parse(text).type));
  assert.notEqual(said.length, 0);
  for (const [name, text] of said) {
    test(name, () => {
      const { type, levels, labels = {}, epoch, revision } = JSON.parse(text);
      const message = read(text);
      assert.equal(message.type, type);
      if (epoch !== undefined) assert.deepEqual([message.epoch, message.revision], [epoch, revision]);
      if (!message.levels) return;
      assert.deepEqual(Object.fromEntries(message.levels), levels ?? {});
      assert.deepEqual(Object.fromEntries(message.labels), labels);
    });
  }
});

describe('a snapshot is the map', () => {
  for (const [name, text] of messages('snapshot')) {
    test(name, () => {
      const said = JSON.parse(text);
      const replica = new Replica();
      assert.equal(replica.take(read(text)), said.revision > 0 || said.epoch > 0 ? 'applied' : 'had');
      const { levels = {}, labels = {}, master = 100, blackout = false } = said;
      assert.deepEqual(shown(replica), { levels, labels, master, blackout });
      assert.equal(replica.written, `${said.epoch}-${said.revision}`);
    });
  }
});

describe('a delta changes what it names, and nothing else', () => {
  for (const [name, text] of messages('delta')) {
    test(name, () => {
      const said = JSON.parse(text);
      const replica = replicaBefore(said);
      assert.equal(replica.take(read(text)), 'applied');
      const expected = { levels: { 3: 30, 9: 90, ...said.levels }, labels: { ...said.labels } };
      for (const values of Object.values(expected)) {
        for (const dimmer in values) if (values[dimmer] === null) delete values[dimmer];
      }
      const { master = 100, blackout = false } = said;
      assert.deepEqual(shown(replica), { ...expected, master, blackout });
      assert.equal(replica.take(read(text)), 'had', 'a second time it changes nothing');
    });
  }
});

test('origins that share a delta are told apart, and one alone has all of it', () => {
  const delta = (origins) => JSON.stringify({ ...JSON.parse(golden('delta_origins_shared')), origins });
  const { origins } = JSON.parse(golden('delta_origins_shared'));
  assert.deepEqual(read(delta(origins)).origins, origins);
  const [alone] = read(delta([{ client: 'console-2', seq: 3 }])).origins;
  const items = { levels: [1, 2, 3], labels: [1, 2], master: true, blackout: true };
  assert.deepEqual(alone, { client: 'console-2', seq: 3, items });
});

describe('a beacon agrees with the snapshot of the same position', () => {
  for (const [name, text] of messages('beacon').filter(([, text]) => isKnown(JSON.parse(text).digests))) {
    test(name, () => {
      const beacon = JSON.parse(text);
      const agreeing = messages('snapshot').filter(([, snapshot]) => {
        const { epoch, revision, ...map } = JSON.parse(snapshot);
        const isSame = epoch === beacon.epoch && revision === beacon.revision;
        const all = digests({ levels: {}, labels: {}, words: {}, master: 100, blackout: false, ...map });
        return isSame && Object.entries(beacon.digests).every(([kind, digest]) => all[kind] === digest);
      });
      assert.notEqual(agreeing.length, 0, 'there is a snapshot for it');
      for (const [, snapshot] of agreeing) {
        const replica = new Replica([...KINDS.keys()]);
        replica.take(read(snapshot));
        assert.equal(replica.take(read(text)), 'had');
      }
    });
  }

  test('and not with another', () => {
    const replica = new Replica();
    replica.take(read(golden('snapshot')));
    const beacon = { ...JSON.parse(golden('beacon')), digests: { levels: '0123456789abcdef' } };
    assert.equal(replica.take(read(JSON.stringify(beacon))), 'diverged');
  });
});

test('the digests are those of the rig', () => {
  const vectors = JSON.parse(golden('digest_vectors'));
  assert.notEqual(vectors.length, 0);
  for (const { snapshot, digests: expected } of vectors) {
    const replica = new Replica();
    replica.take(read(JSON.stringify(snapshot)));
    assert.deepEqual(replica.digests, expected, JSON.stringify(snapshot));
    assert.deepEqual(digests(snapshot), expected, 'the ledger of these tests computes it too');
  }
});

describe('the client says hello in the golden words', () => {
  for (const [name, text] of messages('hello')) {
    const { resume, want = [] } = JSON.parse(text);
    test(name, (t) => {
      const { world, rig } = clientOf(t, text);
      if (resume) {
        const [epoch, revision] = resume.split('-').map(Number);
        world.socket.open();
        world.socket.hear({ type: 'snapshot', epoch, revision, levels: {} });
        world.socket.end();
        world.pass(world.next_ms);
      }
      world.socket.open();
      // The client computes outputs by itself, and never wants them.
      const wanted = want.length > 0 && { want: want.filter((wanted) => wanted !== 'output') };
      const expected = JSON.stringify({ ...JSON.parse(text), ...wanted });
      assert.equal(world.socket.texts[0].text, expected);
      rig.close();
    });
  }
});

describe('the client sets in the golden words', () => {
  for (const [name, text] of messages('set')) {
    test(name, (t) => {
      const { world, rig } = clientOf(t, golden('hello'));
      const { type, seq, traceparent, ...change } = JSON.parse(text);
      world.socket.open();
      world.socket.hear(golden('snapshot_empty'));
      rig.change(change);
      const untraced = text.replace(`,"traceparent":"${traceparent}"`, '');
      assert.equal(world.socket.texts[1].text, untraced.replace(`"seq":${seq}`, '"seq":1'));
      rig.close();
    });
  }
});

test('a message that lacks a member, or has nonsense in it, is not half understood', () => {
  const needed = {
    snapshot: ['epoch', 'revision'],
    delta: ['epoch', 'prev', 'revision'],
    beacon: ['epoch', 'revision', 'digests'],
    ack: ['seq', 'position'],
    error: ['code', 'message'],
  };
  for (const [name, text] of messages(...Object.keys(needed))) {
    const message = JSON.parse(text);
    for (const member of needed[message.type]) {
      for (const nonsense of [undefined, null, -1, 'x\n', [7]]) {
        if (['code', 'message'].includes(member) && nonsense === 'x\n') continue; // any text will do
        const spoilt = JSON.stringify({ ...message, [member]: nonsense });
        assert.throws(() => read(spoilt), TypeError, `${name}: ${spoilt}`);
      }
    }
  }
  for (const text of ['', '{', 'null', '[object Blob]']) assert.throws(() => read(text), `${text}`);
  const noDimmers = [{ 0: 1 }, { 65536: 1 }, { '01': 1 }, { x: 1 }];
  const noLevels = [{ 1: 100.01 }, { 1: -0.01 }, { 1: '5' }, { 1: true }];
  for (const levels of [...noDimmers, ...noLevels, null, -1, 'x', [7]]) {
    const text = JSON.stringify({ type: 'delta', epoch: 1, prev: 0, revision: 1, levels, origins: [] });
    assert.throws(() => read(text), TypeError, text);
  }
});

test('a list of consoles that cannot be read is passed over', () => {
  for (const consoles of [undefined, null, 7, [null], [{ name: 'Booth' }], [{ name: 7, kind: 'desk', since: 1 }]]) {
    assert.equal(read(JSON.stringify({ type: 'presence', total: 1, consoles })), null);
  }
});

test('a timing that cannot be read is passed over, and the acknowledgement counts', () => {
  const ack = JSON.parse(golden('ack_timing'));
  assert.deepEqual(read(golden('ack_timing')).timing, { log: 2, fold: 0.02, echo: 1.093 });
  const partly = [{ ...ack.timing, log: -1 }, { ...ack.timing, echo: '1' }, { log: 1, fold: 1 }];
  for (const timing of [null, 7, [], {}, ...partly]) {
    assert.deepEqual(read(JSON.stringify({ ...ack, timing })), read(golden('ack')));
  }
});

test('there are golden files of every type that a page hears or says', () => {
  const types = new Set(GOLDEN.map(([, text]) => JSON.parse(text).type));
  for (const type of [...SERVER, 'hello', 'set']) assert.ok(types.has(type), type);
});
