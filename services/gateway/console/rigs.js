// The rigs of the server: their list, by which the page switches, and a question that makes a rig which does not exist.

import { byId, make, write } from './dom.js';

/** Where the list is shown: in the panel, and beside the question. */
const LISTS = ['rigs', 'rigs-instead'];

export class Rigs {
  #name;
  #tell;
  #question = byId('missing', HTMLDialogElement);
  /** Whether the rig was there since the page was opened. */
  #existed = false;

  /** @param {string} name of this page's rig @param {(text: string) => void} tell shows a message */
  constructor(name, tell) {
    this.#name = name;
    this.#tell = tell;
    byId('consoles', HTMLElement).addEventListener('click', () => this.#list());
    byId('make-rig', HTMLElement).addEventListener('click', () => this.#make());
    // The question stays until the rig is there: without it, there is nothing to show.
    this.#question.addEventListener('cancel', (event) => event.preventDefault());
    this.#list();
  }

  /** Asks whether to make the rig while it is missing. @param {boolean} missing */
  show(missing) {
    this.#existed ||= !missing;
    if (missing === this.#question.open) return;
    if (!missing) return this.#question.close();
    const gone = this.#existed ? 'does not exist any more' : 'does not exist';
    write(byId('missing-text', HTMLElement), `The rig ${this.#name} ${gone}.`);
    this.#question.showModal();
    return void this.#list();
  }

  /** Makes the rig. The page hears of it as every other console does. */
  async #make() {
    const headers = { 'content-type': 'application/json' };
    const url = new URL(`v1/rigs/${this.#name}?create=1`, location.href);
    try {
      const answer = await fetch(url, { method: 'PATCH', headers, body: '{}' });
      if (!answer.ok) this.#tell(`The rig was not made: ${(await answer.json()).detail}`);
    } catch {
      this.#tell('The rig was not made: the server cannot be reached.');
    }
  }

  /** Fetches the list. If that fails, the list that was shown stays. */
  async #list() {
    const answer = await fetch(new URL('v1/rigs', location.href)).catch(() => null);
    if (!answer?.ok) return;
    /** @type {{ rigs: { name: string, dimmers: number }[] }} */
    const { rigs } = await answer.json();
    for (const id of LISTS) byId(id, HTMLElement).replaceChildren(...rigs.map((rig) => this.#row(rig)));
  }

  /** @param {{ name: string, dimmers: number }} rig */
  #row({ name, dimmers }) {
    const row = make('li', name === this.#name ? 'own' : '');
    const link = make('a', '', name);
    link.setAttribute('href', `?rig=${encodeURIComponent(name)}`);
    if (name === this.#name) link.setAttribute('aria-current', 'page');
    row.append(link, make('span', 'quiet', dimmers === 1 ? '1 dimmer' : `${dimmers} dimmers`));
    return row;
  }
}
