// A client of one Ghostlight rig for any web page: it keeps a copy of the rig's map and changes the rig.
//
// Inbound: socket -> read -> Replica -> RigClient -> events. Outbound: RigClient -> Outbox -> socket. Texts of commands
// and single words go over HTTP (`Http`), because each of them has an answer of its own.
//
// Only the rig decides the map: a change is shown when its echo comes, and no change is kept for later while the rig
// cannot be reached. A message that cannot be read may have been a change, so it counts as a lost one: the client drops
// the connection, and the next one begins with a snapshot. Lists of consoles and timings are the exception: unreadable
// ones are ignored, as are messages and members of newer servers.
//
// A rig has items of several kinds. `KINDS` lists them, and drives everything that works alike for every kind: reading,
// changing, catching up, digests, origins and pending changes. A new kind is one entry there.
//
// `read`, `Replica` and `Outbox` are pure: no DOM, no clock, no randomness. Levels are percents, rounded to whole
// hundredths on input, so equal levels are equal numbers; digests and outputs add up hundredths exactly.

const STALE_AFTER_MS = 3000; // the rig sends a beacon each second
const SILENT_AFTER_MS = 10000;
/** A delta that goes further at once is taken for a gap: no log does. */
const MAX_STEP = 2 ** 32;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;
const PACE_MS = 23; // between sets: at most 44 a second, as a DMX line (ANSI E1.11) carries full frames
const MAX_IN_FLIGHT = 24; // with more unanswered sets the rig is behind, and newer levels wait
const UNSENT_BYTES = 4096; // with more in the socket the network is behind: try again after `BEHIND_MS`
const BEHIND_MS = 10;
const ANSWER_MS = 10000; // an answer over HTTP that takes longer is not waited for
const SEEDS = [0, 0x9e3779b9];

/**
 * "offline": not connected, retrying; "resuming": connected, waiting for the map; "stale": no beacon for 3 s.
 * @typedef {'offline' | 'resuming' | 'live' | 'stale'} State
 *
 * `rig`: "main" by default. `create`: make the rig by the first change, if it does not exist; otherwise such a change is
 * refused (`not_found`). `client`: unique for every page, which recognises its own echo by it; random by default.
 * `name`: what people call this console. `kind`: desk, tablet, phone, script, ... `presence`: receive the list of
 * consoles. `timing`: receive with each ack how long the change took in the servers. `kinds`: the names of the kinds
 * that this page follows; those that servers send by default if left out.
 * @typedef {{ rig?: string, create?: boolean, client?: string, name?: string, kind?: string, presence?: boolean, timing?: boolean,
 *   kinds?: string[], WebSocket?: new (url: URL, protocol: string) => WebSocket, fetch?: typeof fetch,
 *   random?: () => number }} Options
 *
 * A kind of item in a rig. `key` parses a key; it is left out for a kind that has one item in a rig. `read` reads a
 * value, more strictly if this page `asks` for it. A new rig has the value `initial`. `hash` is an item's part of one
 * lane of the digest (`services/rig/src/digest.rs`). `isDefault`: whether pages follow the kind that name no kinds.
 * @typedef {{ key?: (text: string) => any, read: (value: any, of: any, asks: boolean) => any, initial?: any,
 *   hash?: (key: any, value: any, seed: number) => number, isDefault?: boolean }} Kind
 *
 * The requested values by kind, levels in percent; null removes an item that has a key. The words of a rig are written
 * in small letters; a look has the levels that a word stands for.
 * @typedef {{ levels?: ByDimmer<number>, labels?: ByDimmer<string>, master?: number, blackout?: boolean,
 *   words?: Readonly<Record<string, Look | null>> | ReadonlyMap<string, Look | null> }} Wish
 * @typedef {Readonly<Record<number, number>>} Look
 * @typedef {{ levels: Map<number, number | null>, labels: Map<number, string | null>, words: Map<string, Look | null>,
 *   master?: number, blackout?: boolean }} Change
 *
 * A change is `whole` if a snapshot replaced the map: then it has every difference. Its origins tell which client set
 * which items of it: by kind, the keys of the items, or true; `own` if the client is this page.
 * @typedef {Change & { whole: boolean, origins: Origin[] }} Changed
 * @typedef {{ client: string, seq: number, items: Items, own?: boolean }} Origin
 * @typedef {{ levels?: number[], labels?: number[], words?: string[], master?: true, blackout?: true }} Items
 * @typedef {{ client?: string, name: string, kind: string, since: number }} Console
 *
 * The details of the events. An echo is timed from sending a set to its delta, an ack from sending a set to its answer;
 * each carries the time of the other, if that came first.
 * @typedef {{ state: State, change: Changed, presence: { consoles: Console[], total: number },
 *   ack: { ms: number, echoMs?: number, timing?: Timing }, echo: { ms: number, ackMs?: number },
 *   refused: { code: string, message: string, seq?: number, asked?: Change } }} Events
 *
 * How many milliseconds a change took in the servers, if `timing` is on. `log`: from its arrival until it was durable;
 * `echo`: until its gateway could serve it; `fold`: within that, in the state service.
 * @typedef {{ log: number, fold: number, echo: number }} Timing
 *
 * How a text was understood. `changes` is left out if the text was a repeat (see `say`). `selection`: to be sent with the
 * next text; left out if this one selected nothing. `position`: of the change, or of the map that a dry run was about.
 * @typedef {{ text: string, understood: string, changes?: Change, selection?: string, notes: string[], position: string,
 *   dryRun: boolean }} Said
 *
 * Why a request was refused. Of a text that was not understood: its `place` in the text, from `start` up to `end` as
 * `slice` counts, what was `found` there, what was `expected`, and the `nearest` name or keyword.
 * @typedef {Error & { code: string, place?: { start: number, end: number }, found?: string, expected?: string[],
 *   nearest?: string, hint?: string }} Refusal
 *
 * @typedef {{ epoch: number, revision: number }} Position
 * `time`: the log time at the position, in nanoseconds since 1970, in digits; "0" if it is not known.
 * `store`: the identity of the store that keeps the rig; '' if it is not told.
 * @typedef {Position & Change & { type: 'snapshot' | 'delta', store: string, prev: number, time: string,
 *   missing: boolean, origins: Origin[] }} Step
 * @typedef {Position & { type: 'beacon', store: string, time: string, digests: Record<string, string> }} Beacon
 * @typedef {{ type: 'ack', seq: number, position: Position, timing?: Timing }} Ack
 * @typedef {{ type: 'error', told: Events['refused'] } | { type: 'presence', told: Events['presence'] }
 *   | { type: 'stale' }} News
 *
 * @typedef {RigClient & { addEventListener<K extends keyof Events>(type: K,
 *   listener: (event: CustomEvent<Events[K]>) => void, options?: boolean | AddEventListenerOptions): void }} Rig
 */
