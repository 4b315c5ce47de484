#!/usr/bin/env python3
"""Measures stackr, and compares it to Terraform, on a local AWS; writes tables, records and plots to docs/benchmarks/.

    bench/compare.py --stackr target/release/stackr --profile release
    bench/compare.py --suite reference,scale --rounds 3 --minutes 20

Suites:

  reference  base and runtime: apply, empty plan, destroy                         with Terraform
  scale      generated sources of several sizes, the largest also at 80 ms a call  with Terraform
  latency    apply of base at 80 ms a call, against the longest chain of its steps
  slow       base and runtime, up and down, with AWS as slow as the model, against the longest path
  throttled  the largest sources at AWS's published rates
  footprint  start of the program, and its size
  engine     parsing, planning, applying and recording without a cloud

Each round is stackr, then Terraform, each on a copy of its own of an emulator that has loaded all
services, behind a counting proxy of its own. Measured per step:

  wall    seconds from start to end of the command
  CPU     user and system seconds of the command and of all processes it started and waited for
          (Terraform waits for its providers)
  memory  largest sum of the resident sets of the command and its descendants, sampled every 10 ms
  calls   requests that the proxy got

Of the suite `slow`, a round is a process of `stackr-testkit critical`, and several run at once, because
they only wait: about eight minutes for each time that such a process takes the system up and down at
AWS's own pace. Only the first time it has learned no durations, so both are shown apart.

`terraform init` is not measured. Where Terraform is not there, the suites that need it are refused.
What was measured is written after every round; a page says what is missing of it. Nothing that is
started here outlives it. A machine with other work on it is no good for wall times: the load when
each round began is written down.

Needs Linux, Python 3.10, an emulator that `stackr local start` has installed, and `stackr-testkit`
and `scale` (of `stackr-bench`) beside `stackr`. The plots are made with matplotlib, which is
installed once under the cache. TF_PLUGIN_MIRROR names a filesystem mirror with hashicorp/aws;
without it Terraform finds or downloads the provider itself.
"""

import argparse
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent
COMPARING = {"reference", "scale"}


def with_libraries():
    """Goes on in an environment that has the libraries of requirements.txt, made when first needed."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "stackr/bench"
    wanted = (HERE / "requirements.txt").read_text()
    python = cache / "bin/python"
    if pathlib.Path(sys.prefix) == cache:
        return
    noted = cache / "requirements.txt"
    if not noted.exists() or noted.read_text() != wanted:
        venv.create(cache, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
        noted.write_text(wanted)
    os.execv(python, [str(python), *sys.argv])


class Setup:
    """What all suites share."""

    def __init__(self, arguments, scratch):
        from comparison.local import Emulator
        from comparison.tools import Stackr, Terraform, said

        self.scratch = scratch
        self.rounds, self.profile = arguments.rounds, arguments.profile
        self.sizes, self.engine_sizes = arguments.sizes, arguments.engine_sizes
        self.slow_scale, self.slow_rounds = arguments.slow_scale, arguments.slow_rounds
        self.slow_together = arguments.slow_together
        self.documents = arguments.documents
        self.until = time.monotonic() + arguments.minutes * 60 if arguments.minutes else None
        self.stackr = arguments.stackr.resolve()
        beside = lambda name: (arguments.tools or self.stackr.parent).resolve() / name
        self.testkit, self.scale = beside("stackr-testkit"), beside("scale")
        needed = {self.stackr: "stackr-cli"}
        if set(arguments.suite) - {"footprint", "engine"}:
            needed[self.testkit] = "stackr-testkit"
        if "engine" in arguments.suite:
            needed[self.scale] = "stackr-bench"
        for path, package in needed.items():
            if not path.exists():
                sys.exit(f"{path} is not there: cargo build --profile {self.profile} -p {package}")
        self.commit = said(["git", "describe", "--always", "--dirty", "--exclude", "*"]).strip()
        cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
        self.machine = f"{os.cpu_count()} cores ({cpu or platform.machine()}), shared with the emulator"
        self.ours = Stackr(self)
        self.theirs = Terraform(self) if COMPARING & set(arguments.suite) else None
        self.emulator = Emulator(scratch) if needed.get(self.testkit) else None

    def both(self):
        return [self.ours, self.theirs]

    def over(self):
        return self.until is not None and time.monotonic() > self.until

    def keep(self, rounds):
        from comparison import report
        report.write(self, rounds)


def numbers(text):
    return [int(part) for part in text.split(",")]


def arguments():
    from comparison.suites import SUITES

    def suites(text):
        chosen = text.split(",")
        if unknown := set(chosen) - set(SUITES):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: there are {', '.join(SUITES)}")
        return [name for name in SUITES if name in chosen]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--stackr", type=pathlib.Path, default=REPOSITORY / "target/release/stackr", help="the program that is measured")
    add("--tools", type=pathlib.Path, help="where stackr-testkit and scale are; beside stackr if absent")
    add("--profile", default="release", help="the profile it was built with, for the record")
    add("--suite", type=suites, default=list(SUITES), help="names, with commas; all of them if absent")
    add("--rounds", type=int, default=5, help="rounds of each row")
    add("--minutes", type=float, help="start no further round after this time")
    add("--sizes", type=numbers, default=[100, 300, 980], help="about so many resources, with commas")
    add("--engine-sizes", type=numbers, default=[1_000, 10_000, 100_000], help="numbers of objects without a cloud, with commas")
    add("--slow-scale", type=float, default=1, help="how many times faster than AWS its model is")
    add("--slow-rounds", type=int, default=2, help="how often each process of `slow` takes the system up and down")
    add("--slow-together", type=int, default=3, help="processes of `slow` at a time")
    add("--documents", type=pathlib.Path, default=REPOSITORY / "docs/benchmarks", help="where to write")
    return parser.parse_args()


def main():
    sys.path.insert(0, str(HERE))
    given = arguments() if {"-h", "--help"} & set(sys.argv) else None
    with_libraries()
    given = given or arguments()
    from comparison.suites import SUITES, Rounds

    if COMPARING & set(given.suite) and not shutil.which("terraform"):
        sys.exit(f"nothing to compare to: Terraform is not there, and {', '.join(sorted(COMPARING & set(given.suite)))} need it")
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, lambda number, _: sys.exit(128 + number))
    given.documents.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stackr-bench-") as scratch:
        setup = Setup(given, pathlib.Path(scratch))
        try:
            for name in given.suite:
                rounds = Rounds(setup, name)
                SUITES[name](setup, rounds)
                setup.keep(rounds)
                print(f"{given.documents / name}.md", flush=True)
        finally:
            if setup.emulator:
                setup.emulator.close()


if __name__ == "__main__":
    main()
