"""The store of files that the configuration names."""

from pathlib import Path
from typing import Any

from teamgram.app import stage_settings
from teamgram.app.config import sections
from teamgram.app.config.units import parse_size
from teamgram.blobs import Blobs, DirectoryBlobs


def open_blobs(file: sections.DfsFile, data_dir: Path, reactor: Any) -> Blobs:
    """Nothing is read, written or asked yet.

    Raises:
        ConfigError: as ``stage_settings.s3``.
    """
    store = stage_settings.s3(file)
    if store is None:
        return DirectoryBlobs(data_dir / "files", reactor, min_free_bytes=parse_size(file.MinFreeSpace))
    # Only here: whoever keeps files in a directory needs none of it.
    from teamgram.blobs.s3.engine import S3Blobs

    return S3Blobs(store, reactor)
