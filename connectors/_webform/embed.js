"use strict";
// <script src="https://…/webform/ACCOUNT/embed.js" async></script> puts the form where the tag stands.
(() => {
  const script = document.currentScript;
  const frame = document.createElement("iframe");
  frame.src = script.src.replace(/\/embed\.js.*$/, "");
  frame.title = script.dataset.title || "Contact form";
  frame.style.cssText = "width:100%;height:640px;border:0;color-scheme:auto";
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || typeof event.data?.switchboardHeight !== "number") return;
    frame.style.height = `${event.data.switchboardHeight}px`;
  });
  script.after(frame);
})();
