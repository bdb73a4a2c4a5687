// What a client asks of its rig: paced, newest wins, the last always goes, and every asking has exactly one outcome.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ledger, shown } from './support/ledger.js';
import { World, settled } from './support/world.js';

/** Watches a promise: how often it came to what. */
function watched(promise) {
  const outcomes = [];
  promise.then((position) => outcomes.push(position), ({ code, message }) => outcomes.push({ code, message }));
  return outcomes;
}

/** The rig's answer to a set of the client: the change happens, its echo comes, and then the acknowledgement. */
function happen(world, ledger, { seq, type, ...change }) {
  world.socket.hear(ledger.change(change, [{ client: 'console-1', seq }]));
  world.socket.hear({ type: 'ack', seq, position: ledger.position });
}

describe('asking', () => {
  test('a set leaves at once, and is done when it is acknowledged', async (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.live(ledger);
    const wish = { levels: { 1: 75, 2: null }, labels: { 1: 'Front wash', 2: null }, master: 80, blackout: true };
    const outcomes = watched(rig.change(wish));
    const set = { type: 'set', seq: 1, ...wish };
    assert.deepEqual(world.socket.sets, [set]);
    assert.equal(rig.levels.size, 0, 'nothing is shown before its echo');
    await settled();
    assert.deepEqual(outcomes, []);

    happen(world, ledger, set);
    assert.deepEqual(shown(rig), ledger.map);
    world.socket.hear({ type: 'ack', seq: 1, position: ledger.position });
    await settled();
    assert.deepEqual(outcomes, [ledger.position]);
    rig.close();
    await settled();
    assert.deepEqual(outcomes, [ledger.position], 'exactly once');
  });

  test('levels come as an object or as a map, and are rounded to hundredths', (t) => {
    const world = new World(t);
    const rig = world.live(new Ledger());
    rig.set(new Map([[1, 33.333], [65535, 100]]));
    assert.deepEqual(world.socket.sets[0].levels, { 1: 33.33, 65535: 100 });
    rig.close();
  });

  test('what cannot be asked throws, names it, and asks nothing', (t) => {
    const world = new World(t);
    const rig = world.live(new Ledger());
    for (const [wish, name] of [
      [{ levels: { 1: 50, 7: 100.01 } }, /100.01.*for 7/],
      [{ levels: { 7: -0.01 } }, /for 7/],
      [{ levels: { 7: '50' } }, /for 7/],
      [{ levels: { 7: NaN } }, /NaN.*for 7/],
      [{ levels: { 7: undefined } }, /for 7/],
      [{ levels: { 0: 50 } }, /"0"/],
      [{ levels: { 65536: 50 } }, /"65536"/],
      [{ levels: { '01': 50 } }, /"01"/],
      [{ levels: { 1.5: 50 } }, /"1.5"/],
      [{ levels: { all: 50 } }, /"all"/],
      [{ levels: null }, /null/],
      [{ levels: 50 }, /50/],
      [{ labels: { 7: '' } }, /for 7/],
      [{ labels: { 7: 'a'.repeat(41) } }, /for 7/],
      [{ labels: { 7: 'a\nb' } }, /for 7/],
      [{ labels: { 7: 5 } }, /for 7/],
      [{ master: null }, /master/],
      [{ master: 101 }, /master/],
      [{ blackout: 'yes' }, /blackout/],
      [{ level: { 1: 50 } }, /"level"/],
    ]) {
      assert.throws(() => rig.change(wish), { name: 'TypeError', message: name }, JSON.stringify(wish));
    }
    world.pass(1000);
    assert.deepEqual(world.socket.sets, []);
    rig.close();
  });

  test('forty characters are forty for the rig too, however they are encoded', (t) => {
    const world = new World(t);
    const rig = world.live(new Ledger());
    rig.change({ labels: { 1: '𝄞'.repeat(40) } });
    assert.equal(world.socket.sets.length, 1);
    rig.close();
  });
});

