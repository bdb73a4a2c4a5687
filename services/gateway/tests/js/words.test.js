// The kind `words`: only for a page that asks for it, held to the digests of the rig, and large.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS, Replica, read } from '../../console/ghostlight.js';
import { golden } from './support/golden.js';
import { digests } from './support/ledger.js';
import { World } from './support/world.js';

const ALL = [...KINDS.keys()];

/** A replica with the golden words. */
function withWords(kinds = ALL) {
  const replica = new Replica(kinds);
  assert.equal(replica.take(read(golden('snapshot_words'))), 'applied');
  return replica;
}

test('a page that names no kinds does not follow words', (t) => {
  assert.deepEqual(new Replica().kinds, ['levels', 'labels', 'master', 'blackout']);
  assert.equal(withWords(undefined).words.size, 3 - 1, 'named, they are held');
  const replica = new Replica();
  replica.take(read(golden('snapshot_words')));
  assert.equal(replica.words.size, 0);
  const world = new World(t);
  world.connect();
  world.socket.open();
  assert.equal(world.socket.messages[0].kinds, undefined, 'the server decides');
});

test('the golden messages with words are followed, and proved by the digest of the rig', () => {
  const replica = withWords();
  assert.deepEqual(Object.fromEntries(replica.words), JSON.parse(golden('snapshot_words')).words);
  const { digests: expected } = JSON.parse(golden('beacon_words'));
  assert.equal(replica.digests.words, expected.words);
  assert.equal(replica.take(read(golden('beacon_words'))), 'had');
  assert.equal(replica.take(read(golden('delta_words'))), 'applied');
  assert.deepEqual([...replica.words.keys()].sort(), ['dark', 'front wash']);
});

test('the digest does not depend on how the words came, and takes words of every script', () => {
  const words = { dark: {}, 'bühne 2': { 65535: 100, 1: 0.01, 256: 33.3 }, '照明': { 7: 50 }, '𝄞 ♪ a': { 2: 12.34 }, __proto: { 1: 1 } };
  const all = new Replica(ALL);
  all.take(read(JSON.stringify({ type: 'snapshot', epoch: 1, revision: 1, words })));
  const one = new Replica(ALL);
  one.take(read(JSON.stringify({ type: 'snapshot', epoch: 1, revision: 0, words: { dark: { 1: 5 }, gone: { 1: 1 } } })));
  Object.entries({ ...words, gone: null }).reverse().forEach(([word, look], i) => {
    const delta = { type: 'delta', epoch: 1, prev: i, revision: i + 1, words: { [word]: look }, origins: [] };
    assert.equal(one.take(read(JSON.stringify(delta))), 'applied');
  });
  assert.equal(one.digests.words, all.digests.words);
  assert.equal(all.digests.words, digests({ levels: {}, labels: {}, master: 100, blackout: false, words }).words);
});

test('a name of JavaScript itself is a word like any other', () => {
  const text = '{"type":"snapshot","epoch":1,"revision":1,"words":{"__proto__":{"1":50},"constructor":{}}}';
  const replica = new Replica(ALL);
  replica.take(read(text));
  assert.deepEqual([...replica.words.keys()], ['__proto__', 'constructor']);
  assert.deepEqual(replica.words.get('__proto__'), { 1: 50 });
});

describe('a change of words', () => {
  test('renaming is one change, and tells who made it', (t) => {
    const world = new World(t);
    const rig = world.connect({ kinds: ['levels', 'words'] });
    world.socket.open();
    world.socket.hear({ type: 'snapshot', epoch: 7, revision: 1, levels: {}, words: { wash: { 1: 100 } } });
    rig.change({ words: { cyc: rig.words.get('wash') ?? {}, wash: null } });
    assert.deepEqual(world.socket.sets, [{ type: 'set', seq: 1, words: { cyc: { 1: 100 }, wash: null } }]);
    assert.ok(rig.pending('words', 'cyc'));
    const origins = [{ client: 'console-1', seq: 1 }];
    world.socket.hear({ type: 'delta', epoch: 7, prev: 1, revision: 2, words: { cyc: { 1: 100 }, wash: null }, origins });
    const change = world.details('change').at(-1);
    assert.deepEqual([...change.words], [['cyc', { 1: 100 }], ['wash', null]]);
    assert.deepEqual(change.origins[0].items.words, ['cyc', 'wash']);
    rig.close();
  });

  test('what is no word and no look is refused', (t) => {
    const rig = new World(t).connect();
    for (const words of [{ '': {} }, { 'a\n': {} }, { a: 5 }, { a: [] }, { a: { 0: 1 } }, { a: { 1: 101 } }, { a: { '01': 1 } }, { a: { 1e3: '5' } }]) {
      assert.throws(() => rig.change({ words }), TypeError, JSON.stringify(words));
    }
    rig.close();
  });

  test('levels of a look are whole hundredths', (t) => {
    const world = new World(t);
    const rig = world.connect({ kinds: ['words'] });
    world.socket.open();
    world.socket.hear({ type: 'snapshot', epoch: 7, revision: 1 });
    rig.change({ words: { third: { 1: 100 / 3, 2: 50 } } });
    assert.deepEqual(world.socket.sets[0].words, { third: { 1: 33.33, 2: 50 } });
    rig.close();
  });
});

test('a hundred thousand words are taken', () => {
  const look = (i) => ({ [(i % 65535) + 1]: 100, [((i * 7) % 65535) + 1]: 50 });
  const words = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`word ${i}`, look(i)]));
  const replica = new Replica(ALL);
  replica.take(read(JSON.stringify({ type: 'snapshot', epoch: 1, revision: 1, words })));
  assert.equal(replica.words.size, 100_000);
});
