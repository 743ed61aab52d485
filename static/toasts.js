// What is new beside the bell stays until it is dismissed; of many, the newest.
"use strict";
(() => {
  const MOST = 3;
  document.addEventListener("click", ({ target }) => {
    target.closest("[data-dismiss]")?.closest(".toast-note").remove();
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    for (const old of [...document.querySelectorAll(".toast-note")].slice(MOST)) old.remove();
  });
})();
