// The client module by itself: a WebSocket and a clock of the test's own, no network, no waiting.
// Run: node --test tests/web/crier-client.test.mjs

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { CrierClient, DEFAULT_FINAL_CODES } from '../../examples/web/crier-client.js';

/** Stands in for setTimeout, clearTimeout and Math.random while a test runs. */
class Clock {
    now = 0;
    random = 0;
    #timers = new Map();
    #next = 1;
    #real = { setTimeout, clearTimeout, random: Math.random };

    install() {
        globalThis.setTimeout = (action, delay) => {
            this.#timers.set(this.#next, { at: this.now + delay, action });
            return this.#next++;
        };
        globalThis.clearTimeout = (id) => this.#timers.delete(id);
        Math.random = () => this.random;
    }

    uninstall() {
        globalThis.setTimeout = this.#real.setTimeout;
        globalThis.clearTimeout = this.#real.clearTimeout;
        Math.random = this.#real.random;
    }

    get pending() {
        return this.#timers.size;
    }

    #first() {
        return [...this.#timers].sort(([, a], [, b]) => a.at - b.at)[0];
    }

    /** Lets the next timer run out. */
    next() {
        const [id, { at, action }] = this.#first();
        this.#timers.delete(id);
        this.now = at;
        action();
    }

    advance(milliseconds) {
        const end = this.now + milliseconds;
        while (this.#first()?.[1].at <= end) {
            this.next();
        }
        this.now = end;
    }
}

class FakeWebSocket extends EventTarget {
    static all = [];
    sent = [];
    closedWith = undefined;

    constructor(url) {
        super();
        this.url = String(url);
        FakeWebSocket.all.push(this);
    }

    send(data) {
        this.sent.push(data);
    }

    close(code, reason) {
        if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
            throw new RangeError('InvalidAccessError');
        }
        this.closedWith = { code, reason };
    }

    // What the network does.
    opens() {
        this.dispatchEvent(new Event('open'));
    }

    hears(data) {
        this.dispatchEvent(Object.assign(new Event('message'), { data }));
    }

    ends(code = 1006, reason = '') {
        this.dispatchEvent(new Event('error'));
        this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
    }
}

let clock;
let online;

beforeEach(() => {
    clock = new Clock();
    clock.install();
    FakeWebSocket.all = [];
    // The page's window, as far as the client asks for it.
    online = new EventTarget();
    globalThis.addEventListener = online.addEventListener.bind(online);
    globalThis.removeEventListener = online.removeEventListener.bind(online);
});

afterEach(() => {
    clock.uninstall();
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
});

function start(options = {}) {
    const client = new CrierClient({
        url: 'ws://127.0.0.1:1234', uid: 'uid1', WebSocket: FakeWebSocket, ...options,
    });
    const states = [];
    const messages = [];
    client.addEventListener('state', (event) => states.push(event));
    client.addEventListener('message', (event) => messages.push(event));
    return { client, states, messages };
}

const attempts = () => FakeWebSocket.all.length;
const newest = () => FakeWebSocket.all.at(-1);
const names = (states) => states.map(({ state }) => state);

test('connects at once and says the uid first, before a listener can say anything', () => {
    const { client, states } = start();
    client.addEventListener('state', () => client.send('later'));
    assert.equal(client.state, 'connecting');
    assert.equal(newest().url, 'ws://127.0.0.1:1234');
    assert.deepEqual(newest().sent, []);

    newest().opens();

    assert.deepEqual(newest().sent, ['uid1', 'later']);
    assert.equal(client.state, 'open');
    assert.deepEqual(names(states), ['open']);
});

test('says the uid again on every new connection', () => {
    start();
    newest().opens();
    newest().ends();
    clock.next();
    newest().opens();
    assert.equal(attempts(), 2);
    assert.deepEqual(newest().sent, ['uid1']);
});

test('hands on messages as text', () => {
    const { messages } = start();
    newest().opens();
    newest().hears('{"percent":"88%"}');
    assert.equal(messages[0].text, '{"percent":"88%"}');
    assert.equal(messages[0].data, '{"percent":"88%"}');
});

