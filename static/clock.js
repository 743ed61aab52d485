// Times: as the server writes them, in the zone that the reader's account has, else in
// UTC; or in another one that the reader switched to. And spans ("running for 3 min")
// that go on while the page stays open.
"use strict";
(() => {
  const root = document.documentElement;
  const own = root.dataset.zone || ""; // of the account; empty: none was chosen
  const key = `novaweb-zone${own && `:${own}`}`;
  // without a choice UTC, or the local time of this browser; with one that, or UTC
  const other = own ? "utc" : "local";
  const switched = () => localStorage.getItem(key) === other;
  const zones = () => (switched() ? [own ? "UTC" : "", own || "UTC"] : [own || "UTC", own ? "UTC" : ""]);
  const nameOf = (zone) => zone || "local time";

  const made = new Map();
  const once = (name, make) => {
    if (!made.has(name)) made.set(name, make());
    return made.get(name);
  };
  const inZone = (zone, options) => (zone ? { ...options, timeZone: zone } : options);
  const PARTS = { calendar: "gregory", numberingSystem: "latn", hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };

  // the date and time in a zone, by their parts; year, month, day, hour, minute, second
  function partsOf(at, zone) {
    if (zone === "UTC") {
      // a log has thousands of them, and a formatter takes its time
      const [year, month, day, hour, minute, second] = at.toISOString().split(/[-T:.]/);
      return { year, month, day, hour, minute, second };
    }
    const format = once(`parts ${zone}`, () => new Intl.DateTimeFormat("en-GB", inZone(zone, PARTS)));
    return Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]));
  }

  function inLocale(at, zone, timeStyle) {
    const options = { dateStyle: "medium", timeStyle };
    return once(`${timeStyle} ${zone}`, () => new Intl.DateTimeFormat(undefined, inZone(zone, options))).format(at);
  }

  function words(at, style, zone) {
    const get = partsOf(at, zone);
    const minute = `${get.hour}:${get.minute}`;
    const second = `${minute}:${get.second}`;
    if (style === "clock") return second;
    if (root.dataset.dates === "locale") {
      return inLocale(at, zone, style === "minute" ? "short" : "medium");
    }
    const day = `${get.year.padStart(4, "0")}-${get.month}-${get.day}`;
    return style === "minute" ? `${day} ${minute}` : `${day} ${second}`;
  }

  const differs = (at, zone) => words(at, "minute", zone) !== words(at, "minute", "UTC");

  // UTC always, and the other time too where it is another
  function inBoth(at) {
    const utc = `${words(at, "minute", "UTC")} UTC`;
    return differs(at, own) ? `${utc} (${words(at, "minute", own)} ${nameOf(own)})` : utc;
  }

  function showTimes(within) {
    const [zone, beside] = zones();
    for (const time of within.querySelectorAll("time[data-style]")) {
      if (time.closest("[data-times=utc]")) continue; // it is filed as it is
      const at = new Date(time.dateTime);
      try {
        time.textContent = time.dataset.style === "both" ? inBoth(at) : words(at, time.dataset.style, zone);
        time.title = `${words(at, "full", beside)} ${nameOf(beside)}`;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        // a zone that this browser does not know: the server has written it already
      }
    }
  }

  // the moment that is typed as a time in that zone; null: there is none
  function typedIn(value, zone) {
    const asUtc = new Date(`${value}Z`).getTime();
    if (!value || Number.isNaN(asUtc)) return null;
    let at = asUtc;
    for (let turn = 0; turn < 2; turn += 1) {
      const get = partsOf(new Date(at), zone);
      const shown = Date.UTC(get.year, get.month - 1, get.day, get.hour, get.minute, get.second);
      at += asUtc - shown;
    }
    return new Date(at);
  }

  // what is typed is of the zone that its label names, whatever the reader switched to
  function showTyped(input) {
    let beside = input.nextElementSibling;
    if (!beside?.matches(".local-time")) {
      beside = document.createElement("output");
      beside.className = "form-hint local-time";
      beside.setAttribute("for", input.id);
      input.after(beside);
    }
    const utc = input.dataset.zone === "UTC";
    let at = null;
    try {
      at = typedIn(input.value, input.dataset.zone);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // as above
    }
    const shown = utc ? own : "UTC"; // beside UTC the other time, beside any other UTC
    const known = at && (utc ? differs(at, shown) : true);
    const name = shown ? shown : "your local time";
    beside.textContent = known ? `${words(at, "minute", shown)} ${shown ? name : `in ${name}`}` : "";
  }
  document.addEventListener("input", (event) => {
    if (event.target.matches("input[data-zone]")) showTyped(event.target);
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

  function showSpans(within) {
    for (const element of within.querySelectorAll("[data-since]")) {
      const begun = new Date(element.dataset.since).getTime();
      element.textContent = span(Math.max(0, Math.floor((Date.now() - begun) / 1000)));
    }
  }

  // Fragments that arrive later (stream.js, htmx) are shown in the same way.
  window.novawebTimes = (within) => {
    showTimes(within);
    within.querySelectorAll("input[data-zone]").forEach(showTyped);
    showSpans(within);
  };
  document.addEventListener("htmx:load", (event) => window.novawebTimes(event.target));
  document.addEventListener("DOMContentLoaded", () => {
    const buttons = document.querySelectorAll("[data-zone-switch]");
    const show = () => {
      const name = nameOf(zones()[0]);
      for (const button of buttons) button.textContent = name[0].toUpperCase() + name.slice(1);
      showTimes(document);
    };
    for (const button of buttons) {
      button.hidden = false;
      button.title = own ? `Switch between ${own} and UTC` : "Switch between UTC and local time";
      button.addEventListener("click", () => {
        if (switched()) localStorage.removeItem(key);
        else localStorage.setItem(key, other);
        show();
      });
    }
    show();
    document.querySelectorAll("input[data-zone]").forEach(showTyped);
    showSpans(document);
    setInterval(showSpans, 1000, document);
  });
})();
