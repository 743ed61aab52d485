// An open menu of the bar closes by Escape and when one goes elsewhere. Ctrl+K searches.
"use strict";
(() => {
  const open = () => document.querySelector("details.menu[open]");
  const leave = (event) => {
    const menu = open();
    if (menu && !menu.contains(event.target)) menu.open = false;
  };
  document.addEventListener("click", leave);
  document.addEventListener("focusin", leave);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    const search = document.getElementById("search-link");
    if (!search) return;
    event.preventDefault();
    search.click();
  });
  document.addEventListener("keydown", (event) => {
    const menu = open();
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
})();
