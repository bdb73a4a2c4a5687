// One rig of Ghostlight in any web page: its map, in step with every other console's, and a say in it.
//
// What comes in: socket -> read -> Replica -> RigClient -> events. What goes out: RigClient -> Outbox -> socket.
//
// The rig alone says what is: a change is shown when its echo comes, and nothing is kept for later while the rig cannot
// be reached. A message that cannot be read may have been a change, so it counts as a lost one: the connection is given
// up, and the next one begins with a snapshot. Only lists of consoles and timings are no reason to part: what cannot be
// read is passed over, as are messages and members that a newer server may send.
//
// `read`, `Replica` and `Outbox` are pure: no DOM, no clock, no chance. Levels are percents that were rounded to whole
// hundredths where they came in, so equal levels are equal numbers; digests and outputs add up hundredths, exactly.

const STALE_AFTER_MS = 3000; // the rig sends a beacon each second
const SILENT_AFTER_MS = 10000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;
const PACE_MS = 23; // between sets: at most 44 a second, as a DMX line (ANSI E1.11) carries full frames
const MAX_IN_FLIGHT = 24; // with more unanswered the rig is behind, and the newest levels can wait for it
const UNSENT_BYTES = 4096; // with more in the socket the network is behind: look again after `BEHIND_MS`
const BEHIND_MS = 10;
const SEEDS = [0, 0x9e3779b9];

/**
 * "offline": not connected, trying to; "resuming": connected, waiting for the map; "stale": the rig is not heard.
 * @typedef {'offline' | 'resuming' | 'live' | 'stale'} State
 *
 * `rig`: "main" if left out. `client`: differs in every page, which knows its own echo by it; made up if left out.
 * `name`: what people call this console. `kind`: desk, tablet, phone, script, ... `presence`: tell who is connected.
 * `timing`: tell with each ack how long the change took in the servers.
 * @typedef {{ rig?: string, client?: string, name?: string, kind?: string, presence?: boolean, timing?: boolean,
 *   WebSocket?: new (url: URL, protocol: string) => WebSocket, random?: () => number }} Options
 *
 * What is asked for, in percent; null forgets a level or removes a label.
 * @typedef {{ levels?: ByDimmer<number>, labels?: ByDimmer<string>, master?: number, blackout?: boolean }} Wish
 * @typedef {{ levels: Map<number, number | null>, labels: Map<number, string | null>,
 *   master?: number, blackout?: boolean }} Change
 *
 * A change is `whole` if a snapshot replaced the map: then it has every difference. Its origins: who asked for what of
 * it; `own` if it was this page.
 * @typedef {Change & { whole: boolean, origins: Origin[] }} Changed
 * @typedef {{ client: string, seq: number, dimmers: number[], labels: number[], master: boolean, blackout: boolean,
 *   own?: boolean }} Origin
 * @typedef {{ client?: string, name: string, kind: string, since: number }} Console
 *
 * The details of the events. An echo is timed from sending a set to its delta, an ack to its answer; each tells what
 * the other took, if that came first.
 * @typedef {{ state: State, change: Changed, presence: { consoles: Console[], total: number },
 *   ack: { ms: number, echoMs?: number, timing?: Timing }, echo: { ms: number, ackMs?: number },
 *   refused: { code: string, message: string, seq?: number } }} Events
 *
 * How many milliseconds a change took in the servers, if that is wanted. `log`: from when it came until it was durable;
 * `echo`: until it was to be read at its gateway; `fold`: within that, in the state service.
 * @typedef {{ log: number, fold: number, echo: number }} Timing
 *
 * @typedef {{ epoch: number, revision: number }} Position
 * @typedef {Position & Change & { type: 'snapshot' | 'delta', prev: number, origins: Origin[] }} Step
 * @typedef {Position & { type: 'beacon', digest: string }} Beacon
 * @typedef {{ type: 'ack', seq: number, position: Position, timing?: Timing }} Ack
 * @typedef {{ type: 'error', told: Events['refused'] } | { type: 'presence', told: Events['presence'] }
 *   | { type: 'stale' }} News
 *
 * @typedef {RigClient & { addEventListener<K extends keyof Events>(type: K,
 *   listener: (event: CustomEvent<Events[K]>) => void, options?: boolean | AddEventListenerOptions): void }} Rig
 */
/** @template T @typedef {Readonly<Record<number, T | null>> | ReadonlyMap<number, T | null>} ByDimmer */

