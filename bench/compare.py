#!/usr/bin/env python3
"""Compares stackr to Terraform on the reference system (stacks/, env/dev.tfvars), on a local AWS.

    bench/compare.py --stackr target/release/stackr --profile release [--rounds 3] [--write]

Each round is stackr, then Terraform, each on an emulator of its own that has just been started:
apply base, apply runtime, plan both (they have to be empty), destroy runtime, destroy base.
Measured per step, medians over the rounds:

  wall      seconds from start to end of the command
  CPU       user and system seconds of the command and of all processes it started and waited for
            (Terraform waits for its providers)
  memory    largest sum of the resident sets of the command and its descendants, sampled every
            10 ms; beside it the largest single process, as the kernel counted it
  calls     requests that the emulator got, counted in the emulator
  emulator  part of the wall time in which the emulator was at work on at least one request

`--write` puts the tables into docs/benchmarks/reference.md, and leaves what stands there from the line
`<!-- notes -->` on; otherwise they are printed only. A machine with other work on it is no good for
this: the load when each round began is written down.
`terraform init` is not measured. TF_PLUGIN_MIRROR names a filesystem mirror with hashicorp/aws;
without it Terraform finds or downloads the provider itself. Needs Linux, and an emulator that
`stackr local start` has installed.
"""

import argparse
import collections
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
SERVE = REPOSITORY / "crates/stackr-local/src/serve.py"
DOCUMENT = REPOSITORY / "docs/benchmarks/reference.md"
NOTES = "<!-- notes -->"
ENVIRONMENT = "dev"

# Runs the emulator's own start-up program, and notes when each request came, when it was answered, and what it was.
RECORDER = r"""
import io, re, runpy, sys, threading, time
from moto.moto_server import werkzeug_app

requests, lock = open(sys.argv[1], "a", buffering=1), threading.Lock()
answer = werkzeug_app.DomainDispatcherApplication.__call__

def name(environ, body):
    signed = re.search(r"Credential=[^/]*/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    service = signed.group(1) if signed else "-"
    action = environ.get("HTTP_X_AMZ_TARGET", "").rsplit(".", 1)[-1]
    if not action:
        found = re.search(rb"(?:^|&)Action=(\w+)", body)
        action = found.group(1).decode() if found else environ["REQUEST_METHOD"]
    return service + ":" + action

def recorded(self, environ, start_response):
    began = time.monotonic()
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    status = []
    def start(line, *rest):
        status.append(line.split()[0])
        return start_response(line, *rest)
    try:
        return answer(self, environ, start)
    finally:
        with lock:
            requests.write(f"{began} {time.monotonic()} {name(environ, body)} {''.join(status[-1:]) or '-'}\n")

werkzeug_app.DomainDispatcherApplication.__call__ = recorded
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Emulator:
    """A local AWS that counts; gone at the end of `with`."""

    def __init__(self, scratch):
        self.requests = scratch / "requests"
        self.log = scratch / "emulator.log"

    def __enter__(self):
        made = installation()
        environment = {
            **os.environ,
            "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
            "MOTO_ACM_VALIDATION_WAIT": "1",
            "MOTO_ECS_SERVICE_RUNNING": "2",
        }
        if made.get("packages"):
            environment["PYTHONPATH"] = made["packages"]
        self.requests.write_text("")
        command = [made["python"], "-c", RECORDER, self.requests, SERVE]
        log = self.log.open("w")
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
        port = self.process.stdout.readline().strip()
        if not port:
            sys.exit(f"the emulator does not start:\n{self.log.read_text()}")
        self.endpoint = f"http://127.0.0.1:{port}"
        # It loads each service at the first call: that is nobody's time.
        look = [made["python"], REPOSITORY / "tests/parity/inventory.py", "--endpoint", self.endpoint, "--region", "us-west-2"]
        subprocess.run(look, env=environment, stdout=subprocess.DEVNULL, check=True)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def since(self, began):
        """The requests since then: when they came, when they were answered, what they were."""
        lines = (line.split() for line in self.requests.read_text().splitlines())
        return [(float(a), float(b), what, status) for a, b, what, status in lines if float(a) >= began]


def installation():
    """Where `stackr local start` has put the emulator."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    found = sorted((cache / "stackr/local").glob("moto-*/complete.json"))
    if not found:
        sys.exit("the emulator is not installed: run `stackr local start` once, and `stackr local stop`")
    return json.loads(found[-1].read_text())


def tree_rss(pid):
    """Bytes in memory of a process and its descendants."""
    total, todo = 0, [pid]
    while todo:
        process = todo.pop()
        try:
            with open(f"/proc/{process}/statm") as file:
                total += int(file.read().split()[1])
            for thread in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{thread}/children") as file:
                    todo += map(int, file.read().split())
        except (OSError, IndexError):
            pass  # It has ended meanwhile.
    return total * os.sysconf("SC_PAGE_SIZE")


