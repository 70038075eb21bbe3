"""Writes the serving image, an OCI image layout, without Docker: one layer with the server and the packages that it needs.

It has no base layer, so Python itself is not in it, and its packages are those of this machine. The same files give the same image.
"""

import argparse
import hashlib
import io
import json
import platform
import shutil
import sysconfig
import tarfile
from importlib.metadata import PathDistribution
from pathlib import Path

LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def files_of(packages: Path, name: str) -> dict[str, Path]:
    """A package's files by their names in the image, as its own record lists them."""
    info = next(packages.glob(f"{name}-*.dist-info"))
    listed = [Path(packages, str(file)) for file in PathDistribution(info).files or [] if ".." not in file.parts]
    kept = [file for file in listed if file.suffix != ".pyc" and file.is_file()]
    return {f"opt/packages/{file.relative_to(packages).as_posix()}": file for file in kept}


class Layout:
    """https://github.com/opencontainers/image-spec/blob/main/image-layout.md"""

    def __init__(self, folder: Path):
        shutil.rmtree(folder, ignore_errors=True)
        self.folder, self.blobs = folder, folder / "blobs" / "sha256"
        self.blobs.mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def put(self, content: bytes, media_type: str) -> dict:
        digest = hashlib.sha256(content).hexdigest()
        (self.blobs / digest).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def put_json(self, document: dict, media_type: str) -> dict:
        return self.put(json.dumps(document, sort_keys=True).encode(), media_type)


def layer(files: dict[str, Path]) -> bytes:
    """No times, no owners, one order."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, file in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = file.stat().st_size, 0o644
            with file.open("rb") as content:
                tar.addfile(entry, content)
    return archive.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    installed = Path(sysconfig.get_path("platlib"))
    parser.add_argument("--packages", type=Path, default=installed, help="where pip installed them; by default, here")
    parser.add_argument("--package", action="append", default=[], help="what the server needs of them; repeatable")
    parser.add_argument("--image", type=Path, required=True, help="the layout to write (folder)")
    args = parser.parse_args()

    files = {"opt/program/server.py": Path(__file__).parent / "serving" / "server.py"}
    for name in args.package:
        files |= files_of(args.packages, name)
    layout = Layout(args.image)
    packed = layout.put(layer(files), LAYER)
    config = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": platform.system().lower(),
        "config": {"Entrypoint": ["python3", "/opt/program/server.py"], "Env": ["PYTHONPATH=/opt/packages"]},
        "rootfs": {"type": "layers", "diff_ids": [packed["digest"]]},
    }
    manifest = layout.put_json(
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": layout.put_json(config, CONFIG), "layers": [packed]},
        MANIFEST,
    )
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [manifest]}
    (args.image / "index.json").write_text(json.dumps(index))
    print(manifest["digest"])


if __name__ == "__main__":
    main()
