// What the page knows of the language of commands (services/command/GRAMMAR.md): how it writes names and selections. The
// server alone decides what a text means. Pure.

/** The words of the grammar. A name that contains one is written in quotes. */
export const KEYWORDS = ('thru through by odd even all on off last and except without at full out zero percent copy to forget'
  + ' label master blackout record delete undo redo word enter cue please the dimmer dimmers channel channels chan').split(' ');

/** The keywords that a completion offers: those that begin or go on a command, in their usual spelling. */
export const OFFERED = ('at full out thru by odd even all on last and except copy forget label master blackout record delete'
  + ' undo redo').split(' ');

/** A word as the grammar reads it without quotes; in scripts that write words without spaces, it needs them. */
const PLAIN = /^(?!\d)[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\d]+$/u;

/** A name as the rig compares it: in NFC, case-folded, with single spaces. @param {string} text */
export const fold = (text) => Array.from(text.normalize('NFD'), folded).join('').normalize('NFC').trim().replace(/\s+/g, ' ');

/**
 * A character, case-folded: by way of its capitals, because `ß` is `ss`. The dotless i has no other form. (The rig folds the script
 * Cherokee to capitals; that is not done here.)
 * @param {string} character
 */
const folded = (character) => (character === 'ı' ? character : character.toLowerCase().toUpperCase().toLowerCase());

/** A name in quotes, which every command accepts. @param {string} name */
export const quoted = (name) => `"${name.replace(/[\\"]/g, '\\$&')}"`;

/** A name as a command writes it: in quotes only if it needs them. @param {string} name */
export function written(name) {
  const parts = name.split(' ');
  const isPlain = parts.every((part, i) => (PLAIN.test(part) || (i > 0 && /^\d+$/.test(part))) && !KEYWORDS.includes(part));
  return isPlain ? name : quoted(name);
}

/**
 * Dimmers in this order as the text of a selection: `1-3,7`.
 * @param {Iterable<number>} dimmers each once
 */
export function selectionText(dimmers) {
  /** @type {[number, number][]} */
  const runs = [];
  for (const dimmer of dimmers) {
    const run = runs.at(-1);
    if (run && dimmer === run[1] + 1) run[1] = dimmer;
    else runs.push([dimmer, dimmer]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
