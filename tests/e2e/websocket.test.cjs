// Node's ws as a foreign WebSocket client of a running push_server, which test_node.py starts.
// Environment: CRIER_CLIENTS_PORT, CRIER_BACKEND_PORT; ports of 127.0.0.1. CRIER_EXTENSIONS: what the server agrees to.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const { afterEach, test } = require('node:test');
const { WebSocket } = require('ws');

const url = `ws://127.0.0.1:${process.env.CRIER_CLIENTS_PORT}/`;
const backendPort = Number(process.env.CRIER_BACKEND_PORT);

const open = new Set();

afterEach(async () => {
    await Promise.all([...open].map((socket) => {
        const closed = socket.readyState === WebSocket.CLOSED || once(socket, 'close');
        socket.terminate();
        return closed;
    }));
    open.clear();
    // The server has read the end of the connections before the next test registers its own.
    while (await push('{"broadcast_probe":1,"uid":"uid1"}') !== 'fail') { /* again */ }
});

async function connect() {
    const socket = new WebSocket(url);
    open.add(socket);
    socket.heard = [];
    socket.waiting = [];
    socket.on('message', (data, isBinary) => {
        socket.heard.push(isBinary ? data : data.toString());
        socket.waiting.forEach((check) => check());
    });
    await once(socket, 'open');
    assert.equal(socket.extensions, process.env.CRIER_EXTENSIONS ?? '');
    return socket;
}

/** Resolves when the server has handled all that this socket sent before. */
async function flushed(socket) {
    socket.ping();
    await once(socket, 'pong');
}

async function register(uid) {
    const socket = await connect();
    socket.send(uid);
    await flushed(socket);
    return socket;
}

function heard(socket, count) {
    return new Promise((resolve) => {
        const check = () => socket.heard.length >= count && resolve(socket.heard);
        socket.waiting.push(check);
        check();
    });
}

/** Sends bytes to the back end's port and resolves with the first `count` replies. */
function pushAll(bytes, count) {
    return new Promise((resolve, reject) => {
        let text = '';
        const backend = net.connect(backendPort, '127.0.0.1', () => backend.write(bytes));
        const finish = () => {
            backend.destroy();
            resolve(text.split('\n').slice(0, count));
        };
        backend.on('error', reject);
        backend.on('end', finish);
        backend.setEncoding('utf8').on('data', (part) => {
            text += part;
            if (text.split('\n').length > count) {
                finish();
            }
        });
    });
}

async function push(line) {
    return (await pushAll(`${line}\n`, 1))[0];
}

async function closeOf(socket) {
    const [code, reason] = await once(socket, 'close');
    return { code, reason: reason.toString() };
}

test('a line reaches the connection of its uid as one text message, exactly as it was sent', async () => {
    const page = await register('uid1');
    const line = ' { "uid" : "uid1" , "text" : "\u00e4\u20ac\ud83d\ude00 \\u0041" } ';
    assert.equal(await push(line), 'ok');
    assert.deepEqual(await heard(page, 1), [line]);
});

test('a carriage return before the line end is not part of the message', async () => {
    const page = await register('uid1');
    assert.equal(await push('{"uid":"uid1"}\r'), 'ok');
    assert.deepEqual(await heard(page, 1), ['{"uid":"uid1"}']);
});

test('an integer uid means its decimal text', async () => {
    const page = await register('42');
    assert.equal(await push('{"uid":42}'), 'ok');
    assert.deepEqual(await heard(page, 1), ['{"uid":42}']);
});

test('all tabs of a uid hear, and one that closes takes only itself away', async () => {
    const tabs = [await register('uid1'), await register('uid1'), await register('uid1')];
    const other = await register('uid2');
    assert.equal(await push('{"uid":"uid1","n":1}'), 'ok');
    for (const tab of tabs) {
        assert.deepEqual(await heard(tab, 1), ['{"uid":"uid1","n":1}']);
    }

    tabs[0].close();
    await closeOf(tabs[0]);
    assert.equal(await push('{"uid":"uid1","n":2}'), 'ok');
    for (const tab of tabs.slice(1)) {
        assert.deepEqual((await heard(tab, 2))[1], '{"uid":"uid1","n":2}');
    }
    await flushed(other);
    assert.deepEqual(other.heard, []);
});

test('a uid may be sent in fragments, with a ping between them', async () => {
    const page = await connect();
    page.send('ui', { fin: false });
    page.ping('between');
    page.send('', { fin: false });
    page.send('d1', { fin: true });
    await flushed(page);
    assert.equal(await push('{"uid":"uid1"}'), 'ok');
    assert.equal(await push('{"uid":"ui"}'), 'fail');
});

test('a ping is answered with its payload, also before the uid was said', async () => {
    const page = await connect();
    for (const payload of ['', 'hello', '\u0000'.repeat(125)]) {
        page.ping(payload);
        const [answer] = await once(page, 'pong');
        assert.equal(answer.toString(), payload);
    }
});

