// Draws each chart from the numbers that its element carries; the same numbers stand in the table below it.
"use strict";

const COLOURS = ["#7d1f33", "#0b4f94", "#14532d", "#7a4b00", "#4f2a80", "#0f766e", "#b45309", "#be185d", "#475569", "#1d4ed8"];

function draw(element) {
  const data = JSON.parse(element.dataset.chart);
  const isPair = data.lines.length === 2 && data.lines[1].name === "上年同月";
  const chart = echarts.init(element);
  chart.setOption({
    animation: false,
    color: COLOURS,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: 32, top: 44, bottom: 8, containLabel: true },
    legend: { type: "scroll", top: 4 },
    tooltip: { trigger: "axis", renderMode: "richText" },
    xAxis: { type: "category", data: data.months, boundaryGap: false },
    yAxis: { type: "value", name: data.unit, scale: true },
    series: data.lines.map((line, number) => ({
      name: line.name,
      type: "line",
      data: line.values,
      connectNulls: false,
      symbolSize: 6,
      lineStyle: { type: (isPair && number === 1) || number >= COLOURS.length ? "dashed" : "solid" },
    })),
  });
  window.addEventListener("resize", () => chart.resize());
  window.addEventListener("beforeprint", () => chart.resize({ width: 680 }));
  window.addEventListener("afterprint", () => chart.resize({ width: "auto" }));
}

document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".chart[data-chart]").forEach(draw));
