// openid-client as its README has it, its client authenticated by private_key_jwt; nothing is switched for us.
// In: settings as JSON in the environment, then the callback's address as a line. Out: one JSON object a line.
import * as client from "openid-client";
import { createInterface } from "node:readline/promises";

const settings = JSON.parse(process.env.SETTINGS);
const say = (what) => console.log(JSON.stringify(what));
const jwk = settings.key;
const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);

const config = await client.discovery(
  new URL(settings.issuer),
  settings.client_id,
  settings.metadata,
  client.PrivateKeyJwt({ key, kid: jwk.kid }),
  { execute: [client.allowInsecureRequests] }, // the issuer is http://127.0.0.1 here
);

if (settings.decryption) {
  const rsa = await crypto.subtle.importKey("jwk", settings.decryption.rsa, { name: "RSA-OAEP", hash: "SHA-256" }, false, ["decrypt"]);
  const ec = await crypto.subtle.importKey("jwk", settings.decryption.ec, { name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
  client.useJwtResponseMode(config);
  client.enableDecryptingResponses(
    config,
    ["A256GCM", "A128CBC-HS256"],
    { key: rsa, kid: settings.decryption.rsa.kid },
    { key: ec, kid: settings.decryption.ec.kid, alg: "ECDH-ES+A256KW" },
  );
}

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: settings.redirect_uri,
  scope: "openid profile email offline_access",
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  prompt: "consent",
  state,
  nonce,
});
say({ url: url.href });

const lines = createInterface({ input: process.stdin });
const [callback] = await new Promise((resolve) => lines.once("line", (line) => resolve([line])));
const tokens = await client.authorizationCodeGrant(config, new URL(callback), {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
});
const claims = tokens.claims();
const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
const told = await client.tokenIntrospection(config, renewed.access_token);
await client.tokenRevocation(config, renewed.refresh_token);
const after = await client.tokenIntrospection(config, renewed.access_token);
const bye = client.buildEndSessionUrl(config, {
  id_token_hint: client.getDecryptedResponses(tokens)?.id_token?.token_endpoint ?? tokens.id_token,
  post_logout_redirect_uri: settings.post_logout_redirect_uri,
});
say({ sub: claims.sub, person, active: told.active, after: after.active, bye: bye.href });
lines.close();
