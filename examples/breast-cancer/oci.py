"""Reads an OCI image layout, and believes nothing in it that does not have the digest it is named by."""

import hashlib
import io
import json
import tarfile
from pathlib import Path


def read(layout: Path) -> tuple[str, list[tarfile.TarFile]]:
    """Returns the image's digest and its layers, the lowest first."""
    (named,) = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = json.loads(blob(layout, named["digest"]))
    layers = [tarfile.open(fileobj=io.BytesIO(blob(layout, one["digest"]))) for one in manifest["layers"]]
    return named["digest"], layers


def unpack(layers: list[tarfile.TarFile], into: Path) -> None:
    """Writes the files of the layers. A name that leads out of the folder is refused."""
    for layer in layers:
        for entry in filter(tarfile.TarInfo.isfile, layer.getmembers()):
            path = into / entry.name
            if not path.resolve().is_relative_to(into.resolve()):
                raise SystemExit(f"the layer holds {entry.name}, which leads out of it")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(layer.extractfile(entry).read())


def blob(layout: Path, digest: str) -> bytes:
    content = (layout / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
        raise SystemExit(f"{layout}: the blob {digest} holds other bytes")
    return content
