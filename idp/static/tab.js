// Many rounds of one application in a few seconds: of many tabs, or of this one again and again? Only the tab can tell.
"use strict";
(() => {
  const about = document.querySelector("[data-tab]").dataset, now = Date.now();
  let last = 0;
  try {
    last = Number(sessionStorage.getItem("rounds:" + about.tab));
    sessionStorage.setItem("rounds:" + about.tab, now);
  } catch { /* storage is blocked: the count of the server decides */ }
  location.replace(now - last < about.within * 1000 ? about.loop : about.on);
})();
