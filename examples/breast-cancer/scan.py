"""Holds the Python packages in an image against the list of advisories that lies beside this script, which is a demonstration's."""

import argparse
import json
import re
from datetime import datetime, timezone
from email.parser import HeaderParser
from pathlib import Path

import oci
from evaluate import write

ADVISORIES = Path(__file__).parent / "advisories.json"


def packages_in(image: Path) -> tuple[str, dict[str, str]]:
    """Returns the image's digest, and the versions by package, as the packages' own metadata tell them."""
    digest, layers = oci.read(image)
    versions = {}
    for layer in layers:
        for entry in layer.getmembers():
            if re.search(r"\.dist-info/METADATA$", entry.name):
                metadata = HeaderParser().parsestr(layer.extractfile(entry).read().decode())
                versions[re.sub(r"[-_.]+", "-", metadata["Name"]).lower()] = metadata["Version"]
    if not versions:
        raise SystemExit(f"{image} holds no Python package that tells its version, so nothing can be said of it")
    return digest, versions


def release(version: str) -> tuple[int, ...]:
    """The numbers of a released version. A pre-release is refused: comparing it as released could miss an advisory."""
    if not re.fullmatch(r"\d+(\.\d+)*(\.post\d+)?", version):
        raise SystemExit(f"{version} is no released version that can be compared")
    numbers = tuple(int(number) for number in re.sub(r"\.post\d+$", "", version).split("."))
    return numbers + (0,) * (4 - len(numbers))


def affected(advisory: dict, versions: dict[str, str]) -> bool:
    version = versions.get(advisory["package"])
    return version is not None and release(advisory["introduced"]) <= release(version) < release(advisory["fixed"])


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, required=True, help="an OCI image layout (folder)")
    parser.add_argument("--result", type=Path, required=True, help="to write (in-toto vulns predicate)")
    args = parser.parse_args()

    started = now()
    known = json.loads(ADVISORIES.read_text())
    digest, versions = packages_in(args.image)
    found = [advisory for advisory in known["advisories"] if affected(advisory, versions)]
    write(
        args.result,
        {
            "scanner": {
                "uri": "https://countersign.dev/examples/breast-cancer/scan",
                "version": known["version"],
                "db": {"version": known["version"], "lastUpdate": known["last_update"]},
                "result": [
                    {
                        "id": advisory["id"],
                        "severity": [{"method": "CVSS_V3", "score": advisory["cvss"]}],
                        "annotations": [{"package": f"pkg:pypi/{advisory['package']}@{versions[advisory['package']]}"}],
                    }
                    for advisory in found
                ],
            },
            "metadata": {"scanStartedOn": started, "scanFinishedOn": now()},
        },
    )
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    print(f"{len(found)} vulnerabilities in {listed}, which is in {digest[:19]}")


if __name__ == "__main__":
    main()
