/**
 * A reconnecting client for a crier server, for pages and for Node 18 or newer. No dependencies.
 *
 * @example
 * import { CrierClient } from './crier-client.js';
 *
 * const client = new CrierClient({ url: 'wss://example.org/ws', uid: 'uid1', json: true });
 * client.addEventListener('message', (event) => console.log(event.data.percent));
 * client.addEventListener('state', (event) => console.log(event.state));
 *
 * @example
 * // With tickets (push_server --ticket-key-file), a fresh one for each connection:
 * const uid = async () => {
 *     const answer = await fetch('/ticket');
 *     if (!answer.ok) {
 *         throw new Error(`no ticket: ${answer.status}`);
 *     }
 *     return answer.text();
 * };
 *
 * @module
 */

/**
 * - `connecting`: a connection is being made
 * - `open`: connected, and the uid was said
 * - `waiting`: the connection was lost; the next attempt is scheduled
 * - `closed`: over for good, by `close()` or by one of the final close codes
 * @typedef {'connecting' | 'open' | 'waiting' | 'closed'} State
 */

/**
 * @typedef {object} Options
 * @property {string | URL} url where the server listens, `ws://` or `wss://`
 * @property {string | (() => string | Promise<string>)} uid who this client is: the first message
 *     of every connection. A function is called for each connection, when that is there. If it fails,
 *     or what it returns is empty or no string, the attempt has failed
 * @property {boolean} [json] parse each message as JSON (default: false)
 * @property {number} [minDelayMs] the shortest wait before a new attempt, in milliseconds
 *     (default: 1000)
 * @property {number} [maxDelayMs] the longest wait before a new attempt, in milliseconds
 *     (default: 30000)
 * @property {number} [factor] what the longest wait grows by with each attempt, 1 or more
 *     (default: 2)
 * @property {number} [stableAfterMs] a connection that was open this long, in milliseconds, was a
 *     good one: the wait after it starts small again (default: 5000)
 * @property {number} [connectTimeoutMs] an attempt that has not said its uid after this long, in
 *     milliseconds, has failed (default: 10000)
 * @property {ReadonlyArray<number | readonly [number, number]>} [finalCodes] the close codes, or
 *     first and last of a range of them, after which the client stays closed
 *     (default: `DEFAULT_FINAL_CODES`, or `FINAL_CODES_OF_A_FRESH_UID` if `uid` is a function)
 * @property {typeof WebSocket} [WebSocket] the WebSocket class, where there is no global one, as in
 *     Node before version 22
 */

/**
 * The close codes after which another attempt would only end the same way: the server is done with
 * this client (1000), or refuses what it says or who it is (1002, 1003, 1007 to 1010, and the
 * application's own codes: 4001 where a newer connection took its place; two pages that both came
 * back after it would replace each other for ever).
 * @type {ReadonlyArray<number | readonly [number, number]>}
 */
export const DEFAULT_FINAL_CODES = Object.freeze([
    1000, 1002, 1003, Object.freeze([1007, 1010]), Object.freeze([4000, 4999]),
]);

/**
 * The same where `uid` is a function, without 1008: a ticket that had ended or was signed too early,
 * or a uid with too many connections, may do better the next time.
 * @type {ReadonlyArray<number | readonly [number, number]>}
 */
export const FINAL_CODES_OF_A_FRESH_UID = Object.freeze([
    1000, 1002, 1003, 1007, Object.freeze([1009, 1010]), Object.freeze([4000, 4999]),
]);

/** WebSocket.OPEN: above it are CLOSING and CLOSED. */
const OPEN = 1;

/** The client's state changed. */
export class CrierStateEvent extends Event {
    /** @param {{state: State, code?: number, reason?: string, delayMs?: number}} init */
    constructor({ state, code = 0, reason = '', delayMs = 0 }) {
        super('state');
        /** The new state. @type {State} */
        this.state = state;
        /** In `waiting` and `closed`: the close code, 1006 if the connection just broke; else 0. */
        this.code = code;
        /** In `waiting` and `closed`: the reason that came with the close code, often empty. */
        this.reason = reason;
        /** In `waiting`: milliseconds until the next attempt; else 0. */
        this.delayMs = delayMs;
    }
}

