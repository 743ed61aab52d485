// Asking for a move: takes over what the pre-flight proposes, on a click.
"use strict";
(() => {
  const form = document.getElementById("ask");
  if (!form) return;
  const offer = (root) => {
    for (const button of root.querySelectorAll(".take")) button.hidden = false;
  };
  offer(document);
  document.addEventListener("htmx:load", (event) => offer(event.target));
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".take");
    if (!button) return;
    for (const radio of form.elements.procedure) {
      radio.checked = radio.value === button.dataset.procedure;
    }
    form.elements.target.value = button.dataset.target;
    form.elements.target.dispatchEvent(new Event("change", { bubbles: true }));
    form.elements.reason.focus();
  });
})();
