// One small dialog that asks for one thing: a level, a label.

import { byId, write } from './dom.js';

/**
 * Asks. Resolves to what was entered, or null if it was called off.
 * @param {object} question
 * @param {string} question.text
 * @param {string} question.value
 * @param {'decimal' | 'text'} question.inputMode the keys a phone should show
 * @param {number} question.most characters
 * @param {(text: string) => string} question.wrong what is wrong with it; nothing if it is right
 * @returns {Promise<string | null>}
 */
export function ask({ text, value, inputMode, most, wrong }) {
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
