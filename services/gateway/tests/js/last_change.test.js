// Who changed the one dimmer that is selected.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LastChange } from '../../console/last_change.js';
import { settled } from './support/world.js';

globalThis.location ??= /** @type {any} */ ({ href: 'http://127.0.0.1:8080/index.html' });

/** A page whose requests are answered when the test says so. */
function setUp(t) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const [asked, shown] = [[], []];
  const ask = (url) => new Promise((answer, fail) => asked.push({ url: `${url}`, answer, fail }));
  const last = new LastChange('main', (client) => ({ 'web-1': 'Booth' })[client] ?? 'somebody', (text) => shown.push(text), ask);
  const answer = async (detail) => {
    asked.at(-1).answer({ ok: true, json: async () => detail });
    await settled();
  };
  return { last, asked, shown, answer, pass: (ms) => t.mock.timers.tick(ms) };
}

const time = '2026-11-27T12:00:00.123456789Z';
const at = new Date(Date.parse(time)).toTimeString().slice(0, 8);

test('it is asked once the hand rests, and told by the name of the console', async (t) => {
  const { last, asked, shown, answer, pass } = setUp(t);
  last.select(7);
  last.changed(7);
  last.changed(9);
  assert.equal(asked.length, 0);
  pass(300);
  assert.deepEqual(asked.map(({ url }) => url), ['http://127.0.0.1:8080/v1/rigs/main/levels?detail=1&dimmer=7']);
  await answer({ 7: { level: 50, client: 'web-1', time } });
  assert.deepEqual(shown, ['', `Booth, ${at}`]);
  last.changed(7);
  pass(300);
  await answer({ 7: { level: 60, time } });
  assert.equal(shown.at(-1), `somebody, ${at}`);
  last.select(null);
  assert.equal(shown.at(-1), '');
});

test('what changes while it is asked is asked again, and an answer that is too late is not shown', async (t) => {
  const { last, asked, shown, answer, pass } = setUp(t);
  last.select(7);
  pass(300);
  last.changed(7);
  pass(300);
  assert.equal(asked.length, 1, 'one at a time');
  last.select(8);
  await answer({ 7: { level: 50, client: 'web-1', time } });
  assert.ok(!shown.some((text) => text.includes('Booth')), 'it is of another dimmer');
  pass(300);
  assert.match(asked.at(-1).url, /dimmer=8$/);
  asked.at(-1).fail(new TypeError('no network'));
  await settled();
  assert.equal(shown.at(-1), '');
});
