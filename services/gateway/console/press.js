// Presses on the buttons of a list: a short one does something, a long one only shows it until it ends. By mouse, finger and
// keyboard. What assistive software clicks is a short press.

/** A press that lasts longer is a hold. */
const HOLD_MS = 350;
/** A finger that moves further scrolls. In CSS pixels. */
const SLACK = 10;

/**
 * @param {HTMLElement} list whose buttons have their item's name in `data-item`
 * @param {(item: string) => void} press
 * @param {(item: string) => () => void} hold begins to show something, and returns what ends it
 */
export function presses(list, press, hold) {
  /** @type {{ item: string, at: [number, number] | null, timer: ReturnType<typeof setTimeout>, end: (() => void) | null } | null}
   * `at`: where the pointer is; null for a key */
  let held = null;
  const drop = () => {
    const was = held;
    held = null;
    clearTimeout(was?.timer);
    was?.end?.();
    return was;
  };
  const lift = () => {
    const was = drop();
    if (was && !was.end) press(was.item);
  };
  const begin = (/** @type {string} */ item, /** @type {[number, number] | null} */ at) => {
    drop();
    const timer = setTimeout(() => (now.end = hold(item)), HOLD_MS);
    const now = { item, at, timer, end: /** @type {(() => void) | null} */ (null) };
    held = now;
  };

  list.addEventListener('pointerdown', (event) => {
    const item = itemAt(event);
    if (item !== null && event.button === 0) begin(item, [event.clientX, event.clientY]);
  });
  addEventListener('pointermove', ({ clientX, clientY, buttons }) => {
    const [x, y] = held?.at ?? [clientX, clientY];
    if (buttons !== 0 && Math.hypot(clientX - x, clientY - y) > SLACK) drop();
  });
  addEventListener('pointerup', (event) => (itemAt(event) === held?.item ? lift() : drop()));
  addEventListener('pointercancel', drop);
  list.addEventListener('contextmenu', (event) => event.preventDefault());

  const isKey = (/** @type {KeyboardEvent} */ { key }) => key === 'Enter' || key === ' ';
  list.addEventListener('keydown', (event) => {
    const item = itemAt(event);
    if (item === null || !isKey(event)) return;
    event.preventDefault();
    if (!event.repeat) begin(item, null);
  });
  list.addEventListener('keyup', (event) => {
    if (!isKey(event)) return;
    event.preventDefault();
    lift();
  });
  // A press of the mouse moves the focus itself.
  list.addEventListener('focusout', () => held?.at === null && drop());
  // A click without a pointer and without a key.
  list.addEventListener('click', (event) => {
    const item = itemAt(event);
    if (item !== null && event.detail === 0) press(item);
  });
}

/** The name of the item that an event is about; null if it is none. @param {Event} event */
function itemAt({ target }) {
  const button = target instanceof Element ? target.closest('[data-item]') : null;
  return button instanceof HTMLElement ? (button.dataset.item ?? null) : null;
}
