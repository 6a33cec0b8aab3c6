#!/usr/bin/env python3
"""Each rule of check_rings.py can fail: python3 tests/checks/test_check_rings.py"""

import tempfile
import unittest
from pathlib import Path

from check_rings import EDGE, ENGINE, KIT, PROTOCOL, UMBRELLA, Checker

RINGS = {
    PROTOCOL: ["codec/", "frame.hpp"],
    ENGINE: ["transport/", "server.hpp"],
    EDGE: ["transport/tls.hpp"],
    UMBRELLA: ["crier.hpp", "src.hpp"],
    KIT: ["test/"],
}

# A small tree that keeps every rule.
TREE = {
    "frame.hpp": ["<cstddef>", "<sys/uio.h>", "<boost/system/error_code.hpp>"],
    "codec/line.hpp": ["<crier/frame.hpp>", "<crier/impl/line.ipp>"],
    "impl/line.ipp": ["<crier/codec/line.hpp>", "<boost/beast/http/basic_parser.hpp>"],
    "transport/tcp.hpp": ["<crier/frame.hpp>", "<boost/asio/io_context.hpp>", "<sys/socket.h>"],
    "transport/tls.hpp": ["<crier/transport/tcp.hpp>", "<boost/asio/ssl/context.hpp>"],
    "server.hpp": ["<crier/codec/line.hpp>", "<crier/transport/tcp.hpp>", "<thread>"],
    "crier.hpp": ["<crier/server.hpp>", "<crier/codec/line.hpp>"],
    "src.hpp": ["<crier/impl/line.ipp>"],
    "test/kit.hpp": ["<crier/server.hpp>", "<crier/frame.hpp>"],
}


def text_of(name, includes):
    guard = "CRIER_" + name.upper().replace("/", "_").replace(".", "_")
    lines = [f"#ifndef {guard}", f"#define {guard}", *(f"#include {i}" for i in includes), "#endif"]
    return "\n".join(lines) + "\n"


