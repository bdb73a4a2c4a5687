// Percentiles of the last changes, stage by stage.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Latency, SHARES, STAGES, above, taken, written } from '../../console/latency.js';

const timing = { log: 4, fold: 0.02, echo: 2 };

test('nothing measured, nothing told', () => {
  const latency = new Latency();
  for (const stage of STAGES) assert.equal(latency.percentile(0.5, stage), null);
  assert.equal(latency.count, 0);
  assert.deepEqual(latency.since(0), []);
});

describe('what a change took', () => {
  test('the trip ends with the echo, and the network is what of it the servers did not take', () => {
    assert.deepEqual(taken({ ms: 9, echoMs: 5, timing }), { trip: 5, network: 3, ...timing });
  });

  test('without an echo it ends with the answer, which waits for the log too', () => {
    assert.deepEqual(taken({ ms: 9, timing }), { trip: 9, network: 5, ...timing });
    assert.equal(taken({ ms: 9, timing: { ...timing, echo: 6 } }).network, 3);
  });

  test('nothing takes less than no time, however coarse the clocks are', () => {
    assert.equal(taken({ ms: 9, echoMs: 1.9, timing }).network, 0);
  });

  test('of servers that do not tell, only the trip is known', () => {
    const latency = new Latency();
    latency.add(taken({ ms: 9, echoMs: 5 }), 0);
    assert.deepEqual(STAGES.map((stage) => latency.percentile(0.5, stage)), [5, null, null, null, null]);
    // They may be others after a while.
    latency.add(taken({ ms: 9, echoMs: 7, timing }), 0);
    assert.deepEqual(STAGES.map((stage) => latency.percentile(1, stage)), [7, 5, 2, 4, 0.02]);
    assert.equal(latency.percentile(0.01, 'log'), 4);
  });
});

test('a percentile is one that was measured: the nearest rank', () => {
  const latency = new Latency();
  for (let ms = 100; ms >= 1; ms -= 1) latency.add({ trip: ms, log: ms / 10 }, 0);
  for (const [share, ms] of [[0.5, 50], [0.95, 95], [0.99, 99], [1, 100], [0, 1]]) {
    assert.equal(latency.percentile(share, 'trip'), ms);
    assert.equal(latency.percentile(share, 'log'), ms / 10);
  }
});

test('one change is all percentiles', () => {
  const latency = new Latency();
  latency.add({ trip: 7 }, 0);
  assert.deepEqual(SHARES.map((share) => latency.percentile(share, 'trip')), [7, 7, 7]);
});

test('the last 512 count, the oldest first', () => {
  const latency = new Latency();
  for (let i = 0; i < 2000; i += 1) latency.add({ trip: i }, i);
  assert.equal(latency.count, 512);
  const kept = latency.since(0);
  assert.deepEqual([kept[0], kept.at(-1)], [{ trip: 1488, at: 1488 }, { trip: 1999, at: 1999 }]);
  assert.equal(latency.since(1990).length, 10);
  assert.equal(latency.percentile(1, 'trip'), 1999);
});

test('the same as sorting all of them', () => {
  let seed = 3;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const latency = new Latency();
  const all = [];
  for (let i = 0; i < 300; i += 1) {
    const trip = random() * 100;
    latency.add({ trip }, i);
    all.push(trip);
    const sorted = [...all].sort((a, b) => a - b);
    for (const share of SHARES) {
      assert.equal(latency.percentile(share, 'trip'), sorted[Math.ceil(share * all.length) - 1]);
    }
  }
});

test('a new connection begins anew', () => {
  const latency = new Latency();
  latency.add({ trip: 7 }, 0);
  latency.clear();
  assert.deepEqual([latency.count, latency.percentile(0.5, 'trip')], [0, null]);
});

test('milliseconds are written as exactly as one reads them', () => {
  const all = [null, 0, 0.021, 0.994, 0.996, 1.04, 9.94, 9.96, 123.4];
  assert.deepEqual(all.map(written), ['–', '0.00', '0.02', '0.99', '1.0', '1.0', '9.9', '10', '123']);
});

test('the top of a plot is a round number at or above', () => {
  for (const [ms, top] of [[2, 2], [2.1, 3], [9.5, 10], [10, 10], [41, 50], [950, 1000], [1234, 2000]]) {
    assert.equal(above(ms), top, ms);
  }
});
