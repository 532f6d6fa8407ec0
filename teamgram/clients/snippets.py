"""Programs to paste: how each client library is pointed at this server."""

import json
from string import Template

#: Library -> its program; the page "Pointing clients here" has the same ones.
SNIPPETS: dict[str, Template] = {
    "Telethon": Template(
        """\
from telethon.sync import TelegramClient
from telethon.crypto import rsa

rsa.add_key(open("$pem").read(), old=False)
client = TelegramClient("me", api_id=1, api_hash="0" * 32)
client.session.set_dc($dc_id, "$host", $port)
client.connect()"""
    ),
    "kurigram": Template(
        """\
import asyncio
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pyrogram import Client
from pyrogram.crypto import rsa

HOST, PORT, FINGERPRINT = "$host", $port, $fingerprint  # printed at the start, signed
numbers = load_pem_public_key(open("$pem", "rb").read()).public_numbers()
rsa.server_public_keys[FINGERPRINT] = rsa.PublicKey(numbers.n, numbers.e)

client = Client("me", api_id=1, api_hash="0" * 32)


async def address(self, *value):
    return HOST


async def port(self, *value):
    return PORT


type(client.storage).server_address, type(client.storage).port = address, port


async def main():
    await client.connect()
    sent = await client.send_phone_number_code("+15550002")
    signed = await client.sign_in("+15550002", sent.phone_code_hash, "12345")
    if not hasattr(signed, "id"):  # a new number
        await client.sign_up("+15550002", sent.phone_code_hash, "Bob")
    await client.send_message("me", "hello, myself")


asyncio.get_event_loop().run_until_complete(main())"""
    ),
    "GramJS": Template(
        """\
const { TelegramClient } = require("telegram");
const { StringSession } = require("telegram/sessions");
const { _serverKeys } = require("telegram/crypto/RSA");
const bigInt = require("big-integer");
const { createPublicKey } = require("crypto");

const jwk = createPublicKey(require("fs").readFileSync("$pem")).export({ format: "jwk" });
const n = bigInt(Buffer.from(jwk.n, "base64url").toString("hex"), 16);
const fingerprint = bigInt("$fingerprint");                  // printed at the start, signed
_serverKeys.set(fingerprint.toString(), { fingerprint, n, e: 65537 });

const session = new StringSession("");
session.setDC($dc_id, "$host", $port);
const client = new TelegramClient(session, 1, "0".repeat(32), {});"""
    ),
    "mtcute": Template(
        """\
import { TelegramClient } from "@mtcute/node";
import { addPublicKey } from "@mtcute/core/utils.js";

const dc = { id: $dc_id, ipAddress: "$host", port: $port };
const client = new TelegramClient({
  apiId: 1, apiHash: "0".repeat(32), storage: "me",
  defaultDcs: { main: dc, media: { ...dc, mediaOnly: true } },
});
addPublicKey(client.mt.crypto, fs.readFileSync("$pem", "utf8"));"""
    ),
    "gotd": Template(
        """\
block, _ := pem.Decode(publicPEM)                        // $pem
key, _ := x509.ParsePKCS1PublicKey(block.Bytes)
client := telegram.NewClient(1, strings.Repeat("0", 32), telegram.Options{
	PublicKeys: []telegram.PublicKey{{RSA: key}},
	DC:         $dc_id,
	DCList: dcs.List{
		Options: []tg.DCOption{{ID: $dc_id, IPAddress: "$host", Port: $port}},
		Domains: map[int]string{$dc_id: "ws://$host:$websocket_port/apiws"}, // for dcs.Websocket
	},
})"""
    ),
}


def snippet(
    library: str, *, host: str, port: int, websocket_port: int = 0, pem: str, fingerprint: int, dc_id: int
) -> str:
    """The program for one of :data:`SNIPPETS`.

    Args:
        pem: where the public key's file is.
        fingerprint: signed, as TL's ``long`` has it.
    """
    return SNIPPETS[library].substitute(
        host=_in_quotes(host),
        port=port,
        websocket_port=websocket_port,
        pem=_in_quotes(pem),
        fingerprint=fingerprint,
        dc_id=dc_id,
    )


def _in_quotes(text: str) -> str:
    """As it is written between double quotes in all these languages."""
    return json.dumps(text, ensure_ascii=False)[1:-1]
