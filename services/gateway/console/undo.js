// Takes back this console's last change, and makes it again: by buttons, and by the keys that every program has.

import { byId } from './dom.js';

/** @param {(text: 'undo' | 'redo') => void} say */
export function undo(say) {
  for (const text of /** @type {const} */ (['undo', 'redo'])) byId(text, HTMLElement).addEventListener('click', () => say(text));
  addEventListener('keydown', (event) => {
    const { key, ctrlKey, metaKey, altKey, shiftKey, repeat, target } = event;
    if (event.defaultPrevented || altKey || !(ctrlKey || metaKey) || document.querySelector('dialog:modal')) return;
    const isUndo = /^z$/i.test(key) && !shiftKey;
    const isRedo = /^z$/i.test(key) ? shiftKey : key === 'y' && ctrlKey;
    // In a field that has a text, the keys are for that text.
    if (!(isUndo || isRedo) || (target instanceof HTMLInputElement && target.value !== '')) return;
    event.preventDefault();
    if (!repeat) say(isUndo ? 'undo' : 'redo');
  });
}
