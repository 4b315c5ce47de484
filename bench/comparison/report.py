"""The documents of a suite: a record as JSON, a page with tables, plots. Nothing is in them that was not measured."""

import json
import statistics

from . import plots, public

NOTES = "<!-- notes -->"
COLUMNS = [("wall", "wall, s", 2), ("cpu", "CPU, s", 2), ("memory", "memory, MB", 0), ("calls", "API calls", 0)]

TITLES = {
    "reference": ("The reference system", "`stacks/base` and `stacks/runtime` with `env/dev.tfvars`, on the local AWS."),
    "scale": (
        "Many resources",
        "Generated sources: networks, groups and their rules, log groups, roles and policies, records, target groups, image\n"
        "repositories, addresses, every block written out ([bench/comparison/sources.py](../../bench/comparison/sources.py)).",
    ),
    "latency": (
        "The longest chain",
        "Apply of `stacks/base` with 80 ms added to every call. The bound is what passes before the first and after the last\n"
        "step, and between them the longest chain of steps that wait for each other, each as long as it took in the same run.",
    ),
    "slow": (
        "AWS as slow as it is",
        "Base and runtime up and down with a model of AWS's own times before the emulator (`stackr-testkit times` lists them with\n"
        "their sources). The bound is the longest path through the declared edges of the program under these times alone: no\n"
        "schedule of that program is shorter.",
    ),
    "throttled": (
        "At AWS's published rates",
        "The largest sources of the scale suite through a proxy that answers what exceeds AWS's published rates with the\n"
        "service's own error. stackr takes the endpoint for AWS: it keeps to rates, and waits as it does there.",
    ),
    "footprint": ("The program", "From the start of `stackr version` to its end, and the size of the stripped program."),
    "engine": (
        "Without a cloud",
        "Parsing, planning, applying (to a cloud that answers from memory, in the same process) and recording, by the number of\n"
        "objects. CPU is of the phase; memory is the peak of the process so far.",
    ),
}


def number(value, digits):
    return "–" if value is None else f"{value:,.{digits}f}"


def compared(rounds):
    """Every step as ours / theirs and how many times less ours is."""
    lines = ["| work | n | " + " | ".join(title for _, title, _ in COLUMNS) + " |", "| --- " * (len(COLUMNS) + 2) + "|"]
    for row in rounds.rows():
        for step in rounds.steps(row):
            cells = []
            for what, _, digits in COLUMNS:
                ours, theirs = (rounds.median(row, step, tool, what) for tool in ("stackr", "Terraform"))
                cell = f"{number(ours, digits)} / {number(theirs, digits)}"
                cells.append(cell + (f" (**{theirs / ours:.1f}×**)" if ours and theirs else ""))
            n = "/".join(str(len(rounds.values(row, step, tool, "wall"))) for tool in ("stackr", "Terraform"))
            name = step if len(rounds.rows()) == 1 else f"{row}: {step}"
            lines.append(f"| {name} | {n} | {' | '.join(cells)} |")
    return [
        *lines, "", "Every cell is stackr / Terraform, medians of n rounds, and how many times less stackr takes.", "",
        "## Spread", "", "Least and most of the rounds.", "",
        "| work | tool | wall, s | CPU, s | memory, MB | API calls | before the first call, s | a call under way, s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *spread(rounds),
    ]


def spread(rounds):
    for row in rounds.rows():
        for step in rounds.steps(row):
            for tool in ("stackr", "Terraform"):
                if not rounds.values(row, step, tool, "wall"):
                    continue
                cells = []
                for what, digits in [*((what, digits) for what, _, digits in COLUMNS), ("before", 2), ("busy", 2)]:
                    values = rounds.values(row, step, tool, what)
                    low, high = number(min(values), digits), number(max(values), digits)
                    cells.append(low if low == high else f"{low} – {high}")
                name = step if len(rounds.rows()) == 1 else f"{row}: {step}"
                yield f"| {name} | {tool} | {' | '.join(cells)} |"


def calls(rounds):
    """What was called, in the last round of each row."""
    yield from ["", "## The calls", "", "Of the last round.", ""]
    for row in rounds.rows():
        for step in rounds.steps(row):
            yield from [f"{row}: {step}", ""]
            for tool in ("stackr", "Terraform"):
                if found := rounds.values(row, step, tool, "operations"):
                    yield f"- {tool}: " + ", ".join(f"{what} {count}" for what, count in found[-1].items())
            yield ""


