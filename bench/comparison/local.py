"""The local AWS that is measured against: a warm emulator, copies of it, and the counting proxy before each copy.

Everything that is started here ends with this process, however it ends: the emulator and its copies when their standard
input does, the others by the signal that Linux sends when a parent dies; the commands by process group.
"""

import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SERVE = REPOSITORY / "crates/stackr-local/src/serve.py"
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """Runs in a child, before the command does."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def installation():
    """Where `stackr local start` has put the emulator."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    found = sorted((cache / "stackr/local").glob("moto-*/complete.json"))
    if not found:
        sys.exit("the emulator is not installed: run `stackr local start` once, and `stackr local stop`")
    return json.loads(found[-1].read_text())


TAGS = """
import boto3, sys
access = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-west-2"}
boto3.client("resourcegroupstaggingapi", endpoint_url=sys.argv[1], **access).get_resources()
"""


class Emulator:
    """An emulator that has answered every service once, to be copied: loading a service is nobody's time."""

    def __init__(self, scratch):
        self.log = (scratch / "emulator.log").open("w+")
        made = installation()
        environment = {
            **os.environ,
            "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
            "MOTO_ACM_VALIDATION_WAIT": "1",
            "MOTO_ECS_SERVICE_RUNNING": "2",
            "PYTHONDONTWRITEBYTECODE": "1",  # It runs from among the sources.
        }
        if made.get("packages"):
            environment["PYTHONPATH"] = made["packages"]
        self.process = subprocess.Popen(
            [made["python"], SERVE, "--forkable"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
            start_new_session=True,
        )
        port = self.process.stdout.readline().strip()
        if not port:
            self.log.seek(0)
            sys.exit(f"the emulator does not start:\n{self.log.read()}")
        self.endpoint = f"http://127.0.0.1:{port}"
        look = [made["python"], REPOSITORY / "tests/parity/inventory.py", "--endpoint", self.endpoint, "--region", "us-west-2"]
        subprocess.run(look, env=environment, stdout=subprocess.DEVNULL, check=True)
        # The inventory does not ask for tags of all services together.
        subprocess.run([made["python"], "-c", TAGS, self.endpoint], env=environment, check=True)

    def copy(self):
        """The port and the process of a copy that is as new as this."""
        with urllib.request.urlopen(f"{self.endpoint}/stackr-api/fork", data=b"") as answer:
            port, _ = answer.read().split()
        return f"http://127.0.0.1:{int(port)}"

    def close(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.log.close()


class Cloud:
    """A copy of the emulator behind a proxy of its own, which counts; gone at the end of `with`.

    `address` 127.0.0.2 makes stackr take it for an AWS that is not on this machine, and keep to its rates.
    """

    def __init__(self, setup, flags=(), address="127.0.0.1"):
        self.setup, self.flags, self.address = setup, list(flags), address

    def __enter__(self):
        self.upstream = self.setup.emulator.copy()
        self.log = self.setup.scratch / "calls"
        command = [self.setup.testkit, "proxy", "--upstream", self.upstream, "--listen", f"{self.address}:0"]
        self.process = subprocess.Popen(
            [*command, "--log", self.log, *self.flags],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            start_new_session=True, preexec_fn=die_with_parent,
        )
        self.endpoint = self.process.stderr.readline().strip()
        # The proxy's clock begins with its answer.
        self.began = time.monotonic()
        if not self.endpoint.startswith("http://"):
            sys.exit(f"the proxy does not start: {self.endpoint}{self.process.stderr.read()}")
        self.read = 0
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()
        try:
            with urllib.request.urlopen(f"{self.upstream}/stackr-api/end", data=b"", timeout=5):
                pass
        except OSError:
            pass  # It ends with the emulator at the latest.

    def calls(self):
        """The calls since the last time: when each came and was answered (monotonic), what, with which outcome."""
        with self.log.open("rb") as log:
            log.seek(self.read)
            text = log.read()
        whole = text.rpartition(b"\n")[0]
        self.read += len(whole) + 1 if whole else 0
        found = []
        for line in whole.splitlines():
            call = json.loads(line)
            ended = self.began + call["at"] / 1000
            found.append((ended - call["ms"] / 1000, ended, call["call"], call["outcome"]))
        return found

    def environment(self):
        """The caller's environment, without what would direct a tool elsewhere."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "STACKR_"))}
        return {
            **kept,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": "us-west-2",
        }
