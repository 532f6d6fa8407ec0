"""What an empty server has not imported: each megabyte of modules is there for somebody who uses it, or not at all."""

import importlib.util
import re
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase

from trial_tests.app.operating import OperatingTestCase

#: Module → what it is for. A package stands for all below it.
LATE = {
    "PIL": "pictures, which workers of their own read",
    "aws_request_signer": "files in S3",
    "gmpy2": "a client's key exchange",
    "grpclib": "several processes",
    "hyperlink": "the address of a page",
    "multipart": "a bot's call",
    "prometheus_client": "/metrics",
    "pymysql": "MySQL",
    "segno": "a QR code",
    "treq": "a provider of codes, a model, S3, etcd",
    "twisted.conch": "the manhole",
    "twisted.web.client": "whatever this server asks of others",
    "txredisapi": "Redis",
    "zoneinfo": "a time zone that somebody names",
    "zstandard": "files that are packed",
    "teamgram.app.metrics": "/metrics",
    "teamgram.app.roles": "several processes",
    "teamgram.blobs.s3.requests": "files in S3",
    "teamgram.bots.methods": "a bot's call",
    "teamgram.cluster": "several processes",
    "teamgram.database.mysql_engine": "MySQL",
    "teamgram.gnetway.metrics": "/metrics",
    "teamgram.openclaw.agent.providers.http_stream": "a model that is not echo",
    "teamgram.openclaw.importing": "teamgram openclaw import",
    "teamgram.session.metrics": "/metrics",
}

_IMPORTED = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)


class LateImportTests(OperatingTestCase):
    """A server of its own that writes down what it imports."""

    def configure(self) -> None:
        """As shipped."""
        environment = patch.dict("os.environ", {"PYTHONPROFILEIMPORTTIME": "1"})
        environment.start()
        self.addCleanup(environment.stop)

    def imported(self) -> set[str]:
        """Of ``LATE``, what is there by now."""
        modules = set(_IMPORTED.findall(self.server.output))
        assert "teamgram.app.server" in modules, "the server does not say what it imports"
        return {late for late in LATE for module in modules if module == late or module.startswith(f"{late}.")}

    async def test_empty(self) -> None:
        """Nothing of them after the start; each comes with its first use."""
        self.assertEqual((await self.probe("/readyz"))[0], 200)
        self.assertEqual(self.imported(), set())
        self.assertIn("openclaw_connections", (await self.probe("/metrics"))[1])
        self.assertEqual(
            self.imported(),
            {"prometheus_client", "teamgram.app.metrics", "teamgram.gnetway.metrics", "teamgram.session.metrics"},
        )
        await self.peer_session()
        self.assertIn("gmpy2", self.imported())


class LateTableTests(SynchronousTestCase):
    """The table itself."""

    def test_names(self) -> None:
        """No name in it is one that there is no more, and would be late for ever."""
        self.assertEqual([name for name in LATE if importlib.util.find_spec(name) is None], [])