def latency(rounds):
    (row,) = rounds.rows()
    median = lambda what: rounds.median(row, "apply base", "stackr", what)
    found = rounds.extra["gantt base"]
    yield from [
        "| n | wall, s | bound, s | wall / bound | API calls |", "| --- | --- | --- | --- | --- |",
        f"| {len(rounds.values(row, 'apply base', 'stackr', 'wall'))} | {median('wall'):.2f} | {median('bound'):.2f} "
        f"| **{median('ratio'):.2f}** | {median('calls'):.0f} |", "",
        "The chain of the last round, in seconds after the first step could start:", "",
        "| step | began | took |", "| --- | --- | --- |",
    ]
    for step in found["steps"]:
        if step.get("critical"):
            yield f"| {step['verb']} `{step['address']}` | {step['began']:.2f} | {step['ended'] - step['began']:.2f} |"


TARGET = 1.05
LEARNING = {
    "nothing learned": "The first round of each process, as a first deployment is: how long things take is not known.",
    "durations learned": (
        "The later rounds of the same processes, as every later deployment is: the state says how long each object took\n"
        "before, and it is looked for by that."
    ),
}


def slow(rounds):
    scale, processes = rounds.extra["scale"], len({record["process"] for record in rounds.records})
    pace = "AWS's own pace" if scale == 1 else f"1:{scale:g}, seconds of the model divided by {scale:g}"
    yield f"At {pace}. {processes} processes, each with an emulator and a state of its own. An apply ends when everything can"
    yield "be used (`--until ready`)."
    for row in rounds.rows():
        yield from ["", f"## {row.capitalize()}", "", LEARNING[row], ""]
        yield from ["| phase | n | wall, s | bound, s | wall / bound | API calls |", "| --- " * 6 + "|"]
        for step in rounds.steps(row):
            walls, ratios, calls = (rounds.values(row, step, "stackr", what) for what in ("wall", "ratio", "calls"))
            bound = number(rounds.median(row, step, "stackr", "bound"), 2)
            yield (
                f"| {step} | {len(walls)} | {spanned(walls, 2)} | {bound} "
                f"| **{statistics.median(ratios):.3f}** ({min(ratios):.3f} – {max(ratios):.3f}) | {spanned(calls, 0)} |"
            )
        missed = [step for step in rounds.steps(row) if rounds.median(row, step, "stackr", "ratio") > TARGET]
        kept = f"missed by {', '.join(missed)}" if missed else "kept by all"
        yield from ["", f"Medians, with the least and the most. The target is wall / bound of at most {TARGET}: {kept}."]
    yield from published(rounds, scale)
    if "gantt base" in rounds.extra:
        yield from ["", "## An apply of base", "", "One more, not among the rounds, with nothing learned."]


def spanned(values, digits):
    """The median, with least and most where these differ."""
    low, high = number(min(values), digits), number(max(values), digits)
    return low if low == high else f"{number(statistics.median(values), digits)} ({low} – {high})"


def published(rounds, scale):
    """What is published of other tools, beside the phases of ours whose slow parts are the same."""
    row = rounds.rows()[0]
    at = "" if scale == 1 else f" and is divided by {scale:g} here"
    yield from [
        "", "## Beside published times", "",
        f"What others publish was measured on AWS itself{at}; ours is of the model, medians of the rounds with {row}.",
        "The model's times for NAT gateways, load balancers and services are those of the first source below. The systems are not",
        "the same, and the table says in what: it shows the order of what is waited for, not who is faster.",
        public.ABSENT, "",
        "| system | published, s | ours | measured, s | bound, s | not the same | source |", "| --- " * 7 + "|",
    ]
    for one in public.ALL:
        theirs = ", ".join(f"{tool} {number(seconds / scale, 1)}" for tool, seconds in one.seconds.items())
        wall, bound = (number(together(rounds, row, one.phases, what), 1) for what in ("wall", "bound"))
        yield (
            f"| {one.verb}: {one.system} | {theirs} | {' and '.join(one.phases)} | {wall} | {bound} "
            f"| {one.differs} | {one.source} |"
        )


def together(rounds, row, phases, what):
    """The median of the sums of phases, of the processes that have them all."""
    sums = {}
    for record in rounds.records:
        if record["row"] == row and record["step"] in phases:
            sums.setdefault(record["process"], {})[record["step"]] = record[what]
    whole = [sum(found.values()) for found in sums.values() if len(found) == len(phases)]
    return statistics.median(whole) if whole else None


