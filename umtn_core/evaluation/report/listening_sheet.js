"use strict";
// Ratings stay in this page until they are downloaded; nothing is sent anywhere.
const inputs = [...document.querySelectorAll("input[type=radio]")];
const names = new Set(inputs.map((input) => input.name));
const chosen = () => inputs.filter((input) => input.checked);
const show = () => {
  const left = names.size - chosen().length;
  document.getElementById("left").textContent = left ? `${left} questions unanswered` : "all answered";
};
const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
document.addEventListener("change", show);
// One sound at a time.
document.addEventListener("play", (event) => {
  for (const audio of document.querySelectorAll("audio")) if (audio !== event.target) audio.pause();
}, true);
document.getElementById("save").addEventListener("click", () => {
  const rater = document.getElementById("rater").value.trim();
  if (!rater) { document.getElementById("rater").focus(); return; }
  const rows = chosen().map((input) =>
    [quoted(rater), input.dataset.trial, input.dataset.question, input.value].join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([["rater,trial,question,answer", ...rows].join("\r\n") + "\r\n"], { type: "text/csv" }));
  link.download = `ratings-${rater.replace(/[^\w-]+/g, "_")}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
});
show();
