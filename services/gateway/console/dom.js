// Helpers for the page's elements.

/**
 * The element with this id, which must be of this class.
 * @template {Element} E
 * @param {string} id
 * @param {{new (): E}} kind
 * @returns {E}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

/**
 * A new element with this class and text.
 * @param {string} tag
 * @param {string} className
 * @param {string | Node} [content]
 */
export function make(tag, className, content = '') {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(content);
  return element;
}

/**
 * Writes the text only if it differs, because a screen reader would repeat it.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The time of day, to the second. @param {number} ms since 1970 */
export const timeOfDay = (ms) => new Date(ms).toTimeString().slice(0, 8);
