"""What clients ask first: where the server is, what it can, countries, languages."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.bff.accent_colors import AccentColors
from teamgram.bff.configuration import ConfigurationService, ConfigurationSettings
from teamgram.bff.configuration.app_config import json_value
from teamgram.bff.configuration.settings import MEGAGROUP_SIZE_MAX
from teamgram.bff.langpack import Langpack, load_languages
from teamgram.bff.registry import EncodedResult
from teamgram.domain.chats.chat import MAX_PARTICIPANTS
from teamgram.interfaces.keys import AuthKeyType, ClientInfo
from teamgram.interfaces.rpc import RpcError, RpcMetadata
from teamgram.mtproto.tl import NEWEST_LAYER, decode_result, encode_result, tl

CALLER = RpcMetadata(9, 9, AuthKeyType.PERM, 1, 0, NEWEST_LAYER, local_addr="203.0.113.5:10443")


class ConfigurationTests(SynchronousTestCase):
    """help.getConfig and its neighbours."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.rightNow = 1_700_000_000.5

    def configuration(self, **settings: Any) -> ConfigurationService:
        return ConfigurationService(ConfigurationSettings(**settings), None, self.clock)  # type: ignore[arg-type]

    def config(self, caller: RpcMetadata = CALLER, **settings: Any) -> Any:
        return decode_result("help.getConfig", self.told(self.configuration(**settings), caller), caller.layer)

    def told(self, configuration: ConfigurationService, caller: RpcMetadata) -> EncodedResult:
        """The answer to help.getConfig."""
        answer: EncodedResult = self.successResultOf(
            Deferred.fromCoroutine(configuration.get_config(caller, tl.help.getConfig()))
        )
        return answer

    def options(self, **changes: Any) -> list[tuple[str, int, bool]]:
        """What is told of one data centre, the same of each; nothing is static, media_only or cdn."""
        settings = changes.pop("settings", {})
        config = self.config(replace(CALLER, **changes), **settings)
        told: dict[int, list[tuple[str, int, bool]]] = {}
        for option in config.dc_options:
            self.assertFalse(option.static or option.media_only or option.cdn or option.tcpo_only)
            told.setdefault(option.id, []).append((option.ip_address, option.port, option.ipv6))
        self.assertEqual(list(told), [config.this_dc] + [n for n in (1, 2, 3, 4, 5) if n != config.this_dc])
        [same] = {tuple(addresses) for addresses in told.values()}
        return list(same)

    def test_no_more_members_are_promised_than_a_group_takes(self) -> None:
        """Apps show the larger number while members are chosen, and no group here becomes a larger one."""
        config = self.config()
        self.assertEqual((config.chat_size_max, config.megagroup_size_max), (MAX_PARTICIPANTS, MEGAGROUP_SIZE_MAX))

    def test_clients_are_sent_back_to_where_they_came(self) -> None:
        """The address they came by, as a plain IPv4 option, or the IPv6 one."""
        self.assertEqual(self.options(), [("203.0.113.5", 10443, False)])
        self.assertEqual(self.options(local_addr="203.0.113.5:5222"), [("203.0.113.5", 5222, False)])
        self.assertEqual(self.options(local_addr="[2001:db8::1]:10443"), [("2001:db8::1", 10443, True)])
        self.assertEqual(self.options(local_addr="::ffff:203.0.113.5:10443"), [("203.0.113.5", 10443, False)])

    def test_every_data_centre_is_here(self) -> None:
        """The configured one is this_dc and stands first; clients that begin in another find it at the same address."""
        for own in (2, 4, 7):
            config = self.config(dc_id=own)
            self.assertEqual(config.this_dc, own)
            self.options(settings={"dc_id": own})
            nearest = self.configuration(dc_id=own).get_nearest_dc(CALLER, tl.help.getNearestDc())
            self.assertEqual((nearest.this_dc, nearest.nearest_dc), (own, own))

    def test_the_data_centre_of_the_key(self) -> None:
        """this_dc is the one that the client made its key for, each told its own within one second."""
        configuration = self.configuration(dc_id=2)
        for dc_id in (0, 1, 4, 0, 7):
            caller = replace(CALLER, dc_id=dc_id)
            config = decode_result("help.getConfig", self.told(configuration, caller))
            self.assertEqual(config.this_dc, dc_id or 2)
            self.assertIn(config.this_dc, [option.id for option in config.dc_options])
            self.assertEqual(config.webfile_dc_id, 2)
            nearest = configuration.get_nearest_dc(caller, None)
            self.assertEqual((nearest.this_dc, nearest.nearest_dc), (dc_id or 2, dc_id or 2))

    def test_who_came_another_way_is_told_the_tcp_port(self) -> None:
        """Behind a WebSocket the address is right and the port is not."""
        self.assertEqual(
            self.options(local_addr="203.0.113.5:11443", transport="websocket"), [("203.0.113.5", 10443, False)]
        )

    def test_an_operator_can_name_the_addresses(self) -> None:
        """Behind NAT the configured addresses count, IPv4 first."""
        settings = {"addresses": ("[2001:db8::7]:443", "198.51.100.1:443")}
        self.assertEqual(self.options(settings=settings), [("198.51.100.1", 443, False), ("2001:db8::7", 443, True)])

    def test_every_layer_can_read_it(self) -> None:
        """Each layer gets its own shape with the dc id in it."""
        for layer in (158, 181, 198, 223, 227, NEWEST_LAYER):
            self.assertEqual(self.config(replace(CALLER, layer=layer)).this_dc, 2, layer)

    def test_it_is_encoded_once_a_second(self) -> None:
        """The same bytes within a second; the date is right in the next."""
        configuration = self.configuration()
        first = self.told(configuration, CALLER)
        self.assertIs(self.told(configuration, CALLER), first)
        self.clock.advance(1)
        second = decode_result("help.getConfig", self.told(configuration, CALLER))
        self.assertEqual(second.date, 1_700_000_001)

    def test_many_addresses_do_not_fill_the_memory(self) -> None:
        """Encoded answers are bounded, whatever addresses clients come by."""
        configuration = self.configuration()
        for number in range(3000):
            self.told(configuration, replace(CALLER, local_addr=f"10.0.{number // 250}.{number % 250}:1"))
        self.assertLessEqual(len(configuration._configs), 1024)

    def test_what_apps_read_without_asking(self) -> None:
        """Lists are lists, empty or not, in help.getAppConfig; help.getConfig suggests a language."""
        config = self.configuration().get_app_config(CALLER, tl.help.getAppConfig(hash=0)).config
        values = {entry.key: entry.value for entry in config.value}
        for key in ("url_auth_domains", "premium_promo_order", "whitelisted_domains", "ignore_restriction_reasons"):
            self.assertEqual(values[key], tl.jsonArray(value=[]), key)
        # Web K: appConfig.fragment_prefixes.some((prefix) => phone.startsWith(prefix))
        self.assertEqual(values["fragment_prefixes"], tl.jsonArray(value=[tl.jsonString(value="888")]))
        self.assertEqual(values["emojies_sounds"], tl.jsonObject(value=[]))
        # Web K: getLimit("folders") is a number for everybody;
        # TDLib complains of one that is not more than 0.
        folders = {"dialog_filters": 20, "dialog_filters_chats": 200, "chatlist_invites": 100, "chatlists_joined": 20}
        for name, most in {**folders, "channels": 1}.items():
            for whose in ("default", "premium"):
                self.assertEqual(values[f"{name}_limit_{whose}"], tl.jsonNumber(value=float(most)), name)
        self.assertEqual(self.config().suggested_lang_code, "en")

    def test_colours(self) -> None:
        """The seven of the client's own themes without values, ours with light and dark ones; profiles'; sent once."""
        colors = AccentColors()
        for layer in (167, 181, 198, 227, NEWEST_LAYER):
            answer = colors.get_peer_colors(CALLER, tl.help.getPeerColors(hash=0))
            told = decode_result("help.getPeerColors", encode_result("help.getPeerColors", answer, layer), layer)
            ids = [option.color_id for option in told.colors]
            self.assertEqual(ids, list(range(14)))
            self.assertEqual([bool(option.colors) for option in told.colors], [False] * 7 + [True] * 7)
            for option in told.colors[7:]:
                self.assertEqual(len(option.colors.colors), len(option.dark_colors.colors))
                self.assertTrue(all(0 <= color < 1 << 24 for color in option.colors.colors))
        profiles = colors.get_peer_profile_colors(CALLER, tl.help.getPeerProfileColors(hash=0))
        for option in profiles.colors:
            for one in (option.colors, option.dark_colors):
                self.assertEqual((one.NAME, len(one.story_colors)), ("help.peerColorProfileSet", 2))
                self.assertTrue(one.palette_colors and one.bg_colors)
        again = colors.get_peer_colors(CALLER, tl.help.getPeerColors(hash=answer.hash))
        self.assertEqual(again.NAME, "help.peerColorsNotModified")

    def test_app_config_is_sent_once(self) -> None:
        """With the hash a client has, it is not modified."""
        configuration = self.configuration()
        full = configuration.get_app_config(CALLER, tl.help.getAppConfig(hash=0))
        self.assertEqual(full.config.NAME, "jsonObject")
        again = configuration.get_app_config(CALLER, tl.help.getAppConfig(hash=full.hash))
        self.assertEqual(again.NAME, "help.appConfigNotModified")
        old = decode_result("help.getAppConfig", encode_result("help.getAppConfig", full, 152), 152)
        self.assertEqual(old.NAME, "jsonObject")

    def test_countries(self) -> None:
        """Every country has a code and a name; those that share a code have leading digits."""
        configuration = self.configuration()
        answer = configuration.get_countries_list(CALLER, tl.help.getCountriesList(lang_code="en", hash=0))
        by_code = {country.iso2: country for country in answer.countries}
        self.assertGreater(len(by_code), 230)
        self.assertEqual(len(by_code), len(answer.countries))
        self.assertEqual(by_code["DE"].country_codes[0].country_code, "49")
        self.assertEqual(by_code["JM"].country_codes[0].prefixes, ["658", "876"])
        patterns = {code: country.country_codes[0].patterns for code, country in by_code.items()}
        self.assertEqual((patterns["US"], patterns["RU"]), (["XXX XXX XXXX"], ["XXX XXX XX XX"]))
        for code, found in patterns.items():
            self.assertTrue(found is not None and re.fullmatch(r"X+( X+)*", found[0]), code)
        again = configuration.get_countries_list(CALLER, tl.help.getCountriesList(lang_code="en", hash=answer.hash))
        self.assertEqual(again.NAME, "help.countriesListNotModified")

    def test_json(self) -> None:
        """What JSON can say TL can say, and nothing else."""
        value = json_value({"a": [1, True, None, "x"]})
        self.assertEqual(
            [item.NAME for item in value.value[0].value.value], ["jsonNumber", "jsonBool", "jsonNull", "jsonString"]
        )
        self.assertRaises(TypeError, json_value, b"")


