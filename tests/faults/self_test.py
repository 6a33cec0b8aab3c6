"""The checks can fail: a relay that makes one mistake stands between, or a figure is wrong, and they must notice."""

import re
import subprocess
import sys
import threading
import time

from arena import Broken, Load, Server, judge_counters
from attacks import ATTACKS, USUAL_MEGABYTES
from machine import HERE

MISTAKES = {"none": set(), "chop": set(), "delay": set(), "lost": {"lost"}, "duplicated": {"duplicated"},
            "swapped": {"reordered"}, "misrouted": {"misrouted", "lost"}, "forgotten": {"lost"}}


def noticed(how, server, load_program):
    """The kinds of faults that correct peers tell of."""
    with subprocess.Popen([sys.executable, HERE / "relay.py", str(server.clients_port), str(server.backend_port), how],
                          stdout=subprocess.PIPE, text=True) as relay:
        load = None
        too_long = threading.Timer(30, relay.kill)
        too_long.start()
        try:
            clients, backend = map(int, relay.stdout.readline().split())
            load = Load(load_program, ("127.0.0.1", clients), ("127.0.0.1", backend),
                        ("--mode", "latency", "--connections", "6", "--uids", "6", "--backends", "1", "--rate", "200",
                         "--patience", "1"))
            load.wait_until_it_pushes()
            if MISTAKES[how] and relay.stdout.readline() != "made\n":
                raise Broken(f"the relay has not made its mistake, {how}; the load says: {load.said()}")
            time.sleep(0.3)
            return {name for name, count in load.told()["faults"].items() if count}
        finally:
            too_long.cancel()
            if load:
                load.kill()
            relay.kill()


def counters_are_judged():
    right = {"connections": 0, "registered": 0, "accepted": 9, "closed": 1, "lost": 2, "handshakes_failed": 1,
             "protocol_violations": 1, "limits_exceeded": 1, "timed_out": 1, "rejected": 2,
             "messages_queued": 9, "messages_sent": 5, "messages_evicted": 1, "messages_dropped": 3}
    judge_counters(right, settled=True)
    for name in right:
        try:
            judge_counters(right | {name: right[name] + 1}, settled=True)
        except Broken:
            continue
        return f"one more of {name} is not noticed"
    return None


def table_is_complete():
    def must(attack):
        return attack.must + (f" (below {attack.most_megabytes} MB)" if attack.most_megabytes != USUAL_MEGABYTES else "")

    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", (HERE / "README.md").read_text(), re.M)
    attacks = [(name, must(attack)) for name, attack in ATTACKS.items()]
    return None if rows == attacks else f"README.md and the attacks differ: {set(rows) ^ set(attacks)}"


def run(load_program):
    """What is wrong with the checks, in words."""
    wrong = [words for words in [counters_are_judged(), table_is_complete()] if words]
    server = Server().start()
    try:
        for how, faults in MISTAKES.items():
            found = noticed(how, server, load_program)
            if found != faults:
                wrong.append(f"{how}: noticed {found or 'nothing'}")
        server.stop()
    finally:
        if server.process is not None:
            server.kill()
        server.log.close()
    return wrong