test('parses JSON on request, and survives what is none', () => {
    const { client, messages } = start({ json: true });
    newest().opens();
    newest().hears('{"percent":"88%"}');
    newest().hears('not JSON');
    assert.deepEqual(messages[0].data, { percent: '88%' });
    assert.equal(messages[1].data, undefined);
    assert.equal(messages[1].text, 'not JSON');
    assert.equal(client.state, 'open');
});

for (const [random, name] of [[0, 'shortest'], [0.5, 'middle'], [0.999999, 'longest']]) {
    test(`waits between the floor and a ceiling that grows to the maximum: ${name} draw`, () => {
        const { states } = start({ minDelayMs: 100, maxDelayMs: 1000, factor: 2 });
        clock.random = random;
        for (const ceiling of [200, 400, 800, 1000, 1000, 1000]) {
            const before = attempts();
            newest().ends();
            const { state, delayMs } = states.at(-1);
            assert.equal(state, 'waiting');
            assert.equal(delayMs, 100 + random * (ceiling - 100));
            assert.ok(delayMs >= 100 && delayMs <= ceiling);
            clock.advance(delayMs - 1);
            assert.equal(attempts(), before);
            clock.next();
            assert.equal(attempts(), before + 1);
        }
    });
}

test('the default waits: 1 to 2 s at first, at most 30 s', () => {
    const { states } = start();
    clock.random = 1;
    const delays = [];
    for (let attempt = 0; attempt < 2000; attempt += 1) {
        newest().ends();
        delays.push(states.at(-1).delayMs);
        clock.next();
    }
    assert.deepEqual(delays.slice(0, 6), [2000, 4000, 8000, 16_000, 30_000, 30_000]);
    assert.equal(Math.max(...delays), 30_000);
    clock.random = 0;
    newest().ends();
    assert.equal(states.at(-1).delayMs, 1000);
});

test('many clients spread over the whole wait', () => {
    clock.uninstall(); // the real Math.random
    const real = Math.random;
    clock.install();
    Math.random = real;
    const delays = Array.from({ length: 1000 }, () => {
        const { states } = start({ minDelayMs: 1000, factor: 10 });
        newest().ends();
        return states.at(-1).delayMs;
    });
    assert.ok(delays.every((delay) => delay >= 1000 && delay <= 10_000));
    for (let from = 1000; from < 10_000; from += 1000) {
        const share = delays.filter((delay) => delay >= from && delay < from + 1000).length;
        assert.ok(share > 40, `${share} of 1000 clients between ${from} and ${from + 1000} ms`);
    }
});

test('a connection that was open for the stable period resets the wait', () => {
    const { states } = start({ minDelayMs: 100, maxDelayMs: 10_000, stableAfterMs: 5000 });
    clock.random = 1;
    for (let attempt = 0; attempt < 4; attempt += 1) {
        newest().ends();
        clock.next();
    }
    newest().opens();
    clock.advance(5000);
    newest().ends();
    assert.equal(states.at(-1).delayMs, 200);
});

test('a connection that opens and breaks again does not', () => {
    const { states } = start({ minDelayMs: 100, maxDelayMs: 10_000, stableAfterMs: 5000 });
    clock.random = 1;
    const delays = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
        newest().opens();
        clock.advance(4999);
        newest().ends();
        delays.push(states.at(-1).delayMs);
        clock.next();
    }
    assert.deepEqual(delays, [200, 400, 800, 1600]);
});

test('does not come back after close()', () => {
    const { client, states, messages } = start();
    newest().opens();
    client.close();
    newest().hears('too late');
    newest().ends(1000);
    clock.advance(1_000_000);
    assert.deepEqual(newest().closedWith, { code: 1000, reason: '' });
    assert.equal(attempts(), 1);
    assert.equal(clock.pending, 0);
    assert.deepEqual(names(states), ['open', 'closed']);
    assert.deepEqual(messages, []);
    assert.equal(client.send('x'), false);
});

