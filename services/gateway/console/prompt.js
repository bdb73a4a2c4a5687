// Small dialogs: for typing levels and labels of one dimmer or several, and for what has to be confirmed.

import { byId, write } from './dom.js';
import { MASTER } from './grabs.js';
import { parseLevel, plain } from './typed.js';

/** The longest label that the rig accepts, in characters. */
const MAX_LABEL = 40;

/** The name of these dimmers in the dialog. @param {number[]} dimmers */
function called(dimmers) {
  if (dimmers.length > 1) return `${dimmers.length} dimmers`;
  return dimmers[0] === MASTER ? 'the grand master' : `dimmer ${dimmers[0]}`;
}

/** @param {import('./grabs.js').Grabs} grabs @param {Iterable<number>} group */
export async function askLevel(grabs, group) {
  const dimmers = [...group];
  if (grabs.locked) return;
  const answer = await ask({
    text: `Level of ${called(dimmers)}, in percent`,
    value: `${(grabs.shown(dimmers[0] ?? MASTER) ?? 0) / 100}`,
    inputMode: 'decimal',
    most: 6,
    wrong: (text) => (parseLevel(text) === null ? 'A level is 0 to 100, with two decimals at most.' : ''),
  });
  if (answer !== null) grabs.set(dimmers, parseLevel(answer));
}

/** @param {() => import('./grabs.js').Rig} rig @param {Iterable<number>} group */
export async function askLabel(rig, group) {
  const dimmers = [...group];
  if (rig().state !== 'live' || dimmers.length === 0) return;
  const answer = await ask({
    text: `Label of ${called(dimmers)}`,
    value: rig().labels.get(dimmers[0] ?? MASTER) ?? '',
    inputMode: 'text',
    most: 2 * MAX_LABEL, // a field counts some characters twice
    wrong: (text) => ([...plain(text)].length > MAX_LABEL ? `A label has ${MAX_LABEL} characters at most.` : ''),
  });
  if (answer === null || rig().state !== 'live') return;
  rig().change({ labels: Object.fromEntries(dimmers.map((dimmer) => [dimmer, plain(answer) || null])) });
}

/**
 * Asks to confirm something. Resolves to whether it was.
 * @param {string} text
 * @param {string} ok the name of the button that confirms
 * @returns {Promise<boolean>}
 */
export function confirmed(text, ok) {
  const dialog = byId('confirm', HTMLDialogElement);
  write(byId('confirm-text', HTMLElement), text);
  write(byId('confirm-ok', HTMLElement), ok);
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === 'ok');
  });
}

/** Opens the dialog. Resolves to the text entered, or null if it was cancelled. @param {Question} question
 * @returns {Promise<string | null>} */
async function ask(question) {
  return (await choose(question))?.text ?? null;
}

/**
 * @typedef {object} Question
 * @property {string} text
 * @property {string} value
 * @property {'decimal' | 'text'} inputMode the keys a phone should show
 * @property {number} most characters
 * @property {(text: string) => string} wrong returns what is wrong with a text; empty if it is right
 * @property {string} [ok] the name of the button that sets it
 * @property {string} [other] the name of a further button, if there is one
 *
 * Opens the dialog. Resolves to the text entered and the button pressed, or null if it was cancelled.
 * @param {Question} question
 * @returns {Promise<{ by: 'ok' | 'other', text: string } | null>}
 */
export function choose({ text, value, inputMode, most, wrong, ok = 'Set', other = '' }) {
  const dialog = byId('ask', HTMLDialogElement);
  const form = byId('ask-form', HTMLFormElement);
  const answer = byId('answer', HTMLInputElement);
  write(byId('question', HTMLElement), text);
  write(byId('wrong', HTMLElement), '');
  write(byId('ask-ok', HTMLElement), ok);
  write(byId('ask-other', HTMLElement), other);
  byId('ask-other', HTMLElement).hidden = other === '';
  Object.assign(answer, { value, inputMode, maxLength: most });
  dialog.returnValue = '';
  dialog.showModal();
  answer.select();
  form.onsubmit = (event) => {
    const told = event.submitter?.getAttribute('value') === 'ok' ? wrong(answer.value) : '';
    write(byId('wrong', HTMLElement), told);
    if (told) event.preventDefault();
  };
  return new Promise((resolve) => {
    dialog.onclose = () => {
      const by = dialog.returnValue;
      resolve(by === 'ok' || by === 'other' ? { by, text: answer.value } : null);
    };
  });
}
