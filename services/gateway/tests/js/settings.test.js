// What a screen calls itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nameOf } from '../../console/settings.js';
import { plain } from '../../console/typed.js';

test('what is pasted becomes a name that the rig takes', () => {
  assert.equal(nameOf('  Booth\tleft\n'), 'Booth left');
  assert.equal(nameOf('💡'.repeat(70)), '💡'.repeat(64), 'never half a character');
  assert.equal(nameOf('\u0000\t '), '');
});

test('a label is one line', () => {
  assert.equal(plain('Key\tlight\u007f'), 'Key light');
  assert.equal(plain('مفتاح'), 'مفتاح');
});
