"""Everything about files over one database and one store of bytes."""

from dataclasses import dataclass
from typing import Any

from teamgram.blobs import Blobs
from teamgram.database import Database
from teamgram.domain.files.files import Files
from teamgram.domain.files.images import Images
from teamgram.domain.files.references import FileReferences
from teamgram.domain.files.settings import FileSettings
from teamgram.domain.files.storage import Storage
from teamgram.domain.files.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Filing:
    """One object of each kind."""

    storage: Storage
    images: Images
    uploads: Uploads
    files: Files
    references: FileReferences

    @classmethod
    def open(
        cls, database: Database, blobs: Blobs, reactor: Any, clock: Any, settings: FileSettings, key: bytes
    ) -> "Filing":
        """Nothing is read, written or started yet.

        Args:
            reactor: spawns the workers that open pictures.
            key: signs file references.
        """
        images = Images(reactor)
        storage = Storage(blobs, database)
        return cls(
            storage,
            images,
            Uploads(database, storage, clock, settings),
            Files(database, storage, images, clock),
            FileReferences(key, settings.reference_seconds),
        )

    def start(self) -> None:
        """End old uploads, and watch the store, from now on."""
        self.uploads.start()
        self.storage.start(self.uploads.clock)

    async def stop(self) -> None:
        """Let what is being written end; before the database closes."""
        self.uploads.stop()
        self.storage.stop()
        await self.uploads.settled()
        await self.images.close()
        await self.storage.close()
