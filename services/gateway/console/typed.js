// What is typed: a level, digits, then Enter; and text. Pure.

/** A percentage of at most two decimals, and whatever can become one. */
const LEVEL = /^(100(\.0{0,2})?|\d{1,2}(\.\d{0,2})?|\.\d{0,2})$/;

/** Reads what was typed, in hundredths. Null if it is no level. @param {string} text */
export function parseLevel(text) {
  const typed = text.trim().replace(',', '.');
  return LEVEL.test(typed) && typed !== '.' ? Math.round(Number(typed) * 100) : null;
}

/** Text as a rig takes it: control characters, which come with what is pasted, are spaces. @param {string} text */
export const plain = (text) => text.replace(/\p{Cc}/gu, ' ').trim();

/** The keys that were typed on one fader so far. */
export class Typed {
  text = '';

  /**
   * Takes a key. Tells what came of it: `more` may come, `cancel`, `refused` as no level can come of it, a level in
   * hundredths, or null if the key has nothing to do with typing.
   * @param {string} key
   * @returns {'more' | 'cancel' | 'refused' | number | null}
   */
  key(key) {
    const text = this.text;
    if (/^[0-9.,]$/.test(key)) {
      const longer = (text + key).replace(',', '.');
      if (!LEVEL.test(longer)) {
        this.text = ''; // what was meant is not known: no part of it may count
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
