// openid-client as its README has it for a device: discovery, the short code, polling at the server's pace.
// In: settings as JSON in the environment. Out: one JSON object a line.
import * as client from "openid-client";

const settings = JSON.parse(process.env.SETTINGS);
const say = (what) => console.log(JSON.stringify(what));

const config = await client.discovery(
  new URL(settings.issuer),
  settings.client_id,
  undefined,
  client.None(),
  { execute: [client.allowInsecureRequests] }, // the issuer is http://127.0.0.1 here
);
const device = await client.initiateDeviceAuthorization(config, { scope: "openid profile offline_access" });
say(device);
const tokens = await client.pollDeviceAuthorizationGrant(config, device);
const claims = tokens.claims();
const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
say({ name: person.preferred_username, renewed: renewed.access_token !== tokens.access_token });
