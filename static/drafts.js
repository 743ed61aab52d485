// What was typed into a form that did not arrive, because the session had ended, is back
// when its page is seen again. It is kept in this tab alone, and for who typed it alone.
"use strict";
(() => {
  const KEY = "novaweb-draft";
  const TYPED = "textarea, select, input:not([type=hidden], [type=password], [data-password], [type=file])";
  const TICKED = ["checkbox", "radio"];
  const person = document.body.dataset.person;

  const nameOf = (field) => (TICKED.includes(field.type) ? `${field.name}=${field.value}` : field.name);
  const typedIn = (form) => [...form.querySelectorAll(TYPED)].filter((each) => each.name);

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!person || form.method !== "post") return;
    const typed = typedIn(form).map((each) => [
      nameOf(each), TICKED.includes(each.type) ? each.checked : each.value,
    ]);
    const draft = { person, typed, action: form.action };
    if (typed.length) sessionStorage.setItem(KEY, JSON.stringify(draft));
  });

  function restore({ typed, action }) {
    const form = [...document.forms].find((each) => each.method === "post" && each.action === action);
    if (!form) return false;
    const known = new Map(typed);
    for (const field of typedIn(form).filter((each) => known.has(nameOf(each)))) {
      const value = known.get(nameOf(field));
      if (TICKED.includes(field.type)) field.checked = value;
      else field.value = value;
    }
    for (let each = form; each; each = each.parentElement) {
      if (each.tagName === "DETAILS") each.open = true;
    }
    const note = document.createElement("p");
    note.className = "alert alert-warning";
    note.setAttribute("role", "status");
    note.textContent = "This was not sent, and is here as you typed it: send it again.";
    form.prepend(note);
    note.scrollIntoView({ block: "center" });
    return true;
  }

  const kept = JSON.parse(sessionStorage.getItem(KEY) || "null");
  if (!kept) return;
  if ("notSent" in document.body.dataset) {
    sessionStorage.setItem(KEY, JSON.stringify({ ...kept, lost: true }));
  } else if (!kept.lost || kept.person !== person || restore(kept)) {
    sessionStorage.removeItem(KEY);
  }
})();
