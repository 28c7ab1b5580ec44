// An MCP client as the SDK's documents have it: it is given the address of a tool, and finds the rest.
// In: settings as JSON in the environment, then the callback's address as a line. Out: one JSON object a line.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { createInterface } from "node:readline/promises";

const settings = JSON.parse(process.env.SETTINGS);
const say = (what) => console.log(JSON.stringify(what));
const kept = {};

const provider = {
  clientMetadataUrl: settings.document,
  redirectUrl: settings.redirect_uri,
  clientMetadata: {
    client_name: settings.name,
    redirect_uris: [settings.redirect_uri],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "none",
  },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  redirectToAuthorization: (url) => say({ url: url.href }),
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  codeVerifier: () => kept.verifier,
};

const url = new URL(settings.resource);
const first = new StreamableHTTPClientTransport(url, { authProvider: provider });
try {
  await new Client({ name: "test", version: "1" }).connect(first);
} catch (error) {
  if (!(error instanceof UnauthorizedError)) throw error;
}
const lines = createInterface({ input: process.stdin });
const line = await new Promise((resolve) => lines.once("line", resolve));
await first.finishAuth(new URL(line).searchParams.get("code"));

const client = new Client({ name: "test", version: "1" });
await client.connect(new StreamableHTTPClientTransport(url, { authProvider: provider }));
const result = await client.callTool({ name: "add", arguments: { a: 2, b: 3 } });
say({ client_id: kept.client.client_id, scope: kept.tokens.scope, answer: result.content[0].text });
await client.close();
lines.close();