test('close() works while connecting and while waiting, and twice', () => {
    const connecting = start();
    connecting.client.close(3001, 'page left');
    assert.deepEqual(newest().closedWith, { code: 3001, reason: 'page left' });
    newest().opens();
    assert.deepEqual(newest().sent, []);
    connecting.client.close();
    assert.deepEqual(names(connecting.states), ['closed']);

    const waiting = start();
    newest().ends();
    waiting.client.close();
    clock.advance(1_000_000);
    assert.equal(attempts(), 2);
    assert.deepEqual(names(waiting.states), ['waiting', 'closed']);
    assert.equal(clock.pending, 0);
});

test('close() from inside a state event is obeyed', () => {
    const { client, states } = start();
    client.addEventListener('state', ({ state }) => state === 'waiting' && client.close());
    newest().ends();
    clock.advance(1_000_000);
    assert.equal(attempts(), 1);
    assert.equal(clock.pending, 0);
    assert.deepEqual(names(states), ['waiting', 'closed']);
});

test('a close() that the socket refuses changes nothing', () => {
    const { client } = start();
    newest().opens();
    assert.throws(() => client.close(1001), RangeError);
    assert.equal(client.state, 'open');
    newest().ends();
    assert.equal(client.state, 'waiting');
});

for (const code of [1000, 1002, 1003, 1007, 1008, 1009, 1010, 4000, 4001, 4999]) {
    test(`stays closed after ${code}`, () => {
        const { client, states } = start();
        newest().opens();
        newest().ends(code, 'replaced by a newer connection');
        clock.advance(1_000_000);
        online.dispatchEvent(new Event('online'));
        client.reconnect();
        assert.equal(attempts(), 1);
        assert.equal(clock.pending, 0);
        assert.equal(states.at(-1).state, 'closed');
        assert.equal(states.at(-1).code, code);
        assert.equal(states.at(-1).reason, 'replaced by a newer connection');
    });
}

for (const code of [1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 3000, 3999]) {
    test(`comes back after ${code}`, () => {
        const { states } = start();
        newest().opens();
        newest().ends(code, 'why');
        assert.equal(states.at(-1).state, 'waiting');
        assert.equal(states.at(-1).code, code);
        assert.equal(states.at(-1).reason, 'why');
        clock.next();
        assert.equal(attempts(), 2);
    });
}

test('the final codes are settable, and may extend the default ones', () => {
    const own = start({ finalCodes: [1001, [3000, 3005]] });
    newest().ends(1008);
    assert.equal(own.client.state, 'waiting');
    clock.next();
    newest().ends(3005);
    assert.equal(own.client.state, 'closed');

    const extended = start({ finalCodes: [...DEFAULT_FINAL_CODES, 1013] });
    newest().ends(1013);
    assert.equal(extended.client.state, 'closed');
});

test('an attempt that hangs is given up', () => {
    const { states } = start({ connectTimeoutMs: 3000 });
    const hanging = newest();
    clock.advance(2999);
    assert.deepEqual(names(states), []);
    clock.advance(1);
    assert.equal(states.at(-1).state, 'waiting');
    assert.equal(states.at(-1).code, 1006);
    assert.ok(hanging.closedWith);
    hanging.ends();
    assert.deepEqual(names(states), ['waiting'], 'the end of a given-up attempt is no second loss');

    clock.next();
    hanging.opens();
    hanging.ends();
    assert.deepEqual(hanging.sent, []);
    assert.equal(states.at(-1).state, 'connecting', 'what a given-up attempt does is not heard');
});

test('the network coming back ends the wait', () => {
    const { client, states } = start();
    newest().ends();
    online.dispatchEvent(new Event('online'));
    assert.equal(attempts(), 2);
    assert.equal(client.state, 'connecting');
    newest().opens();
    online.dispatchEvent(new Event('online'));
    clock.advance(1_000_000);
    assert.equal(attempts(), 2, 'the timer of the wait is gone too');
    assert.deepEqual(names(states), ['waiting', 'connecting', 'open']);
});

