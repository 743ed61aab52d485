// A button below each password field shows what is typed there, and hides it again.
"use strict";
(() => {
  const fields = [...document.querySelectorAll("input[type=password]")];

  function add(field) {
    const label = field.labels?.[0]?.textContent.trim().replace(/:$/, "") || "password";
    const button = document.createElement("button");
    const word = document.createElement("span");
    const whose = document.createElement("span");
    whose.className = "visually-hidden";
    whose.textContent = ` ${label}`;
    button.type = "button";
    button.className = "btn btn-sm button show-password";
    if (field.id) button.setAttribute("aria-controls", field.id);
    button.append(word, whose);
    // static/drafts.js keeps no field that has this, whatever its type
    field.dataset.password = "";
    function show(shown) {
      field.type = shown ? "text" : "password";
      field.spellcheck = false;
      field.autocapitalize = "none";
      word.textContent = shown ? "Hide" : "Show";
    }
    show(false);
    button.addEventListener("click", () => show(field.type === "password"));
    // else a browser would keep it among what was typed into text fields
    field.form?.addEventListener("submit", () => show(false), { capture: true });
    window.addEventListener("pagehide", () => show(false));
    field.after(button);
  }

  fields.forEach(add);
})();