/** @template T @typedef {Readonly<Record<number, T | null>> | ReadonlyMap<number, T | null>} ByDimmer */

/** The kinds by name, in the order of messages. @type {Map<string, Kind>} */
export const KINDS = new Map(Object.entries(/** @type {Record<string, Kind>} */ ({
  levels: {
    key: readDimmer,
    read: readLevel,
    hash: (dimmer, level, seed) => mix(((dimmer << 14) | hundredths(level)) ^ seed),
  },
  labels: {
    key: readDimmer,
    // Labels from the server are accepted as they are; labels from this page must follow a rule.
    read: (label, of, asks) => proper(label, asks ? /^[^\p{Cc}]{1,40}$/u : /^/, 'is not a label (1 to 40 characters)', of),
    hash: (dimmer, label, seed) => mix(fnv([dimmer & 0xff, dimmer >> 8, ...utf8(label)], seed)),
  },
  master: { read: readLevel, initial: 100, hash: (_, level, seed) => mix(hundredths(level) ^ seed) },
  blackout: {
    read: (is) => proper(is, typeof is === 'boolean', 'is not blackout (true or false)'),
    initial: false,
    hash: (_, is, seed) => mix(Number(is) ^ seed),
  },
  words: {
    key: (word) => proper(word, /^[^\p{Cc}]+$/u, 'is not a word'),
    read: readLook,
    hash: hashOfLook,
    isDefault: false, // a dictionary can be large
  },
})));

/**
 * Follows a rig, and reconnects whenever the connection is lost, until it is closed.
 * @param {string | URL} [url] of the gateway's page, `http(s):` or `ws(s):`; the page's own origin if left out
 * @param {Options} [options] @returns {Rig}
 */
export function connect(url = location.origin, options = {}) {
  const { rig = 'main', create = false, client = '-', name = '-', kind = 'web' } = options;
  proper(rig, /^[a-z0-9][a-z0-9_-]{0,62}$/, 'is not the name of a rig (1 to 63 of a-z, 0-9, _ and -, not _ or - first)');
  proper(kind, /^[a-z][a-z0-9-]{0,15}$/, 'is not a kind of console (1 to 16 of a-z, 0-9 and -, a letter first)');
  for (const text of [client, name]) proper(text, /^[^\p{Cc}]{1,64}$/u, 'is not a name (1 to 64 characters)');
  const address = new URL(url);
  address.protocol = address.protocol.replace('http', 'ws');
  address.pathname = `${address.pathname.replace(/\/([^/]*\.html)?$/, '')}/v1/rigs/${rig}/ws`;
  address.hash = '';
  address.search = create ? '?create=1' : '';
  return /** @type {Rig} */ (new RigClient(address, options));
}

/** The kinds that a page follows by default. */
const DEFAULT_KINDS = [...KINDS].filter(([, { isDefault = true }]) => isDefault).map(([name]) => name);