describe('the pace', () => {
  test('a fader that moves all the time sends 44 times a second, the newest level, and its last', (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.live(ledger);
    let level = 0;
    for (let ms = 0; ms < 3000; ms += 2) {
      rig.set({ 1: (level = ms / 30) });
      world.pass(2);
      for (const set of world.socket.sets.slice(ledger.revision)) happen(world, ledger, set);
    }
    world.pass(1000);
    for (const set of world.socket.sets.slice(ledger.revision)) happen(world, ledger, set);

    const times = world.socket.texts.slice(1).map(({ at_ms }) => at_ms);
    for (const from of times) {
      const within = times.filter((at_ms) => at_ms >= from && at_ms < from + 1000).length;
      assert.ok(within <= 44, `${within} sets within a second`);
    }
    assert.ok(times.length > 3 * 35, `only ${times.length} sets in three seconds`);
    assert.equal(rig.levels.get(1), Math.round(level * 100) / 100, 'the last level is the one that stays');
    const levels = world.socket.sets.map(({ levels }) => levels[1]);
    assert.deepEqual(levels, [...levels].sort((a, b) => a - b), 'none is sent after a newer one');
    rig.close();
  });

  test('what is asked meanwhile gathers in one set, and each asking has its outcome', async (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.live(ledger);
    const first = watched(rig.set({ 1: 10 }));
    const superseded = watched(rig.set({ 1: 20, 2: 20 }));
    const last = watched(rig.change({ levels: { 1: 30 }, master: 50 }));
    assert.deepEqual(world.socket.sets, [{ type: 'set', seq: 1, levels: { 1: 10 } }]);
    world.pass(23);
    assert.deepEqual(world.socket.sets[1], { type: 'set', seq: 2, levels: { 1: 30, 2: 20 }, master: 50 });
    world.pass(1000);
    assert.equal(world.socket.sets.length, 2);

    for (const set of world.socket.sets) happen(world, ledger, set);
    await settled();
    assert.deepEqual(first, [`${ledger.epoch}-1`]);
    assert.deepEqual(superseded, [`${ledger.epoch}-2`]);
    assert.deepEqual(last, [`${ledger.epoch}-2`]);
    assert.deepEqual(shown(rig), { levels: { 1: 30, 2: 20 }, labels: {}, master: 50, blackout: false });
    rig.close();
  });

  test('with 24 unanswered the newest waits for an answer, not for the clock', (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.live(ledger);
    for (let level = 1; level <= 40; level += 1) {
      rig.set({ 1: level });
      world.pass(30);
    }
    assert.equal(world.socket.sets.length, 24);
    happen(world, ledger, world.socket.sets[0]);
    assert.deepEqual(world.socket.sets[24], { type: 'set', seq: 25, levels: { 1: 40 } });
    rig.close();
  });

  test('with a full socket the newest waits until the network has taken what it has', (t) => {
    const world = new World(t);
    const rig = world.live(new Ledger());
    world.socket.bufferedAmount = 4097;
    rig.set({ 1: 10 });
    world.pass(500);
    rig.set({ 1: 20 });
    world.pass(500);
    assert.deepEqual(world.socket.sets, []);
    world.socket.bufferedAmount = 4096;
    world.pass(10);
    assert.deepEqual(world.socket.sets, [{ type: 'set', seq: 1, levels: { 1: 20 } }]);
    rig.close();
  });
});

