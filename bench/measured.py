"""Runs a program and prints its time, its peak memory and what it printed: measured.py <program> [argument …].

The peak is that of the largest process among it and its children.
"""

import json
import resource
import subprocess
import sys
import time

began = time.monotonic()
with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
    printed, errors = child.communicate()
seconds = time.monotonic() - began
peak = resource.getrusage(resource.RUSAGE_CHILDREN)
print(
    json.dumps(
        {
            "seconds": seconds,
            "megabytes": peak.ru_maxrss * 1024 / 1e6,
            "exitCode": child.returncode,
            "printed": printed.decode(),
            "errors": errors.decode()[-2000:],
        }
    )
)
