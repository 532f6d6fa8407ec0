// An agent of OpenAI's framework whose model is an agent of ours: its own tool is called, and the loop comes to an end.
// Arguments: base-url token
const { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } = await import(process.env.AGENTS_MODULE);
const [baseURL, apiKey] = process.argv.slice(2);
const say = (facts) => console.log(JSON.stringify(facts));

setTracingDisabled(true);
try {
  for (const useResponses of [false, true]) {
    const asked = [];
    const clock = tool({
      name: "wall_clock",
      description: "The time in a city.",
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false },
      strict: false,
      execute: ({ city }) => { asked.push(city); return "a quarter past three"; },
    });
    const agent = new Agent({ name: "Clerk", instructions: "Be brief.", model: "openclaw", tools: [clock] });
    const runner = new Runner({ modelProvider: new OpenAIProvider({ apiKey, baseURL, useResponses }) });
    const result = await runner.run(agent, "What time is it in Rome?");
    const streamed = await runner.run(agent, "And now?", { stream: true });
    let text = "";
    for await (const piece of streamed.toTextStream()) text += piece;
    await streamed.completed;
    say({ api: useResponses ? "responses" : "chat", asked, answer: result.finalOutput, text });
  }
} catch (error) {
  say({ failed: String(error), stack: String(error.stack).slice(0, 1500) });
}
say({ done: true });
