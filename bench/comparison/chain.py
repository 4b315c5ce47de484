"""Where the time of an apply goes, from stackr's own events: its steps, and the longest chain of them.

The chain is a bound: the steps on it wait for each other, as the program says, so no schedule is shorter than the sum of
what they took, each measured in the run itself, after what passes before the first step. An edge on `id` counts up to
where the other step had its object and only waited.
"""

import json
import re

LINE = re.compile(r"^s(\d+)\s+(\w+)\s+(.*?)(?:\s+after (.*))?$")
EDGE = re.compile(r"s(\d+)\.(id|ready)")


def timeline(measure):
    """Steps in seconds after the start of the command, with the longest chain marked; and the bound."""
    lines = [json.loads(line) for line in measure.output.splitlines() if line.startswith("{")]
    program = next(line["program"] for line in lines if "program" in line)
    edges = {}
    for line in program.splitlines():
        if found := LINE.match(line):
            edges[int(found[1])] = [(int(of), milestone) for of, milestone in EDGE.findall(found[4] or "")]
    steps, finished = {}, None
    for line in lines:
        event = line.get("event", {})
        (kind, body), at = next(iter(event.items()), ("", {})), line.get("elapsed_ms", 0) / 1000
        if kind == "run_finished":
            finished = at
        if "step" not in body:
            continue
        number = body["step"]["number"]
        step = steps.setdefault(number, {"number": number, "address": body["step"]["address"], "verb": body["step"]["verb"]})
        if kind == "step_started":
            step["began"] = at
        elif kind == "step_waiting":
            step.setdefault("made", at)
        elif kind == "step_finished":
            step["ended"] = at
    steps = {n: step for n, step in steps.items() if "ended" in step and "began" in step}
    # The events' clock begins with the run; the command began earlier, by what it did before.
    lead = measure["wall"] - (finished or 0)
    calls = [began for began, *_ in measure.calls]
    chain, bound = longest(steps, edges)
    for number in chain:
        steps[number]["critical"] = True
    begin = min((step["began"] for step in steps.values()), default=0)
    return {
        "wall": measure["wall"], "lead": lead, "before": begin, "chain": [steps[n]["address"] for n in chain],
        "bound": lead + begin + bound, "calls": len(calls), "steps": sorted(steps.values(), key=lambda step: step["began"]),
    }


def reach(step, milestone):
    """When others may go on."""
    return min(step.get("made", step["ended"]), step["ended"]) if milestone == "id" else step["ended"]


def longest(steps, edges):
    """The longest chain of steps through the program's edges, and its seconds."""
    known = {}

    def until(number):
        """The least seconds from the first step to the start of this one, and who it waits for."""
        if number not in known:
            best = (0.0, None)
            for of, milestone in edges.get(number, ()):
                if of in steps:
                    took = until(of)[0] + reach(steps[of], milestone) - steps[of]["began"]
                    best = max(best, (took, of), key=lambda pair: pair[0])
            known[number] = best
        return known[number]

    last, length = None, 0.0
    for number in sorted(steps):
        whole = until(number)[0] + steps[number]["ended"] - steps[number]["began"]
        if whole > length:
            last, length = number, whole
    chain = []
    while last is not None:
        chain.append(last)
        last = until(last)[1]
    return chain[::-1], length
