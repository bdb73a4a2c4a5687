// What an operator is asked to type: levels and labels of one dimmer or of several.

import { ask } from './ask.js';
import { MASTER } from './hands.js';
import { parseLevel, plain } from './typed.js';

/** As long as the rig takes them. */
const MAX_LABEL = 40;

/** How these are called. @param {number[]} dimmers */
function called(dimmers) {
  if (dimmers.length > 1) return `${dimmers.length} dimmers`;
  return dimmers[0] === MASTER ? 'the grand master' : `dimmer ${dimmers[0]}`;
}

/** @param {import('./hands.js').Hands} hands @param {Iterable<number>} group */
export async function askLevel(hands, group) {
  const dimmers = [...group];
  if (hands.locked) return;
  const answer = await ask({
    text: `Level of ${called(dimmers)}, in percent`,
    value: `${(hands.shown(dimmers[0] ?? MASTER) ?? 0) / 100}`,
    inputMode: 'decimal',
    most: 6,
    wrong: (text) => (parseLevel(text) === null ? 'A level is 0 to 100, with two decimals at most.' : ''),
  });
  if (answer !== null) hands.set(dimmers, parseLevel(answer));
}

/** @param {() => import('./hands.js').Rig} rig @param {Iterable<number>} group */
export async function askLabel(rig, group) {
  const dimmers = [...group];
  if (rig().state !== 'live' || dimmers.length === 0) return;
  const answer = await ask({
    text: `Label of ${called(dimmers)}`,
    value: rig().labels.get(dimmers[0] ?? MASTER) ?? '',
    inputMode: 'text',
    most: 2 * MAX_LABEL, // a field counts some characters twice
    wrong: (text) => ([...plain(text)].length > MAX_LABEL ? `A label has ${MAX_LABEL} characters at most.` : ''),
  });
  if (answer === null || rig().state !== 'live') return;
  rig().change({ labels: Object.fromEntries(dimmers.map((dimmer) => [dimmer, plain(answer) || null])) });
}
