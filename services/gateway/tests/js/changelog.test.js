// The last changes, gathered.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ChangeLog, owners, told, toldAll } from '../../console/changelog.js';

const said = (/** @type {ChangeLog} */ log) => log.lines.map((line) => `${line.by}: ${told(line)}`);

test('a drag is one line, with where it came to', () => {
  const log = new ChangeLog();
  for (let level = 1; level <= 80; level += 1) log.add('Booth', 'level', 5, level, level * 20);
  assert.deepEqual(said(log), ['Booth: 5 to 80 %']);
});

test('a pause ends a drag', () => {
  const log = new ChangeLog();
  log.add('Booth', 'level', 5, 10, 0);
  log.add('Booth', 'level', 5, 20, 5000);
  assert.deepEqual(said(log), ['Booth: 5 to 20 %', 'Booth: 5 to 10 %']);
});

test('two who drag at once have a line each, the latest first', () => {
  const log = new ChangeLog();
  for (let at = 0; at < 10; at += 1) {
    log.add('Booth', 'level', 5, at, at * 20);
    log.add('Stalls', 'level', 5, at + 50, at * 20 + 10);
  }
  assert.deepEqual(said(log), ['Stalls: 5 to 59 %', 'Booth: 5 to 9 %']);
});

test('a move of many is one line; another fader a while later is another', () => {
  const log = new ChangeLog();
  for (const dimmer of [1, 2, 3]) log.add('Booth', 'level', dimmer, 50, 0);
  log.add('Booth', 'level', 9, 70, 600);
  assert.deepEqual(said(log), ['Booth: 9 to 70 %', 'Booth: 3 dimmers to 50 %']);
});

test('every kind has its words', () => {
  const log = new ChangeLog();
  log.add('a', 'level', 1, null, 0);
  log.add('b', 'label', 1, 'Front', 0);
  log.add('c', 'label', 1, null, 0);
  log.add('d', 'master', 0, 80, 0);
  log.add('e', 'blackout', 0, true, 0);
  log.add('f', 'blackout', 0, false, 0);
  for (const [dimmer, level] of [[1, 10], [2, 20]]) log.add('g', 'level', dimmer ?? 0, level, 0);
  assert.deepEqual(said(log).reverse(), [
    'a: 1 released', 'b: 1 is “Front”', 'c: 1 without a label', 'd: Grand master to 80 %', 'e: Blackout on',
    'f: Blackout off', 'g: 2 dimmers moved',
  ]);
});

test('it has a bound', () => {
  const log = new ChangeLog();
  for (let i = 0; i < 1000; i += 1) log.add(`console ${i}`, 'level', 1, i, i);
  assert.equal(log.lines.length, 50);
  assert.equal(log.lines[0]?.by, 'console 999');
});

test('whose a value is: the last origin that names it', () => {
  const origin = (/** @type {string} */ client, /** @type {object} */ named) => ({
    client, seq: 1, own: false, items: named,
  });
  const of = owners([
    origin('a', { levels: [1, 2], master: true }),
    origin('b', { levels: [2], labels: [7] }),
  ]);
  assert.deepEqual([1, 2, 3].map((dimmer) => of.level.get(dimmer)?.client), ['a', 'b', undefined]);
  assert.equal(of.label.get(7)?.client, 'b');
  assert.equal(of.master?.client, 'a');
  assert.equal(of.blackout, undefined);
});

test('a change of several kinds is told kind by kind', () => {
  const nothing = { levels: new Map(), labels: new Map(), words: new Map() };
  assert.deepEqual(toldAll(nothing), []);
  const change = { ...nothing, levels: new Map([[1, 70]]), words: new Map([['wash', null]]), master: 0, blackout: false };
  assert.deepEqual(toldAll(change), ['1 to 70 %', 'word “wash” deleted', 'Grand master to 0 %', 'Blackout off']);
});
