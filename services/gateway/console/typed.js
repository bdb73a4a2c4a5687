// Typed input: levels (digits, then Enter) and text. Pure.

/** A percentage with at most two decimals, or the beginning of one. */
const LEVEL = /^(100(\.0{0,2})?|\d{1,2}(\.\d{0,2})?|\.\d{0,2})$/;

/** Parses a typed level, in hundredths; null if it is not a level. @param {string} text */
export function parseLevel(text) {
  const typed = text.trim().replace(',', '.');
  return LEVEL.test(typed) && typed !== '.' ? Math.round(Number(typed) * 100) : null;
}

/** Text that a rig accepts: control characters, which pasted text may have, become spaces. @param {string} text */
export const plain = (text) => text.replace(/\p{Cc}/gu, ' ').trim();

/** The keys typed on one fader so far. */
export class Typed {
  text = '';

  /**
   * Handles a key. Returns `more` (unfinished), `cancel`, `refused` (no level can result), a level in hundredths, or
   * null if the key is not part of typing.
   * @param {string} key
   * @returns {'more' | 'cancel' | 'refused' | number | null}
   */
  key(key) {
    const text = this.text;
    if (/^[0-9.,]$/.test(key)) {
      const longer = (text + key).replace(',', '.');
      if (!LEVEL.test(longer)) {
        this.text = ''; // the intended level is unknown, so no part of it counts
        return 'refused';
      }
      this.text = longer;
      return 'more';
    }
    if (text === '' || !['Backspace', 'Escape', 'Enter'].includes(key)) return null;
    this.text = key === 'Backspace' ? text.slice(0, -1) : '';
    if (key === 'Enter') return parseLevel(text) ?? 'refused';
    return this.text === '' ? 'cancel' : 'more';
  }
}
