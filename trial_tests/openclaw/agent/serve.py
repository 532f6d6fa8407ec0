"""A control plane with agents in a process of its own: prints its port and runs until killed. Argument: directory."""

import sys
from pathlib import Path

from twisted.internet import reactor

from teamgram.interfaces.figures import Figures
from teamgram.openclaw.agents_service import agents_extension
from teamgram.openclaw.service import OpenClawService


def main() -> None:
    """Serve."""
    directory = Path(sys.argv[1])
    service = OpenClawService(
        directory / "openclaw.yaml", directory, reactor, extensions=[agents_extension], figures=Figures()
    )
    service.startService()
    service.listening.addCallback(lambda _: print(f"port {service.ports[0][1]}", flush=True))
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.run()


if __name__ == "__main__":
    main()
