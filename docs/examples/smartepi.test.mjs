// Run with: node --test docs/examples/smartepi.test.mjs. The admin API needs no client library; fetch is enough.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

const server = process.env.TESTMODE_URL ?? "http://127.0.0.1:8080";
let sandbox;

async function admin(method, path, body) {
  const response = await fetch(`${server}/__admin${path}`, {
    method,
    headers: { authorization: `Bearer ${process.env.TESTMODE_ADMIN_TOKEN}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(JSON.parse(text).detail);
  return text && JSON.parse(text);
}

const sectors = (key = sandbox.keys[0].secret) =>
  fetch(`${sandbox.base_url}/sectors`, { headers: { authorization: `Bearer ${key}` } });

before(async () => {
  sandbox = await admin("POST", "/sandboxes", { provider: "smartepi", seed: 7 });
});
after(() => admin("DELETE", `/sandboxes/${sandbox.id}`));

test("a new key works after a minute", async () => {
  const { secret } = await admin("POST", `/sandboxes/${sandbox.id}/keys`, {});
  assert.equal((await sectors(secret)).status, 403);
  await admin("PUT", `/sandboxes/${sandbox.id}/clock`, { action: "advance", by: "60s" });
  assert.equal((await sectors(secret)).status, 200);
});

test("an outage is over when its scenario is off", async () => {
  await admin("PUT", `/sandboxes/${sandbox.id}/scenarios/outage`, {});
  assert.equal((await sectors()).status, 503);
  await admin("DELETE", `/sandboxes/${sandbox.id}/scenarios/outage`);
  assert.equal((await sectors()).status, 200);
  const verdict = await admin("POST", `/sandboxes/${sandbox.id}/requests/verify`, { status: 503, count: 1 });
  assert.ok(verdict.verified, JSON.stringify(verdict));
});
