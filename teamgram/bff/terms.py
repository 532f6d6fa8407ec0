"""RPCTos and RPCPromoData: nothing to agree to, nothing to sell, and when to ask again."""

from typing import Any

from twisted.internet.interfaces import IReactorTime

from teamgram.bff.registry import RpcService, rpc
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

ASK_AGAIN_AFTER = 86_400
"""Seconds."""


class Terms(RpcService):
    """Terms of service: none."""

    name = "RPCTos"

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    @rpc("help.getTermsOfServiceUpdate")
    def get_terms_of_service_update(self, caller: RpcMetadata, query: Any) -> Any:
        """help.getTermsOfServiceUpdate#2ca51fd1 = help.TermsOfServiceUpdate"""
        return tl.help.termsOfServiceUpdateEmpty(expires=int(self._clock.seconds()) + ASK_AGAIN_AFTER)


class Promotions(RpcService):
    """Promotions: none."""

    name = "RPCPromoData"

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    @rpc("help.getPromoData")
    def get_promo_data(self, caller: RpcMetadata, query: Any) -> Any:
        """help.getPromoData#c0977421 = help.PromoData"""
        return tl.help.promoDataEmpty(expires=int(self._clock.seconds()) + ASK_AGAIN_AFTER)
