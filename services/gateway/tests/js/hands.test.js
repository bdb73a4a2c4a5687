// Hands on faders, against a rig that is made of two maps.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Hands, MASTER } from '../../console/hands.js';

/** A rig that notes what it is asked for, and answers when told to. */
class FakeRig {
  state = 'live';
  /** @type {string | null} */
  position = '1-1';
  master = 100;
  blackout = false;
  /** @type {Map<number, number>} */
  levels = new Map();
  /** @type {object[]} */
  asked = [];
  /** @type {Set<string>} */
  open = new Set();

  set(/** @type {Record<number, number | null>} */ levels) {
    this.asked.push(levels);
    for (const dimmer of Object.keys(levels)) this.open.add(`levels ${dimmer}`);
  }

  change(/** @type {object} */ wish) {
    this.asked.push(wish);
    this.open.add('master undefined');
  }

  pending(/** @type {string} */ kind, /** @type {number | undefined} */ dimmer) {
    return this.open.has(`${kind} ${dimmer}`);
  }
}

function setUp(/** @type {Record<number, number>} */ levels = {}) {
  const rig = new FakeRig();
  for (const [dimmer, level] of Object.entries(levels)) rig.levels.set(Number(dimmer), level);
  const hands = new Hands(() => /** @type {any} */ (rig), () => {});
  /** The rig does this, asked by us or by somebody else. */
  const happens = (/** @type {number} */ dimmer, /** @type {number | null} */ level, own = false, by = 'Stalls') => {
    if (level === null) rig.levels.delete(dimmer);
    else rig.levels.set(dimmer, level);
    if (own) rig.open.delete(`levels ${dimmer}`);
    hands.rigMoved(dimmer, own, by);
    hands.settle();
  };
  return { rig, hands, happens };
}

test('a drag comes to whole percents; going back to the start is the very level it had', () => {
  const { rig, hands } = setUp({ 1: 12.34 });
  hands.grab(1, [1]);
  hands.move(1, 310);
  assert.equal(hands.shown(1), 1500);
  hands.move(1, 0);
  assert.equal(hands.shown(1), 1234);
  assert.deepEqual(rig.asked, [{ 1: 15 }, { 1: 12.34 }]);
});

test('a group moves as one, in one set', () => {
  const { rig, hands } = setUp({ 1: 10, 2: 95.5 });
  hands.grab(1, [1, 2, 3]);
  assert.equal(hands.move(1, 2000), 2000);
  assert.deepEqual(rig.asked, [{ 1: 30, 2: 100, 3: 20 }]);
  hands.move(1, 100);
  assert.deepEqual(rig.asked[1], { 1: 11, 2: 96.5, 3: 1 }, 'the difference is back');
  hands.release(1);
});

test('two fingers hold two faders; one that is taken over leaves its group', () => {
  const { rig, hands } = setUp({ 1: 10, 2: 20 });
  hands.grab(1, [1, 2]);
  hands.grab(2, [2]);
  hands.move(1, 500);
  hands.move(2, 1000);
  assert.deepEqual(rig.asked, [{ 1: 15 }, { 2: 30 }]);
});

test('somebody else on a held fader is a ghost with a name, and the rig counts after release', () => {
  const { hands, happens } = setUp({ 1: 50 });
  hands.grab(1, [1]);
  happens(1, 77);
  assert.equal(hands.shown(1), 5000);
  assert.deepEqual(hands.ghost(1), { level: 7700, by: 'Stalls' });
  hands.release(1);
  assert.equal(hands.shown(1), 7700);
  assert.equal(hands.ghost(1), null);
});

test('after release the level stays until the rig has answered', () => {
  const { hands, happens } = setUp({ 1: 50 });
  hands.grab(1, [1]);
  hands.move(1, 1000);
  hands.release(1);
  assert.equal(hands.shown(1), 6000);
  happens(1, 60, true);
  happens(1, 5);
  assert.equal(hands.shown(1), 500);
  hands.drop();
});

