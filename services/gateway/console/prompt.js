// A small dialog for typing levels and labels of one dimmer or several.

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
 * Opens the dialog. Resolves to the text entered, or null if it was cancelled.
 * @param {object} question
 * @param {string} question.text
 * @param {string} question.value
 * @param {'decimal' | 'text'} question.inputMode the keys a phone should show
 * @param {number} question.most characters
 * @param {(text: string) => string} question.wrong returns what is wrong with a text; empty if it is right
 * @returns {Promise<string | null>}
 */
function ask({ text, value, inputMode, most, wrong }) {
  const dialog = byId('ask', HTMLDialogElement);
  const form = byId('ask-form', HTMLFormElement);
  const answer = byId('answer', HTMLInputElement);
  write(byId('question', HTMLElement), text);
  write(byId('wrong', HTMLElement), '');
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
    dialog.onclose = () => resolve(dialog.returnValue === 'ok' ? answer.value : null);
  });
}
