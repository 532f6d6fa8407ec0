"""Made-up bundles with the shapes of Telegram Web A and Web K; nothing of theirs is in them but Telegram's numbers."""

from pathlib import Path

from teamgram.interfaces.documents import DocumentRequest
from teamgram.mtproto.crypto.rsa import RsaPrivateKey

#: Moduli of 2048 bits, as long as Telegram's in either form.
A_KEYS = [int("29379598170669337022986" + "1" * 594), int("25342889448840415564971" + "3" * 594)]
K_KEYS = ["c8c11d635691fac091dd9489" + "a" * 488, "e8bb3305c0b52c6cf2afdf76" + "b" * 488]
#: The prime of key exchanges, as far as anybody here cares: as long as a key, and to be left as it is.
PRIME = "c71caeb9c6b1c904" + "5" * 496
KEY = RsaPrivateKey.generate().public


def _a_worker() -> str:
    keys = ",".join(f"{{fingerprint:BigInt(`{-(10**18) - each % 7}`),n:BigInt(`{each}`),e:65537}}" for each in A_KEYS)
    centres = ",".join(
        f"{{id:{dc},ipAddress:`zws{dc}${{far?`-1`:``}}.web.telegram.org`,port:443}}" for dc in range(1, 6)
    )
    return (
        f"const far=!1,ring=[{keys}],centres=[{centres}],test=!1;"
        "function socketAt(h,p){return p===443?`wss://${h}:${p}/apiws${test?`_test`:``}`:`ws://${h}:${p}/apiws`}"
        "function postAt(h,p){return p===443?`https://${h}:${p}/apiw1${test?`_test`:``}`:`http://${h}:${p}/apiw1`}"
        "const names=[`web.telegram.org`,`t.me`];"
    )


def _k_worker() -> str:
    test, production = (f'[{{modulus:"{each}",exponent:"010001"}}]' for each in K_KEYS)
    centres = ",".join(f'{{id:{dc},host:"149.154.167.{dc}",port:80}}' for dc in range(1, 6))
    return (
        "const socketAt=(centre,far,path)=>`wss://k${centre.name}ws${far}.web.telegram.org/${path}`;"
        'const postAt=(name,path)=>{let url;url="https://"+name+".web.telegram.org/"+path;return url};'
        f'const centres=[{centres}],rings=[{test},{production}],prime="{PRIME}";'
    )


def web_a() -> dict[str, str]:
    """Its files."""
    return {
        "index.html": '<!DOCTYPE html><html><head><meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'self'; connect-src wss://*.web.telegram.org;\">"
        '<link rel="canonical" href="https://web.telegram.org/a"></head>'
        '<script type="module" src="./assets/index-CCQQZirH.js"></script></html>',
        "worker-D6CCAEI4.js": _a_worker(),
        "service.worker-BRsQlFGj.js": "self.addEventListener(`install`,e=>{e.waitUntil(self.skipWaiting())});",
        "assets/index-CCQQZirH.js": "new Worker(`../worker-D6CCAEI4.js`);" + "f();" * 20_000,
        "img/1f600.png": "\x89PNG" + "x" * 5000,
    }


def web_k() -> dict[str, str]:
    """Its files."""
    return {
        "index.html": '<!DOCTYPE html><script type="module" src="./index-JARheYUO.js"></script>',
        "index-JARheYUO.js": 'new SharedWorker("index.worker-CN415oxy.js")',
        "index.worker-CN415oxy.js": _k_worker(),
        "index.worker-DmGtIMHh.js": _k_worker(),
        "sw-DkDafmkZ.js": "ctx.addEventListener('install',e=>e.waitUntil(ctx.skipWaiting()));",
    }


#: What a page and its worker do in a real browser: dial as the app would, and tell of it in the page's title.
_PAGE = """
const worker = new Worker(new URL("%s", import.meta.url), {type: "module"});
worker.onmessage = async (event) => {
  const registration = await navigator.serviceWorker.register(new URL("%s", import.meta.url), {scope: "./"});
  const scope = new URL(registration.scope).pathname;
  document.title = JSON.stringify({...event.data, scope, secure: isSecureContext});
};
worker.postMessage(0);
"""
_WORKER = """
onmessage = async () => {
  const told = {socket_url: dialled(), http_url: posted(), keys: keys()};
  const blocked = new Promise((resolve) => self.addEventListener("securitypolicyviolation", resolve));
  told.socket = await new Promise((resolve) => {
    const socket = new WebSocket(told.socket_url, "binary");
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("error");
  });
  told.http = (await fetch(told.http_url, {method: "POST", body: new Uint8Array(0)})).status;
  told.elsewhere = await fetch("http://127.0.0.1:1/").then(() => "reached", (error) => error.name);
  told.blocked = (await blocked).effectiveDirective;
  postMessage(told);
};
"""
_DIALLED_A = """
const dialled = () => socketAt(centres[1].ipAddress, centres[1].port);
const posted = () => postAt(centres[1].ipAddress, centres[1].port);
const keys = () => ring.map((key) => [String(key.fingerprint), key.n.toString(16)]);
"""
_DIALLED_K = """
const dialled = () => socketAt(centres[1], "", "apiws"), posted = () => postAt("here", "apiw1");
const keys = () => rings.flat().map((key) => ["", key.modulus]);
"""
#: A service worker that keeps scripts and never looks for newer ones.
_KEEPING = """
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  if (/-\\w{8}\\.js/.test(event.request.url)) event.respondWith((async () => {
    const cache = await caches.open("kept");
    const kept = await cache.match(event.request);
    if (kept) return kept;
    const fresh = await fetch(event.request);
    await cache.put(event.request, fresh.clone());
    return fresh;
  })());
});
"""


def living(files: dict[str, str]) -> dict[str, str]:
    """A made-up build whose page and workers do something in a browser."""
    files = dict(files)
    worker, service_worker, page, dialled = (
        ("worker-D6CCAEI4.js", "service.worker-BRsQlFGj.js", "assets/index-CCQQZirH.js", _DIALLED_A)
        if "worker-D6CCAEI4.js" in files
        else ("index.worker-CN415oxy.js", "sw-DkDafmkZ.js", "index-JARheYUO.js", _DIALLED_K)
    )
    above = "../" if "/" in page else "./"
    files[page] = _PAGE % (above + worker, above + service_worker)
    files[worker] += dialled + _WORKER
    files[service_worker] = files[service_worker].replace("ctx.", "self.") + _KEEPING
    return files


def lay(directory: Path, files: dict[str, str]) -> Path:
    """Write a build there."""
    for path, content in files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="latin-1")
    return directory


def asked(
    path: str, method: str = "GET", host: str = "127.0.0.1", *, is_tls: bool = False, **headers: str
) -> DocumentRequest:
    """A request as the edge hands it on; ``_`` in a header's name is ``-``."""
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return DocumentRequest(method.encode(), path.encode(), named, host, 8801, is_tls)