describe('outcomes', () => {
  test('refused: with the code and the words of the rig, for that asking and for everyone', async (t) => {
    const world = new World(t);
    const rig = world.live(new Ledger());
    const outcomes = watched(rig.set({ 1: 10 }));
    const refusal = { code: 'rig_limit', message: 'there are too many rigs' };
    world.socket.hear({ type: 'error', seq: 1, ...refusal });
    await settled();
    assert.deepEqual(outcomes, [refusal]);
    assert.equal(rig.pending('levels', 1), false);
    world.socket.hear({ type: 'error', code: 'bad_input', message: 'what?' });
    const [ours, nobodys] = world.details('refused');
    const { asked, ...told } = ours;
    assert.deepEqual([told, [...asked.levels]], [{ ...refusal, seq: 1 }, [[1, 10]]], 'with what was asked for');
    assert.deepEqual(nobodys, { code: 'bad_input', message: 'what?', asked: undefined });
    assert.equal(rig.state, 'live');
    rig.close();
  });

  test('while not live nothing is sent, and nothing is kept for later', async (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.connect();
    const outcomes = { offline: watched(rig.set({ 1: 1 })) };
    world.socket.open();
    outcomes.resuming = watched(rig.set({ 1: 2 }));
    world.socket.hear(ledger.snapshot());
    world.pass(3000);
    outcomes.stale = watched(rig.set({ 1: 3 }));
    await settled();
    for (const [state, [outcome]] of Object.entries(outcomes)) {
      assert.equal(outcome.code, 'offline', state);
      assert.match(outcome.message, new RegExp(state));
    }
    world.socket.hear(ledger.beacon());
    world.pass(1000);
    assert.equal(rig.state, 'live');
    assert.deepEqual(world.socket.sets, []);
    assert.equal(rig.pending('levels', 1), false);
    rig.close();
  });

  for (const [name, lose] of [
    ['a lost connection', (world) => world.socket.end()],
    ['a gap', (world, ledger) => world.socket.hear({ ...ledger.beacon(), revision: 99 })],
    ['closing', (world, ledger, rig) => rig.close()],
  ]) {
    test(`${name}: what is under way is unknown, what was not sent is not`, async (t) => {
      const world = new World(t);
      const ledger = new Ledger();
      const rig = world.live(ledger);
      const underWay = watched(rig.set({ 1: 10 }));
      const unsent = watched(rig.set({ 2: 20 }));
      lose(world, ledger, rig);
      assert.equal(rig.pending('levels', 1) || rig.pending('levels', 2), false);
      await settled();
      assert.deepEqual(underWay.map(({ code }) => code), ['unknown']);
      assert.deepEqual(unsent.map(({ code }) => code), ['offline']);
      rig.close();
    });
  }

  test('stale: what is under way may still be answered, what was not sent is not kept', async (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.live(ledger);
    const underWay = watched(rig.set({ 1: 10 }));
    world.socket.bufferedAmount = 9999;
    const unsent = watched(rig.set({ 2: 20 }));
    world.pass(3000);
    assert.equal(rig.state, 'stale');
    await settled();
    assert.deepEqual(unsent.map(({ code }) => code), ['offline']);
    assert.deepEqual(underWay, []);
    world.socket.bufferedAmount = 0;
    happen(world, ledger, world.socket.sets[0]);
    world.pass(100);
    await settled();
    assert.deepEqual(underWay, [ledger.position]);
    assert.equal(world.socket.sets.length, 1);
    rig.close();
  });

  test('an answer after the connection is back is not taken for that of an earlier set', async (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.live(ledger);
    rig.set({ 1: 10 });
    world.socket.end();
    world.pass(world.next_ms);
    world.socket.open();
    world.socket.hear(ledger.beacon());
    const outcomes = watched(rig.set({ 1: 20 }));
    assert.equal(world.socket.sets[0].seq, 2, 'numbers are not used twice');
    world.socket.hear({ type: 'ack', seq: 1, position: `${ledger.epoch}-1` });
    await settled();
    assert.deepEqual(outcomes, []);
    rig.close();
  });

  test('who does not look at an outcome is not troubled by it', async (t) => {
    const world = new World(t);
    const troubles = [];
    const hear = (reason) => troubles.push(reason);
    process.prependListener('unhandledRejection', hear);
    t.after(() => process.off('unhandledRejection', hear));
    const rig = world.connect();
    rig.set({ 1: 1 });
    world.socket.open();
    world.socket.hear(new Ledger().snapshot());
    rig.set({ 1: 2 });
    rig.set({ 1: 3 });
    world.socket.hear({ type: 'error', seq: 1, code: 'changed', message: 'no' });
    rig.set({ 1: 4 });
    rig.close();
    await settled();
    await settled();
    assert.deepEqual(troubles, []);
  });
});

describe('pending', () => {
  const kinds = [['levels', 1], ['labels', 1], ['master'], ['blackout']];
  const pending = (rig) => kinds.map(([kind, dimmer]) => rig.pending(kind, dimmer));

  test('from the asking until it is acknowledged', (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.live(ledger);
    rig.set({ 9: 9 }); // the next ones have to wait
    const wishes = [{ levels: { 1: 1 } }, { labels: { 1: 'x' } }, { master: 1 }, { blackout: true }];
    for (const [at, wish] of wishes.entries()) {
      assert.deepEqual(pending(rig), kinds.map((_, other) => other < at));
      rig.change(wish);
    }
    assert.equal(rig.pending('levels', 2) || rig.pending('labels', 2), false);
    world.pass(23);
    const [first, second] = world.socket.sets;
    happen(world, ledger, first);
    assert.deepEqual(pending(rig), [true, true, true, true]);
    world.socket.hear(ledger.change(second, [{ client: 'console-1', seq: 2 }]));
    assert.deepEqual(pending(rig), [true, true, true, true], 'its echo may be of an older one: the answer counts');
    world.socket.hear({ type: 'ack', seq: 2, position: ledger.position });
    assert.deepEqual(pending(rig), [false, false, false, false]);
    rig.close();
  });

  test('until the map has it, when the answer comes first', async (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.live(ledger);
    const outcomes = watched(rig.set({ 1: 10 }));
    const delta = ledger.change({ levels: { 1: 10 } }, [{ client: 'console-1', seq: 1 }]);
    world.pass(5);
    world.socket.hear({ type: 'ack', seq: 1, position: ledger.position });
    await settled();
    assert.deepEqual(outcomes, [ledger.position]);
    assert.equal(rig.pending('levels', 1), true);
    world.pass(3);
    world.socket.hear({ type: 'ack', seq: 1, position: ledger.position }); // a second time, which is nothing new
    let atChange = null;
    rig.addEventListener('change', () => (atChange = rig.pending('levels', 1)));
    world.socket.hear(delta);
    assert.equal(atChange, false, 'who hears of the change finds it settled');
    assert.deepEqual(world.details('ack'), [{ ms: 5, echoMs: undefined, timing: undefined }]);
    assert.deepEqual(world.details('echo'), [{ ms: 8, ackMs: 5 }]);
    rig.close();
  });

  test('a delta that catches up, and knows no origins, does not end it too soon', (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.live(ledger);
    rig.set({ 1: 10 });
    world.pass(23);
    rig.set({ 1: 20 });
    ledger.change({ levels: { 1: 10 } });
    ledger.change({ levels: { 2: 50 } });
    world.socket.hear(ledger.delta(0));
    world.socket.hear({ type: 'ack', seq: 1, position: `${ledger.epoch}-1` });
    assert.equal(rig.pending('levels', 1), true, 'the second move is not in it');
    ledger.change({ levels: { 1: 20 } });
    world.socket.hear(ledger.delta(2));
    world.socket.hear({ type: 'ack', seq: 2, position: ledger.position });
    assert.equal(rig.pending('levels', 1), false);
    rig.close();
  });
});

