// Between the hand and the rig: whose level a fader shows.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Hold } from '../../console/hold.js';

test('a free fader shows the rig', () => {
  const hold = new Hold();
  assert.equal(hold.shown(4200), 4200);
  assert.equal(hold.shown(null), null);
  assert.equal(hold.ghost, null);
  hold.settle(false, 4200);
  assert.ok(hold.free);
});

test('own echoes, however late, do not move a held fader', () => {
  const hold = new Hold();
  hold.grab(0);
  for (const level of [1000, 2000, 3000]) hold.move(level);
  for (const echo of [1000, 2000]) {
    hold.rigMoved(echo, true);
    hold.settle(true, echo);
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

test('a released fader keeps its level until the last move is answered, however long that takes', () => {
  const hold = new Hold();
  hold.grab(0);
  hold.move(5000);
  hold.release();
  hold.rigMoved(2000, true);
  hold.settle(true, 2000);
  assert.deepEqual([hold.shown(2000), hold.waiting], [5000, true]);
  hold.settle(false, 5000);
  assert.deepEqual([hold.free, hold.waiting, hold.shown(7700)], [true, false, 7700]);
});

test('a released fader shows what somebody else has put since', () => {
  const hold = new Hold();
  hold.grab(0);
  hold.move(5000);
  hold.release();
  hold.rigMoved(300, false);
  assert.deepEqual([hold.free, hold.shown(300)], [true, 300]);
});

test('dropped, it shows the rig at once', () => {
  const hold = new Hold();
  hold.grab(0);
  hold.move(5000);
  hold.drop();
  assert.equal(hold.shown(300), 300);
  assert.equal(hold.held, false);
});
