// openid-client as its README has it, each time with one thing wrong that people do; what it throws is printed.
// In: settings as JSON in the environment, then for each mistake the callback's address as a line.
import * as client from "openid-client";
import { createInterface } from "node:readline/promises";

const settings = JSON.parse(process.env.SETTINGS);
const say = (what) => console.log(JSON.stringify(what));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const execute = [client.allowInsecureRequests]; // the issuer is http://127.0.0.1 here

for (const { name, secret, issuer, callback, verifier: other, twice, refresh } of settings.mistakes) {
  try {
    const config = await client.discovery(
      new URL(issuer ?? settings.issuer), settings.client_id, undefined,
      client.ClientSecretBasic(secret ?? settings.secret), { execute },
    );
    const verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: settings.redirect_uri,
      scope: "openid offline_access",
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      prompt: "consent",
      state,
    });
    say({ name, url: url.href });
    const back = (await lines.next()).value;
    const where = new URL(callback ? back.replace(settings.redirect_uri, callback) : back);
    const checks = { pkceCodeVerifier: other ?? verifier, expectedState: state };
    const tokens = await client.authorizationCodeGrant(config, where, checks);
    if (twice) await client.authorizationCodeGrant(config, where, checks);
    if (refresh) await client.refreshTokenGrant(config, tokens[refresh]);
    say({ name, went: "well" });
  } catch (error) {
    // what answers 401 is thrown as its challenge
    const told = error.error_description ?? error.cause?.[0]?.parameters?.error_description ?? String(error);
    say({ name, thrown: error.code ?? error.name, told });
  }
}
process.exit(0);