def run(emulator, command, directory, environment, expect=0):
    """Runs a command and measures it."""
    output = tempfile.TemporaryFile()
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
    )
    peak, done = 0, threading.Event()

    def sample():
        nonlocal peak
        while not done.wait(0.01):
            peak = max(peak, tree_rss(process.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    done.set()
    sampler.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != expect:
        output.seek(0)
        text = output.read().decode(errors="replace")
        sys.exit(f"{' '.join(map(str, command))}\nended with {process.returncode}, not {expect}:\n{text}")
    requests = emulator.since(began)
    return {
        "wall": wall,
        "user": usage.ru_utime,
        "system": usage.ru_stime,
        "cpu": usage.ru_utime + usage.ru_stime,
        "tree": max(peak, usage.ru_maxrss * 1024) / 2**20,
        "largest": usage.ru_maxrss / 2**10,
        "calls": len(requests),
        "emulator": busy(requests),
        "before": min((a for a, *_ in requests), default=began) - began,
        "operations": collections.Counter(what for _, _, what, _ in requests),
    }


def busy(requests):
    """Seconds in which at least one request was being answered."""
    total, until = 0.0, 0.0
    for began, ended, *_ in sorted(requests):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total


STEPS = ["apply base", "apply runtime", "plan base, empty", "plan runtime, empty", "destroy runtime", "destroy base"]


class Stackr:
    name = "stackr"

    def __init__(self, scratch, binary):
        self.scratch, self.binary = scratch, binary
        self.version = said([binary, "version"]).splitlines()[0]

    def round(self, emulator):
        state = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))

        def step(text, *arguments):
            command = [self.binary, "--env", ENVIRONMENT, "--state", state, *arguments]
            return text, run(emulator, command, REPOSITORY, environment(emulator))

        return dict([
            step(STEPS[0], "apply", "base", "-y"),
            step(STEPS[1], "apply", "runtime", "-y"),
            step(STEPS[2], "plan", "base", "--detailed-exitcode"),
            step(STEPS[3], "plan", "runtime", "--detailed-exitcode"),
            step(STEPS[4], "destroy", "runtime", "-y"),
            step(STEPS[5], "destroy", "base", "-y"),
        ])


class Terraform:
    name = "Terraform"

    def __init__(self, scratch):
        self.work = scratch / "terraform"
        subprocess.run([REPOSITORY / "tests/parity/terraform.sh", "prepare", self.work], check=True)
        self.settings = self.work / "terraform.rc"
        for stack in ("base", "runtime"):
            command = ["terraform", "init", "-no-color", "-input=false"]
            done = subprocess.run(
                command, cwd=self.work / "stacks" / stack, env=self.with_settings(os.environ), capture_output=True, text=True
            )
            if done.returncode != 0:
                sys.exit(f"nothing to compare to: terraform init fails (TF_PLUGIN_MIRROR?):\n{done.stderr}")
        lines = said(["terraform", "version"], self.work / "stacks/base", self.with_settings(os.environ)).splitlines()
        self.version = ", ".join(line.removeprefix("+ provider registry.terraform.io/") for line in lines[:1] + [
            line for line in lines if line.startswith("+")
        ])

    def with_settings(self, environment):
        return {**environment, "TF_CLI_CONFIG_FILE": str(self.settings), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}

    def round(self, emulator):
        settings = {**self.with_settings(environment(emulator)), "TF_WORKSPACE": ENVIRONMENT}
        values = f"-var-file=../../env/{ENVIRONMENT}.tfvars"

        def step(text, stack, *arguments):
            command = ["terraform", *arguments, "-no-color", "-input=false", "-compact-warnings", values]
            return text, run(emulator, command, self.work / "stacks" / stack, settings)

        for stack in ("base", "runtime"):
            shutil.rmtree(self.work / "stacks" / stack / "terraform.tfstate.d", ignore_errors=True)
        return dict([
            step(STEPS[0], "base", "apply", "-auto-approve"),
            step(STEPS[1], "runtime", "apply", "-auto-approve"),
            step(STEPS[2], "base", "plan", "-detailed-exitcode"),
            step(STEPS[3], "runtime", "plan", "-detailed-exitcode"),
            step(STEPS[4], "runtime", "destroy", "-auto-approve"),
            step(STEPS[5], "base", "destroy", "-auto-approve"),
        ])


