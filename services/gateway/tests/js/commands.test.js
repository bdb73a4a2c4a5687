// Texts that are tried, said and remembered: each of these is done at most once.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CommandHistory } from '../../console/command_history.js';
import { DryRun } from '../../console/dry_run.js';
import { Saying } from '../../console/saying.js';
import { settled } from './support/world.js';

const failure = (code) => Object.assign(new Error(code), { code });

describe('saying', () => {
  /** Answers each text as the test says. */
  function setUp(...answers) {
    const asked = [];
    const say = async (text, { selection, key }) => {
      asked.push([text, selection, key]);
      const answer = answers.shift() ?? {};
      if (answer instanceof Error) throw answer;
      return { text, understood: text, notes: [], position: '1-1', dryRun: false, ...answer };
    };
    const selected = new Set();
    let keys = 0;
    return { saying: new Saying(() => ({ say }), selected, () => `key ${(keys += 1)}`), selected, asked };
  }

  test('each text has a key of its own', async () => {
    const { saying, asked } = setUp();
    await saying.say('+10');
    await saying.say('+10');
    assert.deepEqual(asked.map(([, , key]) => key), ['key 1', 'key 2']);
  });

  test('a text without an answer keeps its key until it is answered', async () => {
    const { saying, asked } = setUp(failure('unknown'), failure('unknown_outcome'), {}, {});
    await assert.rejects(saying.say('+10'));
    await assert.rejects(saying.say('+10'));
    await saying.say('+10');
    await saying.say('+10');
    assert.deepEqual(asked.map(([, , key]) => key), ['key 1', 'key 1', 'key 1', 'key 2']);
  });

  test('another text, another selection, and a refusal end that', async () => {
    const { saying, selected, asked } = setUp(failure('unknown'), {}, {}, failure('unknown'), {}, failure('bad_input'));
    await assert.rejects(saying.say('+10'));
    await saying.say('+20');
    await saying.say('+10');
    await assert.rejects(saying.say('+10'));
    selected.add(7);
    await saying.say('+10');
    await assert.rejects(saying.say('x'));
    await saying.say('x');
    assert.equal(new Set(asked.map(([, , key]) => key)).size, 7, 'no key comes twice');
  });

  test('the selection is that of the board, or else the last one', async () => {
    const { saying, selected, asked } = setUp({ selection: '1-3' }, {}, { selection: '9*50' });
    await saying.say('1 thru 3');
    await saying.say('master at 5');
    for (const dimmer of [5, 6, 2]) selected.add(dimmer);
    await saying.say('at 50');
    selected.clear();
    await saying.say('full');
    await saying.say('last record x', '4-5');
    assert.deepEqual(asked.map(([, selection]) => selection), [undefined, '1-3', '5-6,2', '9*50', '4-5']);
  });
});

describe('a dry run', () => {
  function setUp(t) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const [asked, shown] = [[], []];
    const say = (text, { signal, dryRun }) => new Promise((answer, fail) => asked.push({ text, signal, dryRun, answer, fail }));
    return { dryRun: new DryRun(say), asked, shown, show: (outcome) => shown.push(outcome) };
  }

  test('is asked once the hand rests, and the last text counts', async (t) => {
    const { dryRun, asked, shown, show } = setUp(t);
    for (const text of ['1', '1 f', '1 full']) dryRun.ask(text, undefined, show);
    t.mock.timers.tick(120);
    assert.deepEqual(asked.map(({ text, dryRun }) => [text, dryRun]), [['1 full', true]]);
    dryRun.ask('1 out', undefined, show);
    assert.ok(asked[0].signal.aborted, 'nobody waits for it');
    t.mock.timers.tick(120);
    asked[1].answer({ understood: '1 out' });
    asked[0].answer({ understood: '1 full' });
    await settled();
    assert.deepEqual(shown, [{ said: { understood: '1 out' } }]);
  });

  test('tells why not, and is silent once it is stopped', async (t) => {
    const { dryRun, asked, shown, show } = setUp(t);
    dryRun.ask('x', undefined, show, 0);
    t.mock.timers.tick(0);
    asked[0].fail(failure('bad_input'));
    await settled();
    assert.equal(shown[0].refusal.code, 'bad_input');
    dryRun.ask('y', undefined, show, 0);
    t.mock.timers.tick(0);
    dryRun.stop();
    asked[1].answer({});
    await settled();
    assert.equal(shown.length, 1);
  });
});

describe('the history', () => {
  const stored = (text) => ({ text, load() { return this.text; }, save(to) { this.text = to; } });

  test('goes back, forth and to what was typed', () => {
    const history = new CommandHistory(stored(null));
    assert.equal(history.older('x'), null);
    for (const line of ['a', 'b', 'c', 'a']) history.add(line);
    assert.deepEqual(['x', 'a', 'c', 'b'].map((typed) => history.older(typed)), ['a', 'c', 'b', null]);
    assert.deepEqual([1, 2, 3, 4].map(() => history.newer()), ['c', 'a', 'x', null]);
    history.older('x');
    history.leave();
    assert.equal(history.newer(), null);
  });

  test('is kept, and bounded', () => {
    const store = stored(null);
    const history = new CommandHistory(store);
    for (let i = 0; i < 60; i += 1) history.add(`${i} full`);
    const again = new CommandHistory(store);
    assert.equal(again.older(''), '59 full');
    assert.equal(JSON.parse(store.text).length, 50);
  });

  test('does without what it cannot read', () => {
    for (const text of ['', '{', 'null', '7', '{"a":1}', '[1,null,{}]', '[""]']) {
      assert.equal(new CommandHistory(stored(text)).older(''), null, text);
    }
    assert.equal(new CommandHistory(stored('[7,"1 full"]')).older(''), '1 full');
  });
});
