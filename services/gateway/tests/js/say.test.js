// Texts, look-ups and words over HTTP: what is sent, what is answered, and why it fails.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { placeIn } from '../../console/ghostlight.js';
import { Ledger } from './support/ledger.js';
import { World, settled } from './support/world.js';

/** A live client whose requests are answered by `answer`. */
function setUp(t, answer, options = {}) {
  const world = new World(t);
  const asked = [];
  const send = async (url, request) => {
    asked.push({ url: `${url}`, ...request, body: request.body && JSON.parse(request.body) });
    return answer(request);
  };
  const rig = world.live(new Ledger(), { fetch: send, ...options });
  t.after(() => rig.close());
  return { world, rig, asked };
}

const json = (body, status = 200) => ({ ok: status < 300, status, json: async () => body });
const said = { text: 'full', understood: 'full', changes: { levels: { 1: 100, 2: null } }, notes: [], position: '7-2', dry_run: false };

describe('a text', () => {
  test('is said to the same rig, by the same client, with key and selection', async (t) => {
    const { rig, asked } = setUp(t, () => json({ ...said, selection: '1-2', notes: ['one'] }), { client: 'Büro', rig: 'stage' });
    const answer = await rig.say('full', { selection: '1-2', key: 'k1' });
    assert.deepEqual(answer.changes?.levels, new Map([[1, 100], [2, null]]));
    assert.deepEqual([answer.selection, answer.notes, answer.dryRun], ['1-2', ['one'], false]);
    const [{ url, method, body, headers }] = asked;
    assert.deepEqual([url, method], ['http://stage.example/v1/rigs/stage/say', 'POST']);
    assert.deepEqual(body, { text: 'full', selection: '1-2', dry_run: false });
    assert.equal(headers['idempotency-key'], 'k1');
    assert.equal(Buffer.from(headers['ghostlight-client'], 'latin1').toString('utf8'), 'Büro');
  });

  test('makes the rig, if the page was asked to', async (t) => {
    const { rig, asked } = setUp(t, () => json(said), { create: true });
    await rig.say('full');
    assert.equal(asked[0].url, 'http://stage.example/v1/rigs/main/say?create=1');
  });

  test('that is only tried says so; a repeat has no changes', async (t) => {
    const { rig, asked } = setUp(t, () => json({ ...said, changes: undefined, dry_run: true }));
    const answer = await rig.say('full', { dryRun: true, selection: '' });
    assert.deepEqual(asked[0].body, { text: 'full', dry_run: true });
    assert.deepEqual([answer.changes, answer.dryRun], [undefined, true]);
  });

  test('that is not understood is refused with its place', async (t) => {
    const problem = {
      code: 'bad_input', title: 'Refused', detail: 'column 3: found `wosh`',
      text_error: { kind: 'unknown_name', start: 5, end: 9, found: '`wosh`', expected: ['a word'], nearest: 'wash' },
    };
    const { rig } = setUp(t, () => json(problem, 400));
    const { code, message, place, nearest, expected } = await rig.say('„a wosh').then(assert.fail, (error) => error);
    assert.deepEqual({ code, message, place, nearest, expected }, {
      code: 'bad_input', message: problem.detail, place: { start: 3, end: 7 }, nearest: 'wash', expected: ['a word'],
    });
  });

  test('is not sent while the rig is not live', async (t) => {
    const { world, rig, asked } = setUp(t, () => json(said));
    world.socket.end();
    for (const options of [{}, { dryRun: true }]) await assert.rejects(rig.say('full', options), { code: 'offline' });
    await assert.rejects(rig.setWord('wash', {}), { code: 'offline' });
    assert.deepEqual(asked, []);
  });

  test('without an answer may have been done', async (t) => {
    const lost = () => Promise.reject(new TypeError('Failed to fetch'));
    const { rig } = setUp(t, lost);
    await assert.rejects(rig.say('full'), { code: 'unknown' });
    const nonsense = setUp(t, () => ({ ok: false, status: 502, json: async () => JSON.parse('<html>') }));
    await assert.rejects(nonsense.rig.say('full'), { code: 'unknown' });
  });

  test('is waited for ten seconds, or until it is not wanted any more', async (t) => {
    const never = ({ signal }) => new Promise((_, fail) => {
      signal.addEventListener('abort', () => fail(new DOMException('aborted', 'AbortError')));
    });
    const { world, rig } = setUp(t, never);
    const slow = rig.say('full').catch((error) => error.code);
    await settled();
    world.pass(10_000);
    assert.equal(await slow, 'unknown');

    const other = world.live(new Ledger(), { fetch: (_, request) => never(request) });
    t.after(() => other.close());
    const unwanted = new AbortController();
    const late = other.say('full', { signal: unwanted.signal }).catch((error) => error.name);
    await settled();
    unwanted.abort();
    assert.equal(await late, 'AbortError');
    await assert.rejects(other.say('full', { signal: AbortSignal.abort() }), { name: 'AbortError' });
  });
});

describe('words', () => {
  test('are got, set, deleted and listed by their names', async (t) => {
    const { rig, asked } = setUp(t, ({ method }) => (method === 'DELETE' ? { ok: true, status: 204 } : json({ 1: 50 })));
    assert.deepEqual(await rig.getWord('front wash/2'), { 1: 50 });
    await rig.setWord('wash', { 1: 33.333 });
    await rig.deleteWord('wash');
    assert.deepEqual(asked.map(({ method, url, body }) => [method, url.replace('http://stage.example/v1/rigs/main/', ''), body]), [
      ['GET', 'words/front%20wash%2F2', undefined],
      ['PUT', 'words/wash', { 1: 33.33 }],
      ['DELETE', 'words/wash', undefined],
    ]);
    assert.equal(asked[0].headers['ghostlight-client'], undefined, 'who reads is nobody');
    assert.equal(asked[1].headers['ghostlight-client'], 'console-1');
    const list = setUp(t, () => json({ wash: { 1: 50 }, window: {} }));
    assert.deepEqual([...(await list.rig.listWords({ prefix: 'w', after: 'w a', limit: 2 })).keys()], ['wash', 'window']);
    assert.match(list.asked[0].url, /words\?prefix=w&after=w\+a&limit=2$/);
  });

  test('of any text are looked up', async (t) => {
    const { rig, asked } = setUp(t, () => json({ text: 'Wash, blue!', topics: { 1: 100 }, unknown: ['blue'] }));
    assert.deepEqual(await rig.lookup('Wash, blue!'), { topics: new Map([[1, 100]]), unknown: ['blue'] });
    assert.deepEqual(asked[0].body, { text: 'Wash, blue!' });
  });

  test('that are not there are not found', async (t) => {
    const { rig } = setUp(t, () => json({ code: 'not_found', title: 'Not found', detail: 'the rig has no word' }, 404));
    await assert.rejects(rig.getWord('wosh'), { code: 'not_found', message: 'the rig has no word' });
  });
});

test('a place in bytes is a place in the text', () => {
  assert.deepEqual(placeIn('1 att 5', 2, 5), { start: 2, end: 5 });
  assert.deepEqual(placeIn('ä𝄞x', 6, 7), { start: 3, end: 4 });
  assert.deepEqual(placeIn('1 at', 4, 4), { start: 4, end: 4 });
});
