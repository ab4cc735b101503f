// Comfort only: every page works without it.
"use strict";

function markCell(id) {
  document.querySelectorAll("td.current").forEach((cell) => cell.classList.remove("current"));
  const cell = id && document.getElementById(id);
  if (!cell) return null;
  const folded = cell.closest("details");
  if (folded) folded.open = true;
  cell.classList.add("current");
  return cell;
}

document.addEventListener("click", (event) => {
  const jump = event.target.closest("a.jump");
  if (jump) {
    const cell = markCell(jump.dataset.cell);
    if (cell) cell.scrollIntoView({ block: "center" });
    return;
  }
  const cell = event.target.closest("td[id]");
  if (cell) markCell(cell.id);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  form.querySelectorAll("button").forEach((button) => (button.disabled = true));
  if (!form.matches(".hand-in")) return;
  form.querySelector("progress").hidden = false;
  form.querySelector(".busy").textContent = "正在上传、读取和审核，请不要关闭页面……";
});

document.addEventListener("DOMContentLoaded", () => {
  const target = decodeURIComponent(location.hash.slice(1));
  if (target.includes(".")) markCell(target);
});
