// Completions of a command, how names and selections are written, and where a text is wrong.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { MAX_OPTIONS, accept, complete } from '../../console/completion.js';
import { KEYWORDS, OFFERED, fold, quoted, selectionText, written } from '../../console/language.js';
import { errorText, marked } from '../../console/place.js';
import { firstWords } from '../../console/word_list.js';

const NAMES = { words: ['front wash', 'frost', 'stage on', 'wash', 'bühne 2'], labels: ['Friar', 'Wash', 'Cyc  left'] };

/** The options at the end of a text. */
const at = (text, names = NAMES) => complete(text, text.length, names);
const texts = (text) => at(text).options.map(({ text }) => text);

describe('completion', () => {
  test('offers words, then labels, then keywords', () => {
    assert.deepEqual(at('fr').options.map(({ text, kind }) => `${text} ${kind}`), ['front wash word', 'frost word', 'Friar label']);
    assert.deepEqual(texts('1 thru 5 f'), ['front wash', 'frost', 'Friar', 'full', 'forget']);
    assert.deepEqual(texts('WA'), ['wash'], 'a label of the same name is no other option');
    assert.deepEqual(texts('Bü'), ['bühne 2']);
  });

  test('goes on with several words of a name', () => {
    assert.deepEqual(at('1 full; front w').from, 8);
    assert.deepEqual(texts('1 full; front w'), ['front wash']);
    assert.deepEqual(texts('front '), ['front wash']);
    assert.deepEqual(texts('wash at fu'), ['full'], 'what does not go on is no part of the name');
    assert.deepEqual(texts('1+fro'), ['front wash', 'frost']);
  });

  test('has nothing for numbers, for a whole name, and for nothing', () => {
    for (const text of ['', '1', '1 thru 5', '1 thru 5 ', 'full', 'wash ', 'xyz', '""']) assert.deepEqual(at(text).options, [], text);
  });

  test('writes a name that needs it in quotes, and goes on in an open quote', () => {
    assert.equal(at('sta').options[0]?.insert, '"stage on"');
    const open = at('1 full; "fro');
    assert.deepEqual([open.from, open.options[0]?.insert], [8, '"front wash"']);
    assert.deepEqual(texts('"a" fr')[0], 'front wash', 'a closed quote is none');
  });

  test('an option replaces what stands before the caret', () => {
    const [option] = at('fro').options;
    assert.ok(option);
    assert.deepEqual(accept('fro', 3, 0, option), { text: 'front wash ', caret: 11 });
    assert.deepEqual(accept('1 full; fro at 5', 11, 8, option), { text: '1 full; front wash at 5', caret: 19 });
  });

  test('is bounded, also among very many words', () => {
    const words = Array.from({ length: 100_000 }, (_, i) => `look ${i}`);
    let seen = 0;
    const counted = { *[Symbol.iterator]() { for (const word of words) { seen += 1; yield word; } } };
    assert.equal(complete('lo', 2, { words: counted, labels: [] }).options.length, MAX_OPTIONS);
    assert.ok(seen <= MAX_OPTIONS + 1, `${seen} were looked at`);
  });
});

describe('the language', () => {
  test('a name has quotes where it needs them', () => {
    for (const plain of ['wash', 'front wash', 'spot 1', 'bühne 2 links']) assert.equal(written(plain), plain);
    for (const name of ['1', 'full', 'stage on', 'front-wash', 'r&b', 'dimmer 5', 'a, b', '照明', 'a  b']) {
      assert.equal(written(name), `"${name}"`);
    }
    assert.equal(quoted('a "b" \\'), '"a \\"b\\" \\\\"');
  });

  test('every keyword of the server is known', () => {
    const source = readFileSync(new URL('../../../command/src/keyword.rs', import.meta.url), 'utf8');
    const list = source.slice(source.indexOf('\nkeywords! {'), source.indexOf('impl Keyword', source.indexOf('\nkeywords! {')));
    const spellings = [...list.matchAll(/^ {4}\w+: (.*),$/gm)].flatMap(([, line]) => [...line.matchAll(/"(\w+)"/g)].map(([, word]) => word));
    assert.ok(spellings.length > 30, `${spellings}`);
    assert.deepEqual(spellings.filter((word) => !KEYWORDS.includes(word)), []);
    assert.deepEqual(OFFERED.filter((word) => !KEYWORDS.includes(word)), []);
  });

  test('names are compared without capital letters and further spaces', () => {
    assert.equal(fold('  Front   WASH '), 'front wash');
    assert.equal(fold('Bu\u0308hne'), 'bühne');
    assert.equal(fold('Große STRASSE'), fold('GROSSE Straße'));
    assert.equal(fold('ΟΔΟΣ'), fold('οδος'), 'a final sigma is a sigma');
    assert.notEqual(fold('ı'), fold('I'));
  });

  test('a selection keeps its order', () => {
    assert.equal(selectionText([1, 2, 3, 7, 5, 4, 10, 11]), '1-3,7,5,4,10-11');
    assert.equal(selectionText([]), '');
  });
});

describe('what is wrong', () => {
  test('is marked at its place', () => {
    assert.deepEqual(marked('1 att 5', { start: 2, end: 5 }), { before: '1 ', place: 'att' });
    assert.deepEqual(marked('1 at', { start: 4, end: 4 }), { before: '1 at', place: ' ' });
  });

  test('is told without the column', () => {
    const refusal = Object.assign(new Error('column 3: …'), { code: 'bad_input', place: { start: 2, end: 5 } });
    const more = { found: '`att`', expected: ['`at`', '`by`', 'a level'], nearest: 'at', hint: 'an action' };
    assert.equal(errorText({ ...refusal, ...more }), 'Found “att”, expected “at”, “by” or a level; did you mean “at”? (an action)');
    assert.equal(errorText({ ...refusal, found: '`x`' }), 'Found “x”');
    assert.equal(errorText(Object.assign(new Error('the log is away'), { code: 'unavailable' })), 'the log is away');
  });
});

describe('the list of words', () => {
  test('has the first ones in order, whatever order they come in', () => {
    assert.deepEqual(firstWords(['c', 'a', 'd', 'b'], '', 3), { shown: ['a', 'b', 'c'], matching: 4 });
    assert.deepEqual(firstWords(['front wash', 'cyc', 'wash'], ' WASH', 9), { shown: ['front wash', 'wash'], matching: 2 });
    assert.deepEqual(firstWords([], '', 3), { shown: [], matching: 0 });
  });
});
