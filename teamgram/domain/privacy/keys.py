"""What people decide about, by the keys of TL's ``inputPrivacyKey…``: those that something here asks for."""

STATUS_TIMESTAMP = "StatusTimestamp"
"""When they were last seen, and when they read what one wrote to them."""

CHAT_INVITE = "ChatInvite"
"""Being brought into groups."""

FORWARDS = "Forwards"
"""Being linked to where their words are sent on or quoted."""

PHONE_NUMBER = "PhoneNumber"
ADDED_BY_PHONE = "AddedByPhone"
"""Being found by the number."""

PROFILE_PHOTO = "ProfilePhoto"
"""Their photos; who does not see them sees the fallback."""

VOICE_MESSAGES = "VoiceMessages"
"""Being sent voice and round video messages."""

ABOUT = "About"
BIRTHDAY = "Birthday"

ENFORCED = frozenset(
    {
        STATUS_TIMESTAMP,
        CHAT_INVITE,
        FORWARDS,
        PHONE_NUMBER,
        ADDED_BY_PHONE,
        PROFILE_PHOTO,
        VOICE_MESSAGES,
        ABOUT,
        BIRTHDAY,
    }
)

WITHOUT_EFFECT = {
    "PhoneCall": "there are no calls",
    "PhoneP2P": "there are no calls",
    "StarGiftsAutoSave": "there are no gifts",
    "NoPaidMessages": "no message costs anything",
    "SavedMusic": "there is no music on profiles",
}
"""Keys that are kept and shown as chosen, and what is missing for them to mean something."""
