// Who leaves a page stops what it is asking for. That is no error: htmx would say two of
// each in the console.
"use strict";
(() => {
  const asked = new Set();
  document.addEventListener("htmx:beforeSend", ({ detail: { xhr } }) => {
    asked.add(xhr);
    xhr.addEventListener("loadend", () => asked.delete(xhr));
  });
  window.addEventListener("beforeunload", () => {
    for (const xhr of asked) xhr.onabort = xhr.onerror = null;
  });
})();
