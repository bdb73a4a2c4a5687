// How the board is laid out, which rows exist, and where a dimmer stands.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { arrange, nearest, ready } from '../../console/rows.js';
import { LAST_DIMMER, View } from '../../console/view.js';

const REM = 16;
/** What is left for the board on these screens. */
const SCREENS = {
  small: [248, 500], phone: [310, 700], tablet: [920, 620], desk: [1330, 760], wall: [3700, 2010],
};

test('4 to 6 faders on a phone, 8 on a tablet, 16 on a desk, banks side by side on a wall', () => {
  /** @type {(screen: keyof typeof SCREENS, size: import('../../console/rows.js').Size) => number} */
  const perRow = (screen, size) => {
    const [width = 0, height = 0] = SCREENS[screen];
    return arrange(width, height, size, REM).perRow;
  };
  assert.deepEqual(
    Object.keys(SCREENS).map((screen) => perRow(/** @type {keyof typeof SCREENS} */ (screen), 'comfortable')),
    [4, 4, 8, 16, 32],
  );
  assert.equal(perRow('phone', 'compact'), 6);
  assert.equal(perRow('wall', 'compact'), 48);
});

test('a whole number of rows fills the board, whatever its size', () => {
  for (let width = 100; width < 4000; width += 171) {
    for (let height = 50; height < 2200; height += 37) {
      for (const size of /** @type {const} */ (['comfortable', 'compact'])) {
        const { perRow, shown, rowHeight } = arrange(width, height, size, REM);
        assert.ok(perRow >= 4 && shown >= 1);
        assert.ok(rowHeight * shown >= height && rowHeight * shown < height + shown);
      }
    }
  }
});

test('the rows in sight are ready, and not many more', () => {
  const layout = { perRow: 16, shown: 2, rowHeight: 300 };
  const rows = Math.ceil(LAST_DIMMER / 16);
  assert.deepEqual(ready(layout, 0, rows), { first: 0, last: 2 });
  assert.deepEqual(ready(layout, 450, rows), { first: 0, last: 4 });
  assert.deepEqual(ready(layout, (rows - 2) * 300, rows), { first: rows - 3, last: rows - 1 });
  for (let top = 0; top <= (rows - 2) * 300; top += 997) {
    const { first, last } = ready(layout, top, rows);
    assert.ok(first * 300 <= top && Math.min(rows, last + 1) * 300 >= top + 600);
    assert.ok(last - first < 6);
  }
  const none = ready(layout, 0, 0);
  assert.ok(none.last < none.first);
});

test('it rests at a whole row, and never past the last', () => {
  const layout = { perRow: 16, shown: 2, rowHeight: 300 };
  assert.equal(nearest(layout, 449, 10), 1);
  assert.equal(nearest(layout, 451, 10), 2);
  assert.equal(nearest(layout, 99999, 10), 8);
  assert.equal(nearest(layout, 500, 1), 0);
});

test('all dimmers stand at their number', () => {
  const view = new View();
  assert.equal(view.count, 65535);
  assert.deepEqual([view.dimmer(0), view.dimmer(65534), view.dimmer(65535)], [1, 65535, null]);
  assert.equal(view.place(65535), 65534);
});

test('the used ones stand in order, and only move when it is time', () => {
  const view = new View();
  view.kind = 'used';
  for (const dimmer of [300, 7, 65535]) view.mark(dimmer, true);
  assert.equal(view.count, 0, 'not yet');
  assert.ok(view.renew());
  assert.deepEqual([0, 1, 2, 3].map((place) => view.dimmer(place)), [7, 300, 65535, null]);
  assert.ok(!view.renew(), 'nothing new');
  assert.deepEqual([1, 7, 8, 300, 301, 65535].map((dimmer) => view.place(dimmer)), [0, 0, 1, 1, 2, 2]);
  view.mark(300, false);
  view.renew();
  assert.deepEqual([view.dimmer(0), view.dimmer(1)], [7, 65535]);
  view.clear();
  view.renew();
  assert.deepEqual([view.count, view.dimmer(0), view.place(5)], [0, null, 0]);
});
