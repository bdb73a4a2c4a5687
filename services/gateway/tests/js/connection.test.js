// How a client keeps hold of its rig: what it says, and when, as the connection comes, fails and comes back.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connect } from '../../console/ghostlight.js';
import { Ledger, digests, shown } from './support/ledger.js';
import { World, settled } from './support/world.js';

/** A ledger with something in it. */
function stage() {
  const ledger = new Ledger();
  ledger.change({ levels: { 1: 50, 2: 0, 12: 12.34 }, labels: { 1: 'Front wash' } });
  ledger.change({ levels: { 2: 20 } });
  return ledger;
}

/** The present connection is lost, and the next one stands. Gives what was said first. */
function reconnected(world) {
  world.pass(world.next_ms);
  world.socket.open();
  return world.socket.messages[0];
}

describe('the first connection', () => {
  test('hello is said first, and the map is waited for', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.connect({ name: 'Booth', kind: 'desk', presence: true });
    assert.equal(world.socket.url, 'ws://stage.example/v1/rigs/main/ws');
    assert.equal(world.socket.protocol, 'ghostlight.v1');
    assert.deepEqual([rig.state, rig.position, rig.levels.size], ['offline', null, 0]);

    world.socket.open();
    const hello = { type: 'hello', client: 'console-1', name: 'Booth', kind: 'desk', want: ['presence'] };
    assert.deepEqual(world.socket.messages, [hello]);
    assert.equal(rig.state, 'resuming');

    world.socket.hear(ledger.snapshot());
    assert.equal(rig.state, 'live');
    assert.deepEqual(shown(rig), ledger.map);
    assert.equal(rig.position, ledger.position);
    assert.deepEqual(rig.digests, digests(ledger.map));
    assert.deepEqual(world.details('state'), ['resuming', 'live']);
    rig.close();
  });

  test('presence that is not wanted is not asked for', (t) => {
    const world = new World(t);
    const rig = world.connect();
    world.socket.open();
    assert.deepEqual(world.socket.messages, [{ type: 'hello', client: 'console-1' }]);
    rig.close();
  });

  test('every page has a name of its own, unless it brings one', (t) => {
    const world = new World(t);
    const rigs = [world.connect({ client: undefined }), world.connect({ client: undefined })];
    for (const rig of rigs) assert.match(rig.client, /^web-[0-9a-f]{16}$/);
    assert.notEqual(rigs[0].client, rigs[1].client);
    for (const rig of rigs) rig.close();
  });

  test('the address is made of that of the page', (t) => {
    const world = new World(t);
    class WebSocket {
      constructor(url) {
        world.url = String(url);
      }
      close() {}
    }
    for (const [page, rig, address] of [
      ['https://stage.example', undefined, 'wss://stage.example/v1/rigs/main/ws'],
      ['http://stage.example:8080/?rig=b#top', 'b', 'ws://stage.example:8080/v1/rigs/b/ws'],
      ['https://example/lights/', 'main', 'wss://example/lights/v1/rigs/main/ws'],
      ['https://example/lights', 'main', 'wss://example/lights/v1/rigs/main/ws'],
      ['https://example/lights/index.html', 'main', 'wss://example/lights/v1/rigs/main/ws'],
      [new URL('ws://127.0.0.1:1/'), 'main', 'ws://127.0.0.1:1/v1/rigs/main/ws'],
    ]) {
      connect(page, { rig, WebSocket }).close();
      assert.equal(world.url, address);
    }
  });

  test('only a client that is told to makes a rig by its first change', (t) => {
    const world = new World(t);
    const rigs = [world.connect({ rig: 'b' }), world.connect({ rig: 'b', create: true })];
    const urls = world.sockets.map((socket) => socket.url);
    assert.deepEqual(urls, ['ws://stage.example/v1/rigs/b/ws', 'ws://stage.example/v1/rigs/b/ws?create=1']);
    for (const rig of rigs) rig.close();
  });

  test('a client knows whether its rig exists', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.connect();
    world.socket.open();
    world.socket.hear({ ...ledger.snapshot(), missing: true });
    assert.equal(rig.missing, true);
    world.socket.hear(ledger.change({ levels: { 3: 30 } }));
    assert.equal(rig.missing, false, 'it was made');
    world.socket.hear({ ...ledger.change({}), missing: true });
    assert.equal(rig.missing, true, 'it was removed');
    assert.equal(world.details('change').length, 3);
    rig.close();
  });

  test('what the server would not take is refused at once', (t) => {
    const world = new World(t);
    for (const rig of ['', 'Main', '-a', 'a/b', 'a'.repeat(64)]) {
      assert.throws(() => world.connect({ rig }), /is not the name of a rig/, rig);
    }
    const names = [{ client: '' }, { name: 'a'.repeat(65) }, { name: 'a\nb' }];
    for (const options of [...names, { kind: 'Desk' }, { kind: '' }]) {
      assert.throws(() => world.connect(options), TypeError, JSON.stringify(options));
    }
    assert.equal(world.sockets.length, 0);
  });
});

