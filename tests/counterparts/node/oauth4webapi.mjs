// oauth4webapi: a pushed request, PKCE and DPoP, with nonces as they are asked for; nothing is switched for us.
// In: settings as JSON in the environment, then the callback's address as a line. Out: one JSON object a line.
import * as oauth from "oauth4webapi";
import { createInterface } from "node:readline/promises";

const settings = JSON.parse(process.env.SETTINGS);
const say = (what) => console.log(JSON.stringify(what));
const insecure = { [oauth.allowInsecureRequests]: true }; // the issuer is http://127.0.0.1 here
const issuer = new URL(settings.issuer);
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
const client = { client_id: settings.client_id };
const auth = oauth.ClientSecretBasic(settings.secret);
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));

// The library asks once more where it is told a nonce.
async function twice(ask) {
  try {
    return await ask();
  } catch (error) {
    if (oauth.isDPoPNonceError(error)) return await ask();
    throw error;
  }
}

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const parameters = new URLSearchParams({
  client_id: client.client_id,
  redirect_uri: settings.redirect_uri,
  response_type: "code",
  scope: "openid profile email",
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
});
const pushed = await twice(async () =>
  oauth.processPushedAuthorizationResponse(
    as,
    client,
    await oauth.pushedAuthorizationRequest(as, client, auth, parameters, { DPoP, ...insecure }),
  ),
);
const url = new URL(as.authorization_endpoint);
url.searchParams.set("client_id", client.client_id);
url.searchParams.set("request_uri", pushed.request_uri);
say({ url: url.href });

const lines = createInterface({ input: process.stdin });
const [callback] = await new Promise((resolve) => lines.once("line", (line) => resolve([line])));
const answer = oauth.validateAuthResponse(as, client, new URL(callback), state);
const tokens = await twice(async () =>
  oauth.processAuthorizationCodeResponse(
    as,
    client,
    await oauth.authorizationCodeGrantRequest(as, client, auth, answer, settings.redirect_uri, verifier, {
      DPoP,
      ...insecure,
    }),
    { expectedNonce: nonce, requireIdToken: true },
  ),
);
const claims = oauth.getValidatedIdTokenClaims(tokens);
const person = await twice(async () =>
  oauth.processUserInfoResponse(
    as,
    client,
    claims.sub,
    await oauth.userInfoRequest(as, client, tokens.access_token, { DPoP, ...insecure }),
  ),
);
// The same token without its key is nobody's.
const stolen = await fetch(as.userinfo_endpoint, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
say({ sub: claims.sub, email: person.email, type: tokens.token_type, stolen: stolen.status });
lines.close();
