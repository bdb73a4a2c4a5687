// The layout of the board, and which of its rows are in sight. Pure arithmetic: sizes are passed in, in CSS pixels.
//
// A row is a bank. The row height is chosen so that a whole number of rows fills the board to the pixel, and no bank is
// ever cut off.

/** @typedef {'comfortable' | 'compact'} Size */
/** @typedef {{perRow: number, shown: number, rowHeight: number}} Layout */

/** 4 or 6 dimmers on a phone, 8 on a tablet, 16 on a desk; on a video wall banks stand side by side. */
const PER_ROW = [48, 32, 16, 8, 6, 4];

/** The least size of a fader, in rem, and the most faders in a row. A finger needs 44 pixels, 2.75 rem. */
const NEEDS = {
  comfortable: { width: 3.75, height: 17.5, most: 32 },
  compact: { width: 3, height: 15.5, most: 48 },
};

/** Rows that are prepared outside the window, so that they are drawn before they scroll into sight. */
const AHEAD = 1;

/**
 * @param {number} width the board's
 * @param {number} height the board's
 * @param {Size} size
 * @param {number} rem pixels
 * @returns {Layout}
 */
export function arrange(width, height, size, rem) {
  const needs = NEEDS[size];
  const perRow = PER_ROW.find((count) => count <= needs.most && width / count >= needs.width * rem) ?? 4;
  const shown = Math.max(1, Math.floor(height / (needs.height * rem)));
  return { perRow, shown, rowHeight: Math.max(1, Math.ceil(height / shown)) };
}

/**
 * The first and the last row to prepare while the board is scrolled to `top`; last is below first if there are none.
 * @param {Layout} layout
 * @param {number} top
 * @param {number} rows how many there are
 */
export function ready({ shown, rowHeight }, top, rows) {
  const first = Math.max(0, Math.floor(top / rowHeight) - AHEAD);
  return { first, last: Math.min(rows - 1, Math.ceil(top / rowHeight) + shown - 1 + AHEAD) };
}

/**
 * The row at which a board that is scrolled to `top` should come to rest.
 * @param {Layout} layout
 * @param {number} top
 * @param {number} rows
 */
export function nearest({ shown, rowHeight }, top, rows) {
  return Math.min(Math.max(0, rows - shown), Math.max(0, Math.round(top / rowHeight)));
}
