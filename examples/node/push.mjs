#!/usr/bin/env node
// Pushes the percents 0 to 100 to the pages of one uid.
//
// Usage: node push.mjs [uid] [host] [port]      (default: uid1 127.0.0.1 5678; or unix:/PATH as host)
// If the environment has a CRIER_SECRET, it is said first (push_server --backend-secret-file).

import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const [uid = 'uid1', host = '127.0.0.1', port = '5678'] = process.argv.slice(2);

function fail(why) {
    console.error(`push.mjs: ${why}`);
    process.exit(1);
}

let connected = false;
const server = connect(host.startsWith('unix:') ? { path: host.slice(5) } : { host, port })
    .setTimeout(5000, () => fail(`no answer from ${host}:${port}`))
    .on('connect', () => { connected = true; })
    .on('error', (error) => fail(connected
        ? `the connection to ${host}:${port} broke: ${error.message}`
        : `cannot reach ${host}:${port}: ${error.message}`));

const replies = createInterface({ input: server })[Symbol.asyncIterator]();

const secret = process.env.CRIER_SECRET;
if (secret) {
    server.write(`${secret}\n`);
    if ((await replies.next()).value !== 'ok') {
        fail(`${host}:${port} does not take the secret of CRIER_SECRET`);
    }
}

for (let percent = 0; percent <= 100; percent += 1) {
    server.write(`${JSON.stringify({ uid, percent: `${percent}%` })}\n`);
    const { value: reply, done } = await replies.next();
    if (done) {
        fail(`no reply from ${host}:${port} at ${percent}%`);
    }
    if (reply !== 'ok') {
        fail(`the reply to ${percent}% is ${reply}, not ok: does a page listen as ${uid}, `
            + 'or has CRIER_SECRET to be set?');
    }
    await sleep(20);
}
server.end();
console.log(`101 pushed to ${uid}, every reply is ok`);
