// Records what npm's croner answers, for test_cron_expression.py:
//   npm i croner@10.0.1 && node croner_runs.mjs > croner_runs.jsonl
// One line a case: expression, zone, from when on, the next times; or "refused".
import { Cron } from "croner";

const rows = [
["30 2 * * *","Europe/Berlin","2026-03-28T12:00:00Z",3],
["30 2 * * *","Europe/Berlin","2026-10-24T12:00:00Z",3],
["*/15 * * * *","Europe/Berlin","2026-03-29T00:40:00Z",4],
["*/15 2 * * *","Europe/Berlin","2026-03-28T22:40:00Z",6],
["*/30 * * * *","Europe/Berlin","2026-10-24T23:40:00Z",8],
["0 */2 * * *","Europe/Berlin","2026-10-24T20:40:00Z",6],
["0 2,3 * * *","Europe/Berlin","2026-03-28T20:40:00Z",4],
["*/15 2 * * *","Europe/Berlin","2026-10-24T22:40:00Z",10],
["30 2 29 3 *","Europe/Berlin","2026-03-01T22:40:00Z",2],
["0 0 L * *","UTC","2026-01-15T00:00:00Z",4],
["0 0 L-2 * *","UTC","2026-01-15T00:00:00Z",4],
["0 0 * * 5L","UTC","2026-01-15T00:00:00Z",3],
["0 0 * * 5#L","UTC","2026-01-15T00:00:00Z",3],
["0 0 * * L","UTC","2026-01-15T00:00:00Z",3],
["0 0 * * MON#2","UTC","2026-01-15T00:00:00Z",3],
["0 0 * * 1#1,5#3","UTC","2026-01-15T00:00:00Z",4],
["0 0 * * 5#5","UTC","2026-01-15T00:00:00Z",3],
["0 0 * * 5#6","UTC","2026-01-15T00:00:00Z",3],
["0 0 15W * *","UTC","2026-01-15T00:00:00Z",4],
["0 0 LW * *","UTC","2026-01-15T00:00:00Z",4],
["0 0 1W * *","UTC","2026-01-15T00:00:00Z",8],
["0 0 13 * fri","UTC","2026-01-15T00:00:00Z",5],
["0 0 13 * +fri","UTC","2026-01-15T00:00:00Z",3],
["0 0 L * fri","UTC","2026-01-15T00:00:00Z",5],
["*/20 * * * * *","UTC","2026-01-15T00:00:05Z",4],
["5 4 3 2 1 * 2030","UTC","2026-01-15T00:00:05Z",1],
["5 4 3 2 1 * 2030","UTC","2026-01-15T00:00:05Z",2],
["0 4 3 2 1 * 2020","UTC","2026-01-15T00:00:05Z",2],
["0 0 0 1 1 * 2026-2028/2","UTC","2026-01-15T00:00:05Z",3],
["@daily","UTC","2026-01-15T00:00:05Z",2],["@hourly","UTC","2026-01-15T00:00:05Z",2],["@weekly","UTC","2026-01-15T00:00:05Z",2],["@monthly","UTC","2026-01-15T00:00:05Z",2],["@yearly","UTC","2026-01-15T00:00:05Z",2],["@annually","UTC","2026-01-15T00:00:05Z",2],["@midnight","UTC","2026-01-15T00:00:05Z",2],["@reboot","UTC","2026-01-15T00:00:05Z",2],
["0 12 * * 7","UTC","2026-01-15T00:00:05Z",2],
["0 12 * * sun-tue","UTC","2026-01-15T00:00:05Z",5],
["0 12 * * fri-mon","UTC","2026-01-15T00:00:05Z",5],
["0 12 * * 5-7","UTC","2026-01-15T00:00:05Z",5],
["0 12 * * 0-7","UTC","2026-01-15T00:00:05Z",5],
["/20 * * * *","UTC","2026-01-15T00:00:05Z",5],
["10-50/20 * * * *","UTC","2026-01-15T00:00:05Z",5],
["50-10 * * * *","UTC","2026-01-15T00:00:05Z",5],
["? ? ? * *","UTC","2026-01-15T00:00:05Z",3],
["0 0 ? * 1","UTC","2026-01-15T00:00:05Z",3],
["0 0 */2 * 1","UTC","2026-01-15T00:00:05Z",6],
["0 0 1-31 * 1","UTC","2026-01-15T00:00:05Z",6],
["0 0 29 feb *","UTC","2026-01-15T00:00:05Z",2],
["0 0 31 2 *","UTC","2026-01-15T00:00:05Z",2],
["0 0 29 2 1","UTC","2026-01-15T00:00:05Z",3],
["0 0 29 2 +1","UTC","2026-01-15T00:00:05Z",3],
["0 0 * january-march *","UTC","2026-01-15T00:00:05Z",2],
["0 0 * jan-mar monday","UTC","2026-01-15T00:00:05Z",2],
["1,,2 * * * *","UTC","2026-01-15T00:00:05Z",2],
["*/0 * * * *","UTC","2026-01-15T00:00:05Z",2],
["*/61 * * * *","UTC","2026-01-15T00:00:05Z",2],
["*/60 * * * *","UTC","2026-01-15T00:00:05Z",2],
["60 * * * *","UTC","2026-01-15T00:00:05Z",2],
["* 24 * * *","UTC","2026-01-15T00:00:05Z",2],
["* * 0 * *","UTC","2026-01-15T00:00:05Z",2],
["* * 32 * *","UTC","2026-01-15T00:00:05Z",2],
["* * * 13 *","UTC","2026-01-15T00:00:05Z",2],
["* * * * 8","UTC","2026-01-15T00:00:05Z",2],
["* * * *","UTC","2026-01-15T00:00:05Z",2],
["* * * * * * * *","UTC","2026-01-15T00:00:05Z",2],
["","UTC","2026-01-15T00:00:05Z",2],
["  0  12   * * *  ","UTC","2026-01-15T00:00:05Z",2],
["0 12 1,L * *","UTC","2026-01-15T00:00:05Z",4],
["0 0 * * 1#2L","UTC","2026-01-15T00:00:05Z",2],
["L * * * *","UTC","2026-01-15T00:00:05Z",2],
["0 0 32W * *","UTC","2026-01-15T00:00:05Z",2],
["0 0 1-5W * *","UTC","2026-01-15T00:00:05Z",2],
["0 0 * * MON-FRI#2","UTC","2026-01-15T00:00:05Z",6],
["*-5 * * * *","UTC","2026-01-15T00:00:05Z",2],
["1-2-3 * * * *","UTC","2026-01-15T00:00:05Z",2],
["*/5/2 * * * *","UTC","2026-01-15T00:00:05Z",2],
["5-1 * * * *","UTC","2026-01-15T00:00:05Z",2],
["0 0 * * 1","Nowhere/Moon","2026-01-15T00:00:05Z",2],
["59 23 31 12 *","America/New_York","2026-01-15T00:00:05Z",1],
["30 1 * * *","America/New_York","2026-10-31T12:00:00Z",3],
["0 1 * * *","America/New_York","2026-10-31T12:00:00Z",3],
["0 2 * * *","America/New_York","2026-03-07T12:00:00Z",3],
["0 * * * *","America/New_York","2026-11-01T04:30:00Z",4],
["0 * * * *","Australia/Lord_Howe","2026-04-04T13:30:00Z",4],
["*/10 * * * *","Australia/Lord_Howe","2026-10-03T15:10:00Z",6],
["15 2 * * *","Australia/Lord_Howe","2026-10-03T12:10:00Z",3],
["0 0 * * *","America/Sao_Paulo","2018-11-03T12:00:00Z",3],
["* * * * * *","UTC","2026-01-15T00:00:05.500Z",2],
["0 0 1 1 * 2025","UTC","2026-01-15T00:00:05Z",2],
];

