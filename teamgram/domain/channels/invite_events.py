"""What is written into a channel's log of its invite links, and of who came by them."""

import msgspec

from teamgram.domain.chats.invite import Invite


class InviteRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A link, as it was."""

    hash: str
    chat_id: int
    admin_id: int
    title: str
    created_at: int
    expires_at: int = 0
    usage_limit: int = 0
    used: int = 0
    revoked: bool = False
    permanent: bool = False
    request_needed: bool = False

    @classmethod
    def of(cls, invite: Invite) -> "InviteRow":
        return cls(**{field: getattr(invite, field) for field in cls.__struct_fields__})

    @property
    def invite(self) -> Invite:
        """The link."""
        return Invite(**msgspec.structs.asdict(self))


class CameByLink(msgspec.Struct, frozen=True):
    """The actor came in by a link."""

    invite: InviteRow


class CameByRequest(msgspec.Struct, frozen=True):
    """The actor asked, and was let in by an administrator; ``invite`` None: of a public group, by no link."""

    approved_by: int
    invite: InviteRow | None = None


class InviteRevoked(msgspec.Struct, frozen=True):
    """Nobody comes by the link any more."""

    invite: InviteRow


class InviteForgotten(msgspec.Struct, frozen=True):
    """A revoked link is not listed any more."""

    invite: InviteRow


class InviteChanged(msgspec.Struct, frozen=True):
    """A link has another name or other bounds."""

    before: InviteRow
    after: InviteRow


InviteEvent = CameByLink | CameByRequest | InviteRevoked | InviteForgotten | InviteChanged


def people_of(event: InviteEvent) -> set[int]:
    """The users whom an event speaks of, beside its actor."""
    if isinstance(event, InviteChanged):
        return {event.after.admin_id}
    people = {event.approved_by} if isinstance(event, CameByRequest) else set()
    return people | ({event.invite.admin_id} if event.invite is not None else set())