describe('a lost connection', () => {
  test('the next one goes on where the map stands', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.live(ledger);
    const before = ledger.map;
    const { revision } = ledger;
    world.socket.end();
    assert.equal(rig.state, 'offline');
    assert.deepEqual(shown(rig), before, 'the last known map stays');
    ledger.change({ levels: { 1: 60 } });
    ledger.change({ levels: { 2: null }, master: 80 });

    assert.equal(reconnected(world).resume, `${ledger.epoch}-${revision}`);
    assert.equal(rig.state, 'resuming');
    world.socket.hear(ledger.delta(revision));
    assert.equal(rig.state, 'live');
    assert.deepEqual(shown(rig), ledger.map);
    assert.equal(world.details('change').at(-1).whole, false);
    rig.close();
  });

  test('a beacon is enough when nothing was missed', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.live(ledger);
    world.socket.end();
    reconnected(world);
    world.socket.hear(ledger.beacon());
    assert.equal(rig.state, 'live');
    rig.close();
  });

  test('a snapshot replaces the map, and tells what is different and what is there no more', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.live(ledger);
    const { levels } = rig;
    world.socket.end();
    reconnected(world);
    ledger.begin({ levels: { 1: 50, 12: 99 }, labels: { 2: 'Cyc' }, blackout: true });
    world.socket.hear(ledger.snapshot());
    assert.deepEqual(shown(rig), ledger.map);
    assert.equal(rig.levels, levels, 'it is the same map that now holds other levels');
    const change = world.details('change').at(-1);
    assert.equal(change.whole, true);
    assert.deepEqual(change.levels, new Map([[2, null], [12, 99]]));
    assert.deepEqual(change.labels, new Map([[1, null], [2, 'Cyc']]));
    assert.deepEqual([change.master, change.blackout, change.origins], [100, true, []]);
    rig.close();
  });

  test('it is tried again later and later, never at the same time as all the others', (t) => {
    const world = new World(t);
    for (const [chance, expected] of [
      [0, [100, 100, 100, 100, 100, 100, 100, 100]],
      [0.5, [150, 250, 450, 850, 1650, 2550, 2550, 2550]],
      [0.999999, [200, 400, 800, 1600, 3200, 5000, 5000, 5000]],
    ]) {
      const rig = world.connect({ random: () => chance });
      for (const delay_ms of expected) {
        world.socket.end();
        assert.equal(Math.round(world.next_ms), delay_ms);
        const count = world.sockets.length;
        world.pass(delay_ms - 1);
        assert.equal(world.sockets.length, count, 'not sooner');
        world.pass(2);
        assert.equal(world.sockets.length, count + 1);
      }
      rig.close();
    }
  });

  test('a connection that is proven makes the next retry quick again, one that only opened does not', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.connect({ random: () => 0.999999 });
    const retry_ms = () => {
      world.socket.end();
      return Math.round(world.next_ms);
    };
    for (const delay_ms of [200, 400, 800]) {
      assert.equal(retry_ms(), delay_ms);
      reconnected(world);
      world.socket.hear(ledger.snapshot());
    }
    world.socket.hear(ledger.beacon());
    assert.equal(retry_ms(), 200);
    rig.close();
  });
});

