#!/usr/bin/env python3
"""Pushes the percents 0 to 100 to the pages of one uid.

Usage: push.py [uid] [host] [port]      (default: uid1 127.0.0.1 5678; or unix:/PATH as host)
If the environment has a CRIER_SECRET, it is said first (push_server --backend-secret-file).
"""

import json
import os
import socket
import sys
import time


def push(uid="uid1", host="127.0.0.1", port="5678"):
    try:
        if host.startswith("unix:"):
            server = socket.socket(socket.AF_UNIX)
            server.settimeout(5)
            server.connect(host.removeprefix("unix:"))
        else:
            server = socket.create_connection((host, int(port)), timeout=5)
    except OSError as error:
        sys.exit(f"push.py: cannot reach {host}:{port}: {error}")

    with server, server.makefile("rw", encoding="utf-8", newline="\n") as lines:
        def answer(line):
            """The reply to a line; empty if there is none."""
            try:
                lines.write(line + "\n")
                lines.flush()
                return lines.readline().rstrip("\n")
            except OSError:
                return ""

        secret = os.environ.get("CRIER_SECRET")
        if secret and answer(secret) != "ok":
            sys.exit(f"push.py: {host}:{port} does not take the secret of CRIER_SECRET")
        for percent in range(101):
            reply = answer(json.dumps({"uid": uid, "percent": f"{percent}%"}))
            if not reply:
                sys.exit(f"push.py: no reply from {host}:{port} at {percent}%")
            if reply != "ok":
                sys.exit(f"push.py: the reply to {percent}% is {reply}, not ok: "
                         f"does a page listen as {uid}, or has CRIER_SECRET to be set?")
            time.sleep(0.02)
    print(f"101 pushed to {uid}, every reply is ok")


push(*sys.argv[1:4])
