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

function locked(form, isLocked) {
  form.querySelectorAll("button").forEach((button) => (button.disabled = isLocked));
}

// Sends a form with files and shows how far it is; what comes back is the page that the form would have led to.
function uploadWithProgress(form) {
  const bar = form.querySelector("progress");
  const words = form.querySelector(".busy");
  const request = new XMLHttpRequest();
  const data = new FormData(form);
  locked(form, true);
  bar.hidden = false;
  words.classList.remove("failed");
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    const percent = Math.round((100 * event.loaded) / event.total);
    bar.value = percent;
    words.textContent = percent < 100 ? `已上传 ${percent}%` : "上传完毕，正在读取和审核，请不要关闭页面……";
    if (percent === 100) bar.removeAttribute("value");
  });
  const failed = (sentence) => {
    locked(form, false);
    bar.hidden = true;
    words.textContent = sentence;
    words.classList.add("failed");
  };
  request.addEventListener("load", () => {
    if (request.status < 400) return location.assign(request.responseURL);
    const answer = new DOMParser().parseFromString(request.responseText, "text/html");
    const said = answer.querySelector("[role=alert] p");
    failed(said ? said.textContent : request.responseText.slice(0, 200));
  });
  request.addEventListener("error", () => failed("网络断了，没有上传成功，请再试一次。"));
  request.open("POST", form.action);
  request.send(data);
}

function sizeOf(file) {
  if (!file.size) return "空文件";
  return file.size < 1 << 20 ? `${Math.max(1, Math.round(file.size / 1024))} KB` : `${(file.size / (1 << 20)).toFixed(1)} MB`;
}

// The names of the chosen files, where without this page's script stands only that there are some.
function showChosen(input) {
  const list = document.createElement("ul");
  for (const file of input.files) {
    const line = document.createElement("li");
    line.textContent = `${file.name}（${sizeOf(file)}）`;
    list.append(line);
  }
  const some = input.parentElement.querySelector(".some");
  some.textContent = `已选 ${input.files.length} 个文件`;
  some.append(list);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches(".hand-in, .upload")) {
    event.preventDefault();
    uploadWithProgress(form);
    return;
  }
  setTimeout(() => locked(form, true)); // afterwards: a button that is disabled at once does not send its value
});

document.addEventListener("change", (event) => {
  if (event.target.matches("input.all"))
    event.target
      .closest("table")
      .querySelectorAll("input[name=chosen]")
      .forEach((box) => (box.checked = event.target.checked));
  if (event.target.matches("input[type=file]")) showChosen(event.target);
  if (event.target.matches("[data-submits]")) event.target.form.submit();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  button.textContent = "已复制";
});

// What is unfolded at the edge of the side column comes into sight.
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.open && event.target.matches(".side details")) event.target.scrollIntoView({ block: "nearest" });
  },
  true,
);

document.addEventListener("DOMContentLoaded", () => {
  const target = decodeURIComponent(location.hash.slice(1));
  if (target.includes(".")) markCell(target);
  document.querySelectorAll("input.all").forEach((box) => (box.hidden = false));
  // A browser keeps what was chosen when it goes back or loads again.
  document.querySelectorAll("input[type=file]").forEach((input) => input.files.length && showChosen(input));
  // In Airflow's frame its own menu signs out.
  if (window.self !== window.top) document.querySelectorAll(".leave").forEach((link) => link.remove());
  if (navigator.clipboard) document.querySelectorAll("button.copy").forEach((button) => (button.hidden = false));
});
