// A rig that remembers all of its history, and speaks of it in the server's messages. Written anew from what the wire
// promises, with none of the console's code: what the two agree on, they agree on twice.

const LANE = 2n ** 32n;
const SEEDS = [0n, 0x9e3779b9n];

export class Ledger {
  epoch = 1790000000;
  revision = 0;
  /** `epoch-revision` -> the map at that position, in the order in which they came. */
  history = new Map();
  #map = { levels: {}, labels: {}, master: 100, blackout: false };
  /** When each item was last set, by its name. */
  #setAt = new Map();

  constructor() {
    this.#remember();
  }

  get position() {
    return `${this.epoch}-${this.revision}`;
  }

  /** The log time: it goes on with each entry, and holds more digits than a number does. */
  get time() {
    return `${1790000000123456789n + BigInt(this.revision)}`;
  }

  /** The map as it is now: not shared with later ones. */
  get map() {
    return this.history.get(this.position);
  }

  /** A change happens, and is told. */
  change(change, origins = []) {
    const prev = this.revision;
    this.revision += change.skip ?? 1;
    for (const kind of ['levels', 'labels']) {
      for (const [dimmer, value] of Object.entries(change[kind] ?? {})) {
        this.#setAt.set(`${kind} ${dimmer}`, this.revision);
        if (value === null) delete this.#map[kind][dimmer];
        else this.#map[kind][dimmer] = value;
      }
    }
    for (const kind of ['master', 'blackout']) {
      if (change[kind] === undefined) continue;
      this.#setAt.set(kind, this.revision);
      this.#map[kind] = change[kind];
    }
    this.#remember();
    return this.delta(prev, origins);
  }

  /** What catches up a replica that stands at `prev`: the newest of everything that was set after it. */
  delta(prev, origins = []) {
    const delta = { type: 'delta', epoch: this.epoch, prev, revision: this.revision, time: this.time, levels: {}, labels: {} };
    for (const [item, revision] of this.#setAt) {
      if (revision <= prev) continue;
      const [kind, dimmer] = item.split(' ');
      if (dimmer) delta[kind][dimmer] = this.#map[kind][dimmer] ?? null;
      else delta[kind] = this.#map[kind];
    }
    for (const kind of ['levels', 'labels']) if (Object.keys(delta[kind]).length === 0) delete delta[kind];
    return { ...delta, origins };
  }

  snapshot() {
    const at = { type: 'snapshot', epoch: this.epoch, revision: this.revision, time: this.time };
    return { ...at, ...structuredClone(this.map) };
  }

  beacon() {
    const at = { type: 'beacon', epoch: this.epoch, revision: this.revision, time: this.time };
    return { ...at, digests: digests(this.map) };
  }

  /** A new order begins, with another map: every position of the former one is void. */
  begin(map) {
    this.epoch += 1;
    this.revision = 0;
    this.#setAt.clear();
    this.#map = { levels: {}, labels: {}, master: 100, blackout: false, ...map };
    this.#remember();
  }

  #remember() {
    this.history.set(this.position, structuredClone(this.#map));
  }
}

/** The map that a replica or a rig shows, to be compared with the ledger's. */
export function shown({ levels, labels, master, blackout }) {
  return { levels: Object.fromEntries(levels), labels: Object.fromEntries(labels), master, blackout };
}

/** The digest of each kind of a map, computed from nothing. Words only if the map has them. */
export function digests({ levels, labels, master, blackout, words }) {
  const hundredths = (level) => BigInt(Math.round(level * 100));
  const packed = Object.entries(levels).map(([dimmer, level]) => (BigInt(dimmer) << 14n) | hundredths(level));
  const sum = (hashes) => hashes.reduce((total, hash) => (total + hash) % LANE, 0n);
  const lanes = (hashes) => SEEDS.map((seed) => sum(hashes(seed)).toString(16).padStart(8, '0')).join('');
  return {
    levels: lanes((seed) => packed.map((word) => mix(word ^ seed))),
    labels: lanes((seed) => Object.entries(labels).map(([dimmer, label]) => mix(fnv(seed, labelBytes(Number(dimmer), label))))),
    master: lanes((seed) => (master === 100 ? [] : [mix(hundredths(master) ^ seed)])),
    blackout: lanes((seed) => (blackout ? [mix(1n ^ seed)] : [])),
    ...(words && { words: lanes((seed) => Object.entries(words).map(([word, look]) => mix(fnv(seed, lookBytes(word, look))))) }),
  };
}

const twoBytes = (number) => [number % 256, Math.floor(number / 256)];
const labelBytes = (dimmer, label) => [...twoBytes(dimmer), ...Buffer.from(label, 'utf8')];

function lookBytes(word, look) {
  const levels = Object.entries(look).sort(([a], [b]) => a - b);
  const pairs = levels.flatMap(([dimmer, level]) => [...twoBytes(Number(dimmer)), ...twoBytes(Math.round(level * 100))]);
  return [...Buffer.from(word, 'utf8'), 0, ...pairs];
}

function fnv(seed, bytes) {
  return bytes.reduce((hash, byte) => ((hash ^ BigInt(byte)) * 0x01000193n) % LANE, 0x811c9dc5n ^ seed);
}

function mix(word) {
  word ^= word >> 16n;
  word = (word * 0x85ebca6bn) % LANE;
  word ^= word >> 13n;
  word = (word * 0xc2b2ae35n) % LANE;
  return word ^ (word >> 16n);
}
