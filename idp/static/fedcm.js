// The window was opened by the browser's own sign-in dialog (FedCM): it closes, and the dialog goes on.
"use strict";
if (window.IdentityProvider && IdentityProvider.close) IdentityProvider.close();
