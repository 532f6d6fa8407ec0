"""RPCAuthorization: how a key becomes somebody's, and how it stops being."""

from teamgram.bff.authorization.account_end import AccountEnd
from teamgram.bff.authorization.bindings import Bindings
from teamgram.bff.authorization.sign_in import SignIn
from teamgram.bff.authorization.sign_ins import SignIns

__all__ = ["AccountEnd", "Bindings", "SignIn", "SignIns"]