test('reconnect() ends the wait, and only the wait', () => {
    const { client } = start();
    client.reconnect();
    assert.equal(attempts(), 1);
    newest().ends();
    client.reconnect();
    client.reconnect();
    assert.equal(attempts(), 2);
});

test('a closed client leaves nothing behind in the page', () => {
    const listeners = new Set();
    globalThis.addEventListener = (type, listener) => listeners.add(listener);
    globalThis.removeEventListener = (type, listener) => listeners.delete(listener);
    const closed = start().client;
    assert.equal(listeners.size, 1);
    closed.close();
    assert.equal(listeners.size, 0);
    start();
    newest().ends(1008);
    assert.equal(listeners.size, 0);
});

test('send() tells whether the message went out, and keeps none', () => {
    const { client } = start();
    assert.equal(client.send('early'), false);
    newest().opens();
    assert.equal(client.send('now'), true);
    assert.deepEqual(newest().sent, ['uid1', 'now']);
    newest().ends();
    assert.equal(client.send('late'), false);
});

/** A function for uids, each of which is to be given or refused by hand. */
function asked() {
    const calls = [];
    const uid = () => new Promise((give, refuse) => { calls.push({ give, refuse }); });
    return { uid, calls };
}

/** Lets all promises that can go on do so. */
const settled = () => new Promise(setImmediate);

test('a function is asked for the uid of each connection, when that is there', async () => {
    const { uid, calls } = asked();
    const { client, states } = start({ uid });
    assert.equal(calls.length, 0);
    assert.equal(client.uid, '');
    newest().opens();
    assert.equal(calls.length, 1);
    assert.deepEqual([newest().sent, client.state, client.send('x')], [[], 'connecting', false]);
    calls[0].give('ticket 1');
    await settled();
    assert.deepEqual([newest().sent, client.state, client.uid], [['ticket 1'], 'open', 'ticket 1']);

    newest().ends();
    clock.next();
    newest().opens();
    assert.equal(calls.length, 2);
    calls[1].give('ticket 2');
    await settled();
    assert.deepEqual(newest().sent, ['ticket 2']);
    assert.deepEqual(names(states), ['open', 'waiting', 'connecting', 'open']);
});

test('a function may just return the uid', async () => {
    const { client } = start({ uid: () => 'uid1' });
    newest().opens();
    await settled();
    assert.deepEqual([newest().sent, client.state], [['uid1'], 'open']);
});

for (const [name, uid, reason] of [
    ['rejects', () => Promise.reject(new Error('401')), 'no uid: 401'],
    ['rejects without an error', () => Promise.reject(), 'no uid: undefined'],
    ['throws', () => { throw new Error('no session'); }, 'no uid: no session'],
    ['gives nothing', () => '', 'no uid: uid must be a string that is not empty'],
    ['gives what is no string', async () => 7, 'no uid: uid must be a string that is not empty'],
]) {
    test(`a function that ${name} is a failed attempt, and asked again after a wait that grows`, async () => {
        const { states } = start({ uid, minDelayMs: 100 });
        clock.random = 1;
        for (const delayMs of [200, 400, 800]) {
            const given = newest();
            given.opens();
            await settled();
            const { state, code, reason: told, delayMs: wait } = states.at(-1);
            assert.deepEqual([state, code, told, wait], ['waiting', 1006, reason, delayMs]);
            assert.deepEqual(given.sent, []);
            assert.ok(given.closedWith, 'the connection is not left open');
            given.ends(1005);
            assert.equal(states.at(-1).state, 'waiting');
            clock.next();
        }
        assert.equal(attempts(), 4);
    });
}

