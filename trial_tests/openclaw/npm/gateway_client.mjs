// Drives the published @openclaw/gateway-client against a running gateway and
// prints one JSON line per fact. Arguments: url token [device-key-seed-hex [role]]
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";

// ES modules are found from where the script lies, so the package is named by its file.
const { GatewayClient } = await import(process.env.GATEWAY_CLIENT_MODULE);
const [url, token, seed, role = "operator"] = process.argv.slice(2);
const say = (fact) => console.log(JSON.stringify(fact));

const options = {
  url,
  token,
  role,
  minProtocol: 4,
  maxProtocol: 4,
  scopes: role === "operator" ? ["operator.read", "operator.write", "operator.admin"] : [],
  deviceIdentity: null,
  onGap: (gap) => say({ gap }),
  onEvent: (event) => say({ event: event.event, seq: event.seq ?? null }),
  onClose: (code, reason) => say({ close: code, reason }),
};
if (seed) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(seed, "hex")]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(privateKey);
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  options.clientName = role === "node" ? "node-host" : "cli";
  options.mode = role === "node" ? "node" : "cli";
  if (role === "node") options.commands = ["system.which"];
  options.deviceIdentity = {
    deviceId: createHash("sha256").update(raw).digest("hex"),
    publicKeyPem: publicKey.export({ format: "pem", type: "spki" }),
    privateKeyPem: privateKey.export({ format: "pem", type: "pkcs8" }),
  };
  options.hostDeps = {
    signDevicePayload: (_pem, payload) => sign(null, Buffer.from(payload), privateKey).toString("base64url"),
    publicKeyRawBase64UrlFromPem: () => raw.toString("base64url"),
  };
}
const client = new GatewayClient({
  ...options,
  onHelloOk: async (hello) => {
    say({ hello: hello.protocol, auth: hello.auth.method, scopes: hello.auth.scopes, deviceToken: Boolean(hello.auth.deviceToken) });
    for (const method of role === "operator" ? ["health", "status", "system-presence", "no.such"] : ["health", "node.list"]) {
      try {
        const answer = await client.request(method, {});
        say({ method, ok: true, kind: Array.isArray(answer) ? "array" : typeof answer });
      } catch (error) {
        say({ method, ok: false, message: error.message });
      }
    }
    client.stop();
    say({ done: true });
    setTimeout(() => process.exit(0), 100);
  },
  onConnectError: (error) => {
    say({ connectError: error.message });
    process.exit(1);
  },
});
client.start();
setTimeout(() => process.exit(2), 10000).unref();
