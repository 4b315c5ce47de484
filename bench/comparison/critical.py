"""`stackr-testkit critical` in several processes at once: with AWS slow they wait, and hardly compute.

Each has an emulator, a proxy and a state of its own. Its first round knows no durations, those after it know what the
rounds before them have learned.
"""

import os
import re
import signal
import subprocess
import tempfile
import time

from .local import REPOSITORY, die_with_parent

ROW = re.compile(r"\| (\d+) \| (\w+ \w+) \| ([\d.]+) s \| ([\d.]+) s \| (\S+) \| (\d+) \|")


def rows(text):
    """What was measured, from the table that the command prints."""
    for line in text.splitlines():
        if found := ROW.fullmatch(line):
            number, phase, wall, bound, ratio, calls = found.groups()
            yield {
                "step": phase, "round": int(number), "wall": float(wall), "bound": float(bound), "ratio": float(ratio),
                "calls": int(calls),
            }


class Process:
    def __init__(self, setup, number):
        self.number, self.load, self.began = number, os.getloadavg()[0], time.monotonic()
        self.output, self.errors = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [
                setup.testkit, "critical", "--stackr", setup.stackr,
                "--slow", f"{setup.slow_scale:g}", "--rounds", str(setup.slow_rounds),
            ],
            cwd=REPOSITORY, env={**os.environ, "TMPDIR": str(setup.scratch)}, stdin=subprocess.DEVNULL,
            stdout=self.output, stderr=self.errors, start_new_session=True, preexec_fn=die_with_parent,
        )

    def has_ended(self):
        return self.process.poll() is not None

    def failure(self):
        """What it said, if it failed."""
        self.errors.seek(0)
        return self.process.returncode and (self.errors.read()[-4000:] or f"ended with {self.process.returncode}")

    def rows(self):
        self.output.seek(0)
        return list(rows(self.output.read()))

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def ended(setup):
    """Starts a process a round, some at once, and yields each when it has ended. When the time is up no more are started."""
    running, started = [], 0
    try:
        while True:
            while started < setup.rounds and len(running) < setup.slow_together and not setup.over():
                started += 1
                running.append(Process(setup, started))
            if not running:
                return
            time.sleep(0.1)
            for process in [process for process in running if process.has_ended()]:
                running.remove(process)
                process.kill()  # What it may have left.
                yield process
    finally:
        for process in running:
            process.kill()
