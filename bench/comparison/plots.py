"""The plots of a suite, as SVG that is equal for equal figures."""

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({
    "svg.hashsalt": "stackr", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.alpha": 0.3, "figure.constrained_layout.use": True,
})

import matplotlib.pyplot as plt

COLOURS = {"stackr": "#c2410c", "Terraform": "#6d5bd0"}


def save(figure, directory, rounds, name):
    figure.savefig(directory / f"{rounds.suite}-{name}.svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    return name


def draw(directory, rounds):
    """Draws what can be drawn from these rounds, and gives the names."""
    return list({"reference": reference, "scale": scale, "latency": gantts, "slow": gantts, "engine": engine}.get(
        rounds.suite, lambda *_: ()
    )(directory, rounds))


def tools(rounds):
    return [tool for tool in COLOURS if any(record["tool"] == tool for record in rounds.records)]


def bars(directory, rounds, row, what, name, label):
    steps = rounds.steps(row)
    figure, axes = plt.subplots(figsize=(7, 0.42 * len(steps) + 0.9))
    shown = tools(rounds)
    for n, tool in enumerate(shown):
        places = [i + (n - (len(shown) - 1) / 2) * 0.38 for i in range(len(steps))]
        drawn = axes.barh(places, [rounds.median(row, step, tool, what) or 0 for step in steps], 0.36, label=tool, color=COLOURS[tool])
        axes.bar_label(drawn, fmt=lambda value: f" {value:,.1f}" if value < 10 else f" {value:,.0f}")
    axes.set_yticks(range(len(steps)), steps)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(label)
    axes.legend(frameon=False)
    return save(figure, directory, rounds, name)


def reference(directory, rounds):
    for row in rounds.rows():
        yield bars(directory, rounds, row, "wall", "time", "wall, s")
        yield bars(directory, rounds, row, "calls", "calls", "API calls")
        yield bars(directory, rounds, row, "memory", "memory", "peak memory, MB")
    yield from gantts(directory, rounds)


def scale(directory, rounds):
    plain = [row for row in rounds.rows() if row.endswith("resources")]
    sizes = [int(row.split()[0]) for row in plain]
    if len(sizes) > 1:
        for what, label in [("wall", "wall, s"), ("calls", "API calls"), ("memory", "peak memory, MB")]:
            steps = rounds.steps(plain[0])
            figure, all_axes = plt.subplots(1, len(steps), figsize=(9, 2.8))
            for axes, step in zip(all_axes, steps):
                for tool in tools(rounds):
                    axes.plot(sizes, [rounds.median(row, step, tool, what) for row in plain], "o-", label=tool, color=COLOURS[tool])
                axes.set_title(step)
                axes.set_xlabel("resources")
                axes.set_ylim(bottom=0)
            all_axes[0].set_ylabel(label)
            all_axes[0].legend(frameon=False)
            yield save(figure, directory, rounds, {"wall": "time"}.get(what, what))
    for row in rounds.rows():
        if row not in plain:
            yield bars(directory, rounds, row, "wall", "latency-time", f"wall, s, {row}")


def gantts(directory, rounds):
    for name, found in rounds.extra.items():
        if name.startswith("gantt "):
            yield gantt(directory, rounds, name.replace(" ", "-"), found)


def gantt(directory, rounds, name, found):
    """Steps over time; those of the longest chain in colour, what is waited for after an object is made lighter."""
    steps = found["steps"]
    figure, axes = plt.subplots(figsize=(9, 0.19 * len(steps) + 0.9))
    for place, step in enumerate(steps):
        colour = COLOURS["stackr"] if step.get("critical") else "#8a8f98"
        made = min(step.get("made", step["ended"]), step["ended"])
        axes.barh(place, made - step["began"], 0.7, left=step["began"], color=colour)
        axes.barh(place, step["ended"] - made, 0.7, left=made, color=colour, alpha=0.45)
    axes.set_xlim(left=0)
    axes.set_yticks(range(len(steps)), [f"{step['verb']} {step['address']}" for step in steps], fontsize=6.5)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("seconds after the run began; the longest chain in colour, waiting for AWS lighter")
    return save(figure, directory, rounds, name)


def engine(directory, rounds):
    sizes = sorted(rounds.rows(), key=int)
    if len(sizes) < 2:
        return
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    for step in rounds.steps(sizes[0]):
        if not step.startswith("("):
            have = [size for size in sizes if rounds.values(size, step, "stackr", "cpu")]
            left.loglog([int(s) for s in have], [max(rounds.median(s, step, "stackr", "cpu"), 1e-3) for s in have], "o-", label=step)
    peak = [max(r["memory"] for r in rounds.records if r["row"] == size) for size in sizes]
    right.loglog([int(size) for size in sizes], peak, "o-", color=COLOURS["stackr"])
    left.set_ylabel("CPU, s")
    right.set_ylabel("peak memory of all phases, MB")
    for axes in (left, right):
        axes.set_xlabel("objects")
    left.legend(frameon=False, fontsize=7)
    yield save(figure, directory, rounds, "growth")
