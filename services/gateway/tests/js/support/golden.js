// The golden messages of `proto`: the very texts that the server is held to.

import { readFileSync, readdirSync } from 'node:fs';

const FOLDER = new URL('../../../../../proto/tests/', import.meta.url);

/** Every message in a folder: `[name, text]`. */
function messagesIn(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [file.replace('.json', ''), readFileSync(new URL(file, folder), 'utf8').trim()]);
}

/** Every golden file: `[name, text]`. */
export const GOLDEN = messagesIn(new URL('golden/', FOLDER));

/** What versions that were released said: `[version and name, text]`. */
export const PINNED = readdirSync(new URL('pinned/', FOLDER)).flatMap((version) =>
  messagesIn(new URL(`pinned/${version}/`, FOLDER)).map(([name, text]) => [`${version}: ${name}`, text]));

/** The text of one. */
export function golden(name) {
  return GOLDEN.find(([other]) => other === name)[1];
}

/** The texts that are messages of these types. */
export function messages(...types) {
  return GOLDEN.filter(([, text]) => types.includes(JSON.parse(text).type));
}
