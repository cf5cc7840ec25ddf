// Charts are drawn from the table beside them; a click opens the rows that were counted.
import { chartOptions } from './chart-options.js';
import { readTable } from './chart-tables.js';
import { $$, byId, on, press, root } from './dom.js';
import { dresses } from './dressing.js';
import { memory } from './memory.js';

const { echarts } = globalThis;

const follow = (chart, box) => {
  const go = (row, series) => {
    const url = memory(box).data.urls[row]?.[series];
    if (url) location.href = url;
  };
  chart.on('click', ({ dataIndex, seriesIndex, seriesType, value }) => {
    if (seriesType === 'heatmap') go(value[1], value[0]);
    else go(dataIndex, seriesIndex || 0);
  });
  // Beside a point of a line counts as the point.
  chart.getZr().on('click', ({ offsetX, offsetY, target }) => {
    if (target || box.dataset.kind !== 'line') return;
    const at = chart.convertFromPixel({ gridIndex: 0 }, [offsetX, offsetY]);
    if (at && chart.containPixel({ gridIndex: 0 }, [offsetX, offsetY])) {
      go(Math.max(0, Math.round(at[0])), 0);
    }
  });
};
const start = (box) => {
  const chart = echarts.init(box, null, { renderer: 'canvas' });
  follow(chart, box);
  return chart;
};
// What is hidden has no width, and is drawn when it comes into view.
const draw = (box) => {
  const table = byId(box.dataset.chart);
  if (!table || !box.offsetWidth) return;
  const data = readTable(table);
  Object.assign(memory(box), { data, width: box.offsetWidth });
  const chart = echarts.getInstanceByDom(box) || start(box);
  box.classList.toggle('link', data.urls.some((row) => row.some(Boolean)));
  chart.resize();
  chart.setOption(chartOptions(box.dataset.kind, data, box.offsetWidth), true);
};
const drawAll = () => $$('[data-chart]').forEach(draw);

const shown = new ResizeObserver((/** @type {any[]} */ entries) =>
  entries
    .filter(({ target }) => memory(target).width !== target.offsetWidth)
    .forEach(({ target }) => draw(target))
);
dresses('[data-chart]', (box) => shown.observe(box));
new MutationObserver(drawAll).observe(root, { attributeFilter: ['data-bs-theme'] });
let resizing;
addEventListener('resize', () => {
  clearTimeout(resizing);
  resizing = setTimeout(drawAll, 100);
});
// A legend is laid out by the width of its words.
document.fonts.ready.then(drawAll);

on('click', '[data-swap]', (button) => {
  press(button);
  $$('[data-as]', button.closest('[data-figure]')).forEach((part) => {
    part.hidden = part.dataset.as !== button.dataset.swap;
  });
});
