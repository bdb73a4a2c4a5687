// The last changes, with each drag gathered into one line. Pure: the time is passed in.

/** The most lines that are kept. */
const KEPT = 50;
/** A pause this long ends a drag. A change of another fader continues the line only after a shorter pause. */
const PAUSE_MS = 1500;
const CHANGE_OF_HANDS_MS = 300;

/** @typedef {'level' | 'label' | 'word' | 'master' | 'blackout'} Kind */
/** @typedef {{by: string, kind: Kind, at: number, values: Map<number | string, unknown>}} Line */

export class ChangeLog {
  /** The newest first. @type {Line[]} */
  lines = [];

  /**
   * Adds a change. Changes of the same kind by the same client in quick succession become one line, however many deltas
   * carry them.
   * @param {string} by
   * @param {Kind} kind
   * @param {number | string} dimmer or the word; 0: none in particular
   * @param {unknown} value
   * @param {number} now
   */
  add(by, kind, dimmer, value, now) {
    const at = this.lines.findIndex((line) => line.by === by);
    const last = this.lines[at];
    const pause_ms = last?.values.has(dimmer) ? PAUSE_MS : CHANGE_OF_HANDS_MS;
    const goesOn = last?.kind === kind && now - last.at <= pause_ms;
    const line = last && goesOn ? last : { by, kind, at: now, values: new Map() };
    line.at = now;
    line.values.set(dimmer, value);
    if (goesOn) this.lines.splice(at, 1);
    this.lines.unshift(line);
    this.lines.length = Math.min(this.lines.length, KEPT);
  }
}

/**
 * The text of a line: `5 to 77 %`.
 * @param {Pick<Line, 'kind' | 'values'>} line
 */
export function told({ kind, values }) {
  const [[dimmer, value] = [0, null]] = values;
  const several = values.size > 1;
  switch (kind) {
    case 'level': {
      const same = [...values.values()].every((other) => other === value);
      const which = several ? `${values.size} dimmers` : `${dimmer}`;
      if (!same) return `${which} moved`;
      return value === null ? `${which} released` : `${which} to ${value} %`;
    }
    case 'label':
      if (several) return `${values.size} labels`;
      return value === null ? `${dimmer} without a label` : `${dimmer} is “${value}”`;
    case 'word':
      if (several) return `${values.size} words`;
      return value === null ? `word “${dimmer}” deleted` : `word “${dimmer}” set`;
    case 'master':
      return `Grand master to ${value} %`;
    case 'blackout':
      return value ? 'Blackout on' : 'Blackout off';
  }
}

/**
 * The texts of all that a change sets, a text for each kind.
 * @param {import('./ghostlight.js').Change} change
 */
export function toldAll({ levels, labels, words, master, blackout }) {
  /** @param {unknown} value */
  const one = (value) => new Map(value === undefined ? [] : [[0, value]]);
  /** @type {[Kind, Map<any, unknown>][]} */
  const kinds = [['level', levels], ['label', labels], ['word', words], ['master', one(master)], ['blackout', one(blackout)]];
  return kinds.filter(([, values]) => values.size > 0).map(([kind, values]) => told({ kind, values }));
}

/**
 * The origin of each item in a change. Origins come in the order of their changes, so the last one that names an item
 * made its value. An item that no origin names was set by a client without a name.
 * @template {import('./ghostlight.js').Origin} Origin
 * @param {Origin[]} origins
 */
export function owners(origins) {
  /** @type {{level: Map<number, Origin>, label: Map<number, Origin>, word: Map<string, Origin>, master?: Origin,
   *   blackout?: Origin}} */
  const of = { level: new Map(), label: new Map(), word: new Map() };
  for (const origin of origins) {
    const { levels = [], labels = [], words = [], master, blackout } = origin.items;
    for (const dimmer of levels) of.level.set(dimmer, origin);
    for (const dimmer of labels) of.label.set(dimmer, origin);
    for (const word of words) of.word.set(word, origin);
    if (master) of.master = origin;
    if (blackout) of.blackout = origin;
  }
  return of;
}
