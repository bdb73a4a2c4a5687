// The console: sixteen faders on one rig. Here the parts meet; each tells its own story.
//
//   hand -> fader -> hold, outbox -> connection -> rig -> connection -> replica -> hold -> fader

import { Connection } from './connection.js';
import './fader.js';
import { Hold } from './hold.js';
import { Outbox } from './outbox.js';
import { Replica, percent } from './replica.js';

const DIMMERS = 16;
/** How soon to look again when the network is behind. */
const BEHIND_MS = 10;

const STATES = {
  live: { word: 'Live', notice: '' },
  resuming: { word: 'Resuming', notice: 'Faders are locked until the rig has sent its levels.' },
  stale: { word: 'Stale', notice: 'The rig has not been heard for seconds. Faders are locked; nothing you move is sent.' },
  offline: { word: 'Offline', notice: 'Faders are locked and show the last known levels. Reconnecting by itself.' },
};

const rig = new URLSearchParams(location.search).get('rig') || 'main';
const replica = new Replica();
const outbox = new Outbox();
const channels = new Map(); // dimmer -> {fader, hold}
const client = name();
let sendTimer = null;
let settleTimer = null;
let drawing = false;

const connection = new Connection({
  url: address(),
  client,
  replica,
  onstate: enter,
  onmap: follow,
  onack(seq, position) {
    outbox.acknowledged(seq, position);
    notice('');
    settle();
  },
  onrefused(error) {
    if (error.seq !== undefined) outbox.refused(error.seq);
    notice(`The rig refused: ${error.message}`);
    settle();
  },
});

build();
enter(connection.state);
if (/^[a-z0-9][a-z0-9_-]{0,62}$/.test(rig)) {
  connection.open();
  for (const event of ['online', 'pageshow', 'focus']) addEventListener(event, () => connection.wake());
  document.addEventListener('visibilitychange', () => document.hidden || connection.wake());
} else {
  notice(`“${rig}” is not the name of a rig: 1 to 63 of a-z, 0-9, _ and -, a letter or a digit first.`);
}

/** Differs in each page, so that it knows its own echoes. */
function name() {
  const random = crypto.getRandomValues(new Uint32Array(2));
  return `console-${Array.from(random, (word) => word.toString(16).padStart(8, '0')).join('')}`;
}

function address() {
  const url = new URL(`v1/rigs/${encodeURIComponent(rig)}/ws`, location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  return url;
}

function build() {
  document.title = `${rig} · Ghostlight`;
  document.getElementById('rig').textContent = rig;
  const board = document.getElementById('board');
  for (let dimmer = 1; dimmer <= DIMMERS; dimmer += 1) {
    const fader = document.createElement('light-fader');
    fader.dataset.dimmer = dimmer;
    board.append(fader);
    channels.set(dimmer, { fader, hold: new Hold() });
  }
  board.addEventListener('fader-grab', ({ target: { dimmer } }) => {
    const { hold } = channels.get(dimmer);
    hold.grab(hold.shown(replica.level(dimmer)));
    settle();
  });
  board.addEventListener('fader-move', ({ target: { dimmer }, detail: { level } }) => {
    channels.get(dimmer).hold.move(level);
    outbox.put(dimmer, level);
    send();
    draw();
  });
  board.addEventListener('fader-release', ({ target: { dimmer } }) => {
    channels.get(dimmer).hold.release(performance.now());
    settle();
  });
}

/** Sends what was moved, as soon as the pace and the network allow. */
function send() {
  clearTimeout(sendTimer);
  const wait_ms = outbox.wait(performance.now());
  if (wait_ms === null) return;
  if (wait_ms > 0 || !connection.clear) {
    sendTimer = setTimeout(send, wait_ms || BEHIND_MS);
    return;
  }
  const { seq, levels } = outbox.take(performance.now());
  connection.set(seq, Object.fromEntries([...levels].map(([dimmer, level]) => [dimmer, percent(level)])));
}

/** The map moved on: by a delta, or by a whole snapshot. */
function follow(delta) {
  for (const [dimmer, { hold }] of channels) {
    if (delta && !(dimmer in delta.levels)) continue;
    hold.rigMoved(replica.level(dimmer), delta !== null && outbox.ownEcho(delta, dimmer, client));
  }
  settle();
}

/** The rig has answered: gives back to it every fader that waited for that, and sends what did. */
function settle() {
  clearTimeout(settleTimer);
  outbox.reached(replica.position);
  send();
  const now = performance.now();
  const waits = [...channels].map(([dimmer, { hold }]) => hold.settle(outbox.pending(dimmer), replica.level(dimmer), now));
  const next_ms = Math.min(...waits.filter((wait) => wait !== null));
  if (Number.isFinite(next_ms)) settleTimer = setTimeout(settle, next_ms);
  draw();
}

/** Draws with the next frame, once, however much happens before it. */
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(paint);
}

function paint() {
  drawing = false;
  for (const [dimmer, { fader, hold }] of channels) fader.show(hold.shown(replica.level(dimmer)), hold.ghost);
  document.body.dataset.position = replica.resume ?? '';
}

/** The connection's state changed. Whatever was in hand is dropped: what the rig last said is shown, nothing waits. */
function enter(state) {
  const locked = state !== 'live';
  document.body.dataset.state = state;
  document.getElementById('state').textContent = STATES[state].word;
  notice(STATES[state].notice);
  for (const { fader, hold } of channels.values()) {
    fader.locked = locked;
    if (locked) hold.drop();
  }
  if (locked) {
    clearTimeout(sendTimer);
    outbox.clear();
  }
  paint(); // at once: no state is shown with levels that are not its own
}

function notice(text) {
  const place = document.getElementById('notice');
  if (place.textContent !== text) place.textContent = text;
}
