#!/usr/bin/env python3
"""check_unchosen.py finds what it looks for: python3 tests/checks/test_check_unchosen.py"""

import unittest

from check_unchosen import CHOSEN, bytes_by_policy, policies

LISTING = """\
                 U memcpy@GLIBC_2.14
0000000000001000 0000000000000010 T main
0000000000001010 0000000000000020 W crier::detail::session<crier::tcp, crier::websocket>::read()
0000000000001030 0000000000000008 W crier::json_reply::write(crier::line_result const&) const
0000000000001038 0000000000000100 W crier::tcp::stream::~stream()
0000000000001038 0000000000000100 W crier::tcp::stream::~stream()
"""


class CheckUnchosen(unittest.TestCase):
    def test_policies_are_found_with_their_bytes_once_for_each_address(self):
        sizes = bytes_by_policy(LISTING)
        self.assertEqual(sizes, {"tcp": 0x120, "websocket": 0x20, "json_reply": 8})
        self.assertEqual(sizes.keys() - CHOSEN, {"json_reply"})

    def test_what_is_chosen_exists(self):
        self.assertEqual(CHOSEN - policies(), set())


if __name__ == "__main__":
    unittest.main()
