// The connected consoles: their number, and their list in the panel.

import { byId, make, timeOfDay, write } from './dom.js';

/** @typedef {{client?: string, name: string, kind: string, since: number}} Console */

/** The most names that are kept: consoles that have left are still named as the origins of changes. */
const REMEMBERED = 256;
/** A random client name, which tells a reader nothing. */
const RANDOM = /^(web|console)-[0-9a-f]{16}$/;

export class Presence {
  #button = byId('consoles', HTMLElement);
  #heading = byId('presence-count', HTMLElement);
  #list = byId('presence', HTMLElement);
  /** @type {Map<string, string>} */
  #names = new Map();

  /**
   * @param {readonly Console[]} consoles
   * @param {number} total
   * @param {string} own this page's client
   */
  show(consoles, total, own) {
    for (const { client, name } of consoles) {
      if (!client) continue;
      this.#names.delete(client);
      this.#names.set(client, name);
    }
    for (const client of this.#names.keys()) if (this.#names.size > REMEMBERED) this.#names.delete(client);
    write(this.#button, total === 1 ? '1 console' : `${total} consoles`);
    write(this.#heading, `${total}`);
    const rows = consoles.map((console) => row(console, console.client === own));
    if (total > consoles.length) rows.push(make('li', 'quiet', `and ${total - consoles.length} more`));
    this.#list.replaceChildren(...rows);
  }

  /** Shows that the consoles are unknown, while offline. */
  unknown() {
    write(this.#button, 'Consoles –');
    write(this.#heading, '–');
    this.#list.replaceChildren(make('li', 'quiet', 'Not known while there is no connection.'));
  }

  /** The name of a client, for people. @param {string | undefined} client */
  nameOf(client) {
    if (!client) return 'somebody';
    return this.#names.get(client) ?? (RANDOM.test(client) ? 'somebody' : client);
  }
}

/** @param {Console} console @param {boolean} own */
function row({ name, kind, since }, own) {
  const item = make('li', own ? 'own' : '');
  const what = make('span', 'quiet', own ? `${kind}, this one` : kind);
  item.append(make('b', '', name), what, make('time', 'quiet', timeOfDay(since)));
  return item;
}
