"""The two tools, as commands on a directory."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from .local import REPOSITORY
from .measure import run

ENVIRONMENT = "dev"


def said(command, directory=REPOSITORY, environment=None):
    return subprocess.run(command, cwd=directory, env=environment, check=True, capture_output=True, text=True).stdout


class Stackr:
    name = "stackr"

    def __init__(self, setup):
        self.setup, self.binary = setup, setup.stackr
        self.version = said([self.binary, "version"]).splitlines()[0]

    def reference(self, cloud):
        """A function that does one thing to one of the reference stacks."""
        state = pathlib.Path(tempfile.mkdtemp(dir=self.setup.scratch))
        return lambda what, stack, *flags: self.call(cloud, REPOSITORY, ["--env", ENVIRONMENT], state, what, stack, flags)

    def directory(self, cloud, directory):
        """A function that does one thing to a directory of sources."""
        state = pathlib.Path(tempfile.mkdtemp(dir=self.setup.scratch))
        return lambda what, *flags: self.call(cloud, directory, [], state, what, ".", flags)

    def call(self, cloud, directory, where, state, what, stack, flags):
        given = {"apply": ["-y"], "destroy": ["-y"], "plan": ["--detailed-exitcode"], "first plan": []}[what]
        command = [self.binary, *where, "--state", state, *flags, what.removeprefix("first "), stack, *given]
        return run(command, directory, cloud.environment(), cloud)


class Terraform:
    name = "Terraform"

    def __init__(self, setup):
        self.work = setup.scratch / "terraform"
        subprocess.run([REPOSITORY / "tests/parity/terraform.sh", "prepare", self.work], check=True)
        self.settings = {
            "TF_CLI_CONFIG_FILE": str(self.work / "terraform.rc"), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1",
        }
        for stack in ("base", "runtime"):
            self.init(self.work / "stacks" / stack)
        lines = said(["terraform", "version"], self.work / "stacks/base").splitlines()
        self.version = ", ".join([lines[0], *(line.split("/", 1)[-1] for line in lines if line.startswith("+"))])

    def init(self, directory):
        done = subprocess.run(
            ["terraform", "init", "-no-color", "-input=false"],
            cwd=directory, env={**os.environ, **self.settings}, capture_output=True, text=True,
        )
        if done.returncode != 0:
            sys.exit(f"nothing to compare to: terraform init fails (TF_PLUGIN_MIRROR?):\n{done.stderr}")

    def reference(self, cloud):
        for stack in ("base", "runtime"):
            shutil.rmtree(self.work / "stacks" / stack / "terraform.tfstate.d", ignore_errors=True)
        settings = {"TF_WORKSPACE": ENVIRONMENT}
        values = f"-var-file=../../env/{ENVIRONMENT}.tfvars"
        return lambda what, stack: self.call(cloud, self.work / "stacks" / stack, settings, what, [values])

    def directory(self, cloud, directory):
        own = self.work / "scale" / directory.name
        if not own.exists():
            shutil.copytree(directory, own)
            self.init(own)
        for left in own.glob("terraform.tfstate*"):
            left.unlink()
        return lambda what: self.call(cloud, own, {}, what, [])

    def call(self, cloud, directory, settings, what, values):
        given = {"plan": ["-detailed-exitcode"], "first plan": []}.get(what, ["-auto-approve"])
        command = ["terraform", what.removeprefix("first "), "-no-color", "-input=false", "-compact-warnings", *given, *values]
        return run(command, directory, {**cloud.environment(), **self.settings, **settings}, cloud)