class LangpackTests(SynchronousTestCase):
    """Languages: English always, others from an operator's files."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        (self.directory / "weba").mkdir(parents=True)
        german = {"name": "German", "native_name": "Deutsch", "version": 3, "strings": {"Hello": "Hallo"}}
        (self.directory / "weba" / "de.json").write_text(json.dumps(german))

    def test_english_is_there_for_every_pack(self) -> None:
        """With no strings of ours where the app has its own: those stay."""
        answer = Langpack().get_lang_pack(CALLER, tl.langpack.getLangPack(lang_pack="weba", lang_code="en"))
        self.assertEqual((answer.lang_code, answer.strings), ("en", []))
        (language,) = Langpack().get_languages(CALLER, tl.langpack.getLanguages(lang_pack="tdesktop"))
        self.assertEqual(language.lang_code, "en")

    def web_a(self, langpack: Langpack) -> dict[str, Any]:
        """The strings that Telegram Web A has after it asked for its four packs in its own order."""
        strings: dict[str, Any] = {}
        for pack in ("macos", "tdesktop", "ios", "android"):
            answer = langpack.get_lang_pack(CALLER, tl.langpack.getLangPack(lang_pack=pack, lang_code="en-raw"))
            encoded = encode_result("langpack.getLangPack", answer, 227)
            told = decode_result("langpack.getLangPack", encoded, 227)
            strings |= {string.key: string for string in told.strings}
        return strings

    def test_web_a_finds_every_key_that_it_asks_for(self) -> None:
        """A text for each of them, a form for one and for others where it counts, with places for the number."""
        strings = self.web_a(Langpack())
        asked = Path(__file__).with_name("web_a_keys.txt").read_text(encoding="utf-8").split()
        self.assertGreater(len(asked), 1150)
        self.assertEqual([key for key in asked if key not in strings], [])
        plural = 0
        for key, string in strings.items():
            if string.NAME == "langPackString":
                self.assertTrue(string.value.strip(), key)
                continue
            plural += 1
            forms = (string.one_value, string.other_value)
            self.assertTrue(all(forms), key)
            # "the winner" may do without its number, "2 winners" not.
            one, other = (len(re.findall(r"%[ds]", form)) for form in forms)
            self.assertLessEqual(one, other, key)
        self.assertGreater(plural, 90)
        self.assertEqual((strings["Members"].one_value, strings["Members"].other_value), ("%d member", "%d members"))
        raw = [key for key in asked if getattr(strings[key], "value", "") == key and key.startswith("lng_")]
        self.assertEqual(raw, [])

    def test_an_operator_s_texts_go_over_them(self) -> None:
        """Theirs first, with their plurals, English for the rest; clients see another version than before."""
        (self.directory / "android").mkdir()
        german = {
            "name": "German",
            "native_name": "Deutsch",
            "strings": {"Cancel": "Abbrechen", "Members": {"one": "%d Mitglied", "other": "%d Mitglieder"}},
        }
        (self.directory / "android" / "de.json").write_text(json.dumps(german))
        langpack = Langpack(load_languages(self.directory))
        answer = langpack.get_lang_pack(CALLER, tl.langpack.getLangPack(lang_pack="android", lang_code="de"))
        told = {string.key: string for string in answer.strings}
        self.assertEqual((told["Cancel"].value, told["Save"].value), ("Abbrechen", "Save"))
        self.assertEqual(told["Members"].other_value, "%d Mitglieder")
        english = langpack.get_lang_pack(CALLER, tl.langpack.getLangPack(lang_pack="android", lang_code="en"))
        self.assertGreater(answer.version, english.version)
        (self.directory / "android" / "de.json").write_text(
            json.dumps({**german, "strings": {"Members": {"single": "1"}}})
        )
        with self.assertRaisesRegex(ValueError, r"de\.json.*plurals are"):
            load_languages(self.directory)

    def test_files_add_languages(self) -> None:
        """To their pack only; a variant falls back to its language."""
        langpack = Langpack(load_languages(self.directory))
        answer = langpack.get_lang_pack(CALLER, tl.langpack.getLangPack(lang_pack="weba", lang_code="de-raw"))
        self.assertEqual([(string.key, string.value) for string in answer.strings], [("Hello", "Hallo")])
        strings = langpack.get_strings(
            CALLER, tl.langpack.getStrings(lang_pack="weba", lang_code="de", keys=["Hello", "Bye"])
        )
        self.assertEqual([string.NAME for string in strings], ["langPackString", "langPackStringDeleted"])
        same = langpack.get_difference(
            CALLER, tl.langpack.getDifference(lang_pack="weba", lang_code="de", from_version=3)
        )
        self.assertEqual(same.strings, [])
        for pack, code in (("tdesktop", "de"), ("weba", "fr")):
            query = tl.langpack.getLanguage(lang_pack=pack, lang_code=code)
            self.assertRaises(RpcError, langpack.get_language, CALLER, query)

    def test_an_empty_pack_means_the_clients_own(self) -> None:
        """Clients that name no pack get the one of their initConnection."""
        langpack = Langpack(load_languages(self.directory))
        caller = replace(CALLER, client=ClientInfo(lang_pack="weba"))
        language = langpack.get_language(caller, tl.langpack.getLanguage(lang_pack="", lang_code="de"))
        self.assertEqual(language.native_name, "Deutsch")

    def test_a_broken_file_is_named(self) -> None:
        """Start stops with the file's path."""
        for text in ("{", "[]", '{"name": "x"}'):
            (self.directory / "weba" / "fr.json").write_text(text)
            with self.assertRaisesRegex(ValueError, r"fr\.json"):
                load_languages(self.directory)
