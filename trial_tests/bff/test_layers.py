"""The same questions asked in the layer of each known client: every answer can be written and read."""

from twisted.internet.defer import Deferred

from teamgram.domain.updates import events
from teamgram.mtproto.tl import NEWEST_LAYER, encode, registry, tl
from trial_tests.backends import BackendTestCase
from trial_tests.bff.house import House

LAYERS = (158, 166, 181, 198, 214, 223, 227, 229, 230, NEWEST_LAYER)
SELF = tl.inputUserSelf()

QUESTIONS = [
    tl.help.getConfig(),
    tl.help.getAppConfig(hash=0),
    tl.help.getCountriesList(lang_code="en", hash=0),
    tl.help.getNearestDc(),
    tl.help.getInviteText(),
    tl.help.getSupport(),
    tl.help.getTermsOfServiceUpdate(),
    tl.help.getPromoData(),
    tl.langpack.getLangPack(lang_pack="weba", lang_code="en"),
    tl.langpack.getLanguages(lang_pack="weba"),
    tl.users.getUsers(id=[SELF]),
    tl.users.getFullUser(id=SELF),
    tl.contacts.getContacts(hash=0),
    tl.contacts.getStatuses(),
    tl.contacts.getBlocked(offset=0, limit=10),
    tl.contacts.search(q="bob", limit=10),
    tl.contacts.resolvePhone(phone="15550100002"),
    tl.contacts.getBirthdays(),
    tl.account.getAuthorizations(),
    tl.account.getPassword(),
    tl.account.getAccountTTL(),
    tl.account.updateProfile(about="still here"),
    tl.account.updateStatus(offline=False),
    tl.account.getPrivacy(key=tl.inputPrivacyKeyPhoneNumber()),
    tl.account.getGlobalPrivacySettings(),
    tl.account.getNotifySettings(peer=tl.inputNotifyUsers()),
    tl.account.getNotifyExceptions(),
    tl.users.getRequirementsToContact(id=[SELF]),
    tl.users.getIsPremiumRequiredToContact(id=[SELF]),
    tl.auth.exportLoginToken(api_id=1, api_hash="x", except_ids=[]),
]


class LayersTests(BackendTestCase):
    """One account, asked in many layers."""

    async def test_every_answer_in_every_layer(self) -> None:
        """What a layer knows is answered in its own constructors."""
        house = House(self.open_database(), self.open_cache())
        device = house.device(11)
        await device.sign_up("+15550100001", "Ada", "Lovelace")
        await house.device(12).sign_up("+15550100002", "Bob")
        entry = tl.inputPhoneContact(client_id=1, phone="15550100002", first_name="Bob", last_name="")
        await device.call(tl.contacts.importContacts(contacts=[entry]))
        for layer in LAYERS:
            for question in QUESTIONS:
                if registry.definition_of(question.NAME, layer) is None:
                    continue
                await device.call(question, layer=layer)  # decodes what came, as a client of that layer does

    async def test_every_event_in_every_layer(self) -> None:
        """Updates about people can be pushed to sessions of every layer."""
        house = House(self.open_database(), self.open_cache())
        ada = await house.device(11).sign_up("+15550100001", "Ada")
        bob = await house.device(12).sign_up("+15550100002", "Bob")
        await house.device(11).call(tl.account.updateUsername(username="ada_l"))
        await house.device(11).call(
            tl.account.setPrivacy(key=tl.inputPrivacyKeyPhoneNumber(), rules=[tl.inputPrivacyValueAllowAll()])
        )
        house.people.presence.device_connected(bob.id, 12)
        for event in _events(ada.id, bob.id):
            self.assertTrue(house.shared.people_updates.handles(event), event)
            update_list, user_ids = await house.shared.people_updates.render(ada.id, event)
            users = await house.shared.user_views.render(ada.id, user_ids)
            updates = tl.updates(updates=update_list, users=users, chats=[], date=1, seq=0)
            for layer in LAYERS:
                encode(updates, layer)
        await house.people.presence.settled()

    async def test_rendering_again_needs_no_database(self) -> None:
        """What was rendered once is in memory: the next time nothing waits."""
        house = House(self.open_database(), self.open_cache())
        ada = await house.device(11).sign_up("+15550100001", "Ada")
        bob = await house.device(12).sign_up("+15550100002", "Bob")
        self.assertIsNone(house.shared.user_views.cached(ada.id, [777000]))
        first = await house.shared.user_views.render(ada.id, [bob.id, 777000, bob.id, 1])
        self.assertEqual([view.id for view in first], [bob.id, 777000])
        self.assertEqual(house.shared.user_views.cached(ada.id, [bob.id, 777000]), first)
        again = Deferred.fromCoroutine(house.shared.user_views.render(ada.id, [bob.id, 777000]))
        self.assertTrue(again.called)
        await again


def _events(ada: int, bob: int) -> list[object]:
    return [
        events.UserStatusChanged(bob),
        events.UserNameChanged(bob),
        events.UserPhoneChanged(ada, "15550100001"),
        events.UserPhoneChanged(bob, "15550100002"),
        events.UserChanged(bob),
        events.PeerBlockedChanged(bob, True),
        events.PeerSettingsChanged((bob,)),
        events.NotifySettingsChanged("users"),
        events.NotifySettingsChanged(str(bob)),
        events.NotifySettingsChanged("-5"),
        events.PrivacyChanged("PhoneNumber"),
        events.NewAuthorization(1, 2, "Phone", "192.0.2.1:5"),
        events.LoginTokenAccepted(),
    ]