describe('a map that cannot be followed is replaced', () => {
  for (const [name, spoil] of [
    ['a gap', (ledger) => [ledger.change({ levels: { 1: 1 } }), ledger.change({ levels: { 1: 2 } })][1]],
    ['a beacon ahead of the map', (ledger) => ledger.change({ levels: { 1: 1 } }) && ledger.beacon()],
    ['another digest at the same position', (ledger) => ({ ...ledger.beacon(), digests: { levels: '0123456789abcdef' } })],
    ['a new epoch', (ledger) => ledger.begin({ levels: { 5: 5 } }) ?? ledger.beacon()],
    ['what is no JSON', () => '{"type":"delta","epo'],
    ['what is nothing', () => 'null'],
    ['a delta with levels that are none', (ledger) => ({ ...ledger.change({ levels: { 1: 1 } }), levels: 7 })],
    ['a delta with a level that is none', (ledger) => ({ ...ledger.change({ master: 1 }), levels: { 1: 5, 2: 'x' } })],
    ['an answer that cannot be read', () => ({ type: 'ack', seq: 1, position: 'here' })],
  ]) {
    test(name, (t) => {
      const world = new World(t);
      const ledger = stage();
      const rig = world.live(ledger);
      const before = ledger.map;
      const spoilt = world.socket;
      spoilt.hear(spoil(ledger));
      assert.equal(rig.state, 'offline');
      assert.ok(spoilt.isClosed);
      assert.deepEqual(shown(rig), before, 'nothing of it was taken in');

      const hello = reconnected(world);
      assert.equal(hello.resume, undefined, 'it asks for the whole map');
      world.socket.hear(ledger.snapshot());
      assert.equal(rig.state, 'live');
      assert.deepEqual(shown(rig), ledger.map);
      world.socket.hear(ledger.beacon());
      assert.equal(rig.state, 'live');

      world.socket.end();
      assert.equal(reconnected(world).resume, ledger.position, 'and from then on it resumes again');
      rig.close();
    });
  }

  test('what is loud is said once: not what happens in every network', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.live(ledger);
    world.socket.hear({ ...ledger.delta(0), prev: ledger.revision + 1, revision: ledger.revision + 2 });
    assert.equal(world.complaints.callCount(), 0);
    reconnected(world);
    world.socket.hear(ledger.snapshot());
    world.socket.hear({ ...ledger.beacon(), digests: { levels: '0123456789abcdef' } });
    assert.equal(world.complaints.callCount(), 1);
    assert.match(world.complaints.calls[0].arguments[0], /diverged/);
    rig.close();
  });

  test('a diverged map does not go live again by a snapshot that is older than it', (t) => {
    const world = new World(t);
    const ledger = stage();
    const old = ledger.snapshot();
    ledger.change({ levels: { 1: 1 } });
    const rig = world.live(ledger);
    world.socket.hear({ ...ledger.beacon(), digests: { levels: '0123456789abcdef' } });
    reconnected(world);
    world.socket.hear(old);
    assert.equal(rig.state, 'offline');
    assert.equal(reconnected(world).resume, undefined);
    world.socket.hear(ledger.snapshot());
    assert.equal(rig.state, 'live');
    assert.deepEqual(shown(rig), ledger.map);
    rig.close();
  });

  test('a server of an older epoch that took over the address is asked once more, and then believed', (t) => {
    const world = new World(t);
    const spare = stage();
    const ledger = stage();
    ledger.begin({ levels: { 1: 90 } });
    const rig = world.live(ledger);
    world.socket.end();
    reconnected(world);
    world.socket.hear(spare.snapshot());
    assert.equal(rig.state, 'offline', 'it may be a server that lags');
    assert.deepEqual(shown(rig), ledger.map);
    assert.equal(reconnected(world).resume, undefined);
    world.socket.hear(spare.snapshot());
    assert.equal(rig.state, 'live');
    assert.deepEqual(shown(rig), spare.map);
    const change = spare.change({ levels: { 2: 33 } });
    world.socket.hear(change);
    assert.deepEqual(shown(rig), spare.map, 'it follows that server from there');
    rig.close();
  });

  test('the map of another store is taken whole, whatever its position', (t) => {
    const world = new World(t);
    const [ours, theirs] = ['a', 'b'].map((digit) => ({ store: digit.repeat(32) }));
    const [ledger, other] = [stage(), stage()];
    const rig = world.live(ledger);
    other.change({ levels: { 1: 90 } });
    for (const level of [10, 20]) ledger.change({ levels: { 1: level } });
    world.socket.hear({ ...ledger.snapshot(), ...ours });
    assert.deepEqual(shown(rig), ledger.map);
    world.socket.hear({ ...other.snapshot(), ...theirs });
    assert.equal(rig.state, 'live');
    assert.deepEqual(shown(rig), other.map, 'a server that sends its map has another store now');
    world.socket.hear({ ...ledger.beacon(), ...ours });
    assert.equal(rig.state, 'offline', 'a beacon has no map: it is asked for');
    assert.deepEqual(shown(rig), other.map);
    assert.equal(reconnected(world).resume, undefined);
    world.socket.hear({ ...ledger.snapshot(), ...ours });
    assert.deepEqual(shown(rig), ledger.map);
    rig.close();
  });

  test('a server that stays below the map is not live, and is believed in the end', (t) => {
    const world = new World(t);
    const ledger = stage();
    const [behind, beacon, position] = [ledger.snapshot(), ledger.beacon(), ledger.position];
    ledger.change({ levels: { 1: 1 } });
    const rig = world.live(ledger);
    for (let seconds = 0; seconds < 3; seconds += 1) {
      world.pass(1000);
      world.socket.hear(beacon);
    }
    assert.notEqual(rig.state, 'live', 'what is below confirms nothing');
    world.pass(1000);
    assert.equal(reconnected(world).resume, undefined);
    world.socket.hear(behind);
    assert.deepEqual([rig.state, rig.position], ['live', position]);
    rig.close();
  });

  test('what a newer server says is passed over', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.live(ledger);
    world.socket.hear({ type: 'tomorrow', levels: 'x' });
    world.socket.hear({ type: 'presence', total: 'many', consoles: 'x' });
    world.socket.hear({ ...ledger.change({ levels: { 1: 9 } }), tomorrow: [1], output: { 1: 9 } });
    assert.equal(rig.state, 'live');
    assert.deepEqual(shown(rig), ledger.map);
    assert.deepEqual(rig.consoles, []);
    rig.close();
  });
});

