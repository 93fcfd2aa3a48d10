"""Runs a command as its only child, and tells how it ended and the most memory that it held, in bytes.

    python -m tests.faults.measured_process COMMAND...

In a small process of its own: a child counts what its parent held when it began as its own.
"""

import json
import resource
import subprocess
import sys

if __name__ == "__main__":
    ended = subprocess.run(sys.argv[1:], stdout=sys.stderr, check=False).returncode
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    sys.stdout.write(json.dumps({"exit": ended, "peak": peak}))