// The same "random" expressions each time.
let seed = 7;
const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
const pick = (...of) => of[random(of.length)];
const number = (low, high) => low + random(high - low + 1);
const span = (low, high) => { const a = number(low, high); return `${a}-${number(a, high)}`; };
const field = (low, high) => pick(() => "*", () => `${number(low, high)}`, () => span(low, high),
  () => `*/${number(2, 9)}`, () => `${number(low, high)},${number(low, high)}`, () => `${span(low, high)}/${number(2, 5)}`)();
const day = () => pick(() => field(1, 28), () => "L", () => "LW", () => `${number(1, 28)}W`, () => "*")();
const weekday = () => pick(() => field(0, 6), () => `${number(0, 6)}L`, () => `${number(0, 6)}#${number(1, 5)}`, () => "*")();
for (let i = 0; i < 150; i++) {
  const expr = [field(0, 59), field(0, 23), day(), pick("*", "*", field(1, 12)), weekday()].join(" ");
  const zone = pick("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland");
  const from = new Date(Date.UTC(2026, random(12), number(1, 28), 12, random(60), random(60))).toISOString();
  rows.push([expr, zone, from, 4]);
}

for (const [expr, zone, from, count] of rows) {
  let runs;
  try {
    const cron = new Cron(expr, { timezone: zone, catch: false });
    runs = [];
    for (let at = new Date(from); at && runs.length < count; ) {
      at = cron.nextRun(at);
      runs.push(at && at.toISOString());
    }
  } catch {
    runs = "refused";
  }
  console.log(JSON.stringify([expr, zone, from, runs]));
}