describe('silence', () => {
  test('after three seconds the map is stale, and live again with the next beacon', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.live(ledger);
    world.pass(2999);
    assert.equal(rig.state, 'live');
    world.socket.hear(ledger.beacon());
    world.pass(2999);
    assert.equal(rig.state, 'live');
    world.pass(1);
    assert.equal(rig.state, 'stale');
    world.socket.hear({ type: 'presence', total: 0, consoles: [] });
    assert.equal(rig.state, 'stale', 'what says nothing of the map does not prove it');
    world.socket.hear(ledger.beacon());
    assert.equal(rig.state, 'live');
    assert.equal(world.sockets.length, 1);
    rig.close();
  });

  test('a gateway that hears nothing says so, until it hears again', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.live(ledger);
    const before = shown(rig);
    world.socket.hear({ type: 'stale', seconds: 3 });
    assert.equal(rig.state, 'stale');
    assert.deepEqual(shown(rig), before);
    world.socket.hear(ledger.beacon());
    assert.equal(rig.state, 'live');
    rig.close();
  });

  test('after ten seconds the connection counts as lost, without the other side agreeing', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.live(ledger);
    const dead = world.socket;
    world.pass(9999);
    assert.equal(rig.state, 'stale');
    world.pass(1);
    assert.equal(rig.state, 'offline');
    assert.ok(dead.isClosed);
    reconnected(world);
    dead.hear(ledger.snapshot());
    dead.end();
    assert.equal(rig.state, 'resuming', 'what the dead socket still does is of no account');
    rig.close();
  });

  test('a connection that does not come about is given up too', (t) => {
    const world = new World(t);
    const rig = world.connect();
    world.pass(10000);
    assert.ok(world.socket.isClosed);
    world.pass(200);
    assert.equal(world.sockets.length, 2);
    rig.close();
  });
});

