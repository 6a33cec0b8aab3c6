"""What a server makes of offers (RFC 7692 sections 5 and 7.1)."""

import deflate
import wire
from deflate import OFFER, agree, came_compressed, came_plain, head
from script import Case, case as plain_case

TEXT = b"Compressed it is far smaller than it is. " * 50

NO_TAKEOVER = {"server_no_context_takeover": "", "client_no_context_takeover": ""}


def window(bits):
    return {**NO_TAKEOVER, "server_max_window_bits": str(bits)}


D = OFFER.decode()

# Offers, one header field each, and what they must lead to: parameters, or None for no extension.
ACCEPTED = [
    ([D], NO_TAKEOVER),
    ([D + " "], NO_TAKEOVER),
    ([D + "; server_no_context_takeover"], NO_TAKEOVER),
    ([D + "; client_no_context_takeover"], NO_TAKEOVER),
    ([D + ";client_no_context_takeover;server_no_context_takeover"], NO_TAKEOVER),
    ([D + "; client_max_window_bits"], NO_TAKEOVER),
    ([D + " ;\tclient_max_window_bits "], NO_TAKEOVER),
    *[([f"{D}; client_max_window_bits={bits}"], NO_TAKEOVER) for bits in range(8, 16)],
    *[([f'{D}; client_max_window_bits="{bits}"'], NO_TAKEOVER) for bits in (8, 15)],
    *[([f"{D}; server_max_window_bits={bits}"], window(bits)) for bits in range(9, 16)],
    *[([f'{D}; server_max_window_bits="{bits}"'], window(bits)) for bits in (9, 10, 15)],
    ([D + '; server_max_window_bits="1\\2"'], window(12)),
    ([D + "; server_max_window_bits = 12"], window(12)),
    ([D + "; server_max_window_bits=10; client_max_window_bits"], window(10)),
    ([D + "; client_max_window_bits=9; server_max_window_bits=11; server_no_context_takeover"], window(11)),
    ([D + "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=13; "
      "client_max_window_bits=14"], window(13)),
    # Several offers: the first that is acceptable.
    ([D + "; server_max_window_bits=10, " + D], window(10)),
    ([D + ", " + D + "; server_max_window_bits=10"], NO_TAKEOVER),
    ([D, D + "; server_max_window_bits=10"], NO_TAKEOVER),
    ([D + "; server_max_window_bits=10", D], window(10)),
    ([D + "; server_max_window_bits=8, " + D], NO_TAKEOVER),
    ([D + "; unknown, " + D + "; server_max_window_bits=9"], window(9)),
    ([D + "; unknown", D + "; server_max_window_bits=9"], window(9)),
    ([D + "; server_max_window_bits=16," + D + "; server_max_window_bits=7," + D], NO_TAKEOVER),
    # Other extensions are none of its business.
    (["x-webkit-deflate-frame, " + D], NO_TAKEOVER),
    (["permessage-bzip2; level=9, " + D, "foo"], NO_TAKEOVER),
    (["foo; bar=\"baz\"", "permessage-deflate2", D + "; client_max_window_bits"], NO_TAKEOVER),
    ([",, " + D + " ,,"], NO_TAKEOVER),
]

DECLINED = [
    *[[f"{D}; {name}={value}"] for name in ("server_no_context_takeover", "client_no_context_takeover")
      for value in ("1", "true", '"x"', "15")],
    [D + "; server_max_window_bits"],
    *[[f"{D}; {name}={value}"] for name in ("server_max_window_bits", "client_max_window_bits")
      for value in ("0", "7", "16", "-9", "08", "09", "010", "015", "1", "10.0", "a", "1e1", '"09"', '"16"', "+9", "0xA",
                    "99999999999999999999")],
    [D + "; server_max_window_bits=8"],
    *[[f"{D}; {one}; {one}"] for one in (
        "server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits=10",
        "client_max_window_bits=10", "client_max_window_bits")],
    [D + "; client_max_window_bits; client_max_window_bits=10"],
    [D + "; server_max_window_bits=10; server_max_window_bits=11"],
    [D + "; server_max_window_bits=10; client_max_window_bits; server_max_window_bits=10"],
    [D + "; unknown"], [D + "; unknown=1"], [D + "; server_max_window_bits=10; x"], [D + "; mem_level=8"],
    [D + "; Server_Max_Window_Bits=10"],
    [D + "; unknown, " + D + "; server_max_window_bits=16"], [D + "; unknown", D + "; server_max_window_bits=8"],
    ["permessage-compress"], ["x-" + D], [D + "-"], ["deflate"], ["permessage-deflate-frame"], [","],
]

MALFORMED = [
    [D + ";"], [D + ";;client_max_window_bits"], [D + "; server_max_window_bits="], [D + "; =10"],
    [D + '; server_max_window_bits="10'], [D + '; server_max_window_bits="10"0'], [D + '; server_max_window_bits=""'],
    [D + '; server_max_window_bits="1 0"'], [D + '; server_max_window_bits="10,11"'], [D + "; a b"], [D + " " + D],
    [D + "; server_max_window_bits=10=11"], [D, ";"], [D, D + "; @"],
]


def shown(offers):
    return " + ".join(offers)


def accepted(offers, expected):
    """The response, and that the connection is what it says."""
    def run(server):
        with server.connect() as peer:
            found = agree(peer, *[offer.encode() for offer in offers])
            if found != expected:
                peer.fail(f"agreed on {found}, expected {expected}")
            for message in (wire.Message(wire.TEXT, TEXT), wire.Message(wire.BINARY, TEXT)):
                peer.send(wire.frame(message.kind, deflate.deflated(TEXT, bits=9), rsv=deflate.RSV1))
                peer.expect(message)
            came_compressed(peer)
            peer.say_goodbye()
    return Case(f"offers/accepted: {shown(offers)}", run)


def declined(offers):
    def run(server):
        with server.connect() as peer:
            found = agree(peer, *[offer.encode() for offer in offers])
            if found is not None:
                peer.fail(f"agreed on {found}, expected no extension")
            peer.send(wire.text(TEXT))
            peer.expect(wire.Message(wire.TEXT, TEXT))
            peer.send(deflate.text(deflate.deflated(TEXT)))
            peer.expect_close(1002)
    return Case(f"offers/declined: {shown(offers)}", run)


def malformed(offers):
    return plain_case(f"offers/400: {shown(offers)}",
                      lambda peer: peer.send(head(*[offer.encode() for offer in offers])),
                      lambda peer: peer.expect_refused({400}), opened=False)


def first_message_with_the_request(server):
    with server.connect() as peer:
        agree(peer, more=deflate.text(deflate.deflated(TEXT)))
        peer.expect(wire.Message(wire.TEXT, TEXT))
        came_compressed(peer)
        peer.say_goodbye()


def without_an_offer(server):
    with server.connect() as peer:
        peer.open()  # which refuses any extension in the response
        peer.send(wire.text(TEXT))
        peer.expect(wire.Message(wire.TEXT, TEXT))
        peer.say_goodbye()


CASES = [
    *[accepted(*one) for one in ACCEPTED],
    *[declined(one) for one in DECLINED],
    *[malformed(one) for one in MALFORMED],
    Case("offers/a compressed message behind the request", first_message_with_the_request),
    Case("offers/none: no extension, and messages as they are", without_an_offer),
    deflate.case("offers/a small message comes as it is", lambda peer: peer.send(wire.text("small")),
                 lambda peer: peer.expect(wire.Message(wire.TEXT, b"small")), came_plain),
]
