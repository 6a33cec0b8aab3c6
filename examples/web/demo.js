import { CrierClient } from './crier-client.js';

const SHOWN_MESSAGES = 50;
const SHOWN_CHARACTERS = 2000;
const SPOKEN_EVERY_MS = 4000;

const element = (id) => document.getElementById(id);

// The server listens where this page came from, also behind a proxy and below a path.
const server = new URL('./', location.href);
server.protocol = server.protocol === 'https:' ? 'wss:' : 'ws:';

let client;

function register(uid) {
    client?.close();
    client = new CrierClient({ url: server, uid, json: true });
    client.addEventListener('state', showState);
    client.addEventListener('message', showMessage);
    showState(client);
    showPercent(undefined);
    showCommands(uid);
    element('uid').value = uid;
    document.title = `${uid} · crier`;
}

// How the connection is.

let countdown;

function showState({ state, code, reason, delayMs }) {
    element('state').dataset.state = state;
    element('state').textContent = {
        connecting: 'Connecting',
        open: 'Connected',
        waiting: 'Connection lost',
        closed: `Closed by the server: ${reason || 'no reason given'} (${code})`,
    }[state];
    element('reconnect').hidden = state !== 'waiting' && state !== 'closed';

    clearInterval(countdown);
    element('countdown').textContent = '';
    if (state === 'waiting') {
        const until = Date.now() + delayMs;
        const tick = () => {
            const seconds = Math.max(1, Math.ceil((until - Date.now()) / 1000));
            element('countdown').textContent = `again in ${seconds} s`;
        };
        tick();
        countdown = setInterval(tick, 250);
    }
}

element('reconnect').addEventListener('click', () => {
    if (client.state === 'closed') {
        register(client.uid);
    } else {
        client.reconnect();
    }
});

element('identity').addEventListener('submit', (event) => {
    event.preventDefault();
    const { value } = element('uid');
    history.replaceState(null, '', `?${new URLSearchParams({ uid: value })}`);
    register(value);
});

// What was pushed.

let count = 0;

function showMessage({ text, data }) {
    count += 1;
    element('count').textContent = count === 1 ? '1 message' : `${count} messages`;

    const now = new Date();
    const time = document.createElement('time');
    time.dateTime = now.toISOString();
    time.textContent = now.toTimeString().slice(0, 8);
    const line = document.createElement('span');
    // A message is anybody's text: it goes in as text, never as markup.
    line.textContent = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)} …` : text;
    const item = document.createElement('li');
    item.append(time, line);
    element('messages').prepend(item);
    if (element('messages').children.length > SHOWN_MESSAGES) {
        element('messages').lastElementChild.remove();
    }

    const percent = percentOf(data);
    if (percent !== undefined) {
        showPercent(percent);
    }
}

/** The percent of a message, 0 to 100: from "88%", "88" or 88; undefined if it has none. */
function percentOf(data) {
    const percent = data?.percent;
    const match = (typeof percent === 'string' || typeof percent === 'number') &&
        /^\s*(-?\d+(?:\.\d+)?)\s*%?\s*$/.exec(percent);
    return match ? Math.min(100, Math.max(0, Number(match[1]))) : undefined;
}

function showPercent(percent) {
    const bar = element('progress');
    const known = percent !== undefined;
    const text = known ? `${percent}%` : 'nothing yet';
    if (known) {
        bar.setAttribute('aria-valuenow', percent);
        element('hint').textContent = percent === 100 ? 'Done.' : 'In progress.';
    } else {
        bar.removeAttribute('aria-valuenow');
        element('hint').textContent = 'Waiting for a first push. Run one of the commands below.';
    }
    bar.setAttribute('aria-valuetext', text);
    bar.parentElement.classList.toggle('unknown', !known);
    bar.parentElement.classList.toggle('complete', percent === 100);
    element('fill').style.width = `${percent ?? 0}%`;
    element('percent').textContent = known ? text : '0%';
    speak(known ? text : '');
}

let speakTimer;
let toSpeak = '';

/** For screen readers: the newest percent, but not each of a hundred a second. */
function speak(text) {
    toSpeak = text;
    speakTimer ??= setTimeout(() => {
        speakTimer = undefined;
        element('spoken').textContent = toSpeak;
    }, SPOKEN_EVERY_MS);
}

// How to push.

function showCommands(uid) {
    const line = shellQuoted(asciiJson({ uid, percent: '88%' }));
    element('command-php').textContent =
        `php -r '$s = stream_socket_client("tcp://127.0.0.1:5678"); fwrite($s, $argv[1]."\\n"); echo fgets($s);' ${line}`;
    element('command-bash').textContent =
        `(exec 3<>/dev/tcp/127.0.0.1/5678; printf '%s\\n' ${line} >&3; head -n 1 <&3)`;
}

/** A word for the shell that means exactly `text`: a uid from a link must not become a command. */
function shellQuoted(text) {
    return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** JSON without characters that a terminal might act on, or that look like others. */
function asciiJson(value) {
    return JSON.stringify(value).replace(/[^ -~]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

for (const button of document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', async () => {
        const code = element(button.dataset.copy);
        try {
            await navigator.clipboard.writeText(code.textContent);
            element('copied').textContent = 'Copied.';
            button.textContent = 'Copied';
        } catch {
            // Over plain HTTP from another machine there is no clipboard: select it for Ctrl+C.
            getSelection().selectAllChildren(code);
            button.textContent = 'Selected';
        }
        setTimeout(() => {
            button.textContent = 'Copy';
            element('copied').textContent = '';
        }, 1500);
    });
}

register(new URLSearchParams(location.search).get('uid') || 'uid1');
