"""Web apps' bundles: what is found in them, what is put there instead, and what is refused."""

import os
import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from teamgram.clients import web_files
from teamgram.clients.build import UnknownBuildError
from teamgram.clients.web_build import WebBuild, WebTarget, examine_web
from trial_tests.clients.web_builds import A_KEYS, K_KEYS, KEY, PRIME, lay, web_a, web_k

TARGET = WebTarget(KEY, 11443)


class WebBuildTests(SynchronousTestCase):
    """Bundles of our own with the shapes of theirs."""

    def laid(self, files: dict[str, str]) -> Path:
        """A directory with these files."""
        directory = Path(self.mktemp()).absolute()
        directory.mkdir()
        return lay(directory, files)

    def build(self, files: dict[str, str]) -> WebBuild:
        """What is found in a directory with these files."""
        return examine_web(self.laid(files))

    def served(self, files: dict[str, str], path: str) -> str:
        """One of the files as it is served."""
        return self.build(files).read(path, TARGET).decode("latin-1")

    def test_web_a(self) -> None:
        """Both keys with their fingerprints, five data centres, WebSocket and HTTP; the page's own policy goes."""
        build = self.build(web_a())
        self.assertEqual(build.app.name, "Telegram Web A")
        found = {(place.what, place.times) for place in build.places if place.file == "worker-D6CCAEI4.js"}
        self.assertEqual(found, {("RSA key", 2), ("data centre", 5), ("WebSocket address", 2), ("HTTP address", 2)})
        text = self.served(web_a(), "worker-D6CCAEI4.js")
        self.assertEqual(text.count(f"{{fingerprint:BigInt(`{KEY.fingerprint}`),n:BigInt(`{KEY.n}`),e:65537}}"), 2)
        for key in A_KEYS:
            self.assertNotIn(str(key), text)
        self.assertEqual(text.count("ipAddress:self.location.hostname,port:11443"), 5)
        scheme = '${self.location.protocol.replace("http","ws")}'
        self.assertEqual(text.count(f"`{scheme}//${{self.location.hostname}}:11443/apiws"), 2)
        self.assertIn("`${self.location.origin}/apiw1${test?`_test`:``}`:`${self.location.origin}/apiw1`", text)
        self.assertNotIn("wss://", text)
        self.assertIn("[`web.telegram.org`,`t.me`]", text, "a list of names leads nowhere, and stays")
        self.assertNotIn("Content-Security-Policy", self.served(web_a(), "index.html"))

    def test_web_k(self) -> None:
        """The keys of both lists, in both workers; what is as long as a key and none stays."""
        build = self.build(web_k())
        self.assertEqual(build.app.name, "Telegram Web K")
        self.assertEqual(len([place for place in build.places if place.what == "RSA key"]), 2)
        for worker in ("index.worker-CN415oxy.js", "index.worker-DmGtIMHh.js"):
            text = self.served(web_k(), worker)
            self.assertEqual(text.count(f'{{modulus:"{int(KEY.n):x}",exponent:"010001"}}'), 2)
            for key in K_KEYS:
                self.assertNotIn(key, text)
            self.assertIn(f'prime="{PRIME}"', text)
            self.assertEqual(text.count("host:self.location.hostname,port:11443}"), 5)
            self.assertIn("//${self.location.hostname}:11443/${path}`", text)
            self.assertIn('url=self.location.origin+"/"+path;', text)
            self.assertIsNone(re.search(r"telegram\.org|149\.154", text))

    def test_what_is_ours_is_as_long_as_it_likes(self) -> None:
        """Nothing else changes: what lies between the places is the same, byte for byte."""
        files = web_a()
        text = self.served(files, "worker-D6CCAEI4.js")
        for piece in ("const far=!1,ring=[", "],centres=[{id:1,", "],test=!1;function socketAt(h,p){return p===443?`"):
            self.assertIn(piece, files["worker-D6CCAEI4.js"])
            self.assertIn(piece, text)
        self.assertEqual(self.served(files, "assets/index-CCQQZirH.js"), files["assets/index-CCQQZirH.js"])

    def test_the_service_worker_changes_with_the_server(self) -> None:
        """Browsers fetch what it keeps anew only when its own bytes have changed: another key, another port."""
        build = self.build(web_k())
        texts = {
            build.read("sw-DkDafmkZ.js", target) for target in (TARGET, WebTarget(KEY, 11444), WebTarget(KEY, 11443))
        }
        self.assertEqual(len(texts), 2)
        for text in texts:
            without = re.sub(rb"/\* [0-9a-f]{16} \d+ \*/", b"", text)
            self.assertEqual(without.decode(), web_k()["sw-DkDafmkZ.js"])

    def test_half_a_build(self) -> None:
        """What a page names and is not there is told, and what is there or elsewhere is not."""
        files = web_a()
        files["index.html"] = files["index.html"].replace(
            "</head>", '<link rel="icon" href="assets/img/favicon.ico?v=1"><a href="https://a.example/">a</a></head>'
        )
        self.assertEqual(self.build(files).absent, ("assets/img/favicon.ico",))
        self.assertEqual(self.build(web_k()).absent, ())

    def test_unknown_builds(self) -> None:
        """What was not found is named."""
        for files, why in (
            ({}, "it has no index.html"),
            ({"index.html": "<p>"}, "nothing in it is as in Telegram Web A or Telegram Web K"),
            ({**web_a(), "package.json": "{}"}, "these are sources: build them first"),
            ({"package.json": "{}", "dist/index.html": ""}, "with a build in dist/ below them"),
        ):
            with self.assertRaisesRegex(UnknownBuildError, re.escape(why)):
                self.build(files)

    def test_something_is_not_there(self) -> None:
        """A shape that a new version has changed is named, with how many there should be."""
        for old, new, why in (
            ("zws5", "edge5", r"Telegram Web A, but this was not found in it: data centre \(4 of 5\)"),
            ("fingerprint:BigInt(`-1", "fingerprint:Big(`-1", r"RSA key \(0 of 2\)"),
            ("/apiws", "/ws", "WebSocket address"),
            ("/apiw1", "/http", "HTTP address"),
        ):
            files = web_a()
            files["worker-D6CCAEI4.js"] = files["worker-D6CCAEI4.js"].replace(old, new)
            with self.assertRaisesRegex(UnknownBuildError, why):
                self.build(files)

    def test_something_is_left(self) -> None:
        """A key or an address of Telegram's in a form that is not known is a refusal, not a way out."""
        for file, more, why in (
            ("worker-D6CCAEI4.js", "x=`zws1.web.telegram.org`", "an address of Telegram's is left in worker-"),
            ("worker-D6CCAEI4.js", "x=`zws1${far?`-1`:``}`+domain", "an address of Telegram's is left in worker-"),
            ("assets/index-CCQQZirH.js", 'x="149.154.167.50"', "an address of Telegram's is left in assets/index-"),
            ("worker-D6CCAEI4.js", f"x=big('{A_KEYS[0]}')", "a key of Telegram's is left"),
        ):
            files = web_a()
            files[file] += more
            with self.assertRaisesRegex(UnknownBuildError, re.escape(why)):
                self.build(files)
        files = web_a()
        files["assets/index-CCQQZirH.js"] += "font='AAzws1BB'"
        self.build(files)
        files = web_k()
        files["index.worker-DmGtIMHh.js"] += f'k="{K_KEYS[1]}"'
        with self.assertRaisesRegex(UnknownBuildError, "a key of Telegram's is left"):
            self.build(files)


