// Reading a log: following its end, searching it, and keys for both.
"use strict";
(() => {
  const log = document.getElementById("log");
  const list = document.getElementById("lines");
  if (!log || !list) return;
  const follow = document.getElementById("log-follow");
  const more = document.getElementById("log-more");
  const search = document.getElementById("log-search");
  const said = document.getElementById("said");
  const keys = document.getElementById("keys");
  const keysOn = document.getElementById("keys-on");
  let following = !location.hash.startsWith("#line-");
  let missed = 0;
  let lately = [];

  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 6;
  const toEnd = () => (log.scrollTop = log.scrollHeight);

  function setFollowing(on) {
    following = on;
    follow.setAttribute("aria-pressed", String(on));
    if (on) {
      missed = 0;
      more.hidden = true;
      toEnd();
    }
  }

  // Many lines a second would drown a screen reader: then only steps are announced.
  function calm() {
    const now = Date.now();
    lately = [...lately.filter((at) => now - at < 5000), now];
    log.setAttribute("aria-live", lately.length > 5 ? "off" : "polite");
  }

  function matches(line) {
    const wanted = search.value.trim().toLowerCase().split(/\s+/);
    const text = line.textContent.toLowerCase();
    return wanted.every((word) => text.includes(word));
  }

  document.addEventListener("novaweb:line", () => {
    const line = list.lastElementChild;
    line.classList.toggle("line-hidden", !matches(line));
    calm();
    if (following) {
      toEnd();
      return;
    }
    missed += 1;
    more.textContent = missed === 1 ? "1 new line ↓" : `${missed} new lines ↓`;
    more.hidden = false;
  });
  log.addEventListener("scroll", () => {
    if (atEnd() !== following) setFollowing(atEnd());
  });
  follow.addEventListener("click", () => setFollowing(!following));
  more.addEventListener("click", () => setFollowing(true));
  search.addEventListener("input", () => {
    let found = 0;
    for (const line of list.children) {
      const hit = matches(line);
      found += hit ? 1 : 0;
      line.classList.toggle("line-hidden", !hit);
    }
    const words = found === 1 ? "1 line matches" : `${found} lines match`;
    said.textContent = search.value ? words : "";
  });

  function mark(line) {
    if (!line) return;
    setFollowing(false);
    history.replaceState(null, "", `#${line.id}`);
    list.querySelector(".line-marked")?.classList.remove("line-marked");
    line.classList.add("line-marked");
    line.scrollIntoView({ block: "center" });
  }

  function nextTrouble() {
    const trouble = [...list.querySelectorAll(".line-trouble")];
    const now = trouble.findIndex((line) => line.classList.contains("line-marked"));
    mark(trouble[(now + 1) % trouble.length]);
  }

  function nextStep(by) {
    const steps = [...document.querySelectorAll(".steps-list .step")];
    const now = steps.indexOf(document.activeElement);
    const next = now < 0 && by < 0 ? steps.length - 1 : now + by;
    steps[Math.max(0, Math.min(steps.length - 1, next))]?.focus();
  }

  async function copyLink() {
    const url = location.href.replace(/#$/, "");
    try {
      await navigator.clipboard.writeText(url);
      said.textContent = "The link is copied.";
    } catch {
      said.textContent = `The link is ${url}`;
    }
  }

  const acts = {
    j: () => nextStep(1),
    k: () => nextStep(-1),
    f: () => setFollowing(!following),
    "/": () => search.focus(),
    e: nextTrouble,
    c: copyLink,
  };
  document.addEventListener("keydown", (event) => {
    if (event.target === search && event.key === "Escape") search.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || !keysOn.checked) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  keysOn.checked = localStorage.getItem("novaweb-keys") !== "off";
  keysOn.addEventListener("change", () => {
    localStorage.setItem("novaweb-keys", keysOn.checked ? "on" : "off");
  });
  list.addEventListener("click", (event) => {
    const number = event.target.closest(".line-number");
    if (!number) return;
    event.preventDefault();
    mark(number.parentElement);
  });

  for (const element of [follow, search, keys]) element.hidden = false;
  if (following) setFollowing(true);
  else mark(document.getElementById(location.hash.slice(1)));
})();
