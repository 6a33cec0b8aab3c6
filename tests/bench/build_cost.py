#!/usr/bin/env python3
"""What the README's server costs to build, and what each extra adds to it: one source file at -O2.

build_cost.py [--compiler g++] [--rounds 3] [--only TEXT] [--markdown] [--write]
build_cost.py --check | --update

Each program is the README's server with one thing chosen besides; the last ones are the same server written with
others' libraries (servers/). Prints the CPU time to compile and link it (the quickest round), the peak memory of the
compiler's largest process, the size of the object file, and that of the program, stripped. Needs Boost, and OpenSSL
for three of the programs.

--check holds the README's server to build_cost.json, in 10 seconds: the two sizes, and what g++ allocates in all, which
is the same each time, as CPU time and peak memory are not: the one effort of the compiler that can be held to. (Its
instructions would be another; but there is no hardware counter on the machines of CI, and under valgrind cc1plus takes
minutes.) tests/checks/check_unchosen.py judges what is in that server without having been chosen.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

import budget
import results

HERE = pathlib.Path(__file__).resolve().parent
ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGETS = {"s": 12, "MB": 600, "KB": 700}  # of the README's server
OPENSSL = ["-lssl", "-lcrypto"]
RECORDED = HERE / "build_cost.json"
TOLERANCE = 0.03

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
    codec: str = ""  # of the clients, in place of crier::websocket
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
    standard: str = "c++20"

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
        clients = [self.transport or "crier::tcp", self.codec or "crier::websocket", *authenticator]
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


@dataclasses.dataclass
class Other:
    """The same server in a file of its own."""

    name: str
    file: str
    libraries: list
    standard: str = "c++20"

    def source(self):
        return (HERE / "servers" / self.file).read_text(encoding="utf-8")


README = Choice("the README's server")
EXTRAS = [
    Choice("clients over `tls`", headers=["transport/tls.hpp"], transport="crier::tls",
           transport_options=', .certificate = crier::tls_certificate("chain.pem", "key.pem")', libraries=OPENSSL),
    Choice("`websocket_deflate`", headers=["codec/websocket_deflate.hpp"], codec="crier::websocket_deflate<>"),
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


OTHERS = [Other("with Boost.Beast (`servers/beast.cpp`)", "beast.cpp", ["-lboost_json"])]
if pathlib.Path("/usr/include/websocketpp/server.hpp").exists():
    OTHERS.append(Other("with websocketpp (`servers/websocketpp.cpp`)", "websocketpp.cpp", ["-lboost_json"], "c++17"))


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


def commands(compiler, choice, source):
    """The two that make an object file and a program beside the source file."""
    object_file = source.with_suffix(".o")
    return ([compiler, f"-std={choice.standard}", "-O2", "-I", ROOT / "include", "-c", source, "-o",
             object_file],
            [compiler, object_file, "-o", source.with_suffix(""), "-pthread", *choice.libraries])


def build(compiler, choice, source):
    """CPU seconds and peak bytes of one build; never out of a cache."""
    source.write_text(choice.source(), encoding="utf-8")
    figures = source.with_suffix(".figures")
    child = os.fork()  # so that the peak is this build's alone
    if child == 0:
        done = 0
        for command in commands(compiler, choice, source):
            done = done or subprocess.run(command, env=dict(os.environ, CCACHE_DISABLE="1"), check=False).returncode
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures.write_text(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss * 1024}")
        os._exit(done)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"build_cost.py: this does not compile\n{source.read_text()}")
    cpu, peak = figures.read_text().split()
    return float(cpu), int(peak)


def sizes(source):
    """Bytes of the object file, and of the program when it is stripped."""
    subprocess.run(["strip", source.with_suffix("")], check=True)
    return source.with_suffix(".o").stat().st_size, source.with_suffix("").stat().st_size


def exact(compiler, directory):
    """What can be held to, of the README's server."""
    source = pathlib.Path(directory) / "readme.cpp"
    source.write_text(README.source(), encoding="utf-8")
    compile_it, link_it = commands(compiler, README, source)
    environment = dict(os.environ, CCACHE_DISABLE="1", LC_ALL="C")
    told = subprocess.run([*compile_it, "-ftime-report"], capture_output=True, text=True, env=environment, check=True)
    subprocess.run(link_it, check=True)
    allocated = re.search(r"^ *TOTAL *:.*\s(\d+)M$", told.stderr, re.M)
    if not allocated:
        sys.exit(f"build_cost.py: {compiler} does not say what it allocates")
    object_bytes, program_bytes = sizes(source)
    return {"MB that the compiler allocates in all": int(allocated[1]), "bytes of the object file": object_bytes,
            "bytes of the stripped program": program_bytes}


