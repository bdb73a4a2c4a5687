// Renaming and deleting a word.

import { fold, quoted } from './language.js';
import { choose, confirmed } from './prompt.js';
import { plain } from './typed.js';

/** The longest name that a rig accepts, in characters. */
const MAX_NAME = 64;

/** @param {import('./words_panel.js').Means} means @param {string} word */
export async function editWord({ rig, say, tell }, word) {
  const answer = await choose({
    text: `Name of the word ${word}`,
    value: word,
    inputMode: 'text',
    most: 2 * MAX_NAME, // a field counts some characters twice
    wrong: (text) => {
      const name = fold(plain(text));
      if (!/[\p{L}\p{N}]/u.test(name)) return 'A word needs a letter or a digit.';
      return [...name].length > MAX_NAME ? `A word has ${MAX_NAME} characters at most.` : '';
    },
    ok: 'Rename',
    other: 'Delete…',
  });
  if (!answer) return;
  if (answer.by === 'other') {
    if (await confirmed(`Delete the word ${word} for all consoles?`, 'Delete')) await say(`delete word ${quoted(word)}`);
    return;
  }
  const to = fold(plain(answer.text));
  if (to === word) return;
  if (rig().words.has(to) && !(await confirmed(`There is a word ${to}. Replace it? Its own look is lost.`, 'Replace'))) return;
  const look = rig().words.get(word);
  if (!look) return tell(`The word ${word} was deleted meanwhile.`);
  try {
    // One change, so that no console ever sees both names or none.
    await rig().change({ words: { [to]: look, [word]: null } });
    tell(`Done: ${word} is called ${to}.`, 'did');
  } catch (error) {
    tell(error instanceof Error ? error.message : `${error}`);
  }
}
