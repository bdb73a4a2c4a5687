// One animation frame for the whole page: each task is drawn once in it, however often it was asked for.

/** @type {Set<() => void>} */
const tasks = new Set();
let asked = false;
let drawnAt = 0;

/** A longer gap between frames means that the machine cannot keep up with all moving faders. In milliseconds. */
const SLOW_MS = 40;
/** A longer gap is not a slow frame but a pause in which nothing was drawn. */
const IDLE_MS = 250;
const LEAST = 64;
const MAX = 1024;
let budget = MAX;

/**
 * How many faders may move in this frame. On a slow machine fewer move in each frame, so that the hand is never
 * delayed.
 */
export function movesNow() {
  const gap_ms = performance.now() - drawnAt;
  drawnAt += gap_ms;
  const slow = gap_ms > SLOW_MS && gap_ms < IDLE_MS;
  budget = slow ? Math.max(LEAST, budget / 2) : Math.min(MAX, budget + 8);
  return budget;
}

/**
 * Runs a task with the next frame.
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

/** Runs all waiting tasks at once, so that a new state is never on screen with levels of the old one. */
export function drawNow() {
  const now = [...tasks];
  tasks.clear();
  for (const task of now) task();
}