describe('waking', () => {
  test('a retry that waits is made at once', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.live(ledger);
    world.socket.end();
    rig.wake();
    assert.equal(world.sockets.length, 2);
    world.socket.open();
    world.socket.hear(ledger.beacon());
    world.pass(2500);
    assert.equal(world.sockets.length, 2, 'the retry is not made a second time');
    assert.equal(rig.state, 'live');
    rig.close();
  });

  test('a connection that slept is not trusted, one that was heard just now is', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.live(ledger);
    world.sleep(3000);
    rig.wake();
    assert.equal(world.sockets.length, 1);
    world.sleep(60000);
    rig.wake();
    assert.equal(world.sockets.length, 2);
    assert.ok(world.sockets[0].isClosed);
    world.socket.open();
    assert.equal(world.socket.messages[0].resume, ledger.position);
    rig.close();
  });

  test('after a sleep the retries begin anew, as short as the first', (t) => {
    const world = new World(t);
    const rig = world.connect({ random: () => 0.999999 });
    for (const delay_ms of [200, 400, 800, 1600]) {
      world.socket.end();
      assert.equal(Math.round(world.next_ms), delay_ms);
      world.pass(delay_ms);
    }
    world.sleep(60000);
    rig.wake();
    world.socket.end();
    assert.equal(Math.round(world.next_ms), 400);
    rig.close();
  });
});

describe('closing', () => {
  for (const [moment, come] of [
    ['while connecting', () => {}],
    ['while resuming', (world) => world.socket.open()],
    ['while live', (world, ledger) => [world.socket.open(), world.socket.hear(ledger.snapshot())]],
    ['while waiting to try again', (world) => world.socket.end()],
  ]) {
    test(`${moment}: it stays closed, and leaves no timer`, (t) => {
      const world = new World(t);
      const ledger = stage();
      const rig = world.connect();
      come(world, ledger);
      const map = shown(rig);
      rig.close();
      assert.equal(rig.state, 'offline');
      assert.ok(world.socket.isClosed || moment.includes('again'));
      assert.equal(world.timers, 0);

      rig.wake();
      rig.close();
      world.socket.open();
      world.socket.hear(ledger.snapshot());
      world.pass(60000);
      assert.equal(world.sockets.length, 1);
      assert.equal(rig.state, 'offline');
      assert.deepEqual(shown(rig), map);
    });
  }
});