test('a flash is full as long as it is held, then what it was, even if it was nothing', () => {
  const { rig, hands, happens } = setUp({ 1: 30 });
  hands.flash('bump 1', [1, 2]);
  assert.deepEqual(rig.asked, [{ 1: 100, 2: 100 }]);
  happens(1, 100, true);
  happens(2, 100, true);
  hands.release('bump 1');
  assert.deepEqual(rig.asked[1], { 1: 30, 2: null });
  hands.drop();
});

test('what somebody else set during a flash stays', () => {
  const { rig, hands, happens } = setUp({ 1: 30 });
  hands.flash('bump 1', [1]);
  happens(1, 100, true);
  happens(1, 55);
  hands.release('bump 1');
  assert.equal(rig.asked.length, 1);
  assert.equal(hands.shown(1), 5500);
});

test('the master is a fader like the others', () => {
  const { rig, hands } = setUp();
  hands.grab(MASTER, [MASTER]);
  hands.move(MASTER, -2000);
  assert.deepEqual(rig.asked, [{ master: 80 }]);
  assert.equal(hands.shown(MASTER), 8000);
  hands.drop();
});

test('nothing is taken while the rig is away, and what was in hand is dropped', () => {
  const { rig, hands } = setUp({ 1: 50 });
  hands.grab(1, [1]);
  hands.flash('bump 2', [2]);
  rig.asked.length = 0;
  rig.state = 'offline';
  hands.drop();
  hands.move(1, 1000);
  hands.release(1);
  hands.release('bump 2');
  hands.set([1], 10000);
  assert.deepEqual(rig.asked, []);
  assert.equal(hands.shown(1), 5000);
  assert.ok(!hands.busy);
});

test('a flash over a flash goes back to what was before both', () => {
  const { rig, hands } = setUp({ 1: 20, 2: 30 });
  hands.flash('bump 1', [1]);
  hands.flash('tool flash', [1, 2, 3]);
  hands.release('bump 1');
  hands.release('tool flash');
  assert.deepEqual(rig.asked.at(-1), { 1: 20, 2: 30, 3: null });
  hands.drop();
});

test('a hand that takes a flashed fader takes it where it is', () => {
  const { rig, hands } = setUp({ 1: 20 });
  hands.flash('bump 1', [1]);
  hands.grab(1, [1]);
  hands.move(1, -500);
  hands.release('bump 1');
  hands.release(1);
  assert.deepEqual(rig.asked, [{ 1: 100 }, { 1: 95 }]);
  hands.drop();
});

test('a grand master that was never heard has no level', () => {
  const { rig, hands } = setUp();
  rig.position = null;
  assert.equal(hands.shown(MASTER), null);
});

test('the blackout turns with each press, but not for who presses at the same time as somebody else', () => {
  const { rig, hands } = setUp();
  hands.turnBlackout();
  rig.blackout = true;
  hands.turnBlackout();
  rig.blackout = true;
  hands.blackoutTurned();
  hands.turnBlackout();
  rig.state = 'stale';
  hands.turnBlackout();
  assert.deepEqual(rig.asked, [{ blackout: true }, { blackout: false }, { blackout: true }]);
});

test('whoever drops all learns what was flashed, once', () => {
  const { hands } = setUp({ 1: 20, 2: 30 });
  hands.flash('bump 1', [1, 3]);
  hands.grab(2, [2]);
  assert.deepEqual(hands.drop(), [1, 3]);
  assert.deepEqual(hands.drop(), []);
});

test('a fader in the hand that has no level yet shows none, whatever others make of it meanwhile', () => {
  const { hands, happens } = setUp();
  hands.grab(1, [1]);
  happens(1, 4);
  assert.equal(hands.shown(1), null);
  assert.deepEqual(hands.ghost(1), { level: 400, by: 'Stalls' });
  hands.move(1, 150);
  assert.equal(hands.shown(1), 200);
});
