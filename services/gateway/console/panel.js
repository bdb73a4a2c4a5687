// The panel: beside the board if there is room for it, otherwise over the board.

import { byId } from './dom.js';
import { remember, remembered } from './settings.js';

/** The same width as in css/panel.css. */
const BESIDE = matchMedia('(min-width: 75rem)');
const OPEN_AT_FIRST = matchMedia('(min-width: 100rem)');

/** @typedef {(section: string, wayBack: () => () => void) => void} TurnTo */

/** Starts the panel, and returns the function that turns to a section of it. @returns {TurnTo} */
export function panel() {
  const dialog = byId('panel', HTMLDialogElement);
  const button = byId('consoles', HTMLButtonElement);
  const told = (/** @type {boolean} */ open) => button.setAttribute('aria-expanded', `${open}`);

  const open = () => {
    if (BESIDE.matches) dialog.show();
    else dialog.showModal();
    told(true);
  };
  const toggle = () => {
    const opens = !dialog.open;
    if (opens) open();
    else dialog.close();
    if (BESIDE.matches) remember('panel', opens ? 'open' : 'closed');
  };

  let goBack = () => {};
  /** Shows a section and focuses it; if it has the focus already, closes the panel and restores the focus.
   * @type {TurnTo} */
  const turnTo = (id, wayBack) => {
    const section = byId(id, HTMLElement);
    const isThere = dialog.open && section.contains(document.activeElement);
    if (!isThere) goBack = wayBack();
    if (isThere || !dialog.open) toggle();
    if (isThere) goBack();
    else section.focus();
  };

  const wanted = remembered('panel');
  const opens = BESIDE.matches && (wanted ? wanted === 'open' : OPEN_AT_FIRST.matches);
  if (!opens) dialog.close();
  else if (!dialog.open) dialog.show();
  told(opens);

  button.addEventListener('click', toggle);
  byId('panel-close', HTMLElement).addEventListener('click', () => {
    toggle();
    button.focus();
  });
  dialog.addEventListener('close', () => told(dialog.open));
  dialog.addEventListener('click', (event) => event.target === dialog && !BESIDE.matches && dialog.close());
  BESIDE.addEventListener('change', () => {
    if (!dialog.open) return;
    dialog.close();
    if (BESIDE.matches) open();
  });
  return turnTo;
}
