"""Skills and memory of an agent's workspace: what a model is told of, what it and its owner find."""

from pathlib import Path
from typing import Any

from teamgram.openclaw.agent import memory, skills
from trial_tests.openclaw.agent.agents import AgentsTestCase

_SKILL = """---
name: {name}
description: {text}
{more}---
Do it so.
"""


class WorkspaceTestCase(AgentsTestCase):
    """An agent with a workspace."""

    def setUp(self) -> None:
        """It lies where the agents' do."""
        super().setUp()
        self.workspace = self.house.parts.roster.default.workspace

    def write(self, path: str, text: str) -> Path:
        """A file of the workspace."""
        file = self.workspace / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file


class SkillTests(WorkspaceTestCase):
    """Folders with a ``SKILL.md``."""

    def skill(self, folder: str, name: str, text: str = "Makes tea.", more: str = "") -> None:
        """One of them."""
        self.write(f"{folder}/SKILL.md", _SKILL.format(name=name, text=text, more=more))

    def asked(self) -> str:
        """The system prompt of a run."""
        seen: list[str] = []
        provider = self.house.parts.catalog.provider("echo")
        real = provider.complete

        async def complete(request: Any, on_text: Any) -> Any:
            seen.append(request.system)
            return await real(request, on_text)

        self.patch(provider, "complete", complete)
        self.send("hi", f"run-{len(self.chats())}")
        self.house.advance(1)
        return seen[-1]

    def test_told(self) -> None:
        """A model is told of those of both folders, the small dialect's winning, and reads them as files."""
        self.assertNotIn("available_skills", self.asked())
        self.skill("skills/tea", "tea", "Old way.")
        self.skill(".openclaw/skills/brewing", "tea", "Makes <good> tea.")
        self.skill("skills/coffee", "coffee", "Makes coffee.")
        told = self.asked()
        self.assertIn("<name>coffee</name><description>Makes coffee.</description>", told)
        self.assertIn("Makes &lt;good&gt; tea.", told)
        self.assertIn("<location>.openclaw/skills/brewing/SKILL.md</location>", told)
        self.assertNotIn("Old way", told)
        call = {"path": ".openclaw/skills/brewing/SKILL.md"}
        self.assertIn("Do it so.", self.ok("tools.invoke", name="read_file", args=call)["output"])

    def test_not_told(self) -> None:
        """What is no skill, needs what this machine lacks, or is a link, is not told of; ``skills.status`` says why."""
        needs = "metadata: {openclaw: {requires: {bins: [no-such-program], env: [NO_SUCH_NAME]}}}\n"
        self.skill("skills/needy", "needy", more=needs)
        self.write("skills/broken/SKILL.md", "---\n[: x\n---\n")
        self.write("skills/plain/SKILL.md", "no front matter")
        self.write("skills/empty/SKILL.md", "---\nname: empty\n---\n")
        self.write("skills/list/SKILL.md", "---\n- a\n---\n")
        secret = self.write("../secret", "---\nname: secret\ndescription: x\n---\n")
        (self.workspace / "skills/linked").mkdir()
        (self.workspace / "skills/linked/SKILL.md").symlink_to(secret)
        (self.workspace / "skills/folder").symlink_to(secret.parent)
        self.assertNotIn("available_skills", self.asked())
        rows = {row["name"]: row for row in self.ok("skills.status")["skills"]}
        self.assertEqual(set(rows), {"needy", "broken", "plain", "empty", "list"})
        self.assertEqual(rows["needy"]["missing"]["bins"], ["no-such-program"])
        self.assertEqual(rows["needy"]["missing"]["env"], ["NO_SUCH_NAME"])
        self.assertIn("must begin with ---", rows["plain"]["problem"])
        self.assertFalse(any(row["eligible"] for row in rows.values()))

    def test_many(self) -> None:
        """Not more than anybody reads."""
        for number in range(skills.MAX_SKILLS + 20):
            self.skill(f"skills/s{number:03}", f"s{number:03}")
        self.assertEqual(len(skills.find(self.workspace)), skills.MAX_SKILLS)


class MemoryTests(WorkspaceTestCase):
    """``MEMORY.md`` and ``memory/*.md``."""

    def setUp(self) -> None:
        """Some memories."""
        super().setUp()
        self.write("MEMORY.md", "Ann likes green tea.\n\nBob is her brother.\n")
        self.write("memory/2026-01-02.md", "# Friday\n\nAnn ordered black tea\nfrom Assam.\n")
        self.write("memory/secret.txt", "Ann's password")
        self.write("notes/tea.md", "tea")

    def test_search(self) -> None:
        """Over the protocol, JSON-RPC and as a tool: the best place first, with its lines."""
        found = self.ok("memory.search", query="Ann TEA assam")["results"]
        self.assertEqual([hit["path"] for hit in found], ["memory/2026-01-02.md", "MEMORY.md"])
        self.assertEqual((found[0]["startLine"], found[0]["endLine"], found[0]["score"]), (3, 4, 1.0))
        self.assertEqual(self.ok("memory.search", query="password")["results"], [])
        output = self.ok("tools.invoke", name="memory_search", args={"query": "brother"})["output"]
        self.assertEqual(output, "MEMORY.md:3\nBob is her brother.")
        self.assertEqual(memory.search(self.workspace, "...", 5), [])

    def test_refused(self) -> None:
        """Nonsense."""
        query = {"query": "x"}
        wrong: tuple[dict[str, Any], ...] = ({}, {"query": " "}, {**query, "limit": 0}, {**query, "agentId": "y"})
        for params in wrong:
            self.assertEqual(self.error("memory.search", **params)["code"], "INVALID_REQUEST", params)

    def test_links(self) -> None:
        """A link leads nowhere."""
        target = self.write("../outside.md", "outside words")
        (self.workspace / "memory/link.md").symlink_to(target)
        self.assertEqual(self.ok("memory.search", query="outside")["results"], [])