test('messages after the uid are ignored', async () => {
    const page = await register('uid1');
    page.send('uid2');
    page.send(Buffer.from([0, 255]));
    await flushed(page);
    assert.equal(await push('{"uid":"uid2"}'), 'fail');
    assert.equal(await push('{"uid":"uid1"}'), 'ok');
    await heard(page, 1);
    assert.equal(page.readyState, WebSocket.OPEN);
});

test('a close is answered with its own code', async () => {
    for (const code of [1000, 1001, 3000, 4999]) {
        const page = await register('uid1');
        page.close(code, 'bye');
        assert.equal((await closeOf(page)).code, code);
    }
    const page = await register('uid1');
    page.close();
    assert.equal((await closeOf(page)).code, 1005, 'no code is answered with no code');
});

function assertRefused({ code, reason }) {
    assert.ok(code >= 1000 && code !== 1005 && code !== 1006, `close code ${code}`);
    assert.notEqual(reason, '');
}

test('a binary uid is refused', async () => {
    const page = await connect();
    page.send(Buffer.from('uid1'));
    assertRefused(await closeOf(page));
    assert.equal(await push('{"uid":"uid1"}'), 'fail');
});

test('an empty uid is refused', async () => {
    const page = await connect();
    page.send('');
    assertRefused(await closeOf(page));
});

test('a uid of 256 bytes is taken, one of 257 is refused', async () => {
    const longest = 'u'.repeat(256);
    await register(longest);
    assert.equal(await push(JSON.stringify({ uid: longest })), 'ok');

    for (const uid of ['u'.repeat(257), '\u00e4'.repeat(129)]) {
        const page = await connect();
        page.send(uid);
        assertRefused(await closeOf(page));
    }
});

test('a uid that is not UTF-8 is refused with 1007', async () => {
    const page = await connect();
    page.send(Buffer.from([0x75, 0xff]), { binary: false });
    assert.equal((await closeOf(page)).code, 1007);
});

test('a message above 64 KiB is refused with 1009 and harms nobody else', async () => {
    const good = await register('uid1');
    const page = await register('uid1');
    page.send('x'.repeat(65 * 1024));
    assert.equal((await closeOf(page)).code, 1009);
    assert.equal(await push('{"uid":"uid1"}'), 'ok');
    await heard(good, 1);
});

test('10 000 pipelined lines are replied to and heard in their order, each once', async () => {
    const count = 10_000;
    const tabs = [await register('uid1'), await register('uid1')];
    const lines = Array.from({ length: count }, (_, n) => `{"uid":"uid1","n":${n}}`);
    const replies = await pushAll(`${lines.join('\n')}\n`, count);
    assert.deepEqual(replies, Array(count).fill('ok'));
    for (const tab of tabs) {
        assert.deepEqual(await heard(tab, count), lines);
    }
});

test('replies come in the order of the lines', async () => {
    await register('uid1');
    const expected = Array.from({ length: 2000 }, (_, n) => (n % 3 ? 'ok' : 'fail'));
    const lines = expected.map((reply) => (reply === 'ok' ? '{"uid":"uid1"}' : '{"uid":"nobody"}'));
    assert.deepEqual(await pushAll(`${lines.join('\n')}\n`, lines.length), expected);
});

test('a line that is no push fails, and the next one is served', async () => {
    const page = await register('uid1');
    const bad = ['', 'hello', '{', '[]', '"uid1"', 'null', '{}', '{"uid":null}', '{"uid":1.5}',
        '{"uid":["uid1",null]}', '{"uid":"uid1"} x', '{"uid":"uid1",}'];
    const bytes = Buffer.concat([
        Buffer.from(bad.map((line) => `${line}\n`).join('')),
        Buffer.from('{"uid":"uid1","x":"'), Buffer.from([0xff]), Buffer.from('"}\n'),
        Buffer.from('{"uid":"uid1","n":"good"}\n'),
    ]);
    const replies = await pushAll(bytes, bad.length + 2);
    assert.deepEqual(replies, [...Array(bad.length + 1).fill('fail'), 'ok']);
    assert.deepEqual(await heard(page, 1), ['{"uid":"uid1","n":"good"}']);
});

test('a line above 64 KiB fails', async () => {
    const page = await register('uid1');
    const [reply] = await pushAll(`{"uid":"uid1","x":"${'x'.repeat(65 * 1024)}"}\n`, 1);
    assert.equal(reply, 'fail');
    await flushed(page);
    assert.deepEqual(page.heard, []);
});

test('a line of 60 KiB is one message', async () => {
    const page = await register('uid1');
    const line = `{"uid":"uid1","x":"${'x'.repeat(60 * 1024)}"}`;
    assert.equal(await push(line), 'ok');
    assert.deepEqual(await heard(page, 1), [line]);
});

test('a broadcast is ok without listeners and reaches every registered connection', async () => {
    const line = '{"broadcast":true,"text":"all"}';
    assert.equal(await push(line), 'ok');
    const pages = [await register('uid1'), await register('uid1'), await register('uid2')];
    const silent = await connect();
    assert.equal(await push(line), 'ok');
    for (const page of pages) {
        assert.deepEqual(await heard(page, 1), [line]);
    }
    await flushed(silent);
    assert.deepEqual(silent.heard, [], 'who has not said a uid is not registered');
});
