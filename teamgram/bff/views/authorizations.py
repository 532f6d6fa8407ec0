"""Signed-in devices as their owner sees them."""

from typing import Any

from teamgram.interfaces.keys import Authorization
from teamgram.mtproto.tl import tl


def authorization_view(device: Authorization, current_perm_auth_key_id: int) -> Any:
    """``authorization``; the device that asks is ``current`` and has hash 0."""
    client = device.client
    current = device.perm_auth_key_id == current_perm_auth_key_id
    return tl.authorization(
        current=current,
        hash=0 if current else device.hash,
        device_model=client.device_model,
        platform="",
        system_version=client.system_version,
        api_id=client.api_id,
        app_name=client.lang_pack,
        app_version=client.app_version,
        date_created=device.created_at,
        date_active=device.active_at,
        ip=client.client_addr.rpartition(":")[0].strip("[]"),
        country="",
        region="",
    )
