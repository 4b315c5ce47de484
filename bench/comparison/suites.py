"""What is compared: each suite runs its rounds and gives records, one per step, tool and round."""

import contextlib
import os
import statistics
import subprocess
import time

from . import chain, critical, sources
from .local import Cloud
from .measure import Failed, run

LATENCY = "80ms"


class Rounds:
    """Takes the tools in turn, A B A B, until there are enough rounds or the time is up, and keeps what was measured."""

    def __init__(self, setup, suite):
        self.setup, self.suite = setup, suite
        self.records, self.loads, self.missing, self.extra = [], [], [], {}
        self.flags = ""  # What else the command had, for the page.

    def tell(self, text):
        print(f"{self.suite}: {text}", flush=True)

    def each(self, row, tools, once):
        """`once(tool)` yields pairs of a step's name and its measure."""
        for number in range(1, self.setup.rounds + 1):
            if self.setup.over():
                self.missing.append(f"{row}: {number - 1} of {self.setup.rounds} rounds, the time was up")
                self.tell(self.missing[-1])
                return
            self.loads.append(os.getloadavg()[0])
            for tool in tools:
                began = time.monotonic()
                try:
                    for step, measure in once(tool):
                        self.records.append({"row": row, "step": step, "tool": tool.name, "round": number, **measure})
                except Failed as failed:
                    self.missing.append(f"{row}: {tool.name} failed in round {number}")
                    self.tell(f"{self.missing[-1]}\n{failed}")
                    return
                self.tell(f"{row}, round {number}: {tool.name}, {time.monotonic() - began:.1f} s")
            self.setup.keep(self)

    def rows(self):
        return list(dict.fromkeys(record["row"] for record in self.records))

    def steps(self, row):
        return list(dict.fromkeys(record["step"] for record in self.records if record["row"] == row))

    def values(self, row, step, tool, what):
        return [
            r[what] for r in self.records if (r["row"], r["step"], r["tool"]) == (row, step, tool) and what in r
        ]

    def median(self, row, step, tool, what):
        values = self.values(row, step, tool, what)
        return statistics.median(values) if values else None


REFERENCE = "base and runtime"
REFERENCE_STEPS = [
    ("apply base", "apply", "base"), ("apply runtime", "apply", "runtime"),
    ("plan base, empty", "plan", "base"), ("plan runtime, empty", "plan", "runtime"),
    ("destroy runtime", "destroy", "runtime"), ("destroy base", "destroy", "base"),
]


def reference(setup, rounds):
    """The reference system, without added latency."""
    def once(tool):
        with Cloud(setup) as cloud:
            act = tool.reference(cloud)
            for step, what, stack in REFERENCE_STEPS:
                yield step, act(what, stack)

    rounds.each(REFERENCE, setup.both(), once)
    for stack in ("base", "runtime"):
        rounds.extra[f"gantt {stack}"] = timeline(setup, stack)


def timeline(setup, last, flags=()):
    """One more apply of a reference stack, not among the rounds, with stackr's own events."""
    with Cloud(setup, flags) as cloud:
        act = setup.ours.reference(cloud)
        for stack in ("base", "runtime"):
            if stack == last:
                return chain.timeline(act("apply", stack, "--json"))
            act("apply", stack)


def scale(setup, rounds):
    """Generated sources of several sizes; the largest also with latency."""
    largest = max(setup.sizes)
    for size, latency in [*((size, None) for size in setup.sizes), (largest, LATENCY)]:
        directory = setup.scratch / f"scale-{size}"
        exact = sources.write(directory, size)

        def once(tool):
            with Cloud(setup, ["--latency", latency] if latency else []) as cloud:
                act = tool.directory(cloud, directory)
                yield "apply", act("apply")
                yield "plan, empty", act("plan")
                yield "destroy", act("destroy")

        rounds.each(f"{exact} resources" + (f", {LATENCY} a call" if latency else ""), setup.both(), once)