/** This page's client of one rig. Made by `connect`. */
class RigClient extends EventTarget {
  /** @type {State} */ #state = 'offline';
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Events['presence']} */ #presence = { consoles: [], total: 0 };
  /** @type {Record<string, any>} */ #timers = {};
  #replica;
  #outbox = new Outbox();
  #resume = true;
  /** Whether all that came since the map was last confirmed is below it. */ #behind = false;
  /** Whether the last answer was a map of an older epoch, which was not taken. */ #older = false;
  #closed = false;
  #failures = 0;
  #heardAt = 0;
  #make;
  #random;
  #hello;
  #http;

  constructor(/** @type {URL} */ address, /** @type {Options} */ { random = Math.random, ...options }) {
    super();
    const { client = `web-${hex(random() * 2 ** 32)}${hex(random() * 2 ** 32)}`, name, kind, kinds } = options;
    const { WebSocket = globalThis.WebSocket } = options;
    const want = /** @type {const} */ (['presence', 'timing']).filter((wanted) => options[wanted]);
    this.#make = () => new WebSocket(address, 'ghostlight.v1');
    this.#random = random;
    this.#hello = { type: 'hello', client, resume: '', name, kind, kinds, want: want.length > 0 ? want : undefined };
    this.#replica = new Replica(kinds);
    this.#http = new Http(address, client, options.fetch);
    this.#open();
  }

  get state() { return this.#state; }
  /** This page's name in the origins of changes. */
  get client() { return this.#hello.client; }
  /** The map's position, `epoch-revision`; null until the first snapshot. */
  get position() { return this.#replica.written; }
  /** Percent by dimmer: always the same Map object. @returns {ReadonlyMap<number, number>} */
  get levels() { return this.#replica.levels; }
  /** By dimmer: always the same Map object. @returns {ReadonlyMap<number, string>} */
  get labels() { return this.#replica.labels; }
  /** The grand master, in percent. */
  get master() { return this.#replica.master; }
  get blackout() { return this.#replica.blackout; }
  /** The looks by word, if this page follows the kind `words`: always the same Map object.
   * @returns {ReadonlyMap<string, Look>} */
  get words() { return this.#replica.words; }
  /** Whether the rig does not exist: nothing has made it, or it was removed. */
  get missing() { return this.#replica.missing; }
  /** The value of a kind, by the kind's name: a map by key, or the one value. */
  value(/** @type {string} */ kind) { return this.#replica.value(kind); }
  /** The log time of the map, in digits: nanoseconds since 1970; "0" if it is not known. */
  get time() { return this.#replica.time; }
  /** The digest of each kind: sixteen hexadecimal digits that prove the map's content. */
  get digests() { return this.#replica.digests; }
  /** The connected consoles in the last list: at most 64 of `consolesTotal`. */
  get consoles() { return this.#presence.consoles; }
  get consolesTotal() { return this.#presence.total; }
  /** The dimmer's output, in percent; null if it has no level. @param {number} dimmer */
  output(dimmer) { return this.#replica.output(dimmer); }
  /** Whether a change of an item by this page is unsent, or the map has not reached its answer yet.
   * @param {string} kind its name @param {any} [key] if the kind has keys */
  pending(kind, key) { return this.#outbox.pending(kind, key); }
  /** Sets levels: see `change`. @param {ByDimmer<number>} levels */
  set(levels) { return this.change({ levels }); }

  /**
   * Changes the rig: all of the wish or nothing. At most 44 sets a second are sent: wishes in between are merged, newer
   * values replace older ones, and the last value is always sent. Resolves to the position of the change, once it is
   * durable. Rejects with a `code`: "offline" (not live, so not sent), "unknown" (the connection was lost before the
   * answer), or a code of the rig. Throws a TypeError that names an invalid value.
   * @param {Wish} wish @returns {Promise<string>}
   */
  change(wish) {
    for (const member in wish) proper(member, KINDS.has(member), 'is not a kind of thing that can be changed');
    const outcome = this.#outbox.put(readChange(wish, true));
    if (this.#state === 'live') this.#send();
    else this.#outbox.leave(this.#state);
    return outcome;
  }

  /**
   * Says a text of commands (`services/command/GRAMMAR.md`): all of it is done or nothing. `dryRun`: it is only
   * understood. `selection`: the selection of the answer before, which commands without one mean. `key`: if the same text
   * was said with this key before, it is not done again. Resolves once the change is durable. Rejects with a `Refusal`,
   * whose code is "offline" (the rig is not live, so nothing was sent), "unknown" (no answer came, so it may have been
   * done) or one of the server; or with the reason of the `signal`.
   * @param {string} text
   * @param {{ dryRun?: boolean, selection?: string, key?: string, signal?: AbortSignal }} [options]
   * @returns {Promise<Said>}
   */
  async say(text, { dryRun = false, selection, key, signal } = {}) {
    this.#needsLive();
    const body = { text, selection: selection || undefined, dry_run: dryRun };
    const { changes, dry_run, ...said } = await this.#http.ask('POST', 'say', { body, key, signal });
    return { ...said, dryRun: dry_run === true, changes: changes && readChange(changes) };
  }

  /** The levels of all words in any text together, and the words that the rig does not know. Changes nothing.
   * @param {string} text @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<{ topics: Map<number, number>, unknown: string[] }>} */
  async lookup(text, { signal } = {}) {
    const { topics, unknown } = await this.#http.ask('POST', 'lookup', { body: { text }, signal });
    return { topics: readAll(topics, readDimmer, readLevel), unknown };
  }

  /** The words from the server that begin with `prefix`, come after `after`, and are at most `limit`, in order: also for
   * a page that does not follow them. @param {{ prefix?: string, after?: string, limit?: number }} [which]
   * @returns {Promise<Map<string, Look>>} */
  async listWords({ prefix = '', after = '', limit = 100 } = {}) {
    const query = new URLSearchParams({ prefix, ...(after && { after }), limit: `${limit}` });
    return readAll(await this.#http.ask('GET', `words?${query}`), String, readLook);
  }

  /** The look of a word from the server. Rejects with the code "not_found" if there is no such word.
   * @param {string} word @returns {Promise<Look>} */
  async getWord(word) { return readLook(await this.#http.ask('GET', wordPath(word)), word); }

  /** Sets the look of a word. Resolves and rejects as `say` does. @param {string} word @param {Look} look */
  async setWord(word, look) {
    this.#needsLive();
    await this.#http.ask('PUT', wordPath(word), { body: readLook(look, word) });
  }

  /** Removes a word, if it is there. @param {string} word */
  async deleteWord(word) {
    this.#needsLive();
    await this.#http.ask('DELETE', wordPath(word));
  }

  #needsLive() {
    if (this.#state !== 'live') throw failure('offline', `the rig is ${this.#state}: not sent`);
  }

  /** Call this when the page wakes or the network is back: it does not wait for timers that slept too. */
  wake() {
    const isDead = Date.now() - this.#heardAt > STALE_AFTER_MS;
    if (isDead) this.#failures = 0;
    if (isDead && this.#socket) this.#lost();
    this.#open();
  }

  /** Closes the client for good. Changes under way fail; the map stays as it was. */
  close() {
    this.#closed = true;
    this.#lost();
  }

  #open() {
    if (this.#socket || this.#closed) return;
    const socket = this.#make();
    this.#socket = socket;
    socket.onopen = () => this.#greet();
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = () => this.#lost();
    socket.onerror = () => {}; // a close follows; outside browsers, an unhandled error event may end the program
    this.#heard();
  }

  #heard() {
    this.#heardAt = Date.now();
    this.#after('silence', SILENT_AFTER_MS, () => this.#lost());
  }

  #greet() {
    this.#enter('resuming');
    const resume = (this.#resume && this.#replica.resume) || undefined;
    this.#socket?.send(JSON.stringify({ ...this.#hello, resume }));
  }

  #receive(/** @type {string} */ json) {
    this.#heard();
    let message;
    try {
      message = read(json);
    } catch (error) {
      return this.#distrust(`a message cannot be read: ${error}`);
    }
    if (message?.type === 'ack') {
      const ack = this.#outbox.acknowledged(message, this.#replica.position, performance.now());
      if (ack) this.#tell('ack', ack);
    } else if (message?.type === 'error') {
      this.#tell('refused', { ...message.told, asked: this.#outbox.refused(message.told) });
    } else if (message?.type === 'presence') {
      this.#tell('presence', (this.#presence = message.told));
    } else if (message?.type === 'stale') {
      this.#enter('stale');
    } else if (message) {
      this.#follow(message);
    }
    this.#send();
  }

  /** Updates all state before it dispatches events, so that a listener may call anything. */
  #follow(/** @type {Step | Beacon} */ message) {
    const change = message.type === 'beacon' ? null : this.#changeBy(message);
    const verdict = this.#replica.take(message);
    if (verdict === 'behind') return this.#stayedBehind(message);
    if (verdict === 'foreign') return this.#takeFrom(message);
    if (verdict !== 'applied' && verdict !== 'had') return this.#distrust(verdict);
    this.#behind = this.#older = false;
    clearTimeout(this.#timers.behind);
    const told = verdict === 'applied' ? change : null;
    const echoes = this.#outbox.reached(this.#replica.position, performance.now(), told?.origins);
    this.#resume = true;
    if (!change) this.#failures = 0; // a beacon agreed with the map: this connection works
    this.#after('stale', STALE_AFTER_MS, () => this.#enter('stale'));
    this.#enter('live');
    if (told) this.#tell('change', told);
    for (const echo of echoes) this.#tell('echo', echo);
  }

  /** What is below the map confirms nothing. A server of an older epoch is asked once more: it may be one that lags. A map
   * that nothing confirms for long is replaced by what the server has.
   * @param {Step | Beacon} message @returns {void} */
  #stayedBehind(message) {
    if (message.type === 'snapshot' && message.epoch < this.#replica.position.epoch) {
      this.#older = !this.#older;
      if (this.#older) return this.#distrust('behind');
      this.#replica.doubt();
      return this.#follow(message);
    }
    if (!this.#behind) this.#after('behind', STALE_AFTER_MS, () => {
      this.#replica.doubt();
      this.#distrust('behind');
    });
    this.#behind = true;
  }

  /** The server has another store now: its map is the one to show.
   * @param {Step | Beacon} message @returns {void} */
  #takeFrom(message) {
    this.#replica.doubt();
    if (message.type === 'snapshot') this.#follow(message);
    else this.#distrust('foreign');
  }

  /** What a message is about to change. @returns {Changed} */
  #changeBy(/** @type {Step} */ step) {
    const whole = step.type === 'snapshot';
    const origins = step.origins.map((origin) => ({ ...origin, own: origin.client === this.client }));
    /** @type {any} */ const changed = { whole, origins };
    for (const name of this.#replica.kinds) {
      const value = /** @type {any} */ (step)[name];
      changed[name] = whole && value instanceof Map ? difference(this.#replica.value(name), value) : value;
    }
    return changed;
  }

  /** Sends the gathered changes as soon as the pace and the network allow. */
  #send() {
    const now = performance.now();
    const wait_ms = this.#outbox.wait(now);
    if (wait_ms === null || !this.#socket) return;
    const isClear = wait_ms === 0 && this.#socket.bufferedAmount <= UNSENT_BYTES;
    if (isClear) this.#socket.send(JSON.stringify(this.#outbox.take(now)));
    else this.#after('send', wait_ms || BEHIND_MS, () => this.#send());
  }

  /** The map cannot be continued: drops the connection, and the next one requests a snapshot. */
  #distrust(/** @type {string} */ why) {
    if (!['gap', 'new epoch', 'behind'].includes(why)) console.error(`ghostlight takes a snapshot: ${why}`);
    this.#resume = this.#behind = false;
    this.#lost();
  }

  /** Drops the connection without waiting for the server's close, which takes minutes on a dead network. */
  #lost() {
    Object.values(this.#timers).forEach((timer) => clearTimeout(timer));
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    socket?.close();
    const most_ms = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** ++this.#failures);
    const delay_ms = FIRST_RETRY_MS + this.#random() * (most_ms - FIRST_RETRY_MS);
    if (!this.#closed) this.#after('retry', delay_ms, () => this.#open());
    this.#enter('offline');
  }

  #enter(/** @type {State} */ state) {
    if (state === this.#state) return;
    this.#state = state;
    if (state !== 'live') this.#outbox.leave(state);
    this.#tell('state', state);
  }

  /** @template {keyof Events} K @param {K} type @param {Events[K]} detail */
  #tell(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }

  #after(/** @type {string} */ name, /** @type {number} */ ms, /** @type {() => void} */ then) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(then, ms);
  }
}

/** Requests over HTTP about the same rig, by the same client. */
class Http {
  #base;
  #client;
  #fetch;

  /** @param {URL} socket the address of the rig's WebSocket @param {string} client
   * @param {typeof fetch} [send] */
  constructor(socket, client, send = (url, request) => fetch(url, request)) {
    this.#base = new URL(socket);
    this.#base.protocol = socket.protocol.replace('ws', 'http');
    this.#client = String.fromCharCode(...utf8(client)); // a header is bytes
    this.#fetch = send;
  }

  /** @param {string} method @param {string} path below the rig's
   * @param {{ body?: any, key?: string, signal?: AbortSignal }} [options] @returns {Promise<any>} what the server answers; null if that is nothing */
  async ask(method, path, { body, key, signal } = {}) {
    const url = new URL(path, this.#base);
    if (method !== 'GET' && this.#base.search) url.search = this.#base.search;
    const headers = {
      ...(method !== 'GET' && { 'ghostlight-client': this.#client }),
      ...(body && { 'content-type': 'application/json' }),
      ...(key && { 'idempotency-key': key }),
    };
    const limit = new AbortController();
    const stop = () => limit.abort();
    const timer = setTimeout(stop, ANSWER_MS);
    signal?.addEventListener('abort', stop);
    try {
      signal?.throwIfAborted();
      const request = { method, headers, body: body && JSON.stringify(body), signal: limit.signal };
      const answer = await this.#fetch(url, request);
      const told = answer.status === 204 ? null : await answer.json();
      if (answer.ok) return told;
      throw refusal(told, body?.text);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw error instanceof Error && 'code' in error && typeof error.code === 'string' ? error
        : failure('unknown', 'no answer came from the server');
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }
}

/** A problem document as an error. @param {any} problem @param {string} [text] that was said @returns {Refusal} */
function refusal({ code, detail, title, text_error: at }, text = '') {
  const error = failure(String(code), String(detail ?? title));
  if (!at) return error;
  const { start, end, found, expected, nearest, hint } = at;
  return Object.assign(error, { place: placeIn(text, start, end), found, expected, nearest, hint });
}

/** A place in a text, from its bytes in UTF-8. @param {string} text @param {number} start @param {number} end */
export function placeIn(text, start, end) {
  const bytes = utf8(text);
  const at = (/** @type {number} */ byte) => new TextDecoder().decode(bytes.subarray(0, byte)).length;
  return { start: at(start), end: at(end) };
}

const wordPath = (/** @type {string} */ word) => `words/${encodeURIComponent(word)}`;

/** The content of one `set`, and the promise of its outcome, which may be ignored. */
class Asked {
  /** @type {any} */ change = readChange({});
  /** @type {{ position: Position, ms: number } | null} */ answer = null;
  sentAt = 0;
  /** @type {number | undefined} */ echoMs;
  /** @type {(position: string) => void} */ resolve = () => {};
  /** @type {(error: Error) => void} */ reject = () => {};
  /** @type {Promise<string>} */ outcome = new Promise((...settle) => ([this.resolve, this.reject] = settle));

  constructor() { this.outcome.catch(() => {}); }
}

/** Gathers changes until the next `set` may be sent; a newer value replaces an older one. A `set` is under way until it
 * is refused, or until it is acknowledged and the replica has reached its position. */
class Outbox {
  /** @type {Asked | null} */ #unsent = null;
  /** @type {Map<number, Asked>} */ #underWay = new Map();
  #seq = 0;
  #nextAt = 0;

  put(/** @type {any} */ wish) {
    const { change, outcome } = (this.#unsent ??= new Asked());
    for (const [name, { key }] of KINDS) {
      if (key) wish[name].forEach((/** @type {any} */ value, /** @type {any} */ of) => change[name].set(of, value));
      else if (wish[name] !== undefined) change[name] = wish[name];
    }
    return outcome;
  }

  /** How many milliseconds until a set may be sent; null if there is none, or too many are unanswered. */
  wait(/** @type {number} */ now) {
    return this.#unsent && this.#underWay.size < MAX_IN_FLIGHT ? Math.max(0, this.#nextAt - now) : null;
  }

  /** Takes the next set, which is under way from now on. */
  take(/** @type {number} */ now) {
    const set = this.#unsent ?? new Asked();
    this.#unsent = null;
    this.#underWay.set(++this.#seq, set);
    set.sentAt = now;
    this.#nextAt = now + PACE_MS;
    /** @type {Record<string, any>} */ const members = {};
    for (const [name, { key }] of KINDS) {
      const value = set.change[name];
      if (key && value.size > 0) members[name] = Object.fromEntries(value);
      if (!key && value !== undefined) members[name] = value;
    }
    const isEmpty = Object.keys(members).length === 0; // a set needs at least one member
    return { type: 'set', seq: this.#seq, ...(isEmpty ? { levels: {} } : members) };
  }

  /** Takes in an answer, and returns the details of its event; null if no set waits for it.
   * @param {Ack} ack @param {Position} reached @param {number} now @returns {Events['ack'] | null} */
  acknowledged({ seq, position, timing }, reached, now) {
    const set = this.#underWay.get(seq);
    if (!set || set.answer) return null;
    set.answer = { position, ms: now - set.sentAt };
    set.resolve(written(position));
    this.reached(reached, now);
    return { ms: set.answer.ms, echoMs: set.echoMs, timing };
  }

  /** A set was refused. Returns what it asked for. @returns {Change | undefined} */
  refused(/** @type {Events['refused']} */ { seq = 0, code, message }) {
    const set = this.#underWay.get(seq);
    set?.reject(failure(code, message));
    this.#underWay.delete(seq);
    return set?.change;
  }

  /** The replica has reached `position`, for these origins. Returns the latencies of the sets that it echoes first. */
  reached(/** @type {Position} */ position, /** @type {number} */ now, /** @type {Origin[]} */ origins = []) {
    const own = origins.flatMap(({ own, seq }) => (own && this.#underWay.get(seq)) || []);
    const echoed = [...new Set(own)].filter((set) => set.echoMs === undefined);
    for (const set of echoed) set.echoMs = now - set.sentAt;
    for (const [seq, { answer }] of this.#underWay) {
      if (answer && compare(answer.position, position) <= 0) this.#underWay.delete(seq);
    }
    return echoed.map(({ sentAt, answer }) => ({ ms: now - sentAt, ackMs: answer?.ms }));
  }

  pending(/** @type {string} */ kind, /** @type {any} */ key) {
    const sets = [...this.#underWay.values(), ...(this.#unsent ? [this.#unsent] : [])];
    return sets.some(({ change }) => (KINDS.get(kind)?.key ? change[kind].has(key) : change[kind] !== undefined));
  }

  /** The rig is no longer live: unsent changes fail, and if the connection is lost, so do unanswered ones. */
  leave(/** @type {State} */ state) {
    this.#unsent?.reject(failure('offline', `the rig is ${state}: not sent`));
    this.#unsent = null;
    if (state !== 'offline') return;
    for (const set of this.#underWay.values()) set.reject(failure('unknown', 'the connection was lost unanswered'));
    this.#underWay.clear();
  }
}

/** A copy of a rig's map that follows the rig: `services/rig/src/replica.rs` for a browser. Even if messages are lost,
 * doubled or reordered, it only ever holds maps that the rig had, in the rig's order. */
export class Replica {
  position = { epoch: 0, revision: 0 };
  /** The identity of the store that keeps the rig; '' if it is not known. */
  store = '';
  /** The log time at the position, in digits. */
  time = '0';
  /** Whether the rig does not exist at the position. */
  missing = false;
  /** The names of the kinds that it holds. @type {string[]} */
  kinds;
  /** By the kind's name: a map by key, or the one value. @type {Record<string, any>} */ #values = {};
  /** Two digest lanes for each kind. @type {Record<string, number[]>} */ #lanes = {};
  #newestEpoch = 0;
  #wrong = false;
  #doubted = false;

  constructor(/** @type {string[]} */ kinds = DEFAULT_KINDS) {
    this.kinds = kinds.filter((name) => KINDS.has(name));
    for (const [name, { key, initial }] of KINDS) this.#values[name] = key ? new Map() : initial;
    this.#clear();
  }

  /** @returns {Map<number, number>} */
  get levels() { return this.#values.levels; }
  /** @returns {Map<number, string>} */
  get labels() { return this.#values.labels; }
  /** @returns {number} */
  get master() { return this.#values.master; }
  /** @returns {boolean} */
  get blackout() { return this.#values.blackout; }
  /** @returns {Map<string, Look>} */
  get words() { return this.#values.words; }
  value(/** @type {string} */ kind) { return this.#values[kind]; }

  /**
   * Takes what `read` has read. "applied": the map moved on. "had": nothing new. "behind": it is below what the replica
   * holds, and confirms nothing. "foreign": it is of another store, and says nothing about the map. Otherwise a snapshot is needed. "gap": something is missing in between. "new epoch": a
   * new order began. "diverged": another map at the same position, which must never be.
   * @param {Step | Beacon} message @returns {'applied' | 'had' | 'behind' | 'foreign' | 'gap' | 'new epoch' | 'diverged'}
   */
  take(message) {
    const order = compare(message, this.position);
    const isForeign = message.store !== '' && this.store !== '' && message.store !== this.store;
    if (isForeign && !(message.type === 'snapshot' && this.#doubted)) return 'foreign';
    if (message.type === 'snapshot') return this.#takeSnapshot(message, order, isForeign);
    this.#newestEpoch = Math.max(this.#newestEpoch, message.epoch);
    if (order < 0) return this.#wrong ? 'diverged' : 'behind';
    if (message.type === 'beacon' && order === 0) {
      if (this.#agrees(message.digests)) this.#doubted = false;
      else this.#wrong = true;
    }
    if (this.#wrong) return 'diverged';
    if (order === 0) return 'had';
    if (message.epoch > this.position.epoch) return 'new epoch';
    if (message.type === 'beacon' || message.prev > this.position.revision) return 'gap';
    return message.revision - this.position.revision > MAX_STEP ? 'gap' : this.#apply(message);
  }

  /** Nothing has confirmed for long what the replica holds: the next snapshot replaces it, also from below or
   * of another store. */
  doubt() { this.#doubted = true; }

  #takeSnapshot(/** @type {Step} */ snapshot, /** @type {number} */ order, /** @type {boolean} */ isForeign) {
    if (order < 0 && !this.#doubted) return this.#wrong ? 'diverged' : 'behind';
    if (order !== 0 || this.#wrong || isForeign) return this.#apply(snapshot);
    this.#doubted = false;
    return 'had';
  }

  /** The position as text; null before the first snapshot. */
  get written() { return this.position.epoch > 0 ? written(this.position) : null; }
  /** From where a connection may go on: not from an epoch that is void, nor with a map that is wrong. */
  get resume() { return this.#wrong || this.position.epoch < this.#newestEpoch ? null : this.written; }

  /** The dimmer's output, in percent; null if it has no level. */
  output(/** @type {number} */ dimmer) {
    const level = this.levels.get(dimmer);
    if (level === undefined) return null;
    return this.blackout ? 0 : Math.floor((hundredths(level) * hundredths(this.master) + 5000) / 10000) / 100;
  }

  /** The digest of each kind: sixteen hexadecimal digits that prove its content (`services/rig/src/digest.rs`). */
  get digests() {
    return Object.fromEntries(this.kinds.map((name) => [name, (this.#lanes[name] ?? []).map(hex).join('')]));
  }

  /** Whether the digests agree for all kinds that both sides know: a newer server may have more kinds. */
  #agrees(/** @type {Record<string, string>} */ digests) {
    const own = this.digests;
    return this.kinds.every((name) => digests[name] === undefined || digests[name] === own[name]);
  }

  #clear() {
    for (const name of this.kinds) {
      const { key, initial } = kindOf(name);
      if (key) this.#values[name].clear();
      else this.#values[name] = initial;
      this.#lanes[name] = [0, 0];
    }
  }

  /** Applies a step. A snapshot replaces the map, it never merges. The position is set last, so it never claims more
   * than the map holds. */
  #apply(/** @type {Step} */ step) {
    if (step.type === 'snapshot') {
      this.#clear();
      this.#wrong = this.#doubted = false;
      this.#newestEpoch = step.epoch;
      this.store = step.store;
    }
    for (const name of this.kinds) {
      const value = /** @type {any} */ (step)[name];
      if (value instanceof Map) value.forEach((one, key) => this.#put(name, key, one));
      else if (value !== undefined) this.#put(name, '', value);
    }
    this.position = { epoch: step.epoch, revision: step.revision };
    if (step.time !== '0') this.time = step.time;
    this.missing = step.missing;
    return /** @type {const} */ ('applied');
  }

  /** @param {string} name @param {any} key @param {any} value null removes the item */
  #put(name, key, value) {
    const { key: isKeyed, initial, hash = hashOfText } = kindOf(name);
    const old = isKeyed ? this.#values[name].get(key) : this.#values[name];
    const part = (/** @type {any} */ of, /** @type {number} */ seed) =>
      (of === undefined || of === null || of === initial ? 0 : hash(key, of, seed));
    this.#lanes[name] = (this.#lanes[name] ?? [0, 0]).map((lane, i) =>
      (lane - part(old, SEEDS[i] ?? 0) + part(value, SEEDS[i] ?? 0)) | 0);
    if (!isKeyed) this.#values[name] = value;
    else if (value === null) this.#values[name].delete(key);
    else this.#values[name].delete(key), this.#values[name].set(key, value);
  }
}

/** Reads a message of the server. Returns null for an unknown type; throws if a message of a known type is invalid.
 * @param {string} json @returns {Step | Beacon | Ack | News | null} */
export function read(json) {
  const { type, seq, code, message, digests, consoles, total, timing, ...rest } = JSON.parse(json);
  const told = { code, message, ...(seq !== undefined && { seq }) };
  switch (type) {
    case 'snapshot':
      return readStep({ ...initials(), ...rest, type, prev: 0, origins: [] });
    case 'delta':
      return readStep({ ...rest, type });
    case 'beacon':
      return { type, ...readPosition(rest), store: readStore(rest), time: readTime(rest), digests: readDigests(digests) };
    case 'ack': {
      const [epoch, revision] = rest.position.split('-').map(Number);
      const timed = isTiming(timing) && { timing: { log: timing.log, fold: timing.fold, echo: timing.echo } };
      return { type, seq: whole(seq), position: readPosition({ epoch, revision }), ...timed };
    }
    case 'error':
      for (const text of [code, message]) proper(text, /^/, 'is not text');
      return { type, told };
    case 'presence':
      return total >= 0 && consoles?.every?.(isConsole) ? { type, told: { consoles, total } } : null;
    case 'stale':
      return { type: 'stale' };
    default:
      return null;
  }
}

/** The initial values of the kinds that have one item in a rig. */
function initials() {
  const singles = [...KINDS].filter(([, { key }]) => !key);
  return Object.fromEntries(singles.map(([name, { initial }]) => [name, initial]));
}

/** @returns {Step} */
function readStep(/** @type {any} */ message) {
  const change = readChange(message);
  const origins = [...(message.origins ?? [])].map((origin) => readOrigin(origin, change));
  const { type } = message;
  const at = { type, ...readPosition(message), store: readStore(message), prev: whole(message.prev), time: readTime(message) };
  return { ...at, ...change, missing: message.missing === true, origins };
}

/** An origin without `items` set the whole change. Unknown kinds are ignored. @returns {Origin} */
function readOrigin(/** @type {any} */ { client, seq, items }, /** @type {any} */ change) {
  /** @type {any} */ const own = {};
  for (const [name, { key }] of KINDS) {
    if (items?.[name] !== undefined) own[name] = key ? [...items[name]] : true;
    if (items === undefined && key && change[name].size > 0) own[name] = [...change[name].keys()];
    if (items === undefined && !key && change[name] !== undefined) own[name] = true;
  }
  return { client, seq, items: own };
}

/** The members that are kinds; a kind with keys always gets a map. @returns {any} */
function readChange(/** @type {any} */ members, asks = false) {
  /** @type {any} */ const change = {};
  for (const [name, { key, read }] of KINDS) {
    const value = members[name];
    if (key) change[name] = readByKey(value === undefined ? {} : value, key, (one, of) => read(one, of, asks));
    else if (value !== undefined) change[name] = read(value, name, asks);
  }
  return change;
}

/** @template T @param {any} values @param {(text: string) => any} readKey @param {(value: any, of: any) => T} read
 * @returns {Map<any, T | null>} */
function readByKey(values, readKey, read) {
  proper(values, values === Object(values) && !Array.isArray(values), 'is not a map by key');
  const map = new Map();
  for (const [key, value] of values instanceof Map ? values : Object.entries(values)) {
    map.set(readKey(key), value === null ? null : read(value, key));
  }
  return map;
}

/** @template T @param {any} values @param {(text: string) => any} readKey @param {(value: any, of: any) => T} read
 * @returns {Map<any, T>} without removed items */
function readAll(values, readKey, read) {
  return new Map([...readByKey(values, readKey, read)].flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}

function readDimmer(/** @type {any} */ dimmer) {
  return Number(proper(dimmer, dimmer <= 65535 && /^[1-9]\d*$/.test(dimmer), 'is not a dimmer number (1 to 65535)'));
}

function readLevel(/** @type {any} */ level, /** @type {any} */ of) {
  const isLevel = typeof level === 'number' && level >= 0 && level <= 100;
  return hundredths(proper(level, isLevel, 'is not a level (0 to 100)', of)) / 100;
}

/** A look that needs no rounding is taken as it is, because a rig may have 100,000 of them.
 * @returns {Look} */
function readLook(/** @type {any} */ look, /** @type {any} */ of) {
  proper(look, look === Object(look) && !Array.isArray(look), 'is not a look (levels by dimmer)', of);
  let isRound = true;
  for (const dimmer of Object.keys(look)) { // quicker than for-in
    const number = Number(dimmer);
    if (!(number >= 1 && number <= 65535 && dimmer.length === 1 + Math.floor(Math.log10(number)))) readDimmer(dimmer);
    isRound &&= readLevel(look[dimmer], dimmer) === look[dimmer];
  }
  if (isRound) return look;
  return Object.fromEntries(Object.entries(look).map(([dimmer, level]) => [dimmer, readLevel(level, dimmer)]));
}

/** @returns {string} */
function readTime(/** @type {any} */ { time = '0' }) {
  return proper(time, /^(0|[1-9][0-9]*)$/, 'is not a log time');
}

/** @returns {string} */
function readStore(/** @type {any} */ { store = '' }) {
  return proper(store, /^([0-9a-f]{32})?$/, 'is not the identity of a store');
}

/** @returns {Record<string, string>} */
function readDigests(/** @type {any} */ digests) {
  proper(digests, digests === Object(digests) && !Array.isArray(digests), 'are not digests by kind');
  for (const digest of Object.values(digests)) proper(digest, /^[0-9a-f]{16}$/, 'is not a digest');
  return digests;
}

/** Returns the value if the check holds; throws otherwise.
 * @template T @param {T} value @param {RegExp | boolean} check @param {string} fault @param {unknown} [of] */
function proper(value, check, fault, of) {
  if (check instanceof RegExp ? isText(value) && check.test(String(value)) : check) return value;
  throw new TypeError(`"${String(value)}" ${fault}${of === undefined ? '' : `, for ${of}`}`);
}

/** The changes that turn one map into another; null marks a removed key. A look counts as changed even if it is equal.
 * @template T @param {ReadonlyMap<any, T>} from @param {Map<any, T | null>} to */
function difference(from, to) {
  const gone = [...from.keys()].map((key) => /** @type {[any, T | null]} */ ([key, null]));
  return new Map([...new Map([...gone, ...to])].filter(([key, value]) => from.get(key) !== value));
}

const failure = (/** @type {string} */ code, /** @type {string} */ text) => Object.assign(new Error(text), { code });
const whole = (/** @type {any} */ n) => Number(proper(n, Number.isSafeInteger(n) && n >= 0, 'is not a whole number'));
const isText = (/** @type {any} */ it) => typeof it === 'string';
const isConsole = (/** @type {any} */ it) => it?.since >= 0 && isText(it.name) && isText(it.kind);
const isTiming = (/** @type {any} */ it) => [it?.log, it?.fold, it?.echo].every((ms) => ms >= 0 && Number.isFinite(ms));
const hundredths = (/** @type {number} */ percent) => Math.round(percent * 100);
const hex = (/** @type {number} */ word) => (word >>> 0).toString(16).padStart(8, '0');
const written = (/** @type {Position} */ { epoch, revision }) => `${epoch}-${revision}`;
const readPosition = (/** @type {any} */ at) => ({ epoch: whole(at.epoch), revision: whole(at.revision) });
/** Negative, zero or positive, as `a` is before, at or after `b`. @param {Position} a @param {Position} b */
const compare = (a, b) => a.epoch - b.epoch || a.revision - b.revision;
const utf8 = (/** @type {string} */ text) => new TextEncoder().encode(text);
const kindOf = (/** @type {string} */ name) => /** @type {Kind} */ (KINDS.get(name));

/** FNV-1a over bytes, from the offset basis xor a seed. @param {number[]} bytes @param {number} seed */
function fnv(bytes, seed) {
  let hash = 0x811c9dc5 ^ seed;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

/** Over the word in UTF-8, a zero byte, and for each dimmer its number and its level, two bytes each, the lower first. An
 * object lists its whole numbers in order, as the rig does. */
function hashOfLook(/** @type {string} */ word, /** @type {Look} */ look, /** @type {number} */ seed) {
  if (word !== hashed.word || look !== hashed.look) hashed = { word, look, bytes: bytesOfLook(word, look) };
  return mix(fnv(hashed.bytes, seed));
}

/** The bytes of the last look that was hashed: the two lanes come one after the other. */
let hashed = { word: '', look: /** @type {Look} */ ({}), bytes: [0] };

function bytesOfLook(/** @type {string} */ word, /** @type {Look} */ look) {
  const bytes = [...utf8(word), 0];
  for (const dimmer of Object.keys(look)) {
    const level = hundredths(look[Number(dimmer)] ?? 0);
    bytes.push(Number(dimmer) & 0xff, Number(dimmer) >> 8, level & 0xff, level >> 8);
  }
  return bytes;
}

/** The default hash of an item: over the key's text, a zero byte, the value's text. */
function hashOfText(/** @type {any} */ key, /** @type {any} */ value, /** @type {number} */ seed) {
  return mix(fnv([...utf8(String(key)), 0, ...utf8(String(value))], seed));
}

/** The finaliser of MurmurHash3 for 32 bits. */
function mix(/** @type {number} */ word) {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}
