// Asks the browser for a security key, and sends what the key answers with the form.
"use strict";
(() => {
  const button = document.querySelector("[data-security-key]");
  const said = document.querySelector("[data-security-key-said]");
  const api = window.PublicKeyCredential;
  // (browsers have it on https and on localhost alone; with JSON, those since 2025)
  if (!button || !api || !api.parseCreationOptionsFromJSON) return;

  const ask = (options) =>
    options.user
      ? navigator.credentials.create({ publicKey: api.parseCreationOptionsFromJSON(options) })
      : navigator.credentials.get({ publicKey: api.parseRequestOptionsFromJSON(options) });

  said.textContent = "";
  button.hidden = false;
  button.addEventListener("click", async () => {
    const options = JSON.parse(document.getElementById("key-options").textContent);
    said.textContent = "Touch your security key, or do what the browser asks.";
    button.disabled = true;
    try {
      const key = await ask(options.publicKey);
      button.form.elements[button.dataset.securityKey].value = JSON.stringify(key.toJSON());
      button.form.submit();
    } catch (error) {
      button.disabled = false;
      said.textContent =
        error.name === "InvalidStateError"
          ? "This key is among yours already."
          : "No key answered. Press the button to try again.";
    }
  });
})();
