// Compares the modules of two folders: `node same.js FOLDER FOLDER`. Each has to be the same program in both, whatever its
// comments and its white space.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'acorn';

/** @param {string} folder */
const modules = (folder) => readdirSync(folder).filter((name) => name.endsWith('.js')).sort();

/**
 * What the module is made of, and not where in the file that stands.
 * @param {string} folder
 * @param {string} name
 */
function program(folder, name) {
  const tree = parse(readFileSync(join(folder, name), 'utf8'), { ecmaVersion: 'latest', sourceType: 'module' });
  const inFile = ['start', 'end'];
  return JSON.stringify(tree, (key, value) => {
    if (inFile.includes(key)) return undefined;
    return typeof value === 'bigint' || value instanceof RegExp ? String(value) : value;
  });
}

const [written, served] = process.argv.slice(2);
const names = modules(written);
assert.ok(names.length > 5, `${names}`);
assert.deepEqual(modules(served), names);
for (const name of names) {
  assert.ok(program(served, name) === program(written, name), `${name}: what is served is another program`);
}
