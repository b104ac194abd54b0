"use strict";
// Without this script the form is posted as any form is; with it, people stay on the page and keep what they wrote.
const root = document.documentElement;
if (parent !== window) {
  root.classList.add("embedded");
  const tell = () => parent.postMessage({ switchboardHeight: document.body.scrollHeight }, "*");
  new ResizeObserver(tell).observe(document.body);
}
const form = document.querySelector("form");
if (form) {
  const problem = form.querySelector(".problem");
  const button = form.querySelector("button");
  const busy = (now) => {
    button.setAttribute("aria-disabled", now);
    button.textContent = now ? "Sending…" : "Send message";
  };
  const tooMuch = () => {
    const files = [...(form.elements.attachments?.files ?? [])];
    if (files.length > form.dataset.files) return `Please attach at most ${form.dataset.files} files.`;
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const most = form.dataset.bytes - 300000; // room for the fields
    return size > most ? `Please attach at most ${Math.floor(most / 1e6)} MB.` : "";
  };
  const thank = (id) => {
    if (form.dataset.thanks) return (window.top === window ? location : window.top.location).assign(form.dataset.thanks);
    const outcome = document.createElement("div");
    outcome.className = "outcome sent";
    outcome.setAttribute("role", "status");
    outcome.tabIndex = -1;
    outcome.innerHTML = "<h1>Thank you</h1><p>Your message has arrived.</p><p>Reference: <code></code></p>";
    outcome.querySelector("code").textContent = id;
    form.replaceWith(outcome);
    outcome.focus();
  };
  const fail = (words) => {
    problem.textContent = words;
    problem.scrollIntoView({ block: "nearest" });
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    fail(tooMuch());
    if (problem.textContent) return;
    busy(true);
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new FormData(form), headers: { Accept: "application/json" },
      });
      const found = await answer.json();
      if (answer.ok) thank(found.id);
      else fail(`Your message was not sent: ${found.detail}.`);
    } catch {
      fail("Your message was not sent: the connection failed. Please try again in a moment.");
    }
    busy(false);
  });
}
