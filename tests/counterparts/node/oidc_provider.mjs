// oidc-provider with its own development pages: whoever types a name is that person. Settings come as JSON in SETTINGS.
import Provider from 'oidc-provider';

const { port, client } = JSON.parse(process.env.SETTINGS);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [client],
  conformIdTokenClaims: false,
  claims: { email: ['email', 'email_verified'], openid: ['sub'], profile: ['name', 'preferred_username'] },
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  // It asks nobody on this machine by itself; here everybody is on it.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  async findAccount(ctx, id) {
    const claims = { sub: id, name: `${id} of elsewhere`, preferred_username: id, email: `${id}@example.com`, email_verified: true };
    return { accountId: id, claims: async () => claims };
  },
});
provider.listen(port, '127.0.0.1', () => console.log('listening'));
provider.on('backchannel.error', (ctx, err) => console.log('backchannel.error', err.message, err.cause));
provider.on('backchannel.success', () => console.log('backchannel.success'));
