// The wire contract with Node's ws, as one would write it: node node_ws.cjs CLIENTS_PORT BACKEND_PORT [deflate]
const { createServer } = require('node:net');
const { createInterface } = require('node:readline');
const { WebSocketServer } = require('ws');

const [clientsPort, backendPort] = process.argv.slice(2, 4).map(Number);
const perMessageDeflate = process.argv[4] === 'deflate' ? { threshold: 256 } : false;
const connections = new Map(); // uid -> set of sockets

new WebSocketServer({ host: '127.0.0.1', port: clientsPort, perMessageDeflate, backlog: 4096 })
    .on('connection', (socket) => {
        socket.on('error', () => {});
        socket.once('message', (data) => {
            const uid = String(data);
            if (!connections.has(uid)) {
                connections.set(uid, new Set());
            }
            connections.get(uid).add(socket);
            socket.on('close', () => connections.get(uid).delete(socket));
        });
    });

function deliver(line) {
    let command;
    try {
        command = JSON.parse(line);
    } catch {
        return false;
    }
    if (command.broadcast === true && command.uid === undefined) {
        for (const sockets of connections.values()) {
            sockets.forEach((socket) => socket.send(line));
        }
        return true;
    }
    const sockets = connections.get(String(command.uid));
    sockets?.forEach((socket) => socket.send(line));
    return Boolean(sockets?.size);
}

createServer((socket) => {
    socket.setNoDelay(true).on('error', () => {});
    createInterface({ input: socket }).on('line', (line) => {
        socket.write(deliver(line) ? 'ok\n' : 'fail\n');
    });
}).listen(backendPort, '127.0.0.1');
