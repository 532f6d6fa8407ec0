// Prometheus text of /metrics, as numbers.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([^ ]+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** [{name, labels, value}] of the samples whose name `wanted` has. */
export function parseMetrics(text, wanted) {
  const samples = [];
  for (const line of text.split("\n")) {
    const match = LINE.exec(line);
    if (!match || !wanted.has(match[1])) continue;
    const labels = Object.fromEntries([...(match[2] || "").matchAll(LABEL)].map(([, name, value]) => [name, value]));
    samples.push({ name: match[1], labels, value: Number(match[3]) });
  }
  return samples;
}

const NAMES = new Set([
  "gnetway_connections", "session_devices_online", "users_online", "session_data_chan_frames", "session_rpc_running", "session_unsent_bytes",
  "session_unacked_bytes", "database_waiting", "updates_waiting_users", "rpc_seconds_count", "session_updates_pushed_total",
  "openclaw_waiting_bytes", "openclaw_connections", "process_resident_memory_bytes", "process_cpu_seconds_total",
]);

/** The messenger's figures now. Totals (`messages`, `requests`, `updates`, `cpu`) only grow: two looks make a rate. */
export async function readFigures() {
  const response = await fetch("/metrics", { cache: "no-store" });
  if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
  const samples = parseMetrics(await response.text(), NAMES);
  const sum = (name, test = () => true) =>
    samples.filter((sample) => sample.name === name && test(sample.labels)).reduce((total, sample) => total + sample.value, 0);
  const has = (name) => samples.some((sample) => sample.name === name);
  return {
    at: performance.now(),
    hasMessenger: has("gnetway_connections"),
    connections: sum("gnetway_connections"),
    byTransport: samples.filter((sample) => sample.name === "gnetway_connections").map(({ labels, value }) => [labels.transport, value]),
    devicesOnline: sum("session_devices_online"),
    usersOnline: has("users_online") ? sum("users_online") : null,
    messages: sum("rpc_seconds_count", ({ method }) => /^messages\.(send|forward)/.test(method || "")),
    requests: sum("rpc_seconds_count"),
    updates: sum("session_updates_pushed_total"),
    cpu: sum("process_cpu_seconds_total"),
    memory: sum("process_resident_memory_bytes"),
    queues: [
      ["Frames to be handled", sum("session_data_chan_frames")],
      ["Requests running", sum("session_rpc_running")],
      ["Database waiting", sum("database_waiting")],
      ["Users whose updates wait", sum("updates_waiting_users")],
      ["Unsent to messengers", sum("session_unsent_bytes"), "bytes"],
      ["Not acknowledged yet", sum("session_unacked_bytes"), "bytes"],
      ["Unsent to operators", sum("openclaw_waiting_bytes"), "bytes"],
    ],
    operators: samples.filter((sample) => sample.name === "openclaw_connections").map(({ labels, value }) => [labels.role, value]),
  };
}

/** Per second, between two looks. */
export function rates(before, now) {
  const seconds = (now.at - before.at) / 1000;
  const rate = (name) => Math.max(0, (now[name] - before[name]) / seconds);
  return { messages: rate("messages"), requests: rate("requests"), updates: rate("updates"), cpu: rate("cpu") };
}
