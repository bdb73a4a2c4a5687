// <light-fader data-dimmer="1">: one dimmer's fader, for mouse, touch and keyboard.
//
// It shows what it is told and tells what the hand does; which level counts is not its business (hold.js). Levels are
// hundredths of a percent; null is a dimmer without a level. It dispatches, bubbling:
//   fader-grab      the hand takes it
//   fader-move      the hand moves it; detail.level
//   fader-release   the hand lets go

const FULL = 10000;
const STEP = 100;
const PAGE = 1000;

/** What a key makes of a level. */
const KEYS = {
  ArrowUp: (level) => level + STEP,
  ArrowRight: (level) => level + STEP,
  ArrowDown: (level) => level - STEP,
  ArrowLeft: (level) => level - STEP,
  PageUp: (level) => level + PAGE,
  PageDown: (level) => level - PAGE,
  Home: () => 0,
  End: () => FULL,
};

export class LightFader extends HTMLElement {
  #level = null;
  #ghost = null;
  #grip = null; // {key}, or {pointer, fromY, fromLevel}
  #parts = {};

  connectedCallback() {
    if (this.childElementCount > 0) return;
    this.append(document.getElementById('fader').content.cloneNode(true));
    for (const part of this.querySelectorAll('[class]')) this.#parts[part.className] = part;
    this.#parts.number.textContent = this.dimmer;
    for (const [name, value] of Object.entries({
      role: 'slider',
      tabindex: '0',
      'aria-label': `Dimmer ${this.dimmer}`,
      'aria-orientation': 'vertical',
      'aria-valuemin': '0',
      'aria-valuemax': '100',
    })) {
      this.setAttribute(name, value);
    }
    this.#listen();
    this.#draw();
  }

  get dimmer() {
    return Number(this.dataset.dimmer);
  }

  /** Draws these levels: the fader's own, and the others' while they differ. */
  show(level, ghost) {
    if (level === this.#level && ghost === this.#ghost) return;
    this.#level = level;
    this.#ghost = ghost;
    this.#draw();
  }

  /** A locked fader lets go of the hand and takes no more moves. */
  set locked(locked) {
    this.setAttribute('aria-disabled', locked);
    if (locked) this.#release();
  }

  get locked() {
    return this.getAttribute('aria-disabled') === 'true';
  }

  #listen() {
    const { track } = this.#parts;
    track.addEventListener('pointerdown', (event) => this.#press(event));
    track.addEventListener('pointermove', (event) => this.#drag(event));
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) {
      track.addEventListener(end, (event) => this.#grip?.pointer === event.pointerId && this.#release());
    }
    track.addEventListener('contextmenu', (event) => event.preventDefault());
    this.addEventListener('keydown', (event) => this.#type(event));
    this.addEventListener('keyup', (event) => this.#grip?.key === event.key && this.#release());
    this.addEventListener('blur', () => this.#grip?.key && this.#release());
  }

  /** A mouse that presses beside the cap calls it there. A finger never does: a light must not jump at a touch. */
  #press(event) {
    event.preventDefault();
    this.focus({ preventScroll: true });
    if (event.button !== 0 || this.#grip || this.locked) return;
    const { track, travel, cap } = this.#parts;
    track.setPointerCapture(event.pointerId);
    this.#grab({ pointer: event.pointerId, fromY: event.clientY, fromLevel: this.#level ?? 0 });
    const { top, bottom } = cap.getBoundingClientRect();
    const beside = event.clientY < top || event.clientY > bottom;
    if (beside && event.pointerType !== 'touch') {
      const { bottom: zero, height } = travel.getBoundingClientRect();
      this.#grip.fromLevel = whole(((zero - event.clientY) / height) * FULL);
      this.#move(this.#grip.fromLevel);
    }
  }

  #drag(event) {
    const grip = this.#grip;
    if (grip?.pointer !== event.pointerId) return;
    const by = (grip.fromY - event.clientY) / this.#parts.travel.getBoundingClientRect().height;
    this.#move(by === 0 ? grip.fromLevel : whole(grip.fromLevel + by * FULL));
  }

  #type(event) {
    const change = KEYS[event.key];
    if (!change || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    if (this.locked || this.#grip?.pointer !== undefined) return;
    if (!this.#grip) this.#grab({ key: event.key });
    this.#grip.key = event.key;
    this.#move(whole(change(this.#level ?? 0)));
  }

  #grab(grip) {
    this.#grip = grip;
    this.dataset.held = '';
    this.#tell('fader-grab');
  }

  #move(level) {
    if (level !== this.#level) this.#tell('fader-move', { level });
  }

  #release() {
    if (!this.#grip) return;
    this.#grip = null;
    delete this.dataset.held;
    this.#tell('fader-release');
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }

  #draw() {
    const { level: readout, 'ghost-level': ghostReadout } = this.#parts;
    if (!readout) return;
    const level = this.#level ?? 0;
    this.style.setProperty('--level', level / FULL);
    this.setAttribute('aria-valuenow', level / 100);
    const told = this.#level === null ? 'no level' : `${level / 100} percent`;
    this.setAttribute('aria-valuetext', this.#ghost === null ? told : `${told}, others ${this.#ghost / 100} percent`);
    readout.textContent = this.#level === null ? '–' : `${level / 100}`;
    this.toggleAttribute('data-unset', this.#level === null);
    this.toggleAttribute('data-fraction', level % 100 !== 0);
    if (this.#ghost === null) {
      delete this.dataset.ghost;
    } else {
      this.dataset.ghost = this.#ghost / 100;
      this.style.setProperty('--ghost', this.#ghost / FULL);
      ghostReadout.textContent = this.#ghost / 100;
    }
  }
}

/** The nearest whole percent within the range. */
function whole(level) {
  return Math.min(FULL, Math.max(0, Math.round(level / STEP) * STEP));
}

customElements.define('light-fader', LightFader);
