// Times: UTC as the server writes them, or local when the reader prefers that; and
// spans ("running for 3 min") that go on while the page stays open.
"use strict";
(() => {
  const local = () => localStorage.getItem("novaweb-zone") === "local";
  const two = (n) => String(n).padStart(2, "0");

  function words(at, style, here) {
    const get = (name) => (here ? at["get" + name]() : at["getUTC" + name]());
    const day = `${get("FullYear")}-${two(get("Month") + 1)}-${two(get("Date"))}`;
    const minute = `${two(get("Hours"))}:${two(get("Minutes"))}`;
    const second = `${minute}:${two(get("Seconds"))}`;
    if (style === "clock") return second;
    if (style === "both") return inBoth(at, `${day} ${minute}`);
    return style === "minute" ? `${day} ${minute}` : `${day} ${second}`;
  }

  // UTC always, and local time too where it is another
  function inBoth(at, utc) {
    if (at.getTimezoneOffset() === 0) return `${utc} UTC`;
    return `${utc} UTC (${words(at, "minute", true)} local time)`;
  }

  function showTimes(root) {
    for (const time of root.querySelectorAll("time[data-style]")) {
      const at = new Date(time.dateTime);
      const both = time.dataset.style === "both";
      time.textContent = words(at, time.dataset.style, local() && !both);
      time.title = `${words(at, "full", !local())} ${local() ? "UTC" : "local time"}`;
    }
  }

  // what is typed is UTC, whatever the reader prefers: an hour off is one habit away
  function showTyped(input) {
    const at = new Date(`${input.value}Z`);
    const known = input.value && !Number.isNaN(at.getTime()) && at.getTimezoneOffset() !== 0;
    let beside = input.nextElementSibling;
    if (!beside?.matches(".local-time")) {
      beside = document.createElement("output");
      beside.className = "form-hint local-time";
      beside.setAttribute("for", input.id);
      input.after(beside);
    }
    beside.textContent = known ? `${words(at, "minute", true)} in your local time` : "";
  }
  document.addEventListener("input", (event) => {
    if (event.target.matches("input[data-utc]")) showTyped(event.target);
  });

  // the rule of migrations_app/wording.py
  function span(seconds) {
    const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    const at = units.findIndex(([length]) => seconds >= length);
    if (at < 0) return "0 s";
    const parts = [];
    let rest = seconds;
    for (const [length, unit] of units.slice(at, at + 2)) {
      if (rest >= length) parts.push(`${Math.floor(rest / length)} ${unit}`);
      rest %= length;
    }
    return parts.join(" ");
  }

  function showSpans(root) {
    for (const element of root.querySelectorAll("[data-since]")) {
      const begun = new Date(element.dataset.since).getTime();
      element.textContent = span(Math.max(0, Math.floor((Date.now() - begun) / 1000)));
    }
  }

  // Fragments that arrive later (stream.js, htmx) are shown in the same way.
  window.novawebTimes = (root) => {
    showTimes(root);
    root.querySelectorAll("input[data-utc]").forEach(showTyped);
    showSpans(root);
  };
  document.addEventListener("htmx:load", (event) => window.novawebTimes(event.target));
  document.addEventListener("DOMContentLoaded", () => {
    const buttons = document.querySelectorAll("[data-zone-switch]");
    const show = () => {
      for (const button of buttons) button.textContent = local() ? "Local time" : "UTC";
      showTimes(document);
    };
    for (const button of buttons) {
      button.hidden = false;
      button.title = "Switch between UTC and local time";
      button.addEventListener("click", () => {
        localStorage.setItem("novaweb-zone", local() ? "utc" : "local");
        show();
      });
    }
    show();
    document.querySelectorAll("input[data-utc]").forEach(showTyped);
    showSpans(document);
    setInterval(showSpans, 1000, document);
  });
})();
