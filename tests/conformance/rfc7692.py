#!/usr/bin/env python3
"""A strict conformance suite for permessage-deflate (RFC 7692) in WebSocket servers, over plain sockets.

Usage: rfc7692.py --server PATH_TO_websocket_echo
       rfc7692.py --connect HOST:PORT [--max-message-bytes N]
       rfc7692.py --list

The options, and what strict means, are those of rfc6455.py. The server is started with --deflate. It must forget
after each message and make its clients do so, and send what has fewer than 256 bytes, or gets no smaller, as it
is. Python's zlib is the judge of what it sends, with the window that was agreed on.

Where things are: deflate.py the client's side; the cases in deflate_offers.py, deflate_messages.py and
deflate_faults.py. Exits with 1 if a case failed.
"""

import sys

sys.dont_write_bytecode = True

import closing
import deflate
import deflate_faults
import deflate_messages
import deflate_offers
import fragments
import framing
import limits
import pings
import rfc6455

CASES = [
    *[case for module in (deflate_offers, deflate_messages, deflate_faults) for case in module.CASES],
    # What is not compressed is as ever, RSV1 excepted.
    *[deflate.with_the_extension(case) for module in (framing, pings, fragments, closing, limits)
      for case in module.CASES if "RSV" not in case.name and "reserved" not in case.name],
]

if __name__ == "__main__":
    sys.exit(rfc6455.main("A strict conformance suite for permessage-deflate in WebSocket servers (RFC 7692).",
                          CASES, ["--deflate"]))
