// Before the first paint, so that a stored theme never flashes; says, too, that JavaScript runs.
(function (root, dark) {
  root.classList.add("js");
  root.setTheme = function (theme) {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    dark.media = theme === "dark" ? "all" : theme === "light" ? "not all" : "(prefers-color-scheme: dark)";
  };
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.setTheme(theme);
  } catch { /* storage is blocked: as the system */ }
})(document.documentElement, document.getElementById("dark"));
