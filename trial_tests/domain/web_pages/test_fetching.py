"""What a stranger's link can make the server ask, and what it cannot."""

import gzip
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from twisted.internet.ssl import Certificate, CertificateOptions, optionsForClientTLS
from twisted.trial.unittest import TestCase
from twisted.web.server import Site

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL.crypto import X509, PKey

from teamgram.domain.web_pages.checked_endpoints import MAX_HEAD, MAX_RECEIVED, NameLookup
from teamgram.domain.web_pages.errors import AddressForbidden, PageNotFetched, PageUrlInvalid
from teamgram.domain.web_pages.fetching import MAX_REDIRECTS, PageFetcher, public_only
from teamgram.domain.web_pages.urls import page_url
from trial_tests.domain.web_pages.fake_site import PUBLIC, FakeSite, endless_head, fake_rule

KINDS = ("text/html", "image/")


def certificate_for(host: str) -> tuple[PKey, X509]:
    """A key, and a certificate of its own hand."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return PKey.from_cryptography_key(key), X509.from_cryptography(certificate)


class FetchingTests(TestCase):
    """One site on this machine, under several names."""

    def setUp(self) -> None:
        self.site = FakeSite(self)
        self.fetcher = self.site.fetcher()

    async def refused(self, url: str, fetcher: PageFetcher | None = None) -> PageNotFetched:
        """It is not fetched; why."""
        try:
            fetched = await (fetcher or self.fetcher).fetch(url, KINDS, 1000)
        except PageNotFetched as error:
            return error
        self.fail(f"fetched {fetched}")

    async def test_a_page(self) -> None:
        """Its bytes, to a limit, what they are, and where they were in the end."""
        self.site.page("/b", "x" * 5000, 'Text/HTML; Charset="koi8-r"')
        fetched = await self.fetcher.fetch(self.site.redirect("/a", "../b"), KINDS, 1000)
        self.assertEqual(
            (fetched.url, fetched.content_type, fetched.charset), (self.site.url("/b"), "text/html", "koi8-r")
        )
        self.assertEqual((len(fetched.content), fetched.is_cut), (1000, True))
        short = await self.fetcher.fetch(self.site.page("/c", "short"), KINDS, 1000)
        self.assertEqual((short.content, short.is_cut), (b"short", False))

    async def test_no_private_address(self) -> None:
        """Nothing is asked at an address that is not public, by whatever name, directly or redirected to."""
        self.site.page("/", "secret")
        for number, addresses in enumerate((["127.0.0.2"], ["10.0.0.1", "::1"], ["::ffff:127.0.0.1"], [])):
            name = f"private{number}.example"
            self.site.names[name] = [addresses]
            self.assertIsInstance(await self.refused(self.site.url("/", name)), AddressForbidden)
            redirected = self.site.redirect(f"/r{number}", self.site.url("/", name))
            self.assertIsInstance(await self.refused(redirected), AddressForbidden)
        self.assertEqual(self.site.hits["/"], 0)

    async def test_only_the_address_that_was_checked(self) -> None:
        """A name is asked at those of its addresses that may be; rebinding it between requests is of no use."""
        self.site.page("/", "page")
        self.site.names["mixed.example"] = [["127.0.0.2", PUBLIC, "::1"]]
        fetched = await self.fetcher.fetch(self.site.url("/", "mixed.example"), KINDS, 1000)
        self.assertEqual((fetched.content, self.site.lookups), (b"page", ["mixed.example"]))
        self.site.names["rebound.example"] = [[PUBLIC], ["127.0.0.2"]]
        self.site.redirect("/first", self.site.url("/", "rebound.example"))
        self.assertIsInstance(await self.refused(self.site.url("/first", "rebound.example")), AddressForbidden)
        self.assertEqual(self.site.hits["/"], 1)

    async def test_the_rule_outside_of_tests(self) -> None:
        """This machine is not asked, in whatever way its address is written, nor is any port but the usual ones."""
        from twisted.internet import reactor

        # The site's port is none where pages are, but here it is the address that counts.
        fetcher = PageFetcher(reactor, 5.0, allows=lambda address, port: public_only(address, 80))
        self.site.page("/", "secret")
        for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "127.1", "0x7f.0.0.1", "0.0.0.0", "2130706433"):
            try:
                url = page_url(f"http://{host}:{self.site.port}/")
            except PageUrlInvalid:
                continue
            await self.refused(url, fetcher)
        self.assertEqual(self.site.hits["/"], 0)
        self.assertTrue(public_only("8.8.8.8", 443))
        self.assertFalse(public_only("8.8.8.8", 22))
        self.assertFalse(public_only("127.0.0.1", 80))
        self.assertIn("127.0.0.1", await NameLookup(reactor)("127.0.0.1"))

    async def test_over_tls(self) -> None:
        """Who has a certificate of that name; nobody without one, though they have it for another."""
        from twisted.internet import reactor

        any_reactor: Any = reactor
        key, certificate = certificate_for("site.example")
        options = CertificateOptions(privateKey=key, certificate=certificate)
        listening = any_reactor.listenSSL(0, Site(self.site), options, interface=PUBLIC)
        self.addCleanup(listening.stopListening)
        port = listening.getHost().port
        self.site.page("/", "page")
        trust = Certificate(certificate)
        fetcher = PageFetcher(
            reactor,
            5.0,
            resolve=self.site.resolve,
            allows=fake_rule,
            tls=lambda host: optionsForClientTLS(host, trustRoot=trust),
        )
        fetched = await fetcher.fetch(f"https://site.example:{port}/", KINDS, 10)
        self.assertEqual(fetched.content, b"page")
        await self.refused(f"https://other.example:{port}/", fetcher)
        await self.refused(f"https://site.example:{port}/")
        self.assertEqual(self.site.hits["/"], 1)

    async def test_redirects(self) -> None:
        """Few, and to pages only."""
        for number in range(MAX_REDIRECTS + 2):
            self.site.redirect(f"/{number}", f"/{number + 1}")
        self.site.page(f"/{MAX_REDIRECTS + 2}", "end")
        await self.refused(self.site.url("/0"))
        self.assertEqual((await self.fetcher.fetch(self.site.url("/2"), KINDS, 10)).content, b"end")
        for to in (
            "file:///etc/passwd",
            "ftp://site.example/",
            "http://a:b@site.example/",
            "http://localhost/",
            "",
            "http://",
        ):
            await self.refused(self.site.redirect("/out", to))

    async def test_a_long_head(self) -> None:
        """Many short lines cost fifty times their bytes: a page below them is not waited for, a page by itself is."""
        few, many = {f"X-{number}": "b" for number in range(500)}, {f"X-{number}": "b" for number in range(40_000)}
        await self.fetcher.fetch(self.site.page("/few", "x" * 900, **few), KINDS, 1000)
        await self.refused(self.site.page("/many", "x", **many))
        site = self.site.page("/page", b"x" * (2 * MAX_HEAD))
        self.assertEqual(len((await self.fetcher.fetch(site, KINDS, 2 * MAX_HEAD)).content), 2 * MAX_HEAD)

    async def test_what_is_wrong(self) -> None:
        """Another kind, another code, packed, endless, or too late."""
        site = self.site
        self.assertIn("200", str(await self.refused(site.page("/pdf", "x", "application/pdf"))))
        site.pages["/gone"] = 404, {"Content-Type": "text/html"}, b"gone"
        self.assertIn("404", str(await self.refused(site.url("/gone"))))
        await self.refused(site.page("/packed", gzip.compress(b"x" * 1000), Content_Encoding="gzip"))
        began = perf_counter()
        await self.refused(f"http://site.example:{endless_head(self)}/", site.fetcher(20.0))
        self.assertLess(perf_counter() - began, 15)
        began = perf_counter()
        await self.refused(site.url("/never"), site.fetcher(0.2))
        self.assertLess(perf_counter() - began, 4)
        self.assertGreater(MAX_RECEIVED, 1 << 20)
        await self.refused("http://site.example:1/")
