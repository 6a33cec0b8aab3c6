/** A reconnecting client for a crier server, for pages and for Node 18 or newer. */

/**
 * - `connecting`: a connection is being made
 * - `open`: connected, and the uid was said
 * - `waiting`: the connection was lost; the next attempt is scheduled
 * - `closed`: over for good, by `close()` or by one of the final close codes
 */
export type State = 'connecting' | 'open' | 'waiting' | 'closed';

export interface Options {
    /** Where the server listens, `ws://` or `wss://`. */
    url: string | URL;
    /**
     * Who this client is: the first message of every connection. A function is called for each
     * connection, when that is there. If it fails, or what it returns is empty, the attempt has failed.
     */
    uid: string | (() => string | Promise<string>);
    /** Parse each message as JSON. Default: false. */
    json?: boolean;
    /** The shortest wait before a new attempt, in milliseconds. Default: 1000. */
    minDelayMs?: number;
    /** The longest wait before a new attempt, in milliseconds. Default: 30000. */
    maxDelayMs?: number;
    /** What the longest wait grows by with each attempt, 1 or more. Default: 2. */
    factor?: number;
    /** A connection that was open this long, in milliseconds, was a good one. Default: 5000. */
    stableAfterMs?: number;
    /** An attempt that has not said its uid after this long, in milliseconds, has failed. Default: 10000. */
    connectTimeoutMs?: number;
    /** The close codes, or first and last of a range, after which the client stays closed. */
    finalCodes?: ReadonlyArray<number | readonly [number, number]>;
    /** The WebSocket class, where there is no global one. */
    WebSocket?: new (url: string | URL) => Pick<WebSocket, 'addEventListener' | 'close' | 'send'>;
}

/** 1000, 1002, 1003, 1007 to 1010, 4000 to 4999. */
export const DEFAULT_FINAL_CODES: ReadonlyArray<number | readonly [number, number]>;

/** The same without 1008: the default where `uid` is a function. */
export const FINAL_CODES_OF_A_FRESH_UID: ReadonlyArray<number | readonly [number, number]>;

/** The client's state changed. */
export class CrierStateEvent extends Event {
    constructor(init: { state: State; code?: number; reason?: string; delayMs?: number });
    readonly type: 'state';
    /** The new state. */
    readonly state: State;
    /** In `waiting` and `closed`: the close code, 1006 if the connection just broke; else 0. */
    readonly code: number;
    /** In `waiting` and `closed`: the reason that came with the close code, often empty. */
    readonly reason: string;
    /** In `waiting`: milliseconds until the next attempt; else 0. */
    readonly delayMs: number;
}

/** A message came. */
export class CrierMessageEvent<Data = any> extends Event {
    constructor(init: { text: string; data: Data });
    readonly type: 'message';
    /** The message as the server sent it. */
    readonly text: string;
    /** The parsed message if the `json` option is set (undefined if it was no JSON), else the text. */
    readonly data: Data;
}

export interface CrierClientEventMap<Data = any> {
    state: CrierStateEvent;
    message: CrierMessageEvent<Data>;
}

/**
 * Keeps one connection to a crier server: says its uid, hands on what is pushed to it, and comes
 * back by itself when the connection is lost. `Data` is the type of a message's `data`.
 */
export class CrierClient<Data = any> extends EventTarget {
    /** Starts to connect at once. Throws if an option makes no sense, and as `new WebSocket(url)` does. */
    constructor(options: Options);

    /** The present state. */
    readonly state: State;
    /** Where the server listens. */
    readonly url: string;
    /** Who this client is; of a function, what it returned last, '' before. */
    readonly uid: string;

    /** Sends a message; nothing is kept for later. Returns false if the connection is not open. */
    send(data: string | BufferSource | Blob): boolean;
    /** Ends the wait and tries at once. Does nothing in any state but `waiting`. */
    reconnect(): void;
    /**
     * Closes for good: no further event but one `state` event, no new attempt.
     * @param code 1000 (the default) or 3000 to 4999
     * @param reason at most 123 bytes
     */
    close(code?: number, reason?: string): void;

    addEventListener<K extends keyof CrierClientEventMap>(
        type: K,
        listener: (event: CrierClientEventMap<Data>[K]) => void,
        options?: boolean | AddEventListenerOptions,
    ): void;
    addEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: boolean | AddEventListenerOptions,
    ): void;
    removeEventListener<K extends keyof CrierClientEventMap>(
        type: K,
        listener: (event: CrierClientEventMap<Data>[K]) => void,
        options?: boolean | EventListenerOptions,
    ): void;
    removeEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: boolean | EventListenerOptions,
    ): void;
}
