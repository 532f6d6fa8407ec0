// A published @openclaw/gateway-client that stays. Prints what happens as JSON
// lines; each line on standard input, {"method", "params"}, is a request to make.
// Arguments: url token
import { createInterface } from "node:readline";

const { GatewayClient } = await import(process.env.GATEWAY_CLIENT_MODULE);
const [url, token] = process.argv.slice(2);
const say = (fact) => console.log(JSON.stringify(fact));
let hellos = 0;

const client = new GatewayClient({
  url,
  token,
  role: "operator",
  minProtocol: 4,
  maxProtocol: 4,
  scopes: ["operator.read", "operator.write"],
  deviceIdentity: null,
  onHelloOk: () => say({ hello: ++hellos }),
  onGap: (gap) => say({ gap }),
  onEvent: ({ event, payload }) => say({ event, state: payload?.state ?? null, delta: payload?.deltaText ?? null }),
  onClose: (code, reason) => say({ close: code, reason }),
});
client.start();
for await (const line of createInterface({ input: process.stdin })) {
  const { method, params } = JSON.parse(line);
  client.request(method, params).then(
    (answer) => say({ method, status: answer?.status ?? null }),
    (error) => say({ method, error: error.message }),
  );
}
client.stop();
