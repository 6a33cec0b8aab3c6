// The client module in Node, with Debian's ws and a fresh ticket for each connection; writes each event
// to stdout as one line of JSON. Usage: node ticket_client.mjs <url> <command that prints a ticket>...

import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

import { CrierClient } from '../../examples/web/crier-client.js';

const { WebSocket } = createRequire(import.meta.url)('ws');
const [url, command, ...words] = process.argv.slice(2);
const write = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const client = new CrierClient({
    url,
    uid: async () => (await promisify(execFile)(command, words)).stdout.trimEnd(),
    minDelayMs: 50,
    maxDelayMs: 200,
    WebSocket,
});
client.addEventListener('state', ({ state, code, reason }) => write({
    event: state, code, reason, uid: client.uid,
}));
client.addEventListener('message', ({ text }) => write({ event: 'message', text }));
