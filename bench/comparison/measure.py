"""Runs a command and measures it: wall time, CPU, memory, calls."""

import collections
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

LAUNCH = pathlib.Path(__file__).with_name("launch.py")


class Failed(Exception):
    """A command did not end as it had to."""


class Measure(dict):
    """What a command took. Its standard output and its calls are beside it."""

    output = ""
    calls = ()


def descendants_rss(pid):
    """Bytes in memory of the descendants of a process."""
    total, todo = 0, [pid]
    while todo:
        process = todo.pop()
        try:
            if process != pid:
                with open(f"/proc/{process}/statm") as file:
                    total += int(file.read().split()[1])
            for thread in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{thread}/children") as file:
                    todo += map(int, file.read().split())
        except (OSError, IndexError):
            pass  # It has ended meanwhile.
    return total * os.sysconf("SC_PAGE_SIZE")


def run(command, directory, environment, cloud=None, expect=0):
    """Runs a command to its end. Whatever it has left running ends with it."""
    output, errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    if cloud:
        cloud.calls()
    reports, report = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", LAUNCH, str(report), *map(str, command)],
        cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, pass_fds=[report],
        start_new_session=True,
    )
    os.close(report)
    peak, done = 0, threading.Event()

    def sample():
        nonlocal peak
        while not done.wait(0.01):
            peak = max(peak, descendants_rss(process.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        process.wait()
    finally:
        done.set()
        sampler.join()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    with open(reports, "rb") as file:
        took = json.loads(file.read() or b'{"status": "no report"}')
    output.seek(0)
    errors.seek(0)
    said = output.read().decode(errors="replace")
    if took["status"] != expect:
        told = said + errors.read().decode(errors="replace")
        raise Failed(f"{' '.join(map(str, command))}\nended with {took['status']}, not {expect}:\n{told[-4000:]}")
    calls = cloud.calls() if cloud else []
    measure = Measure({
        "wall": took["ended"] - took["began"],
        "cpu": took["cpu"],
        "memory": max(peak, took["memory"]) / 2**20,
        "calls": len(calls),
        "refused": sum(1 for *_, outcome in calls if not isinstance(outcome, int) or outcome >= 400),
        "busy": busy(calls),
        "before": min((a for a, *_ in calls), default=took["began"]) - took["began"],
        "operations": dict(collections.Counter(what for _, _, what, _ in calls).most_common()),
    })
    measure.output, measure.calls = said, calls
    return measure


def busy(calls):
    """Seconds in which at least one call was on its way."""
    total, until = 0.0, 0.0
    for began, ended, *_ in sorted(calls, key=lambda call: call[0]):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total
