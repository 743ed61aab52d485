// Says, while a new password is typed, how easily it would be guessed. zxcvbn, which knows
// that, is large: it is loaded when the field is entered. Nothing that is typed is sent.
"use strict";
(() => {
  const box = document.querySelector("[data-strength]");
  const field = document.getElementById(box?.dataset.strength);
  if (!field) return;
  const meter = box.querySelector("meter");
  const said = box.querySelector("[role=status]");
  const WORDS = ["very easily guessed", "easily guessed", "fair", "strong", "very strong"];
  const LONGEST = 100; // characters that are looked at: more take long, and are strong
  const PAUSE = 200; // milliseconds without a key, before it is looked at
  let loading = false;
  let timer = 0;

  function load() {
    if (loading) return;
    loading = true;
    const script = document.createElement("script");
    script.src = box.dataset.zxcvbn;
    script.addEventListener("load", look);
    script.addEventListener("error", () => { loading = false; });
    document.head.append(script);
  }

  function look() {
    box.hidden = !field.value;
    if (!field.value || !window.zxcvbn) return;
    const typed = field.value.slice(0, LONGEST);
    const { score, feedback } = window.zxcvbn(typed, box.dataset.words.split(" "));
    const advice = [feedback.warning, ...feedback.suggestions].filter(Boolean);
    const sentences = advice.map((each) => each.replace(/\.?$/, "."));
    const text = [`Strength: ${WORDS[score]}.`, ...sentences].join(" ");
    meter.value = score + 1;
    if (said.textContent !== text) said.textContent = text;
  }

  field.addEventListener("focus", load);
  field.addEventListener("input", () => {
    load();
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  });
  if (document.activeElement === field || field.value) load();
})();
