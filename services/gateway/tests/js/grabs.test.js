// Grabs on faders, against a rig that is made of two maps.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Grabs, MASTER } from '../../console/grabs.js';

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
  const grabs = new Grabs(() => /** @type {any} */ (rig), () => {});
  /** The rig does this, asked by us or by somebody else. */
  const happens = (/** @type {number} */ dimmer, /** @type {number | null} */ level, own = false, by = 'Stalls') => {
    if (level === null) rig.levels.delete(dimmer);
    else rig.levels.set(dimmer, level);
    if (own) rig.open.delete(`levels ${dimmer}`);
    grabs.rigMoved(dimmer, own, by);
    grabs.settle();
  };
  return { rig, grabs, happens };
}

test('a drag comes to whole percents; going back to the start is the very level it had', () => {
  const { rig, grabs } = setUp({ 1: 12.34 });
  grabs.grab(1, [1]);
  grabs.move(1, 310);
  assert.equal(grabs.shown(1), 1500);
  grabs.move(1, 0);
  assert.equal(grabs.shown(1), 1234);
  assert.deepEqual(rig.asked, [{ 1: 15 }, { 1: 12.34 }]);
});

test('a group moves as one, in one set', () => {
  const { rig, grabs } = setUp({ 1: 10, 2: 95.5 });
  grabs.grab(1, [1, 2, 3]);
  assert.equal(grabs.move(1, 2000), 2000);
  assert.deepEqual(rig.asked, [{ 1: 30, 2: 100, 3: 20 }]);
  grabs.move(1, 100);
  assert.deepEqual(rig.asked[1], { 1: 11, 2: 96.5, 3: 1 }, 'the difference is back');
  grabs.release(1);
});

test('two fingers hold two faders; one that is taken over leaves its group', () => {
  const { rig, grabs } = setUp({ 1: 10, 2: 20 });
  grabs.grab(1, [1, 2]);
  grabs.grab(2, [2]);
  grabs.move(1, 500);
  grabs.move(2, 1000);
  assert.deepEqual(rig.asked, [{ 1: 15 }, { 2: 30 }]);
});

test('somebody else on a held fader is a ghost with a name, and the rig counts after release', () => {
  const { grabs, happens } = setUp({ 1: 50 });
  grabs.grab(1, [1]);
  happens(1, 77);
  assert.equal(grabs.shown(1), 5000);
  assert.deepEqual(grabs.ghost(1), { level: 7700, by: 'Stalls' });
  grabs.release(1);
  assert.equal(grabs.shown(1), 7700);
  assert.equal(grabs.ghost(1), null);
});

test('after release the level stays until the rig has answered', () => {
  const { grabs, happens } = setUp({ 1: 50 });
  grabs.grab(1, [1]);
  grabs.move(1, 1000);
  grabs.release(1);
  assert.equal(grabs.shown(1), 6000);
  happens(1, 60, true);
  happens(1, 5);
  assert.equal(grabs.shown(1), 500);
  grabs.drop();
});

test('a flash is full as long as it is held, then what it was, even if it was nothing', () => {
  const { rig, grabs, happens } = setUp({ 1: 30 });
  grabs.flash('bump 1', [1, 2]);
  assert.deepEqual(rig.asked, [{ 1: 100, 2: 100 }]);
  happens(1, 100, true);
  happens(2, 100, true);
  grabs.release('bump 1');
  assert.deepEqual(rig.asked[1], { 1: 30, 2: null });
  grabs.drop();
});

test('what somebody else set during a flash stays', () => {
  const { rig, grabs, happens } = setUp({ 1: 30 });
  grabs.flash('bump 1', [1]);
  happens(1, 100, true);
  happens(1, 55);
  grabs.release('bump 1');
  assert.equal(rig.asked.length, 1);
  assert.equal(grabs.shown(1), 5500);
});

test('the master is a fader like the others', () => {
  const { rig, grabs } = setUp();
  grabs.grab(MASTER, [MASTER]);
  grabs.move(MASTER, -2000);
  assert.deepEqual(rig.asked, [{ master: 80 }]);
  assert.equal(grabs.shown(MASTER), 8000);
  grabs.drop();
});

test('nothing is taken while the rig is away, and what was in hand is dropped', () => {
  const { rig, grabs } = setUp({ 1: 50 });
  grabs.grab(1, [1]);
  grabs.flash('bump 2', [2]);
  rig.asked.length = 0;
  rig.state = 'offline';
  grabs.drop();
  grabs.move(1, 1000);
  grabs.release(1);
  grabs.release('bump 2');
  grabs.set([1], 10000);
  assert.deepEqual(rig.asked, []);
  assert.equal(grabs.shown(1), 5000);
  assert.ok(!grabs.busy);
});

test('a flash over a flash goes back to what was before both', () => {
  const { rig, grabs } = setUp({ 1: 20, 2: 30 });
  grabs.flash('bump 1', [1]);
  grabs.flash('tool flash', [1, 2, 3]);
  grabs.release('bump 1');
  grabs.release('tool flash');
  assert.deepEqual(rig.asked.at(-1), { 1: 20, 2: 30, 3: null });
  grabs.drop();
});

test('a hand that takes a flashed fader takes it where it is', () => {
  const { rig, grabs } = setUp({ 1: 20 });
  grabs.flash('bump 1', [1]);
  grabs.grab(1, [1]);
  grabs.move(1, -500);
  grabs.release('bump 1');
  grabs.release(1);
  assert.deepEqual(rig.asked, [{ 1: 100 }, { 1: 95 }]);
  grabs.drop();
});

test('a grand master that was never heard has no level', () => {
  const { rig, grabs } = setUp();
  rig.position = null;
  assert.equal(grabs.shown(MASTER), null);
});

test('the blackout turns with each press, but not for who presses at the same time as somebody else', () => {
  const { rig, grabs } = setUp();
  grabs.turnBlackout();
  rig.blackout = true;
  grabs.turnBlackout();
  rig.blackout = true;
  grabs.blackoutTurned();
  grabs.turnBlackout();
  rig.state = 'stale';
  grabs.turnBlackout();
  assert.deepEqual(rig.asked, [{ blackout: true }, { blackout: false }, { blackout: true }]);
});

test('whoever drops all learns what was flashed, once', () => {
  const { grabs } = setUp({ 1: 20, 2: 30 });
  grabs.flash('bump 1', [1, 3]);
  grabs.grab(2, [2]);
  assert.deepEqual(grabs.drop(), [1, 3]);
  assert.deepEqual(grabs.drop(), []);
});

test('a fader in the hand that has no level yet shows none, whatever others make of it meanwhile', () => {
  const { grabs, happens } = setUp();
  grabs.grab(1, [1]);
  happens(1, 4);
  assert.equal(grabs.shown(1), null);
  assert.deepEqual(grabs.ghost(1), { level: 400, by: 'Stalls' });
  grabs.move(1, 150);
  assert.equal(grabs.shown(1), 200);
});
