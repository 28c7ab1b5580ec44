"use strict";
// As the library's README has it; `settings` comes from the test.
const manager = new oidc.UserManager({
  ...settings,
  revokeTokensOnSignout: true,
  userStore: new oidc.WebStorageStateStore({ store: window.localStorage }),
});
const state = document.getElementById("state");
const show = (what) => (state.textContent = JSON.stringify(what));
const failed = (error) => show({ error: String(error) });

async function start() {
  if (location.pathname === "/callback") {
    await manager.signinCallback();
    history.replaceState({}, "", "/");
  }
  if (location.pathname === "/bye") {
    await manager.signoutCallback();
    return show({ signedOut: true, user: await manager.getUser() });
  }
  const user = await manager.getUser();
  return show(user ? { profile: user.profile, token: user.access_token } : { nobody: true });
}

document.getElementById("in").onclick = () => manager.signinRedirect().catch(failed);
document.getElementById("renew").onclick = () =>
  manager.signinSilent().then((user) => show({ renewed: user.access_token }), failed);
document.getElementById("out").onclick = () => manager.signoutRedirect().catch(failed);
start().catch(failed);
