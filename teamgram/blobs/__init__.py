"""Bytes of files: staged while they come, kept under their SHA-256; engines behind one interface."""

from teamgram.blobs.directory import DirectoryBlobs
from teamgram.blobs.errors import BlobError, BlobMissing, BlobsFull
from teamgram.blobs.interface import Blobs, Kept

__all__ = ["BlobError", "BlobMissing", "Blobs", "BlobsFull", "DirectoryBlobs", "Kept"]
