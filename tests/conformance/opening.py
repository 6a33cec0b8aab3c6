"""The opening handshake: RFC 6455 section 4.2, and what HTTP/1.1 demands beneath it."""

import base64

import wire
from peer import KEY, accept_of, request
from script import Case, case, quiet

REQUEST = request()
NO_UPGRADE = {400, 426}
HEADER_LIMIT = 8192


def key_field(key):
    return b"Sec-WebSocket-Key: " + key


def encoded(size, fill=0):
    return base64.b64encode(bytes((fill + i) % 256 for i in range(size)))


def filled(size):
    """A valid request of exactly this many bytes."""
    empty = request(b"X-Fill: ")
    return request(b"X-Fill: " + b"x" * (size - len(empty)))


# ---- What must be accepted: name, request, key -------------------------------------------------

KEYS = [encoded(16, fill) for fill in (0, 1, 100, 200, 240)] + [
    base64.b64encode(b"\0" * 16), base64.b64encode(b"\xff" * 16), base64.b64encode(b"\xfb\xef\xbe" * 5 + b"a"),
    b"x3JJHMbDL1EzLkh9GBhXDw==", b"AAAAAAAAAAAAAAAAAAAAAA==", b"////////////////////ng==",
]

ACCEPTED = [
    ("the RFC's example", REQUEST),
    ("field names in lower case", request(
        host=b"host: 127.0.0.1", upgrade=b"upgrade: websocket", connection=b"connection: Upgrade",
        key=b"sec-websocket-key: " + KEY, version=b"sec-websocket-version: 13")),
    ("field names in upper case", request(
        host=b"HOST: 127.0.0.1", upgrade=b"UPGRADE: websocket", connection=b"CONNECTION: Upgrade",
        key=b"SEC-WEBSOCKET-KEY: " + KEY, version=b"SEC-WEBSOCKET-VERSION: 13")),
    ("Upgrade: WebSocket", request(upgrade=b"Upgrade: WebSocket")),
    ("Upgrade: WEBSOCKET", request(upgrade=b"Upgrade: WEBSOCKET")),
    ("Upgrade lists websocket last", request(upgrade=b"Upgrade: h2c, websocket")),
    ("Upgrade lists websocket first", request(upgrade=b"Upgrade: websocket, h2c")),
    ("two Upgrade fields", request(b"Upgrade: websocket", upgrade=b"Upgrade: h2c")),
    ("Connection: upgrade", request(connection=b"Connection: upgrade")),
    ("Connection: UPGRADE", request(connection=b"Connection: UPGRADE")),
    ("Connection: keep-alive, Upgrade", request(connection=b"Connection: keep-alive, Upgrade")),
    ("Connection: Upgrade, keep-alive", request(connection=b"Connection: Upgrade, keep-alive")),
    ("Connection: keep-alive,Upgrade", request(connection=b"Connection: keep-alive,Upgrade")),
    ("Connection list with tabs", request(connection=b"Connection: keep-alive\t,\tUpgrade\t")),
    ("Connection list with empty elements", request(connection=b"Connection: , keep-alive,, Upgrade,")),
    ("two Connection fields", request(b"Connection: Upgrade", connection=b"Connection: keep-alive")),
    ("no space after the colons", request(
        host=b"Host:127.0.0.1", upgrade=b"Upgrade:websocket", connection=b"Connection:Upgrade",
        key=b"Sec-WebSocket-Key:" + KEY, version=b"Sec-WebSocket-Version:13")),
    ("white space around the values", request(
        host=b"Host: \t 127.0.0.1 \t", upgrade=b"Upgrade:  websocket  ",
        connection=b"Connection:\tUpgrade\t", key=b"Sec-WebSocket-Key:   " + KEY + b"  \t",
        version=b"Sec-WebSocket-Version:  13 ")),
    ("fields in another order", b"\r\n".join(
        [b"GET / HTTP/1.1", *REQUEST.strip().split(b"\r\n")[:0:-1], b"", b""])),
    ("Host with a port", request(host=b"Host: example.com:1234")),
    ("Host with an IPv6 address", request(host=b"Host: [::1]:1234")),
    ("a query in the target", request(line=b"GET /chat?room=3&x=%20 HTTP/1.1")),
    ("target in absolute form", request(line=b"GET http://127.0.0.1/chat HTTP/1.1")),
    ("target in absolute form with a port and query",
     request(line=b"GET http://127.0.0.1:9001/chat?a=b HTTP/1.1")),
    ("a target of 2000 bytes", request(line=b"GET /" + b"a" * 1999 + b" HTTP/1.1")),
    ("an Origin", request(b"Origin: http://example.com")),
    ("Origin: null", request(b"Origin: null")),
    ("what browsers send", request(
        b"Pragma: no-cache", b"Cache-Control: no-cache", b"User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
        b"Origin: http://127.0.0.1", b"Accept-Encoding: gzip, deflate, br", b"Cookie: a=b; c=\"d e\"",
        b"Accept-Language: en,de;q=0.9", connection=b"Connection: keep-alive, Upgrade")),
    ("Content-Length: 0", request(b"Content-Length: 0")),
    ("a field without a value", request(b"X-Empty:")),
    ("a field value with obs-text", request(b"X-Name: J\xc3\xbcrgen \xff")),
    ("a field name of every token character", request(b"!#$%&'*+-.^_`|~09azAZ: x")),
    ("50 more fields", request(*[b"X-Field-%d: %d" % (i, i) for i in range(50)])),
    ("a subprotocol that nobody chose is not answered", request(b"Sec-WebSocket-Protocol: chat")),
    ("subprotocols that nobody chose are not answered",
     request(b"Sec-WebSocket-Protocol: chat, superchat", b"Sec-WebSocket-Protocol: v2.chat")),
    ("an unknown extension is not answered", request(b"Sec-WebSocket-Extensions: x-unknown; a=1; b")),
    ("unknown extensions in two fields are not answered", request(
        b"Sec-WebSocket-Extensions: x-one, x-two; q=\"a\"", b"Sec-WebSocket-Extensions: x-three")),
    ("a header of exactly 8192 bytes", filled(HEADER_LIMIT)),
]


