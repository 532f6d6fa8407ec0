// npm's openai against a server: openai_client.mjs BASE_URL TOKEN; prints what it found as one JSON object.
const { default: OpenAI } = await import(process.env.OPENAI_MODULE);
const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 10_000 });
const model = "openclaw";
const messages = [{ role: "user", content: "hi" }];
const found = {};

found.whole = (await client.chat.completions.create({ model, messages })).choices[0].message.content;
found.streamed = "";
for await (const chunk of await client.chat.completions.create({
  model, messages, stream: true, stream_options: { include_usage: true },
})) {
  found.streamed += chunk.choices[0]?.delta?.content ?? "";
  found.usage = chunk.usage?.total_tokens ?? found.usage;
}
const runner = client.chat.completions.runTools({
  model,
  messages,
  tools: [{
    type: "function",
    function: {
      name: "wall_clock", description: "The time.", parameters: { type: "object", properties: {} }, parse: JSON.parse,
      function: () => "noon",
    },
  }],
});
found.tool = await runner.finalContent();
found.response = (await client.responses.create({ model, input: "hi" })).output_text;
found.events = "";
for await (const event of await client.responses.create({ model, input: "hi", stream: true }))
  if (event.type === "response.output_text.delta") found.events += event.delta;
found.models = [];
for await (const each of client.models.list()) found.models.push(each.id);
const status = (promise) => promise.then(() => 200, (error) => error.status);
found.missing = await status(client.models.retrieve("gpt-4"));
found.stranger = await status(new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 }).models.list());
console.log(JSON.stringify(found));
