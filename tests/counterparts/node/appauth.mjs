// Two apps of one maker by AppAuth for JavaScript: the first signs in by the browser, the second by the first one.
import appauth from "@openid/appauth";
import node from "@openid/appauth/built/node_support/index.js";
import readline from "node:readline";

const said = JSON.parse(process.env.SETTINGS);
const { AuthorizationRequest, AuthorizationRequestHandler, AuthorizationServiceConfiguration, BaseTokenRequestHandler,
        BasicQueryStringUtils, TokenRequest } = appauth;
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// The library knows the members of RFC 6749 alone; a device secret stands beside them.
class Requestor extends node.NodeRequestor {
  async xhr(settings) { return (this.last = await super.xhr(settings)); }
}
class Handler extends AuthorizationRequestHandler {
  url(configuration, request) { return this.buildRequestUrl(configuration, request); }
}

const requestor = new Requestor();
const provider = await AuthorizationServiceConfiguration.fetchFromIssuer(said.issuer, requestor);
const tokens = new BaseTokenRequestHandler(requestor);
const ask = async (client_id, redirect_uri, values) => {
  const answer = await tokens.performTokenRequest(provider, new TokenRequest({ client_id, redirect_uri, ...values }));
  return { answer, device_secret: requestor.last.device_secret };
};

const request = new AuthorizationRequest({
  client_id: said.first.client_id, redirect_uri: said.first.redirect_uri, scope: said.scope,
  response_type: AuthorizationRequest.RESPONSE_TYPE_CODE, extras: { prompt: "consent" },
}, new node.NodeCrypto());
await request.setupCodeVerifier();
console.log(JSON.stringify({ url: new Handler(new BasicQueryStringUtils(), new node.NodeCrypto()).url(provider, request) }));
const sent = new URL((await lines.next()).value).searchParams;
if (sent.get("state") !== request.state) throw new Error("another state");

const first = await ask(said.first.client_id, said.first.redirect_uri, {
  grant_type: "authorization_code", code: sent.get("code"), extras: { code_verifier: request.internal.code_verifier },
});
const second = await ask(said.second.client_id, said.second.redirect_uri, {
  grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
  extras: {
    audience: said.issuer, scope: said.scope,
    subject_token: first.answer.idToken, subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
    actor_token: first.device_secret, actor_token_type: "urn:openid:params:token-type:device-secret",
  },
});
const renewed = await ask(said.second.client_id, said.second.redirect_uri, {
  grant_type: "refresh_token", refresh_token: second.answer.refreshToken, extras: { device_secret: second.device_secret },
});
console.log(JSON.stringify({
  secrets: [first.device_secret, second.device_secret, renewed.device_secret], access_token: renewed.answer.accessToken,
}));
process.exit(0);