class WebFilesTests(SynchronousTestCase):
    """Whatever lies in a directory, only its plain files are listed and read."""

    def setUp(self) -> None:
        self.outside = Path(self.mktemp()).absolute()
        self.outside.mkdir()
        (self.outside / "secret").write_text("secret")
        self.directory = lay(self.outside / "build", {"index.html": "page", "assets/a.js": "a()"})

    def test_listed(self) -> None:
        """Links, hidden files, pipes and large files are left out, and said to be."""
        (self.directory / "link.js").symlink_to(self.outside / "secret")
        (self.directory / "folder").symlink_to(self.outside)
        (self.directory / "inside.js").symlink_to(self.directory / "index.html")
        (self.directory / ".env").write_text("secret")
        (self.directory / "odd\n.js").write_text("")
        os.mkfifo(self.directory / "pipe.js")
        with (self.directory / "huge.js").open("wb") as file:
            file.truncate(web_files.MAX_FILE_BYTES + 1)
        found = web_files.list_files(self.directory)
        self.assertEqual(found.sizes, {"index.html": 4, "assets/a.js": 3})
        self.assertEqual(len(found.left_out), 7)
        self.assertIn("'huge.js': more than 16 MiB", found.left_out)
        self.assertIn("'link.js': a link", found.left_out)

    def test_bounded(self) -> None:
        """A directory that is no build is not looked through to its end, nor a deep one to its bottom."""
        deep = self.directory / "/".join("d" * 12)
        deep.mkdir(parents=True)
        (deep / "x.js").write_text("")
        self.assertNotIn("d/" * 12 + "x.js", web_files.list_files(self.directory).sizes)
        self.patch(web_files, "MAX_FILES", 10)
        for number in range(12):
            (self.directory / f"{number}.js").write_text("")
        with self.assertRaises(web_files.TooManyFilesError):
            web_files.list_files(self.directory)

    def test_read(self) -> None:
        """Its bytes; what took its place since, or its folder's, is not followed."""
        self.assertEqual(web_files.read_file(self.directory, "assets/a.js"), b"a()")
        (self.directory / "index.html").unlink()
        (self.directory / "index.html").symlink_to(self.outside / "secret")
        self.assertRaises(OSError, web_files.read_file, self.directory, "index.html")
        (self.directory / "assets").rename(self.outside / "assets")
        (self.directory / "assets").symlink_to(self.outside / "assets")
        self.assertRaises(OSError, web_files.read_file, self.directory, "assets/a.js")

    def test_read_what_changed(self) -> None:
        """A pipe is not waited for, and what grew too large is not read."""
        (self.directory / "index.html").unlink()
        os.mkfifo(self.directory / "index.html")
        self.assertRaises(OSError, web_files.read_file, self.directory, "index.html")
        with (self.directory / "assets/a.js").open("wb") as file:
            file.truncate(web_files.MAX_FILE_BYTES + 1)
        self.assertRaises(OSError, web_files.read_file, self.directory, "assets/a.js")
        self.assertRaises(OSError, web_files.read_file, self.directory, "assets")
