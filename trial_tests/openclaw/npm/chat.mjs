// Talks to an agent with the published @openclaw/gateway-client and prints one JSON line per fact.
// Arguments: url token message
const { GatewayClient } = await import(process.env.GATEWAY_CLIENT_MODULE);
const [url, token, message] = process.argv.slice(2);
const say = (fact) => console.log(JSON.stringify(fact));
let text = "";
const client = new GatewayClient({
  url,
  token,
  role: "operator",
  minProtocol: 4,
  maxProtocol: 4,
  scopes: ["operator.read", "operator.write", "operator.admin"],
  deviceIdentity: null,
  onGap: (gap) => say({ gap }),
  onEvent: async ({ event, payload }) => {
    if (event !== "chat" || payload.runId !== "c1") return;
    if (payload.state === "delta") text = payload.replace ? payload.deltaText : text + payload.deltaText;
    if (payload.state !== "final") return;
    say({ final: payload.message.content[0].text, streamed: text });
    const history = await client.request("chat.history", { sessionKey: "main" });
    say({ roles: history.messages.map((each) => each.role) });
    const answer = await client.request(
      "agent",
      { message: "work chunks=2", sessionKey: "main", idempotencyKey: "a1" },
      { expectFinal: true },
    );
    say({ agent: answer.status, text: answer.result.payloads[0].text });
    client.stop();
    process.exit(0);
  },
  onHelloOk: async () => {
    say({ sent: await client.request("chat.send", { sessionKey: "main", message, idempotencyKey: "c1" }) });
  },
  onConnectError: (error) => {
    say({ connectError: error.message });
    process.exit(1);
  },
});
client.start();
