// Which of the words are shown: the first ones that have a text in them. Pure.

import { fold } from './language.js';

/**
 * Goes through all words once, and sorts only those that are shown: a rig may have 100,000.
 * @param {Iterable<string>} words in any order
 * @param {string} search
 * @param {number} most
 * @returns {{ shown: string[], matching: number }}
 */
export function firstWords(words, search, most) {
  const wanted = fold(search);
  /** @type {string[]} sorted */
  const shown = [];
  let matching = 0;
  for (const word of words) {
    if (!word.includes(wanted)) continue;
    matching += 1;
    if (shown.length === most && word >= /** @type {string} */ (shown[most - 1])) continue;
    let at = shown.length;
    while (at > 0 && word < /** @type {string} */ (shown[at - 1])) at -= 1;
    shown.splice(at, 0, word);
    shown.length = Math.min(shown.length, most);
  }
  return { shown, matching };
}