class CheckRings(unittest.TestCase):
    def offences(self, changes=None, texts=None):
        """Of TREE with further includes (name -> list) and with whole files (name -> text)."""
        with tempfile.TemporaryDirectory() as root:
            for name in {**TREE, **(changes or {}), **(texts or {})}:
                path = Path(root, "include", "crier", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                includes = TREE.get(name, []) + (changes or {}).get(name, [])
                path.write_text((texts or {}).get(name) or text_of(name, includes))
            return Checker(root, RINGS).check()

    def assert_one(self, offences, *parts):
        self.assertEqual(len(offences), 1, offences)
        for part in parts:
            self.assertIn(part, offences[0])

    def assert_refused(self, name, include, *parts):
        where = f"include/crier/{name}:{3 + len(TREE.get(name, []))}: "
        self.assert_one(self.offences({name: [include]}), where, include.strip('<>"'), *parts)

    def test_a_tree_that_keeps_the_rules_passes(self):
        self.assertEqual(self.offences(), [])

    def test_the_tree_of_crier_is_checked_with_its_own_rings(self):
        checker = Checker(Path(__file__).resolve().parents[2])
        self.assertGreater(len(checker.files), 40)
        self.assertEqual({None} & set(checker.ring.values()), set())

    def test_protocol_includes_no_engine(self):
        self.assert_refused("codec/line.hpp", "<crier/server.hpp>", "is protocol", "is engine")

    def test_a_body_is_in_its_headers_ring(self):
        self.assert_refused("impl/line.ipp", "<crier/server.hpp>", "is protocol", "is engine")

    def test_engine_includes_no_edge(self):
        self.assert_refused("server.hpp", "<crier/transport/tls.hpp>", "is engine", "is edge")

    def test_the_umbrella_includes_no_edge(self):
        self.assert_refused("crier.hpp", "<crier/transport/tls.hpp>", "is umbrella", "is edge")

    def test_nothing_includes_the_umbrella(self):
        self.assert_refused("test/kit.hpp", "<crier/crier.hpp>", "is kit", "is umbrella")

    def test_nothing_includes_the_kit(self):
        for name in ("codec/line.hpp", "transport/tcp.hpp", "transport/tls.hpp", "crier.hpp"):
            with self.subTest(name):
                self.assert_refused(name, "<crier/test/kit.hpp>", "which is kit")

    def test_the_kit_includes_no_edge(self):
        self.assert_refused("test/kit.hpp", "<crier/transport/tls.hpp>", "is kit", "is edge")

    def test_a_header_in_no_ring_is_told_where_to_go(self):
        offences = self.offences({"detail/new.hpp": []})
        self.assert_one(offences, "include/crier/detail/new.hpp:1: ", "add it to RINGS in")

    def test_a_body_without_a_header_fails(self):
        offences = self.offences({"impl/new.ipp": [], "src.hpp": ["<crier/impl/new.ipp>"]})
        self.assert_one(offences, "include/crier/impl/new.ipp:1: ", "new.hpp; there are 0")

    def test_a_body_with_two_headers_fails(self):
        offences = self.offences({"transport/line.hpp": []})
        self.assert_one(offences, "include/crier/impl/line.ipp:1: ", "there are 2")

    def test_a_ring_entry_without_a_file_fails(self):
        with tempfile.TemporaryDirectory() as root:
            path = Path(root, "include", "crier", "frame.hpp")
            path.parent.mkdir(parents=True)
            path.write_text(text_of("frame.hpp", []))
            rings = {PROTOCOL: ["frame.hpp", "gone.hpp"], ENGINE: ["gone/"]}
            offences = Checker(root, rings).check()
        self.assertEqual(len(offences), 2, offences)
        self.assertIn("gone.hpp in protocol", offences[0])
        self.assertIn("gone/ in engine", offences[1])

    def test_protocol_knows_no_sockets_and_no_threads(self):
        for include in ("<boost/asio/io_context.hpp>", "<boost/beast/core/tcp_stream.hpp>",
                        "<boost/format.hpp>", "<sys/socket.h>", "<unistd.h>", "<thread>",
                        "<atomic>"):
            with self.subTest(include):
                self.assert_refused("frame.hpp", include, "is protocol")

    def test_engine_and_kit_link_nothing(self):
        for include in ("<openssl/ssl.h>", "<boost/asio/ssl/context.hpp>", "<boost/log/core.hpp>"):
            for name in ("server.hpp", "test/kit.hpp", "crier.hpp"):
                with self.subTest(include=include, name=name):
                    self.assert_refused(name, include)

    def test_some_headers_are_included_by_nobody(self):
        for include in ("<boost/beast/websocket.hpp>", "<boost/beast/websocket/stream.hpp>",
                        "<boost/asio.hpp>", "<boost/asio/ssl.hpp>", "<boost/beast.hpp>",
                        "<boost/beast/core.hpp>", "<boost/beast/http.hpp>", "<boost/json.hpp>",
                        "<iostream>", "<regex>"):
            for name in ("frame.hpp", "server.hpp", "transport/tls.hpp", "test/kit.hpp"):
                with self.subTest(include=include, name=name):
                    self.assert_refused(name, include)

    def test_includes_are_written_in_angle_brackets(self):
        self.assert_refused("server.hpp", '"frame.hpp"', "write <crier/...>")

    def test_a_header_that_does_not_exist_fails(self):
        self.assert_refused("server.hpp", "<crier/gone.hpp>", "does not exist")

    def test_the_guard_is_named_after_the_path(self):
        guarded = text_of("frame.hpp", [])
        for text in (
            guarded.replace("CRIER_FRAME_HPP", "FRAME_HPP"),
            "#pragma once\n",
            "// first\n" + guarded,
            guarded + "int after;\n",
            guarded.replace("#define CRIER_FRAME_HPP", "#define CRIER_FRAME"),
        ):
            with self.subTest(text):
                offences = self.offences(texts={"frame.hpp": text})
                self.assert_one(offences, "include/crier/frame.hpp:1: ", "CRIER_FRAME_HPP")

    def test_src_includes_every_body(self):
        offences = self.offences(texts={"src.hpp": text_of("src.hpp", [])})
        self.assert_one(offences, "include/crier/src.hpp:1: ", "<crier/impl/line.ipp>")

    def test_headers_do_not_include_each_other_in_a_circle(self):
        offences = self.offences({"frame.hpp": ["<crier/codec/line.hpp>"]})
        self.assert_one(offences, "closes a circle of includes", "frame.hpp -> codec/line.hpp")

    def test_an_include_in_a_comment_is_none(self):
        text = text_of("frame.hpp", []).replace("#endif", "///     #include <iostream>\n#endif")
        self.assertEqual(self.offences(texts={"frame.hpp": text}), [])


if __name__ == "__main__":
    unittest.main()
