// Between the hand and the rig: whose level a fader shows.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Hold, SETTLE_MS } from '../../console/hold.js';

test('a free fader shows the rig', () => {
  const hold = new Hold();
  assert.equal(hold.shown(4200), 4200);
  assert.equal(hold.shown(null), null);
  assert.equal(hold.ghost, null);
  assert.equal(hold.settle(false, 4200, 0), null);
});

test('own echoes, however late, do not move a held fader', () => {
  const hold = new Hold();
  hold.grab(0);
  for (const level of [1000, 2000, 3000]) hold.move(level);
  for (const echo of [1000, 2000]) {
    hold.rigMoved(echo, true);
    assert.equal(hold.settle(true, echo, 10), null);
    assert.equal(hold.shown(echo), 3000);
    assert.equal(hold.ghost, null);
  }
});

test('what somebody else does to a held fader is a ghost mark, until the hand counts again', () => {
  const hold = new Hold();
  hold.grab(6000);
  hold.rigMoved(700, false);
  assert.equal(hold.shown(700), 6000);
  assert.equal(hold.ghost, 700);
  hold.move(5000);
  assert.equal(hold.ghost, 700, 'not answered yet');
  hold.rigMoved(5000, true);
  assert.equal(hold.ghost, null);
});

test('a ghost that is where the hand is, is none', () => {
  const hold = new Hold();
  hold.grab(6000);
  hold.rigMoved(6000, false);
  assert.equal(hold.ghost, null);
});

test('a released fader keeps its level until the last move is answered', () => {
  const hold = new Hold();
  hold.grab(0);
  hold.move(5000);
  hold.release(100);
  assert.equal(hold.settle(true, 2000, 200), SETTLE_MS - 100, 'looks again when its patience ends');
  assert.equal(hold.shown(2000), 5000);
  assert.equal(hold.settle(false, 5000, 300), null);
  assert.ok(hold.free);
  assert.equal(hold.shown(7700), 7700);
});

test('a released fader waits no longer than a second', () => {
  const hold = new Hold();
  hold.grab(0);
  hold.move(5000);
  hold.release(100);
  assert.equal(hold.settle(true, 2000, 100 + SETTLE_MS), null);
  assert.equal(hold.shown(2000), 2000);
});

test('dropped, it shows the rig at once', () => {
  const hold = new Hold();
  hold.grab(0);
  hold.move(5000);
  hold.drop();
  assert.equal(hold.shown(300), 300);
  assert.equal(hold.held, false);
});
