// openid-client as its README has it, which registers itself first (RFC 7591), with an initial access token.
// In: settings as JSON in the environment, then the callback's address as a line. Out: one JSON object a line.
import * as client from "openid-client";
import { createInterface } from "node:readline/promises";

const settings = JSON.parse(process.env.SETTINGS);
const say = (what) => console.log(JSON.stringify(what));

const config = await client.dynamicClientRegistration(
  new URL(settings.issuer),
  { client_name: settings.name, redirect_uris: [settings.redirect_uri] },
  undefined,
  { initialAccessToken: settings.token, execute: [client.allowInsecureRequests] }, // http://127.0.0.1 here
);

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: settings.redirect_uri,
  scope: "openid email",
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
});
say({ url: url.href, registered: config.clientMetadata() });

const lines = createInterface({ input: process.stdin });
const [callback] = await new Promise((resolve) => lines.once("line", (line) => resolve([line])));
const tokens = await client.authorizationCodeGrant(config, new URL(callback), {
  pkceCodeVerifier: verifier,
  expectedState: state,
  idTokenExpected: true,
});
const claims = tokens.claims();
say({ sub: claims.sub, person: await client.fetchUserInfo(config, tokens.access_token, claims.sub) });
lines.close();
