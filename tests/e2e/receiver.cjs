// A foreign WebSocket client for the Python tests: says its uid and writes each event to stdout as
// one line of JSON. Usage: node receiver.cjs <url> <uid>
'use strict';

const { WebSocket } = require('ws');

const [url, uid] = process.argv.slice(2);
const write = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const socket = new WebSocket(url);
socket.on('open', () => {
    socket.send(uid);
    // The pong tells that the server has read the uid before it.
    socket.ping();
});
socket.once('pong', () => write({ event: 'registered' }));
socket.on('message', (data, isBinary) => write({ event: 'message', text: data.toString(), isBinary }));
socket.on('close', (code, reason) => write({ event: 'close', code, reason: reason.toString() }));
socket.on('error', (error) => write({ event: 'error', text: String(error) }));
