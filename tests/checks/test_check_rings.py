#!/usr/bin/env python3
"""Each rule of check_rings.py, broken once."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import check_rings


def header(name, *includes):
    guard = check_rings.guard_of(name)
    body = "".join(f"#include {i}\n" for i in includes)
    return f"#ifndef {guard}\n#define {guard}\n\n{body}\n#endif\n"


class Rings(unittest.TestCase):
    def offences(self, **files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            base = root / "include" / "crier"
            for name, text in files.items():
                path = base / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return list(check_rings.offences_in(root))

    def one(self, expected, **files):
        found = self.offences(**files)
        self.assertEqual(len(found), 1, found)
        self.assertIn(expected, found[0])

    def test_a_header_that_includes_its_own_ring_and_inner_ones_is_fine(self):
        self.assertEqual([], self.offences(**{
            "message.hpp": header("message.hpp", "<string_view>", "<crier/utf8.hpp>"),
            "server.hpp": header("server.hpp", "<crier/message.hpp>", "<boost/asio/io_context.hpp>"),
            "test/kit.hpp": header("test/kit.hpp", "<crier/server.hpp>")}))

    def test_no_headers_at_all(self):
        self.one("no headers found")

    def test_a_header_in_no_ring(self):
        self.one("in no ring", **{"strange.hpp": header("strange.hpp")})

    def test_an_include_of_no_ring(self):
        self.one("is in no ring", **{"message.hpp": header("message.hpp", "<crier/strange.hpp>")})

    def test_outwards(self):
        self.one("protocol ring may not include", **{"message.hpp": header("message.hpp", "<crier/server.hpp>")})

    def test_the_kit_is_for_users_only(self):
        self.one("of the test kit ring", **{"server.hpp": header("server.hpp", "<crier/test/kit.hpp>")})

    def test_asio_in_the_protocol(self):
        self.one("protocol ring may not", **{"frame.hpp": header("frame.hpp", "<boost/asio/io_context.hpp>")})

    def test_system_calls_in_the_protocol(self):
        self.one("no system calls", **{"frame.hpp": header("frame.hpp", "<sys/socket.h>")})

    def test_openssl_in_the_engine(self):
        self.one("edge ring", **{"server.hpp": header("server.hpp", "<openssl/ssl.h>")})

    def test_banned(self):
        for name in check_rings.BANNED:
            self.one(f"<{name}>", **{"server.hpp": header("server.hpp", f"<{name}>")})

    def test_quotes(self):
        self.one("angle brackets", **{"server.hpp": header("server.hpp", '"message.hpp"')})

    def test_guard(self):
        self.one("include guard", **{"server.hpp": header("message.hpp")})

    def test_length(self):
        self.one("take it apart", **{"server.hpp": header("server.hpp") + "\n" * 400})


if __name__ == "__main__":
    unittest.main()