describe('listeners', () => {
  test('one that closes the rig in any event ends it there', (t) => {
    for (const type of ['state', 'change', 'echo', 'ack', 'presence', 'refused']) {
      const world = new World({ mock: t.mock });
      const ledger = stage();
      const rig = world.connect();
      rig.addEventListener(type, () => rig.state === 'live' && rig.close());
      world.socket.open();
      world.socket.hear(ledger.snapshot());
      if (rig.state === 'live') rig.set({ 1: 1 });
      world.socket.hear(ledger.change({ levels: { 1: 1 } }, [{ client: 'console-1', seq: 1 }]));
      world.socket.hear({ type: 'ack', seq: 1, position: ledger.position });
      world.socket.hear({ type: 'error', code: 'bad_input', message: 'no' });
      world.socket.hear({ type: 'presence', total: 0, consoles: [] });
      assert.equal(rig.state, 'offline', type);
      assert.equal(world.timers, 0, type);
      t.mock.restoreAll();
    }
  });

  test('one that throws harms neither the map nor the other listeners', async (t) => {
    const world = new World(t);
    const ledger = stage();
    const thrown = [];
    process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error.message));
    t.after(() => process.setUncaughtExceptionCaptureCallback(null));
    const rig = world.live(ledger);
    const heard = [];
    for (const type of ['state', 'change', 'presence']) {
      rig.addEventListener(type, () => {
        throw new Error(`a bad listener of ${type}`);
      });
      rig.addEventListener(type, () => heard.push(type));
    }
    world.socket.hear(ledger.change({ levels: { 1: 77 } }));
    world.socket.hear({ type: 'presence', total: 0, consoles: [] });
    world.pass(3000);
    await settled();
    assert.deepEqual(heard, ['change', 'presence', 'state']);
    assert.equal(thrown.length, 3);
    world.socket.hear(ledger.change({ levels: { 2: 33 } }));
    world.socket.hear(ledger.beacon());
    assert.equal(rig.state, 'live');
    assert.deepEqual(shown(rig), ledger.map);
    await settled();
    rig.close();
    await settled();
  });

  test('one that is told that the rig is live finds the map, and may change it', (t) => {
    const world = new World(t);
    const ledger = stage();
    const rig = world.connect();
    let found = null;
    rig.addEventListener('state', ({ detail }) => {
      if (detail !== 'live') return;
      found = shown(rig);
      rig.set({ 1: 99 });
    });
    world.socket.open();
    world.socket.hear(ledger.snapshot());
    assert.deepEqual(found, ledger.map);
    assert.deepEqual(world.socket.sets, [{ type: 'set', seq: 1, levels: { 1: 99 } }]);
    rig.close();
  });
});

test('presence: who is connected is told whole, and replaces', (t) => {
  const world = new World(t);
  const rig = world.live(stage(), { presence: true });
  assert.deepEqual([rig.consoles, rig.consolesTotal], [[], 0]);
  const booth = { client: 'console-1', name: 'Booth', kind: 'desk', since: 1790000000123 };
  const plain = { name: 'plain WebSocket', kind: 'plain', since: 1790000000456 };
  world.socket.hear({ type: 'presence', total: 70, consoles: [booth, plain] });
  assert.deepEqual([rig.consoles, rig.consolesTotal], [[booth, plain], 70]);
  world.socket.hear({ type: 'presence', total: 1, consoles: [booth] });
  assert.deepEqual([rig.consoles, rig.consolesTotal], [[booth], 1]);
  assert.deepEqual(world.details('presence').at(-1), { consoles: [booth], total: 1 });
  rig.close();
});

test('output: the level through the master and the blackout, rounded as the rig rounds', (t) => {
  const world = new World(t);
  const ledger = new Ledger();
  ledger.change({ levels: { 1: 50, 2: 0.01, 3: 33.33, 4: 100 } });
  const rig = world.live(ledger);
  const outputs = () => [1, 2, 3, 4, 5].map((dimmer) => rig.output(dimmer));
  assert.deepEqual(outputs(), [50, 0.01, 33.33, 100, null]);
  world.socket.hear(ledger.change({ master: 50 }));
  assert.deepEqual(outputs(), [25, 0.01, 16.67, 50, null]);
  world.socket.hear(ledger.change({ master: 0.49 }));
  assert.deepEqual(outputs(), [0.25, 0, 0.16, 0.49, null]);
  world.socket.hear(ledger.change({ blackout: true }));
  assert.deepEqual(outputs(), [0, 0, 0, 0, null]);
  assert.equal(rig.levels.get(1), 50, 'the map keeps what was set');
  rig.close();
});
