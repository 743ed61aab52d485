// The description of the API as a page. It is read only: nothing is sent from here.
"use strict";
(() => {
  const place = document.getElementById("api-docs");
  const root = document.documentElement;
  // Swagger UI has a class of its own for what theme.js chooses
  const theme = () => root.classList.toggle("dark-mode", root.dataset.bsTheme === "dark");
  theme();
  new MutationObserver(theme).observe(root, { attributeFilter: ["data-bs-theme"] });

  // each call's table of answers says that it is a landmark, and has no name
  const landmarks = () => place.querySelectorAll("table[role=region]").forEach((table) => table.removeAttribute("role"));
  new MutationObserver(landmarks).observe(place, { childList: true, subtree: true });

  const calls = (system) => {
    const h = system.React.createElement;
    const Calls = () => {
      const state = system.specSelectors.loadingStatus();
      place.dataset.state = state;
      if (state === "success") return h("div", { className: "swagger-ui" }, h(system.getComponent("operations", true)));
      if (state === "loading" || !state) return h("p", null, "Loading the description…");
      return h("p", { role: "alert" }, "The description does not come: reload the page, or see whether novaweb runs.");
    };
    // no key is entered here, so that there is none to lose
    const nothing = () => () => null;
    return { components: { Calls }, wrapComponents: { authorizeOperationBtn: nothing } };
  };

  window.SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    layout: "Calls",
    plugins: [calls],
    syntaxHighlight: { activated: false },
    supportedSubmitMethods: [],
    validatorUrl: null,
    docExpansion: "list",
    defaultModelExpandDepth: 2,
  });
})();
