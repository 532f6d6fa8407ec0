"""Telegram Web A and Web K, from builds that the environment names: ``make test-apps WEB_A=DIR WEB_K=DIR``."""

import os
import unittest

from acceptance_tests.apps.browser import find_chromium
from acceptance_tests.apps.web_apps import WebA, WebK
from acceptance_tests.apps.web_walk import WebWalk


@unittest.skipUnless(os.environ.get("WEB_A") and find_chromium(), "no build of Web A (WEB_A=DIR), or no chromium")
class WebATests(WebWalk):
    """Web A."""

    app_class = WebA
    build_in = "WEB_A"


@unittest.skipUnless(os.environ.get("WEB_K") and find_chromium(), "no build of Web K (WEB_K=DIR), or no chromium")
class WebKTests(WebWalk):
    """Web K."""

    app_class = WebK
    build_in = "WEB_K"


# The walk itself is no test.
del WebWalk