def latency(setup, rounds):
    """Apply of base with latency, against the longest chain of its steps."""
    def once(tool):
        with Cloud(setup, ["--latency", LATENCY]) as cloud:
            act = tool.reference(cloud)
            measure = act("apply", "base", "--json")
            found = chain.timeline(measure)
            rounds.extra["gantt base"] = found
            yield "apply base", {**measure, "bound": found["bound"], "ratio": measure["wall"] / found["bound"]}

    rounds.each(f"base, {LATENCY} a call", [setup.ours], once)


def throttled(setup, rounds):
    """The largest sources at AWS's published rates: nothing fails, and little is asked twice."""
    directory = setup.scratch / f"scale-{max(setup.sizes)}"
    exact = sources.write(directory, max(setup.sizes))
    for row, flags in [("no limits", []), ("AWS's published rates", ["--throttle", "published"])]:
        def once(tool):
            with Cloud(setup, flags, address="127.0.0.2") as cloud:
                act = tool.directory(cloud, directory)
                yield "apply", act("apply")
                yield "plan, empty", act("plan")
                yield "destroy", act("destroy")

        rounds.each(f"{exact} resources, {row}", [setup.ours], once)


STARTS = 40


def footprint(setup, rounds):
    """How long it takes to start, and how large the program is."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}

    def once(tool):
        for _ in range(STARTS):
            yield "version", run([tool.binary, "version"], setup.scratch, environment)

    stripped = setup.scratch / "stripped"
    subprocess.run(["strip", "-o", stripped, setup.stackr], check=True)
    rounds.extra["bytes"] = stripped.stat().st_size
    rounds.each("start", [setup.ours], once)


def engine(setup, rounds):
    """Parsing, planning, applying and recording without a cloud."""
    sizes = [str(size) for size in setup.engine_sizes]
    for number in range(1, setup.rounds + 1):
        if setup.over():
            rounds.missing.append(f"without a cloud: {number - 1} of {setup.rounds} rounds, the time was up")
            return
        rounds.loads.append(os.getloadavg()[0])
        lines = subprocess.run([setup.scale, *sizes], check=True, capture_output=True, text=True).stdout.splitlines()
        for line in lines[2:]:
            size, phase, cpu, memory = (cell.strip() for cell in line.strip("|").split("|"))
            rounds.records.append({
                "row": size, "step": phase, "tool": "stackr", "round": number, "cpu": float(cpu), "memory": float(memory),
            })
        rounds.tell(f"round {number} done")
        setup.keep(rounds)


FRESH, LEARNED = "nothing learned", "durations learned"


def slow(setup, rounds):
    """The reference system with AWS as slow as the model, against the longest path of its program."""
    rounds.flags = f" --slow-scale {setup.slow_scale:g} --slow-rounds {setup.slow_rounds} --slow-together {setup.slow_together}"
    rounds.extra["scale"] = setup.slow_scale
    number = 0
    with contextlib.closing(critical.ended(setup)) as processes:
        for number, process in enumerate(processes, 1):
            rounds.loads.append(process.load)
            for found in process.rows():
                row = FRESH if found["round"] == 1 else LEARNED
                rounds.records.append({"row": row, "tool": "stackr", "process": process.number, **found})
            took = f"process {process.number}, {setup.slow_rounds} rounds: {time.monotonic() - process.began:.1f} s"
            if failure := process.failure():
                rounds.missing.append(f"process {process.number} failed")
                took += f"\n{failure}"
            rounds.tell(took)
            setup.keep(rounds)
    if number < setup.rounds:
        rounds.missing.append(f"{number} of {setup.rounds} processes, the time was up")
        rounds.tell(rounds.missing[-1])
        return
    try:
        rounds.extra["gantt base"] = timeline(setup, "base", ["--slow", f"{setup.slow_scale:g}"])
    except Failed as failed:
        rounds.missing.append("the apply of base that is drawn failed")
        rounds.tell(f"{rounds.missing[-1]}\n{failed}")


SUITES = {
    "reference": reference, "scale": scale, "latency": latency, "slow": slow, "throttled": throttled,
    "footprint": footprint, "engine": engine,
}
