// The lines of a log that are on the page: as many as are read at once, whatever its
// length. Earlier ones are fetched, and those that nobody looks at are let go.
"use strict";
(() => {
  const root = document.getElementById("run");
  const list = document.getElementById("lines");
  const earlier = document.getElementById("log-earlier");
  const later = document.getElementById("log-later");
  if (!root || !list) return;
  const KEPT = 1000; // when the end is followed
  const MOST = 3000; // when somebody reads
  const SPARE = 200; // so that not every new line lets an old one go

  const numberOf = (line) => Number(line?.id.slice("line-".length) || 0);
  const first = () => numberOf(list.firstElementChild);
  const shown = () => numberOf(list.lastElementChild);
  let received = shown(); // the last line that the server has sent, on the page or not
  let following = true;

  function letGo(count, side) {
    for (let left = count; left > 0; left -= 1) list[side].remove();
  }

  function tell() {
    document.getElementById("log-before")?.remove();
    earlier.hidden = first() <= 1;
    earlier.textContent = `Show earlier lines (1 to ${first() - 1})`;
    later.hidden = shown() >= received;
  }

  function show(lines, where) {
    list.insertAdjacentHTML(where, lines.map((line) => line.html).join(""));
    const one = lines.length === 1 && where === "beforeend";
    window.novawebTimes(one ? list.lastElementChild : list);
  }

  async function fetchBefore(number) {
    const answer = await fetch(`${root.dataset.earlier}?before=${number}`);
    return answer.ok && !answer.redirected ? (await answer.json()).lines : [];
  }

  // Have the lines up to that one alone on the page; return whether there are any.
  async function showUntil(number) {
    const lines = await fetchBefore(number + 1);
    if (!lines.length) return false;
    list.replaceChildren();
    show(lines, "beforeend");
    tell();
    return true;
  }

  window.novawebLines = {
    received: () => received,
    attached: () => shown() >= received,

    // whether it is a new one; it is on the page unless too many are
    add(number, html) {
      if (number <= received) return false;
      const attached = shown() >= received;
      received = number;
      if (!attached || (!following && list.childElementCount >= MOST)) {
        later.hidden = false;
        return true;
      }
      show([{ html }], "beforeend");
      if (following && list.childElementCount > KEPT + SPARE) {
        letGo(list.childElementCount - KEPT, "firstElementChild");
        tell();
      }
      return true;
    },

    async follow(on) {
      following = on;
      while (following && shown() < received && (await showUntil(received)));
    },

    // Have the line on the page; return it, or null if there is none.
    async reach(number) {
      const found = () => document.getElementById(`line-${number}`);
      if (!found() && number > 0) await showUntil(number + KEPT / 2);
      return found();
    },
  };

  earlier.addEventListener("click", async () => {
    const log = list.parentElement;
    const below = log.scrollHeight - log.scrollTop;
    const lines = await fetchBefore(first());
    if (!lines.length) return;
    show(lines, "afterbegin");
    log.scrollTop = log.scrollHeight - below;
    letGo(Math.max(0, list.childElementCount - MOST), "lastElementChild");
    tell();
  });
  later.addEventListener("click", async () => {
    const last = shown();
    const fresh = await fetchBefore(Math.min(received, last + KEPT) + 1);
    show(fresh.filter((line) => line.number > last), "beforeend");
    letGo(Math.max(0, list.childElementCount - MOST), "firstElementChild");
    tell();
  });
  tell();
})();
