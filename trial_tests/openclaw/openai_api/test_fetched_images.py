"""Pictures by address: where the operator lets it, from hosts that he lists, within bounds, never from inside."""

import json
from typing import Any

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site

from teamgram.domain.web_pages.fetching import PageFetcher
from trial_tests.openclaw.openai_api.test_openai_api import OpenAiApiTestCase


class Pictures(Resource):
    """``/image`` is one, ``/page`` is none, ``/large`` is large."""

    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        """By path."""
        kind = b"text/html" if request.path == b"/page" else b"image/png"
        request.setHeader(b"content-type", kind)
        return b"hello" * (100_000 if request.path == b"/large" else 1)


class FetchedImageTests(OpenAiApiTestCase):
    """Both resources."""

    async def setUp(self) -> None:
        await super().setUp()
        port: Any = reactor.listenTCP(0, Site(Pictures()), interface="127.0.0.1")  # type: ignore[arg-type]
        self.addCleanup(port.stopListening)
        self.url = f"http://pictures.example:{port.getHost().port}"
        self.real = self.images._fetcher

        async def resolve(name: str) -> list[str]:
            return ["127.0.0.1"]

        self.images._fetcher = PageFetcher(reactor, 5, resolve=resolve, allows=lambda address, port: True)
        self.allow(allowUrl=True, maxBytes=1000)

    @property
    def images(self) -> Any:
        return self.service.services[-1].http_api.images

    def allow(self, **images: Any) -> None:
        tree = json.loads(json.dumps(self.plane.config.tree))
        for endpoint in tree["gateway"]["http"]["endpoints"].values():
            endpoint["images"] = images
        self.plane.config.replace(tree)

    async def chat(self, *paths: str) -> tuple[int, Any]:
        parts = [{"type": "image_url", "image_url": {"url": self.url + path}} for path in paths]
        body = {"model": "openclaw", "messages": [{"role": "user", "content": parts}]}
        return await self.post("/v1/chat/completions", body)

    async def test_fetched(self) -> None:
        """The model sees the picture itself."""
        status, _ = await self.chat("/image")
        self.assertEqual(status, 200)
        self.assertIn("data:image/png;base64,aGVsbG8=", json.dumps(self.asked()["messages"][-1]))
        item = {"role": "user", "content": [{"type": "input_image", "image_url": f"{self.url}/image"}]}
        status, _ = await self.post("/v1/responses", {"model": "openclaw", "input": [item]})
        self.assertEqual(status, 200)
        self.assertIn("data:image/png;base64,aGVsbG8=", json.dumps(self.asked()["messages"][-1]))

    async def test_refused(self) -> None:
        """No picture, too large, too many, of a host that is not listed; and nothing at all as shipped."""
        for paths, problem in (
            (["/page"], "could not be fetched"),
            (["/large"], "larger than"),
            (["/image"] * 9, "at most 8"),
        ):
            status, answer = await self.chat(*paths)
            self.assertEqual(status, 400)
            self.assertIn(problem, answer["error"]["message"])
        self.allow(allowUrl=True, urlAllowlist=["*.elsewhere.example"])
        self.assertIn("not allowed", (await self.chat("/image"))[1]["error"]["message"])
        self.allow()
        self.assertIn("allowUrl", (await self.chat("/image"))[1]["error"]["message"])

    async def test_from_inside(self) -> None:
        """What lies in the operator's own network is nobody's picture."""
        self.images._fetcher = self.real
        self.url = self.url.replace("pictures.example", "127.0.0.1")
        for path in ("/image",):
            status, answer = await self.chat(path)
            self.assertEqual(status, 400)
            self.assertNotIn("hello", json.dumps(answer))