/** A message came. */
export class CrierMessageEvent extends Event {
    /** @param {{text: string, data: any}} init */
    constructor({ text, data }) {
        super('message');
        /** The message as the server sent it. @type {string} */
        this.text = text;
        /** The parsed message if the `json` option is set (undefined if it was no JSON), else the text. */
        this.data = data;
    }
}

/**
 * Keeps one connection to a crier server: says its uid, hands on what is pushed to it, and comes
 * back by itself when the connection is lost.
 *
 * The wait before the n-th new attempt is drawn evenly from `minDelayMs` up to
 * `minDelayMs * factor ** n`, but at most `maxDelayMs`. The wide draw is on purpose: when a server
 * restarts, its clients must not all come back in the same moment.
 *
 * What was pushed while the client was away is lost; a server sends only to who is there.
 *
 * @fires CrierStateEvent as `state`
 * @fires CrierMessageEvent as `message`
 */
export class CrierClient extends EventTarget {
    /** @type {Required<Options>} */
    #options;
    /** @type {State} */
    #state = 'connecting';
    /** @type {WebSocket | undefined} */
    #socket;
    /** The one timer of the present state: connect timeout, stable period, or wait. */
    #timer;
    /** What was said last. */
    #uid = '';
    /** True while a function is asked for the uid. */
    #asking = false;
    /** Attempts since the last good connection. */
    #attempts = 0;
    /** The network is back: there is nothing to wait for. */
    #onOnline = () => this.reconnect();

    /**
     * Starts to connect at once.
     * @param {Options} options
     * @throws {TypeError | RangeError} if an option makes no sense
     * @throws {DOMException} (`SyntaxError`, `SecurityError`) as `new WebSocket(url)` does
     */
    constructor(options) {
        super();
        this.#options = {
            json: false,
            minDelayMs: 1000,
            maxDelayMs: 30_000,
            factor: 2,
            stableAfterMs: 5000,
            connectTimeoutMs: 10_000,
            finalCodes: typeof options?.uid === 'function'
                ? FINAL_CODES_OF_A_FRESH_UID : DEFAULT_FINAL_CODES,
            WebSocket: globalThis.WebSocket,
            ...options,
        };
        check(this.#options);
        if (typeof this.#options.uid === 'string') {
            this.#uid = this.#options.uid;
        }
        this.#connect();
        // Node has no such event, and no global addEventListener.
        globalThis.addEventListener?.('online', this.#onOnline);
    }

    /** The present state. @returns {State} */
    get state() {
        return this.#state;
    }

    /** Where the server listens. @returns {string} */
    get url() {
        return String(this.#options.url);
    }

    /** Who this client is; of a function, what it returned last, '' before. @returns {string} */
    get uid() {
        return this.#uid;
    }

    /**
     * Sends a message. A crier server ignores what comes after the uid unless its owner set a hook.
     * Nothing is kept for later: without an open connection the message is not sent.
     * @param {string | BufferSource | Blob} data
     * @returns {boolean} false if the connection is not open
     */
    send(data) {
        if (this.#state !== 'open') {
            return false;
        }
        this.#socket.send(data);
        return true;
    }

    /** Ends the wait and tries at once. Does nothing in any state but `waiting`. */
    reconnect() {
        if (this.#state === 'waiting') {
            this.#connect();
            this.#enter({ state: 'connecting' });
        }
    }

    /**
     * Closes for good: no further event but one `state` event, no new attempt.
     * @param {number} [code] 1000 or 3000 to 4999
     * @param {string} [reason] at most 123 bytes
     * @throws {DOMException} as `WebSocket.close` does; the client is then as it was
     */
    close(code = 1000, reason = '') {
        if (this.#state !== 'closed') {
            this.#socket?.close(code, reason);
            this.#finish(code, reason);
        }
    }

    #connect() {
        const { WebSocket, url, connectTimeoutMs } = this.#options;
        const socket = new WebSocket(url);
        this.#socket = socket;
        this.#asking = false;
        // An event of a socket that was given up says nothing about the one in use.
        const on = (type, handle) => socket.addEventListener(type, (event) => {
            if (this.#socket === socket) {
                handle(event);
            }
        });
        on('open', () => this.#opened(socket));
        on('message', (event) => this.#received(event.data));
        on('close', (event) => this.#lost(event.code, event.reason));
        on('error', () => {}); // 'close' follows and says more
        this.#schedule(connectTimeoutMs, () => {
            this.#giveUp(socket, `no ${this.#asking ? 'uid' : 'connection'} within ${connectTimeoutMs} ms`);
        });
    }

    #giveUp(socket, reason) {
        this.#lost(1006, reason);
        socket.close();
    }

    #opened(socket) {
        const { uid } = this.#options;
        if (typeof uid === 'string') {
            this.#say(uid);
            return;
        }
        // An answer for a socket that was given up is too late, and for one that the server has begun to
        // close: the close code that comes is not about this uid.
        const timely = (handle) => (answer) => {
            if (this.#socket === socket && !(socket.readyState > OPEN)) {
                handle(answer);
            }
        };
        this.#asking = true;
        new Promise((resolve) => { resolve(uid()); }).then(checkedUid).then(
            timely((text) => this.#say(text)),
            timely((error) => this.#giveUp(socket, `no uid: ${error?.message ?? error}`)),
        );
    }

    #say(uid) {
        this.#asking = false;
        this.#uid = uid;
        this.#socket.send(uid);
        this.#schedule(this.#options.stableAfterMs, () => { this.#attempts = 0; });
        this.#enter({ state: 'open' });
    }

    #received(text) {
        this.dispatchEvent(new CrierMessageEvent({
            text,
            data: this.#options.json ? parsed(text) : text,
        }));
    }