def throttled(rounds):
    yield from ["| work | n | wall, s | CPU, s | API calls | refused |", "| --- " * 6 + "|"]
    for row in rounds.rows():
        for step in rounds.steps(row):
            median = lambda what, digits: number(rounds.median(row, step, "stackr", what), digits)
            n = len(rounds.values(row, step, "stackr", "wall"))
            yield f"| {row}: {step} | {n} | {median('wall', 1)} | {median('cpu', 2)} | {median('calls', 0)} | {median('refused', 0)} |"
    if len(rounds.rows()) == 2:
        free, limited = (
            sum(rounds.median(row, step, "stackr", "calls") for step in rounds.steps(row)) for row in rounds.rows()
        )
        yield from ["", f"All calls at the rates / all calls without limits: {limited:,.0f} / {free:,.0f} = **{limited / free:.2f}**."]


def footprint(rounds):
    walls = [wall * 1000 for wall in rounds.values("start", "version", "stackr", "wall")]
    cpu, memory = (rounds.median("start", "version", "stackr", what) for what in ("cpu", "memory"))
    median = rounds.median("start", "version", "stackr", "wall") * 1000
    yield from [
        "| what | measured |", "| --- | --- |",
        f"| `stackr version`, wall, median of {len(walls)} | {median:.1f} ms ({min(walls):.1f} – {max(walls):.1f}) |",
        f"| CPU | {cpu * 1000:.1f} ms |", f"| memory | {memory:.1f} MB |",
        f"| the program, stripped | {rounds.extra['bytes'] / 1e6:.1f} MB |",
    ]


def engine(rounds):
    sizes = sorted(rounds.rows(), key=int)
    yield from ["| phase | " + " | ".join(f"{int(size):,}" for size in sizes) + " |", "| --- " * (len(sizes) + 1) + "|"]
    for step in rounds.steps(sizes[0]):
        cells = [
            f"{rounds.median(size, step, 'stackr', 'cpu'):.3f} s, {rounds.median(size, step, 'stackr', 'memory'):,.0f} MB"
            if rounds.values(size, step, "stackr", "cpu") else "–"
            for size in sizes
        ]
        yield f"| {step} | {' | '.join(cells)} |"


TABLES = {"latency": latency, "slow": slow, "throttled": throttled, "footprint": footprint, "engine": engine}


def page(setup, rounds):
    """The text of a suite's page."""
    title, about = TITLES[rounds.suite]
    flags = f"--suite {rounds.suite} --rounds {setup.rounds} --profile {setup.profile}{rounds.flags}"
    lines = [
        f"# {title}", "", about, "", "```sh", f"bench/compare.py --stackr PATH {flags}", "```", "",
        f"- {setup.ours.version}, commit `{setup.commit}`, profile `{setup.profile}`",
    ]
    compares = any(record["tool"] == "Terraform" for record in rounds.records)
    if compares:
        lines.append(f"- {setup.theirs.version}")
    loads = ", ".join(f"{load:.1f}" for load in rounds.loads)
    lines += [f"- {setup.machine}; load when the rounds began: {loads}", ""]
    if rounds.missing:
        lines += ["**Not complete:**", "", *(f"- {what}" for what in rounds.missing), ""]
    own = TABLES.get(rounds.suite)
    lines += own(rounds) if own else compared(rounds)
    lines += ["", *(f"![{name}]({rounds.suite}-{name}.svg)" for name in plots.draw(setup.documents, rounds))]
    if compares:
        lines += calls(rounds)
    return "\n".join(lines).rstrip() + "\n"


def write(setup, rounds):
    """Writes what there is. What stands in the page from the line `<!-- notes -->` on is left."""
    if not rounds.records:
        return
    record = {
        "suite": rounds.suite, "commit": setup.commit, "profile": setup.profile, "machine": setup.machine,
        "stackr": setup.ours.version, "terraform": setup.theirs.version if setup.theirs else None,
        "loads": rounds.loads, "missing": rounds.missing, "extra": rounds.extra, "records": rounds.records,
    }
    (setup.documents / f"{rounds.suite}.json").write_text(json.dumps(record, indent=1) + "\n")
    path = setup.documents / f"{rounds.suite}.md"
    _, mark, notes = path.read_text().partition(NOTES) if path.exists() else ("", "", "")
    path.write_text(page(setup, rounds) + ("\n" + mark + notes if mark else ""))
