// Light or dark: as the account has it, and in this browser what was switched to since;
// without either what the system prefers.
"use strict";
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const account = root.dataset.theme || "";
  const chosen = () => {
    // what was switched to before another choice was saved counts no more
    const since = (localStorage.getItem("novaweb-theme-since") || "") === account;
    return (since && localStorage.getItem("novaweb-theme")) || account;
  };
  const show = () => {
    root.dataset.bsTheme = chosen() || (dark.matches ? "dark" : "light");
  };
  show();
  dark.addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme-switch");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
      localStorage.setItem("novaweb-theme", next);
      localStorage.setItem("novaweb-theme-since", account);
      show();
    });
  });
})();
