// Levels that are typed.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Typed, parseLevel } from '../../console/typed.js';

test('what is a level', () => {
  for (const [text, level] of /** @type {const} */ ([
    ['0', 0], ['7', 700], ['75', 7500], ['100', 10000], ['12.3', 1230], ['12.34', 1234], ['0.29', 29],
    ['.5', 50],
    ['12,34', 1234], ['5.', 500], ['100.00', 10000], [' 40 ', 4000], ['07', 700],
  ])) {
    assert.equal(parseLevel(text), level, text);
  }
});

test('what is none', () => {
  for (const text of ['', ' ', '.', ',', '101', '100.01', '1000', '12.345', '-1', '1e1', 'full', '1.2.3', 'NaN', '0x1']) {
    assert.equal(parseLevel(text), null, text);
  }
});

test('every level that there is can be typed', () => {
  for (let level = 0; level <= 10000; level += 1) assert.equal(parseLevel(`${level / 100}`), level);
});

test('digits, then Enter', () => {
  const typed = new Typed();
  assert.equal(typed.key('7'), 'more');
  assert.equal(typed.key('5'), 'more');
  assert.equal(typed.text, '75');
  assert.equal(typed.key('Enter'), 7500);
  assert.equal(typed.text, '');
});

test('a key that can lead to no level is refused, and no part of what was typed counts', () => {
  for (const [keys, wrong] of [['100', '1'], ['100.', '.'], ['100.', '5'], ['12.34', '5'], ['.', ',']]) {
    const typed = new Typed();
    for (const key of keys) assert.equal(typed.key(key), 'more', keys);
    assert.equal(typed.key(wrong), 'refused', keys + wrong);
    assert.equal(typed.text, '', 'a level that was not meant must not come of Enter');
    assert.equal(typed.key('Enter'), null);
  }
});

test('Escape and Backspace call it off', () => {
  const typed = new Typed();
  typed.key('7');
  assert.equal(typed.key('Escape'), 'cancel');
  assert.equal(typed.text, '');
  typed.key('7');
  typed.key(',');
  assert.equal(typed.key('Backspace'), 'more');
  assert.equal(typed.text, '7');
  assert.equal(typed.key('Backspace'), 'cancel');
});

test('a point alone is no level', () => {
  const typed = new Typed();
  typed.key('.');
  assert.equal(typed.key('Enter'), 'refused');
});

test('other keys have nothing to do with it', () => {
  const typed = new Typed();
  for (const key of ['Enter', 'Escape', 'Backspace', 'f', 'ArrowUp', ' ']) assert.equal(typed.key(key), null, key);
  typed.key('7');
  assert.equal(typed.key('ArrowUp'), null);
  assert.equal(typed.text, '7');
});
