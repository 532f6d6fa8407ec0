// This browser's own key (Ed25519). The private half never leaves WebCrypto: it cannot be exported.

const DATABASE = "teamgram-console";
const STORE = "keys";

const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function inStore(mode, work) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => { opening.result.close(); resolve(request.result); };
      transaction.onerror = () => reject(transaction.error);
    };
  });
}

/** {id, publicKey, sign(text)}, or null where the browser cannot: an old one, or a page that is neither HTTPS nor local. */
export async function loadDevice() {
  if (!globalThis.crypto?.subtle) return null;
  let pair = null;
  try {
    pair = await inStore("readonly", (store) => store.get("device"));
  } catch { /* Private windows may refuse storage: a key for this visit is made below. */ }
  try {
    if (!pair) {
      pair = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
      await inStore("readwrite", (store) => store.put(pair, "device")).catch(() => {});
    }
    const raw = await crypto.subtle.exportKey("raw", pair.publicKey);
    return {
      id: hex(await crypto.subtle.digest("SHA-256", raw)),
      publicKey: base64url(raw),
      sign: async (text) => base64url(await crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, new TextEncoder().encode(text))),
    };
  } catch {
    return null;
  }
}

const lower = (text) => (text || "").trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** What the server checks the signature over. */
export function signedText(params, deviceId, signedAt, nonce) {
  const { client, auth } = params;
  return ["v3", deviceId, client.id, client.mode, params.role, params.scopes.join(","), signedAt, auth?.token || "", nonce,
    lower(client.platform), lower(client.deviceFamily)].join("|");
}