test('a uid that comes after close() or after the connection was lost is not said', async () => {
    for (const [end, expected] of [
        [({ client }) => client.close(), ['closed']],
        [() => newest().ends(), ['waiting']],
        [() => { newest().ends(); clock.next(); newest().opens(); }, ['waiting', 'connecting']],
    ]) {
        for (const how of ['give', 'refuse']) {
            const { uid, calls } = asked();
            const started = start({ uid });
            const first = newest();
            first.opens();
            end(started);
            calls[0][how]('too late');
            await settled();
            assert.deepEqual([first.sent, newest().sent, names(started.states)], [[], [], expected]);
            started.client.close();
        }
    }
    assert.equal(clock.pending, 0);
});

test('a uid that does not come in time is a failed attempt', async () => {
    const { uid, calls } = asked();
    const { states } = start({ uid, connectTimeoutMs: 3000 });
    const slow = newest();
    clock.advance(1000);
    slow.opens();
    clock.advance(1999);
    assert.deepEqual(names(states), []);
    clock.advance(1);
    assert.deepEqual([states.at(-1).state, states.at(-1).reason], ['waiting', 'no uid within 3000 ms']);
    assert.ok(slow.closedWith);
    calls[0].give('too late');
    await settled();
    assert.deepEqual(slow.sent, []);
});

test('a uid that is refused is final, one that is asked for each time is not unless one says so', async () => {
    const fixed = start().client;
    newest().opens();
    newest().ends(1008, 'uid refused');
    assert.equal(fixed.state, 'closed');

    const { uid, calls } = asked();
    const { client } = start({ uid });
    newest().opens();
    calls[0].give('ticket of yesterday');
    await settled();
    newest().ends(1008, 'ticket has expired');
    assert.equal(client.state, 'waiting');
    clock.next();
    newest().opens();
    calls[1].give('fresh ticket');
    await settled();
    assert.deepEqual([newest().sent, client.state], [['fresh ticket'], 'open']);
    newest().ends(4001, 'replaced');
    assert.equal(client.state, 'closed');
});

test('a server that does not wait for the uid is tried again, also where a refusal is final', async () => {
    const { uid, calls } = asked();
    const { client } = start({ uid, finalCodes: DEFAULT_FINAL_CODES });
    newest().opens();
    newest().ends(1008, 'no uid in time');
    assert.equal(client.state, 'waiting');
    clock.next();
    newest().opens();
    calls[1].give('bad');
    await settled();
    newest().ends(1008, 'bad ticket');
    assert.equal(client.state, 'closed');
});

test('a uid that comes when the server has begun to close is not what it refuses', async () => {
    for (const how of ['give', 'refuse']) {
        const { uid, calls } = asked();
        const { client, states } = start({ uid });
        newest().opens();
        newest().readyState = 2; // CLOSING: its goodbye is there, the end of the stream is not
        calls[0][how]('too late');
        await settled();
        assert.deepEqual([newest().sent, client.state], [[], 'connecting']);
        newest().ends(1008, 'no uid in time');
        assert.deepEqual([client.state, states.at(-1).reason], ['waiting', 'no uid in time']);
        client.close();
    }
});

test('a uid that was missing once makes no later end less final', async () => {
    const { client } = start({ uid: () => Promise.reject(new Error('401')), finalCodes: [1006] });
    newest().opens();
    await settled();
    assert.equal(client.state, 'waiting');
    clock.next();
    newest().ends(1006);
    assert.equal(client.state, 'closed');
});

test('works without a window, as in Node', () => {
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
    const { client } = start();
    newest().opens();
    client.close();
    assert.equal(client.state, 'closed');
});

test('options that make no sense are refused in the constructor', () => {
    for (const options of [
        { url: undefined }, { uid: '' }, { uid: 7 }, { WebSocket: undefined },
        { minDelayMs: 0 }, { minDelayMs: NaN }, { maxDelayMs: 10 }, { factor: 0.5 },
        { stableAfterMs: -1 }, { connectTimeoutMs: 0 },
    ]) {
        assert.throws(() => start(options), /url|uid|WebSocket|must be/, JSON.stringify(options));
    }
    assert.equal(attempts(), 0);
    assert.equal(clock.pending, 0);
});
