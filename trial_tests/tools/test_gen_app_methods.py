"""The table of what Telegram's own apps call and what they get here."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.mtproto.tl import registry
from teamgram.session.routing import services_by_method
from tools.gen_app_methods import MARK, NO_SERVICE, PAGE, callers, page, table


class AppMethodsTests(SynchronousTestCase):
    """``docs/apps.md`` and the tables behind it."""

    def test_the_page_is_in_step(self) -> None:
        """It is what the tool writes now: what is served, what is empty, what is refused."""
        written = PAGE.read_text(encoding="utf-8")
        self.assertIn(MARK, written)
        if page() != written:
            self.fail("docs/apps.md is old: python -m tools.gen_app_methods")

    def test_methods_are_methods(self) -> None:
        """Every name that an app is said to call is one of some layer, once, with the letters of its apps."""
        lines = table("app_methods.tsv")
        self.assertEqual({method for method, _ in lines} - set(registry.methods()), set())
        self.assertEqual(len(callers()), len(lines))
        self.assertEqual({letter for _, apps in lines for letter in apps}, set("DAK"))

    def test_refusals_are_of_services(self) -> None:
        """Nothing is said of a service that there is not."""
        named = {service for service, _, _ in table("app_refusals.tsv")}
        self.assertEqual(named - set(services_by_method().values()), {NO_SERVICE})
