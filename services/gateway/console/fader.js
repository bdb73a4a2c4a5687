// <light-fader data-dimmer="1">: one dimmer's fader; without a number, the grand master's.
//
// It only draws a `Look`: input.js handles the hand, and grabs.js decides which level is shown. It writes only what has
// changed. 300 faders move at once, so movement uses `transform`, which costs no layout. Figures cost layout, so `read`
// writes them, and may be deferred. Levels are hundredths of a percent; null is a dimmer without a level.

/**
 * @typedef {object} Look what a fader shows
 * @property {number | null} level
 * @property {number} output the level under the grand master and blackout
 * @property {{level: number | null, by: string} | null} ghost where somebody else has put a held fader, or, without a name,
 *   where a command would put it
 * @property {string} label
 * @property {boolean} held
 * @property {boolean} waiting whether the rig has not answered the level yet
 * @property {boolean} selected
 * @property {boolean} locked
 * @property {string} typed the text typed on it so far
 */

export class LightFader extends HTMLElement {
  /** @type {Look | null} */
  #look = null;
  /** @type {Record<string, HTMLElement>} */
  #parts = {};
  #renamed = true;

  connectedCallback() {
    if (this.firstChild) return;
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById('fader'));
    this.append(template.content.cloneNode(true));
    for (const part of this.querySelectorAll('[class]')) {
      if (part instanceof HTMLElement) this.#parts[part.className] = part;
    }
    const range = { 'aria-orientation': 'vertical', 'aria-valuemin': '0', 'aria-valuemax': '100' };
    // Before the first `show`, the fader has no level and cannot be grabbed.
    const blank = { 'aria-disabled': 'true', 'data-unset': '' };
    const attributes = { role: 'slider', tabindex: '0', ...range, ...blank };
    for (const [name, value] of Object.entries(attributes)) this.setAttribute(name, value);
  }

  get dimmer() {
    return Number(this.dataset.dimmer ?? 0);
  }

  /**
   * Shows this dimmer from now on; null hides the fader. A fader that scrolls out of sight is reused for another
   * dimmer.
   * @param {number | null} dimmer
   */
  become(dimmer) {
    this.hidden = dimmer === null;
    this.#renamed = true;
    if (dimmer === null) delete this.dataset.dimmer;
    else this.#write('number', (this.dataset.dimmer = `${dimmer}`));
  }

  /** Draws a look. Returns whether `read` has to be called. @param {Look} look */
  show(look) {
    const was = this.#look;
    this.#look = look;
    const { level, output, ghost } = look;
    if (look.locked !== was?.locked) this.setAttribute('aria-disabled', `${look.locked}`);
    if (look.held !== was?.held) this.toggleAttribute('data-held', look.held);
    if (look.waiting !== was?.waiting) this.toggleAttribute('data-waiting', look.waiting);
    if (look.selected !== was?.selected) this.toggleAttribute('data-selected', look.selected);
    const renamed = this.#renamed || look.label !== was?.label;
    if (renamed) this.#name(look.label);
    const moved = level !== was?.level;
    const lit = output !== was?.output;
    if (moved) {
      this.#part('fill').style.transform = `scaleY(${(level ?? 0) / 10000})`;
      this.#part('ride').style.transform = `translateY(${-(level ?? 0) / 100}%)`;
      this.setAttribute('aria-valuenow', `${(level ?? 0) / 100}`);
      this.toggleAttribute('data-unset', level === null);
    }
    const haunted = ghost?.level !== was?.ghost?.level || ghost?.by !== was?.ghost?.by;
    if (haunted) this.#haunt(ghost);
    // While the rig does not follow the hand, the output differs from the held level.
    if (haunted || (ghost && (moved || lit))) {
      this.#part('out').style.height = ghost && level ? `${(output / level) * 100}%` : '';
    }
    return moved || lit || haunted || look.typed !== was?.typed || look.selected !== was?.selected;
  }

  /** Writes the figures and the text for screen readers. */
  read() {
    if (!this.#look) return;
    const { level, output, ghost, typed, selected } = this.#look;
    this.#write('level', typed ? `${typed}_` : level === null ? '–' : `${level / 100}`);
    this.toggleAttribute('data-typed', typed !== '');
    this.toggleAttribute('data-fraction', typed === '' && (level ?? 0) % 100 !== 0);
    let text = level === null ? 'no level' : `${level / 100} percent`;
    if (this.dimmer && output !== (level ?? 0)) text += `, output ${output / 100} percent`;
    if (ghost) text += ghost.by ? `, ${ghost.by} has put it at ${figure(ghost)} percent` : `, would go to ${figure(ghost)}`;
    if (selected) text += ', selected';
    this.setAttribute('aria-valuetext', text);
  }

  #name(/** @type {string} */ label) {
    this.#renamed = false;
    const name = this.dimmer ? `Dimmer ${this.dimmer}` : 'Grand master';
    this.setAttribute('aria-label', label ? `${name}, ${label}` : name);
    this.#write('label', label);
  }

  #haunt(/** @type {Look['ghost']} */ ghost) {
    if (!ghost) {
      delete this.dataset.ghost;
      delete this.dataset.ghostBy;
      return;
    }
    const level = ghost.level ?? 0;
    this.dataset.ghost = figure(ghost);
    this.dataset.ghostBy = ghost.by;
    const mark = this.#part('ghost');
    mark.style.transform = `translateY(${-level / 100}%)`;
    mark.toggleAttribute('data-high', level > 7000);
    this.#write('ghost-level', figure(ghost));
    this.#write('ghost-by', ghost.by);
  }

  #write(/** @type {string} */ name, /** @type {string} */ text) {
    const part = this.#part(name);
    const node = part.firstChild;
    if (!(node instanceof Text)) part.textContent = text;
    else if (node.data !== text) node.data = text;
  }

  #part(/** @type {string} */ name) {
    return /** @type {HTMLElement} */ (this.#parts[name]);
  }
}

/** The level of a ghost mark, in percent. @param {NonNullable<Look['ghost']>} ghost */
const figure = ({ level }) => (level === null ? '–' : `${level / 100}`);

customElements.define('light-fader', LightFader);
