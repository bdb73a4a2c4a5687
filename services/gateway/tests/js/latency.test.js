// Percentiles of the last echoes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Latency } from '../../console/latency.js';

test('nothing measured, nothing told', () => {
  const latency = new Latency();
  assert.equal(latency.percentile(0.5), null);
  assert.deepEqual(latency.since(0), []);
});

test('a percentile is one that was measured: the nearest rank', () => {
  const latency = new Latency();
  for (let ms = 100; ms >= 1; ms -= 1) latency.add(ms, 0);
  assert.equal(latency.percentile(0.5), 50);
  assert.equal(latency.percentile(0.99), 99);
  assert.equal(latency.percentile(1), 100);
  assert.equal(latency.percentile(0), 1);
});

test('one echo is all percentiles', () => {
  const latency = new Latency();
  latency.add(7, 0);
  assert.deepEqual([latency.percentile(0.5), latency.percentile(0.99)], [7, 7]);
});

test('the last 512 count, the oldest first', () => {
  const latency = new Latency();
  for (let i = 0; i < 2000; i += 1) latency.add(i, i);
  assert.equal(latency.count, 512);
  const kept = latency.since(0);
  assert.deepEqual([kept[0]?.ms, kept.at(-1)?.ms], [1488, 1999]);
  assert.equal(latency.since(1990).length, 10);
  assert.equal(latency.percentile(1), 1999);
});

test('the same as sorting all of them', () => {
  let seed = 3;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const latency = new Latency();
  const all = [];
  for (let i = 0; i < 300; i += 1) {
    const ms = random() * 100;
    latency.add(ms, i);
    all.push(ms);
    const sorted = [...all].sort((a, b) => a - b);
    for (const share of [0.5, 0.99]) assert.equal(latency.percentile(share), sorted[Math.ceil(share * all.length) - 1]);
  }
});

test('a new connection begins anew', () => {
  const latency = new Latency();
  latency.add(7, 0);
  latency.clear();
  assert.equal(latency.percentile(0.5), null);
});