def environment(emulator):
    """The caller's environment, without what would direct a tool elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "STACKR_"))}
    return {
        **kept,
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def said(command, directory=REPOSITORY, environment=None):
    return subprocess.run(command, cwd=directory, env=environment, check=True, capture_output=True, text=True).stdout


def median(rounds, step, what):
    return statistics.median(one[step][what] for one in rounds)


def document(tools, results, loads, arguments):
    stackr, terraform = tools
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    lines = [
        "# The reference system: stackr and Terraform",
        "",
        f"`stacks/base` and `stacks/runtime` with `env/{ENVIRONMENT}.tfvars`, against the local AWS; medians of {arguments.rounds} rounds,",
        "stackr and Terraform in turn, a freshly started emulator for each.",
        "",
        "```sh",
        f"bench/compare.py --stackr PATH --profile {arguments.profile} --rounds {arguments.rounds} --write",
        "```",
        "",
        f"- {stackr.version}, profile `{arguments.profile}`",
        f"- {terraform.version}",
        f"- {os.cpu_count()} cores ({cpu or platform.machine()}), shared with the emulator; load when the rounds began: "
        + ", ".join(f"{load:.1f}" for load in loads),
        "",
        "Every cell is stackr / Terraform, and how many times less stackr takes.",
        "",
        "| step | wall, s | CPU, s | memory, MB | API calls |",
        "| --- | --- | --- | --- | --- |",
    ]
    columns = [("wall", 2), ("cpu", 2), ("tree", 0), ("calls", 0)]

    def row(step, pairs):
        cells = [f"{a:.{digits}f} / {b:.{digits}f} (**{b / a:.1f}×**)" for (a, b), (_, digits) in zip(pairs, columns)]
        return f"| {step} | {' | '.join(cells)} |"

    for step in STEPS:
        lines.append(row(step, [[median(results[t.name], step, what) for t in tools] for what, _ in columns]))
    sums = []
    for what, _ in columns:
        over = max if what == "tree" else sum
        sums.append([statistics.median(over(one[s][what] for s in STEPS) for one in results[t.name]) for t in tools])
    lines += [
        row("**all**", sums),
        "",
        "*Memory* is the largest sum of the resident sets of the command and all its descendants (Terraform runs its provider as",
        "a process), *CPU* is user and system time of the same, *API calls* are counted in the emulator. `terraform init` is not in it.",
        "",
        "## Where the time goes",
        "",
        "Of each step's wall time: until the first request, and with the emulator at work on at least one request. The rest is the",
        "tool's own work and its waiting between polls.",
        "",
        "| step | tool | wall, s | before the first call, s | emulator at work, s | user + system, s | largest process, MB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for step in STEPS:
        for tool in tools:
            m = lambda what: median(results[tool.name], step, what)
            lines.append(
                f"| {step} | {tool.name} | {m('wall'):.2f} | {m('before'):.2f} | {m('emulator'):.2f} "
                f"| {m('user'):.2f} + {m('system'):.2f} | {m('largest'):.0f} |"
            )
    lines += ["", "Single rounds, wall seconds:", "", "| step | stackr | Terraform |", "| --- | --- | --- |"]
    for step in STEPS:
        cells = [", ".join(f"{one[step]['wall']:.2f}" for one in results[t.name]) for t in tools]
        lines.append(f"| {step} | {' | '.join(cells)} |")
    lines += ["", "## The calls", "", "Of the last round.", ""]
    for step in STEPS:
        lines += [f"{step}:", ""]
        for tool in tools:
            counts = sorted(results[tool.name][-1][step]["operations"].items(), key=lambda item: (-item[1], item[0]))
            lines.append(f"- {tool.name}: " + ", ".join(f"{what} {count}" for what, count in counts))
        lines.append("")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stackr", required=True, type=pathlib.Path, help="the binary")
    parser.add_argument("--profile", required=True, help="the cargo profile that it was built with, for the record")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/reference.md")
    parser.add_argument("--keep", type=pathlib.Path, help="write all figures to this JSON file")
    arguments = parser.parse_args()
    if not shutil.which("terraform"):
        sys.exit("nothing to compare to: terraform is not installed")

    with tempfile.TemporaryDirectory() as directory:
        scratch = pathlib.Path(directory)
        tools = [Stackr(scratch, arguments.stackr.resolve()), Terraform(scratch)]
        results, loads = collections.defaultdict(list), []
        for number in range(1, arguments.rounds + 1):
            loads.append(os.getloadavg()[0])
            for tool in tools:
                with Emulator(scratch) as emulator:
                    results[tool.name].append(tool.round(emulator))
                steps = " ".join(f"{results[tool.name][-1][step]['wall']:.1f}" for step in STEPS)
                print(f"round {number}, {tool.name}: {steps} s", file=sys.stderr)
    if arguments.keep:
        arguments.keep.write_text(json.dumps(results, indent=1))
    text = document(tools, results, loads, arguments)
    if arguments.write:
        notes = DOCUMENT.read_text().partition(NOTES)[2] if DOCUMENT.exists() else ""
        DOCUMENT.write_text(f"{text}\n{NOTES}{notes}" if notes else text)
    else:
        print(text)


if __name__ == "__main__":
    main()
