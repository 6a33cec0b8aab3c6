#!/usr/bin/env python3
"""What the README's server costs to build, and what each extra adds to it: one source file at -O2.

build_cost.py [--compiler g++] [--rounds 3] [--only TEXT] [--markdown]

Each program is the README's server with one thing chosen besides. Prints the CPU time to compile and link it (the
quickest round), the peak memory of the compiler's largest process, and the size of the program, stripped. Nothing
passes or fails here: tests/checks/check_unchosen.py does, on what is in the README's server without having been
chosen. Needs Boost, and OpenSSL for three of the programs.
"""

import argparse
import dataclasses
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGETS = {"s": 12, "MB": 600, "KB": 700}  # of the README's server
OPENSSL = ["-lssl", "-lcrypto"]

OBSERVER = """
struct watcher : crier::observer
{
    long events = 0;
    void on_accept(const crier::connection&) { ++events; }
    void on_accept_failed(crier::error_code) { ++events; }
    void on_open(const crier::connection&) { ++events; }
    void on_registered(const crier::connection&) { ++events; }
    void on_message(const crier::connection&, crier::message_view) { ++events; }
    void on_line(const crier::connection&, const crier::line_result&) { ++events; }
    void on_push(const crier::push_result&) { ++events; }
    void on_overflow(const crier::connection&, std::size_t) { ++events; }
    void on_exception(const crier::connection&, std::exception_ptr) { ++events; }
    void on_end(const crier::connection&, crier::error_code) { ++events; }
};
"""

HOOKS = """
struct joins : crier::hooks
{
    void on_registered(crier::connection& c) { c.join("news"); }
};
"""


@dataclasses.dataclass
class Choice:
    """What a program has besides the README's server. Lists are of C++ fragments."""

    name: str
    headers: list = dataclasses.field(default_factory=list)
    declarations: str = ""
    transport: str = ""  # of the clients, in place of crier::tcp
    transport_options: str = ""
    authenticators: list = dataclasses.field(default_factory=list)
    authenticator_options: list = dataclasses.field(default_factory=list)
    overflow: str = ""
    backend: list = dataclasses.field(default_factory=list)  # extras
    backend_options: str = ""
    listeners: list = dataclasses.field(default_factory=list)
    listener_options: list = dataclasses.field(default_factory=list)
    registry: str = ""
    components: list = dataclasses.field(default_factory=list)
    libraries: list = dataclasses.field(default_factory=list)

    def __add__(self, other):
        """Both: what can stand only once is the other's, if it has it."""
        both = {}
        for field in dataclasses.fields(self):
            mine, others = getattr(self, field.name), getattr(other, field.name)
            joined = field.name == "declarations" or isinstance(mine, list)
            both[field.name] = mine + others if joined else others or mine
        return Choice(**both)

    def source(self):
        authenticator = self.authenticators
        options = ", ".join(self.authenticator_options)
        if len(authenticator) > 1:
            authenticator = [f"crier::every<{', '.join(authenticator)}>"]
            options = f"{{{options}}}"
        clients = [self.transport or "crier::tcp", "crier::websocket", *authenticator]
        clients += [self.overflow] if self.overflow else []
        components = [f"crier::clients<{', '.join(clients)}>",
                      f"crier::backend<{', '.join(['crier::tcp', 'crier::text_line', *self.backend])}>",
                      *self.listeners, self.registry or "crier::uid_registry", *self.components]
        arguments = [f"{{.transport = {{.port = 1234{self.transport_options}}}"
                     + (f", .authenticator = {options}" if options else "") + "}",
                     f"{{.transport = {{.port = 5678}}{self.backend_options}}}", *self.listener_options]
        includes = "".join(f"#include <crier/{header}>\n" for header in ["crier.hpp", *self.headers])
        separator = ",\n        "
        return (f"{includes}{self.declarations}\nint main()\n{{\n"
                f"    using server = crier::push_server<\n        {separator.join(components)}>;\n"
                f"    server s{{{', '.join(arguments)}}};\n    s.run();\n}}\n")


