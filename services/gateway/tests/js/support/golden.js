// The golden messages of `proto`: the very texts that the server is held to.

import { readFileSync, readdirSync } from 'node:fs';

const FOLDER = new URL('../../../../../proto/tests/golden/', import.meta.url);

/** Every golden file: `[name, text]`. */
export const GOLDEN = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => [file.replace('.json', ''), readFileSync(new URL(file, FOLDER), 'utf8').trim()]);

/** The text of one. */
export function golden(name) {
  return GOLDEN.find(([other]) => other === name)[1];
}

/** The texts that are messages of these types. */
export function messages(...types) {
  return GOLDEN.filter(([, text]) => types.includes(JSON.parse(text).type));
}
