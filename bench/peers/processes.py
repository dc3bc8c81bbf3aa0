"""Running a program to its end: seconds, its largest resident set, and how busy the machine was otherwise."""

import contextlib
import fcntl
import os
import subprocess
import tempfile
import time


class Failed(Exception):
    """A program could not be started or ended with an error; the message has its last lines."""


@contextlib.contextmanager
def alone(path):
    """Holds an exclusive lock on a file (flock), so that measurements of several people do not overlap."""
    if not path:
        yield
        return
    with open(path, "a") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def busy_seconds():
    """CPU time of all processes of the machine since it started."""
    with open("/proc/stat") as f:
        user, nice, system, _, _, irq, softirq, steal = (int(n) for n in f.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def run(command, env=None, lock=None):
    """Runs a program: {"out": its standard output, "seconds", "peak_rss" in bytes, "others": the number of cores that
    other processes kept busy meanwhile}."""
    with alone(lock), tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        busy, start = busy_seconds(), time.perf_counter()
        try:
            process = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, **(env or {})})
        except OSError as e:
            raise Failed(f"{command[0]}: {e.strerror}") from e
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        others = (busy_seconds() - busy - usage.ru_utime - usage.ru_stime) / seconds
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            raise Failed(f"{' '.join(command)}\nended with {process.returncode}:\n" + err.read()[-2000:])
        return {"out": out.read(), "seconds": seconds, "peak_rss": usage.ru_maxrss * 1024, "others": max(0.0, others)}
