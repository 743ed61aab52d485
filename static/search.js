// Who types before htmx is there is heard all the same: the page has the focus at once.
"use strict";
document.addEventListener("htmx:load", () => {
  const field = document.getElementById("search-words");
  if (field.value !== field.defaultValue) window.htmx.trigger(field, "input");
}, { once: true });
