// Where a text was not understood, and why, for people. Pure.

/**
 * The parts of a text up to the end of a place, so that the place can be marked. A place at the end of the text, or one
 * that is empty, is shown as one space.
 * @param {string} text
 * @param {{ start: number, end: number }} place
 */
export function marked(text, { start, end }) {
  return { before: text.slice(0, start), place: text.slice(start, end).trimEnd() || ' ' };
}

/**
 * What is wrong, without the column: the place is marked. Other refusals are told as the server tells them.
 * @param {import('./ghostlight.js').Refusal} refusal
 */
export function errorText({ message, place, found, expected = [], nearest, hint }) {
  if (!place || !found) return message;
  const several = expected.length > 1 ? [expected.slice(0, -1).join(', '), expected.at(-1)].join(' or ') : expected[0];
  const parts = [`Found ${found}${several ? `, expected ${several}` : ''}`];
  if (nearest) parts.push(`did you mean \`${nearest}\`?`);
  return (parts.join('; ') + (hint ? ` (${hint})` : '')).replace(/`([^`]*)`/g, '“$1”');
}
