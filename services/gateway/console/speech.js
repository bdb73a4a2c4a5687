// Speech, where the browser has it: what is heard stands in the command line with its preview, and nothing is done unasked.

import { byId } from './dom.js';

/** The language of commands is English. */
const LANGUAGE = 'en-US';

/** @type {Record<string, string>} */
const FAULTS = {
  'not-allowed': 'The browser does not allow the microphone here: it needs a secure page and your permission.',
  'service-not-allowed': 'The browser does not allow speech here.',
  'audio-capture': 'There is no microphone.',
  network: 'The browser cannot reach its speech service.',
  'no-speech': 'Nothing was heard.',
};

/** @param {(text: string) => void} heard @param {(text: string) => void} tell */
export function speech(heard, tell) {
  const button = byId('command-speak', HTMLButtonElement);
  const { SpeechRecognition, webkitSpeechRecognition } = /** @type {any} */ (globalThis);
  const Recognition = SpeechRecognition ?? webkitSpeechRecognition;
  if (!Recognition) return;
  button.hidden = false;
  /** @type {any} */
  let listening = null;

  const turn = (/** @type {any} */ to) => {
    listening = to;
    button.setAttribute('aria-pressed', `${to !== null}`);
  };
  button.addEventListener('click', () => {
    if (listening) return listening.stop();
    const recognition = new Recognition();
    Object.assign(recognition, { lang: LANGUAGE, interimResults: true, continuous: false });
    recognition.onresult = (/** @type {any} */ { results }) => {
      const parts = [...results].map((/** @type {any} */ result) => result[0].transcript);
      heard(parts.join(' ').replace(/\s+/g, ' ').trim());
    };
    recognition.onerror = (/** @type {any} */ { error }) => {
      if (error !== 'aborted') tell(FAULTS[error] ?? `Speech failed: ${error}.`);
    };
    recognition.onend = () => turn(null);
    try {
      recognition.start();
      turn(recognition);
    } catch {
      tell('Speech cannot start now.');
    }
  });
}
