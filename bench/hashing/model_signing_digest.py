"""Digests the directory named by each line of stdin with model_signing, and prints seconds and root digest."""

import hashlib
import pathlib
import sys
import time

from model_signing import hashing

for line in sys.stdin:
    directory = pathlib.Path(line.rstrip("\n"))
    started = time.perf_counter()
    manifest = hashing.hash(directory)
    elapsed = time.perf_counter() - started
    root = hashlib.sha256()
    for resource in manifest.resource_descriptors():
        root.update(resource.digest.digest_value)
    print(elapsed, root.hexdigest(), flush=True)
