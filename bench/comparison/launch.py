"""Runs a command and writes when it began, when it ended, how it ended and what it used to a file descriptor.

This is a program of its own, and imports little, because what starts a command leaves traces in what is measured of it: a
fork takes time for each page of the one that forks, and Linux gives the memory of the one that started a program as the
least that the program ever had (`ru_maxrss` outlives an exec). It ends with whoever started it, and the command with it.

    python launch.py DESCRIPTOR COMMAND [ARGUMENT…]
"""

import ctypes
import json
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1


def main():
    descriptor, command = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(descriptor, False)
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    began = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    ended = time.monotonic()
    report = {
        "began": began,
        "ended": ended,
        "status": os.waitstatus_to_exitcode(status),
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss * 1024,
    }
    os.write(descriptor, json.dumps(report).encode())


main()
