"""DSNs as teamgram's files and Go's MySQL driver write them."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from teamgram.database.dsn import MySQLDSN, SQLiteDSN, parse_dsn
from teamgram.database.errors import DSNError

DATA = Path("/data")


class ParseDSNTests(SynchronousTestCase):
    """parse_dsn."""

    def mysql(self, dsn: str) -> MySQLDSN:
        parsed = parse_dsn(dsn, DATA)
        assert isinstance(parsed, MySQLDSN)
        return parsed

    def test_sqlite_below_data_dir(self) -> None:
        """A relative file is below the data directory, an absolute one where it says."""
        self.assertEqual(parse_dsn("sqlite:teamgram.db", DATA), SQLiteDSN(DATA / "teamgram.db"))
        self.assertEqual(parse_dsn("sqlite:/srv/t.db", DATA), SQLiteDSN(Path("/srv/t.db")))

    def test_in_memory_refused(self) -> None:
        """An in-memory database would be another one in each thread."""
        for dsn in ("sqlite::memory:", "sqlite:"):
            self.assertRaises(DSNError, parse_dsn, dsn, DATA)

    def test_teamgram_sample(self) -> None:
        """The DSN of teamgram's own files."""
        parsed = self.mysql("root:@tcp(127.0.0.1:3306)/teamgram?charset=utf8mb4&parseTime=true&loc=Asia%2FShanghai")
        self.assertEqual(parsed, MySQLDSN("root", "", "teamgram", "127.0.0.1", 3306))

    def test_unescaped_slash_in_parameter(self) -> None:
        """A slash in a parameter does not end the address."""
        parsed = self.mysql("u:p@tcp(db:3307)/teamgram?loc=Asia/Shanghai")
        self.assertEqual((parsed.host, parsed.port, parsed.database), ("db", 3307, "teamgram"))

    def test_password_with_separators(self) -> None:
        """A password may hold @, / and :."""
        parsed = self.mysql("u:p@ss/w:rd@tcp(db)/t")
        self.assertEqual((parsed.user, parsed.password, parsed.host, parsed.port), ("u", "p@ss/w:rd", "db", 3306))

    def test_unix_socket(self) -> None:
        """unix(path) names the server's socket."""
        self.assertEqual(self.mysql("u@unix(/run/mysqld.sock)/t").unix_socket, "/run/mysqld.sock")

    def test_ipv6(self) -> None:
        """An IPv6 address stands in brackets."""
        parsed = self.mysql("u@tcp([::1]:3308)/t")
        self.assertEqual((parsed.host, parsed.port), ("::1", 3308))

    def test_defaults(self) -> None:
        """Address and user may be left out."""
        self.assertEqual(self.mysql("/t"), MySQLDSN("", "", "t"))

    def test_options(self) -> None:
        """timeout and tls are honoured."""
        parsed = self.mysql("u@tcp(db)/t?timeout=500ms&tls=skip-verify")
        self.assertEqual((parsed.connect_timeout, parsed.tls), (0.5, "skip-verify"))

    def test_wrong(self) -> None:
        """What cannot be understood is refused, and the password is in no message."""
        for dsn in (
            "teamgram.db",
            "u:secret@tcp(db:3306/t",
            "u:secret@tcp(db:99999)/t",
            "u:secret@udp(db)/t",
            "u:secret@tcp(db)/",
            "u:secret@unix()/t",
            "u:secret@tcp(db)/t?timeout=soon",
            "u:secret@tcp(db)/t?tls=maybe",
        ):
            error = self.assertRaises(DSNError, parse_dsn, dsn, DATA)
            self.assertNotIn("secret", str(error))

    def test_password_not_shown(self) -> None:
        """The parsed DSN's repr keeps the password to itself."""
        self.assertNotIn("secret", repr(self.mysql("u:secret@tcp(db)/t")))