HEAD = ["program", "CPU s", "+ s", "peak MB", "+ MB", "object KB", "+ KB", "stripped KB", "+ KB"]
RIGHT = [False] + [True] * 8


def arguments():
    def at_least_one(text):
        if int(text) < 1:
            raise argparse.ArgumentTypeError("at least 1")
        return int(text)

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default="g++", help="the one to measure (%(default)s)")
    parser.add_argument("--rounds", type=at_least_one, default=3, help="builds of each program (%(default)s)")
    parser.add_argument("--only", default="", metavar="TEXT", help="the README's server, and what has TEXT in its name")
    parser.add_argument("--markdown", action="store_true", help="the table as in RESULTS.md")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="the whole table: put it into RESULTS.md, too")
    what.add_argument("--check", action="store_true", help="compare with the file of --recorded; exit with 1 if a figure is off")
    what.add_argument("--update", action="store_true", help="write the file of --recorded")
    parser.add_argument("--recorded", type=pathlib.Path, default=RECORDED, metavar="FILE",
                        help="what --check compares with and --update writes (%(default)s)")
    parser.add_argument("--counted", type=pathlib.Path, metavar="FILE",
                        help="with --check and --update: take the figures from such a file, and build nothing")
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write is for the whole table")
    return options


def hold(options):
    compiler = budget.compiler_of(options.compiler)
    recorded = {"figures": {}} if options.update and not options.recorded.exists() else budget.read(options.recorded)
    if options.check and budget.skipped("build_cost.py", compiler, recorded):
        return 0
    if options.counted:
        figures = budget.read(options.counted)["figures"]
    else:
        with tempfile.TemporaryDirectory() as directory:
            figures = exact(options.compiler, directory)
    print(budget.table("the README's server", figures, recorded["figures"]), flush=True)
    if options.update:
        budget.write(options.recorded, compiler, TOLERANCE, figures)
        return 0
    return budget.check("build_cost.py", options.recorded, figures, recorded)


def measure(programs, options):
    """Of each program: CPU seconds, and MB and KB."""
    found = {}
    with tempfile.TemporaryDirectory() as directory:
        sources = {choice.name: pathlib.Path(directory) / f"p{i}.cpp" for i, choice in enumerate(programs)}
        for _ in range(options.rounds):  # a busy minute hits all of them
            for choice in programs:
                found.setdefault(choice.name, []).append(build(options.compiler, choice, sources[choice.name]))
        for name, rounds in found.items():
            cpu, peak = (min(figures) for figures in zip(*rounds))
            found[name] = cpu, peak / 1e6, *(size / 1e3 for size in sizes(sources[name]))
    return found


def main():
    options = arguments()
    if options.check or options.update:
        return hold(options)
    choices = [*EXTRAS, everything(), *OTHERS]
    programs = [README] + [c for c in choices if options.only in c.name]
    if len(programs) == 1 and options.only not in README.name:
        names = "\n".join(c.name for c in choices)
        print(f"build_cost.py: no program has {options.only} in its name; there are\n{names}", file=sys.stderr)
        return 2
    found = measure(programs, options)
    first = found[README.name]
    rows = []
    for choice in programs:
        cells = [f"+ {choice.name}" if choice in EXTRAS else choice.name]
        for digits, value, base in zip((1, 0, 0, 0), found[choice.name], first):
            cells += [f"{value:.{digits}f}", "" if choice is README else f"{value - base:+.{digits}f}"]
        rows.append(cells)
    lines = results.markdown(HEAD, RIGHT, rows)
    print(budget.compiler_of(options.compiler) + "\n")
    if options.markdown:
        print("\n".join(lines))
    else:
        rows = [[row[0].replace("`", ""), *row[1:]] for row in rows]
        print("\n".join(results.plain(HEAD, RIGHT, rows, [44, 6, 6, 8, 6, 10, 6, 12, 6])))
    if options.write:
        results.write("build cost", lines)
    for (unit, target), value in zip(TARGETS.items(), (first[0], first[1], first[3])):
        if value > target:
            print(f"\nThe README's server misses its target: {value:.1f} {unit} is above {target} {unit}.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except results.NoSuchPart as failure:
        sys.exit(f"build_cost.py: {failure}")