/**
 * Follows a rig from now on, and comes back by itself whenever the connection is lost, until it is closed.
 * @param {string | URL} [url] of the gateway's page, `http(s):` or `ws(s):`; the page's own origin if left out
 * @param {Options} [options] @returns {Rig}
 */
export function connect(url = location.origin, options = {}) {
  const { rig = 'main', client = '-', name = '-', kind = 'web' } = options;
  proper(rig, /^[a-z0-9][a-z0-9_-]{0,62}$/, 'is no name of a rig: 1 to 63 of a-z, 0-9, _ and -, not _ or - first');
  proper(kind, /^[a-z][a-z0-9-]{0,15}$/, 'is no kind of console: 1 to 16 of a-z, 0-9 and -, a letter first');
  for (const text of [client, name]) proper(text, /^[^\p{Cc}]{1,64}$/u, 'is no name: 1 to 64 characters');
  const address = new URL(url);
  address.protocol = address.protocol.replace('http', 'ws');
  address.pathname = `${address.pathname.replace(/\/([^/]*\.html)?$/, '')}/v1/rigs/${rig}/ws`;
  address.search = address.hash = '';
  return /** @type {Rig} */ (new RigClient(address, options));
}

/** One rig, as this page knows it. Made by `connect`. */
class RigClient extends EventTarget {
  /** @type {State} */ #state = 'offline';
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Events['presence']} */ #presence = { consoles: [], total: 0 };
  /** @type {Record<string, any>} */ #timers = {};
  #replica = new Replica();
  #outbox = new Outbox();
  #resume = true;
  #closed = false;
  #failures = 0;
  #heardAt = 0;
  #make;
  #random;
  #hello;

  constructor(/** @type {URL} */ address, /** @type {Options} */ { random = Math.random, ...options }) {
    super();
    const { client = `web-${hex(random() * 2 ** 32)}${hex(random() * 2 ** 32)}`, name, kind } = options;
    const { WebSocket = globalThis.WebSocket } = options;
    const want = /** @type {const} */ (['presence', 'timing']).filter((wanted) => options[wanted]);
    this.#make = () => new WebSocket(address, 'ghostlight.v1');
    this.#random = random;
    this.#hello = { type: 'hello', client, resume: '', name, kind, want: want.length > 0 ? want : undefined };
    this.#open();
  }

  get state() { return this.#state; }
  /** What this page is called in the origins of changes. */
  get client() { return this.#hello.client; }
  /** Where the map stands, `epoch-revision`; null as long as there is none. */
  get position() { return this.#replica.written; }
  /** Percent by dimmer: always the same map. @returns {ReadonlyMap<number, number>} */
  get levels() { return this.#replica.levels; }
  /** By dimmer: always the same map. @returns {ReadonlyMap<number, string>} */
  get labels() { return this.#replica.labels; }
  /** The grand master, in percent. */
  get master() { return this.#replica.master; }
  get blackout() { return this.#replica.blackout; }
  /** Sixteen hexadecimal digits that prove which map this is. */
  get digest() { return this.#replica.digest; }
  /** Who is connected, as last heard: at most 64 of `consolesTotal`. */
  get consoles() { return this.#presence.consoles; }
  get consolesTotal() { return this.#presence.total; }
  /** What leaves the dimmer, in percent; null if it has no level. @param {number} dimmer */
  output(dimmer) { return this.#replica.output(dimmer); }
  /** Whether a change of it by this page is unsent, or its answer is not in the map yet.
   * @param {'level' | 'label' | 'master' | 'blackout'} kind @param {number} [dimmer] */
  pending(kind, dimmer = 0) { return this.#outbox.pending(kind, dimmer); }
  /** Asks the rig for levels: see `change`. @param {ByDimmer<number>} levels */
  set(levels) { return this.change({ levels }); }

  /**
   * Asks the rig for all of this or nothing. At most 44 sets a second leave: what is asked meanwhile gathers, a newer
   * value in place of an older one, and the last always goes. Resolves to its position, once it is safe there. Rejects
   * with a `code`: "offline" (not live, so not sent), "unknown" (the connection was lost before the answer), or
   * the rig's own. Throws a TypeError that names what cannot be asked.
   * @param {Wish} wish @returns {Promise<string>}
   */
  change({ levels = {}, labels, master, blackout, ...unknown }) {
    for (const member in unknown) proper(member, false, 'is nothing that can be changed');
    const outcome = this.#outbox.put(readChange({ levels, labels, master, blackout }, /^[^\p{Cc}]{1,40}$/u));
    if (this.#state === 'live') this.#send();
    else this.#outbox.leave(this.#state);
    return outcome;
  }

  /** The page was asleep, or the network is back: does not wait for timers that slept too. */
  wake() {
    const isDead = Date.now() - this.#heardAt > STALE_AFTER_MS;
    if (isDead) this.#failures = 0;
    if (isDead && this.#socket) this.#lost();
    this.#open();
  }

  /** Ends it for good. What is under way fails; the map stays as it was. */
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
    socket.onerror = () => {}; // a close follows; outside browsers, an error that nobody hears may end the program
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
      this.#outbox.refused(message.told);
      this.#tell('refused', message.told);
    } else if (message?.type === 'presence') {
      this.#tell('presence', (this.#presence = message.told));
    } else if (message?.type === 'stale') {
      this.#enter('stale');
    } else if (message) {
      this.#follow(message);
    }
    this.#send();
  }

  /** First all is as it will be, then it is told: a listener may do what it likes. */
  #follow(/** @type {Step | Beacon} */ message) {
    const change = message.type === 'beacon' ? null : this.#changeBy(message);
    const verdict = this.#replica.take(message);
    if (verdict !== 'applied' && verdict !== 'had') return this.#distrust(verdict);
    const told = verdict === 'applied' ? change : null;
    const echoes = this.#outbox.reached(this.#replica.position, performance.now(), told?.origins);
    this.#resume = true;
    if (!change) this.#failures = 0; // a beacon agreed: this connection is good
    this.#after('stale', STALE_AFTER_MS, () => this.#enter('stale'));
    this.#enter('live');
    if (told) this.#tell('change', told);
    for (const echo of echoes) this.#tell('echo', echo);
  }

  /** What a message is about to change. @returns {Changed} */
  #changeBy(/** @type {Step} */ { type, levels, labels, master, blackout, origins }) {
    const whole = type === 'snapshot';
    if (whole) [levels, labels] = [difference(this.levels, levels), difference(this.labels, labels)];
    origins = origins.map((origin) => ({ ...origin, own: origin.client === this.client }));
    return { whole, levels, labels, master, blackout, origins };
  }

  /** Sends what is asked for, as soon as the pace and the network allow. */
  #send() {
    const now = performance.now();
    const wait_ms = this.#outbox.wait(now);
    if (wait_ms === null || !this.#socket) return;
    const isClear = wait_ms === 0 && this.#socket.bufferedAmount <= UNSENT_BYTES;
    if (isClear) this.#socket.send(JSON.stringify(this.#outbox.take(now)));
    else this.#after('send', wait_ms || BEHIND_MS, () => this.#send());
  }

  /** The map cannot be followed any further: the next connection asks for a whole one. */
  #distrust(/** @type {string} */ why) {
    if (why !== 'gap' && why !== 'new epoch') console.error(`ghostlight takes a snapshot: ${why}`);
    this.#resume = false;
    this.#lost();
  }

  /** Does not wait for the other side to agree: on a dead network that takes minutes. */
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

/** What one `set` asks for, and the promise of what becomes of it, which nobody has to wait for. */
class Asked {
  /** @type {Change} */ change = { levels: new Map(), labels: new Map() };
  /** @type {{ position: Position, ms: number } | null} */ answer = null;
  sentAt = 0;
  /** @type {number | undefined} */ echoMs;
  /** @type {(position: string) => void} */ resolve = () => {};
  /** @type {(error: Error) => void} */ reject = () => {};
  /** @type {Promise<string>} */ outcome = new Promise((...settle) => ([this.resolve, this.reject] = settle));

  constructor() { this.outcome.catch(() => {}); }
}

/** What is asked waits here until the next `set` may go; a newer value takes the place of an older one. A `set` is
 * under way until it is acknowledged and the replica has reached it, or it was refused. */
class Outbox {
  /** @type {Asked | null} */ #unsent = null;
  /** @type {Map<number, Asked>} */ #underWay = new Map();
  #seq = 0;
  #nextAt = 0;

  put(/** @type {Change} */ { levels, labels, ...rest }) {
    const { change, outcome } = (this.#unsent ??= new Asked());
    levels.forEach((level, dimmer) => change.levels.set(dimmer, level));
    labels.forEach((label, dimmer) => change.labels.set(dimmer, label));
    Object.assign(change, rest);
    return outcome;
  }

  /** How many milliseconds until a set may go; null if there is none, or answers must come first. */
  wait(/** @type {number} */ now) {
    return this.#unsent && this.#underWay.size < MAX_IN_FLIGHT ? Math.max(0, this.#nextAt - now) : null;
  }

  /** The next set, which is under way from now on. */
  take(/** @type {number} */ now) {
    const set = this.#unsent ?? new Asked();
    this.#unsent = null;
    this.#underWay.set(++this.#seq, set);
    set.sentAt = now;
    this.#nextAt = now + PACE_MS;
    const { levels, labels, ...rest } = set.change;
    const named = labels.size > 0 ? { labels: Object.fromEntries(labels), ...rest } : rest;
    const isBare = levels.size === 0 && Object.keys(named).length > 0;
    return { type: 'set', seq: this.#seq, ...(isBare ? {} : { levels: Object.fromEntries(levels) }), ...named };
  }

  /** What is to be told of the answer; null if none was due.
   * @param {Ack} ack @param {Position} reached @param {number} now @returns {Events['ack'] | null} */
  acknowledged({ seq, position, timing }, reached, now) {
    const set = this.#underWay.get(seq);
    if (!set || set.answer) return null;
    set.answer = { position, ms: now - set.sentAt };
    set.resolve(written(position));
    this.reached(reached, now);
    return { ms: set.answer.ms, echoMs: set.echoMs, timing };
  }

  refused(/** @type {Events['refused']} */ { seq = 0, code, message }) {
    this.#underWay.get(seq)?.reject(failure(code, message));
    this.#underWay.delete(seq);
  }

  /** The replica has come to `position`, for these origins. Tells the latencies of the sets whose first echo it was. */
  reached(/** @type {Position} */ position, /** @type {number} */ now, /** @type {Origin[]} */ origins = []) {
    const own = origins.flatMap(({ own, seq }) => (own && this.#underWay.get(seq)) || []);
    const echoed = [...new Set(own)].filter((set) => set.echoMs === undefined);
    for (const set of echoed) set.echoMs = now - set.sentAt;
    for (const [seq, { answer }] of this.#underWay) {
      if (answer && compare(answer.position, position) <= 0) this.#underWay.delete(seq);
    }
    return echoed.map(({ sentAt, answer }) => ({ ms: now - sentAt, ackMs: answer?.ms }));
  }

  pending(/** @type {string} */ kind, /** @type {number} */ dimmer) {
    const changes = [...this.#underWay.values(), ...(this.#unsent ? [this.#unsent] : [])].map(({ change }) => change);
    if (kind === 'level') return changes.some(({ levels }) => levels.has(dimmer));
    return changes.some((change) => (kind === 'label' ? change.labels.has(dimmer) : kind in change));
  }

  /** The rig is not live: nothing is kept for later, and with the connection every answer is gone. */
  leave(/** @type {State} */ state) {
    this.#unsent?.reject(failure('offline', `the rig is ${state}: not sent`));
    this.#unsent = null;
    if (state !== 'offline') return;
    for (const set of this.#underWay.values()) set.reject(failure('unknown', 'the connection was lost unanswered'));
    this.#underWay.clear();
  }
}

/** A copy of a rig's map that follows along: `services/rig/src/replica.rs`, for a browser. Whatever is lost, doubled or
 * reordered on the way, it only ever holds maps that the rig had, in the rig's order. */
export class Replica {
  /** @type {Map<number, number>} */ levels = new Map();
  /** @type {Map<number, string>} */ labels = new Map();
  master = 100;
  blackout = false;
  position = { epoch: 0, revision: 0 };
  #newestEpoch = 0;
  #diverged = false;
  #lanes = [0, 0];

  /**
   * Takes what `read` has read. "applied": the map moved on. "had": nothing new. Otherwise a snapshot is needed. "gap":
   * something is missing in between. "new epoch": a new order began. "diverged": another map at the same position,
   * which must never be.
   * @param {Step | Beacon} message @returns {'applied' | 'had' | 'gap' | 'new epoch' | 'diverged'}
   */
  take(message) {
    const order = compare(message, this.position);
    this.#newestEpoch = Math.max(this.#newestEpoch, message.epoch);
    if (message.type === 'snapshot' && (order > 0 || (order === 0 && this.#diverged))) return this.#apply(message);
    if (message.type === 'beacon' && order === 0) this.#diverged ||= message.digest !== this.digest;
    if (this.#diverged) return 'diverged';
    if (order <= 0) return 'had';
    if (message.epoch > this.position.epoch) return 'new epoch';
    if (message.type === 'beacon' || message.prev > this.position.revision) return 'gap';
    return this.#apply(message);
  }

  /** Where it stands, as it is written; null as long as it has seen nothing. */
  get written() { return this.position.epoch > 0 ? written(this.position) : null; }
  /** From where a connection may go on: not from an epoch that is void, nor with a map that is wrong. */
  get resume() { return this.#diverged || this.position.epoch < this.#newestEpoch ? null : this.written; }

  /** What leaves the dimmer, in percent; null if it has no level. */
  output(/** @type {number} */ dimmer) {
    const level = this.levels.get(dimmer);
    if (level === undefined) return null;
    return this.blackout ? 0 : Math.floor((hundredths(level) * hundredths(this.master) + 5000) / 10000) / 100;
  }

  /** Sixteen hexadecimal digits that prove which map it holds (`services/rig/src/digest.rs`). */
  get digest() {
    const words = [this.master === 100 ? [] : hundredths(this.master), this.blackout ? 0x3fff : []].flat();
    return this.#lanes.map((lane, i) => hex(words.reduce((sum, word) => sum + mix(word ^ SEEDS[i]), lane))).join('');
  }

  /** A snapshot replaces, it never merges. The position moves last: it never tells of more than the map holds. */
  #apply(/** @type {Step} */ { type, epoch, revision, levels, labels, master, blackout }) {
    if (type === 'snapshot') {
      this.levels.clear();
      this.labels.clear();
      this.#lanes = [0, 0];
      this.#diverged = false;
    }
    levels.forEach((level, dimmer) => this.#put(this.levels, dimmer, level, levelHash));
    labels.forEach((label, dimmer) => this.#put(this.labels, dimmer, label, labelHash));
    this.master = master ?? this.master;
    this.blackout = blackout ?? this.blackout;
    this.position = { epoch, revision };
    return /** @type {const} */ ('applied');
  }

  /** @template T @param {Map<number, T>} map @param {number} dimmer @param {T | null} value
   * @param {(dimmer: number, value: T, seed: number) => number} hash */
  #put(map, dimmer, value, hash) {
    const old = map.get(dimmer);
    if (old !== undefined) this.#lanes = this.#lanes.map((lane, i) => (lane - hash(dimmer, old, SEEDS[i])) | 0);
    map.delete(dimmer);
    if (value === null) return;
    map.set(dimmer, value);
    this.#lanes = this.#lanes.map((lane, i) => (lane + hash(dimmer, value, SEEDS[i])) | 0);
  }
}

/** Reads a message of the server. Null if it is of no known type; throws if it is, and cannot be understood.
 * @param {string} json @returns {Step | Beacon | Ack | News | null} */
export function read(json) {
  const { type, seq, code, message, digest, consoles, total, timing, ...rest } = JSON.parse(json);
  const told = { code, message, ...(seq !== undefined && { seq }) };
  switch (type) {
    case 'snapshot':
      return readStep({ labels: {}, master: 100, blackout: false, ...rest, type, prev: 0, origins: [] });
    case 'delta':
      return readStep({ ...rest, type });
    case 'beacon':
      return { type, ...readPosition(rest), digest: proper(digest, /^[0-9a-f]{16}$/, 'is no digest') };
    case 'ack': {
      const [epoch, revision] = rest.position.split('-').map(Number);
      const timed = isTiming(timing) && { timing: { log: timing.log, fold: timing.fold, echo: timing.echo } };
      return { type, seq: whole(seq), position: readPosition({ epoch, revision }), ...timed };
    }
    case 'error':
      for (const text of [code, message]) proper(text, /^/, 'is no text');
      return { type, told };
    case 'presence':
      return total >= 0 && consoles?.every?.(isConsole) ? { type, told: { consoles, total } } : null;
    case 'stale':
      return { type: 'stale' };
    default:
      return null;
  }
}

/** @returns {Step} */
function readStep(/** @type {any} */ message) {
  const change = readChange(message);
  const origins = [...(message.origins ?? [])].map((origin) => readOrigin(origin, change));
  return { type: message.type, ...readPosition(message), prev: whole(message.prev), ...change, origins };
}

/** One without `dimmers` asked for all of the change. @returns {Origin} */
function readOrigin(/** @type {any} */ { client, seq, ...part }, /** @type {Change} */ change) {
  const switches = { master: change.master !== undefined, blackout: change.blackout !== undefined };
  const all = { dimmers: change.levels.keys(), labels: change.labels.keys(), ...switches };
  const { dimmers, labels = [], master = false, blackout = false } = part.dimmers ? part : all;
  return { client, seq, dimmers: [...dimmers], labels: [...labels], master, blackout };
}

/** The server's labels are taken as they are, a caller's must follow a rule. @returns {Change} */
function readChange(/** @type {any} */ { levels, labels = {}, master, blackout }, rule = /^/) {
  return {
    levels: readByDimmer(levels, readLevel),
    labels: readByDimmer(labels, (label, of) => proper(label, rule, 'is no label: 1 to 40 characters', of)),
    ...(master !== undefined && { master: readLevel(master, 'master') }),
    ...(blackout !== undefined && { blackout: proper(blackout, typeof blackout === 'boolean', 'is no blackout') }),
  };
}

/** @template T @param {any} values @param {(value: any, of: any) => T} read @returns {Map<number, T | null>} */
function readByDimmer(values, read) {
  proper(values, values === Object(values), 'is no map by dimmer');
  const map = new Map();
  for (const [dimmer, value] of values instanceof Map ? values : Object.entries(values)) {
    proper(dimmer, dimmer <= 65535 && /^[1-9]\d*$/.test(dimmer), 'is no dimmer: 1 to 65535');
    map.set(Number(dimmer), value === null ? null : read(value, dimmer));
  }
  return map;
}

function readLevel(/** @type {any} */ level, /** @type {any} */ of) {
  const isLevel = typeof level === 'number' && level >= 0 && level <= 100;
  return hundredths(proper(level, isLevel, 'is no level: 0 to 100', of)) / 100;
}

/** The value, if the check holds.
 * @template T @param {T} value @param {RegExp | boolean} check @param {string} fault @param {unknown} [of] */
function proper(value, check, fault, of) {
  if (check instanceof RegExp ? isText(value) && check.test(String(value)) : check) return value;
  throw new TypeError(`"${String(value)}" ${fault}${of === undefined ? '' : `, for ${of}`}`);
}

/** What turns one map into another; null is what is there no more.
 * @template T @param {ReadonlyMap<number, T>} from @param {Map<number, T | null>} to */
function difference(from, to) {
  const gone = [...from.keys()].map((dimmer) => /** @type {[number, T | null]} */ ([dimmer, null]));
  return new Map([...new Map([...gone, ...to])].filter(([dimmer, value]) => from.get(dimmer) !== value));
}

const failure = (/** @type {string} */ code, /** @type {string} */ text) => Object.assign(new Error(text), { code });
const whole = (/** @type {any} */ n) => Number(proper(n, Number.isSafeInteger(n) && n >= 0, 'is no whole number'));
const isText = (/** @type {any} */ it) => typeof it === 'string';
const isConsole = (/** @type {any} */ it) => it?.since >= 0 && isText(it.name) && isText(it.kind);
const isTiming = (/** @type {any} */ it) => [it?.log, it?.fold, it?.echo].every((ms) => ms >= 0 && Number.isFinite(ms));
const hundredths = (/** @type {number} */ percent) => Math.round(percent * 100);
const hex = (/** @type {number} */ word) => (word >>> 0).toString(16).padStart(8, '0');
const written = (/** @type {Position} */ { epoch, revision }) => `${epoch}-${revision}`;
const readPosition = (/** @type {any} */ at) => ({ epoch: whole(at.epoch), revision: whole(at.revision) });
/** Negative, zero or positive, as `a` stands before, at or after `b`. @param {Position} a @param {Position} b */
const compare = (a, b) => a.epoch - b.epoch || a.revision - b.revision;
/** @param {number} dimmer @param {number} level @param {number} seed */
const levelHash = (dimmer, level, seed) => mix(((dimmer << 14) | hundredths(level)) ^ seed);

/** FNV-1a over the dimmer, in two bytes, and the label in UTF-8. */
function labelHash(/** @type {number} */ dimmer, /** @type {string} */ label, /** @type {number} */ seed) {
  const bytes = [dimmer & 0xff, dimmer >> 8, ...new TextEncoder().encode(label)];
  return mix(bytes.reduce((fnv, byte) => Math.imul(fnv ^ byte, 0x01000193), 0x811c9dc5 ^ seed));
}

/** The finaliser of MurmurHash3 for 32 bits. */
function mix(/** @type {number} */ word) {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}
