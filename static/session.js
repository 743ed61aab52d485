// What a page asks by itself is no use of the session: else one that nobody looks at
// would never end. htmx names the event that a person made, if there was one.
"use strict";
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.detail.triggeringEvent) event.detail.headers["X-Automatic"] = "true";
});
