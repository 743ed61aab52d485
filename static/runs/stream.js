// Keeps the page of a run up to date.
//
// A dozen lines over EventSource instead of htmx's sse extension, because that one makes
// a new EventSource after a 502 and asks from the beginning, so that lines repeat. Here
// the cursor is always the last line that has arrived, whatever broke: nothing is
// lost and nothing comes twice. Where streams do not get through at all, the page polls.
"use strict";
(() => {
  const root = document.getElementById("run");
  if (!root || "over" in root.dataset) return;
  const list = document.getElementById("lines");
  const live = document.getElementById("live");
  const said = document.getElementById("said");
  const PARTS = ["head", "banner", "progress", "downtime", "steps", "controls"];
  const FEW = 3; // failures in a row after which the page polls as well
  const SILENCE = 5000; // ms without a first event: something holds the stream back
  let source = null;
  let failures = 0;
  let polling = false;
  let over = false;
  let watchdog = 0;
  let again = 0;
  const known = {};

  const lines = window.novawebLines;

  function say(state, words) {
    live.dataset.state = state;
    live.textContent = words;
  }

  function addLine(number, html) {
    if (lines.add(number, html)) document.dispatchEvent(new CustomEvent("novaweb:line"));
  }

  function addToken(form) {
    if (form.elements.csrfmiddlewaretoken) return;
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = "csrfmiddlewaretoken";
    input.value = JSON.parse(document.body.getAttribute("hx-headers"))["x-csrftoken"];
    form.append(input);
  }

  // What the reader has opened, typed or focused survives the exchange of a part.
  function replacePart(name, html) {
    if (known[name] === html) return;
    known[name] = html;
    const box = document.getElementById(`part-${name}`);
    const focused = box.contains(document.activeElement) && document.activeElement.id;
    const open = [...box.querySelectorAll("details")].map((each) => each.open);
    const typed = [...box.querySelectorAll("input[id], textarea[id]")];
    box.innerHTML = html;
    window.htmx?.process(box);
    box.querySelectorAll("details").forEach((each, i) => (each.open = open[i] || false));
    for (const field of typed) {
      const now = document.getElementById(field.id);
      if (now) now.value = field.value;
    }
    box.querySelectorAll("form[method=post]").forEach(addToken);
    window.novawebTimes(box);
    if (focused) document.getElementById(focused)?.focus();
    if (name === "steps") announce();
    if (name === "banner") look(box);
  }

  // When it has just been held, the page asks by itself what the world is now.
  let held = "held" in root.dataset;
  function look(banner) {
    const before = held;
    held = banner.querySelector(".banner-warn") !== null;
    if (held && !before) document.body.dispatchEvent(new Event("novaweb:held"));
  }

  function announce() {
    const step = list.ownerDocument.querySelector(".step-under_way, .step-going_back");
    const words = step?.querySelector(".step-words > span")?.textContent || "";
    if (words && said.textContent !== words) said.textContent = words;
  }

  function finish() {
    over = true;
    source?.close();
    clearTimeout(watchdog);
    say("over", "complete");
  }

  function failed() {
    source.close();
    clearTimeout(watchdog);
    if (over || document.hidden) return;
    say("lost", polling ? "asking every second" : "reconnecting");
    // 50 ms after a clean end, then 100, 200, … and never more than a second
    again = setTimeout(listen, Math.min(1000, 50 * 2 ** failures));
    failures += 1;
    if (failures >= FEW && !polling) poll();
  }

  function arrived() {
    failures = 0;
    polling = false;
    clearTimeout(watchdog);
    if (live.dataset.state !== "live") say("live", "live");
  }

  function listen() {
    clearTimeout(again);
    source?.close();
    source = new EventSource(`${root.dataset.stream}?after=${lines.received()}`);
    watchdog = setTimeout(failed, SILENCE);
    source.onerror = failed;
    source.addEventListener("line", (event) => {
      arrived();
      addLine(Number(event.lastEventId), event.data);
    });
    for (const name of PARTS) {
      source.addEventListener(`part-${name}`, (event) => {
        arrived();
        replacePart(name, event.data);
      });
    }
    source.addEventListener("end", finish);
  }

  async function poll() {
    polling = true;
    while (polling && !over && !document.hidden) {
      try {
        const answer = await fetch(`${root.dataset.lines}?after=${lines.received()}`, {
          headers: { "X-Automatic": "true" }, // no use of the session: session.js
        });
        if (answer.redirected) {
          polling = false;
          over = true;
          source.close();
          clearTimeout(again);
          say("lost", "you are signed out: reload the page");
          return;
        }
        if (answer.ok) {
          const news = await answer.json();
          for (const line of news.lines) addLine(line.number, line.html);
          for (const [name, html] of Object.entries(news.parts)) replacePart(name, html);
          if (news.over) finish();
        }
      } catch {
        // nobody answers: the next turn asks again, from the same line
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    polling = false;
  }

  // A browser keeps few connections to one server: a page that nobody looks at gives
  // its own back, and catches up when it is looked at again.
  function rest() {
    source?.close();
    clearTimeout(watchdog);
    clearTimeout(again);
  }
  document.addEventListener("visibilitychange", () => {
    if (over) return;
    if (document.hidden) rest();
    else listen();
  });
  window.addEventListener("pagehide", rest);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && !over) listen();
  });
  listen();
})();
