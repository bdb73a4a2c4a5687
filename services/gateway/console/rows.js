// How the board is laid out, and which of its rows a window shows. Pure arithmetic: sizes come in, in CSS pixels.
//
// A row is a bank. So that no bank is ever cut off, rows are as high as makes a whole number of them fill the board, to
// the pixel.

/** @typedef {'comfortable' | 'compact'} Size */
/** @typedef {{perRow: number, shown: number, rowHeight: number}} Layout */

/** 4 or 6 dimmers on a phone, 8 on a tablet, 16 on a desk; on a wall of pixels banks stand side by side. */
const PER_ROW = [48, 32, 16, 8, 6, 4];

/** The least room a fader needs, in rem, and the most of them in a row. A finger needs 44 pixels, 2.75 rem. */
const NEEDS = {
  comfortable: { width: 3.75, height: 17.5, most: 32 },
  compact: { width: 3, height: 15.5, most: 48 },
};

/** Rows made ready outside the window, so that a scroll finds them drawn. */
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
 * The first and the last row to have ready while the board is scrolled to `top`; last is below first if there are none.
 * @param {Layout} layout
 * @param {number} top
 * @param {number} rows how many there are
 */
export function ready({ shown, rowHeight }, top, rows) {
  const first = Math.max(0, Math.floor(top / rowHeight) - AHEAD);
  return { first, last: Math.min(rows - 1, Math.ceil(top / rowHeight) + shown - 1 + AHEAD) };
}

/**
 * The row that a board should rest at which is scrolled to `top`.
 * @param {Layout} layout
 * @param {number} top
 * @param {number} rows
 */
export function nearest({ shown, rowHeight }, top, rows) {
  return Math.min(Math.max(0, rows - shown), Math.max(0, Math.round(top / rowHeight)));
}
