// One animation frame for the whole page: whatever is to be drawn is drawn there once, however much happened before.

/** @type {Set<() => void>} */
const tasks = new Set();
let asked = false;
let drawnAt = 0;

/** Frames come slowly: this machine cannot keep up with all that moves. In milliseconds. */
const SLOW_MS = 40;
/** Longer than that is no slow frame, but one in which nothing was to be drawn. */
const IDLE_MS = 250;
const LEAST = 64;
const MAX = 1024;
let budget = MAX;

/**
 * How many faders to move in this frame. A slow machine moves fewer of them at a time, so that it always has time for
 * the hand.
 */
export function movesNow() {
  const gap_ms = performance.now() - drawnAt;
  drawnAt += gap_ms;
  const slow = gap_ms > SLOW_MS && gap_ms < IDLE_MS;
  budget = slow ? Math.max(LEAST, budget / 2) : Math.min(MAX, budget + 8);
  return budget;
}

/**
 * Does this with the next frame.
 * @param {() => void} task
 */
export function draw(task) {
  tasks.add(task);
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    drawNow();
  });
}

/** Draws at once what waits: no state may be on screen with levels that are not its own. */
export function drawNow() {
  const now = [...tasks];
  tasks.clear();
  for (const task of now) task();
}