    #lost(code, reason) {
        // Before the uid was said, no code is about who this client is.
        if (!this.#asking && matches(this.#options.finalCodes, code)) {
            this.#finish(code, reason);
            return;
        }
        this.#socket = undefined;
        const { minDelayMs, maxDelayMs, factor } = this.#options;
        this.#attempts += 1;
        const longest = Math.min(maxDelayMs, minDelayMs * factor ** this.#attempts);
        const delayMs = minDelayMs + Math.random() * (longest - minDelayMs);
        this.#schedule(delayMs, () => this.reconnect());
        this.#enter({ state: 'waiting', code, reason, delayMs });
    }

    #finish(code, reason) {
        this.#socket = undefined;
        clearTimeout(this.#timer);
        globalThis.removeEventListener?.('online', this.#onOnline);
        this.#enter({ state: 'closed', code, reason });
    }

    #schedule(delayMs, action) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(action, delayMs);
    }

    /** Last in every step: a listener may call `close()` or `reconnect()` and must find all in order. */
    #enter(init) {
        this.#state = init.state;
        this.dispatchEvent(new CrierStateEvent(init));
    }
}

function check({ url, uid, minDelayMs, maxDelayMs, factor, stableAfterMs, connectTimeoutMs, WebSocket }) {
    if (url === undefined) {
        throw new TypeError('url is missing');
    }
    if (typeof uid !== 'function') {
        checkedUid(uid);
    }
    if (typeof WebSocket !== 'function') {
        throw new TypeError('there is no global WebSocket here: pass one as the option WebSocket');
    }
    // Written so that NaN fails too.
    if (!(minDelayMs > 0 && maxDelayMs >= minDelayMs)) {
        throw new RangeError('minDelayMs must be more than 0, maxDelayMs at least minDelayMs');
    }
    if (!(factor >= 1)) {
        throw new RangeError('factor must be 1 or more');
    }
    if (!(stableAfterMs >= 0 && connectTimeoutMs > 0)) {
        throw new RangeError('stableAfterMs must be 0 or more, connectTimeoutMs more than 0');
    }
}

function checkedUid(uid) {
    if (typeof uid !== 'string' || uid === '') {
        throw new TypeError('uid must be a string that is not empty');
    }
    return uid;
}

function matches(codes, code) {
    return codes.some((entry) => Array.isArray(entry)
        ? entry[0] <= code && code <= entry[1]
        : entry === code);
}

function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
