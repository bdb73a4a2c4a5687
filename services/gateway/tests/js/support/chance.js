// Chance that can be repeated: `SEED=123 node --test` makes the run of seed 123 again, and that one only.

/** A small generator (mulberry32): the same numbers for the same seed, in every version of every engine. */
export class Chance {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to 1, exclusive. */
  next = () => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let word = this.#state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };

  /** A whole number from `least` to `most`, inclusive. */
  whole(least, most) {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick(things) {
    return things[this.whole(0, things.length - 1)];
  }

  /** True that often. */
  is(share) {
    return this.next() < share;
  }
}

/** Runs a law with many seeds. A failure names the seed that repeats it. */
export function holds(cases, law) {
  const only = process.env.SEED;
  const first = only === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(only);
  for (let seed = first; seed < first + (only === undefined ? cases : 1); seed += 1) {
    try {
      law(new Chance(seed));
    } catch (error) {
      error.message = `with SEED=${seed}: ${error.message}`;
      throw error;
    }
  }
}
