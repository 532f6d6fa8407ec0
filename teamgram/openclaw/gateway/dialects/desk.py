"""What every dialect needs to let somebody in and have his requests answered."""

from dataclasses import dataclass

from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.devices.token_clients import TokenClients
from teamgram.openclaw.gateway.active_runs import CurrentRuns
from teamgram.openclaw.gateway.door import Door
from teamgram.openclaw.gateway.lifetime import Lifetime
from teamgram.openclaw.gateway.reception import Reception
from teamgram.openclaw.gateway.router import Router


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts, together."""

    lifetime: Lifetime
    config: LiveConfig
    door: Door
    reception: Reception
    router: Router
    runs: CurrentRuns
    clients: TokenClients
