// The golden sequences of `proto`, which hold the replica in Rust, hold the page's too.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Replica, read } from '../../console/ghostlight.js';

const FOLDER = new URL('../../../../proto/tests/sequences/', import.meta.url);

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
assert.ok(files.length > 5, 'the sequences are there');

for (const name of files) {
  test(name.replace('.json', '').replaceAll('_', ' '), () => {
    const replica = new Replica();
    for (const [place, step] of JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')).entries()) {
      if (step.doubt) {
        replica.doubt();
        continue;
      }
      const received = replica.take(read(JSON.stringify(step.take)));
      const levels = Object.fromEntries(replica.levels);
      const { position, levels: wanted } = step;
      assert.deepEqual({ received, position: replica.written, levels }, { received: step.received, position, levels: wanted }, `step ${place}`);
    }
  });
}
