// Reading a log: following its end, searching all of it, and keys for both.
"use strict";
(() => {
  const log = document.getElementById("log");
  const list = document.getElementById("lines");
  if (!log || !list) return;
  const follow = document.getElementById("log-follow");
  const more = document.getElementById("log-more");
  const search = document.getElementById("log-search");
  const hits = document.getElementById("found");
  const summary = document.getElementById("log-found");
  const root = document.getElementById("run");
  const lines = window.novawebLines;
  const PAUSE = 250; // ms without a key, before the server is asked
  const said = document.getElementById("said");
  const keys = document.getElementById("keys");
  const keysOn = document.getElementById("keys-on");
  let following = !location.hash.startsWith("#line-");
  let missed = 0;
  let lately = [];
  let asked = 0;
  let typing = 0;
  let soon = 0;

  const numberOf = (line) => Number(line.querySelector(".line-number").textContent);
  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 6;
  const toEnd = () => (log.scrollTop = log.scrollHeight);

  async function setFollowing(on) {
    following = on;
    follow.setAttribute("aria-pressed", String(on));
    const there = lines.follow(on);
    if (!on) return;
    missed = 0;
    more.hidden = true;
    await there;
    if (following) toEnd();
  }

  // Many lines a second would drown a screen reader: then only steps are announced.
  function calm() {
    const now = Date.now();
    lately = [...lately.filter((at) => now - at < 5000), now];
    log.setAttribute("aria-live", lately.length > 5 ? "off" : "polite");
  }

  function showHits(answer) {
    hits.hidden = summary.hidden = answer === null;
    list.hidden = answer !== null;
    if (answer === null) return;
    hits.innerHTML = answer.lines.map((line) => line.html).join("");
    for (const hit of hits.children) hit.removeAttribute("id"); // it may be in the log too
    window.novawebTimes(hits);
    const words = answer.count === 1 ? "1 line matches" : `${answer.count} lines match`;
    const few = answer.count > answer.lines.length ? `, the first ${answer.lines.length} are shown` : "";
    summary.textContent = said.textContent = words + few;
  }

  async function searchLog() {
    const words = search.value.trim();
    const turn = (asked += 1);
    if (!words) {
      showHits(null);
      said.textContent = "";
      return;
    }
    const answer = await fetch(`${root.dataset.search}?words=${encodeURIComponent(words)}`);
    if (turn !== asked) return; // what is typed now asks for something else
    if (answer.ok && !answer.redirected) showHits(await answer.json());
    else said.textContent = "The log could not be searched: try again in a moment.";
  }

  // once for all lines of a moment: to know how high the log is costs a layout of it
  function toEndSoon() {
    if (soon) return;
    soon = requestAnimationFrame(() => {
      soon = 0;
      if (following) toEnd();
    });
  }

  document.addEventListener("novaweb:line", () => {
    calm();
    if (following) {
      toEndSoon();
      return;
    }
    missed += 1;
    more.textContent = missed === 1 ? "1 new line ↓" : `${missed} new lines ↓`;
    more.hidden = false;
  });
  log.addEventListener("scroll", () => {
    if (soon) return; // the lines that have just arrived moved the end away
    const end = atEnd() && lines.attached();
    if (end !== following) setFollowing(end);
  });
  follow.addEventListener("click", () => setFollowing(!following));
  more.addEventListener("click", () => setFollowing(true));
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(searchLog, PAUSE);
  });

  async function mark(number) {
    setFollowing(false);
    const line = await lines.reach(number);
    if (!line) return;
    history.replaceState(null, "", `#${line.id}`);
    list.querySelector(".line-marked")?.classList.remove("line-marked");
    line.classList.add("line-marked");
    line.scrollIntoView({ block: "center" });
  }

  function nextTrouble() {
    const trouble = [...list.querySelectorAll(".line-trouble")];
    const now = trouble.findIndex((line) => line.classList.contains("line-marked"));
    if (trouble.length) mark(numberOf(trouble[(now + 1) % trouble.length]));
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
  log.addEventListener("click", (event) => {
    const number = event.target.closest(".line-number");
    if (!number) return;
    event.preventDefault();
    if (search.value) {
      search.value = "";
      searchLog();
    }
    mark(Number(number.textContent));
  });

  for (const element of [follow, search, keys]) element.hidden = false;
  if (following) setFollowing(true);
  else mark(Number(location.hash.slice("#line-".length)));
})();
