"""Bytes of files: staged while they come, kept under their SHA-256; engines behind one interface."""

from teamgram.blobs.directory import DirectoryBlobs
from teamgram.blobs.errors import BlobError, BlobMissing, BlobsAway, BlobsFull
from teamgram.blobs.interface import Blobs, Kept, Stored

__all__ = ["BlobError", "BlobMissing", "Blobs", "BlobsAway", "BlobsFull", "DirectoryBlobs", "Kept", "Stored"]
