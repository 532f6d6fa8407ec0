"""Who has figures in a process; their modules, and Prometheus's library, are imported at the first scrape."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from teamgram.interfaces.figures import Figures, HasFigures

if TYPE_CHECKING:
    from teamgram.app.backend import Backend
    from teamgram.app.stages import Stages
    from teamgram.cluster.links import MemberLinks
    from teamgram.gnetway.service import GnetwayService
    from teamgram.session.stage import Stage


def of_process() -> Figures:
    """Those of the process itself, for others to add theirs."""
    figures = Figures()
    figures.add(_process)
    return figures


def add_stages(figures: Figures, stages: Stages) -> None:
    """Add the stages of role ``all``; the control plane adds itself when it starts."""
    add_gnetway(figures, stages.gnetway)
    add_session(figures, stages.session.stage)
    figures.add(partial(_files, stages))
    add_backend(figures, stages)
    figures.add(partial(_reactor, stages))


def add_gnetway(figures: Figures, service: GnetwayService) -> None:
    """Add the edge's."""
    figures.add(partial(_gnetway, service))


def add_session(figures: Figures, stage: Stage) -> None:
    """Add the session stage's."""
    figures.add(partial(_session, stage))


def add_backend(figures: Figures, backend: Backend) -> None:
    """Add those of what stands behind session."""
    figures.add(partial(_backend, backend))


def add_links(figures: Figures, kind: str, links: MemberLinks) -> None:
    """Add those of the links to one kind of neighbours."""
    figures.add(partial(_links, kind, links))


def _process() -> HasFigures:
    from teamgram.app.metrics import process_figures

    return process_figures()


def _files(stages: Stages) -> HasFigures:
    from teamgram.app.files_metrics import FilesCollector

    return FilesCollector(stages.domain)


def _reactor(stages: Stages) -> HasFigures:
    from teamgram.app.metrics import ReactorCollector

    return ReactorCollector(stages)


def _backend(backend: Backend) -> HasFigures:
    from teamgram.app.metrics import BackendCollector

    return BackendCollector(backend)


def _gnetway(service: GnetwayService) -> HasFigures:
    from teamgram.gnetway.metrics import GnetwayCollector

    return GnetwayCollector(service)


def _session(stage: Stage) -> HasFigures:
    from teamgram.session.metrics import SessionCollector

    return SessionCollector(stage)


def _links(kind: str, links: MemberLinks) -> HasFigures:
    from teamgram.app.roles.metrics import LinksCollector

    return LinksCollector(kind, links)
