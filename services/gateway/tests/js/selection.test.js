// Selected dimmers, and faders that move together.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MAX_SELECTED, Selection, together, within } from '../../console/selection.js';
import { View } from '../../console/view.js';

const levels = (/** @type {Map<number, number>} */ map) => Object.fromEntries(map);

test('faders that move together keep their differences', () => {
  const starts = new Map([[1, 1000], [2, 5000], [3, 7000]]);
  assert.deepEqual(levels(together(starts, 2000)), { 1: 3000, 2: 7000, 3: 9000 });
  assert.deepEqual(levels(together(starts, -500)), { 1: 500, 2: 4500, 3: 6500 });
});

test('at the ends they wait for one another, and come back as they were', () => {
  const starts = new Map([[1, 1000], [2, 5000], [3, 9000]]);
  assert.deepEqual(levels(together(starts, 4000)), { 1: 5000, 2: 9000, 3: 10000 });
  assert.deepEqual(levels(together(starts, -6000)), { 1: 0, 2: 0, 3: 3000 });
  assert.deepEqual(levels(together(starts, 500)), { 1: 1500, 2: 5500, 3: 9500 });
});

test('a move goes no further than the last fader that it moves', () => {
  const starts = new Map([[1, 1000], [2, 9000]]);
  assert.equal(within(starts, 20000), 9000);
  assert.equal(within(starts, -20000), -9000);
  assert.equal(within(starts, 300), 300);
});

test('random drags: in range, and the same as one move from the start', () => {
  let seed = 7;
  const random = (/** @type {number} */ below) => (seed = (seed * 48271) % 2147483647) % below;
  for (let run = 0; run < 200; run += 1) {
    const starts = new Map(Array.from({ length: 1 + random(8) }, (_, i) => [i + 1, random(10001)]));
    let now = starts;
    for (let step = 0; step < 20; step += 1) {
      const by = within(starts, random(30001) - 15000);
      now = together(starts, by);
      for (const [dimmer, level] of now) {
        assert.ok(level >= 0 && level <= 10000);
        if (level > 0 && level < 10000) assert.equal(level - (starts.get(dimmer) ?? 0), by);
      }
    }
    assert.deepEqual(together(starts, 0), starts);
  }
});

test('a selection takes and gives', () => {
  const selection = new Selection();
  selection.toggle(5);
  selection.toggle(7);
  assert.deepEqual([...selection], [5, 7]);
  selection.toggle(5);
  assert.ok(!selection.has(5) && selection.has(7));
  selection.clear();
  assert.equal(selection.size, 0);
});

test('a selection extends over what is shown, either way', () => {
  const view = new View();
  const selection = new Selection();
  selection.toggle(4);
  selection.extend(2, view);
  assert.deepEqual([...selection].sort(), [2, 3, 4]);

  for (const dimmer of [10, 200, 3000, 40000]) view.mark(dimmer, true);
  view.renew();
  view.kind = 'used';
  selection.clear();
  selection.toggle(10);
  selection.extend(3000, view);
  assert.deepEqual([...selection], [10, 200, 3000]);
});

test('a selection has a bound', () => {
  const selection = new Selection();
  selection.toggle(1);
  selection.extend(65535, new View());
  assert.equal(selection.size, MAX_SELECTED);
});
