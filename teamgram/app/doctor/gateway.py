"""Who may come in at the gateway without being asked for."""

from teamgram.app.doctor.findings import Finding, good
from teamgram.openclaw.config.sections import GatewaySection


def local_pairing(gateway: GatewaySection) -> Finding:
    """Whether devices of this machine are approved silently, and what may pass for this machine."""
    subject = "local devices"
    if gateway.trusted_proxies:
        return good(subject, "each is to be approved: gateway.trustedProxies names a proxy")
    if not gateway.silent_local_pairing:
        return good(subject, "each is to be approved: gateway.silentLocalPairing is off")
    return good(
        subject,
        "approved silently if they know the secret; a proxy on this machine that sends no X-Forwarded-For counts as "
        "one of them: name it in gateway.trustedProxies, or set gateway.silentLocalPairing: false",
    )