describe('echoes', () => {
  test('one\'s own is known, told as own, and timed', (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.live(ledger);
    rig.set({ 1: 10 });
    world.pass(7);
    world.socket.hear(ledger.change({ levels: { 1: 10 } }, [{ client: 'console-1', seq: 1 }]));
    world.pass(2);
    world.socket.hear({ type: 'ack', seq: 1, position: ledger.position });
    const [own] = world.details('change').at(-1).origins;
    assert.deepEqual(own, { client: 'console-1', seq: 1, own: true, items: { levels: [1] } });
    assert.deepEqual(world.details('echo'), [{ ms: 7, ackMs: undefined }]);
    assert.deepEqual(world.details('ack'), [{ ms: 9, echoMs: 7, timing: undefined }]);
    rig.close();
  });

  test('an acknowledgement tells what the servers took, if it is wanted', (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.live(ledger, { timing: true });
    assert.deepEqual(world.socket.messages[0].want, ['timing']);
    rig.set({ 1: 10 });
    world.pass(4);
    world.socket.hear(ledger.change({ levels: { 1: 10 } }, [{ client: 'console-1', seq: 1 }]));
    world.pass(3);
    const timing = { log: 5.5, fold: 0.012, echo: 2 };
    world.socket.hear({ type: 'ack', seq: 1, position: ledger.position, timing: { ...timing, more: 1 } });
    assert.deepEqual(world.details('ack'), [{ ms: 7, echoMs: 4, timing }]);
    // One that catches up, and knows no origins, has no echo to time.
    rig.set({ 1: 20 });
    world.pass(30);
    world.socket.hear(ledger.change({ levels: { 1: 20 } }));
    world.socket.hear({ type: 'ack', seq: 2, position: ledger.position, timing });
    assert.deepEqual(world.details('ack').at(-1), { ms: 14, echoMs: undefined, timing });
    rig.close();
  });

  test('another\'s with the same number is not', (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.live(ledger);
    rig.set({ 1: 10 });
    world.socket.hear(ledger.change({ levels: { 1: 90 } }, [{ client: 'console-2', seq: 1 }]));
    assert.equal(world.details('change').at(-1).origins[0].own, false);
    assert.deepEqual(world.details('echo'), []);
    assert.equal(rig.pending('levels', 1), true);
    rig.close();
  });

  test('two in one delta are two, and each is timed once', (t) => {
    const world = new World(t);
    const ledger = new Ledger();
    const rig = world.live(ledger);
    rig.set({ 1: 10 });
    world.pass(30);
    rig.set({ 2: 20 });
    world.pass(5);
    const origins = [1, 2].map((seq) => ({ client: 'console-1', seq, items: { levels: [seq] } }));
    ledger.change({ levels: { 1: 10 } });
    world.socket.hear(ledger.delta(0, origins.slice(0, 1)));
    ledger.change({ levels: { 2: 20 } });
    world.socket.hear(ledger.delta(0, origins));
    assert.deepEqual(world.details('echo').map(({ ms }) => ms), [35, 5]);
    rig.close();
  });
});
