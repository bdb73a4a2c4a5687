// Completions of a command: the names and keywords that go on with what stands before the caret. Pure.
//
// A rig may have 100,000 words, so the search ends with a few of them, and takes milliseconds if there are none.

import { OFFERED, fold, quoted, written } from './language.js';

/** The most options that are offered. */
export const MAX_OPTIONS = 8;
/** A name has several words: so many of them are tried, the most first. */
const MAX_PARTS = 4;

/**
 * @typedef {{ text: string, kind: 'word' | 'label' | 'keyword', insert: string }} Option `insert` replaces the part of the
 *   text from `from` up to the caret
 * @typedef {{ from: number, options: Option[] }} Completions
 * @typedef {{ words: Iterable<string>, labels: Iterable<string> }} Names
 */

/**
 * @param {string} text
 * @param {number} caret
 * @param {Names} names words as the rig writes them, and labels
 * @returns {Completions}
 */
export function complete(text, caret, names) {
  const before = text.slice(0, caret);
  const quote = openQuote(before);
  if (quote !== null) return { from: quote, options: named(before.slice(quote + 1), names, quoted) };
  for (const from of beginnings(before)) {
    const part = before.slice(from);
    const isOneWord = !part.includes(' ');
    const keywords = isOneWord ? OFFERED.filter((keyword) => begins(keyword, fold(part))) : [];
    const options = [
      ...named(part, names, written),
      ...keywords.map((keyword) => /** @type {Option} */ ({ text: keyword, kind: 'keyword', insert: keyword })),
    ];
    if (options.length > 0) return { from, options: options.slice(0, MAX_OPTIONS) };
  }
  return { from: caret, options: [] };
}

/**
 * The text with an option in place of what stands before the caret, and the caret after it.
 * @param {string} text @param {number} caret @param {number} from @param {Option} option
 */
export function accept(text, caret, from, { insert }) {
  const rest = text.slice(caret).replace(/^ /, '');
  const head = `${text.slice(0, from)}${insert} `;
  return { text: head + rest, caret: head.length };
}

/** Where a quote begins that is still open; null if none is. @param {string} text */
function openQuote(text) {
  let open = null;
  for (let at = 0; at < text.length; at += 1) {
    if (open !== null && text[at] === '\\') at += 1;
    else if (text[at] === '"') open = open === null ? at : null;
  }
  return open;
}

/** Where a name may begin that ends at the end of the text: after a sign, or at one of the last words. @param {string} text */
function beginnings(text) {
  const start = text.length - (/[^;,#+@>()*%"]*$/.exec(text)?.[0].length ?? 0);
  const places = [...text.slice(start).matchAll(/(^|\s)(?=\S)/g)].map(({ index = 0, 0: gap }) => start + index + gap.length);
  return places.slice(-MAX_PARTS).filter((from) => /^\p{L}/u.test(text.slice(from)));
}

/** @param {string} part @param {Names} names @param {(name: string) => string} write @returns {Option[]} */
function named(part, { words, labels }, write) {
  const wanted = fold(part) + (/\S\s$/.test(part) ? ' ' : '');
  if (wanted === '') return [];
  /** @type {Map<string, Option>} */
  const found = new Map();
  for (const [kind, list] of /** @type {const} */ ([['word', words], ['label', labels]])) {
    for (const name of list) {
      if (found.size === MAX_OPTIONS) break;
      const key = kind === 'label' ? fold(name) : name;
      if (begins(key, wanted) && !found.has(key)) found.set(key, { text: name, kind, insert: write(key) });
    }
  }
  // Words first: a word counts before a label of the same name.
  const order = (/** @type {Option} */ { kind, text }) => (kind === 'word' ? 0 : 1) + fold(text);
  return [...found.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** @param {string} name @param {string} part */
const begins = (name, part) => name.startsWith(part) && name !== part;
