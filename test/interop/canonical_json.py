"""Canonical form of each line of standard input by rfc8785, as hexadecimal lines.

A line is {"double": "<16 hexadecimal digits>"}, so that every bit of it arrives, or {"json": "<text>"}.
"""

import json
import struct
import sys

import rfc8785


def integer(text: str) -> int | float:
    # JavaScript writes 1e20 as 100000000000000000000: a number is a double here, whatever its look.
    value = int(text)
    return value if abs(value) < 2**53 else float(value)


for line in sys.stdin:
    case = json.loads(line)
    if "double" in case:
        value = struct.unpack(">d", bytes.fromhex(case["double"]))[0]
    else:
        value = json.loads(case["json"], parse_int=integer)
    print(rfc8785.dumps(value).hex())