def accepts(name, head, key=KEY, extensions=()):
    def converse(peer):
        peer.send(head)
        peer.expect_accepted(key, extensions)
        peer.send(wire.text("after the opening"))
        peer.expect(wire.Message(wire.TEXT, b"after the opening"))
    return case(f"opening/accepted: {name}", converse, opened=False)


# ---- What must be refused: name, request, statuses ---------------------------------------------

def with_method(method):
    return request(line=method + b" / HTTP/1.1")


REFUSED = [
    # No upgrade
    ("plain GET", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", NO_UPGRADE),
    ("plain GET by HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n", NO_UPGRADE),
    ("plain GET that wants to keep the connection",
     b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n", NO_UPGRADE),
    ("two pipelined plain GETs get one answer", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 2, NO_UPGRADE),
    ("plain POST", b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n", {405}),
    ("no Upgrade field", request(upgrade=None), NO_UPGRADE),
    ("empty Upgrade", request(upgrade=b"Upgrade:"), NO_UPGRADE),
    ("Upgrade to something else", request(upgrade=b"Upgrade: h2c"), NO_UPGRADE),
    ("Upgrade: websockets", request(upgrade=b"Upgrade: websockets"), NO_UPGRADE),
    ("Upgrade: xwebsocket", request(upgrade=b"Upgrade: xwebsocket"), NO_UPGRADE),
    ("Upgrade: web socket", request(upgrade=b"Upgrade: web socket"), NO_UPGRADE),
    ("Upgrade: websocket/13", request(upgrade=b"Upgrade: websocket/13"), NO_UPGRADE),
    ("no Connection field", request(connection=None), NO_UPGRADE),
    ("empty Connection", request(connection=b"Connection:"), NO_UPGRADE),
    ("Connection: keep-alive", request(connection=b"Connection: keep-alive"), NO_UPGRADE),
    ("Connection: close", request(connection=b"Connection: close"), NO_UPGRADE),
    ("Connection: Upgraded", request(connection=b"Connection: Upgraded"), NO_UPGRADE),
    ("Connection: keep-alive Upgrade", request(connection=b"Connection: keep-alive Upgrade"), NO_UPGRADE),
    *[(f"method {method.decode()}", with_method(method), {405})
      for method in (b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"HEAD")],
    ("method get, in lower case", with_method(b"get"), {400, 405, 501}),
    ("method CONNECT", request(line=b"CONNECT 127.0.0.1:80 HTTP/1.1"), {400, 405}),
    ("an invented method", with_method(b"PUSH"), {405, 501}),

    # Version
    ("no version", request(version=None), NO_UPGRADE),
    ("empty version", request(version=b"Sec-WebSocket-Version:"), NO_UPGRADE),
    *[(f"version {version}", request(version=b"Sec-WebSocket-Version: %d" % version), {426})
      for version in (0, 7, 8, 12, 14, 130, 255)],
    ("version 013", request(version=b"Sec-WebSocket-Version: 013"), NO_UPGRADE),
    ("version +13", request(version=b"Sec-WebSocket-Version: +13"), NO_UPGRADE),
    ("version 13.0", request(version=b"Sec-WebSocket-Version: 13.0"), NO_UPGRADE),
    ("version thirteen", request(version=b"Sec-WebSocket-Version: thirteen"), NO_UPGRADE),
    ("version 13, 8 in one field", request(version=b"Sec-WebSocket-Version: 13, 8"), NO_UPGRADE),
    ("two version fields", request(b"Sec-WebSocket-Version: 8"), NO_UPGRADE),
    ("two version fields of 13", request(b"Sec-WebSocket-Version: 13"), NO_UPGRADE),

    # Key
    ("no key", request(key=None), {400}),
    ("empty key", request(key=b"Sec-WebSocket-Key:"), {400}),
    *[(f"a key of {size} bytes", request(key=key_field(encoded(size))), {400})
      for size in (1, 8, 15, 17, 18, 20, 32)],
    ("a key without padding", request(key=key_field(KEY.rstrip(b"="))), {400}),
    ("a key with half its padding", request(key=key_field(KEY[:-1])), {400}),
    ("a key with too much padding", request(key=key_field(KEY + b"=")), {400}),
    ("a key in the URL's alphabet", request(key=key_field(b"-_-_-_-_-_-_-_-_-_-_-w==")), {400}),
    ("a key with a space inside", request(key=key_field(KEY[:10] + b" " + KEY[11:])), {400}),
    ("a key with a character outside base64", request(key=key_field(b"!" + KEY[1:])), {400}),
    ("a key with padding in its middle", request(key=key_field(KEY[:10] + b"==" + KEY[12:])), {400}),
    ("a key with something behind it", request(key=key_field(KEY + b" x")), {400}),
    ("a key in quotes", request(key=key_field(b'"' + KEY + b'"')), {400}),
    ("two keys in one field", request(key=key_field(KEY + b", " + KEY)), {400}),
    ("two equal Sec-WebSocket-Key fields", request(key_field(KEY)), {400}),
    ("two different Sec-WebSocket-Key fields", request(key_field(encoded(16))), {400}),
    ("two Sec-WebSocket-Key fields, the first one bad", request(key_field(KEY), key=key_field(b"x")), {400}),
    ("two Sec-WebSocket-Key fields, the second one bad", request(key_field(b"x")), {400}),
    ("two Sec-WebSocket-Key fields, the second one empty", request(key_field(b"")), {400}),

    # Subprotocols and extensions that break their grammar (sections 4.2.1, 4.3 and 9.1)
    ("a subprotocol with a space inside", request(b"Sec-WebSocket-Protocol: chat superchat"), {400}),
    ("a subprotocol with a separator inside", request(b"Sec-WebSocket-Protocol: chat(1)"), {400}),
    ("a subprotocol in quotes", request(b'Sec-WebSocket-Protocol: "chat"'), {400}),
    ("an extension without a name", request(b"Sec-WebSocket-Extensions: ; a=1"), {400}),
    ("an extension of two words", request(b"Sec-WebSocket-Extensions: x-one two"), {400}),
    ("an extension parameter without a name", request(b"Sec-WebSocket-Extensions: x-one; =1"), {400}),
    ("an extension parameter without its value", request(b"Sec-WebSocket-Extensions: x-one; a="), {400}),
    ("an extension that ends with a semicolon", request(b"Sec-WebSocket-Extensions: x-one;"), {400}),
    ("an extension with an open quote", request(b'Sec-WebSocket-Extensions: x-one; a="b'), {400}),
    ("an extension with a value that is no token", request(b'Sec-WebSocket-Extensions: x-one; a="b c"'), {400}),

    # A body
    ("Content-Length: 5 with a body", request(b"Content-Length: 5") + b"hello", {400}),
    ("Content-Length: 5, its body withheld", request(b"Content-Length: 5"), {400}),
    ("Content-Length above 2^64", request(b"Content-Length: 99999999999999999999999"), {400}),
    ("Content-Length: -1", request(b"Content-Length: -1"), {400}),
    ("Content-Length: five", request(b"Content-Length: five"), {400}),
    ("empty Content-Length", request(b"Content-Length:"), {400}),
    ("two Content-Length fields that differ", request(b"Content-Length: 0", b"Content-Length: 5"), {400}),
    ("Transfer-Encoding: chunked with a body",
     request(b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n", {400}),
    ("Transfer-Encoding: chunked, its body withheld", request(b"Transfer-Encoding: chunked"), {400}),
    ("Transfer-Encoding: gzip", request(b"Transfer-Encoding: gzip"), {400, 501}),
    ("Transfer-Encoding and Content-Length: 0",
     request(b"Transfer-Encoding: chunked", b"Content-Length: 0") + b"0\r\n\r\n", {400}),

    # Host
    ("no Host", request(host=None), {400}),
    ("two Host fields", request(b"Host: 127.0.0.1"), {400}),
    ("two different Host fields", request(b"Host: example.com"), {400}),
    ("a Host with a space inside", request(host=b"Host: exam ple.com"), {400}),
    ("a Host with a path", request(host=b"Host: example.com/chat"), {400}),

    # The request line
    ("HTTP/1.0", request(line=b"GET / HTTP/1.0"), {400, 426, 505}),
    ("HTTP/0.9", b"GET /\r\n\r\n", {400}),
    ("HTTP/2.0", request(line=b"GET / HTTP/2.0"), {400, 505}),
    ("http/1.1 in lower case", request(line=b"GET / http/1.1"), {400}),
    ("HTTP/1.1.1", request(line=b"GET / HTTP/1.1.1"), {400}),
    ("HTTP/11", request(line=b"GET / HTTP/11"), {400}),
    ("no HTTP version", request(line=b"GET / "), {400}),
    ("no target", request(line=b"GET HTTP/1.1"), {400}),
    ("an empty target", request(line=b"GET  HTTP/1.1"), {400}),
    ("a space in the target", request(line=b"GET /a b HTTP/1.1"), {400}),
    ("two spaces before the version", request(line=b"GET /  HTTP/1.1"), {400}),
    ("a tab in the request line", request(line=b"GET\t/ HTTP/1.1"), {400}),
    ("something behind the version", request(line=b"GET / HTTP/1.1 x"), {400}),
    ("a control character in the target", request(line=b"GET /\x01 HTTP/1.1"), {400}),
    ("target in asterisk form", request(line=b"GET * HTTP/1.1"), {400}),
    ("target in authority form", request(line=b"GET 127.0.0.1:80 HTTP/1.1"), {400}),
    ("target without a slash", request(line=b"GET chat HTTP/1.1"), {400}),
    ("a fragment in the target", request(line=b"GET /chat#part HTTP/1.1"), {400}),

    # Malformed header
    ("bare LF for all line ends", request(line_end=b"\n"), {400}),
    *[(f"bare LF after {where}", REQUEST.replace(part + b"\r\n", part + b"\n", 1), {400})
      for where, part in (("the request line", b"HTTP/1.1"), ("a field", b"websocket"),
                          ("the last field", b": 13"), ("the header", b": 13\r\n"))],
    ("a CR in a value", request(b"X-Name: a\rb"), {400}),
    ("a CR in the request line", request(line=b"GET /\r HTTP/1.1"), {400}),
    ("a field folded with a space", request(b"X-Name: a", b" b"), {400}),
    ("a field folded with a tab", request(b"X-Name: a", b"\tb"), {400}),
    ("a folded key", request(key=b"Sec-WebSocket-Key:\r\n " + KEY), {400}),
    ("a folded Upgrade", request(upgrade=b"Upgrade:\r\n websocket"), {400}),
    ("a folded line of white space alone", request(b" "), {400}),
    ("white space before the first field", request(host=b" Host: 127.0.0.1"), {400}),
    ("NUL in a value", request(b"X-Name: a\0b"), {400}),
    ("NUL at a value's end", request(b"X-Name: a\0"), {400}),
    ("NUL in a name", request(b"X-Na\0me: a"), {400}),
    ("NUL in the target", request(line=b"GET /\0 HTTP/1.1"), {400}),
    ("NUL in the method", request(line=b"G\0T / HTTP/1.1"), {400}),
    ("NUL in the key", request(key=key_field(KEY[:5] + b"\0" + KEY[6:])), {400}),
    ("a control character in a value", request(b"X-Name: a\x01b"), {400}),
    ("DEL in a value", request(b"X-Name: a\x7fb"), {400}),
    ("a space before the colon", request(b"X-Name : a"), {400}),
    ("a space in a name", request(b"X Name: a"), {400}),
    ("a name that is no token", request(b"X(Name): a"), {400}),
    ("a name with a byte above 127", request(b"X-N\xc3\xa4me: a"), {400}),
    ("an empty name", request(b": a"), {400}),
    ("a field without a colon", request(b"X-Name"), {400}),
    ("no HTTP at all", b"hello there\r\n\r\n", {400}),
    ("only line ends", b"\r\n" * 8, {400}),
    ("zeros", b"\0" * 64 + b"\r\n\r\n", {400}),
    ("a frame instead of a request", wire.text("hello") + b"\r\n\r\n", {400}),
    ("TLS", bytes.fromhex("16030100c8010000c40303") + b"x" * 200 + b"\r\n\r\n", {400}),

    # Size
    ("a header of 8193 bytes", filled(HEADER_LIMIT + 1), {431}),
    ("a header of 64 KiB in one field", filled(65536), {431}),
    ("a header of 64 KiB in many fields", request(*[b"X-%d: %s" % (i, b"x" * 90) for i in range(660)]), {431}),
    ("a header of 1 MiB", filled(1 << 20), {431}),
    ("a field without an end", request(b"X-Name: ")[:-4] + b"x" * HEADER_LIMIT, {431}),
    ("a request line of 64 KiB", request(line=b"GET /" + b"a" * 65536 + b" HTTP/1.1"), {414, 431}),
    ("a request line without an end", b"GET /" + b"a" * HEADER_LIMIT, {414, 431}),
]


def refuses(name, head, statuses):
    method = head.split(b" ")[0]

    def converse(peer):
        peer.send(head)
        response = peer.expect_refused(statuses, method)
        if name.startswith("version ") and response.status == 426:
            if response.all("sec-websocket-version") != ["13"]:
                peer.fail("426 without Sec-WebSocket-Version: 13")
    return case(f"opening/refused: {name}", converse, opened=False)


# ---- Requests and frames in one segment, and in several ------------------------------------------

def in_pieces(head, where, then):
    def converse(peer):
        peer.send(head[:where])
        quiet(peer)
        peer.send(head[where:])
        then(peer)
    return converse


def with_frames(name, frames, *events, code=1000):
    def converse(peer):
        peer.send(REQUEST + frames)
        peer.expect_accepted()
        for event in events:
            peer.expect(event)
        peer.expect_close(code)
    return case(f"opening/in the request's segment: {name}", converse, opened=False)


def hello(payload=b"hello"):
    return wire.Message(wire.TEXT, payload)


def refuses_and_ignores_the_rest(name, rest):
    def converse(peer):
        peer.send(request(key=key_field(b"x")) + rest)
        peer.expect_refused({400})
    return case(f"opening/after a refusal: {name}", converse, opened=False)


def ends_after(name, data):
    """A client that goes away in the middle of its request; an answer to it is welcome, not owed."""
    def converse(peer):
        peer.send(data)
        peer.finish_sending()
        peer.expect_eof(after_anything=True)
    return case(f"opening/the client ends the stream {name}", converse, opened=False)


def accepted_at_every_cut(server):
    for cut in range(1, len(REQUEST)):
        with server.connect() as peer:
            peer.record.note(f"the request is cut at byte {cut}")
            peer.send_pieces([REQUEST[:cut], REQUEST[cut:]], 0.002)
            peer.expect_accepted()
            peer.say_goodbye()


def refused_at_every_cut(server):
    head = request(key_field(KEY))
    for cut in range(1, len(head)):
        with server.connect() as peer:
            peer.record.note(f"the request is cut at byte {cut}")
            peer.send_pieces([head[:cut], head[cut:]], 0.002)
            peer.expect_refused({400})


def refused_byte_by_byte(peer):
    head = request(key_field(KEY))
    peer.send_pieces([head[i:i + 1] for i in range(len(head))], 0.001)
    peer.expect_refused({400})


CASES = [
    *[accepts(name, head) for name, head in ACCEPTED],
    *[accepts(f"key {key.decode()}", request(key=key_field(key)), key) for key in KEYS],
    accepts("permessage-deflate is answered by itself or not at all",
            request(b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"),
            extensions=("permessage-deflate",)),
    *[refuses(name, head, statuses) for name, head, statuses in REFUSED],

    with_frames("a message and a close", wire.text("hello") + wire.close(1000), hello()),
    with_frames("ten messages and a close", wire.text("hello") * 10 + wire.close(1000), *[hello()] * 10),
    with_frames("a close alone", wire.close(1000)),
    with_frames("a close without a code", wire.close(), code=None),
    with_frames("a ping", wire.ping(b"p") + wire.close(1000), wire.Control(wire.PONG, b"p")),
    with_frames("more than 8 KiB of frames", wire.text("x" * 9000) + wire.close(1000), hello(b"x" * 9000)),
    with_frames("a message and a violation", wire.text("hello") + wire.text("hello", mask=None), hello(), code=1002),
    with_frames("a violation", wire.text("hello", rsv=4), code=1002),
    with_frames("text that is not UTF-8", wire.text(b"\xff"), code=1007),

    refuses_and_ignores_the_rest("a frame", wire.text("hello")),
    refuses_and_ignores_the_rest("100 KiB of frames", wire.text("x" * 1000) * 100),
    refuses_and_ignores_the_rest("a good request", REQUEST),
    refuses_and_ignores_the_rest("a good request and a frame", REQUEST + wire.text("hello")),

    *[case(f"opening/nothing is answered {where} byte of the request",
           in_pieces(REQUEST, at, lambda peer: peer.expect_accepted()), opened=False)
      for where, at in (("after the first", 1), ("before the last", -1), ("before the last but one", -2))],
    case("opening/nothing is answered while 8191 bytes of header are not its end",
         in_pieces(filled(HEADER_LIMIT), HEADER_LIMIT - 1, lambda peer: peer.expect_accepted()), opened=False),

    Case("opening/accepted, cut at every byte", accepted_at_every_cut),
    Case("opening/refused, cut at every byte", refused_at_every_cut),
    case("opening/refused, byte by byte", refused_byte_by_byte, opened=False),

    ends_after("at once", b""),
    ends_after("in the request line", b"GET / HT"),
    ends_after("in a field", REQUEST[:60]),
    ends_after("before the last byte", REQUEST[:-1]),
]

assert accept_of(KEY) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 section 4.2.2