README = Choice("the README's server")
EXTRAS = [
    Choice("clients over `tls`", headers=["transport/tls.hpp"], transport="crier::tls",
           transport_options=', .certificate = crier::tls_certificate("chain.pem", "key.pem")', libraries=OPENSSL),
    Choice("`signed_ticket`", headers=["authenticator/signed_ticket.hpp"], authenticators=["crier::signed_ticket"],
           authenticator_options=['{.keys = {{"k1", "secret"}}}'], libraries=OPENSSL),
    Choice("`every<allowed_origins, first_message>`",
           authenticators=["crier::allowed_origins", "crier::first_message"],
           authenticator_options=['{.origins = {"https://example.org"}}', "{}"]),
    Choice("`shared_secret` for back ends", backend=["crier::shared_secret"],
           backend_options=', .authenticator = {.secret = "secret"}'),
    Choice("`drop_oldest`", overflow="crier::drop_oldest"),
    Choice('`conflate_by<json_member<"job">>`', overflow='crier::conflate_by<crier::json_member<"job">>'),
    Choice("`json_reply`", backend=["crier::json_reply"]),
    Choice("an observer of everything", declarations=OBSERVER, components=["watcher"]),
    Choice("a hook that lets join a topic", declarations=HOOKS, components=["joins"]),
    Choice("`length_prefixed` clients as well", listeners=["crier::clients<crier::tcp, crier::length_prefixed<>>"],
           listener_options=["{.transport = {.port = 1235}}"]),
    Choice("`first_only`", registry="crier::first_only"),
]


def everything():
    """All of them in one server; conflate_by is the one overflow policy."""
    both = README
    for extra in EXTRAS:
        both += extra
    authenticators = zip(both.authenticators, both.authenticator_options)
    kept = [(a, o) for a, o in authenticators if a != "crier::first_message"]  # signed_ticket says who it is
    both.authenticators, both.authenticator_options = [a for a, _ in kept], [o for _, o in kept]
    both.libraries = OPENSSL
    both.name = "all of these together"
    return both


def build(compiler, source, program, libraries):
    """CPU seconds and peak bytes of one build; never out of a cache."""
    command = [compiler, "-std=c++20", "-O2", "-I", ROOT / "include", source, "-o", program, "-pthread", *libraries]
    figures = program.with_suffix(".figures")
    child = os.fork()  # so that the peak is this build's alone
    if child == 0:
        done = subprocess.run(command, env=dict(os.environ, CCACHE_DISABLE="1"), check=False).returncode
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures.write_text(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss * 1024}")
        os._exit(done)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"build_cost.py: this does not compile\n{source.read_text()}")
    cpu, peak = figures.read_text().split()
    return float(cpu), int(peak)


def row(cells, markdown):
    if markdown:
        return f"| {' | '.join(cells)} |"
    return f"{cells[0].replace('`', ''):40}" + "".join(f"{cell:>10}" for cell in cells[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", metavar="TEXT", help="the README's server, and what has TEXT in its name")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    version = subprocess.run([options.compiler, "--version"], capture_output=True, text=True, check=True)
    programs = [README] + [c for c in [*EXTRAS, everything()] if options.only in c.name]
    figures = {choice.name: [] for choice in programs}
    with tempfile.TemporaryDirectory() as directory:
        paths = {choice.name: pathlib.Path(directory) / f"p{i}" for i, choice in enumerate(programs)}
        for _ in range(options.rounds):  # a busy minute hits all of them
            for choice in programs:
                path = paths[choice.name]
                path.with_suffix(".cpp").write_text(choice.source())
                figures[choice.name].append(
                    build(options.compiler, path.with_suffix(".cpp"), path, choice.libraries))
        sizes = {}
        for choice in programs:
            subprocess.run(["strip", paths[choice.name]], check=True)
            sizes[choice.name] = paths[choice.name].stat().st_size / 1e3

    print(version.stdout.splitlines()[0] + "\n")
    print(row(["program", "CPU s", "+ s", "peak MB", "+ MB", "KB", "+ KB"], options.markdown))
    if options.markdown:
        print(row(["---", *["---:"] * 6], True))
    first = None
    for choice in programs:
        cpu, peak = (min(figure) for figure in zip(*figures[choice.name]))
        all_three = cpu, peak / 1e6, sizes[choice.name]
        first = first or all_three
        cells = [choice.name if choice is README or choice is programs[-1] else f"+ {choice.name}"]
        for digits, value, base in zip((1, 0, 0), all_three, first):
            cells += [f"{value:.{digits}f}", "" if choice is README else f"{value - base:+.{digits}f}"]
        print(row(cells, options.markdown))
    for (unit, target), value in zip(TARGETS.items(), first):
        if value > target:
            print(f"\nThe README's server misses its target: {value:.1f} {unit} is above {target} {unit}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
