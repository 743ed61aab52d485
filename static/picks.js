// What is ticked in a list stays ticked when the list is filtered, sorted or turned, and is
// counted. Kept in this tab, for this person and list, until it is sent or cleared.
"use strict";
(() => {
  const form = document.querySelector("form[data-picks]");
  if (!form) return;
  const name = form.dataset.picks;
  const KEY = `novaweb-picks-${name}-${document.body.dataset.person}`;
  const picked = new Set(JSON.parse(sessionStorage.getItem(KEY) || "[]"));
  const boxes = () => [...document.querySelectorAll(`input[type=checkbox][form="${form.id}"]`)];
  const part = (which) => form.querySelector(`[data-picks-${which}]`);

  function show() {
    const here = boxes();
    for (const box of here) box.checked = picked.has(box.value);
    const seen = here.filter((box) => box.checked).length;
    const elsewhere = picked.size - seen;
    part("count").hidden = part("none").hidden = picked.size === 0;
    part("count").textContent = `${picked.size} selected${elsewhere ? `, ${elsewhere} not shown` : ""}`;
    part("all").hidden = seen === here.length;
  }
  function keep() {
    sessionStorage.setItem(KEY, JSON.stringify([...picked]));
    show();
  }
  document.addEventListener("change", ({ target }) => {
    if (!target.matches(`input[type=checkbox][form="${form.id}"]`)) return;
    if (target.checked) picked.add(target.value);
    else picked.delete(target.value);
    keep();
  });
  part("all").addEventListener("click", () => {
    for (const box of boxes()) picked.add(box.value);
    keep();
  });
  part("none").addEventListener("click", () => {
    picked.clear();
    keep();
  });
  form.addEventListener("formdata", ({ formData }) => {
    formData.delete(name);
    for (const each of picked) formData.append(name, each);
  });
  form.addEventListener("submit", () => sessionStorage.removeItem(KEY));
  document.addEventListener("htmx:load", show);
  window.addEventListener("pageshow", show);
  // what a browser remembers to be ticked when a page is reloaded is ticked by a person
  for (const box of boxes().filter((each) => each.checked)) picked.add(box.value);
  show();
})();
