"""Skills uploaded, switched off and on; what may not be installed, and why."""

import base64
import hashlib
import io
import zipfile
from typing import Any

from trial_tests.openclaw.agent.test_runner import TurnTestCase, says

_SKILL = "---\nname: tea\ndescription: Make tea\n---\nBoil water.\n"


def packed(*files: tuple[str, str], mode: int = 0o100644) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, text)
    return buffer.getvalue()


class SkillTests(TurnTestCase):
    """With uploads allowed."""

    config = {**TurnTestCase.config, "skills": {"install": {"allowUploadedArchives": True}}}

    def upload(self, content: bytes, slug: str = "tea") -> str:
        """Upload in two pieces."""
        digest = hashlib.sha256(content).hexdigest()
        params: dict[str, Any] = {"kind": "skill-archive", "slug": slug, "sizeBytes": len(content), "sha256": digest}
        upload_id = str(self.ok("skills.upload.begin", **params)["uploadId"])
        half = len(content) // 2
        for offset, part in ((0, content[:half]), (half, content[half:])):
            data = base64.b64encode(part).decode()
            self.ok("skills.upload.chunk", uploadId=upload_id, offset=offset, dataBase64=data)
        self.ok("skills.upload.commit", uploadId=upload_id)
        return upload_id

    def install(self, content: bytes, slug: str = "tea", **more: Any) -> Any:
        """The response of an installation."""
        params = {"source": "upload", "uploadId": self.upload(content, slug), "slug": slug, **more}
        return self.client.request("skills.install", params)

    def names(self) -> dict[str, bool]:
        return {each["name"]: each["eligible"] for each in self.ok("skills.status")["skills"]}

    def told(self) -> str:
        """What the model is told."""
        played = self.play(says("yes"))
        self.send("hi", f"run-{len(self.chats())}")
        self.house.advance(0.5)
        return played.asked[0].system

    def test_installed(self) -> None:
        """Told to the model in the next run; switched off, it is not; its files lie in the workspace."""
        self.assertTrue(self.install(packed(("tea/SKILL.md", _SKILL), ("tea/cups/two.txt", "2")))["ok"])
        self.assertEqual(self.names(), {"tea": True})
        self.assertIn("Make tea", self.told())
        answer = self.ok("skills.update", skillKey="tea", enabled=False, apiKey="sk-secret-of-tea")
        self.assertNotIn("sk-secret-of-tea", str(answer))
        self.assertEqual(self.names(), {"tea": False})
        self.assertNotIn("Make tea", self.told())
        self.ok("skills.update", skillKey="tea", enabled=True)
        self.assertIn("Make tea", self.told())
        workspace = self.house.parts.roster.default.workspace
        self.assertEqual((workspace / "skills/tea/cups/two.txt").read_text(), "2")

    def test_again(self) -> None:
        """What is there stays unless it is forced."""
        self.install(packed(("SKILL.md", _SKILL)))
        self.assertIn("there already", self.install(packed(("SKILL.md", _SKILL)))["error"]["message"])
        self.assertTrue(self.install(packed(("SKILL.md", _SKILL.replace("tea", "tee"))), force=True)["ok"])

    def test_hostile_archives(self) -> None:
        """Out of the folder, links, bombs, no skill, no archive: nothing of them is left."""
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("SKILL.md", b"\0" * 40_000_000)
        for content, problem in (
            (packed(("SKILL.md", _SKILL), ("../../evil", "x")), "outside"),
            (packed(("SKILL.md", _SKILL), ("/etc/evil", "x")), "outside"),
            (packed(("SKILL.md", "/etc/passwd"), mode=0o120777), "links"),
            (packed(*((f"f{number}", "") for number in range(600))), "more than"),
            (bomb.getvalue(), "more than"),
            (packed(("README.md", "x")), "no SKILL.md"),
            (b"PK\x03\x04 nothing", "cannot be read"),
        ):
            self.assertIn(problem, self.install(content)["error"]["message"])
            self.ok("skills.status")
        folder = self.house.parts.roster.default.workspace / "skills"
        self.assertEqual(list(folder.glob("*")) if folder.exists() else [], [])

    def test_refused(self) -> None:
        """Uploads that do not fit together; hubs, which are not here; uploads where they are off."""
        content = packed(("SKILL.md", _SKILL))
        begun = self.ok("skills.upload.begin", kind="skill-archive", slug="tea", sizeBytes=len(content))
        piece = {"uploadId": begun["uploadId"], "dataBase64": base64.b64encode(content + b"x").decode()}
        self.assertIn("more than", self.error("skills.upload.chunk", offset=0, **piece)["message"])
        self.assertIn("goes on at 0", self.error("skills.upload.chunk", offset=5, **piece)["message"])
        self.assertIn("bytes are here", self.error("skills.upload.commit", uploadId=begun["uploadId"])["message"])
        for slug in ("../x", "A", "a/b", ""):
            params: dict[str, Any] = {"kind": "skill-archive", "slug": slug, "sizeBytes": 5}
            self.assertEqual(self.error("skills.upload.begin", **params)["code"], "INVALID_REQUEST")
        self.assertIn("ClawHub", self.error("skills.install", source="clawhub", slug="tea")["message"])
        self.assertIn("Skill not found", self.error("skills.install", name="x", installId="brew")["message"])
        self.house.plane.config.replace({**self.house.plane.config.tree, "skills": {}})
        self.assertIn("allowUploaded", self.error("skills.upload.commit", uploadId="x")["message"])
