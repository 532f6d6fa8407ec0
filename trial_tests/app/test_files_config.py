"""``dfs.yaml``: teamgram's own loads, and what is asked for and not there stops the start."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from teamgram.app import stage_settings
from teamgram.app.config import sections
from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import load_file

TEAMGRAMS = """
Name: service.dfs
ListenOn: 127.0.0.1:20640
Etcd: {Hosts: ["127.0.0.1:2379"], Key: service.dfs}
Timeout: 0
Log: {ServiceName: service.dfs, Mode: file, Path: ../logs/dfs, Level: debug}
MiniHttp: {Name: service.dfs.minihttp, Host: 0.0.0.0, Port: 11701, Timeout: 0}
Cache: [{Host: "127.0.0.1:6379"}]
Minio:
  Endpoint: localhost:9000
  AccessKeyID: minio
  SecretAccessKey: miniostorage
  UseSSL: false
  Bucket: {Documents: documents, Photos: photos, Videos: videos, EncryptedFiles: encryptedfiles}
IdGen: {Etcd: {Hosts: ["127.0.0.1:2379"], Key: service.idgen}}
SSDB: [{Host: "127.0.0.1:6379"}]
"""


class FilesConfigTests(SynchronousTestCase):
    """One file."""

    def loaded(self, text: str) -> sections.DfsFile:
        """The section."""
        path = Path(self.mktemp())
        path.write_text(text)
        return load_file(path, sections.DfsFile)[0]

    def test_teamgrams_own(self) -> None:
        """Every key of it means something or is named as unused; files are kept where it says."""
        file = self.loaded(TEAMGRAMS)
        assert file.Minio is not None
        store = stage_settings.s3(file)
        assert store is not None
        self.assertEqual((store.endpoint, store.bucket), ("http://localhost:9000", "documents"))
        self.assertNotIn("miniostorage", repr(store))
        self.assertEqual(stage_settings.files(file).max_parts, 4000)

    def test_where_files_lie(self) -> None:
        """In the directory unless a store is named; a port that the scheme has anyway is in no address."""
        self.assertIsNone(stage_settings.s3(self.loaded("Name: service.dfs")))
        self.assertIsNone(stage_settings.s3(self.loaded(TEAMGRAMS + "Storage: directory")))
        text = TEAMGRAMS.replace("UseSSL: false", "UseSSL: true")
        for endpoint, address in (
            ("s3.example.com", "https://s3.example.com"),
            ("s3.example.com:443", "https://s3.example.com"),
            ("'[::1]:9000'", "https://[::1]:9000"),
        ):
            store = stage_settings.s3(self.loaded(text.replace("localhost:9000", endpoint)))
            self.assertEqual(store.endpoint, address)

    def test_what_is_not_there(self) -> None:
        """It is told by its name, and how to go on."""
        for text, where in (
            ("Storage: minio", "Minio"),
            ("Minio: {Endpoint: 'localhost:9000'}", "AccessKeyID"),
            (TEAMGRAMS.replace("localhost:9000", "http://localhost:9000/"), "Endpoint"),
            (TEAMGRAMS.replace("Documents: documents", "Documents: a/b"), "Bucket"),
            ("Storage: tape", "Storage"),
            ("MaxFileSize: 5GiB", "MaxFileSize"),
            ("MaxFileSize: 1KiB", "MaxFileSize"),
            ("FileReferenceLifetime: 0s", "FileReferenceLifetime"),
        ):
            with self.assertRaises(ConfigError) as caught:
                stage_settings.files(self.loaded(text))
            self.assertIn(where, str(caught.exception))
