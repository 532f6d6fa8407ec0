"""Everything about files over one database and one store of bytes."""

from dataclasses import dataclass
from typing import Any

from teamgram.blobs import Blobs
from teamgram.database import Database
from teamgram.domain.files.files import Files
from teamgram.domain.files.images import Images
from teamgram.domain.files.references import FileReferences
from teamgram.domain.files.settings import FileSettings
from teamgram.domain.files.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Filing:
    """One object of each kind."""

    blobs: Blobs
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
        return cls(
            blobs,
            images,
            Uploads(database, blobs, clock, settings),
            Files(database, blobs, images, clock),
            FileReferences(key, settings.reference_seconds),
        )

    def start(self) -> None:
        """End old uploads from now on."""
        self.uploads.start()

    async def stop(self) -> None:
        """Let what is being written end; before the database closes."""
        self.uploads.stop()
        await self.images.close()
        await self.blobs.close()
